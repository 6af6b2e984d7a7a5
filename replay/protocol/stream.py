"""What one side has sent so far, as the interpreter keeps it."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from typing import NamedTuple, TypedDict

from replay import limits
from replay.protocol.events import Unparsed, Unread, Violation
from replay.protocol.messages import Assembly
from replay.protocol.negotiation import Agreed
from replay.protocol.rules import RULES
from replay.wire.decoder import FrameDecoder
from replay.wire.deflate import Inflater
from replay.wire.handshake import HeadReader
from replay.wire.side import Side

MOST = limits.INFLATED.default
"""Octets that are read of a compressed message."""


class Begun(NamedTuple):
    start: int  # octet of the stream
    reason: str


class EventPlace(TypedDict):
    """Where an event stands: the fields that all events share."""

    side: Side
    entry: int
    start: int
    end: int


@dataclass(slots=True)
class Now:
    """The entry in hand, for both sides."""

    entry: int = -1


class SideStream:
    """What one side has sent so far."""

    other: SideStream  # that of the other side

    def __init__(self, side: Side, opened: bool, now: Now, skipped: bool, lenient: bool) -> None:
        self.side = side
        self.lenient = lenient  # what breaks a SHOULD fails no connection
        self.now = now
        self.skipped = skipped  # its payloads aren't looked at and make no messages
        self.position = 0  # octets seen
        self.frames_begun = 0
        self.resumed_at = -1  # frames that had begun when octets were missing last
        self.head: HeadReader | None = None if opened else HeadReader()
        self.early = bytearray()  # of a client: what came behind its request before the response
        self.frames: FrameDecoder | None = FrameDecoder() if opened else None
        self.assembly: Assembly | None = None
        self.inflater: Inflater | None = None  # once permessage-deflate is agreed
        self.inflated = 0  # octets that came out of it
        self.message_at = 0
        self.control = bytearray()
        self.control_hole = 0  # octets that are missing behind it
        self.spoiled = False  # the control frame in hand breaks a rule and means nothing
        self.pings: deque[bytes] = deque()  # not answered yet
        self.unanswered = Counter[bytes]()  # the same, by what they hold
        self.stray_pong = False
        self.closed = False
        self.close_begun_at: int | None = None  # the Close frame whose first octets came by themselves
        self.breaches = 0  # of rules, by its frames
        self.failed = False  # it broke a rule for which the other side fails the connection
        self.unparsed = False
        self.unsure = False  # octets are missing, and no frame border is known behind them
        self.context_lost = False  # what its messages inflate to isn't known any more

    def begin(self) -> None:
        """From here on it consists of frames."""
        self.breaches = 0
        self.frames = FrameDecoder(self.position, self.skipped)

    def agree(self, terms: Agreed | None) -> None:
        """From here on its messages may be compressed."""
        if terms is not None:
            self.inflater = Inflater(terms.window(self.side), terms.keeps_context(self.side), MOST)

    def resume(self, missing: int) -> None:
        """Behind so many octets that are missing another frame begins; what was compressed before is
        unknown."""
        self.position += missing
        if self.frames_begun == self.resumed_at and self.frames and not self.frames.unfinished:
            self.frames.passed(missing)
            return
        self.resumed_at = self.frames_begun
        self.begin()
        self.assembly = None
        self.control.clear()
        if self.inflater is not None:
            self.inflater = self.inflater.anew()

    def lose(self) -> None:
        """Octets are missing, of which nobody knows what frames they hold."""
        self.unsure = True
        self.assembly = None
        self.control.clear()
        self.control_hole = 0
        self.context_lost |= self.inflater is not None and self.inflater.keeps_context
        self.begin()

    def begun(self) -> Begun | None:
        """The frame or message that has begun and not ended, if there is one."""
        if self.frames is None or self.unparsed or self.unsure:
            return None
        if held := self.frames.unfinished:
            whole = f" of {self.frames.size}" if self.frames.size else ""
            return Begun(self.position - held, f"TCP ended inside a frame, with {held}{whole} octets of it")
        if self.assembly is not None:
            count = sum(length for _, length in self.assembly.parts)
            reason = f"TCP ended inside a fragmented message, with {count} octets of it and no FIN"
            return Begun(self.message_at, reason)
        return None

    def place(self, start: int | None = None, end: int | None = None) -> EventPlace:
        """Where an event stands that the entry in hand completes; by default, behind all that was seen."""
        start = self.position if start is None else start
        end = self.position if end is None else end
        return EventPlace(side=self.side, entry=self.now.entry, start=start, end=end)

    def harmless(self, rule: str) -> bool:
        """Whether a breach of this rule, which would fail the connection, doesn't."""
        return self.lenient and RULES[rule].level == "SHOULD"

    def violation(
        self, rule: str, detail: str, at: int | None = None, frame: int | None = None
    ) -> Violation:
        """A breach at octet `at`, of the frame that starts at `frame`."""
        self.breaches += 1
        at = self.position if at is None else at
        code = None if self.harmless(rule) else RULES[rule].code
        if code is not None and not self.unsure:
            self.failed = True
        frame = at if frame is None else frame
        return Violation(**self.place(at, at + 1), rule=rule, detail=detail, frame=frame, code=code)

    def lost(self, at: int, reason: str) -> Unparsed:
        """From octet `at` on nothing can be read."""
        self.unparsed = True
        return Unparsed(**self.place(at, max(at, self.position)), reason=reason)

    def unread(self, at: int, reason: str, most: int, what: str) -> Unread:
        """From octet `at` on nothing is read, as there is more of it than replay reads."""
        self.unparsed = True
        place = self.place(at, max(at, self.position))
        return Unread(**place, reason=reason, bound=f"{most:,} {what}")


def streams(opened: bool, skips: Side | None, lenient: bool) -> dict[Side, SideStream]:
    """Those of both sides, at the start of a connection; see `Interpreter` for `skips`, and `Reading`."""
    now = Now()
    both = {side: SideStream(side, opened, now, side is skips, lenient) for side in Side}
    for side, stream in both.items():
        stream.other = both[side.other]
    return both
