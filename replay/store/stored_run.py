"""A stored run as it is read, whatever the layout of its folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct

from replay.cases.declared import NOTHING_DECLARED, Declared
from replay.cases.model import Profile
from replay.source import Source, SourceError, printable
from replay.store.records import State
from replay.trace.model import Trace
from replay.trace.packed import unpack
from replay.trace.wirelog import parse, storable
from replay.verdict.stored_verdict import StoredVerdict
from replay.wire.side import Side

ENDS: dict[State, str] = {
    "running": "it was cut off, or is still running",
    "interrupted": "it was interrupted",
    "stopped": "it was stopped before all cases had run",
    "unreached": "the testee could not be reached",
    "complete": "some of its results are missing",
}


class StoredLog(Struct, frozen=True):
    """The wire log that a verdict is based on."""

    name: str  # for messages
    size: int  # octets, as it is stored
    trace: Callable[[], Trace]  # raises SourceError
    read: Callable[[], bytes]  # its text; raises SourceError
    file: Path  # where the log may also be as a file

    @classmethod
    def of_text(cls, name: str, size: int, read: Callable[[], bytes], file: Path) -> StoredLog:
        """A log that is stored as text."""
        return cls(name, size, lambda: parse(Source.decode(name, read())).trace, read, file)

    @classmethod
    def of_packed(cls, name: str, size: int, read: Callable[[], bytes], file: Path) -> StoredLog:
        """A log that is stored as a packed trace."""

        def trace() -> Trace:
            return unpack(name, read())

        def text() -> bytes:
            octets = storable(trace())
            if octets is None:
                raise SourceError(None, f"{printable(name)}: as text, this log would be too large")
            return octets

        return cls(name, size, trace, text, file)

    @property
    def source(self) -> Source:
        """Its text. Raises SourceError."""
        return Source.decode(self.name, self.read())


class StoredCase(Struct, frozen=True):
    """One case of a run's plan. Without a verdict and without a fault it has no result."""

    number: int
    id: str
    title: str
    of: str  # suite, spec or log
    source: int | None
    own: bool = False  # whether it is a log that is its own expectation
    verdict: StoredVerdict | None = None
    log: StoredLog | None = None
    fault: str | None = None  # why its stored result can't be read

    @property
    def here(self) -> bool:
        """Whether there is a result, readable or not."""
        return self.verdict is not None or self.fault is not None

    def observed(self) -> Trace:
        """The trace on which its verdict is based. Raises SourceError."""
        if self.log is None:
            raise SourceError(None, "its log was too large to be stored")
        return self.log.trace()


class StoredSource(Struct, frozen=True):
    """A user's spec or log, and the files that it names."""

    name: str  # as the user knows it
    read: Callable[[], bytes]  # raises SourceError
    files: Mapping[str, Callable[[], bytes]]


class StoredRun(Struct, frozen=True):
    """A run, as far as it is stored."""

    directory: Path
    state: State
    version: str  # of the replay that wrote it
    suite: str | None  # the editions of the bundled cases, as in 'rfc@2026.12'
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
    declared: Declared = NOTHING_DECLARED  # the limits that the testee promises to keep
    damage: str | None = None  # where the store is damaged, in words

    @property
    def partial(self) -> str | None:
        """That results are missing or damaged, and why; None if none are."""
        here = sum(case.here for case in self.cases)
        if here == len(self.cases) and self.state in ("complete", "unreached") and not self.damage:
            return None
        why = self.damage or ENDS[self.state] + (f": {printable(self.unreached)}" if self.unreached else "")
        return f"a partial run with {here} of {len(self.cases)} cases: {why}"
