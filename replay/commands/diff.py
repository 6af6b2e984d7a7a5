"""`replay diff`: what changed between two runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from replay.commands.options import StoredAt
from replay.commands.output import new_console

if TYPE_CHECKING:
    from replay.report.layout import Lines
    from replay.verdict.change import Changed


@click.command()
@click.argument("before", type=StoredAt(), metavar="A")
@click.argument("after", type=StoredAt(), metavar="B")
@click.option("-q", "--quiet", is_flag=True, help="Show only the summary.")
def diff(before: Path, after: Path, quiet: bool) -> None:
    """Compare two runs, A before and B after: their verdicts, events, octets and durations.

    A and B are folders of stored runs, report folders of Autobahn|Testsuite (or their index.json), or
    single cases: a wire log, or the JSON of a case.

    \b
    replay diff .replay/previous .replay/last
    replay diff reports/servers .replay/last
    replay diff yesterday/003-1.1.3.wirelog today/003-1.1.3.wirelog
    """
    from msgspec.structs import replace

    from replay.commands import compared
    from replay.report import changes
    from replay.verdict.change import Change, Comparison, compare

    console = new_console()
    was, now = compared.pair(before, after)
    cases: list[Changed] = []
    details: list[Lines] = []
    for one in compare(was, now):
        cases.append(replace(one, apart=None))
        if quiet or one.change in (Change.SAME, Change.GONE):
            continue
        console.print(changes.line(one, console.width))
        if one.apart is not None and len(details) < changes.MOST_DETAILS:
            details.append(changes.detail(one, one.apart).drawn(console.width))
    for detail in details:
        console.print(detail)
    found = Comparison(was, now, tuple(cases))
    console.print(changes.summary(found))
    sys.exit(int(found.worse))
