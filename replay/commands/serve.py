"""`replay serve`: the options, the lines while clients come, the failures at the end."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from replay import limits
from replay.commands.again import command_for
from replay.commands.defaults import FILE, config_of, configured
from replay.commands.options import (
    FAULTY,
    CommandFault,
    ExpectedFile,
    Seconds,
    Unreachable,
    chosen_items,
    judged_by,
    known_ids,
    new_console,
    reported,
    selection,
    sent_as,
)
from replay.commands.run import listing_of, today
from replay.source import SourceError

if TYPE_CHECKING:
    from replay.campaign.outputs import WantedReport
    from replay.expected.entries import Expected
    from replay.expected.file import Listing
    from replay.live.secure import Secure
    from replay.live.transport import Address
    from replay.play.actions import Chop
    from replay.report.layout import Lines
    from replay.suite.files import Item
    from replay.verdict.result import CaseResult

SECONDS = Seconds()
PORT = 9001
"""Where Autobahn|Testsuite listens by default."""


@click.command(short_help="Test clients.")
@selection
@click.option("--host", default="127.0.0.1", show_default=True, help="Listen there; 0.0.0.0: everywhere.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="0: a free one."
)
@click.option("--tls", is_flag=True, help="Serve wss://, with a certificate made for it.")
@click.option("--cert", type=FILE, help="... with this one (PEM), and its chain.")
@click.option("--key", type=FILE, help="Its private key, if that file doesn't hold it.")
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
@sent_as
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
@click.option("--strict", is_flag=True, help="NON-STRICT, UNIMPLEMENTED and unjudged fail the run too.")
@click.option(
    "--expected", type=ExpectedFile(), help="Verdicts that are expected: YAML, or Autobahn's index.json."
)
@reported
@click.option(
    *("-o", "--out"),
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the results here, in a folder for each agent; else in .replay/clients.",
)
@click.option(
    "-v", "--verbose", is_flag=True, help="Handshake, closing, octets, frames and log of each case."
)
@click.option("-q", "--quiet", is_flag=True, help="Only failures and the last line.")
@configured
def serve(
    words: tuple[str, ...],
    keyword: str | None,
    host: str,
    port: int,
    tls: bool,
    cert: Path | None,
    key: Path | None,
    command: str | None,
    each: str | None,
    demo: bool,
    agent: str,
    jobs: int,
    profile: str,
    thorough: bool,
    chop: Chop,
    answer_pings: bool,
    reencode: bool,
    start_timeout: float,
    idle: float,
    timeout: float,
    strict: bool,
    expected: Path | Listing | None,
    out: Path | None,
    reports: tuple[WantedReport, ...],
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
    replay serve --tls --exec 'SSL_CERT_FILE={ca} ./driver {url}'     ... by wss://
    """
    from dataclasses import replace

    from replay import flows
    from replay.campaign.clients import Guests, Hosting
    from replay.campaign.outputs import STDOUT, Outputs, WantedReport
    from replay.campaign.server import counted
    from replay.cases.model import Profile
    from replay.live.client_contract import Door
    from replay.play.actions import Options
    from replay.play.endpoint import Limits
    from replay.report import safe, several, terminal
    from replay.source import printable
    from replay.trace.model import SECOND
    from replay.verdict.result import exit_status
    from replay.wire.side import Side

    context = click.get_current_context()
    config = config_of(context)
    command, each, demo = _started(context, command=command, each=each, demo=demo)
    if key is not None and cert is None:
        raise SourceError(None, "--key is the private key of a --cert FILE", about="key")
    if not agent.strip() or len(agent) > limits.AGENT.default:
        said = f"--agent: expected 1 to {limits.AGENT.default} characters"
        raise SourceError(None, said, about="agent")
    items = chosen_items(words, keyword, thorough, Side.SERVER)
    outputs = Outputs([*reports, WantedReport("json", STDOUT)] if json else reports, os.environ, strict)
    hosting = Hosting(
        Door(
            host,
            port,
            _secure(cert, key) if tls or cert else None,
            command,
            _demo(bool(tls or cert)) if demo else each,
            jobs,
            idle,
            start_timeout,
        ),
        Profile(profile),
        thorough,
        Options(chop=chop, answer_pings=answer_pings, reencode=reencode),
        Limits(case=int(timeout * SECOND)),
        None if expected is None else _expected(expected, items, words),
        out,
        "websockets" if demo else agent,
        outputs.asked,
        config.not_for if config else lambda _: frozenset(),
        lambda result: command_for(result, None, context),
    )
    console = new_console(stderr=outputs.take_stdout)
    failures: dict[tuple[str, int], tuple[CaseResult, Lines]] = {}

    def listening(address: Address) -> None:
        if not quiet or port == 0:
            trust = f", certificate to trust in {address.tls.ca}" if address.tls and not cert else ""
            click.echo(f"listening at {address}: {len(items)} cases{trust}", err=outputs.take_stdout)

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
            again = result.again or command_for(result, None, context)
            lines = terminal.failure(result, again).drawn(console.width)
            failures[name, number] = (counted(result), lines)

    guests = Guests(items, hosting, watch, listening, outputs.update)
    runs = flows.serve(guests)
    for guest in guests.known.values():
        if guest.fault is not None:
            click.echo(f"warning: {guest.fault}", err=True)
    for run in runs:
        if len(runs) > 1:
            console.print(f"\n{safe.escape(run.agent)}", style="bold")
        of_agent = {number: found for (name, number), found in failures.items() if name == run.agent}
        for lines in terminal.shown(of_agent, verbose, strict):
            console.print()
            console.print(lines)
        if not quiet:
            console.print()
        console.print(terminal.summary(run))
    if len(runs) > 1:
        console.print(several.side_by_side([replace(run, strict=strict) for run in runs]))
    outputs.finish(runs, lambda result, seed: command_for(result, seed, context))
    for fault in outputs.faults:
        click.echo(f"error: {fault}", err=True)
    status = exit_status(runs, strict)
    if status == Unreachable.exit_code:
        raise Unreachable(printable(next(run.unreached for run in runs if run.unreached is not None)))
    lost = out is not None and any(guest.fault for guest in guests.known.values())
    sys.exit(status or (FAULTY if lost or outputs.faults else 0))


