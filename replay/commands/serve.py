"""`replay serve`: its options, the lines while clients connect, and the failures at the end."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource
from msgspec.structs import replace

from replay import limits
from replay.commands.again import command_for
from replay.commands.defaults import config_of, configured
from replay.commands.output import FAULTY, CommandFault, Unreachable, new_console
from replay.commands.run import listing_of, today
from replay.commands.selection import chosen_items, known_ids, newer_cases
from replay.config.options import SERVE
from replay.source import SourceError, strerror

if TYPE_CHECKING:
    from replay.commands.given import ServeOptions
    from replay.expected.entries import Expected
    from replay.expected.file import Listing
    from replay.live.secure import Secure
    from replay.live.transport import Address
    from replay.suite.files import Item
    from replay.verdict.result import Judged


@click.command()
@configured(*SERVE)
def serve(**options: Any) -> None:
    """Play the suite against the clients that connect, and judge what they do.

    The URLs are those of Autobahn|Testsuite, so a test driver written for it works unchanged. Press ^C to
    end.

    \b
    replay serve                                   wait for your driver at ws://127.0.0.1:9001
    replay serve --exec 'node driver.js {url}'     start your driver
    replay serve --each 'python echo.py {url}'     start an echo client once for each case
    replay serve --tls --exec 'SSL_CERT_FILE={ca} ./driver {url}'     use wss://
    """
    from replay import flows
    from replay.campaign.clients import Guests, Hosting
    from replay.campaign.outputs import Outputs
    from replay.cases.model import Profile
    from replay.commands.given import ServeOptions
    from replay.commands.shown import Asked, Results
    from replay.live.client_contract import Door
    from replay.play.actions import Options
    from replay.report import safe, several, words
    from replay.source import printable
    from replay.verdict.result import exit_status
    from replay.wire.side import Side

    context = click.get_current_context()
    config = config_of(context)
    given = _with_one_client(context, ServeOptions(**options))
    if given.key is not None and given.cert is None:
        raise SourceError(None, "--key needs --cert: it is the private key of the certificate", about="key")
    if not given.agent.strip() or len(given.agent) > limits.AGENT.default:
        said = f"--agent: expected 1 to {limits.AGENT.default} characters"
        raise SourceError(None, said, about="agent")
    if given.declared.memory is not None:
        said = "--limit memory=SIZE is for servers: start one with `replay run --exec`"
        raise SourceError(None, said, about="limit")
    items = chosen_items(
        given.cases, given.keyword, given.thorough, Side.SERVER, given.suite, given.wanted, given.declared
    )
    outputs = Outputs(given.reports, os.environ, given.strict)
    hosting = Hosting(
        door=Door(
            host=given.host,
            port=given.port,
            secure=_secure(given.cert, given.key) if given.secure else None,
            command=given.exec,
            each=_demo(given.secure) if given.demo else given.each,
            jobs=given.jobs,
            idle=given.idle,
            coming=given.start_timeout,
        ),
        profile=Profile(given.profile),
        thorough=given.thorough,
        declared=given.declared,
        options=Options(chop=given.chop, answer_pings=given.answer_pings, reencode=given.reencode),
        limits=given.limits,
        expected=None if given.expected is None else _expected(given.expected, items, given.cases),
        directory=given.out,
        agent="websockets" if given.demo else given.agent,
        explained=outputs.asked,
        not_for=config.not_for if config else lambda _: frozenset(),
        again=lambda result: command_for(result, None, context),
    )
    console = new_console(stderr=outputs.take_stdout)
    asked = Asked(given.strict, given.verbose, given.quiet)
    shown: dict[str, Results] = {}

    def listening(address: Address) -> None:
        if not given.quiet or given.port == 0:
            trust = f", certificate to trust in {address.tls.ca}" if address.tls and not given.cert else ""
            said = f"listening at {address}: {words.count(len(items), 'case')}{trust}"
            click.echo(said, err=outputs.take_stdout)

    def watch(name: str, number: int, result: Judged) -> None:
        outputs.track(name).add(number, result)
        if result.counts(given.strict) and result.again is None:
            result = replace(result, again=command_for(result, None, context))
        note = safe.escape(name, 30) if len(guests.known) > 1 else ""
        shown.setdefault(name, Results(console, asked, items)).add(number, result, note)

    guests = Guests(items, hosting, watch, listening, outputs.update)
    runs = flows.serve(guests)
    for guest in guests.known.values():
        if guest.fault is not None:
            click.echo(f"warning: {guest.fault}", err=True)
    for run in runs:
        if len(runs) > 1:
            console.print(f"\n{safe.escape(run.agent)}", style="bold")
        shown.get(run.agent, Results(console, asked, items)).end(run)
    if len(runs) > 1:
        console.print(several.side_by_side([replace(run, strict=given.strict) for run in runs]))
    outputs.finish(runs, lambda result, seed: command_for(result, seed, context))
    for fault in outputs.faults:
        click.echo(f"error: {fault}", err=True)
    status = exit_status(runs, given.strict)
    if status == Unreachable.exit_code:
        raise Unreachable(printable(next(run.unreached for run in runs if run.unreached is not None)))
    if not (given.quiet or outputs.take_stdout):
        for said in newer_cases(items, given.cases, given.keyword, given.suite, Side.SERVER):
            click.echo(said)
    lost = given.out is not None and any(guest.fault for guest in guests.known.values())
    sys.exit(status or (FAULTY if lost or outputs.faults else 0))


def _with_one_client(context: click.Context, given: ServeOptions) -> ServeOptions:
    """The options with at most one of `exec`, `each` and `demo`: the command line takes precedence over the
    config."""
    started: dict[str, Any] = {"exec": given.exec, "each": given.each, "demo": given.demo}
    typed = [
        name
        for name, value in started.items()
        if value and context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
    if len(typed) > 1:
        raise click.UsageError(f"--{typed[0]} and --{typed[1]} can't be used together")
    if not typed:
        return given
    nothing = {"exec": None, "each": None, "demo": False}
    kept = nothing | {name: started[name] for name in typed}
    context.params.update(kept)
    return replace(given, **kept)


def _secure(cert: Path | None, key: Path | None) -> Secure:
    from replay.live.secure import Secure
    from replay.store import folder

    try:
        return Secure(folder.own() if cert is None else Path(), cert, key)
    except OSError as error:
        raise CommandFault(f"{folder.LAST.parent}: {strerror(error)}") from None


def _demo(tls: bool) -> str:
    """The command that starts the client of --demo."""
    import shlex
    from importlib.util import find_spec

    if find_spec("websockets") is None:
        raise CommandFault("--demo needs the library websockets: run `pip install websockets`")
    return shlex.join([sys.executable, "-m", "replay.live.demo"]) + (" {url} {ca}" if tls else " {url}")


def _expected(given: Path | Listing, items: list[Item], cases: tuple[str, ...]) -> Expected:
    from replay.expected.entries import Expected

    return Expected(listing_of(given).resolved(known_ids(items, cases)), today())
