"""Phoenix channels with the serializer of version 2: a list of five is an object with names for its items.

    {join_ref: "1", ref: "2", topic: "room:dev", event: say, payload: {text: Hello}}

A binary message is its octets.
"""

from __future__ import annotations

from replay.values import json_view
from replay.values.shape import Value
from replay.values.view import View

_NAMES = ("join_ref", "ref", "topic", "event", "payload")


def _decode(text: bool, octets: bytes) -> Value:
    if not text:
        return octets
    value = json_view.VIEW.decode(text, octets)
    if not isinstance(value, list) or len(value) != len(_NAMES):
        raise ValueError("isn't a message of Phoenix: that is a list of five")
    for name, item in zip(_NAMES, value, strict=True):
        if name in ("topic", "event") and not isinstance(item, str):
            raise ValueError(f"is a message of Phoenix whose {name} isn't a text")
    return dict(zip(_NAMES, value, strict=True))


def _encode(value: Value) -> tuple[bool, bytes]:
    if isinstance(value, bytes):
        return False, value
    if not isinstance(value, dict) or value.keys() != {*_NAMES}:
        raise ValueError(f"isn't an object with the keys {', '.join(_NAMES)}")
    return True, json_view.write([value[name] for name in _NAMES])


VIEW = View("phoenix", _decode, _encode)
