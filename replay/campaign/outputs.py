"""The reports of one or several runs: which ones are wanted, and where they go.

A file is written completely or not at all, even if the run was interrupted or the testee wasn't reached.
What goes to standard output, and reports with a file for each case, are written as results come.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from replay import limits, whole_file
from replay.report.words import UNKNOWN_SERVER
from replay.source import SourceError, printable, strerror
from replay.store.folder import Folder
from replay.verdict.result import CaseResult, Fresh, Judged, RunResult

if TYPE_CHECKING:
    from replay.report.formats import Format

STDOUT = "-"

Again = Callable[[CaseResult, int | None], str]
"""The command that plays a case once more, with a seed."""


class WantedReport(NamedTuple):
    """A report that was asked for."""

    format: str
    file: str  # or a folder; '-': standard output


class Outputs:
    """Takes results as they come, and then the runs. `faults` lists what could not be written."""

    def __init__(
        self,
        wanted: Sequence[WantedReport],
        environment: Mapping[str, str],
        strict: bool = False,
        places: Mapping[str, int] | None = None,
    ) -> None:
        """`environment` is that of the process, which tells whether this is a workflow on GitHub. `places`
        are the positions of cases in the suite by id, counted from 1; other cases are numbered in the order
        in which they are played.

        Raises SourceError for a place that can't be written to.
        """
        self.faults: list[str] = []
        self._wanted = [one for one in wanted if one.file != STDOUT]
        self._stdout = next((one.format for one in wanted if one.file == STDOUT), None)
        self._strict, self._places = strict, places or {}
        self._tracks: list[Track] = []
        self._fresh = False  # whether results have come since the folders were written
        self._on_github = environment.get("GITHUB_ACTIONS") == "true"
        self._summary = environment.get("GITHUB_STEP_SUMMARY") if self._on_github else None
        self._folders: list[Folder] = []
        self._prefixes: dict[str, str] = {}  # for the names of an agent's files
        self._pause: str | None = None
        _check(wanted)
        for one in self._wanted:
            _prepare(one)
            if _format(one.format).folder:
                self._folders.append(Folder(Path(one.file)))
        if self._on_github:  # the texts of a testee may look like commands of the workflow
            import secrets

            self._pause = f"replay-{secrets.token_hex(8)}"
            self._say(f"::stop-commands::{self._pause}\n")

    @property
    def asked(self) -> bool:
        """Whether any report was asked for."""
        return bool(self._wanted or self._stdout or self._on_github)

    @property
    def take_stdout(self) -> bool:
        """Whether standard output is taken by a report, so that texts for a person have to go elsewhere."""
        return self._stdout is not None

    @property
    def take_octets(self) -> bool:
        """Whether a report shows the octets of cases that pass."""
        return bool(self._folders)

    def track(self, agent: str | None = None, otherwise: str = UNKNOWN_SERVER) -> Track:
        """Where the results of one agent go. None is a server that still has to tell its name, and is
        called `otherwise` if it doesn't."""
        found = next((track for track in self._tracks if agent and track.agent == agent), None)
        if found is None:
            self._tracks.append(found := Track(self, agent, otherwise))
        return found

    def update(self, runs: Sequence[RunResult]) -> None:
        """Write the runs so far to the folders, because somebody is looking into them now."""
        if self._fresh:
            self._fresh = False
            for one in self._wanted:
                if _format(one.format).folder:
                    self._write(one, runs)

    def finish(self, runs: Sequence[RunResult], again: Again | None = None) -> None:
        """The runs have ended."""
        runs = [self._completed(run, again) for run in runs]
        for track in self._tracks:
            track.end()
        for one in self._wanted:
            self._write(one, runs)
        if self._stdout == "json":
            from replay.report import json_lines

            sys.stdout.write("".join(f"{json_lines.run(run)}\n" for run in runs))
        elif self._stdout is not None:
            sys.stdout.write(_text(self._stdout, runs, Path()))
        if self._pause:
            self._say(f"::{self._pause}::\n{_text('github', runs, Path())}")
        if self._summary:
            self._append(Path(self._summary), _text("markdown", runs, Path()))

    def case(self, agent: str | None, result: CaseResult) -> None:
        """A result has come."""
        self._fresh = True
        if self._stdout == "json":
            from replay.report import json_lines

            sys.stdout.write(json_lines.case(agent, result, self._strict) + "\n")
            sys.stdout.flush()

    def file(self, agent: str, number: int, result: Fresh) -> None:
        """Write the file of a case, in each folder."""
        if not self._folders or not isinstance(result, Judged):
            return
        from replay.report import autobahn

        if agent not in self._prefixes:
            self._prefixes = autobahn.prefixes([*self._prefixes, agent])
        text = autobahn.case(agent, self._places.get(result.case.id, number + 1), result)
        for folder in self._folders:
            try:
                folder.write(autobahn.file_name(self._prefixes[agent], result.case.id), text.encode())
            except OSError as error:
                self._failed(str(folder), error)

    def _say(self, text: str) -> None:
        """Print for a person, or for a program that reads the output as it comes."""
        file = sys.stderr if self.take_stdout else sys.stdout
        file.write(text)
        file.flush()

    def _completed(self, run: RunResult, again: Again | None) -> RunResult:
        results = tuple(
            replace(result, again=again(result, run.seed)) if again and result.failed else result
            for result in run.results
        )
        return replace(run, results=results, strict=self._strict)

    def _write(self, one: WantedReport, runs: Sequence[RunResult]) -> None:
        path, kind = Path(one.file), _format(one.format)
        if kind.folder:
            from replay.report import autobahn

            order = {agent: number for number, agent in enumerate(self._prefixes)}
            runs = sorted(runs, key=lambda run: order.get(run.agent or UNKNOWN_SERVER, len(order)))
            path = path / autobahn.INDEX
        octets = _text(one.format, runs, path.parent).encode("utf-8", "replace")
        try:
            if path.exists() and not path.is_file():
                _pour(path, octets)
            else:
                whole_file.write(path, octets)
        except OSError as error:
            self._failed(one.file, error)

    def _append(self, path: Path, text: str) -> None:
        """Add to what the commands of other steps have written there."""
        octets = text.encode("utf-8", "replace")
        try:
            with path.open("ab") as file:
                if file.tell() + len(octets) <= limits.STEP_SUMMARY.default:
                    file.write(octets)
        except OSError as error:
            self._failed(str(path), error)

    def _failed(self, name: str, error: OSError) -> None:
        said = f"{printable(name)}: {strerror(error)}"
        if said not in self.faults:
            self.faults.append(said)


