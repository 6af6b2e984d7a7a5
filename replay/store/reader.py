"""Reads a stored run.

What is read may be incomplete, damaged or forged: a fault in run.json is a SourceError, a fault in one case
is reported for that case, and no name in it leads out of the folder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from replay import json_text
from replay.cases.model import Behaviour, Profile
from replay.report.causes import CauseWords
from replay.source import Source, SourceError, printable
from replay.store import CASE, RUN, VERSION
from replay.store.folder import NAME
from replay.store.sources import StoredSource
from replay.trace.model import Trace
from replay.trace.wirelog import parse
from replay.verdict.result import ClosingVerdict
from replay.wire.side import Side

E = TypeVar("E", bound=Enum)

_ENDS = {
    "running": "it was cut off, or is still running",
    "interrupted": "it was interrupted",
    "stopped": "it was stopped before all cases had run",
    "unreached": "the testee could not be reached",
    "complete": "some of its files are missing",
}


class StoredVerdict(Struct, frozen=True):
    """The contents of a case's JSON."""

    behaviour: Behaviour
    closing: ClosingVerdict
    closing_reason: str
    close_code: int | None  # of the testee's Close
    broken: tuple[tuple[str, int], ...]  # rule, and offset in the testee's stream
    divergence: str | None  # in words
    notes: tuple[str, ...]
    path: str | None
    duration: int | None  # microseconds
    log: str | None
    sha256: str | None
    unjudged: str | None  # why there is no verdict
    began: str | None = None  # the time in words
    flaky: bool = False
    standing: str = ""  # how the verdict compares to the expected one; "": none is expected
    expected: str = ""  # the same in words
    again: str | None = None  # the command that plays it once more
    cause: CauseWords | None = None  # of a failure


class StoredCase(Struct, frozen=True):
    """One case of a run's plan. Without a verdict and without a fault it has no result."""

    number: int
    id: str
    title: str
    of: str  # suite, spec or log
    source: int | None
    own: bool = False  # whether it is a log that is its own expectation
    verdict: StoredVerdict | None = None
    fault: str | None = None  # why its stored result can't be read

    @property
    def here(self) -> bool:
        """Whether there is a result, readable or not."""
        return self.verdict is not None or self.fault is not None


class StoredRun(Struct, frozen=True):
    """A run, as far as it is stored."""

    directory: Path
    state: str
    version: str  # of the replay that wrote it
    suite: str | None  # the version of the bundled cases
    tester: Side
    address: str
    agent: str | None
    seed: int | None
    limits: Mapping[str, int]
    profile: Profile
    thorough: bool
    cases: tuple[StoredCase, ...]
    sources: tuple[StoredSource, ...]
    duration: float | None  # seconds
    unreached: str | None

    @property
    def partial(self) -> str | None:
        """That results are missing, and why; None if none are."""
        here = sum(case.here for case in self.cases)
        if here == len(self.cases) and self.state in ("complete", "unreached"):
            return None
        why = _ENDS[self.state] + (f": {printable(self.unreached)}" if self.unreached else "")
        return f"a partial run with {here} of {len(self.cases)} cases: {why}"


def load(directory: Path) -> StoredRun:
    """Read a run, but not its logs yet. Raises SourceError."""
    if not (path := directory / "run.json").is_file():
        hint = "`replay run` stores its last run in .replay/last, or in the folder given by --out"
        raise SourceError(None, f"{printable(str(directory))}: no run is stored here", hint)
    run = _Fields.read(path, RUN)
    state = run.take("state", str)
    if state not in _ENDS:
        raise run.fault("state", "one of " + ", ".join(_ENDS))
    if state != "running" and not run.rows("cases"):
        raise run.fault("cases", "at least one case")
    sources = tuple(_source(row) for row in run.rows("sources"))
    return StoredRun(
        directory=directory,
        state=state,
        version=run.take("replay", str),
        suite=run.take("suite", str | None),
        tester=run.word("tester", Side),
        address=run.take("address", str),
        agent=run.take("agent", str | None),
        seed=run.take("seed", int | None),
        limits=run.take("limits", dict),
        profile=run.word("profile", Profile),
        thorough=bool(run.take("thorough", bool | None)),
        cases=tuple(_case(directory, row, len(sources)) for row in run.rows("cases")),
        sources=sources,
        duration=run.take("duration", float | int | None),
        unreached=run.take("unreached", str | None),
    )


def verdict(path: Path) -> tuple[str, str, StoredVerdict]:
    """Id, title and verdict of one case from its JSON. Raises SourceError."""
    case = _Fields.read(path, CASE)
    return case.take("id", str), case.take("title", str), _verdict(case)


def observed(directory: Path, verdict: StoredVerdict) -> Trace:
    """The trace on which a case's verdict is based. Raises SourceError."""
    return parse(_log(directory, verdict)).trace


