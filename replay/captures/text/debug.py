"""Frames as the debug logs of libraries tell them: their kind and payload, but not their octets."""

from __future__ import annotations

import ast
import re

from replay.captures.messages import Told
from replay.wire.frame import Opcode

_NAMES = {"CONT": 0, "TEXT": 1, "BINARY": 2, "CLOSE": 8, "PING": 9, "PONG": 10}
_WEBSOCKETS = re.compile(
    rf"(?P<name>{'|'.join(_NAMES)}) (?P<data>.*?) ?"
    r"\[(?:(?:text|binary), )?(?P<length>\d{1,18}) bytes?(?P<more>, continued)?\]"
)
_OLD_WEBSOCKETS = re.compile(
    r"Frame\(fin=(?P<fin>True|False), opcode=(?:<Opcode\.\w+: )?(?P<opcode>\d+)>?, "
    r"data=(?P<data>b(?:'.*'|\".*\"))"
    r"(?:, rsv1=(?P<rsv1>True|False), rsv2=(?P<rsv2>True|False), rsv3=(?P<rsv3>True|False))?\)"
)
_DECODED = re.compile(r"fin=(?P<fin>[01]) opcode=(?P<opcode>\d+) data=(?P<data>.*)")
_CLOSE = re.compile(r"(?P<code>\d{1,5}) \([^()]*\)(?: (?P<reason>.*))?", re.DOTALL)
_HEX = re.compile(r"(?:[0-9a-f]{2}(?: |\Z))*")
_ESCAPES = r"\\(?:[\\'\"abfnrtv]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U00[0-9a-fA-F]{6})"
_LITERAL = re.compile(rf"b?(?:'(?:[^'\\\r\n]++|{_ESCAPES})*+'|\"(?:[^\"\\\r\n]++|{_ESCAPES})*+\")")
_ELIDED = "..."
BODY = re.compile(r"\[body\] \((?P<length>\d{1,18}) bytes\)")
"""The body of a response, in a log of websockets."""


def websockets(text: str) -> Told | None:
    """A frame as websockets logs it, from version 10 on: TEXT 'Hello' [5 bytes]. Of a long payload it shows
    both ends, of which only the first is used."""
    if (old := _OLD_WEBSOCKETS.fullmatch(text)) is not None:
        rsv = sum(bit for bit, name in ((4, "rsv1"), (2, "rsv2"), (1, "rsv3")) if old[name] == "True")
        if (data := _literal(old["data"])) is None:
            return None
        return Told(int(old["opcode"]) & 15, data, len(data), old["fin"] == "True", rsv)
    if (found := _WEBSOCKETS.fullmatch(text)) is None:
        return None
    length, opcode = int(found["length"]), _NAMES[found["name"]]
    known = _payload(found["data"], opcode, length)
    return None if known is None else Told(opcode, known, length, found["more"] is None)


def websocket_client(text: str) -> Told | None:
    """A frame as websocket-client tells it: fin=1 opcode=1 data=b'Hello'."""
    if (found := _DECODED.fullmatch(text)) is None:
        return None
    data = _literal(found["data"])
    if data is None:
        return None
    return Told(int(found["opcode"]) & 15, data, len(data), found["fin"] == "1")


def _payload(shown: str, opcode: int, length: int) -> bytes | None:
    """The octets that a log shows of a payload, as far as they are sure; None: these can't be they."""
    if opcode == Opcode.CLOSE and (close := _CLOSE.fullmatch(shown)) is not None:
        data = int(close["code"]).to_bytes(3, "big")[1:] + (close["reason"] or "").encode()
        return data if len(data) == length else None
    if length == 0 or shown == "":
        return b"" if length == 0 else None
    if shown[0] in "'\"":
        return _text(shown, length)
    before, elided, _ = shown.partition(f"{_ELIDED} ")
    if not _HEX.fullmatch(before) or (not elided and not _HEX.fullmatch(shown)):
        return None
    data = bytes.fromhex(before if elided else shown)
    return data if (len(data) < length if elided else len(data) == length) else None


def _text(shown: str, length: int) -> bytes | None:
    """The octets of a text in quotes: all of them if they are as many as it has, else those before the
    dots."""
    if (data := _literal(shown)) is not None and len(data) == length:
        return data
    # Dots of the text itself may stand before those that replace its middle. Those may cut an escape.
    cut = shown[1 : max(1, shown.find(_ELIDED))]
    for most in range(len(cut), max(0, len(cut) - 10), -1):
        if (data := _literal(shown[0] + cut[:most] + shown[0])) is not None:
            return data if len(data) < length else None
    return None


def _literal(text: str) -> bytes | None:
    """The octets of a literal of Python, of text or bytes."""
    if not _LITERAL.fullmatch(text):
        return None
    try:
        value = ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return None
    if isinstance(value, str):
        try:
            return value.encode()
        except UnicodeEncodeError:
            return None
    return value if isinstance(value, bytes) else None
