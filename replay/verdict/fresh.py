"""What a client has to choose anew: the key of each request, and the masking key of each frame.

The keys of earlier connections stand in headers of the trace, so that the verdict follows from it alone.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import pairwise
from operator import and_, or_
from typing import Literal, NamedTuple

from replay.protocol.events import Event, Opened, Requested
from replay.protocol.rules import Breach
from replay.trace.model import Octets, Trace
from replay.verdict.result import ByCase
from replay.wire.frame import frame_headers
from replay.wire.side import Side

EARLIER = "earlier"
"""The header of a trace with the keys of an earlier connection: its case, the key of its request, and its
masking keys."""

_MOST = 64
"""The most masking keys of a connection that are compared."""

_ALIKE = 112
"""How many of the 128 bits of a request's key are the same each time if hardly anything of it is chosen: a
client that draws digits has 64 of them."""

_FEW = 8
"""The fewest masking keys of which it is said that some bits never change."""

_ORDERS: tuple[Literal["big", "little"], ...] = ("big", "little")
_MASK = re.compile(r"[0-9a-f]{8}")


BY_OCTETS = frozenset({"mask-fresh-per-frame", "mask-unpredictable", "request-key-random"})
"""The rules that `stale` finds to be broken."""


class Keys(NamedTuple):
    """What a client chose on a connection."""

    case: str
    request: str
    masks: tuple[bytes, ...]

    def header(self) -> tuple[str, str]:
        return EARLIER, " ".join((self.case, self.request or "-", *(mask.hex() for mask in self.masks)))


class Frame(NamedTuple):
    """A frame of the client: where it begins, and its masking key."""

    at: int
    key: bytes


def keys(case: str, trace: Trace, events: Sequence[Event]) -> Keys:
    """What the client of a trace chose."""
    frames = _frames(trace, events)
    return Keys(case, _request_key(events), tuple(frame.key for frame in frames))


def stale(trace: Trace, events: Sequence[Event]) -> Iterator[ByCase]:
    """What the client has not chosen anew, or not at random."""
    last = max(0, len(trace.entries) - 1)
    for rule, detail, at in _stale(trace, events):
        yield ByCase(side=Side.CLIENT, entry=last, start=at, end=at, rule=rule, detail=detail, frame=at)


def _stale(trace: Trace, events: Sequence[Event]) -> Iterator[Breach]:
    before = list(_earlier(trace))
    yield from _stale_request(_request_key(events), before)
    frames = _frames(trace, events)
    seen: dict[bytes, str] = {mask: f"of case {one.case}" for one in before for mask in one.masks}
    own: dict[bytes, int] = {}
    for number, (at, key) in enumerate(frames, 1):
        if key in own:
            said = f"frame {number} has the masking key {key.hex()} of frame {own[key]}"
            yield Breach("mask-fresh-per-frame", said, at)
            return
        own[key] = number
    for number, (at, key) in enumerate(frames, 1):
        if key in seen:
            said = f"frame {number} has the masking key {key.hex()}, as a frame {seen[key]} had"
            yield Breach("mask-unpredictable", said, at)
            return
    if frames and (pattern := _pattern([frame.key for frame in frames])):
        yield Breach("mask-unpredictable", pattern, frames[-1].at)


def _stale_request(key: str, before: Sequence[Keys]) -> Iterator[Breach]:
    same = next((one.case for one in before if key and one.request == key), None)
    if same is not None:
        yield Breach("request-key-random", f"the key {key} is that of case {same} too", 0)
        return
    nonces = [nonce for nonce in map(_nonce, (key, *(one.request for one in before))) if nonce is not None]
    if len(nonces) > 2 and _unchanged(nonces, 16) >= _ALIKE:
        said = f"the keys of {len(nonces)} requests differ in {128 - _unchanged(nonces, 16)} of 128 bits"
        yield Breach("request-key-random", said, 0)


def _pattern(masks: Sequence[bytes]) -> str | None:
    """What makes the masking keys easy to predict, in words."""
    for order in _ORDERS:
        if _is_linear([int.from_bytes(mask, order) for mask in masks]):
            return f"the masking keys {_listed(masks)} follow from each other"
    if len(masks) >= _FEW and (same := _unchanged(masks, 4)) >= _FEW:
        return f"{same} of 32 bits are the same in {len(masks)} masking keys"
    return None


def _listed(masks: Sequence[bytes]) -> str:
    shown = ", ".join(mask.hex() for mask in masks[:4])
    return f"{shown}, …" if len(masks) > 4 else shown


def _is_linear(numbers: Sequence[int]) -> bool:
    """Whether a number is the one before it times a constant, plus another one, as of a counter or of a
    linear congruential generator, twice in a row. By chance, this has a probability of less than 2^-40."""
    steps = [(after - before) % 2**32 for before, after in pairwise(numbers)]
    if reduce(or_, steps, 0) % 2**8 == 0:  # then most products are equal
        return False
    triples = zip(steps, steps[1:], steps[2:], strict=False)
    follows = [(second * second - first * third) % 2**32 == 0 for first, second, third in triples]
    return any(one and other for one, other in pairwise(follows))


def _unchanged(values: Sequence[bytes], size: int) -> int:
    """How many bits are the same in all of the values."""
    numbers = [int.from_bytes(value) for value in values]
    changed = reduce(or_, numbers) ^ reduce(and_, numbers)
    return 8 * size - changed.bit_count()


def _nonce(key: str) -> bytes | None:
    try:
        octets = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        return None
    return octets if len(octets) == 16 else None


def _request_key(events: Sequence[Event]) -> str:
    asked = next((event.request for event in events if isinstance(event, Requested)), None)
    found = asked.values("Sec-WebSocket-Key") if asked is not None else ()
    return (found[0] or "") if found else ""


def _frames(trace: Trace, events: Sequence[Event]) -> list[Frame]:
    """The masked frames of the client, up to the first octet that the trace lacks."""
    opened = any(isinstance(event, Opened) for event in events)
    head = next((event.end for event in events if isinstance(event, Requested)), None)
    if not opened or head is None:
        return []
    octets = bytearray()
    for entry in trace.entries:
        if isinstance(entry, Octets) and entry.side is Side.CLIENT:
            octets += entry.data
            if entry.cut is not None:
                break
    frames: list[Frame] = []
    at = head
    for header, _, end in frame_headers(bytes(octets[head:])):
        if header.key:
            frames.append(Frame(at, header.key))
        at = head + end
        if len(frames) >= _MOST:
            break
    return frames


def _earlier(trace: Trace) -> Iterator[Keys]:
    """The keys of earlier connections."""
    for name, value in trace.headers:
        if name == EARLIER and (words := value.split())[1:]:
            masks = (mask for mask in words[2:] if _MASK.fullmatch(mask))
            yield Keys(words[0], words[1].removeprefix("-"), tuple(map(bytes.fromhex, masks)))
