"""`replay check`: the verdicts on wire logs, offline."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from replay.commands.options import with_options
from replay.commands.output import new_console
from replay.commands.selection import passed_over
from replay.config.options import PROFILE, RECORDING, STRICT, VERBOSE


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="LOG...")
@with_options(*RECORDING, PROFILE, STRICT, VERBOSE)
def check(
    paths: tuple[str, ...],
    connection: int | None,
    as_: str | None,
    keylog: Path | None,
    profile: str,
    strict: bool,
    verbose: bool,
) -> None:
    """Judge logs offline: each by the test case that it names, or else by the rules of the RFCs alone.

    \b
    replay check my.wirelog
    replay check talk.pcap
    replay check --profile rfc .replay/last
    pbpaste | replay check -
    """
    from replay import flows
    from replay.cases.model import Profile
    from replay.commands.given import wanted
    from replay.commands.stored import logs
    from replay.report import terminal

    console = new_console()
    failed = False
    for log in logs(paths, passed_over, wanted(connection, as_, keylog)):
        result = flows.check(log, Profile(profile))
        console.print(terminal.line(result, console.width))
        if verbose:
            console.print(terminal.verbose(result))
        if result.counts(strict):
            failed = True
            console.print(terminal.failure(result, None))
            console.print()
        elif not verbose:
            console.print(terminal.notes(result))
    sys.exit(int(failed))
