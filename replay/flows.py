"""What replay does, in four functions made of the same few parts. Open this file first.

run      play + judge: connections to a server, and the verdicts on them
serve    the same with the sides swapped: connections from clients, one run for each agent
check    parse + judge: the verdict on a log
rejudge  load + judge: the verdicts on a stored run, derived again
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import asdict, replace

from replay.campaign.judged import offline
from replay.campaign.server import Collected, Settings, Watch
from replay.cases.model import Profile
from replay.cases.recorded import has_websocket, under
from replay.live.servers import Target, play_all
from replay.live.transport import Address
from replay.play.pace import Pace
from replay.source import SourceError, printable
from replay.store.writer import About, Store
from replay.suite.files import Item, editions_of, expectation
from replay.suite.logs import LogFile
from replay.verdict.result import CaseResult, Judged, RunResult
from replay.wire.side import Side

if TYPE_CHECKING:
    from replay.campaign.clients import Guests
    from replay.campaign.rejudged import Rejudged
    from replay.live.client_contract import Served
    from replay.store.stored_run import StoredCase, StoredRun


def run(items: Sequence[Item], settings: Settings, watch: Watch) -> RunResult:
    """Play each case against a server and judge what was observed. After ^C the result is partial.

    If a case makes sense only against a server that echoes, a canary before the first case and after the
    last one shows that the server does.
    """
    items = [replace(item, case=under(item.case, settings.profile, Side.CLIENT)) for item in items]
    collected = Collected(items, settings, watch)
    wanted = settings.target == Target() or any(item.case.echoes for item in items)
    canary = wanted and settings.pace is None and settings.canary == "auto"
    played = play_all(
        collected.phases(canary),
        collected,
        settings.target,
        settings.connect_timeout,
        collected.workers,
    )
    collected.finish(reached=played.fault is None)
    ordered = tuple(collected.results[number] for number in sorted(collected.results))
    result = RunResult(
        agent=collected.agent or settings.target.name,
        address=_named(settings.target, played.address),
        results=ordered,
        seed=settings.seed,
        duration=played.seconds,
        unreached=played.fault or collected.unreached,
        last_lines=played.last_lines,
        died_on=tuple(items[number].case.id for number in sorted(collected.died_on)),
        planned=len(items),
        suite=editions_of(items),
        interrupted=played.interrupted,
        room=played.room,
        memory=played.memory,
        most_memory=settings.declared.memory,
    )
    return result if settings.expected is None else settings.expected.judged(result)


def greet(settings: Settings) -> tuple[Pace, str | None]:
    """The pace of a server as measured by the canary, and the reason why playing against it is pointless,
    or None.

    Raises KeyboardInterrupt.
    """
    collected = Collected((), settings, lambda *_: True)
    played = play_all(collected.phases(True), collected, settings.target, settings.connect_timeout)
    if played.interrupted:
        raise KeyboardInterrupt
    return collected.pace, played.fault or collected.unreached


def serve(guests: Guests) -> tuple[RunResult, ...]:
    """Play cases against the clients that connect, and judge what was observed: one run for each agent.

    The clients that connect decide which cases are played. If none connects, there is one run, which says
    so. After ^C the runs are partial. Raises SourceError if it can't listen.
    """
    from replay.live.clients import receive

    hosting = guests.hosting
    served = receive(guests, hosting.door)
    guests.believe()
    fault, planned, runs = _missing(served, guests), len(guests.items), []
    for guest in guests.known.values():
        own = sum(guests.is_for(number, guest.name) for number in range(planned))
        run = guest.run(guests.address, own, served.interrupted, fault)
        if run.unreached is not None:
            run = replace(run, last_lines=served.last_lines)
        if guest.store is not None:
            guest.store.finish(run)
            run = replace(run, stored=guest.store.place)
        if run.results:
            runs.append(run if hosting.expected is None else hosting.expected.judged(run))
    nobody = RunResult(
        agent=hosting.agent,
        address=guests.address,
        results=(),
        seed=None,
        duration=served.seconds,
        unreached=fault
        or (
            None
            if served.interrupted and not served.refused
            else _and("no client came for a case", served.refused)
        ),
        interrupted=served.interrupted,
        last_lines=served.last_lines,
        planned=planned,
        suite=editions_of(guests.items),
    )
    return tuple(runs) or (nobody,)


def _missing(served: Served, guests: Guests) -> str | None:
    """What is wrong with a client that replay has started, or None."""
    if served.fault is not None:
        return _and(f"the client {served.fault}", served.refused)
    missed = [f"{guests.items[number].case.id}, the client {why}" for number, why in served.missed.items()]
    return _and(f"no client came for {'; nor for '.join(missed)}", served.refused) if missed else None


def _and(fault: str, more: str | None) -> str:
    return f"{fault}; {more}" if more else fault


def store(items: Sequence[Item], settings: Settings, directory: Path | None) -> Store:
    """The store for the results of a run. Raises SourceError if `directory` holds something else."""
    about = About(
        Side.CLIENT,
        _named(settings.target),
        settings.seed,
        asdict(settings.limits),
        settings.profile,
        settings.thorough,
        settings.declared,
    )
    return Store.create(directory, items, about)


def _named(target: Target, address: Address | None = None) -> str:
    if target == Target():
        return target.name
    return str(address or target.address or target.command)


def check(log: LogFile, profile: Profile = Profile.AUTOBAHN) -> Judged:
    """Judge a log offline: by the case that it names, otherwise by the rules alone.

    Raises SourceError for a log that names no case and holds no WebSocket connection.
    """
    tester = log.trace.recorder
    found, notes = expectation(log, tester)
    if found.closing is None and not has_websocket(log.trace):
        hint = "a connection begins with a request that has 'Upgrade: websocket', or with frames"
        raise SourceError(None, f"{log.name}: there is no WebSocket connection in this log", hint)
    case = under(found, profile, tester)
    return offline(Item(case, log.name, (*log.warnings, *notes)), log.trace)


def judging(run: StoredRun) -> Callable[[StoredCase, LogFile], Judged]:
    """What judges a case of a stored run again: by its spec, if that is still there, otherwise by its log
    alone."""
    from replay.campaign.rejudged import observing, rejudged

    observed = observing(run)

    def judge(case: StoredCase, log: LogFile) -> Judged:
        found = rejudged(run, case, observed).result
        return check(log, run.profile) if found is None else found

    return judge


def rejudge(directory: Path) -> tuple[StoredRun, Iterator[Rejudged]]:
    """A stored run with its verdicts derived again, offline. Raises SourceError if there is no such run,
    or no result in it."""
    from replay.campaign import rejudged
    from replay.store.reader import load

    stored = load(directory)
    if not any(case.here for case in stored.cases):
        said = "nothing to judge again: the run has no results"
        raise SourceError(None, f"{printable(str(directory))}: {said}", stored.partial)
    return stored, rejudged.rejudge(stored)


def stored_run(stored: StoredRun, results: Sequence[CaseResult]) -> RunResult:
    """What is known about a stored run, with these results."""
    return RunResult(
        agent=stored.agent or "",
        address=stored.address,
        results=tuple(results),
        seed=stored.seed,
        duration=stored.duration or 0.0,
        unreached=stored.unreached,
        planned=len(stored.cases),
        suite=stored.suite,
        stored=stored.directory,
        interrupted=stored.state in ("interrupted", "running"),
    )
