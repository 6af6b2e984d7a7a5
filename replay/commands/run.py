"""`replay run`: its options, the lines while it is running, and the failures at the end."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from replay.commands.defaults import config_of, configured, placed
from replay.commands.required import check_connections, check_fresh, check_redacted, check_update, reaching
from replay.commands.selection import chosen_items, known_ids, newer_cases
from replay.config.options import RUN
from replay.source import SourceError

if TYPE_CHECKING:
    from replay.commands.given import RunOptions
    from replay.expected.entries import Expected
    from replay.expected.file import Listing
    from replay.suite.files import Item


@click.command()
@configured(*RUN)
def run(**options: Any) -> None:
    """Play wire logs and specs against a server, and judge what comes back.

    Without a PATH, a bundled suite is played. Ids and globs select cases from the bundled suites, or from
    those at each PATH.

    \b
    replay run --suite rfc --url ws://127.0.0.1:9001
    replay run --exec './my-server --port {port}'
    replay run --url ws://127.0.0.1:9001 '1.*' '!1.1.8'
    replay run --url wss://localhost:9443 --ca ca.pem --chop 1 traces/
    """
    import random

    from replay.campaign.outputs import Outputs
    from replay.campaign.server import Settings
    from replay.cases.model import Profile
    from replay.commands import servers as under_test
    from replay.commands.given import RunOptions
    from replay.commands.shown import Asked, Runs
    from replay.store.folder import SERVERS, folder_name
    from replay.suite import files as suite
    from replay.wire.side import Side

    given = RunOptions(**options)
    context = click.get_current_context()
    config = config_of(context)
    chosen = _chosen(given)
    servers = under_test.servers(context, config.servers if config else ())
    for server in servers:
        check_redacted(chosen, server.options)
        check_fresh(chosen, server.target)
    chosen = [reaching(item, os.environ) for item in chosen]
    if given.update_expected and given.expected is None:
        raise click.UsageError("--update-expected needs --expected FILE")
    if given.update_expected and len(servers) > 1:
        raise click.UsageError(
            "--update-expected works with one server only: name it with --url, --exec or --agent"
        )
    check_update(given.update_specs, given.ask, len(servers))
    listing = None if given.expected is None else listing_of(given.expected, given.update_expected)
    ids = [] if listing is None else _known_ids(chosen, given.cases)
    outputs = Outputs(given.reports, os.environ, given.strict, suite.places())
    settings = Settings(
        limits=given.limits,
        jobs=given.jobs,
        profile=Profile(given.profile),
        patience=given.patience,
        canary=given.canary,
        thorough=given.thorough,
        declared=given.declared,
        again=given.most_failures is None,
        seed=random.SystemRandom().randrange(10**6) if given.seed is None else given.seed,
        expected=None if listing is None else _expected(listing, ids),
        explained=outputs.asked,
        closely=given.verbose or outputs.take_octets,
    )
    moves = not os.environ.get("CI")
    asked = Asked(given.strict, given.verbose, given.quiet, moves, given.most_failures)
    runs = Runs(settings, outputs, asked, len(servers))
    taken: set[str] = set()
    for server in servers:
        if not runs.going_on:
            break
        excluded = config.not_for(server.agent) if config else ()
        items = [item for item in chosen if item.case.id not in excluded]
        directory = given.out
        if server.own:
            directory = (given.out or SERVERS) / folder_name(server.name, taken)
        try:
            runs.play(server, items, directory, asked=given.out is not None)
        except SourceError as error:
            raise placed(error, server.nodes) from None
    if listing is not None:
        runs.compare(listing, ids, given.update_expected)
    if given.update_specs:
        runs.update(servers[0], lambda: [reaching(item, os.environ) for item in _chosen(given)], given.ask)
    if given.open:
        runs.show_page()
    status = runs.finish(asked=given.out is not None)
    if not (given.quiet or outputs.take_stdout):
        for said in newer_cases(chosen, given.cases, given.keyword, given.suite, Side.CLIENT):
            click.echo(said)
    sys.exit(status)


def _chosen(given: RunOptions) -> list[Item]:
    """The items that were asked for, as the files have them now."""
    from replay.wire.side import Side

    chosen = chosen_items(
        given.cases, given.keyword, given.thorough, Side.CLIENT, given.suite, given.wanted, given.declared
    )
    check_connections(chosen)
    return chosen


def listing_of(given: Path | Listing, new: bool = False) -> Listing:
    from replay.expected import file as expected_file

    return expected_file.read(given, new) if isinstance(given, Path) else given


def _expected(listing: Listing, ids: Sequence[str]) -> Expected:
    from replay.expected.entries import Expected

    return Expected(listing.resolved(ids), today())


def _known_ids(chosen: list[Item], cases: tuple[str, ...]) -> list[str]:
    """The ids that an expected verdict may apply to, including those in the config's paths."""
    of_config = (click.get_current_context().default_map or {}).get("cases", ())
    return known_ids(chosen, (*cases, *of_config))


def today() -> str:
    from datetime import date

    return date.today().isoformat()
