"""Where two texts differ, with the text around it: a message in the form in which a person reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from rich.cells import cell_len
from rich.text import Text

from replay.cases.difference import Difference
from replay.protocol.events import Message
from replay.report import safe, words
from replay.report.layout import DIM, INDENT, LABEL, WANTED, WRONG, labelled, text

LONGEST = 64 * 2**10
"""The most octets of a text that is examined as a whole; of a longer one, only the text around the
difference is."""

DEEPEST = 100
"""The most levels of a JSON text."""


def lines(found: Difference, width: int) -> Iterator[Text]:
    """Both texts around the place where they differ, one above the other, with the differences marked; for
    JSON, also which value differs. Empty if the messages aren't texts."""
    want, got, at = found.expected, found.observed, found.offset
    if not isinstance(got, Message) or not got.text or want is None or want.payload is None or at is None:
        return
    around = 2 * width
    total = len(want.payload)
    if max(total, len(got.data)) <= LONGEST:
        start, expected, observed = 0, words.part(want.payload, 0, total), got.data
    else:
        start = max(0, at - 4 * around)
        end = at + 4 * around
        expected, observed = words.part(want.payload, start, end), got.data[start:end]
    here, there = _decoded(observed, start), _decoded(expected, start)
    if here is None or there is None or not (here and there):
        return
    first = _common(there, here)
    behind = 0 if start else _common(there[first:][::-1], here[first:][::-1])
    until = first + 1 if start else max(len(there), len(here))
    room = max(20, width - INDENT)
    begin = max(0, min(first - room // 3, max(len(there), len(here)) - room))
    for label, whole, style in (("expected", there, WANTED), ("observed", here, WRONG)):
        yield _window(label, whole, (begin, first, min(until, len(whole) - behind)), room, style)
    before = cell_len(safe.escape(here[begin:first]))
    marks = max(1, min(until, len(here) - behind) - first)
    marks = min(marks, max(1, room - before))
    said = f"character {first + 1}" if not start else ""
    if INDENT + before + marks + len(said) < width:
        yield text(" " * (INDENT + before) + "^" * marks, (f" {said}" if said else "", DIM))
    else:  # at the end of the line it is put before the text
        yield text((f"{said} ".rjust(INDENT + before), DIM), "^" * marks)
    if not start and (said := _in_json(there, here)):
        yield from labelled("JSON", said, width)


def _decoded(octets: bytes, start: int) -> str | None:
    """The characters, without those that are cut at either end."""
    return safe.as_text(octets.lstrip(bytes(range(0x80, 0xC0))) if start else octets)


def _common(one: str, other: str) -> int:
    """How many characters both begin with."""
    for number, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return number
    return min(len(one), len(other))


def _window(label: str, whole: str, places: tuple[int, int, int], room: int, style: str) -> Text:
    """One line of a text from some place on, with what is between the other two places marked."""
    begin, first, last = places
    before, marked, behind = whole[begin:first], whole[first:last][:room], whole[last : begin + room]
    shown = ("…" + safe.escape(before)[1:]) if begin else safe.escape(before)
    line = text(
        (("  " + label).ljust(INDENT), LABEL), shown, (safe.escape(marked), style), safe.escape(behind)
    )
    if line.cell_len > INDENT + room or begin + room < len(whole):
        line.truncate(INDENT + room - 1, overflow="crop")
        line.append("…")
    return line


# JSON.


_NO_JSON = re.compile(r"[^\[{]{0,80}(?=[\[{])")


def _in_json(expected: str, observed: str) -> str:
    """Where two texts of JSON differ, in a sentence; "" if one of them isn't JSON.

    Both may begin with the same text that isn't JSON, such as the packet type of Socket.IO.
    """
    before, behind = _NO_JSON.match(expected), _NO_JSON.match(observed)
    if before is None or behind is None or before[0] != behind[0]:
        return ""
    try:
        want, got = json.loads(expected[before.end() :]), json.loads(observed[before.end() :])
    except (ValueError, RecursionError):
        return ""
    if not isinstance(want, dict | list) or not isinstance(got, dict | list):
        return ""
    found = _apart(want, got, "$", DEEPEST)
    if found is None:
        return "the same; spaces, escapes or the order of keys differ"
    return safe.escape(found, 500)


def _apart(want: Any, got: Any, path: str, deep: int) -> str | None:
    """The first difference between two values; None if there is none."""
    if not deep:
        return None
    if isinstance(want, dict) and isinstance(got, dict):
        for key, value in want.items():
            if key not in got:
                return f"{path} lacks {_shown(key)}"
            if (found := _apart(value, got[key], f"{path}.{key}", deep - 1)) is not None:
                return found
        more = [key for key in got if key not in want]
        return f"{path} has {_shown(more[0])}, which wasn't expected" if more else None
    if isinstance(want, list) and isinstance(got, list):
        for number, (one, other) in enumerate(zip(want, got, strict=False)):
            if (found := _apart(one, other, f"{path}[{number}]", deep - 1)) is not None:
                return found
        if len(want) != len(got):
            return f"{path} has {words.count(len(got), 'item')}, expected {len(want)}"
        return None
    if type(want) is type(got) and want == got:
        return None
    return f"{path} is {_shown(got)}, expected {_shown(want)}"


def _shown(value: Any) -> str:
    shown = json.dumps(value, ensure_ascii=False)
    return shown if len(shown) <= 120 else shown[:119] + "…"
