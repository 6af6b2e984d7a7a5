"""What `replay check` shows of its verdicts as they come, and what it makes of all of them at the end."""

from __future__ import annotations

import os
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import click
from msgspec import Struct
from msgspec.structs import replace

from replay import limits
from replay.campaign.outputs import Outputs
from replay.campaign.progress import Bar
from replay.commands.checked import Checked, Place, shown
from replay.commands.main import INTERRUPTED
from replay.commands.output import FAULTY, CommandFault
from replay.live.mapped import Lost
from replay.live.signals import held
from replay.report.census import Census
from replay.report.layout import Lines, labelled
from replay.report.safe import escape
from replay.source import SourceError
from replay.trace.model import SECOND
from replay.verdict.result import CaseResult, RunResult

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

LOGS = "logs"
"""The address of what isn't reached over a network, in reports."""


class Asked(Struct, frozen=True):
    """How the verdicts are shown."""

    profile: str
    strict: bool
    verbose: bool
    quiet: bool


class Lint:
    """Takes verdicts as they come. Only if a report is wanted, all of them are kept."""

    def __init__(self, console: Console, outputs: Outputs, asked: Asked) -> None:
        self._console, self._outputs, self._asked = console, outputs, asked
        self._census = Census(asked.strict)
        self._causes: set[object] = set()  # of the failures that were shown in full
        self._kept: dict[str, list[CaseResult]] = {}  # by agent
        self._faults: list[str] = []
        self._room = limits.ALL_EXPLAINED.default
        self.interrupted = False

    def progress(self, weights: Sequence[int]) -> AbstractContextManager[Callable[[int], None]]:
        """A bar, on a terminal, if there is more than one file."""
        if len(weights) < 2 or os.environ.get("CI"):
            return nullcontext(lambda number: None)
        return Bar(self._console, weights)

    def fault(self, error: SourceError | str) -> None:
        """Something can't be read."""
        said = str(error)
        self._faults.append(said.partition("\n")[0])
        CommandFault(said).show()

    def take(self, place: Place, answer: Iterable[Checked | str] | Lost) -> None:
        """The verdicts on the logs in a file."""
        if isinstance(answer, Lost):
            said = "the process that judged it died twice; there may not be enough memory"
            self.fault(f"{shown(place)}: {said}")
            return
        for one in answer:
            with held():  # what is shown is counted
                if isinstance(one, str):
                    self.fault(one)
                else:
                    self._add(place, one)

    def _add(self, place: Place, one: Checked) -> None:
        result = one.result
        counts = result.counts(self._asked.strict)
        self._show(one, counts)
        self._census.add(one.agent, result.path or result.case.id, result)
        if not self._outputs.asked:
            return
        if counts and isinstance(place, str):
            result = replace(result, again=self._again(place))
        self._room -= len(result.shown)
        if self._room < 0:
            result = replace(result, shown="")
        self._outputs.case(one.agent or None, result)
        self._kept.setdefault(one.agent, []).append(result)

    def _show(self, one: Checked, counts: bool) -> None:
        console, asked = self._console, self._asked
        if asked.quiet and not counts:
            return
        console.print(one.line)
        if one.verbose:
            console.print(_lines(one.verbose))
        if not counts:
            console.print(_lines(one.more))
            return
        cause = one.result.cause or one.result.heading
        if cause in self._causes and not asked.verbose:
            why = escape(one.result.why)
            console.print(Lines(lambda width: labelled("", why, width)))
            return
        self._causes.add(cause)
        console.print(_lines(one.more))
        console.print()

    def _again(self, path: str) -> str:
        asked = self._asked
        profile = [] if asked.profile == "autobahn" else ["--profile", asked.profile]
        return shlex.join(["replay", "check", *profile, *(["--strict"] if asked.strict else []), path])

    def finish(self, files: int) -> int:
        """Show the summary, if there were several files or logs, and write the reports; returns the exit
        status."""
        census = self._census
        census.unreadable = len(self._faults)
        if files > 1 or census.total > 1:
            self._console.print()
            self._console.print(census.lines())
        if self._outputs.asked:
            self._outputs.finish(self._runs())
        for said in self._outputs.faults:
            CommandFault(said).show()
        if self.interrupted:
            click.echo("interrupted: not all files were judged", err=True)
            return INTERRUPTED
        return FAULTY if self._faults or self._outputs.faults else int(census.failed > 0)

    def _runs(self) -> list[RunResult]:
        """A run for each agent, and one that says what can't be read."""
        runs = [self._run(agent, results) for agent, results in self._kept.items()]
        if self._faults or not runs:
            runs.append(self._run("", [], tuple(self._faults)))
        return runs

    def _run(self, agent: str, results: list[CaseResult], unread: tuple[str, ...] = ()) -> RunResult:
        ids = Counter(result.case.id for result in results)
        return RunResult(
            agent=agent,
            address=LOGS,
            results=tuple(_told_apart(result) if ids[result.case.id] > 1 else result for result in results),
            seed=None,
            duration=sum(result.duration or 0 for result in results) / SECOND,
            planned=len(results),
            interrupted=self.interrupted,
            strict=self._asked.strict,
            unread=unread,
        )


def _told_apart(result: CaseResult) -> CaseResult:
    """A result whose case has the id of another one, with the file in its own."""
    return replace(result, case=replace(result.case, id=f"{result.case.id} ({result.path})"))


def _lines(rows: Sequence[Text]) -> Lines:
    return Lines(lambda width: rows)
