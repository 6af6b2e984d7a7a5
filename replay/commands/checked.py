"""What `replay check` does with each file: a pure function, which may be called in another process or on
another machine."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace
from rich.text import Text

from replay import flows
from replay.campaign.explain import Explainer
from replay.captures.model import Wanted
from replay.cases.model import Case, Profile
from replay.protocol.events import Requested
from replay.report import terminal
from replay.source import SourceError, printable
from replay.store import reader
from replay.store.folder import run_folder
from replay.store.stored_run import StoredRun
from replay.suite.logs import LogFile, log_of, read_logs
from replay.verdict.result import CaseResult, Judged, kept
from replay.wire.side import Side


class How(Struct, frozen=True):
    """How logs are judged, and what is made of the verdicts."""

    wanted: Wanted  # what is said about recordings
    profile: Profile
    strict: bool
    verbose: bool
    width: int  # of the lines, in cells
    named: bool  # whether each line names its file
    reported: bool  # whether failures are explained for a report


class StoredAs(Struct, frozen=True):
    """The log of a case in a stored run."""

    folder: Path
    number: int  # of the case, from 1


Place = str | StoredAs
"""A file, '-' (standard input), or a case of a stored run."""


class Checked(Struct, frozen=True):
    """The verdict on one log, without what it rests on, and the lines that show it."""

    agent: str  # the name of the testee, as far as it is known
    result: CaseResult
    line: Text
    verbose: tuple[Text, ...]
    more: tuple[Text, ...]  # how it fails, or what else there is to say


def checked(place: Place, how: How) -> tuple[Checked | str, ...]:
    """The verdicts on all logs in a file, and then why it, or the rest of it, can't be read, if so."""
    return tuple(each(place, how))


def each(place: Place, how: How) -> Iterator[Checked | str]:
    """The same, one by one."""
    try:
        for log in _logs(place, how.wanted):
            yield _checked(log, place, how)
    except SourceError as error:
        yield str(error)
    except MemoryError:
        yield f"{shown(place)}: out of memory: this needs more memory than is available"


def shown(place: Place) -> str:
    """A file as the user knows it."""
    if isinstance(place, StoredAs):
        return printable(f"{place.folder} (case {place.number})")
    return "standard input" if place == "-" else printable(place)


def _logs(place: Place, wanted: Wanted) -> Iterator[LogFile]:
    """Raises SourceError."""
    if not isinstance(place, StoredAs):
        yield from read_logs(place, wanted)
        return
    log = next((case.log for case in _run(place.folder).cases if case.number == place.number), None)
    if log is None:
        raise SourceError(None, f"{shown(place)}: this log is gone")
    yield log_of(log.name, log.source)


def _run(folder: Path) -> StoredRun:
    """Raises SourceError."""
    try:
        state = run_folder(folder).stat()
    except OSError:
        return reader.load(folder)
    return _loaded(folder, (state.st_ino, state.st_mtime_ns))


@lru_cache(maxsize=2)
def _loaded(folder: Path, state: object) -> StoredRun:
    """A run, which is read only once for all of its cases as long as its folder is the same."""
    return reader.load(folder)


def _checked(log: LogFile, place: Place, how: How) -> Checked:
    """Raises SourceError if the log holds no WebSocket connection."""
    result = flows.check(log, how.profile)
    counts, width = result.counts(how.strict), how.width
    if how.reported:
        result = Explainer()(result)
    note = _end_of(printable(log.name), width // 3) if how.named and isinstance(place, str) else ""
    more = terminal.failure(result) if counts else terminal.notes(result)
    return Checked(
        _agent(log, result),
        _brief(result),
        terminal.line(result, width, note),
        tuple(terminal.verbose(result).draw(width)) if how.verbose else (),
        tuple(more.draw(width)) if counts or not how.verbose else (),
    )


def _agent(log: LogFile, result: Judged) -> str:
    """The name of the testee: as the log has it, or as its own handshake has."""
    if (noted := log.trace.header("agent")) is not None:
        return noted
    if result.facts.tester is Side.CLIENT:
        return result.server or ""
    asked = (event.request for event in result.events if isinstance(event, Requested))
    return next((agent for request in asked for agent in request.values("User-Agent")), "")


def _brief(result: Judged) -> CaseResult:
    """The verdict without any octets: of its case only what reports name."""
    case = result.case
    named = Case(case.id, case.title, case.section, (), (), case.closing, rule=case.rule)
    return kept(replace(result, case=named))


def _end_of(path: str, most: int) -> str:
    return path if len(path) <= most else f"…{path[-most + 1 :]}"
