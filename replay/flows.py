"""What replay does, each as a recombination of the same few parts. Open this file first.

run    = play + judge          check = parse + judge          show = parse + interpret
"""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from replay import limits
from replay.live.run import Target, play_all
from replay.live.transport import Address
from replay.play.endpoint import Endpoint, Limits
from replay.play.player import Player
from replay.play.script import Options, script
from replay.protocol.events import Opened
from replay.protocol.rules import RULES
from replay.spec.canary import CANARY, refusal
from replay.spec.model import Behaviour, Case, Kind
from replay.store.writer import About, Store
from replay.suite import Item, Log, expectation
from replay.trace.model import Logging, Octets, Trace, Unreached
from replay.verdict.judge import judge
from replay.verdict.result import CaseResult, RunResult
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


def run(items: Sequence[Item], settings: Settings, watch: Watch) -> RunResult:
    """Play each case against a server, and judge what was observed. ^C leaves a partial result.

    Before and after the cases of specs a canary shows that the server echoes at all.
    """
    collected = _Collected(items, settings, watch)
    makers = [collected.maker(number) for number in range(len(items))]
    foreign = settings.target != Target() and any(_wants_echo(item.case) for item in items)
    canary = [_maker(Item(CANARY), settings)] if foreign else []
    played = play_all(
        (canary, makers, canary), settings.target, settings.jobs, settings.connect_timeout, collected.done
    )
    ordered = tuple(collected.results[number] for number in sorted(collected.results))
    return RunResult(
        agent=collected.agent,
        address=_named(settings.target, played.address),
        results=ordered,
        seed=settings.seed,
        duration=played.seconds,
        unreached=played.fault or collected.unreached,
        last_lines=played.last_lines,
        died_on=tuple(items[number].case.id for number in sorted(collected.died_on)),
        planned=len(items),
        interrupted=played.interrupted,
    )


class _Collected:
    """What the cases of a run have come to so far."""

    def __init__(self, items: Sequence[Item], settings: Settings, watch: Watch) -> None:
        self.results: dict[int, CaseResult] = {}
        self.agent = ""
        self.unreached: str | None = None
        self.died_on: set[int] = set()
        self._items, self._settings, self._watch = items, settings, watch
        self._under_way: set[int] = set()
        self._cut_off: dict[int, float] = {}  # when the server ended TCP without a Close

    def maker(self, number: int) -> Callable[[Address], Endpoint]:
        make = _maker(self._items[number], self._settings)

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
            self.unreached = reason
            if self.results:  # it was there, so it has died on what was under way
                recently = {cut for cut, when in self._cut_off.items() if at - when < limits.DYING.default}
                self.died_on = recently | self._under_way
            return False
        notes = (*item.notes, *_edits(item, self._settings.options))
        result = replace(judge(item.case, trace, Side.CLIENT, notes), path=item.path)
        if result.facts.dropped_by_testee and result.facts.testee_close is None:
            self._cut_off[number] = at
        self.agent = self.agent or _agent(result)
        self.results[number] = _counted(result)
        return self._watch(number, result)

    def _canary(self, phase: int, endpoint: Endpoint) -> bool:
        trace = endpoint.trace()
        reason = _unreached(trace) or refusal(trace, Side.CLIENT)
        if reason is not None:
            self.unreached = reason if phase == 0 else f"after the last case: {reason}"
        return reason is None


def store(items: Sequence[Item], settings: Settings, directory: Path | None) -> Store:
    """Where the results of a run are kept. Raises SourceError if `directory` holds something else."""
    about = About(Side.CLIENT, _named(settings.target), settings.seed, asdict(settings.limits))
    return Store.create(directory, items, about)


def _wants_echo(case: Case) -> bool:
    """Whether a case of a spec has no meaning for a server that echoes nothing."""
    patterns = [pattern for outcome in case.outcomes for pattern in outcome.patterns]
    return case.closing is not None and any(p.kind in (Kind.TEXT, Kind.BINARY) for p in patterns)


def _has_gaps(trace: Trace) -> bool:
    return any(isinstance(e, Logging) or (isinstance(e, Octets) and e.cut) for e in trace.entries)


def _named(target: Target, address: Address | None = None) -> str:
    if target == Target():
        return "the built-in echo server"
    return str(address or target.address or target.command)


def _unreached(trace: Trace) -> str | None:
    return next((entry.reason for entry in trace.entries if isinstance(entry, Unreached)), None)


def _maker(item: Item, settings: Settings) -> Callable[[Address], Endpoint]:
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


def check(log: Log) -> CaseResult:
    """Judge a log offline: by the case that it names, else by the rules alone."""
    tester = log.trace.recorder
    case, notes = expectation(log, tester)
    result = replace(judge(case, log.trace, tester, (*log.warnings, *notes)), path=log.name)
    if _has_gaps(log.trace) and result.behaviour is Behaviour.FAILED and not result.broken:
        note = "octets are missing in the log, so nothing can be said of what they would have shown"
        return replace(result, behaviour=Behaviour.INFORMATIONAL, notes=(*result.notes, note))
    musts = [broken for broken in result.broken if RULES[broken.rule].level == "MUST"]
    if case.closing is None and musts:
        return replace(result, behaviour=Behaviour.FAILED)
    return result
