"""Reads a stored run.

What is read may be incomplete, damaged or forged: a fault in the records of the whole run is a SourceError,
a fault in one case is reported for that case, and no name in it leads out of the folder.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from replay.source import SourceError, printable
from replay.store import journal, old_layout
from replay.store.folder import log_name, run_folder
from replay.store.journal import Body, JournalRecord
from replay.store.records import EndRecord, PlannedCase, RunRecord, RunSource, decode
from replay.store.stored_run import StoredCase, StoredLog, StoredRun, StoredSource
from replay.verdict.stored_verdict import StoredVerdict

R = TypeVar("R")


def load(directory: Path) -> StoredRun:
    """Read a run, but not its logs yet. Raises SourceError."""
    directory = run_folder(directory)
    path = directory / journal.NAME
    if path.is_file():
        return _Run(path).stored()
    if (directory / old_layout.RUN_FILE).is_file():
        return old_layout.load(directory)
    hint = "`replay run` stores its last run in .replay/last, or in the folder given by --out"
    raise SourceError(None, f"{printable(str(directory))}: no run is stored here", hint)


class _Run:
    """The records of a run. If a case has several, the last one counts."""

    def __init__(self, path: Path) -> None:
        """Raises SourceError."""
        self._path = path
        self._run: RunRecord | None = None
        self._end: JournalRecord | None = None
        self._cases: dict[int, JournalRecord] = {}
        self._files: dict[int, Body] = {}
        self._damaged: list[int] = []  # the offsets of damaged records
        if (rest := journal.read(path, self._take)) is not None:
            self._damaged.append(rest)

    def stored(self) -> StoredRun:
        """Raises SourceError."""
        run, path = self._run, self._path
        if run is None:
            said = f"{printable(str(path))}: damaged, the record of the run is missing or incomplete"
            raise SourceError(None, said)
        end = None if self._end is None else self._decoded(self._end, EndRecord, "its end")
        damage = f"{path.name} is damaged at octet {self._damaged[0]:,}" if self._damaged else None
        return StoredRun(
            directory=path.parent,
            state="running" if end is None else end.state,
            version=run.replay,
            suite=run.suite,
            tester=run.tester,
            address=run.address if end is None else end.address,
            agent=None if end is None else end.agent,
            seed=run.seed,
            limits=run.limits,
            profile=run.profile,
            thorough=run.thorough,
            declared=run.declared,
            cases=tuple(self._case(run, number, case) for number, case in enumerate(run.cases, 1)),
            sources=tuple(self._source(source) for source in run.sources),
            duration=None if end is None else end.duration,
            unreached=None if end is None else end.unreached,
            damage=damage,
        )

    def _take(self, record: JournalRecord) -> None:
        if not record.whole:
            self._damaged.append(record.at)
        if self._run is None and record.kind == "run":
            self._run = self._decoded(record, RunRecord, "the run")
        elif self._run is None:
            return
        elif record.kind == "file" and record.whole:
            self._files[record.number] = record.body
        elif record.kind == "case" and 1 <= record.number <= len(self._run.cases):
            self._cases[record.number] = record
        elif record.kind == "end" and record.whole:
            self._end = record

    def _decoded(self, record: JournalRecord, of: type[R], name: str) -> R:
        """Raises SourceError."""
        where = f"{printable(str(self._path))}: damaged, the record of {name} at octet {record.at:,}"
        if not record.whole:
            raise SourceError(None, f"{where} has a wrong checksum")
        try:
            return decode(record.value, of)
        except ValueError as error:
            raise SourceError(None, f"{where}: {printable(str(error))}") from None

    def _case(self, run: RunRecord, number: int, case: PlannedCase) -> StoredCase:
        verdict, log, fault = None, None, None
        if (record := self._cases.get(number)) is not None:
            try:
                verdict = self._decoded(record, StoredVerdict, f"case {printable(case.id)}")
                log = self._log(record, case.id, log_name(number, case.id, len(run.cases)))
            except SourceError as error:
                fault = str(error)
        return StoredCase(number, case.id, case.title, case.of, case.source, case.own, verdict, log, fault)

    def _log(self, record: JournalRecord, id: str, file: str) -> StoredLog | None:
        body, name = record.body, f"{self._path} ({printable(id)})"
        of = StoredLog.of_text if record.version == 1 else StoredLog.of_packed
        return of(name, body.size, body.read, self._path.with_name(file)) if body.size else None

    def _source(self, source: RunSource) -> StoredSource:
        return StoredSource(
            source.name,
            self._file(source.name, source.file),
            {name: self._file(name, number) for name, number in source.files.items()},
        )

    def _file(self, name: str, number: int) -> Callable[[], bytes]:
        def read() -> bytes:
            if number not in self._files:
                said = f"{printable(str(self._path))}: {printable(name)} is missing or damaged"
                raise SourceError(None, said)
            return self._files[number].read()

        return read
