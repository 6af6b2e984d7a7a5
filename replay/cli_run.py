"""`replay run`: the options, the lines while it goes on, the failures at its end."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from replay import limits
from replay.arguments import (
    FAULTY,
    ChopSize,
    ExpectedFile,
    Fault,
    Header,
    HeaderValue,
    Unreachable,
    Url,
    UrlParts,
    chosen_items,
    command_for,
    judged_by,
    known_ids,
    new_console,
    reported,
    selection,
)

if TYPE_CHECKING:
    from replay.expected_file import Listing
    from replay.live.transport import Address
    from replay.outputs import Wanted
    from replay.play.actions import Chop, Options
    from replay.report.layout import Lines
    from replay.suite import Item
    from replay.verdict.result import CaseResult

SECONDS = click.FloatRange(0.001)


def _configure(ctx: click.Context, param: click.Parameter, value: Path | None) -> None:
    """What isn't given comes from the config, if there is one."""
    from replay import config, expected_file

    found = config.find(Path.cwd()) if value is None else config.read(value)
    if found is not None:
        names = {
            option.removeprefix("--"): each.name for each in ctx.command.params for option in each.opts
        }
        ctx.default_map = {names[key] or key: value for key, value in found.options.items()}
        ctx.default_map["words"] = found.cases
        if found.expected is not None:
            ctx.default_map["expected"] = expected_file.inside(found.path, found.expected)


