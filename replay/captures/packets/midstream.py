"""Connections whose handshake isn't in the capture: they are read from the first whole frame on."""

from __future__ import annotations

from collections.abc import Sequence

from replay.captures.streams import Chunk
from replay.trace import framing
from replay.trace.model import Cut, Octets
from replay.wire.frame import CONTROL_PAYLOAD, Opcode, decode_header, frame_headers, minimal_form
from replay.wire.side import Side

_OPCODES = frozenset(Opcode)


def begun(chunks: Sequence[Chunk]) -> tuple[list[Chunk], int | None, list[str]]:
    """The chunks from the first on that is made of whole frames, for each end; which end is the client, the
    one that masks; and what was left out.

    If the terms of the handshake matter, or an unfinished message, nothing can be said about the rules: a
    gap comes first, behind which only whole frames count.
    """
    kept, begins, dropped = list[Chunk](), [False, False], [0, 0]
    masks: list[bool | None] = [None, None]
    for chunk in chunks:
        peer = chunk.peer
        if chunk.data and not begins[peer]:
            found = decode_header(chunk.data)
            masked = None if found is None else bool(found[0].key)
            if are_frames(chunk.data) and masked != masks[1 - peer]:
                begins[peer], masks[peer] = True, masked
            else:
                dropped[peer] += len(chunk.data)
        if begins[peer] or chunk.end is not None:
            kept.append(chunk)
    client = 0 if masks[0] or masks[1] is False else 1 if masks[1] or masks[0] is False else None
    said = ["it began before the capture: its handshake isn't there, and what it agreed on is unknown"]
    names = ("client", "server") if client != 1 else ("server", "client")
    for peer, count in enumerate(dropped):
        if count:
            said.append(f"{count:,} octets of the {names[peer]} before its first whole frame are left out")
    for peer in (0, 1):
        if _unsure(kept, peer) and (first := next((one for one in kept if one.peer == peer), None)):
            kept.insert(kept.index(first), Chunk(peer, b"", first.at, Cut()))
            said.append(f"whether the {names[peer]} keeps the rules can't be told without its handshake")
    return kept, client, said


def _unsure(chunks: Sequence[Chunk], peer: int) -> bool:
    entries = [Octets(Side.CLIENT, one.data, None, one.cut) for one in chunks if one.peer == peer]
    headers = [found.header for found in framing.stream(entries, Side.CLIENT).frames if found.header]
    first = next((header for header in headers if header.opcode < 8), None)
    return any(header.rsv for header in headers) or (first is not None and first.opcode == 0)


def are_frames(data: bytes) -> bool:
    """Whether these octets are whole frames, as one side may send them."""
    reached, masked = 0, set[bool]()
    for header, _, end in frame_headers(data):
        reached = end
        masked.add(bool(header.key))
        if header.rsv & 3 or header.opcode not in _OPCODES or header.form != minimal_form(header.length):
            return False
        if header.is_control and (not header.fin or header.length > CONTROL_PAYLOAD):
            return False
    return reached == len(data) and len(masked) == 1
