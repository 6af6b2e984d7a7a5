"""Which of the observed events a verdict is about, in order: Autobahn's `received`.

The player collects them while they come, the judge afterwards, by the same rules.
"""

from __future__ import annotations

from collections.abc import Iterable

from replay.cases.fit import kind
from replay.cases.model import EventKind, Profile
from replay.protocol.events import Close, CloseBegins, Event, Fired, Message, Ping, Pong, Violation
from replay.trace.model import Wait
from replay.wire.side import Side


class Received:
    """Is told every event of both sides, and says of each whether it is one of the testee's that count."""

    def __init__(
        self, tester: Side, kinds: frozenset[EventKind], profile: Profile = Profile.AUTOBAHN
    ) -> None:
        self.failed = False  # the tester has failed the connection
        self._tester = tester
        self._kinds = kinds
        self._profile = profile
        self._closed: set[Side] = set()
        self._begun: int | None = None  # where a Close of the tester's stands that came in parts
        self._failed_at = -1  # the frame that was the last to break a rule
        self.over: int | None = None  # the frame for which the tester ended TCP: nothing counts behind
        self._pings: list[bytes] = []  # of the tester, that no Pong has answered

    def add(self, event: Event) -> bool:
        """Whether this event counts."""
        counts = self._counts(event)
        match event:
            case Message():
                pass  # it changes nothing for those behind it
            case Ping(side=side, data=data) if side is self._tester:
                self._pings.append(data)
            case Close(valid=valid, side=side) if valid or side is self._tester:
                self._closed.add(side)
            case CloseBegins(side=side) if side is self._tester:
                self._begun = event.start
            case Violation(side=side) if side is self._tester:
                if event.frame == self._begun and spoils_close(event):
                    self._begun = None
            case Violation(side=side) if side is not self._tester and event.code is not None:
                ends = self.failed or self._closed or self._begun is not None
                if self.over is None and ends and event.frame != self._failed_at:
                    self.over = event.frame
                self.failed, self._failed_at = True, event.frame
            case Fired(wait=Wait.FAIL | Wait.LIMIT):
                self.failed = True
        return counts

    def _counts(self, event: Event) -> bool:
        if event.side is self._tester and not isinstance(event, Fired):
            return False
        if kind(event) not in self._kinds or is_free(event):
            return False
        if isinstance(event, Pong) and not self._answers(event):
            return False
        if self.over is not None or (self._tester is Side.SERVER and Side.CLIENT in self._closed):
            return False  # a server ends TCP with the client's Close and reads no further
        # Once a connection has failed, its data is discarded (RFC 6455 §7.1.7).
        return not (self.failed and isinstance(event, Message))

    def _answers(self, pong: Pong) -> bool:
        """Whether a Pong counts: one that nobody asked for may come at any time (RFC 6455 §5.5.3),
        and only the original takes it for an answer."""
        if pong.data in self._pings:
            del self._pings[: self._pings.index(pong.data) + 1]
            return True
        return self._profile is Profile.AUTOBAHN


def spoils_close(breach: Violation) -> bool:
    """Whether a tester's Close frame with this breach in its header is meant to be none; one that is just
    too long is one."""
    return breach.rule != "control-length"


def is_free(event: Event) -> bool:
    """Whether it is a breach in the handshake that doesn't decide by itself: what is wrong with a request,
    which the answer to it tells, or an answer that the client puts up with."""
    if not isinstance(event, Violation):
        return False
    of_request = event.side is Side.CLIENT and event.rule in ("opening-http", "extensions-grammar")
    return of_request or event.rule.startswith("request-") or event.rule == "response-deflate-fits"


def received(
    events: Iterable[Event], tester: Side, kinds: frozenset[EventKind], profile: Profile = Profile.AUTOBAHN
) -> tuple[Event, ...]:
    """The events that count, of a whole connection."""
    collected = Received(tester, kinds, profile)
    return tuple(filter(collected.add, events))
