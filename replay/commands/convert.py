"""`replay convert`: the logs of a stored run as files."""

from __future__ import annotations

from pathlib import Path

import click

from replay.commands.output import CommandFault
from replay.commands.selection import passed_over
from replay.source import printable, strerror


@click.command()
@click.argument("run", type=click.Path(path_type=Path), metavar="RUN")
@click.argument("output", type=click.Path(file_okay=False, path_type=Path), metavar="DIR")
@click.argument("ids", nargs=-1, metavar="[ID|GLOB]...")
def convert(run: Path, output: Path, ids: tuple[str, ...]) -> None:
    """Write the wire logs of a stored run to a folder: a file for each case, or for each that an ID or a
    GLOB selects.

    \b
    replay convert .replay/last logs/
    replay convert .replay/last logs/ '6.4.*' 1.2.3
    """
    from replay import whole_file
    from replay.commands.stored import chosen
    from replay.report import words
    from replay.store.folder import log_name
    from replay.store.reader import load

    stored = load(run)
    count = 0
    for case, log in chosen(stored, ids, passed_over):
        octets = log.read()
        try:
            output.mkdir(parents=True, exist_ok=True)
            whole_file.write(output / log_name(case.number, case.id, len(stored.cases)), octets)
        except OSError as error:
            raise CommandFault(f"{output}: {strerror(error)}") from None
        count += 1
    click.echo(f"{printable(str(output))}: {words.count(count, 'log')}")