def _pour(path: Path, octets: bytes) -> None:
    """Write to something that exists and isn't a file: a pipe or a terminal. Raises OSError, also if nobody
    reads."""
    try:
        at = os.open(path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise OSError(error.errno, "no program reads from this pipe") from None
        raise
    if hasattr(os, "set_blocking"):
        os.set_blocking(at, True)
    with os.fdopen(at, "wb") as file:
        file.write(octets)


def _format(name: str) -> Format:
    from replay.report.formats import FORMATS

    return FORMATS[name]


def _text(name: str, runs: Sequence[RunResult], folder: Path) -> str:
    """A report that is to be put into a folder."""
    render = _format(name).render
    if render is not None:
        return render(runs)
    from replay.campaign import pages

    return pages.drawn(pages.of(runs, folder))


class Track:
    """The results of one agent."""

    def __init__(self, outputs: Outputs, agent: str | None, otherwise: str) -> None:
        self.agent = agent
        self._outputs, self._otherwise = outputs, otherwise
        self._waiting: list[
            tuple[int, Fresh]
        ] = []  # waiting for the agent's name; none of these was opened

    def add(self, number: int, result: Fresh) -> None:
        """A result has come."""
        if self.agent is None and result.server is not None:
            self._named(result.server)
        self._outputs.case(self.agent, result)
        if self.agent is None:
            self._waiting.append((number, result))
        else:
            self._outputs.file(self.agent, number, result)

    def end(self) -> None:
        """There are no more."""
        if self._waiting:
            self._named("")

    def _named(self, name: str) -> None:
        self.agent = name or self._otherwise
        for number, result in self._waiting:
            self._outputs.file(self.agent, number, result)
        self._waiting.clear()


def _check(wanted: Sequence[WantedReport]) -> None:
    """Raises SourceError for reports that exclude each other."""
    to_stdout = [one for one in wanted if one.file == STDOUT]
    if len(to_stdout) > 1:
        names = " and ".join(one.format for one in to_stdout[:2])
        said = f"{names} can't both go to standard output"
        raise SourceError(None, said, "give one of them a file", "report")
    for one in to_stdout:
        if _format(one.format).folder:
            said = f"{one.format} is a folder of files, and can't go to standard output"
            raise SourceError(None, said, about="report")


def _prepare(one: WantedReport) -> None:
    """Raises SourceError for a place that can't be written to."""
    path, folder = Path(one.file), _format(one.format).folder
    name = f"--report {one.format}={printable(one.file)}"
    if folder and path.exists() and not path.is_dir():
        raise SourceError(None, f"{name}: expected a folder, found a file", about="report")
    if not folder and path.is_dir():
        raise SourceError(None, f"{name}: expected a file, found a folder", about="report")
    try:
        (path if folder else path.parent).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SourceError(None, f"{name}: {strerror(error)}", about="report") from None
