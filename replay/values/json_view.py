"""JSON in text messages (RFC 8259)."""

from __future__ import annotations

import json
import math

from replay import json_text
from replay.source import Source, SourceError
from replay.values.equal import MAX_DEPTH, scalars, too_deep
from replay.values.shape import Value
from replay.values.view import View


def parse(text: str) -> Value:
    """The value of a JSON text without duplicate keys. Raises ValueError with a clause."""
    source = Source("", text)
    try:
        value: Value = json_text.loads(source)
    except SourceError as error:
        said = error.message.removeprefix(": ")
        said = said if said.startswith("not JSON") else f"not JSON: {said}"
        where = f", at character {error.span.start + 1}" if error.span is not None else ""
        raise ValueError(f"is {said}{where}") from None
    if too_deep(value):
        raise ValueError(f"is JSON that is nested deeper than {MAX_DEPTH} levels")
    if any(isinstance(each, float) and math.isinf(each) for each in scalars(value)):
        raise ValueError("is JSON with a number that is too large for a double")
    return value


def write(value: Value) -> bytes:
    """Without blanks, and with all characters as they are. Raises ValueError with a clause."""
    try:
        return _dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # a lone surrogate, which only an escape can express
        return _dumps(value, ensure_ascii=True).encode()


def _dumps(value: Value, ensure_ascii: bool) -> str:
    for each in scalars(value):
        if isinstance(each, bytes):
            raise ValueError("has binary data, which JSON can't express")
        if isinstance(each, float) and not math.isfinite(each):
            raise ValueError(f"has the number {each}, which JSON can't express")
    return json.dumps(value, ensure_ascii=ensure_ascii, separators=(",", ":"))


def _decode(text: bool, octets: bytes) -> Value:
    if not text:
        raise ValueError("is a binary message, not a text")
    try:
        return parse(octets.decode())
    except UnicodeDecodeError:
        raise ValueError("isn't UTF-8") from None


def _encode(value: Value) -> tuple[bool, bytes]:
    return True, write(value)


VIEW = View("json", _decode, _encode)
