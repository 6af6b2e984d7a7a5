"""Rows of hex dumps that have an offset column: hexdump -C, xxd, od, Wireshark, tcpdump, curl and the like.

The offset of the next row and the column of text both tell how many octets a row has, and octets are only
taken where these agree.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from replay.source import Source, SourceError

LONGEST = 1_200
"""Characters of the longest line that may be a row."""

_OFFSET = re.compile(
    r"(?P<offset>(?:0[xX])?[0-9a-fA-F]{3,16})(?P<colon>:|h:?)?"
    r"(?P<gap>[ \t]+|[|│]|\Z|(?<=:)(?=[0-9a-fA-F]{2}[ \t]))"
)
_GROUP = re.compile(r"(?P<hex>(?:[0-9a-fA-F]{2})+)(?=[\s|│┊]|-[0-9a-fA-F]{2}|\Z)")
_BETWEEN = re.compile(r"[ \t]*(?:[-┊](?=[ \t]*[0-9a-fA-F]{2}))?[ \t]*")
_TEXT = bytes(octet if 0x20 <= octet < 0x7F else 0x2E for octet in range(256))
_SHADES = dict.fromkeys(map(ord, " \t|│┊"))


class Row(NamedTuple):
    """A line of a dump, as far as it can be read by itself."""

    offset: str  # its digits
    sure: bool  # it can hardly be anything else
    apart: bool  # the octets stand apart from the offset, or each by itself
    groups: tuple[bytes, ...]
    ends: tuple[int, ...]  # where each group ends in the text
    start: int  # in the text, of the offset
    first: int  # of the first group
    end: int
    indent: int

    def octets(self, count: int) -> bytes:
        return b"".join(self.groups[:count])


def row(text: str, start: int, end: int) -> Row | None:
    """The row of a dump in a range of a text; None: it can't be one."""
    if end - start > LONGEST:
        return None
    begin = start
    while begin < end and text[begin] in " \t│":
        begin += 1
    found = _OFFSET.match(text, begin, end)
    if found is None:
        return None
    digits = found["offset"]
    sure = digits[:2] in ("0x", "0X") or found["colon"] is not None
    at, groups, ends = found.end(), [], []
    at = first = _skip(text, at, end)
    while (group := _GROUP.match(text, at, end)) is not None:
        groups.append(bytes.fromhex(group["hex"]))
        ends.append(group.end())
        between = _BETWEEN.match(text, group.end(), end)
        assert between is not None
        at = between.end()
    if not groups and at < end:
        return None
    plain = digits[2:] if digits[:2] in ("0x", "0X") else digits
    apart = len(found["gap"]) > 1 or found["gap"] in "\t│|"
    sure = sure or (digits[0] == "0" and len(digits) >= 4 and (apart or len(digits) >= 6))
    if not sure and len(plain) % 2 and len(plain) != 7:
        return None
    indent = len(text[start:begin].expandtabs())
    single = apart or all(len(group) == 1 for group in groups)
    return Row(plain, sure, single, tuple(groups), tuple(ends), begin, first, end, indent)


def _skip(text: str, at: int, end: int) -> int:
    while at < end and text[at] in " \t|│":
        at += 1
    return at


def settled(source: Source, row: Row, size: int | None, width: int) -> tuple[bytes, int]:
    """The octets of a row, and where they end in the text. `size`: how many they are, as the offset of the
    next row tells. `width`: the octets of the rows before, or 0.

    Raises SourceError if the row has fewer, or if the column of text contradicts them.
    """
    text = source.text
    count = _by_text(text, row, width or 16)
    if size is not None:
        by_offset = groups_of(row, size)
        if by_offset is None or (count is not None and count != by_offset):
            have = sum(map(len, row.groups[: count if count is not None else len(row.groups)]))
            raise SourceError(
                source.span(row.start, row.start + len(row.offset)),
                f"this row has {have} octets, but the offset of the next one says {size}",
                "octets are missing here, or the offsets are not those of this dump",
            )
        count = by_offset
    if count is None:
        count = len(row.groups)
    octets = row.octets(count)
    at = row.ends[count - 1] if count else row.first
    _check(source, row, octets, at)
    return octets, at


def groups_of(row: Row, size: int) -> int | None:
    """How many groups have this many octets."""
    have = 0
    for count, group in enumerate(row.groups, 1):
        have += len(group)
        if have >= size:
            return count if have == size else None
    return 0 if size == 0 else None


def _by_text(text: str, row: Row, width: int) -> int | None:
    """How many groups are octets, if the rest of the row is their text. A text that could be octets as well
    has to stand apart, or behind a whole row."""
    size = 0
    for count, (group, end) in enumerate(zip(row.groups, row.ends, strict=True), 1):
        size += len(group)
        room = row.end - end
        if size > room:
            return None
        if room > 2 * size + 80:
            continue
        beside = text[end : row.end]
        apart = len(beside) - len(beside.lstrip()) > 1 or size == width
        if apart and _is_text(row.octets(count), beside):
            return count
    return None


def _is_text(octets: bytes, beside: str) -> bool:
    """Whether this is exactly the text of these octets, as they stand in a column."""
    said = beside.strip().strip("|│").replace("┊", "")
    shown = octets.translate(_TEXT).decode("ascii").strip()
    return any(
        len(said) == len(one) and all(map(_stands_for, said, one))
        for one in (shown, f"{shown[:8]} {shown[8:]}")
    )


def _stands_for(char: str, shown: str) -> bool:
    return char == shown or (shown == "." and not (char.isascii() and char.isalnum()))


def _kept(text: str) -> str:
    """A text without spaces and rules, which columns have wherever they like."""
    return text.translate(_SHADES)


def _agree(octets: bytes, beside: str) -> bool:
    """Whether a column of text is that of these octets. What stands for one that can't be printed doesn't
    matter."""
    said, kept = _kept(beside), _shown(octets)
    if len(said) == len(kept):
        return all(map(_stands_for, said, kept))
    return _plain(said) == _plain(kept)


def _shown(octets: bytes) -> str:
    """What `_kept` leaves of the text of octets."""
    return octets.translate(_TEXT, b" |").decode("ascii")


def _plain(text: str) -> str:
    return "".join(char for char in text if "!" <= char <= "~" and char != ".")


def _check(source: Source, row: Row, octets: bytes, at: int) -> None:
    """Raise SourceError if there is a column of text after the octets that isn't theirs."""
    beside = source.text[at : row.end]
    if not (said := _kept(beside)) or _agree(octets, beside):
        return
    expected = _shown(octets)
    if expected.startswith(said):
        return  # the end of the text is missing
    start = at + len(beside) - len(beside.lstrip(" \t|│┊"))
    message = "this is not the text of the octets before it"
    hint = f"of these octets, it would be {expected!r}"
    if sorted(_plain(said)) == sorted(_plain(expected)) != []:
        message += ": those of a group may be swapped"
        hint = "`hexdump -C`, and `xxd` without -e, print octets in their order"
    raise SourceError(source.span(start, row.end), message, hint)
