"""Writes a run while it is running. It keeps no results, and never holds up the run."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from replay.cases.declared import NOTHING_DECLARED, Declared
from replay.cases.model import Profile
from replay.report.verdict_words import in_words
from replay.source import printable, strerror
from replay.store import journal
from replay.store.folder import LAST, Folder, begin, log_name
from replay.store.journal import record
from replay.store.records import EndRecord, PlannedCase, RunCounts, RunRecord, State, encode
from replay.store.sources import Sources
from replay.suite.files import Item, editions_of
from replay.trace.packed import pack
from replay.trace.wirelog import storable
from replay.verdict.result import Fresh, Judged, Logged, RunResult
from replay.version import __version__
from replay.wire.side import Side


class About(Struct, frozen=True):
    """What applies to a whole run."""

    tester: Side
    address: str
    seed: int | None
    limits: Mapping[str, int]
    profile: Profile = Profile.AUTOBAHN
    thorough: bool = False
    declared: Declared = NOTHING_DECLARED


class Store:
    """Writes what the package describes. `fault` says in a sentence what went wrong, if anything did; from
    then on nothing more is stored, and the run on disk keeps the state of a running one. `place` is where
    the run is once all of it is stored."""

    def __init__(self, directory: Path, plan: Sequence[PlannedCase]) -> None:
        """Use `create` instead."""
        self.directory = directory
        self.fault: str | None = None
        self.place: Path | None = None
        self._plan = plan
        self._folder: Folder | None = None
        self._journal: int | None = None
        self._laid_out: set[int] = set()  # the numbers of cases whose logs are there as files

    @classmethod
    def create(cls, directory: Path | None, items: Sequence[Item], about: About) -> Store:
        """Begin a run; None means LAST, and the run that is there is kept as PREVIOUS.

        A run in `directory` is replaced, and anything else in it stays. Raises SourceError if it contains
        something other than a run, and for a spec that can't be read any more.
        """
        sources = Sources()
        plan = tuple(sources.of(item) for item in items)
        run = RunRecord(
            replay=__version__,
            suite=editions_of(items),
            tester=about.tester,
            address=about.address,
            seed=about.seed,
            limits=dict(about.limits),
            profile=about.profile,
            thorough=about.thorough,
            declared=about.declared,
            cases=plan,
            sources=tuple(sources.rows),
        )
        records = [record("run", 0, encode(run))]
        records += [record("file", number, b"null", octets) for number, octets in enumerate(sources.files)]
        store = cls(directory or LAST, plan)
        try:
            store._folder = begin(directory, b"".join((journal.FIRST_LINE, *records)))
            store._journal = store._folder.opened(journal.NAME)
        except OSError as error:
            store._broken(error)
        return store

    def add(self, number: int, result: Fresh) -> None:
        """Store the result of an item, given by its number from 0. A second result replaces the first."""
        if self._folder is not None:
            log = result.log if isinstance(result, Logged) else pack(result.trace)
            try:
                self._lay_out(self._folder, number + 1, result)
                self._append("case", number + 1, encode(in_words(result)), log or b"")
            except OSError as error:
                self._broken(error)

    def finish(self, run: RunResult) -> None:
        """Store how the run ended, and release the folder."""
        if self._folder is not None:
            counts = RunCounts(
                planned=len(self._plan),
                judged=len(run.results),
                failed=sum(result.failed for result in run.results),
                behaviour=Counter(result.word for result in run.results),
                closing=Counter(result.closing.value for result in run.results),
            )
            end = EndRecord(
                state=_state(run, len(self._plan)),
                address=run.address,
                agent=run.agent,
                duration=run.duration,
                unreached=run.unreached,
                died_on=run.died_on,
                counts=counts,
                memory=run.memory,
            )
            try:
                self._append("end", 0, encode(end))
                self.place = self._folder.place()
            except OSError as error:
                self._broken(error)
        self.close()

    def close(self) -> None:
        """Release the folder: nothing more is stored."""
        if self._journal is not None:
            os.close(self._journal)
            self._journal = None
        if self._folder is not None:
            self._folder.close()
            self._folder = None

    def _append(self, kind: str, number: int, value: bytes, body: bytes = b"") -> None:
        assert self._journal is not None
        journal.append(self._journal, record(kind, number, value, body))

    def _lay_out(self, folder: Folder, number: int, result: Fresh) -> None:
        """Write the log of a failure as a file too, for people to look at, play again and send."""
        name = log_name(number, self._plan[number - 1].id, len(self._plan))
        log = storable(result.trace) if isinstance(result, Judged) and result.failed else None
        if log is not None:
            folder.write(name, log)
            self._laid_out.add(number)
        elif number in self._laid_out:
            folder.remove(name)
            self._laid_out.remove(number)

    def _broken(self, error: OSError) -> None:
        self.fault = f"{printable(str(self.directory))}: {strerror(error)}; no more results are stored"
        self.close()


def _state(run: RunResult, planned: int) -> State:
    if run.unreached is not None:
        return "unreached"
    if run.interrupted:
        return "interrupted"
    return "complete" if len(run.results) == planned else "stopped"
