"""What a verdict needs besides the log: the files that the cases came from, stored and read back.

A bundled case is known by its id. A user's spec is kept as text together with the files that it names, and
so is a log that was played.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, TypeVar

from msgspec import Struct

from replay.cases.load import load
from replay.cases.model import Case
from replay.cases.recorded import case_of
from replay.source import Source, SourceError, Span, read_octets
from replay.store.folder import safe_name
from replay.suite.files import MAX_PAYLOAD_FILE, SPECS, Item, LogFile, expectation, known_case
from replay.trace.model import Trace
from replay.trace.wirelog import parse, write
from replay.version import __version__
from replay.wire.side import Side

T = TypeVar("T")


class Sources:
    """Collects what has to be stored, each file once."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []  # as listed in run.json
        self._count = 0
        self._taken: list[tuple[str, bytes]] = []
        self._specs: dict[str, int] = {}

    def of(self, item: Item) -> dict[str, Any]:
        """What a case is judged by, as written to run.json. Raises SourceError."""
        case, path = item.case, item.path
        if path is not None and case.span is not None and Path(path).suffix in SPECS:
            if path not in self._specs:
                self.rows.append(self._spec(case.span.source))
                self._specs[path] = len(self.rows) - 1
            return {"of": "spec", "source": self._specs[path]}
        if case.trace is None or (path is None and case.closing is not None):
            return {"of": "suite"}
        name = path or f"{case.id}.wirelog"
        self.rows.append({"name": name, "file": self._take(name, _octets(_text(case.trace)))})
        return {"of": "log", "own": case.closing is None, "source": len(self.rows) - 1}

    def taken(self) -> list[tuple[str, bytes]]:
        """Names and octets of the files collected since the last call."""
        taken, self._taken = self._taken, []
        return taken

    def _take(self, name: str, octets: bytes) -> str:
        self._count += 1
        last = PurePosixPath(PureWindowsPath(name).as_posix()).name
        file = f"sources/{self._count}-{safe_name(last)}"
        self._taken.append((file, octets))
        return file

    def _spec(self, source: Source) -> dict[str, Any]:
        """Load a spec once more, only to see which files it names."""
        file, files = self._take(source.name, _octets(source.text)), dict[str, str]()
        folder = Path(source.name).parent

        def trace(name: str, span: Span) -> Trace:
            log = Source.read(folder / name)
            if name not in files:
                files[name] = self._take(name, _octets(log.text))
            return parse(log).trace

        def payload(name: str, span: Span) -> bytes:
            octets = read_octets(folder / name, MAX_PAYLOAD_FILE)
            if name not in files:
                files[name] = self._take(name, octets)
            return octets

        load(source, read=trace, octets=payload)
        return {"name": source.name, "file": file, "files": files}


def _text(trace: Trace) -> str:
    """The text that a trace was read from, or the canonical text if it wasn't read from a single one."""
    sources = {id(span.source) if (span := entry.span) else None for entry in trace.entries}
    first = trace.entries[0].span if trace.entries else None
    return first.source.text if first is not None and len(sources) == 1 else write(trace)


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "replace")


class StoredSource(Struct, frozen=True):
    """A row of the sources in run.json."""

    name: str  # as the user knows it
    file: str
    files: Mapping[str, str]  # the files that a spec names, and the names under which they are stored


class StoredCases:
    """Provides what the cases of a run are judged by. A spec is loaded once."""

    def __init__(
        self,
        directory: Path,
        sources: Sequence[StoredSource],
        tester: Side,
        version: str,
        thorough: bool,
    ) -> None:
        self._directory = directory
        self._sources = sources
        self._tester = tester
        self._version = version
        self._thorough = thorough
        self._specs: dict[int, Mapping[str, Case]] = {}

    def bundled(self, id: str) -> Case:
        """Raises SourceError."""
        return self._named(known_case(id, self._thorough), id, f"the suite of replay {__version__}")

    def of_spec(self, id: str, number: int) -> Case:
        """Raises SourceError."""
        if number not in self._specs:
            self._specs[number] = {case.id: case for case in self._load(self._sources[number])}
        return self._named(self._specs[number].get(id), id, self._sources[number].file)

    def of_log(self, id: str, number: int, own: bool) -> Case:
        """Raises SourceError."""
        source = self._sources[number]
        trace = parse(self._text(source.file, source.name)).trace
        if own:
            return case_of(trace, id, self._tester)
        self.bundled(id)
        return expectation(LogFile(source.name, trace, ()), self._tester)[0]

    def _named(self, case: Case | None, id: str, where: str) -> Case:
        if case is None:
            hint = f"the run was stored by replay {self._version}"
            raise SourceError(None, f"there is no test case {id!r} in {where}", hint)
        return case

    def _load(self, spec: StoredSource) -> tuple[Case, ...]:
        folder = Path(spec.name).parent

        def stored(read: Callable[[str, str], T]) -> Callable[[str, Span], T]:
            def get(name: str, span: Span) -> T:
                if name not in spec.files:
                    raise SourceError(span, f"{name} was not stored with the run")
                return read(spec.files[name], str(folder / name))

            return get

        return load(
            self._text(spec.file, spec.name),
            read=stored(lambda file, name: parse(self._text(file, name)).trace),
            octets=stored(lambda file, _: read_octets(self._directory / file, MAX_PAYLOAD_FILE)),
            thorough=self._thorough,
        )

    def _text(self, file: str, name: str) -> Source:
        """A stored text, under the name by which the user knows it."""
        return Source(name, Source.read(self._directory / file).text)
