"""What a verdict needs besides the log: the files that the cases came from, stored and read back.

A bundled case is known by its id. A user's spec is kept as text together with the files that it names, and
so is a log that was played.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from replay.cases.model import Case
from replay.cases.recorded import case_of
from replay.source import Source, SourceError, Span, printable, read_octets
from replay.store.records import PlannedCase, RunSource
from replay.store.stored_run import StoredRun, StoredSource
from replay.suite.files import MAX_PAYLOAD_FILE, SPECS, Item, expectation, known_case
from replay.suite.logs import LogFile, read_log
from replay.trace.model import Trace
from replay.trace.wirelog import parse, write
from replay.version import __version__


class Sources:
    """Collects what has to be stored, each file once."""

    def __init__(self) -> None:
        self.rows: list[RunSource] = []
        self.files: list[bytes] = []
        self._specs: dict[str, int] = {}

    def of(self, item: Item) -> PlannedCase:
        """The case with what it is judged by. Raises SourceError."""
        case, path = item.case, item.path
        if path is not None and case.span is not None and Path(path).suffix in SPECS:
            if path not in self._specs:
                self.rows.append(self._spec(case.span.source))
                self._specs[path] = len(self.rows) - 1
            return PlannedCase(case.id, case.title, "spec", self._specs[path])
        if case.trace is None or (path is None and case.closing is not None):
            return PlannedCase(case.id, case.title, "suite")
        file = self._take(_octets(_text(case.trace)))
        self.rows.append(RunSource(path or f"{case.id}.wirelog", file))
        return PlannedCase(case.id, case.title, "log", len(self.rows) - 1, case.closing is None)

    def _take(self, octets: bytes) -> int:
        self.files.append(octets)
        return len(self.files) - 1

    def _spec(self, source: Source) -> RunSource:
        """Load a spec once more, only to see which files it names."""
        from replay.cases.load import load

        file, files = self._take(_octets(source.text)), dict[str, int]()
        folder = Path(source.name).parent

        def trace(name: str, span: Span) -> Trace:
            trace = read_log(str(folder / name)).trace
            if name not in files:
                files[name] = self._take(_octets(_text(trace)))
            return trace

        def payload(name: str, span: Span) -> bytes:
            octets = read_octets(folder / name, MAX_PAYLOAD_FILE)
            if name not in files:
                files[name] = self._take(octets)
            return octets

        load(source, read=trace, octets=payload)
        return RunSource(source.name, file, files)


def _text(trace: Trace) -> str:
    """The text that a trace was read from, or the canonical text if it wasn't read from a single one."""
    sources = {id(span.source) if (span := entry.span) else None for entry in trace.entries}
    first = trace.entries[0].span if trace.entries else None
    return first.source.text if first is not None and len(sources) == 1 else write(trace)


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "replace")


class StoredCases:
    """Provides what the cases of a run are judged by. A spec is loaded once."""

    def __init__(self, run: StoredRun) -> None:
        self._run = run
        self._specs: dict[int, Mapping[str, Case]] = {}

    def bundled(self, id: str) -> Case:
        """Raises SourceError."""
        where = f"the suite of replay {__version__}"
        return self._named(known_case(id, self._run.thorough, self._run.declared), id, where)

    def of_spec(self, id: str, number: int) -> Case:
        """Raises SourceError."""
        source = self._run.sources[number]
        if number not in self._specs:
            self._specs[number] = {case.id: case for case in self._load(source)}
        return self._named(self._specs[number].get(id), id, source.name)

    def of_log(self, id: str, number: int, own: bool) -> Case:
        """Raises SourceError."""
        source = self._run.sources[number]
        trace = parse(_source(source.name, source.read)).trace
        if own:
            return case_of(trace, id, self._run.tester)
        self.bundled(id)
        return expectation(LogFile(source.name, trace, ()), self._run.tester)[0]

    def _named(self, case: Case | None, id: str, where: str) -> Case:
        if case is None:
            hint = f"the run was stored by replay {printable(self._run.version)}"
            raise SourceError(None, f"there is no test case {id!r} in {printable(where)}", hint)
        return case

    def _load(self, spec: StoredSource) -> tuple[Case, ...]:
        from replay.cases.load import load

        folder = Path(spec.name).parent

        def octets(name: str, span: Span) -> bytes:
            if name not in spec.files:
                raise SourceError(span, f"{name} was not stored with the run")
            return spec.files[name]()

        def trace(name: str, span: Span) -> Trace:
            return parse(_source(str(folder / name), lambda: octets(name, span))).trace

        source = _source(spec.name, spec.read)
        run = self._run
        return load(source, read=trace, octets=octets, thorough=run.thorough, declared=run.declared)


def _source(name: str, read: Callable[[], bytes]) -> Source:
    """A stored text, under the name by which the user knows it."""
    return Source.decode(name, read())
