"""What `replay diff` compares: stored runs, Autobahn's report folders, and single cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from replay import flows, json_text, limits
from replay.expected import index
from replay.expected.index import IndexedCase
from replay.source import Source, SourceError, printable
from replay.store import old_layout
from replay.store.folder import RUN_FILES, holds_run
from replay.store.reader import load
from replay.store.stored_run import StoredCase, StoredRun
from replay.suite import files as suite
from replay.suite.logs import read_log
from replay.trace.model import Trace
from replay.verdict.change import Known, Run
from replay.verdict.stored_verdict import StoredVerdict

_LIGHT = limits.DIFFED.default
_WANTED = (
    "the folder of a run, a report folder of Autobahn or its index.json, a wire log, or the JSON of a case"
)


class ComparedRuns(NamedTuple):
    """Runs by agent, or a single case."""

    agents: Mapping[str, Run]
    single: bool = False


def pair(before: Path, after: Path) -> tuple[Run, Run]:
    """The two runs to compare. Raises SourceError for what can't be read, or has nothing in common.

    Two single cases are compared whatever their ids are; a single case and a run are compared on that case
    only. If one of the two has several agents, the one with the other's name is taken.
    """
    found, other = _read(before), _read(after)
    was, now = _one(found, other, before), _one(other, found, after)
    if found.single and other.single:
        (one,), (two,) = was.cases.values(), now.cases.values()
        return replace(was, cases={two.id: replace(one, id=two.id)}), now
    if found.single:
        now = replace(now, cases={id: case for id, case in now.cases.items() if id in was.cases})
    if other.single:
        was = replace(was, cases={id: case for id, case in was.cases.items() if id in now.cases})
    if not (was.cases or now.cases):
        raise SourceError(
            None,
            f"neither {printable(str(before))} nor {printable(str(after))} has a verdict on one of these "
            "test cases",
        )
    if not (was.cases and now.cases) and not _ids(was) & _ids(now):
        raise SourceError(
            None, f"{printable(str(before))} and {printable(str(after))} have no test case in common"
        )
    return was, now


def _ids(run: Run) -> frozenset[str]:
    """The ids of what was to be played."""
    return run.missing.union(run.cases)


def _one(found: ComparedRuns, other: ComparedRuns, path: Path) -> Run:
    if len(found.agents) == 1:
        return next(iter(found.agents.values()))
    common = [agent for agent in found.agents if agent in other.agents]
    if len(common) != 1:
        agents = ", ".join(found.agents)
        hint = "compare files with one agent each, or with an agent that is in both"
        raise SourceError(None, printable(f"{path} has several agents: {agents}"), hint)
    return found.agents[common[0]]


def _read(path: Path) -> ComparedRuns:
    if path.is_dir():
        if holds_run(path):
            return _stored(path)
        if (path / "index.json").is_file():
            return _index(path / "index.json")
        raise SourceError(None, f"{printable(str(path))}: expected {_WANTED}")
    if path.name in RUN_FILES:
        return _stored(path)
    if path.suffix == ".json":
        return _json(path)
    return _log(path)


# Stored runs.


def _stored(directory: Path) -> ComparedRuns:
    run = load(directory)
    cases: dict[str, Known] = {}
    for case in run.cases:
        if case.verdict is not None:
            again = f"{case.id} {case.verdict.path}" if case.id in cases else case.id
            cases[again] = _known(again, case, case.verdict)
    missing = frozenset(case.id for case in run.cases if case.verdict is None)
    return _alone(Run(str(run.directory), cases, run.agent or run.address, _partial(run), missing))


def _partial(run: StoredRun) -> str | None:
    """That cases of the plan have no result. It doesn't matter if the server was gone after the last
    one."""
    return run.partial or (run.unreached and printable(run.unreached))


def _known(id: str, case: StoredCase, verdict: StoredVerdict) -> Known:
    log = case.log
    return Known(
        id=id,
        title=case.title,
        behaviour=verdict.behaviour,
        closing=verdict.closing,
        duration=verdict.duration,
        trace=_nothing if log is None else case.observed,
        light=log is not None and 0 < log.size <= _LIGHT,
        unjudged=verdict.unjudged is not None,
    )


# Autobahn's reports.


def _index(path: Path) -> ComparedRuns:
    runs = {
        agent: Run(str(path), {case.id: _reported(path, case) for case in cases}, agent)
        for agent, cases in index.read(Source.read(path)).items()
    }
    if not runs:
        raise SourceError(None, f"{printable(str(path))}: there is no agent in this file")
    return ComparedRuns(runs)


def _reported(path: Path, case: IndexedCase) -> Known:
    read: Callable[[], Trace | None] = _nothing
    light = True
    if case.report is not None and (file := path.parent / case.report).is_file():
        read, light = partial(_trace, file), file.stat().st_size <= _LIGHT
    return Known(case.id, _title(case.id), case.behaviour, case.closing, case.duration, read, light)


# Single cases.


def _json(path: Path) -> ComparedRuns:
    source = Source.read(path)
    values = json_text.loads(source)
    if not isinstance(values, dict):
        raise SourceError(None, f"{printable(str(path))}: expected {_WANTED}")
    if values.get("format") == old_layout.CASE:
        case = old_layout.case(path)
        assert case.verdict is not None
        return _single(_known(case.id, case, case.verdict), path)
    if "behavior" in values:
        id = str(values.get("id"))
        known = _reported(path, index.indexed(id, source.span(0), values | {"reportfile": path.name}))
        return _single(replace(known, title=str(values.get("description") or known.title)), path)
    return _index(path)


def _log(path: Path) -> ComparedRuns:
    log = read_log(str(path))
    result = flows.check(log)
    case = Known(
        id=result.case.id,
        title=result.case.title,
        behaviour=result.behaviour,
        closing=result.closing,
        duration=result.duration,
        trace=lambda: log.trace,
        unjudged=result.unjudged is not None,
    )
    return _single(case, path)


def _single(case: Known, path: Path) -> ComparedRuns:
    return ComparedRuns({"": Run(str(path), {case.id: replace(case, light=True)})}, single=True)


def _alone(run: Run) -> ComparedRuns:
    return ComparedRuns({run.agent: run})


def _trace(path: Path) -> Trace:
    return read_log(str(path)).trace


def _nothing() -> None:
    """There is no log."""


@cache
def _title(id: str) -> str:
    case = suite.known_case(id)
    return case.title if case else ""
