"""Binary messages as their octets, of which a spec may leave some open, or capture all."""

from __future__ import annotations

from replay.values.shape import Value
from replay.values.view import View


def _decode(text: bool, octets: bytes) -> Value:
    if text:
        raise ValueError("is a text message, not a binary one")
    return octets


def _encode(value: Value) -> tuple[bool, bytes]:
    if not isinstance(value, bytes):
        raise ValueError("isn't binary data")
    return False, value


VIEW = View("octets", _decode, _encode)
