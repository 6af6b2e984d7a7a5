"""Octets as programming languages and debuggers write them, on one line or as one list over several.

Only what can't be read as anything else is taken: numbers without 0x have to stand in brackets, and hex in
quotes behind the name of a function that reads it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple


class Read(NamedTuple):
    """Octets, and what was left out after them."""

    data: bytes
    cut: bool = False
    more: int | None = None  # octets that were left out; None: it isn't said how many


class Notation(NamedTuple):
    """A way to write octets."""

    name: str
    shape: re.Pattern[str]
    decode: Callable[[str], bytes | None]


_PAIR = "[0-9a-fA-F]{2}"
_REST = (
    r"(?P<cut>[\s,]*(?:\.\.\.|…)(?:[\s(+,]*(?P<more>\d+) (?:more|bytes more|octets more)"
    r"(?: (?:bytes?|items?|octets?))?\)?)?)?"
)
_ARRAY = (
    r"(?:(?:[\w \t*&:<>\[\]]*=\s*)?(?:new\s+)?(?:Uint8Array|Buffer|Int8Array|bytes|bytearray|byte\[\]"
    r"|\[\]byte|\[\]uint8|\[\d*\]u8|vec!|Buffer\.from|Uint8Array\.from|\w+\[\w*\]\s*=)?(?:\(\d+\))?\s*\(?)"
)
_BYTES = {
    "a": b"\a",
    "b": b"\b",
    "t": b"\t",
    "n": b"\n",
    "v": b"\v",
    "f": b"\f",
    "r": b"\r",
    "e": b"\x1b",
    "\n": b"",
    "\r\n": b"",
}
_ESCAPE = re.compile(
    r"\\(?:x(?P<hex>[0-9a-fA-F]{2})|(?P<octal>[0-7]{1,3})|(?P<char>\r\n|.))|[^\\]+", re.DOTALL
)
_STRING = r'"(?:[^"\\\r\n]|\\.)*"'
_SINGLE = r"'(?:[^'\\\r\n]|\\.)*'"
_PIECE = re.compile(rf"(?:{_STRING}|{_SINGLE})")


def _hex(text: str) -> bytes | None:
    return bytes.fromhex(re.sub("[^0-9a-fA-F]", "", text))


def _numbers(text: str) -> bytes | None:
    """Numbers in any base, each of one octet; those below zero are Java's."""
    out = bytearray()
    for found in _ONE.findall(text):
        value = int(found, 16) if "x" in found.lower() else int(found)
        if not -128 <= value < 256:
            return None
        out.append(value & 0xFF)
    return bytes(out)


def strings(text: str) -> bytes | None:
    """The octets of strings that follow one another."""
    out: list[bytes] = []
    for piece in _PIECE.finditer(text):
        for found in _ESCAPE.finditer(piece[0][1:-1]):
            if found["hex"]:
                out.append(bytes([int(found["hex"], 16)]))
            elif found["octal"]:
                if (value := int(found["octal"], 8)) > 255:
                    return None
                out.append(bytes([value]))
            elif found["char"]:
                if not (known := _BYTES.get(found["char"])) and not found["char"].isascii():
                    return None
                out.append(found["char"].encode() if known is None else known)
            elif found[0].isascii():
                out.append(found[0].encode())
            else:
                return None
    return b"".join(out)


_HEX_NUMBER = r"(?:\((?:byte|char|uint8_t)\)[ \t]*)?-?0[xX][0-9a-fA-F]{1,2}(?:u8|U)?"
_NUMBER = rf"(?:{_HEX_NUMBER}|(?:\(byte\)[ \t]*)?-?\d{{1,3}})"
_ONE = re.compile(r"(?<![\w])-?(?:0[xX][0-9a-fA-F]+|\d+)")

