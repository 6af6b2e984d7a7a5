"""SignalR's JSON hub protocol: records of JSON, each ended by the octet 1e.

A message with one record is that record, `{type: 1, target: say, arguments: [Hello]}`; one with several is
their list. `{}` and `{protocol: json, version: 1}` are the handshake.
"""

from __future__ import annotations

from replay.values import json_view
from replay.values.shape import Value
from replay.values.view import View

_END = "\x1e"


def _decode(text: bool, octets: bytes) -> Value:
    if not text:
        raise ValueError("is a binary message, not a text")
    try:
        *records, rest = octets.decode().split(_END)
    except UnicodeDecodeError:
        raise ValueError("isn't UTF-8") from None
    if rest or not records:
        raise ValueError("doesn't end with the octet 1e, as each record of SignalR does")
    values = [json_view.parse(record) for record in records]
    if not all(isinstance(value, dict) for value in values):
        raise ValueError("has a record that isn't an object")
    return values[0] if len(values) == 1 else values


def _encode(value: Value) -> tuple[bool, bytes]:
    records = value if isinstance(value, list) else [value]
    if not records or not all(isinstance(record, dict) for record in records):
        raise ValueError("isn't an object or a list of objects, as SignalR's records are")
    return True, b"".join(json_view.write(record) + _END.encode() for record in records)


VIEW = View("signalr", _decode, _encode)