def _log(directory: Path, verdict: StoredVerdict) -> Source:
    if verdict.log is None:
        raise SourceError(None, "its log was too large to be stored")
    source = Source.read(path := directory / verdict.log)
    if hashlib.sha256(source.text.encode()).hexdigest() != verdict.sha256:
        hint = "`replay check` judges it as it is now"
        raise SourceError(
            None, f"{printable(str(path))}: the log has been changed since it was stored", hint
        )
    return source


def _source(row: _Fields) -> StoredSource:
    files = row.take("files", dict | None) or {}
    stored = {name: row.checked("files", file) for name, file in files.items()}
    return StoredSource(row.take("name", str), row.file("file"), stored)


def _case(directory: Path, row: _Fields, sources: int) -> StoredCase:
    of, source = row.take("of", str), row.take("source", int | None)
    if of not in ("suite", "spec", "log"):
        raise row.fault("of", "one of suite, spec, log")
    if (source is None) is not (of == "suite") or (source is not None and not 0 <= source < sources):
        raise row.fault("source", "the number of a source, since the case isn't from the suite")
    case = StoredCase(
        number=row.take("number", int),
        id=row.take("id", str),
        title=row.take("title", str),
        of=of,
        source=source,
        own=row.take("own", bool | None) is True,
    )
    path = directory / (row.file("file") + ".json")
    if not path.is_file():
        return case
    try:
        return replace(case, verdict=_verdict(_Fields.read(path, CASE)))
    except SourceError as error:
        return replace(case, fault=str(error))


def _verdict(case: _Fields) -> StoredVerdict:
    found, expected = case.take("divergence", dict | None), case.take("expected", dict | None) or {}
    return StoredVerdict(
        behaviour=case.word("behaviour", Behaviour),
        closing=case.word("closing", ClosingVerdict),
        closing_reason=case.take("closing_reason", str),
        close_code=case.take("close_code", int | None),
        broken=tuple((one.take("rule", str), one.take("offset", int)) for one in case.rows("broken")),
        divergence=None if found is None else str(found.get("words", "")),
        notes=tuple(map(str, case.take("notes", list))),
        path=case.take("path", str | None),
        duration=case.take("duration", int | None),
        log=None if case.take("log", str | None) is None else case.file("log"),
        sha256=case.take("sha256", str | None),
        unjudged=case.take("unjudged", str | None),
        began=case.take("began", str | None),
        flaky=case.take("flaky", bool | None) is True,
        standing=str(expected.get("standing", "")),
        expected=str(expected.get("words", "")),
        again=case.take("again", str | None),
        cause=_cause(case),
    )


def _cause(case: _Fields) -> CauseWords | None:
    if (found := case.take("cause", dict | None)) is None:
        return None
    fields = _Fields(f"{case.name}: cause", found)
    key, words, why = (fields.take(name, str) for name in ("key", "words", "why"))
    return CauseWords(key, words, why, fields.take("size", int))


class _Fields(Struct, frozen=True):
    """An object in a stored JSON; whatever isn't as expected raises SourceError."""

    name: str
    values: dict[str, Any]

    @classmethod
    def read(cls, path: Path, format: str) -> _Fields:
        name = printable(str(path))
        source = Source.read(path)
        try:
            values = json_text.loads(source)
        except SourceError as error:
            place = "" if error.span else f"{name}: "
            raise SourceError(error.span, f"{place}damaged, this is not JSON") from None
        if not isinstance(values, dict) or values.get("format") != format:
            raise SourceError(None, f'{name}: expected JSON with the format "{format}"')
        if values.get("version") != VERSION:
            hint = "read it with the version of replay that wrote it"
            said = f"{name}: expected version {VERSION} of the format, found {values.get('version')!r:.40}"
            raise SourceError(None, said, hint)
        return cls(name, values)

    def fault(self, key: str, wants: str) -> SourceError:
        return SourceError(None, f"{self.name}: damaged, expected {key!r} to be {wants}")

    def take(self, key: str, kind: type | UnionType) -> Any:
        """A value of this type; None for a missing key, if that is allowed."""
        value = self.values.get(key)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind in (int, int | None)):
            raise self.fault(key, getattr(kind, "__name__", str(kind)))
        return value

    def word(self, key: str, words: type[E]) -> E:
        value = self.take(key, str)
        found = next((word for word in words if word.value == value), None)
        if found is None:
            raise self.fault(key, "one of " + ", ".join(word.value for word in words))
        return found

    def rows(self, key: str) -> list[_Fields]:
        rows = self.take(key, list)
        if not all(isinstance(row, dict) for row in rows):
            raise self.fault(key, "a list of objects")
        return [_Fields(f"{self.name}: {key} {number}", row) for number, row in enumerate(rows, 1)]

    def file(self, key: str) -> str:
        return self.checked(key, self.values.get(key))

    def checked(self, key: str, file: object) -> str:
        """The name of a file inside the folder."""
        if not isinstance(file, str) or not NAME.fullmatch(file):
            raise self.fault(key, "the name of a file of the store")
        return file
