"""What a run collects while it is played: a player for each case, its verdict, who died when."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from replay import limits
from replay.live.run import Target
from replay.live.transport import Address
from replay.play.endpoint import Endpoint, Limits
from replay.play.player import Player
from replay.play.script import Options, script
from replay.protocol.events import Opened
from replay.spec.canary import refusal
from replay.suite import Item
from replay.trace.model import Trace, Unreached
from replay.verdict.judge import judge
from replay.verdict.result import CaseResult
from replay.wire.side import Side

Watch = Callable[[int, CaseResult], bool]
"""Is told each result and its number as it comes, and says whether to go on."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a run is played."""

    target: Target = field(default_factory=Target)
    options: Options = field(default_factory=Options)
    connect_timeout: float = limits.CONNECT.default  # seconds
    jobs: int = limits.JOBS.default
    seed: int = 0
    limits: Limits = field(default_factory=Limits)


class Collected:
    """What the cases of a run have come to so far."""

    def __init__(self, items: Sequence[Item], settings: Settings, watch: Watch) -> None:
        self.results: dict[int, CaseResult] = {}
        self.agent = ""
        self.unreached: str | None = None
        self.died_on: set[int] = set()
        self._items, self._settings, self._watch = items, settings, watch
        self._under_way: set[int] = set()
        self._cut_off: dict[int, float] = {}  # when the server ended TCP without a Close
        self._reached = False  # the server was there once
        self._missed: dict[int, Trace] = {}  # not reached, since it was reached last

    def maker(self, number: int) -> Callable[[Address], Endpoint]:
        make = player_maker(self._items[number], self._settings)

        def begin(address: Address) -> Endpoint:
            self._under_way.add(number)
            return make(address)

        return begin

    def done(self, phase: int, number: int, endpoint: Endpoint, at: float) -> bool:
        if phase != 1:
            return self._canary(phase, endpoint)
        self._under_way.discard(number)
        item = self._items[number]
        trace = endpoint.trace((("case", item.case.id), ("seed", str(self._settings.seed))))
        if (reason := _unreached(trace)) is not None:
            return self._miss(number, trace, reason, at)
        self._reached = True
        return self.settle() and self._add(number, trace, at)

    def settle(self) -> bool:
        """Cases for which the server was not there, though it was before and is again, have failed."""
        missed, self._missed = self._missed, {}
        going_on = [self._add(number, trace, None) for number, trace in missed.items()]
        return all(going_on)

    def _miss(self, number: int, trace: Trace, reason: str, at: float) -> bool:
        """Whether to go on without the server: it may be there again for the next case."""
        self._missed[number] = trace
        if self._reached and len(self._missed) < limits.MISSES.default:
            return True
        self.unreached = reason
        if self._reached:  # it has died on what was under way
            recently = {cut for cut, when in self._cut_off.items() if at - when < limits.DYING.default}
            self.died_on = recently | self._under_way
        return False

    def _add(self, number: int, trace: Trace, at: float | None) -> bool:
        item = self._items[number]
        notes = (*item.notes, *_edits(item, self._settings.options))
        result = replace(judge(item.case, trace, Side.CLIENT, notes), path=item.path)
        if at is not None and result.facts.dropped_by_testee and result.facts.testee_close is None:
            self._cut_off[number] = at
        self.agent = self.agent or _agent(result)
        self.results[number] = _counted(result)
        return self._watch(number, result)

    def _canary(self, phase: int, endpoint: Endpoint) -> bool:
        trace = endpoint.trace()
        reason = _unreached(trace) or refusal(trace, Side.CLIENT)
        if reason is not None:
            self.unreached = reason if phase == 0 else f"after the last case: {reason}"
        self._reached = reason is None
        return reason is None


def _unreached(trace: Trace) -> str | None:
    return next((entry.reason for entry in trace.entries if isinstance(entry, Unreached)), None)


def player_maker(item: Item, settings: Settings) -> Callable[[Address], Endpoint]:
    """Makes the player of a case when its turn comes. Masks and nonce follow from seed and id."""

    def make(address: Address) -> Endpoint:
        generator = random.Random(f"{settings.seed}:{item.case.id}")
        options = settings.options
        if not options.edit_host:
            options = replace(options, host=address.authority)
        nonce = base64.b64encode(generator.randbytes(16)).decode()

        def keys() -> bytes:
            return generator.randbytes(4)

        own = script(item.case, Side.CLIENT, options, settings.limits, keys, nonce)
        return Player(own, settings.limits, keys)

    return make


def _edits(item: Item, options: Options) -> tuple[str, ...]:
    """What of a recorded request was changed, as the user asked for."""
    if item.case.trace is None:
        return ()
    edits = [f"its target is {options.target}"] if options.edit_target else []
    edits += [f"its Host is {options.host}"] if options.edit_host else []
    edits += [f"it has {name}: {value}" for name, value in options.headers]
    return (f"the recorded request was edited: {', '.join(edits)}",) if edits else ()


def _agent(result: CaseResult) -> str:
    """The testee's name: the Server header of its response, if it has one."""
    opened = next((event for event in result.events if isinstance(event, Opened)), None)
    return (opened.response.values("Server") or [""])[0] if opened else ""


def _counted(result: CaseResult) -> CaseResult:
    """A result without the octets that it rests on: what stays in memory until a run has ended."""
    nothing = replace(result.trace, entries=())
    return replace(result, trace=nothing, events=(), expected=(), received=(), divergence=None, broken=())
