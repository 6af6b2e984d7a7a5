"""Stored runs on a command line: their verdicts, and the logs of their cases."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from replay.source import SourceError, printable

if TYPE_CHECKING:
    from replay.commands.checked import Place
    from replay.report.layout import Lines
    from replay.store.stored_run import StoredCase, StoredLog, StoredRun
    from replay.suite.logs import LogFile

Passed = Callable[[str], None]
"""Called with a message about each case that was skipped, and why."""


def runs_in(path: str) -> list[Path]:
    """The folder of a stored run, or the folders in a folder of runs; none if it is anything else."""
    from replay.store.folder import holds_run, run_folder

    folder = run_folder(Path(path))
    if path == "-" or not folder.is_dir():
        return []
    return (
        [folder] if holds_run(folder) else sorted(filter(holds_run, filter(Path.is_dir, folder.iterdir())))
    )


def places(paths: Sequence[str], passed: Passed, failed: Callable[[SourceError], None]) -> Iterator[Place]:
    """The wire logs in files, folders and stored runs; `failed` is told about what can't be read."""
    from replay.commands.checked import StoredAs
    from replay.store.reader import load
    from replay.suite import files as suite

    for path in paths:
        try:
            found = runs_in(path)
            for folder in found:
                yield from (StoredAs(folder, case.number) for case, _ in chosen(load(folder), (), passed))
            if not found:
                yield from suite.log_files([path], passed)
        except SourceError as error:
            failed(error)


def stored_logs(run: StoredRun, ids: Sequence[str], passed: Passed) -> Iterator[LogFile]:
    """The logs of the cases that ids and globs select, or of all cases. Raises SourceError."""
    from replay.suite.logs import log_of

    for _, log in chosen(run, ids, passed):
        yield log_of(log.name, log.source)


def chosen(run: StoredRun, ids: Sequence[str], passed: Passed) -> Iterator[tuple[StoredCase, StoredLog]]:
    """The selected cases with their logs. Raises SourceError if there are none."""
    from replay.cases.select import select

    wanted = set(select([case.id for case in run.cases], ids))
    found = False
    for case in run.cases:
        if case.id in wanted and case.log is not None:
            found = True
            yield case, case.log
        elif case.id in wanted:
            passed(f"{case.id}: {_missing(case)}")
    if not found:
        raise SourceError(None, f"{printable(str(run.directory))}: none of the selected cases has a log")


def listing(folder: Path) -> Lines:
    """A run and its verdicts, as lines. Raises SourceError."""
    from replay.campaign import columns as run_columns
    from replay.report import listing as lines

    (column,) = run_columns.columns([folder], lambda path, read: None)
    return lines.listing(column)


def _missing(case: StoredCase) -> str:
    """Why a case has no log."""
    if case.fault is not None:
        return case.fault
    return "it was not run" if case.verdict is None else "its log was too large to be stored"
