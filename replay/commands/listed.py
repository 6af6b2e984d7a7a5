"""`replay list`: ids and titles of test cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from replay.commands.options import with_options
from replay.commands.output import new_console
from replay.commands.selection import chosen_items
from replay.config.options import CASES, KEYWORD, SUITE
from replay.source import printable

if TYPE_CHECKING:
    from replay.cases.model import Case


@click.command("list")
@with_options(CASES, KEYWORD, SUITE)
@click.option("-v", "--verbose", is_flag=True, help="Describe what each case does and expects, too.")
def list_cases(cases: tuple[str, ...], keyword: str | None, suite: str, verbose: bool) -> None:
    """List the test cases of a bundled suite, or of the specs and logs at each PATH.

    \b
    replay list --suite rfc
    replay list '2.*'
    replay list -k 'binary and not 65535'
    """
    chosen = chosen_items(cases, keyword, suite=suite)
    width = max(9, *(len(printable(item.case.id)) for item in chosen))
    for item in chosen:
        click.echo(f"{printable(item.case.id):<{width}} {printable(item.case.title)}")
        if verbose:
            _describe(item.case)


def _describe(case: Case) -> None:
    from replay.cases.cost import volume
    from replay.report.layout import wrapped
    from replay.report.purpose import purpose
    from replay.report.rounds import rounds

    width = new_console().width
    for said in purpose(case):
        click.echo("\n".join(wrapped(said, width, " " * 10)))
    few = rounds(case)
    click.echo(f"{'':<9} sends about {volume(case):,} octets{few and f', {few}'}")