def _started(context: click.Context, **started: Any) -> tuple[str | None, str | None, bool]:
    """What is to be started, of `command`, `each` and `demo`: the command line goes before the config."""
    given = {name: context.get_parameter_source(name) for name, value in started.items() if value}
    named = [name for name, source in given.items() if source is ParameterSource.COMMANDLINE]
    if len(named) > 1:
        one, other = (f"--{'exec' if name == 'command' else name}" for name in named[:2])
        raise click.UsageError(f"{one} and {other} exclude each other")
    kept = {name: value for name, value in started.items() if not named or name in named}
    context.params.update({name: kept.get(name) for name in started})
    return kept.get("command"), kept.get("each"), kept.get("demo", False)


def _secure(cert: Path | None, key: Path | None) -> Secure:
    from replay.live.secure import Secure
    from replay.store import folder

    try:
        return Secure(folder.own() if cert is None else Path(), cert, key)
    except OSError as error:
        raise CommandFault(f"{folder.LAST.parent}: {(error.strerror or str(error)).lower()}") from None


def _demo(tls: bool) -> str:
    """The command that starts the client of --demo."""
    import shlex
    from importlib.util import find_spec

    if find_spec("websockets") is None:
        raise CommandFault("--demo needs the library websockets: pip install websockets")
    return shlex.join([sys.executable, "-m", "replay.live.demo"]) + (" {url} {ca}" if tls else " {url}")


def _expected(given: Path | Listing, items: list[Item], words: tuple[str, ...]) -> Expected:
    from replay.expected.entries import Expected

    return Expected(listing_of(given).resolved(known_ids(items, words)), today())