_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@selection
@click.option("--url", type=Url(), help="The server under test; without it, the built-in one.")
@click.option(
    "--exec", "command", metavar="'CMD {port}'", help="Start the server so, and end it afterwards."
)
@click.option("--header", "headers", type=Header(), multiple=True, help="Send this header line too.")
@click.option("--host", type=HeaderValue(), help="Send this Host header.")
@click.option("--origin", type=HeaderValue(), help="Send this Origin header.")
@click.option(
    "--subprotocol", "subprotocols", type=HeaderValue(), multiple=True, help="Offer this subprotocol."
)
@click.option("--ca", type=_FILE, help="Trust these certificates (PEM) instead of the system's.")
@click.option("--insecure", is_flag=True, help="Take any certificate.")
@click.option("--cert", type=_FILE, help="The client's certificate (PEM).")
@click.option("--key", type=_FILE, help="... and its private key, if that file doesn't hold it.")
@click.option("--sni", help="The name to ask for in TLS, and to expect in the certificate.")
@click.option("--chop", type=ChopSize(), default="recorded", help="Octets a write: as recorded, or ...")
@click.option("--answer-pings", is_flag=True, help="Answer Pings also when a log is played.")
@click.option(
    "--reencode",
    is_flag=True,
    help="Compress the messages of a log anew, as it is agreed; else its octets are sent as they are.",
)
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1, limits.MOST_JOBS.default),
    help="Cases at once; 1: one after the other. Without it as many as do good.",
)
@judged_by
@click.option(
    "--patience",
    type=click.Choice(["auto", "full"]),
    default="auto",
    help="full: no pause of a case is shortened.",
)
@click.option(
    "--thorough",
    is_flag=True,
    help="All 1000 messages of sections 12 and 13; else as many as do.",
)
@click.option(
    "--seed", type=click.IntRange(0), help="For masks and keys; else a fresh one, which is shown."
)
@click.option("--connect-timeout", type=SECONDS, default=limits.CONNECT.default, help="Seconds.")
@click.option(
    "--start-timeout", type=SECONDS, default=limits.START.default, help="Seconds for --exec to listen."
)
@click.option(
    "--timeout", type=SECONDS, default=limits.CASE.default, help="Seconds a case, beside its own waits."
)
@click.option(
    "-x", "--exitfirst", "max_failures", flag_value=1, type=int, help="Stop at the first failure."
)
@click.option("--max-failures", type=click.IntRange(1), metavar="N", help="Stop at the Nth.")
@click.option("--strict", is_flag=True, help="NON-STRICT and UNIMPLEMENTED fail the run too.")
@click.option(
    "--expected", type=ExpectedFile(), help="Verdicts that are expected: YAML, or Autobahn's index.json."
)
@click.option("--update-expected", is_flag=True, help="Write what fails in this run there.")
@click.option(
    "--agent", metavar="NAME", default="", help="The server's name in reports; else its Server header."
)
@reported
@click.option("--out", type=click.Path(path_type=Path), help="Keep the results here; else in .replay/last.")
@click.option("--open", "opened", is_flag=True, help="Show the results as a page, in a browser.")
@click.option(
    "-v", "--verbose", is_flag=True, help="Handshake, closing, octets, frames and log of each case."
)
@click.option("-q", "--quiet", is_flag=True, help="Only failures and the last line.")
@click.option(
    "--config",
    type=_FILE,
    is_eager=True,
    expose_value=False,
    callback=_configure,
    help="Defaults for these options; else replay.yaml, or [tool.replay] in pyproject.toml.",
)
def run(
    words: tuple[str, ...],
    keyword: str | None,
    url: UrlParts | None,
    command: str | None,
    jobs: int | None,
    profile: str,
    patience: Literal["auto", "full"],
    thorough: bool,
    seed: int | None,
    connect_timeout: float,
    start_timeout: float,
    timeout: float,
    max_failures: int | None,
    strict: bool,
    expected: Path | Listing | None,
    update_expected: bool,
    out: Path | None,
    opened: bool,
    agent: str,
    reports: tuple[Wanted, ...],
    json: bool,
    verbose: bool,
    quiet: bool,
    ca: Path | None,
    insecure: bool,
    cert: Path | None,
    key: Path | None,
    sni: str | None,
    **request: Any,
) -> None:
    """Play wire logs and specs against a server, and judge what comes back.

    Without a PATH the bundled suite is played. Ids and globs select from it, or from the PATHs.

    \b
    replay run --exec './my-server --port {port}'
    replay run --url ws://127.0.0.1:9001 '1.*' '!1.1.8'
    replay run --url wss://localhost:9443 --ca ca.pem --chop 1 traces/
    """
    import random
    from dataclasses import replace

    from replay import cli_report, expected_update, flows, suite
    from replay.collect import Settings
    from replay.live.run import Target
    from replay.live.tls import Tls
    from replay.live.transport import Address
    from replay.outputs import STDOUT, Outputs, Wanted
    from replay.play.endpoint import Limits
    from replay.progress import Bar
    from replay.report import terminal
    from replay.report.words import why
    from replay.source import printable
    from replay.spec.cost import weight
    from replay.spec.model import Profile
    from replay.trace.model import SECOND
    from replay.verdict.expected import Expected

    if update_expected and expected is None:
        raise click.UsageError("--update-expected needs --expected FILE")
    chosen = chosen_items(words, keyword, thorough)
    listing = None if expected is None else _listing(expected, update_expected)
    ids = [] if listing is None else _known_ids(chosen, words)
    address = None
    if url is not None:
        tls = Tls(ca, insecure, cert, key, sni) if url.secure else None
        address = Address(url.host, url.port, url.target, tls)
    given = {"--ca": ca, "--insecure": insecure, "--cert": cert, "--key": key, "--sni": sni}
    if (address is None or address.tls is None) and (idle := [name for name in given if given[name]]):
        raise click.UsageError(f"{idle[0]} is for wss://")
    wanted = [*reports, Wanted("json", STDOUT)] if json else reports
    outputs = Outputs(wanted, os.environ, strict, suite.places())
    track = outputs.track(agent or None)
    settings = Settings(
        target=Target(address, command, start_timeout),
        options=_options(address, **request),
        limits=Limits(case=int(timeout * SECOND)),
        connect_timeout=connect_timeout,
        jobs=jobs,
        profile=Profile(profile),
        patience=patience,
        thorough=thorough,
        again=max_failures is None,
        seed=random.SystemRandom().randrange(10**6) if seed is None else seed,
        expected=None if listing is None else Expected(listing.resolved(ids), _today()),
        agent=agent,
        explained=outputs.asked,
    )
    store = flows.store(chosen, settings, out)
    if out is not None and store.fault is not None:
        raise Fault(store.fault.partition(";")[0])
    console = new_console(stderr=outputs.take_stdout)
    failures: dict[int, Lines] = {}
    reasons: dict[str, str] = {}
    counted = 0
    weights = [weight(item.case) for item in chosen]
    with nullcontext() if os.environ.get("CI") else Bar(console, weights) as advance:

        def watch(number: int, result: CaseResult, final: bool) -> bool:
            nonlocal counted
            store.add(number, result)
            if not final:
                return True
            track.add(number, result)
            if advance is not None:
                advance(number)
            counts = result.counts(strict)
            if not quiet or counts:
                console.print(terminal.line(result, console.width))
            if verbose:
                console.print(terminal.verbose(result))
            elif not quiet and not result.failed:
                console.print(terminal.notes(result))
            if counts or (result.failed and (verbose or result.flaky)):
                again = command_for(result, settings.seed)
                failures[number] = terminal.failure(result, again).drawn(console.width)
            if counts:
                counted += 1
                reasons[result.case.id] = why(result)
            return max_failures is None or counted < max_failures

        done = flows.run(chosen, settings, watch)
    store.finish(done)
    if store.fault is not None:
        click.echo(f"warning: {store.fault}", err=True)
    for number in sorted(failures):
        console.print()
        console.print(failures[number])
    if not quiet:
        console.print()
    console.print(terminal.summary(done))
    if listing is not None and settings.expected is not None and done.unreached is None:
        if said := listing.for_others(done.agent or done.address):
            click.echo(f"warning: {said}", err=True)
        if update_expected and not done.interrupted:
            updated = expected_update.updated(listing, settings.expected, done, reasons, strict)
            if updated.text != listing.source.text:
                expected_update.write(listing.path, updated.text)
            click.echo(f"{printable(str(listing.path))}: {updated}", err=outputs.take_stdout)
            entries = expected_update.again(listing, updated.text).resolved(ids)
            done = replace(settings.expected, entries=entries).judged(done)
    outputs.finish([done], command_for)
    for fault in outputs.faults:
        click.echo(f"error: {fault}", err=True)
    if opened:
        cli_report.show_run(done, store.directory, err=outputs.take_stdout)
    if done.unreached is not None:
        raise Unreachable(f"{done.address}: {done.unreached}")
    lost = FAULTY if outputs.faults or (out is not None and store.fault is not None) else 0
    sys.exit(done.exit_status(strict) or lost)


def _listing(given: Path | Listing, new: bool) -> Listing:
    from replay import expected_file

    return expected_file.read(given, new) if isinstance(given, Path) else given


def _known_ids(chosen: list[Item], words: tuple[str, ...]) -> list[str]:
    """The ids that an expected verdict may be for: also those of the config's paths."""
    of_config = (click.get_current_context().default_map or {}).get("words", ())
    return known_ids(chosen, (*words, *of_config))


def _today() -> str:
    from datetime import date

    return date.today().isoformat()


def _options(
    address: Address | None,
    headers: tuple[tuple[str, str], ...],
    host: str | None,
    origin: str | None,
    subprotocols: tuple[str, ...],
    chop: Chop,
    answer_pings: bool,
    reencode: bool,
) -> Options:
    from replay.play.actions import Options

    given = list(headers)
    if origin is not None:
        given.append(("Origin", origin))
    if subprotocols:
        given.append(("Sec-WebSocket-Protocol", ", ".join(subprotocols)))
    return Options(
        target=address.target if address else "/",
        host=host or "localhost",
        headers=tuple(given),
        edit_target=address is not None and address.target != "/",
        edit_host=host is not None,
        chop=chop,
        answer_pings=answer_pings,
        reencode=reencode,
    )
