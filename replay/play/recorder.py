"""Records what passes on a connection, as one side sees it, and holds what this side still has to write.

Writes of equal size become one entry of the trace if nothing else is recorded between them.
"""

from __future__ import annotations

from collections.abc import Iterable

from replay import limits
from replay.play.outbox import Outbox, Written
from replay.protocol.events import CloseBegins, Event, Unparsed, Violation
from replay.protocol.frame_rules import Reading
from replay.protocol.interpreter import Interpreter
from replay.trace.model import Entry, Trace
from replay.wire.side import Side
from replay.wire.writes import Writes


class Recorder:
    """See the module. Subclasses look at the events."""

    parts_frames = False  # each frame has to arrive separately

    def __init__(self, side: Side, reading: Reading) -> None:
        self.side = side
        self._entries: list[Entry] = []
        self.events: list[Event] | None = None  # None: nobody wants them, or they aren't those of `trace`
        self.output: list[bytes] = []  # one write each
        self.done = False
        self.opened = False
        self.accepted = False  # the peer has room for the connection, whether or not it opens
        self.hurries = False  # writes needn't arrive separately any more
        self.moved = 0  # when octets were last sent or received, on the owner's clock
        self.elapsed = 0  # the current time, since the start of the connection
        self._interpreter = Interpreter(side, reading, skips=side)
        self._outbox = Outbox()
        self._written: Written | None = None  # all of the last entry, as long as more may be added to it
        self._epoch: int | None = None

    @property
    def entries(self) -> list[Entry]:
        """The entries so far. Nothing is added to the last of them any more."""
        self._settle()
        return self._entries

    def trace(self, headers: tuple[tuple[str, str], ...] = ()) -> Trace:
        """Everything that was observed so far."""
        return Trace(self.side, tuple(self.entries), headers)

    def noted(self) -> tuple[Event, ...] | None:
        """The events that `observe` finds in the trace, without our own messages, if they are known."""
        return None if self.events is None else tuple(self.events)

    # What is written.

    @property
    def pending(self) -> bool:
        """Whether there are upcoming writes."""
        return bool(self._outbox) and not self.done

    @property
    def apart(self) -> bool:
        """Whether the next write has to arrive separately from the previous one: a split among the first
        octets of a frame tests whether the reader copes with it. Once the peer has broken a rule, the Close
        that says so isn't held back for that."""
        if self.hurries:
            return False
        sent = self._interpreter.unfinished(self.side)
        return 0 < sent <= limits.HEADER.default or (self.parts_frames and self.opened and not sent)

    def upcoming(self, most: int) -> list[bytes]:
        """The next of the waiting writes: several, up to this number, if they needn't arrive separately and
        have no event before the last of them."""
        if not self.pending:
            return []
        writes, at = self._outbox.first
        if writes.chop is None or most == 1 or self.apart:
            return self._outbox.next(1)
        count = self._interpreter.together(self.side, writes.octets, at, writes.chop, most)
        return self._outbox.next(count)

    def write(self, *pieces: bytes | Writes) -> None:
        """Write each piece separately: the first one now if nothing is waiting, the others when they are
        upcoming."""
        at_once = not self._outbox and not self.apart
        for piece in pieces:
            self._outbox.put(piece if isinstance(piece, Writes) else Writes(piece))
        if at_once and self._outbox:
            self.output += self._outbox.next(1)
            self._take(1)

    def _take(self, count: int) -> None:
        """Record the next writes, as a part of the last entry if they go on with that one's."""
        more = self._outbox.take(count, self.elapsed)
        self.moved = (self._epoch or 0) + self.elapsed
        entry = more.entry(self.side)
        whole = self._written.before(more) if self._written is not None else None
        if whole is None:
            self.record(entry, more)
        else:
            self._written = whole
            self.look_at(entry, self._interpreter.feed(entry, grows=True))

    # What is recorded.

    def record(self, entry: Entry, written: Written | None = None) -> None:
        """Add an entry to the trace, and look at its events."""
        self._settle()
        self._entries.append(entry)
        self._written = written
        self.look_at(entry, self._interpreter.feed(entry))

    def _settle(self) -> None:
        """Complete the last entry: nothing is added to it any more."""
        if self._written is not None:
            self._entries[-1] = self._written.entry(self.side)
            self._written = None

    def look_at(self, entry: Entry, events: Iterable[Event]) -> None:
        """Act on the events of the last entry."""
        raise NotImplementedError

    def _note(self, event: Event, number: int) -> None:
        """Add an event of the entry with this number, unless it was read in another order than that of the
        trace: entries that were recorded while this one was read may have changed what it means. In a run,
        what is said of an incomplete frame may change with the rest of the run."""
        breach = isinstance(event, Violation) and event.side is not self.side
        runs = self._written is not None and self._written.writes.chop is not None
        partial = runs and isinstance(event, CloseBegins | Unparsed)
        if breach or partial or number != len(self._entries) - 1 or event.entry != number:
            self.events = None
        elif self.events is not None:
            self.events.append(event)

    def _clock(self, now: int) -> None:
        if self._epoch is None:
            self._epoch = now
        self.elapsed = now - self._epoch
