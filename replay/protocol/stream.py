"""The interpreter's state of each side: what it has sent so far."""

from __future__ import annotations

from collections import Counter, deque
from typing import NamedTuple, TypedDict

from msgspec import Struct

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
"""Octets to which a compressed message may inflate."""


class Begun(NamedTuple):
    start: int  # octet of the stream
    reason: str


class EventPlace(TypedDict):
    """The place of an event: the fields that all events share."""

    side: Side
    entry: int
    start: int
    end: int


class Now(Struct):
    """The number of the current entry, shared by both sides."""

    entry: int = -1


class SideStream:
    """What one side has sent so far."""

    other: SideStream  # the other side's

    def __init__(self, side: Side, opened: bool, now: Now, skipped: bool, lenient: bool) -> None:
        self.side = side
        self.lenient = lenient  # a breach of a SHOULD doesn't fail the connection
        self.now = now
        self.skipped = skipped  # its payloads aren't looked at, and it gets no messages
        self.position = 0  # octets seen
        self.frames_begun = 0
        self.resumed_at = -1  # the number of frames that had begun when octets were last missing
        self.head: HeadReader | None = None if opened else HeadReader()
        self.early = bytearray()  # what a client sent after its request, before the response
        self.frames: FrameDecoder | None = FrameDecoder() if opened else None
        self.assembly: Assembly | None = None
        self.inflater: Inflater | None = None  # once permessage-deflate is agreed
        self.inflated = 0  # octets of output from it
        self.message_at = 0
        self.control = bytearray()
        self.control_hole = 0  # octets that are missing after it
        self.spoiled = False  # the current control frame breaks a rule and has no effect
        self.pings: deque[bytes] = deque()  # payloads of Pings that haven't been answered
        self.unanswered = Counter[bytes]()  # the same, counted
        self.stray_pong = False
        self.closed = False
        self.close_begun_at: int | None = None  # offset of an incomplete Close frame
        self.breaches = 0  # of rules, by its frames
        self.failed = False  # it broke a rule for which the other side may fail the connection
        self.unparsed = False
        self.unsure = False  # octets are missing, and no frame boundary is known after them
        self.context_lost = False  # its compressed messages can't be inflated any more

    def begin(self) -> None:
        """Expect frames from here on."""
        self.breaches = 0
        self.frames = FrameDecoder(self.position, self.skipped)

    def agree(self, terms: Agreed | None) -> None:
        """Expect messages that may be compressed on these terms from here on."""
        if terms is not None:
            self.inflater = Inflater(terms.window(self.side), terms.keeps_context(self.side), MOST)

    def resume(self, missing: int) -> None:
        """Expect another frame after this many missing octets. The compression context is lost."""
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
        """Note that octets are missing and that they may contain whole frames."""
        self.unsure = True
        self.assembly = None
        self.control.clear()
        self.control_hole = 0
        self.context_lost |= self.inflater is not None and self.inflater.keeps_context
        self.begin()

    def begun(self) -> Begun | None:
        """The incomplete frame or message, if there is one."""
        if self.frames is None or self.unparsed or self.unsure:
            return None
        if held := self.frames.unfinished:
            whole = f"its {self.frames.size} octets" if self.frames.size else "its octets"
            return Begun(self.position - held, f"TCP ended inside a frame, after {held} of {whole}")
        if self.assembly is not None:
            count = sum(length for _, length in self.assembly.parts)
            reason = f"TCP ended inside a fragmented message, after {count} octets of it"
            return Begun(self.message_at, reason)
        return None

    def place(self, start: int | None = None, end: int | None = None) -> EventPlace:
        """The place of an event that the current entry completes; by default, the current position."""
        start = self.position if start is None else start
        end = self.position if end is None else end
        return EventPlace(side=self.side, entry=self.now.entry, start=start, end=end)

    def harmless(self, rule: str) -> bool:
        """Whether a breach of this rule doesn't fail the connection, as the reading is lenient."""
        return self.lenient and RULES[rule].level == "SHOULD"

    def violation(
        self, rule: str, detail: str, at: int | None = None, frame: int | None = None
    ) -> Violation:
        """A breach at octet `at`, in the frame that starts at `frame`."""
        self.breaches += 1
        at = self.position if at is None else at
        code = RULES[rule].code
        if code is not None and not self.unsure:
            self.failed = True
        code = None if self.harmless(rule) else code
        frame = at if frame is None else frame
        return Violation(**self.place(at, at + 1), rule=rule, detail=detail, frame=frame, code=code)

    def lost(self, at: int, reason: str) -> Unparsed:
        """Stop reading: from octet `at` on, nothing can be decoded."""
        self.unparsed = True
        return Unparsed(**self.place(at, max(at, self.position)), reason=reason)

    def unread(self, at: int, reason: str, most: int, what: str) -> Unread:
        """Stop reading at octet `at`, as a limit of replay's is exceeded."""
        self.unparsed = True
        place = self.place(at, max(at, self.position))
        return Unread(**place, reason=reason, bound=f"{most:,} {what}")


def streams(opened: bool, skips: Side | None, lenient: bool) -> dict[Side, SideStream]:
    """The streams of both sides at the start of a connection. For `skips` see `Interpreter`, for `lenient`
    see `Reading`."""
    now = Now()
    both = {side: SideStream(side, opened, now, side is skips, lenient) for side in Side}
    for side, stream in both.items():
        stream.other = both[side.other]
    return both
