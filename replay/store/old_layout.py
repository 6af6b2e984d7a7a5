"""Reads a run in the older layout: a folder with files instead of one journal.

run.json                what was to run, and, once it had ended, how
001-1.2.3.wirelog       what was observed
001-1.2.3.json          the verdict, with the name of its log and the hash of that
sources/1-my.yaml       users' specs, the files that these name, and logs that were played
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct

from replay.cases.model import Profile
from replay.source import MAX_FILE, SourceError, file_error, printable, read_octets
from replay.store.records import PlannedCase, State, check_sources, decode
from replay.store.stored_run import StoredCase, StoredLog, StoredRun, StoredSource
from replay.verdict.stored_verdict import StoredVerdict
from replay.wire.side import Side

R = TypeVar("R")

RUN_FILE = "run.json"
RUN, CASE, VERSION = "replay run", "replay case", 1

_NAME = re.compile(r"(?:sources/)?(?!\.)[A-Za-z0-9._%-]{1,120}")
"""The names that files of a run may have, relative to its folder."""


class _OldCase(PlannedCase, frozen=True, kw_only=True):
    number: int
    file: str  # the name of its files, without a suffix

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_name(self.file)


class _OldSource(Struct, frozen=True):
    name: str
    file: str
    files: dict[str, str] = {}

    def __post_init__(self) -> None:
        for name in (self.file, *self.files.values()):
            _check_name(name)


class _OldRun(Struct, frozen=True):
    state: State
    replay: str
    tester: Side
    address: str
    limits: dict[str, int]
    profile: Profile
    cases: tuple[_OldCase, ...]
    sources: tuple[_OldSource, ...]
    suite: str | None = None
    agent: str | None = None
    seed: int | None = None
    thorough: bool = False
    duration: float | None = None
    unreached: str | None = None

    def __post_init__(self) -> None:
        if self.state != "running" and not self.cases:
            raise ValueError("expected 'cases' to be at least one case")
        check_sources(self.cases, len(self.sources))


class _OldVerdict(StoredVerdict, frozen=True, kw_only=True):
    log: str | None = None
    sha256: str | None = None

    def __post_init__(self) -> None:
        if self.log is not None:
            _check_name(self.log)


class _Head(Struct, frozen=True):
    format: Any = None
    version: Any = None


def is_run(directory: Path) -> bool:
    """Whether a folder contains such a run."""
    file = directory / RUN_FILE
    if not file.is_file():  # opening a named pipe would wait for a writer
        return False
    try:
        return bool(decode(read_octets(file, MAX_FILE), _Head).format == RUN)
    except (FileNotFoundError, ValueError):
        return False


def load(directory: Path) -> StoredRun:
    """Raises SourceError."""
    run = _decoded(directory / RUN_FILE, RUN, _OldRun)
    return StoredRun(
        directory=directory,
        state=run.state,
        version=run.replay,
        suite=run.suite,
        tester=run.tester,
        address=run.address,
        agent=run.agent,
        seed=run.seed,
        limits=run.limits,
        profile=run.profile,
        thorough=run.thorough,
        cases=tuple(_case(directory, case) for case in run.cases),
        sources=tuple(_source(directory, source) for source in run.sources),
        duration=run.duration,
        unreached=run.unreached,
    )


def case(path: Path) -> StoredCase:
    """One case from its JSON. Raises SourceError."""
    found = _decoded(path, CASE, _OldVerdict)
    return StoredCase(0, found.id, found.title, "suite", None, False, found, _log(path.parent, found))


def _case(directory: Path, planned: _OldCase) -> StoredCase:
    found, log, fault = None, None, None
    if (path := directory / f"{planned.file}.json").is_file():
        try:
            found = _decoded(path, CASE, _OldVerdict)
            log = _log(directory, found)
        except SourceError as error:
            fault = str(error)
    return StoredCase(
        *(planned.number, planned.id, planned.title, planned.of, planned.source, planned.own),
        *(found, log, fault),
    )


def _source(directory: Path, source: _OldSource) -> StoredSource:
    def reading(name: str) -> Callable[[], bytes]:
        return partial(_read, directory / name)

    files = {name: reading(file) for name, file in source.files.items()}
    return StoredSource(source.name, reading(source.file), files)


def _log(directory: Path, verdict: _OldVerdict) -> StoredLog | None:
    if verdict.log is None:
        return None
    path = directory / verdict.log

    def read() -> bytes:
        octets = _read(path)
        if hashlib.sha256(octets).hexdigest() != verdict.sha256:
            hint = "`replay check` judges it as it is now"
            raise SourceError(
                None, f"{printable(str(path))}: the log has been changed since it was stored", hint
            )
        return octets

    return StoredLog.of_text(str(path), path.stat().st_size if path.is_file() else 0, read, path)


def _read(path: Path) -> bytes:
    try:
        return read_octets(path, MAX_FILE)
    except OSError as error:
        raise file_error(path, error) from None


def _decoded(path: Path, format: str, of: type[R]) -> R:
    name = printable(str(path))
    octets = _read(path)
    try:
        head = decode(octets, _Head)
        if head.format != format:
            raise SourceError(None, f'{name}: expected JSON with the format "{format}"')
        if head.version != VERSION:
            hint = "read it with the version of replay that wrote it"
            said = f"{name}: expected version {VERSION} of the format, found {head.version!r:.40}"
            raise SourceError(None, said, hint)
        return decode(octets, of)
    except ValueError as error:
        raise SourceError(None, f"{name}: damaged, {printable(str(error))}") from None


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError(f"expected 'file' to be the name of a file of the store, found {name[:40]!r}")
