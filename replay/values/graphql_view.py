"""The subprotocol graphql-transport-ws: JSON with a fixed set of types.

Only what comes is checked: what is sent may be wrong on purpose.
"""

from __future__ import annotations

from replay.source import nearest
from replay.values import json_view
from replay.values.shape import Value
from replay.values.view import View

_NEEDED: dict[str, tuple[str, ...]] = {
    "connection_init": (),
    "connection_ack": (),
    "ping": (),
    "pong": (),
    "subscribe": ("id", "payload"),
    "next": ("id", "payload"),
    "error": ("id", "payload"),
    "complete": ("id",),
}
"""The types, with the keys that their messages have to have."""


def _decode(text: bool, octets: bytes) -> Value:
    value = json_view.VIEW.decode(text, octets)
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(kind, str):
        raise ValueError("isn't a message of graphql-transport-ws: that is an object with a type")
    if kind not in _NEEDED:
        meant = nearest(kind, _NEEDED)
        raise ValueError(f"has the unknown type {kind[:60]!r}" + (f": {meant}" if meant else ""))
    for key in _NEEDED[kind]:
        if key not in value:
            raise ValueError(f"is of the type {kind}, which needs the key {key}")
    if "id" in _NEEDED[kind] and not isinstance(value["id"], str):
        raise ValueError("has an id that isn't a text")
    return value


VIEW = View("graphql-transport-ws", _decode, json_view.VIEW.encode)
