"""Frames of which a log tells the kind and the payload, but not the octets: the octets are made anew.

A log of a library, or a HAR, doesn't hold the masks, and may hold no handshake either. Those that are made
here are always the same ones, so that the same file always gives the same trace.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from msgspec import Struct

from replay.trace.model import Cut
from replay.wire.frame import encode_header, frame
from replay.wire.handshake import accept, encode_request, encode_response
from replay.wire.masking import mask
from replay.wire.side import Side

KEY = "cmVwbGF5IG1hZGUgdGhpcw=="
"""The Sec-WebSocket-Key of a handshake that is made."""

MASKS_MADE = "the masks are replay's own: this log has the frames, but not their octets"
HANDSHAKE_MADE = "the handshake is replay's own"


class Told(Struct, frozen=True):
    """A frame, as a log tells it."""

    opcode: int
    payload: bytes  # as far as it is known
    length: int  # of all of it
    fin: bool = True
    rsv: int = 0


def octets(told: Told, side: Side, number: int) -> tuple[bytes, Cut | None]:
    """The octets of a frame that a side sent, and how many are missing after them. Its `number` decides its
    mask."""
    key = hashlib.sha256(b"%d" % number).digest()[:4] if side is Side.CLIENT else b""
    header = frame(told.opcode, fin=told.fin, rsv=told.rsv, key=key, length=told.length).header
    missing = told.length - len(told.payload)
    return encode_header(header) + mask(told.payload, key), Cut(missing) if missing else None


def request(target: str, host: str, headers: Sequence[tuple[str, str]] = ()) -> bytes:
    """A request for a WebSocket, with further headers."""
    ours = (
        ("Host", host),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", KEY),
        ("Sec-WebSocket-Version", "13"),
    )
    return encode_request(target, (*ours, *headers))


def response(headers: Sequence[tuple[str, str]] = ()) -> bytes:
    """The 101 that answers it."""
    ours = (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept(KEY)))
    return encode_response(101, "Switching Protocols", (*ours, *headers))
