"""Octets that a log leaves out: counted through as far as frames tell, and nothing is read across them.

Within a frame they are payload that nobody knows. Behind octets that hold whole frames no border is
known, so what stands there breaks no rule, and means something only where it can be nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator

from replay.protocol.events import Event, Gap, Violation
from replay.protocol.frame_rules import clean
from replay.protocol.frames import Frames
from replay.protocol.stream import SideStream
from replay.wire.frame import frame_headers


def passed(frames: Frames, stream: SideStream, size: int | None) -> Iterator[Event]:
    """The events of so many octets (None: the log doesn't say) that are missing."""
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
    """The event of octets that are missing at the place that a stream has come to."""
    left_out = "octets" if size is None else f"{size} octet{'s' * (size != 1)}"
    reason = f"the log left out {left_out}" + (", and with them where the next frame begins" * lost)
    return Gap(**stream.place(), reason=reason, size=size, lost=lost)


def behind(frames: Frames, stream: SideStream, data: bytes) -> Iterator[Event]:
    """The events of an entry of a stream that is unsure."""
    if stream.frames is not None and _is_whole(stream, data):
        stream.position += len(data)
        for event in frames.read(stream, stream.frames, data):
            if not isinstance(event, Violation):
                yield event
    else:
        stream.position += len(data)
        stream.lose()


def _is_whole(stream: SideStream, data: bytes) -> bool:
    """Whether these octets are frames, from the first to the last octet, that break no rule by their
    headers: by chance that is hardly ever so."""
    end, deflate = 0, stream.inflater is not None
    for (first, form, length, key), body, _ in frame_headers(data):
        if not any(
            clean(first, form, length, bool(key), stream.side, fragmented, deflate)
            for fragmented in (False, True)
        ):
            return False
        end = body + length
    return end == len(data)
