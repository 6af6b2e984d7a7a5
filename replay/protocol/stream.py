"""What one side has sent so far, as the interpreter keeps it."""

from __future__ import annotations

from typing import NamedTuple

from replay.protocol.messages import Assembly
from replay.wire.frame import FrameDecoder
from replay.wire.handshake import HeadReader
from replay.wire.side import Side


class Begun(NamedTuple):
    start: int  # octet of the stream
    reason: str


class Stream:
    """What one side has sent so far."""

    def __init__(self, side: Side, opened: bool) -> None:
        self.side = side
        self.position = 0  # octets seen
        self.frames_begun = 0
        self.head: HeadReader | None = None if opened else HeadReader()
        self.early = bytearray()  # of a client: what came behind its request before the response
        self.frames: FrameDecoder | None = FrameDecoder() if opened else None
        self.assembly: Assembly | None = None
        self.message_at = 0
        self.control = bytearray()
        self.spoiled = False  # the control frame in hand breaks a rule and means nothing
        self.pings: list[bytes] = []  # not answered yet
        self.stray_pong = False
        self.closed = False
        self.failed = False  # it broke a rule for which the other side fails the connection
        self.unparsed = False

    def begun(self) -> Begun | None:
        """The frame or message that has begun and not ended, if there is one."""
        if self.frames is None or self.unparsed:
            return None
        if held := self.frames.unfinished:
            whole = f" of {self.frames.size}" if self.frames.size else ""
            return Begun(self.position - held, f"TCP ended inside a frame, with {held}{whole} octets of it")
        if self.assembly is not None:
            count = sum(length for _, length in self.assembly.parts)
            reason = f"TCP ended inside a fragmented message, with {count} octets of it and no FIN"
            return Begun(self.message_at, reason)
        return None
