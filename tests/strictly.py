"""Cases played in memory against the strict peers, and the rules that a verdict names."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cache

from replay.cases.model import Case, Profile
from replay.cases.recorded import under
from replay.suite.files import bundled, read_spec
from replay.trace.model import SECOND, How
from replay.verdict.fresh import keys
from replay.verdict.judge import judge
from replay.verdict.result import Judged
from replay.wire.side import Side
from tests.memory import join, player
from tests.peers.strict import CHANCE, PATIENCE, Endpoint, Ways
from tests.peers.strict_client import Client
from tests.peers.strict_server import Server


class Peer:
    """A strict peer with the face that `join` knows. What it sends takes its time."""

    def __init__(self, own: Endpoint) -> None:
        self._own = own
        self._delay = int(own.ways.delay * SECOND)
        self._due: list[tuple[int, bytes | None]] = []  # None: the end of TCP
        self.output: list[bytes] = []
        self.dropped_as: How | None = None

    @property
    def pending(self) -> bool:
        return False

    @property
    def done(self) -> bool:
        return self._own.dropped

    @property
    def deadline(self) -> int | None:
        return self._due[0][0] if self._due else None

    def connected(self, now: int) -> None:
        self._own.connected()
        self._collect(now)

    def received(self, data: bytes, now: int) -> None:
        self._own.received(data)
        self._collect(now)

    def ended(self, how: How, now: int) -> None:
        self._own.ended()
        self._due.clear()

    def pump(self, now: int) -> None:
        raise AssertionError

    def wake(self, now: int) -> None:
        while self._due and self._due[0][0] <= now:
            data = self._due.pop(0)[1]
            if data is None:
                self.dropped_as = How.RST if self._own.ways.resets else How.FIN
            else:
                self.output.append(data)

    def _collect(self, now: int) -> None:
        acts: list[bytes | None] = [*self._own.output]
        self._own.output.clear()
        if self._own.dropped and (None not in [data for _, data in self._due]) and not self.dropped_as:
            acts.append(None)
        self._due += [(now + self._delay, data) for data in acts]
        if self._own.waits:
            self._due.append((now + int(PATIENCE * SECOND), None))
        self.wake(now)


def played(case: Case, ways: Ways, testee: Side) -> Judged:
    """The verdict on a peer that goes about it in these ways, which is the same each time. The connections
    of the same group before it are played too."""
    group = [one for one in chapters() if case.together is not None and one.together == case.together]
    earlier: tuple[tuple[str, str], ...] = ()
    for one in itertools.takewhile(lambda one: one.id != case.id, group):
        result = _played(one, ways, testee, earlier)
        earlier += (keys(one.id, result.trace, result.events).header(),)
    return _played(case, ways, testee, earlier)


def _played(case: Case, ways: Ways, testee: Side, earlier: tuple[tuple[str, str], ...]) -> Judged:
    CHANCE.seed(case.id)
    case = under(case, Profile.RFC, testee.other)
    own = player(case, testee.other)
    peer = Peer(Server(ways) if testee is Side.SERVER else Client(ways))
    join(own, peer)
    return judge(case, own.trace(earlier), testee.other)


def named(result: Judged) -> set[str]:
    """The rules that a failure names."""
    cause = result.cause.rule if result.cause is not None else None
    return {one.rule for one in result.broken} | ({cause} if cause else set())


@cache
def chapters() -> tuple[Case, ...]:
    """The cases that are judged by the text."""
    return tuple(_chapters())


def _chapters() -> Iterator[Case]:
    for path in sorted((bundled("specs") / "rfc").rglob("*.yaml")):
        yield from read_spec(path)


def is_for(case: Case, testee: Side) -> bool:
    """Whether the case can test this side."""
    return case.testee is None or case.testee is testee
