"""`replay run`: the options, the lines while it goes on, the failures at its end."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from replay import limits
from replay.commands.defaults import FILE, config_of, configured, placed
from replay.commands.options import (
    MOST_SEED,
    ExpectedFile,
    HeaderParameter,
    HeaderValue,
    Seconds,
    Url,
    chosen_items,
    judged_by,
    known_ids,
    reported,
    selection,
    sent_as,
)
from replay.source import SourceError

if TYPE_CHECKING:
    from replay.campaign.outputs import WantedReport
    from replay.expected.file import Listing
    from replay.suite.files import Item

SECONDS = Seconds()


@click.command(short_help="Test a server.")
@selection
@click.option("--url", type=Url(), help="The server under test; without it, the built-in one.")
@click.option(
    "--exec", "command", metavar="'CMD {port}'", help="Start the server so, and end it afterwards."
)
@click.option(
    "--header", "headers", type=HeaderParameter(), multiple=True, help="Send this header line too."
)
@click.option("--host", type=HeaderValue(), help="Send this Host header.")
@click.option("--origin", type=HeaderValue(), help="Send this Origin header.")
@click.option(
    "--subprotocol", "subprotocols", type=HeaderValue(), multiple=True, help="Offer this subprotocol."
)
@click.option("--ca", type=FILE, help="Trust these certificates (PEM) instead of the system's.")
@click.option("--insecure", is_flag=True, help="Take any certificate.")
@click.option("--cert", type=FILE, help="The client's certificate (PEM).")
@click.option("--key", type=FILE, help="... and its private key, if that file doesn't hold it.")
@click.option("--sni", help="The name to ask for in TLS, and to expect in the certificate.")
@sent_as
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1, limits.MOST_JOBS.default),
    help="Cases at once. Without it as many as do good; of logs and specs of an application, one.",
)
@judged_by
@click.option(
    "--patience",
    type=click.Choice(["auto", "full"]),
    default="auto",
    help="full: no pause of a case is shortened.",
)
@click.option(
    "--canary",
    type=click.Choice(["auto", "never"]),
    default="auto",
    help="never: no message first, to see that the server echoes.",
)
@click.option(
    "--thorough",
    is_flag=True,
    help="All 1000 messages of sections 12 and 13; else as many as do.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, MOST_SEED),
    help="For masks and keys; else a fresh one, which is shown.",
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
@click.option("--max-failures", type=click.IntRange(1, 10**9), metavar="N", help="Stop at the Nth.")
@click.option("--strict", is_flag=True, help="NON-STRICT, UNIMPLEMENTED and unjudged fail the run too.")
@click.option(
    "--expected", type=ExpectedFile(), help="Verdicts that are expected: YAML, or Autobahn's index.json."
)
@click.option("--update-expected", is_flag=True, help="Write what fails in this run there.")
@click.option(
    "--agent",
    metavar="NAME",
    default="",
    help="The server's name in reports; else its Server header, its command or its address. Of several in "
    "a config, the one of that name.",
)
@reported
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="Keep the results here; else in .replay/last."
)
@click.option("--open", "opened", is_flag=True, help="Show the results as a page, in a browser.")
@click.option(
    "-v", "--verbose", is_flag=True, help="Handshake, closing, octets, frames and log of each case."
)
@click.option("-q", "--quiet", is_flag=True, help="Only failures and the last line.")
@configured
def run(
    words: tuple[str, ...],
    keyword: str | None,
    jobs: int | None,
    profile: str,
    patience: Literal["auto", "full"],
    canary: Literal["auto", "never"],
    thorough: bool,
    seed: int | None,
    timeout: float,
    max_failures: int | None,
    strict: bool,
    expected: Path | Listing | None,
    update_expected: bool,
    out: Path | None,
    opened: bool,
    reports: tuple[WantedReport, ...],
    json: bool,
    verbose: bool,
    quiet: bool,
    **of_server: Any,
) -> None:
    """Play wire logs and specs against a server, and judge what comes back.

    Without a PATH the bundled suite is played. Ids and globs select from it, or from the PATHs.

    \b
    replay run --exec './my-server --port {port}'
    replay run --url ws://127.0.0.1:9001 '1.*' '!1.1.8'
    replay run --url wss://localhost:9443 --ca ca.pem --chop 1 traces/
    """
    import random

    from replay.campaign.outputs import STDOUT, Outputs, WantedReport
    from replay.campaign.server import Settings
    from replay.cases.model import Profile
    from replay.commands import servers as under_test
    from replay.commands.shown import Asked, Runs
    from replay.expected.entries import Expected
    from replay.play.endpoint import Limits
    from replay.store.folder import SERVERS, folder_name
    from replay.suite import files as suite
    from replay.trace.model import SECOND

    context = click.get_current_context()
    config = config_of(context)
    chosen = chosen_items(words, keyword, thorough)
    servers = under_test.servers(context, config.servers if config else ())
    if update_expected and expected is None:
        raise click.UsageError("--update-expected needs --expected FILE")
    if update_expected and len(servers) > 1:
        raise click.UsageError("--update-expected is for one server: name it with --url, --exec or --agent")
    listing = None if expected is None else listing_of(expected, update_expected)
    ids = [] if listing is None else _known_ids(chosen, words)
    wanted = [*reports, WantedReport("json", STDOUT)] if json else reports
    outputs = Outputs(wanted, os.environ, strict, suite.places())
    settings = Settings(
        limits=Limits(case=int(timeout * SECOND)),
        jobs=jobs,
        profile=Profile(profile),
        patience=patience,
        canary=canary,
        thorough=thorough,
        again=max_failures is None,
        seed=random.SystemRandom().randrange(10**6) if seed is None else seed,
        expected=None if listing is None else Expected(listing.resolved(ids), today()),
        explained=outputs.asked,
        closely=verbose or outputs.take_octets,
    )
    asked = Asked(strict, verbose, quiet, not os.environ.get("CI"), max_failures)
    runs = Runs(settings, outputs, asked, len(servers))
    taken: set[str] = set()
    for server in servers:
        if not runs.going_on:
            break
        excluded = config.not_for(server.agent) if config else ()
        items = [item for item in chosen if item.case.id not in excluded]
        directory = out
        if server.own:
            directory = (out or SERVERS) / folder_name(server.name, taken)
        try:
            runs.play(server, items, directory, asked=out is not None)
        except SourceError as error:
            raise placed(error, server.nodes) from None
    if listing is not None:
        runs.compare(listing, ids, update_expected)
    if opened:
        runs.show_page()
    sys.exit(runs.finish(asked=out is not None))


def listing_of(given: Path | Listing, new: bool = False) -> Listing:
    from replay.expected import file as expected_file

    return expected_file.read(given, new) if isinstance(given, Path) else given


def _known_ids(chosen: list[Item], words: tuple[str, ...]) -> list[str]:
    """The ids that an expected verdict may be for: also those of the config's paths."""
    of_config = (click.get_current_context().default_map or {}).get("words", ())
    return known_ids(chosen, (*words, *of_config))


def today() -> str:
    from datetime import date

    return date.today().isoformat()
