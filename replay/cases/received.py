"""The observed events that a verdict is about, in order: Autobahn's `received`.

The player collects them as they come and the judge afterwards, by the same rules.
"""

from __future__ import annotations

from collections.abc import Iterable

from replay.cases.difference import kind
from replay.cases.model import EventKind, Profile
from replay.protocol.events import Close, CloseBegins, Event, Fired, Message, Opened, Ping, Pong, Violation
from replay.trace.model import Wait
from replay.wire.side import Side


class Received:
    """Is given every event of both sides, and says of each whether it is an event of the testee that
    counts."""

    def __init__(
        self, tester: Side, kinds: frozenset[EventKind], profile: Profile = Profile.AUTOBAHN
    ) -> None:
        self.failed = False  # whether the tester has failed the connection
        self._tester = tester
        self._kinds = kinds
        self._profile = profile
        self._closed: set[Side] = set()
        self._begun: int | None = None  # the start of a Close of the tester that came in parts
        self._failed_at = -1  # the last frame that broke a rule
        self.over: int | None = None  # the frame for which the tester ended TCP: nothing after it counts
        self._pings: list[bytes] = []  # the tester's Pings that no Pong has answered

    def add(self, event: Event) -> bool:
        """Whether this event counts."""
        counts = self._counts(event)
        match event:
            case Message():
                pass  # it doesn't affect the events after it
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
        if event.side is self._tester and not isinstance(event, Fired | Opened):
            return False
        if kind(event) not in self._kinds or is_free(event):
            return False
        if isinstance(event, Violation) and event.rule == "close-before-drop":
            return False  # the end of TCP behind it says the same; the breach makes a case NON-STRICT
        if isinstance(event, Pong) and not self._answers(event):
            return False
        if self.over is not None or (self._tester is Side.SERVER and Side.CLIENT in self._closed):
            return False  # a server ends TCP after the client's Close and reads no further
        # Once a connection has failed, its data is discarded (RFC 6455 §7.1.7).
        return not (self.failed and isinstance(event, Message))

    def _answers(self, pong: Pong) -> bool:
        """Whether a Pong counts: an unsolicited one may come at any time (RFC 6455 §5.5.3), and only
        Autobahn takes it for an answer."""
        if pong.data in self._pings:
            del self._pings[: self._pings.index(pong.data) + 1]
            return True
        return self._profile is Profile.AUTOBAHN


def spoils_close(breach: Violation) -> bool:
    """Whether a tester's Close frame with this breach in its header isn't meant as a Close. One that is
    merely too long is."""
    return breach.rule != "control-length"


_TOLERATED = ("response-deflate-fits", "server-no-length-in-101", "server-no-body-in-101")


def is_free(event: Event) -> bool:
    """Whether it is a breach in the handshake that decides nothing by itself: a fault in a request, which
    shows in the answer to it, or a fault in an answer that the client accepts."""
    if not isinstance(event, Violation):
        return False
    of_request = event.side is Side.CLIENT and event.rule in ("opening-http", "extensions-grammar")
    return of_request or event.rule.startswith("request-") or event.rule in _TOLERATED


def received(
    events: Iterable[Event], tester: Side, kinds: frozenset[EventKind], profile: Profile = Profile.AUTOBAHN
) -> tuple[Event, ...]:
    """The events of a whole connection that count."""
    collected = Received(tester, kinds, profile)
    return tuple(filter(collected.add, events))
