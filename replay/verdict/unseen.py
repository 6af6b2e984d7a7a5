"""Whether a verdict depends on octets that a log leaves out: then there is none (`CaseResult.unjudged`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from replay.cases.fit import Fit
from replay.cases.model import Behaviour, Closing
from replay.cases.received import Received
from replay.protocol.events import Close, End, Event, Gap, Message, NotOpened, Opened, Pong, Requested
from replay.verdict.facts import ClosingFacts
from replay.verdict.result import GOOD, ClosingVerdict, Judged
from replay.wire.side import Side


class Unseen(Struct, frozen=True):
    """What isn't known about a connection."""

    events: Sequence[Event]
    tester: Side
    blind: dict[Side, int]  # the event from which on it isn't known what else the side sent
    gaps: tuple[Gap, ...]
    handshake: bool  # the log cut off the handshake
    cut: bool  # the log ends before the connection does

    @classmethod
    def of(cls, events: Sequence[Event], tester: Side) -> Self | None:
        """What isn't known about a connection; None: the log leaves out nothing that counts."""
        gaps = tuple(event for event in events if isinstance(event, Gap))
        if gaps and (over := _over(events, tester)) is not None:
            gaps = tuple(gap for gap in gaps if gap.side is tester or gap.start < over)
        cut = not any(isinstance(event, End | NotOpened) for event in events)
        if not gaps and not cut:
            return None
        blind: dict[Side, int] = {}
        closed: set[Side] = set()
        for number, event in enumerate(events):
            if isinstance(event, Close):  # nothing counts after it
                closed.add(event.side)
            elif isinstance(event, Gap) and event.lost and event.side not in closed:
                blind.setdefault(event.side, number)
        for side in Side if cut else ():
            if side not in closed:
                blind.setdefault(side, len(events))
        partial = any(isinstance(event, Opened) and event.partial for event in events)
        return cls(events, tester, blind, gaps, partial, cut)

    def why(self) -> str:
        """What is missing, in words."""
        if not self.gaps:
            return f"the log ends before the {'opening handshake' if self._unopened else 'connection'} does"
        sides = [
            side for side in (self.tester.other, self.tester) if any(g.side is side for g in self.gaps)
        ]
        said = []
        for side in sides:
            sizes = [gap.size for gap in self.gaps if gap.side is side]
            known = sum(size for size in sizes if size is not None)
            octets = f"{known} octet{'s' * (known != 1)}" if None not in sizes else "octets"
            said.append(f"{octets} that the {side.value} sent")
        return f"the log leaves out {' and '.join(said)}"

    @property
    def hides_testee(self) -> bool:
        """Whether octets of the testee are missing, or the whole connection."""
        return any(gap.side is not self.tester for gap in self.gaps) or (self.cut and self._unopened)

    @property
    def _unopened(self) -> bool:
        """Whether there is no more than a request, or a part of it."""
        return all(isinstance(event, Requested) for event in self.events)

    def behaviour(
        self, fits: bool, found: Fit, received: Sequence[Event], anything: bool, ends: bool
    ) -> bool:
        """Whether the events that were observed decide the behaviour; `ends`: they decide the closing."""
        border = self.blind.get(self.tester.other)
        if anything:
            return True
        if found.state == "apart" and found.why is not None and found.why.observed is not None:
            return border is None or _index(self.events, found.why.observed) < border
        holes = any(isinstance(event, Message | Pong) and event.holes for event in received)
        complete = found.state == "complete"
        return border is None and not holes if fits else border is None and (ends or not complete)

    def closing(self, closing: Closing, facts: ClosingFacts, verdict: ClosingVerdict) -> bool:
        """Whether the events that were observed decide the closing."""
        testee = self.blind.get(self.tester.other)
        if not facts.opened and self.blind:
            return any(isinstance(event, NotOpened) for event in self.events)
        if facts.testee_close is None and testee is not None:
            first = facts.tester_close
            before = first is not None and _index(self.events, first) < testee
            return before and closing.by == "testee" and verdict is ClosingVerdict.FAILED
        # If the tester's Close isn't in the log, it may have been the first one.
        return facts.tester_close is not None or self.tester not in self.blind


def _over(events: Sequence[Event], tester: Side) -> int | None:
    """The offset in the testee's octets after which nothing counts, as the tester ended TCP there for a
    second breach."""
    seen = Received(tester, frozenset())
    for event in events:
        seen.add(event)
    ended = any(isinstance(event, End) and event.side is tester for event in events)
    return seen.over if ended else None


def _index(events: Sequence[Event], one: Event) -> int:
    return next(number for number, event in enumerate(events) if event is one)


def decided(result: Judged, why: str, behaviour: bool, closing: bool) -> Judged:
    """The result with only those of its verdicts that are decided. A failure stays one even if the other
    verdict is unknown."""
    if behaviour and closing:
        return result
    undecided = f"not judged: {why}"
    if not closing and behaviour and result.behaviour in (Behaviour.FAILED, Behaviour.UNIMPLEMENTED):
        return replace(result, closing=ClosingVerdict.INFORMATIONAL, closing_reason=undecided)
    if closing and result.closing not in GOOD:
        notes = tuple(dict.fromkeys((*result.notes, f"the events are {undecided}")))
        return replace(result, behaviour=Behaviour.INFORMATIONAL, notes=notes)
    return result.left_unjudged(why)
