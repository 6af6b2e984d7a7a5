"""`replay show`: what is in wire logs, and what test cases do."""

from __future__ import annotations

from pathlib import Path

import click

from replay.commands.output import new_console
from replay.commands.selection import chosen_items, complete_words, passed_over, paths_in


@click.command()
@click.argument(
    "words", nargs=-1, required=True, metavar="[LOG|SPEC|ID|GLOB]...", shell_complete=complete_words
)
@click.option("-v", "--verbose", is_flag=True, help="Show messages in full, with JSON laid out.")
@click.option("--json", is_flag=True, help="Print a line of JSON for each message, with its payload.")
def show(words: tuple[str, ...], verbose: bool, json: bool) -> None:
    """Decode wire logs: their frames, header bits and payloads, and the rules that are broken. Describe
    test cases: what they do and expect, the rule they test, what is sent and what may come back.

    \b
    replay show traces/01-framing/1.2.3.wirelog
    replay show 6.3.1
    replay show my-spec.yaml
    """
    from replay.protocol.interpreter import observe
    from replay.report import contents, frames
    from replay.report.described import described
    from replay.suite.files import SPECS, logs

    console = new_console()
    paths = [word for word in paths_in(words) if Path(word).suffix not in SPECS]
    rest = [word for word in words if word not in paths]
    for number, item in enumerate(chosen_items(rest, None) if rest else ()):
        if number:
            console.print()
        console.print(described(item.case))
    for number, log in enumerate(logs(paths, passed_over), len(rest)):
        if number and not json:
            console.print()
        for warning in log.warnings:
            click.echo(f"warning: {warning}", err=True)
        if json:
            for line in contents.objects(log.trace, observe(log.trace)):
                click.echo(line)
        else:
            console.print(frames.show(log.trace, observe(log.trace), verbose))
