"""`replay serve`: the options, the lines while clients come, the failures at the end."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from replay import limits
from replay.arguments import (
    FAULTY,
    ExpectedFile,
    Fault,
    Unreachable,
    chosen_items,
    command_for,
    judged_by,
    known_ids,
    new_console,
    reported,
    selection,
)

if TYPE_CHECKING:
    from replay.outputs import Wanted
    from replay.report.layout import Lines
    from replay.suite import Item
    from replay.verdict.expected import Expected
    from replay.verdict.result import CaseResult

SECONDS = click.FloatRange(0.001)
PORT = 9001
"""Where Autobahn|Testsuite listens by default."""


@click.command()
@selection
@click.option("--host", default="127.0.0.1", show_default=True, help="Listen there; 0.0.0.0: everywhere.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="0: a free one."
)
@click.option(
    "--exec", "command", metavar="'CMD {url}'", help="Start your driver so, and end when it is done."
)
@click.option("--each", metavar="'CMD {url}'", help="Start an echo client so, once a case.")
@click.option("--demo", is_flag=True, help="Start one of the library websockets, once a case.")
@click.option("--agent", default="client", show_default=True, help="The name of the client of --each.")
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1, limits.MOST_JOBS.default),
    default=limits.EACH.default,
    show_default=True,
    help="Clients of --each at once.",
)
@judged_by
@click.option("--thorough", is_flag=True, help="All 1000 messages of sections 12 and 13.")
@click.option(
    "--start-timeout", type=SECONDS, default=limits.COMING.default, help="Seconds for --each to come."
)
@click.option(
    "--idle", type=SECONDS, default=limits.IDLE.default, help="Seconds after which --exec is done."
)
@click.option(
    "--timeout", type=SECONDS, default=limits.CASE.default, help="Seconds a case, beside its own waits."
)
@click.option("--strict", is_flag=True, help="NON-STRICT and UNIMPLEMENTED fail the run too.")
@click.option(
    "--expected", type=ExpectedFile(), help="Verdicts that are expected: YAML, or Autobahn's index.json."
)
@reported
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the results here, in a folder for each agent; else in .replay/clients.",
)
@click.option(
    "-v", "--verbose", is_flag=True, help="Handshake, closing, octets, frames and log of each case."
)
@click.option("-q", "--quiet", is_flag=True, help="Only failures and the last line.")
def serve(
    words: tuple[str, ...],
    keyword: str | None,
    host: str,
    port: int,
    command: str | None,
    each: str | None,
    demo: bool,
    agent: str,
    jobs: int,
    profile: str,
    thorough: bool,
    start_timeout: float,
    idle: float,
    timeout: float,
    strict: bool,
    expected: Path | None,
    out: Path | None,
    reports: tuple[Wanted, ...],
    json: bool,
    verbose: bool,
    quiet: bool,
) -> None:
    """Play the suite against the clients that connect, and judge them: Autobahn's endpoints, so that a
    driver which was written for it works unchanged. ^C ends it.

    \b
    replay serve                                   for your driver, at ws://127.0.0.1:9001
    replay serve --exec 'node driver.js {url}'     ... started by replay
    replay serve --each 'python echo.py {url}'     an echo client, started once a case
    """
    from replay import flows
    from replay.guests import Guests, Hosting
    from replay.live.host import Door
    from replay.outputs import STDOUT, Outputs, Wanted
    from replay.play.endpoint import Limits
    from replay.report import safe, terminal
    from replay.source import printable
    from replay.spec.model import Profile
    from replay.trace.model import SECOND
    from replay.wire.side import Side

    started = {"--exec": command, "--each": each, "--demo": demo}
    if len(given := [name for name, value in started.items() if value]) > 1:
        raise click.UsageError(f"{given[0]} and {given[1]} exclude each other")
    if not agent.strip() or len(agent) > limits.AGENT.default:
        raise click.UsageError(f"--agent: expected 1 to {limits.AGENT.default} characters")
    items = chosen_items(words, keyword, thorough, Side.SERVER)
    if any(item.case.trace is not None for item in items):
        raise Fault("a recorded log can't be served yet; expected ids, globs, or specs without `trace:`")
    outputs = Outputs([*reports, Wanted("json", STDOUT)] if json else reports, os.environ, strict)
    hosting = Hosting(
        Door(host, port, command, _demo() if demo else each, jobs, idle, start_timeout),
        Profile(profile),
        thorough,
        Limits(case=int(timeout * SECOND)),
        None if expected is None else _expected(expected, items, words),
        out,
        "websockets" if demo else agent,
        outputs.asked,
    )
    console, context = new_console(stderr=outputs.take_stdout), click.get_current_context()
    failures: dict[tuple[str, int], Lines] = {}

    def listening(address: str) -> None:
        if not quiet or port == 0:
            click.echo(f"listening at {address}: {len(items)} cases", err=outputs.take_stdout)

    def watch(name: str, number: int, result: CaseResult) -> None:
        outputs.track(name).add(number, result)
        counts = result.counts(strict)
        if not quiet or counts:
            note = safe.escape(name, 30) if len(guests.known) > 1 else ""
            console.print(terminal.line(result, console.width, note))
        if verbose:
            console.print(terminal.verbose(result))
        elif not quiet and not result.failed:
            console.print(terminal.notes(result))
        failures.pop((name, number), None)
        if counts or (result.failed and verbose):
            again = command_for(result, None, context)
            failures[name, number] = terminal.failure(result, again).drawn(console.width)

    guests = Guests(items, hosting, watch, listening, outputs.update)
    runs = flows.serve(guests)
    for guest in guests.known.values():
        if guest.fault is not None:
            click.echo(f"warning: {guest.fault}", err=True)
    for run in runs:
        if len(runs) > 1:
            console.print(f"\n{safe.escape(run.agent)}", style="bold")
        for _, number in sorted(key for key in failures if key[0] == run.agent):
            console.print()
            console.print(failures[run.agent, number])
        if not quiet:
            console.print()
        console.print(terminal.summary(run))
    outputs.finish(runs, lambda result, seed: command_for(result, seed, context))
    for fault in outputs.faults:
        click.echo(f"error: {fault}", err=True)
    for run in runs:
        if run.unreached is not None:
            raise Unreachable(printable(run.unreached))
    statuses = [run.exit_status(strict) for run in runs]
    if (any(guest.fault for guest in guests.known.values()) and out is not None) or outputs.faults:
        statuses.append(FAULTY)
    sys.exit(next((status for status in (130, 1, FAULTY) if status in statuses), 0))


def _demo() -> str:
    """The command that starts the client of --demo."""
    import shlex
    from importlib.util import find_spec

    if find_spec("websockets") is None:
        raise Fault("--demo needs the library websockets: pip install websockets")
    return shlex.join([sys.executable, "-m", "replay.live.demo"]) + " {url}"


def _expected(path: Path, items: list[Item], words: tuple[str, ...]) -> Expected:
    from datetime import date

    from replay import expected_file
    from replay.verdict.expected import Expected

    listing = expected_file.read(path, False)
    return Expected(listing.resolved(known_ids(items, words)), date.today().isoformat())
