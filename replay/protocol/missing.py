"""Octets that a log left out.

Inside a frame they are an unknown part of its payload, and the next frame is found by its length. If they
may contain whole frames, no frame boundary is known after them: what follows can't be said to break a rule,
and is read only where an entry consists of complete frames.
"""

from __future__ import annotations

from collections.abc import Iterator

from replay.protocol.events import Event, Gap, Violation
from replay.protocol.frame_rules import clean
from replay.protocol.frames import Frames
from replay.protocol.stream import SideStream
from replay.wire.frame import frame_headers


def passed(frames: Frames, stream: SideStream, size: int | None) -> Iterator[Event]:
    """The events of this many missing octets (None: the log doesn't say how many)."""
    if size == 0 or stream.frames is None:
        return
    start, left = stream.position, 0 if stream.unsure else stream.frames.left
    inside = 0 if size is None else min(size, left)
    lost = size is None or inside < size
    yield gap(stream, size, lost=lost)
    if inside:
        yield from frames.skip(stream, stream.frames, inside)
    stream.position = start + (size or 0)
    if lost:
        stream.lose()


def gap(stream: SideStream, size: int | None, *, lost: bool) -> Gap:
    """The event of octets that are missing at the current position of a stream."""
    left_out = "octets" if size is None else f"{size} octet{'s' * (size != 1)}"
    reason = f"the log left out {left_out}" + (", so it is not known where the next frame begins" * lost)
    return Gap(**stream.place(), reason=reason, size=size, lost=lost)


def behind(frames: Frames, stream: SideStream, data: bytes) -> Iterator[Event]:
    """The events of an entry that follows missing octets, in a stream that is `unsure`."""
    if stream.frames is not None and _is_whole(stream, data):
        stream.position += len(data)
        for event in frames.read(stream, stream.frames, data):
            if not isinstance(event, Violation):
                yield event
    else:
        stream.position += len(data)
        stream.lose()


def _is_whole(stream: SideStream, data: bytes) -> bool:
    """Whether these octets are complete frames whose headers break no rule, which hardly ever happens by
    chance."""
    end, deflate = 0, stream.inflater is not None
    for (first, form, length, key), body, _ in frame_headers(data):
        if not any(
            clean(first, form, length, bool(key), stream.side, fragmented, deflate)
            for fragmented in (False, True)
        ):
            return False
        end = body + length
    return end == len(data)