NOTATIONS = (
    Notation(
        "hex digits",
        re.compile(rf"(?P<body>(?:{_PAIR})++(?:[ \t]++(?:{_PAIR})++)*+){_REST}"),
        _hex,
    ),
    Notation(
        "hex pairs with marks between",
        re.compile(rf"(?P<body>{_PAIR}(?:(?:(?P<mark>[:\-])){_PAIR})(?:(?P=mark){_PAIR})*+){_REST}"),
        _hex,
    ),
    Notation(
        "0x numbers",
        re.compile(
            rf"{_ARRAY}[{{\[(]?\s*(?P<body>{_HEX_NUMBER}(?:[\s,;]++{_HEX_NUMBER})*+),?{_REST}\s*[}}\])]*\s*;?,?"
        ),
        _numbers,
    ),
    Notation("one hex number", re.compile(rf"0[xX](?P<body>(?:{_PAIR}){{2,}}){_REST}"), _hex),
    Notation(
        "a Buffer",
        re.compile(rf"<(?:Buffer|SlowBuffer)(?P<body>(?:\s+{_PAIR})*+){_REST}\s*>[,;]?"),
        _hex,
    ),
    Notation(
        "an ArrayBuffer",
        re.compile(
            rf"(?:ArrayBuffer )?\{{?\s*\[Uint8Contents\]: <(?P<body>{_PAIR}(?:\s+{_PAIR})*+){_REST}\s*>"
            r"(?:,\s*byteLength: \d+)?\s*\}?"
        ),
        _hex,
    ),
    Notation(
        "numbers in brackets",
        re.compile(
            rf"{_ARRAY}(?:[{{\[]|<<)\s*(?P<body>{_NUMBER}(?:[\s,]++{_NUMBER})*+),?{_REST}\s*(?:[}}\]]|>>)\)?;?,?"
        ),
        _numbers,
    ),
    Notation(
        "bytes of Python",
        re.compile(
            rf"(?:\w+\s*=\s*)?(?:bytearray\(|bytes\()?\(?[bB][rR]?(?P<body>(?:{_STRING}|{_SINGLE})"
            rf"(?:\s*[bB](?:{_STRING}|{_SINGLE}))*+)\)*[,;]?"
        ),
        strings,
    ),
    Notation(
        "a string with escapes",
        re.compile(
            rf"(?:[\w \t*]*\[\w*\]\s*=\s*|\w+\s*=\s*)?(?P<body>(?:{_STRING}|{_SINGLE})"
            rf"(?:[\s\\]*(?:{_STRING}|{_SINGLE}))*+)[\s\\]*[,;]?"
        ),
        lambda text: strings(text) if re.search(r"\\x[0-9a-fA-F]{2}|\\[0-3][0-7]{2}", text) else None,
    ),
    Notation(
        "hex that is read",
        re.compile(
            r"[\w. =]*\b(?:fromhex|unhexlify|from_hex|decode_hex|parseHex|DecodeString|hex!|unhex"
            r"|Buffer\.from)"
            rf"\(\s*['\"](?P<body>(?:{_PAIR}\s*)+)['\"](?:,\s*['\"]hex['\"])?\s*\);?"
        ),
        _hex,
    ),
)
"""The first that matches is meant."""

OPENS = re.compile(
    r"(?:[{\[]|<<|\()[ \t]*(?:/\*[^*]*\*/[ \t]*)?"
    r"(?:-?(?:0[xX][0-9a-fA-F]{1,2}|\d{1,3})(?:,[ \t]*|[ \t]+|\Z))*+"
    r"(?://.*|/\*[^*]*\*/)?\Z"
)
"""The end of a line with which a list begins that goes on below."""
CLOSES = re.compile(r"[}\]]|>>")


def read(text: str) -> Read | None:
    """The octets, if the text is written in one of the notations."""
    text = text.strip()
    if "/" in text and "'" not in text and '"' not in text:
        text = _without_comments(text).strip()
    for notation in NOTATIONS:
        if (found := notation.shape.fullmatch(text)) is None:
            continue
        data = notation.decode(found["body"])
        if data is None:
            continue
        groups = found.groupdict()
        more = groups.get("more")
        return Read(data, groups.get("cut") is not None, int(more) if more else None)
    return None


def _without_comments(text: str) -> str:
    out, at = [], 0
    for found in re.finditer(r"/\*|//[^\r\n]*", text):
        if found.start() < at:
            continue
        out.append(text[at : found.start()])
        end = text.find("*/", found.end()) + 2 if found[0] == "/*" else found.end()
        if end < 2:
            break  # it isn't closed
        at = end
    return " ".join((*out, text[at:]))
