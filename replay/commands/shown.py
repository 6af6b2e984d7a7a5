"""What runs show of their results; and runs against servers, one after the other, each of which is shown,
stored and reported."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct, field
from msgspec.structs import replace

from replay import flows
from replay.campaign.outputs import Outputs
from replay.campaign.progress import Bar
from replay.campaign.server import Settings
from replay.cases.cost import weight
from replay.commands.again import command_for
from replay.commands.output import FAULTY, CommandFault, Unreachable, at_address, new_console
from replay.commands.servers import UnderTest
from replay.report import terminal
from replay.report.layout import Lines
from replay.source import printable
from replay.store.writer import Store
from replay.suite.files import Item
from replay.verdict.result import CaseResult, Fresh, Judged, RunResult, exit_status, kept

if TYPE_CHECKING:
    from rich.console import Console

    from replay.expected.file import Listing


class Asked(Struct, frozen=True):
    """What is shown, and when to stop."""

    strict: bool
    verbose: bool
    quiet: bool
    moves: bool = False  # whether to show a bar, on a terminal
    max_failures: int | None = None


class Results:
    """The results of one agent, shown as they come, and its failures at the end."""

    def __init__(self, console: Console, asked: Asked, items: Iterable[Item]) -> None:
        """`items`: what is played, which decides how wide the column of ids is."""
        self._console, self._asked = console, asked
        self._ids = max((len(item.case.id) for item in items), default=0)
        self._failures: dict[int, tuple[CaseResult, Lines]] = {}

    def add(self, number: int, result: Fresh, note: str = "") -> None:
        """Show the result of a case; a later result of the same case replaces it. `note` is a word next to
        it."""
        console, asked = self._console, self._asked
        counts = result.counts(asked.strict)
        if not asked.quiet or counts:
            console.print(terminal.line(result, console.width, note, self._ids))
        if asked.verbose and isinstance(result, Judged):
            console.print(terminal.verbose(result))
        elif not asked.quiet and not result.failed and result.has_notes:
            console.print(terminal.notes(result))
        self._failures.pop(number, None)
        if isinstance(result, Judged) and (counts or (result.failed and (asked.verbose or result.flaky))):
            lines = terminal.failure(result, result.again).drawn(console.width)
            self._failures[number] = (kept(result), lines)

    def end(self, run: RunResult) -> None:
        """Show the failures, and the outcome of the run."""
        for lines in terminal.shown(self._failures, self._asked.verbose, self._asked.strict):
            self._console.print()
            self._console.print(lines)
        if not self._asked.quiet:
            self._console.print()
        self._console.print(terminal.summary(run))


class _Run(Struct, frozen=True):
    server: UnderTest
    store: Store
    result: RunResult
    reasons: dict[str, str] = field(default_factory=dict)  # of what counts as a failure, by id


class Runs:
    """The runs of one command."""

    def __init__(self, settings: Settings, outputs: Outputs, asked: Asked, number: int) -> None:
        """`number` is how many runs there will be."""
        self._settings, self._outputs, self._asked = settings, outputs, asked
        self._several = number > 1
        self._console = new_console(stderr=outputs.take_stdout)
        self._runs: list[_Run] = []
        self._counted = 0

    @property
    def going_on(self) -> bool:
        """Whether to continue: nobody asked to end, and there were not too many failures."""
        return not self._stopped and not any(run.result.interrupted for run in self._runs)

    @property
    def _stopped(self) -> bool:
        return self._asked.max_failures is not None and self._counted >= self._asked.max_failures

    def play(self, server: UnderTest, items: Sequence[Item], directory: Path | None, asked: bool) -> None:
        """Play the cases against a server. If `asked`, the user wants the results in exactly this folder.

        Raises SourceError, and CommandFault if that is impossible.
        """
        settings = self._with(server)
        if (address := server.target.address) is not None and address.tls is not None:
            address.tls.context()  # if its files can't be used, nothing is stored
        store = flows.store(items, settings, directory)
        if asked and store.fault is not None:
            raise CommandFault(store.fault.partition(";")[0])
        if self._several and not self._asked.quiet:
            self._console.print(f"\n{printable(server.name)}", style="bold")
        track = self._outputs.track(server.agent or None, server.name)
        shown = Results(self._console, self._asked, items)
        reasons: dict[str, str] = {}
        weights = [weight(item.case) for item in items]
        with Bar(self._console, weights) if self._asked.moves else nullcontext() as advance:

            def watch(number: int, result: Fresh, final: bool) -> bool:
                counts = result.counts(self._asked.strict)
                if counts or result.failed:
                    result = replace(result, again=command_for(result, settings.seed, own=server.own))
                store.add(number, result)
                if not final:
                    return True
                track.add(number, result)
                if advance is not None:
                    advance(number)
                shown.add(number, result)
                if counts:
                    self._counted += 1
                    reasons[result.case.id] = result.why
                return not self._stopped

            done = flows.run(items, settings, watch)
        store.finish(done)
        done = replace(done, stored=store.place)
        self._runs.append(_Run(server, store, done, reasons))
        if store.fault is not None:
            click.echo(f"warning: {store.fault}", err=True)
        shown.end(done)

    def _with(self, server: UnderTest) -> Settings:
        return replace(
            self._settings,
            target=server.target,
            options=server.options,
            connect_timeout=server.connect_timeout,
            agent=server.agent,
        )

    def update(self, server: UnderTest, reload: Callable[[], Sequence[Item]], ask: bool) -> None:
        """Change the specs of the cases that failed so that they pass. Raises CommandFault."""
        from replay.commands.updating import update

        run = self._runs[-1]
        done = run.result
        if done.unreached is not None or done.interrupted:
            return
        failed = [each.case.id for each in done.results if each.counts(self._asked.strict)]
        settled = update(failed, reload, self._with(server), ask, self._console).settled
        results = tuple(settled.get(each.case.id, each) for each in done.results)
        self._runs[-1] = replace(run, result=replace(done, results=results))

    def compare(self, listing: Listing, ids: Sequence[str], update: bool) -> None:
        """Warn about expected verdicts that apply to none of the servers. With `update`, write what
        fails."""
        from replay.expected import update as expected_update

        expected = self._settings.expected
        assert expected is not None
        for number, run in enumerate(self._runs):
            done = run.result
            if done.unreached is not None:
                continue
            if said := listing.for_others(done.agent or done.address):
                click.echo(f"warning: {said}", err=True)
            if update and not done.interrupted:
                updated = expected_update.updated(listing, expected, done, run.reasons, self._asked.strict)
                if updated.text != listing.source.text or not listing.path.exists():
                    expected_update.write(listing.path, updated.text)
                said = f"{printable(str(listing.path))}: {updated}"
                click.echo(said, err=self._outputs.take_stdout)
                entries = expected_update.again(listing, updated.text).resolved(ids)
                self._runs[number] = replace(run, result=replace(expected, entries=entries).judged(done))

    def show_page(self) -> None:
        """Show all runs as one page in a browser. Raises CommandFault if it can't be written."""
        from replay.commands import report as report_command

        folder = self._runs[0].store.directory
        report_command.show_runs(
            [_with_commands(run) for run in self._runs],
            folder.parent if self._several else folder,
            err=self._outputs.take_stdout,
        )

    def finish(self, asked: bool) -> int:
        """Show the runs side by side and write the reports; returns the exit status. `asked` as above.

        Raises Unreachable.
        """
        results = [replace(_with_commands(run), strict=self._asked.strict) for run in self._runs]
        if self._several:
            from replay.report import several

            self._console.print(several.side_by_side(results))
        self._outputs.finish(results)
        for fault in self._outputs.faults:
            click.echo(f"error: {fault}", err=True)
        lost = asked and any(run.store.fault for run in self._runs)
        status = exit_status(results, self._asked.strict) or (FAULTY if lost or self._outputs.faults else 0)
        unreached = [
            printable(at_address(run.address, run.unreached))
            for run in results
            if run.unreached is not None
        ]
        for said in unreached[:-1]:
            Unreachable(said).show()
        if unreached and status == Unreachable.exit_code:
            raise Unreachable(unreached[-1])
        return status


def _with_commands(run: _Run) -> RunResult:
    """The result with the command that plays each failure again."""
    results = tuple(
        replace(each, again=command_for(each, run.result.seed, own=run.server.own)) if each.failed else each
        for each in run.result.results
    )
    return replace(run.result, results=results)
