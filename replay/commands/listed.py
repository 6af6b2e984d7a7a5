"""`replay list`: ids and titles of test cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from replay.commands.options import with_options
from replay.commands.output import new_console
from replay.commands.selection import chosen_items
from replay.config.options import CASES, KEYWORD
from replay.source import printable

if TYPE_CHECKING:
    from replay.cases.model import Case


@click.command("list")
@with_options(CASES, KEYWORD)
@click.option("-v", "--verbose", is_flag=True, help="Describe what each case does and expects, too.")
def list_cases(cases: tuple[str, ...], keyword: str | None, verbose: bool) -> None:
    """List the test cases of the bundled suite, or of the specs and logs at each PATH.

    \b
    replay list '2.*'
    replay list -k 'binary and not 65535'
    """
    for item in chosen_items(cases, keyword):
        click.echo(f"{printable(item.case.id):<9} {printable(item.case.title)}")
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
