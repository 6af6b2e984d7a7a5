"""Socket.IO (protocol 5) on Engine.IO (protocol 4): packets as objects whose key is the kind of the packet.

    {open: {sid: …}}    {ping: null}    {connect: {token: …}}    {event: [say, hello], id: 7}
    {ack: [{ok: true}], id: 7, namespace: /admin}    {binary-event: [blob, …], attachments: 1}

A binary message is an attachment of the packet before it, and is its octets.
"""

from __future__ import annotations

import re

from msgspec import Struct

from replay.values.equal import same
from replay.values.json_view import parse, write
from replay.values.shape import Value
from replay.values.view import View


class _Kind(Struct, frozen=True):
    name: str
    sign: str  # the digits at the start of the packet
    data: tuple[type, ...]  # what may follow, as JSON
    raw: bool = False  # whether it follows as it is


_NOTHING = (type(None),)
_ARGUMENTS = (list,)

_KINDS = (
    _Kind("open", "0", (dict,)),
    _Kind("close", "1", _NOTHING),
    _Kind("ping", "2", (str, type(None)), raw=True),
    _Kind("pong", "3", (str, type(None)), raw=True),
    _Kind("upgrade", "5", _NOTHING),
    _Kind("noop", "6", _NOTHING),
    _Kind("connect", "40", (dict, type(None))),
    _Kind("disconnect", "41", _NOTHING),
    _Kind("event", "42", _ARGUMENTS),
    _Kind("ack", "43", _ARGUMENTS),
    _Kind("error", "44", (dict, str)),
    _Kind("binary-event", "45", _ARGUMENTS),
    _Kind("binary-ack", "46", _ARGUMENTS),
)
_BY_NAME = {kind.name: kind for kind in _KINDS}
_BY_SIGN = {kind.sign: kind for kind in _KINDS}
_WORDS: dict[type, str] = {dict: "an object", list: "a list", str: "a text", type(None): "nothing"}

_PACKET = re.compile(
    r"(?:(?P<attachments>[0-9]{1,9})-)?"
    r"(?:(?P<namespace>/[^,]*)(?:,|$))?"
    r"(?P<id>[0-9]{1,15})?"
    r"(?P<data>.*)",
    re.DOTALL,
)
"""What follows the sign of a packet of Socket.IO."""


def _decode(text: bool, octets: bytes) -> Value:
    if not text:
        return octets
    try:
        packet = octets.decode()
    except UnicodeDecodeError:
        raise ValueError("isn't UTF-8") from None
    kind = _BY_SIGN.get(packet[:2] if packet[:1] == "4" else packet[:1])
    if kind is None:
        raise ValueError("doesn't begin with the type of a packet")
    rest = packet[len(kind.sign) :]
    if kind.raw:
        return {kind.name: rest or None}
    additions: dict[str, Value] = {}
    if len(kind.sign) == 2:
        additions, rest = _additions(kind, rest)
    return {kind.name: _data(kind, parse(rest) if rest else None), **additions}


def _additions(kind: _Kind, rest: str) -> tuple[dict[str, Value], str]:
    """What stands before the data of a packet, and the data."""
    found = _PACKET.fullmatch(rest)
    if found is None or (found["attachments"] is not None) is not kind.name.startswith("binary-"):
        raise ValueError(
            f"is a packet of the kind {kind.name}: only binary ones have a number of attachments"
        )
    given = {
        "id": found["id"] and int(found["id"]),
        "namespace": found["namespace"],
        "attachments": found["attachments"] and int(found["attachments"]),
    }
    return {name: value for name, value in given.items() if value is not None}, found["data"]


def _data(kind: _Kind, value: Value) -> Value:
    if not isinstance(value, kind.data):
        wanted = " or ".join(_WORDS[each] for each in kind.data)
        raise ValueError(f"is a packet of the kind {kind.name}, which has {wanted}, with something else")
    return value


def _encode(value: Value) -> tuple[bool, bytes]:
    if isinstance(value, bytes):
        return False, value
    kinds = [name for name in value if name in _BY_NAME] if isinstance(value, dict) else []
    if not isinstance(value, dict) or len(kinds) != 1:
        raise ValueError(f"isn't an object with exactly one of the keys {', '.join(_BY_NAME)}")
    kind = _BY_NAME[kinds[0]]
    data = _data(kind, value[kind.name])
    packet = kind.sign.encode()
    if len(kind.sign) == 2:
        signs = (("attachments", "{}-"), ("namespace", "{},"), ("id", "{}"))
        packet += "".join(sign.format(value[name]) for name, sign in signs if name in value).encode()
    if data is not None:
        packet += data.encode() if kind.raw and isinstance(data, str) else write(data)
    if not same(_decode(True, packet), value):
        raise ValueError(f"has more or other parts than a packet of the kind {kind.name}")
    return True, packet


VIEW = View("socket.io", _decode, _encode)
