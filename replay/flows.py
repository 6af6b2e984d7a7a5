"""What replay does, each as a recombination of the same few parts. Open this file first.

run    = play + judge          check = parse + judge          show = parse + interpret
"""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from replay.live.run import play_all
from replay.live.transport import Address
from replay.play.endpoint import Endpoint, Limits
from replay.play.player import Player
from replay.play.script import Options, script
from replay.protocol.events import Opened
from replay.protocol.rules import RULES
from replay.spec.model import Behaviour
from replay.suite import Item, Log, expectation
from replay.trace.model import Unreached
from replay.verdict.judge import judge
from replay.verdict.result import CaseResult, RunResult
from replay.wire.side import Side

Watch = Callable[[CaseResult], bool]
"""Is told each result as it comes, and says whether to go on."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a run is played."""

    address: Address | None = None  # None: the built-in echo server
    options: Options = field(default_factory=Options)
    limits: Limits = field(default_factory=Limits)
    connect_timeout: float = 5.0  # seconds
    jobs: int = 8
    seed: int = 0


def run(items: Sequence[Item], settings: Settings, watch: Watch) -> RunResult:
    """Play each case against a server, and judge what was observed. ^C leaves a partial result."""
    results: dict[int, CaseResult] = {}
    unreached: list[str] = []

    def done(number: int, endpoint: Endpoint) -> bool:
        item = items[number]
        trace = endpoint.trace((("case", item.case.id), ("seed", str(settings.seed))))
        refused = next((entry.reason for entry in trace.entries if isinstance(entry, Unreached)), None)
        if refused is not None:
            unreached.append(refused)
            return False
        result = judge(item.case, trace, Side.CLIENT, (*item.notes, *_edits(item, settings.options)))
        results[number] = replace(result, path=item.path)
        return watch(results[number])

    makers = [_maker(item, settings) for item in items]
    played = play_all(makers, settings.address, settings.jobs, settings.connect_timeout, done)
    ordered = tuple(results[number] for number in sorted(results))
    return RunResult(
        agent=_agent(ordered),
        address=str(settings.address) if settings.address else "the built-in echo server",
        results=ordered,
        seed=settings.seed,
        duration=played.seconds,
        unreached=unreached[0] if unreached else None,
        planned=len(items),
        interrupted=played.interrupted,
    )


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


def _agent(results: Sequence[CaseResult]) -> str:
    """The testee's name: the Server header of the first response that has one."""
    for result in results:
        for event in result.events:
            if isinstance(event, Opened) and (names := event.response.values("Server")):
                return names[0]
    return ""


def check(log: Log) -> CaseResult:
    """Judge a log offline: by the case that it names, else by the rules alone."""
    tester = log.trace.recorder
    case, notes = expectation(log, tester)
    result = replace(judge(case, log.trace, tester, (*log.warnings, *notes)), path=log.name)
    musts = [broken for broken in result.broken if RULES[broken.rule].level == "MUST"]
    if case.closing is None and musts:
        return replace(result, behaviour=Behaviour.FAILED)
    return result
