"""What a run collects while it is played: a player for each case, its verdict, and who died when."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from replay import limits
from replay.campaign import schedule
from replay.campaign.explain import Explainer
from replay.campaign.judged import alike, briefly, judged, of_two, since_1970
from replay.cases.declared import NOTHING_DECLARED, Declared
from replay.cases.model import Case, Profile
from replay.live.assignment import Assignment, Phase
from replay.live.servers import Target
from replay.live.transport import GONE, UNKNOWN, Address, moment
from replay.play.actions import Options, addressed
from replay.play.dialogue import Dialogue
from replay.play.endpoint import Endpoint, Limits
from replay.play.pace import FULL, Pace
from replay.play.player import Player
from replay.play.script import script
from replay.suite.canary import CANARY, refusal, round_trip
from replay.suite.files import LIMITS, Item
from replay.trace.model import SECOND, Trace, Unreached
from replay.values.kinds import Maker
from replay.verdict.judge import REENCODED
from replay.verdict.result import CaseResult, Fresh, Judged, Logged, kept, verdict_of
from replay.wire.handshake import nonce
from replay.wire.side import Side

if TYPE_CHECKING:
    from replay.expected.entries import Expected

SLOW = "it may accept connections too slowly, or no longer; see --connect-timeout and --jobs"

Watch = Callable[[int, Fresh, bool], bool]
"""Called with the number and the result of each case as it comes, and with whether it is final or the case
is played again; returns whether to go on."""


class Settings(Struct, frozen=True):
    """How a run is played."""

    target: Target = field(default_factory=Target)
    options: Options = field(default_factory=Options)
    connect_timeout: float = limits.CONNECT.default  # seconds
    jobs: int | None = None  # connections at once; None: as many as useful
    profile: Profile = Profile.AUTOBAHN
    patience: Literal["auto", "full"] = "auto"  # full: no wait is shortened
    thorough: bool = False  # whether the cases have all their rounds
    declared: Declared = NOTHING_DECLARED  # the limits that the testee promises to keep
    pace: Pace | None = None  # the server's pace if it is already known; then no canary is sent
    canary: Literal["auto", "never"] = "auto"  # auto: if there are cases that make sense only with an echo
    again: bool = True  # whether the cases of unexpected failures are played again
    seed: int = 0
    limits: Limits = field(default_factory=Limits)
    expected: Expected | None = None
    agent: str = ""  # the name of the server; "": the server tells it
    explained: bool = False  # whether results are explained for reports
    closely: bool = False  # whether the octets of cases that pass are wanted, too


class Seen(Struct, frozen=True):
    """A connection that has ended. Another process only receives what it needs: for a case that passes, the
    verdict and the log; for any other, the trace, which is judged there."""

    trace: Trace
    result: Logged | None = None  # None: something is wrong, or somebody looks closer
    passed: Mapping[str, Any] | None = (
        None  # a `Logged` from another process, without its case, which is large
    )

    def __reduce__(self) -> tuple[type[Seen], tuple[Any, ...]]:
        if self.result is None or self.result.log is None:
            return Seen, (self.trace,)
        passed = {**verdict_of(self.result), "log": self.result.log}
        del passed["case"]
        return Seen, (Trace(self.trace.recorder, ()), None, passed)


class Collected:
    """The results of a run so far."""

    def __init__(self, items: Sequence[Item], settings: Settings, watch: Watch) -> None:
        self.results: dict[int, CaseResult] = {}
        self.agent = settings.agent
        self.unreached: str | None = None
        self.died_on: set[int] = set()
        self.pace = settings.pace or FULL
        self._items, self._settings, self._watch = items, settings, watch
        self._under_way: set[int] = set()
        self._cut_off: dict[int, float] = {}  # when the server ended TCP without a Close
        self._reached = False  # whether the server was reached once
        self._missed: dict[int, Trace] = {}  # the cases for which it wasn't reached since it last was
        self._doubted: dict[int, Judged] = {}  # failures that may be bad luck
        self._dialogues: dict[str, Dialogue] = {}  # of conversations over several connections
        self._named = bool(settings.agent)
        self._explain = Explainer() if settings.explained else None
        # A connection to an application may affect others and leave something behind.
        own = frozenset(n for n, item in enumerate(items) if item.own and not item.case.echoes)
        self._one_by_one = own if settings.jobs in (None, 1) else frozenset[int]()

    def phases(self, canary: bool) -> Iterator[Phase]:
        """The phases that are played, one after the other."""
        if canary:
            yield Phase(schedule.BEFORE)
        cases = [item.case for item in self._items]
        yield from schedule.phases(cases, self._settings.jobs, self._one_by_one)
        for number in list(self._doubted):
            if number in self._doubted:  # it may have been believed since
                yield schedule.alone(number)
        if canary:
            yield Phase(schedule.AFTER)

    def part(self, phase: str, number: int, address: Address) -> Assignment:
        """The assignment for a case, or for the canary."""
        if phase in (schedule.BEFORE, schedule.AFTER):
            return Assignment(None, address, FULL)
        self._under_way.add(number)
        return Assignment(number, address, self.pace)

    @property
    def workers(self) -> int:
        """How many processes besides this one can have enough to do, at most."""
        return schedule.workers([item.case for item in self._items], self._settings.jobs)

    def make(self, part: Assignment) -> Endpoint:
        """The player of a case, or of the canary."""
        if part.number is None:
            soon = limits.CANARY_END.default * SECOND // 1000
            hasty = replace(self._settings.limits, closing=soon, drop=soon)
            return new_player(CANARY, part.address, replace(self._settings, limits=hasty), part.pace)
        case = self._items[part.number].case
        shared = None
        if case.turns is not None:
            shared = self._dialogues.setdefault(case.turns.conversation, Dialogue())
        return new_player(case, part.address, self._settings, part.pace, shared)

    def seen(self, part: Assignment, endpoint: Endpoint) -> Seen:
        """A connection that has ended, and its verdict if nothing is wrong and nobody looks closer, in the
        form that `done` takes."""
        if part.number is None:
            return Seen(endpoint.trace())
        trace = endpoint.trace(self._headers(self._items[part.number]))
        if _unreached(trace) is not None or self._settings.closely:
            return Seen(trace)
        item, options = self._items[part.number], self._settings.options
        return Seen(trace, briefly(item, trace, Side.CLIENT, options, endpoint.noted()))

    def done(self, phase: str, number: int, seen: Seen, at: float) -> bool:
        """Take in how a connection went; returns whether to go on."""
        if phase in (schedule.BEFORE, schedule.AFTER):
            return self._canary(phase, seen.trace)
        self._under_way.discard(number)
        if (reason := _unreached(seen.trace)) is not None:
            return self._miss(number, seen.trace, reason, at)
        self._reached = True
        result: Fresh
        if seen.passed is not None:
            result = Logged(case=self._items[number].case, **seen.passed)
        else:
            result = seen.result or self._judged(number, seen.trace)
        return self._settle() and self._add(number, result, at)

    def _headers(self, item: Item) -> tuple[tuple[str, str], ...]:
        headers = [("case", item.case.id), ("seed", str(self._settings.seed))]
        if item.own:
            headers.insert(1, ("title", item.case.title))
        if self._settings.thorough and item.case.rounds is not None:
            headers.append(("thorough", "yes"))
        if item.case.limit is not None and (promised := str(self._settings.declared)):
            headers.append((LIMITS, promised))
        if self._settings.options.reencode and item.case.trace is not None:
            headers.append((REENCODED, "yes"))
        return tuple(headers)

    def finish(self, reached: bool) -> None:
        """Nothing more comes, so failures that may have been bad luck count. `reached`: the server is still
        there."""
        if reached and self.unreached is None:
            self._settle()
        self._believe()

    def _settle(self) -> bool:
        """Fail the cases for which the server wasn't there, although it was before and is again."""
        missed, self._missed = self._missed, {}
        results = {number: self._judged(number, trace) for number, trace in missed.items()}
        going_on = [self._add(number, result, None) for number, result in results.items()]
        return all(going_on)

    def _believe(self, twice: CaseResult | None = None) -> bool:
        """Count the failures that were to be checked by playing them again; given a case that failed twice,
        only those that are like it."""
        sure = [n for n, once in self._doubted.items() if twice is None or alike(twice, once)]
        going_on = [self._count(number, self._doubted.pop(number)) for number in sure]
        return all(going_on)

    def _miss(self, number: int, trace: Trace, reason: str, at: float) -> bool:
        """Whether to go on without the server: it may be there again for the next case."""
        self._missed[number] = trace
        if self._reached and len(self._missed) < limits.MISSES.default:
            return True
        self.unreached = self._placed(reason)
        if self._reached and reason != GONE:
            self.unreached = f"{reason}, although it was there before: {SLOW}"
        elif self._reached:  # it died on the cases that were running
            recently = {cut for cut, when in self._cut_off.items() if at - when < limits.DYING.default}
            self.died_on = recently | self._under_way
        return False

    def _judged(self, number: int, trace: Trace) -> Judged:
        return judged(self._items[number], trace, Side.CLIENT, self._settings.options)

    def _add(self, number: int, result: Fresh, at: float | None) -> bool:
        if at is not None:
            result = replace(result, began=since_1970(result, at))
        if at is not None and result.facts.dropped_by_testee and result.facts.testee_close is None:
            self._cut_off[number] = at
        self._name(result)
        if self._settings.expected is not None:
            result = self._settings.expected.mark(result, self.agent or self._settings.target.name)
        if number in self._doubted:
            result = of_two(self._doubted.pop(number), result)
            return self._count(number, result) and self._believe(result)
        again = self._settings.again and number not in self._one_by_one
        if not again or isinstance(result, Logged) or not schedule.may_be_luck(result):
            return self._count(number, result)
        self._doubted[number] = result
        if len(self._doubted) > limits.AGAIN.default:
            self._settings = replace(self._settings, again=False)
            return self._believe()
        return self._watch(number, result, False)

    def _count(self, number: int, result: Fresh) -> bool:
        if self._explain is not None:
            result = self._explain(result)
        self.results[number] = kept(result)
        return self._watch(number, result, True)

    def _name(self, result: CaseResult) -> None:
        """The name of the testee is the Server header of its first response."""
        if not self._named and result.server is not None:
            self.agent, self._named = result.server, True

    def _placed(self, reason: str) -> str:
        """Why the server couldn't be reached, with its address where the reason alone says too little."""
        target = self._settings.target
        if target.address is None or target.command is not None:
            return reason
        if reason == UNKNOWN:
            return f"there is no such host: {target.address}"
        if reason != GONE:
            return reason
        hint = "" if self._reached else "; start the server first, or let replay start it with --exec"
        return f"nothing listens at {target.address} ({reason}){hint}"

    def _canary(self, phase: str, trace: Trace) -> bool:
        if phase == schedule.BEFORE and self._settings.patience == "auto":
            self.pace = Pace(round_trip(trace, Side.CLIENT))
        at = self._settings.target.address
        refused = refusal(trace, Side.CLIENT, plain=at is not None and at.tls is None)
        reason = unreached if (unreached := _unreached(trace)) is not None else refused
        if reason is not None:
            reason = self._placed(reason)
            self.unreached = reason if phase == schedule.BEFORE else f"after the last case: {reason}"
        self._reached = reason is None
        return reason is None


def _unreached(trace: Trace) -> str | None:
    return next((entry.reason for entry in trace.entries if isinstance(entry, Unreached)), None)


def new_player(
    case: Case, address: Address, settings: Settings, pace: Pace, dialogue: Dialogue | None = None
) -> Player:
    """A player for a case. Masks and nonce follow from seed and id."""
    generator = random.Random(f"{settings.seed}:{case.id}")
    options = addressed(settings.options, address.authority)
    key = nonce(generator.randbytes(16))
    keys = partial(generator.randbytes, 4)
    maker = Maker(random.Random(f"{settings.seed}:{case.id}:new"), moment())
    own = script(case, Side.CLIENT, options, settings.limits, keys, key, maker)
    return Player(own, settings.limits, pace, dialogue)
