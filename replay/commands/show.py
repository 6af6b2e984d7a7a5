"""`replay show`: what is in wire logs and stored runs, and what test cases do."""

from __future__ import annotations

from pathlib import Path

import click

from replay.commands.options import with_options
from replay.commands.output import new_console
from replay.commands.selection import chosen_items, complete_words, passed_over, paths_in
from replay.config.options import RECORDING


@click.command()
@click.argument(
    "words", nargs=-1, required=True, metavar="[LOG|SPEC|RUN|ID|GLOB]...", shell_complete=complete_words
)
@click.option("-v", "--verbose", is_flag=True, help="Show messages in full, with JSON laid out.")
@click.option("--json", is_flag=True, help="Print a line of JSON for each message, with its payload.")
@with_options(*RECORDING)
def show(
    words: tuple[str, ...],
    verbose: bool,
    json: bool,
    connection: int | None,
    as_: str | None,
    keylog: Path | None,
) -> None:
    """Decode wire logs and recordings: their frames, header bits and payloads, and the rules that are
    broken. Describe test cases: what they do and expect, the rule they test, what is sent and what may come
    back. List the verdicts of a stored run, or decode the logs of its cases.

    \b
    replay show traces/01-framing/1.2.3.wirelog
    replay show talk.pcap
    replay show 6.3.1
    replay show my-spec.yaml
    replay show .replay/last
    replay show .replay/last 6.3.1
    """
    from itertools import chain

    from replay.commands import stored
    from replay.commands.given import wanted
    from replay.protocol.interpreter import observe
    from replay.report import contents, frames
    from replay.report.described import described
    from replay.store.reader import load
    from replay.suite.files import logs, specs_in

    console = new_console()
    specs = specs_in(words)
    paths = [word for word in paths_in(words) if word not in specs]
    rest = [word for word in words if word not in paths]
    runs = [run for path in paths for run in stored.runs_in(path)]
    if runs and not rest and not json:
        for run in runs:
            console.print(stored.listing(run))
        runs = []
    items = chosen_items(rest, None) if rest and not runs else []
    for number, item in enumerate(items):
        if number:
            console.print()
        console.print(described(item.case))
    of_runs = (stored.stored_logs(load(run), rest, passed_over) for run in runs)
    files = [path for path in paths if not stored.runs_in(path)]
    of_files = logs(files, passed_over, wanted(connection, as_, keylog))
    for number, log in enumerate(chain(*of_runs, of_files), len(items)):
        if number and not json:
            console.print()
        for warning in log.warnings:
            click.echo(f"warning: {warning}", err=True)
        if json:
            for line in contents.objects(log.trace, observe(log.trace)):
                click.echo(line)
        else:
            console.print(frames.show(log.trace, observe(log.trace), verbose))
