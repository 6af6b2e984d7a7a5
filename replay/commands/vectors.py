"""`replay vectors`: test cases as data."""

from __future__ import annotations

from pathlib import Path

import click

from replay.commands.options import with_options
from replay.commands.output import CommandFault
from replay.config.options import SUITE
from replay.source import printable, strerror


@click.command()
@click.argument("words", nargs=-1, metavar="[PATH|ID|GLOB|!GLOB]...")
@with_options(SUITE)
@click.option(
    "-o", "--out", "output", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file."
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=0,
    show_default=True,
    help="The seed of the masking keys.",
)
def vectors(words: tuple[str, ...], suite: str, output: Path | None, seed: int) -> None:
    """Print test cases as JSON, for testing a parser without a network.

    Each vector has the octets that one side sends, split as the case splits them, and what the other side
    has to make of them: the messages and control frames, and whether, where and how it has to fail.
    docs/vectors.md describes the fields, and has readers in Python, JavaScript and Go.

    \b
    replay vectors -o vectors.json
    replay vectors '6.*' -o utf8.json
    """
    import msgspec

    from replay import whole_file
    from replay.campaign import vectors as data
    from replay.commands.selection import chosen_items
    from replay.report import words as report_words
    from replay.suite.files import editions_of
    from replay.version import __version__

    chosen = chosen_items(words, None, suite=suite)
    found, left_out = data.vectors((item.case for item in chosen), seed)
    written = data.Vectors(__version__, editions_of(chosen) or "", seed, found, left_out)
    octets = msgspec.json.format(msgspec.json.encode(written), indent=1)
    if output is None:
        click.echo(octets)
        return
    try:
        whole_file.write(output, octets + b"\n")
    except OSError as error:
        raise CommandFault(f"{printable(str(output))}: {strerror(error)}") from None
    click.echo(f"{printable(str(output))}: {report_words.count(len(found), 'vector')}")
