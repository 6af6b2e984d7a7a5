"""The command line. Imports what a command needs when it runs, so that --help costs nothing."""

from __future__ import annotations

import os
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from replay import __version__
from replay.arguments import FAULTY, Fault, chosen_items, judged_by, new_console, selection
from replay.cli_report import report
from replay.cli_run import run
from replay.cli_serve import serve
from replay.source import SourceError, printable

INTERRUPTED = 130

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Commands(click.Group):
    """Turns the errors that are part of the product into messages."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SourceError as error:
            raise Fault(str(error)) from None
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)


@click.group(cls=Commands, context_settings=CONTEXT)
@click.version_option(__version__, "-V", "--version", prog_name="replay")
def cli() -> None:
    """Replay WebSocket wire logs and judge endpoints by RFC 6455.

    \b
    replay run                               the bundled suite, against the built-in echo server
    replay run --url ws://127.0.0.1:9001     ... against your server
    replay run traces/ my.wirelog            recorded logs, octet for octet
    replay serve                             the bundled suite, against your client
    replay report --open                     the last run, as a page
    replay show my.wirelog                   a log, decoded for the eye
    replay check my.wirelog                  ... judged, without a network

    Exit status: 0 all as it has to be; 1 a verdict is not; 2 a bad log, spec or argument;
    3 the server could not be reached; 130 interrupted.
    """


cli.add_command(run)
cli.add_command(serve)
cli.add_command(report)


@cli.command()
@click.argument("paths", nargs=-1, required=True, metavar="LOG...")
@judged_by
@click.option("-v", "--verbose", is_flag=True, help="Handshake, closing, octets, frames and log of each.")
def check(paths: tuple[str, ...], profile: str, verbose: bool) -> None:
    """Judge wire logs offline: by the case that a log names, else by the rules alone.

    \b
    replay check my.wirelog
    replay check --profile rfc .replay/last
    pbpaste | replay check -
    """
    from replay import flows
    from replay.report import terminal
    from replay.spec.model import Profile
    from replay.suite import logs

    console = new_console()
    failed = False
    for log in logs(paths):
        result = flows.check(log, Profile(profile))
        console.print(terminal.line(result, console.width))
        if verbose:
            console.print(terminal.verbose(result))
        if result.failed:
            failed = True
            console.print(terminal.failure(result, None))
            console.print()
    sys.exit(int(failed))


@cli.command()
@click.argument("paths", nargs=-1, required=True, metavar="LOG...")
def show(paths: tuple[str, ...]) -> None:
    """Decode wire logs for the eye: frames, header bits, payloads, rules broken.

    \b
    replay show traces/01-framing/1.2.3.wirelog
    """
    from replay.protocol.interpreter import observe
    from replay.report import frames
    from replay.suite import logs

    console = new_console()
    for number, log in enumerate(logs(paths)):
        if number:
            console.print()
        for warning in log.warnings:
            click.echo(f"warning: {warning}", err=True)
        console.print(frames.show(log.trace, observe(log.trace)))


@cli.command()
@click.argument("directory", default=".replay/last", type=click.Path(path_type=Path), metavar="[DIR]")
def rejudge(directory: Path) -> None:
    """Derive a stored run's verdicts again from its logs, offline, and say where they differ.

    \b
    replay rejudge
    replay rejudge runs/tuesday
    """
    from replay import flows
    from replay.report import terminal

    console = new_console()
    stored, again = flows.rejudge(directory)
    counts = Counter[str]()
    for one in again:
        counts["unreadable" if one.result is None else "agree" if one.agrees else "differ"] += 1
        if one.result is None:
            click.echo(f"error: {printable(one.case.id)}: {one.fault}", err=True)
        elif not one.agrees:
            console.print(terminal.line(one.result, console.width, note="differs from what is stored"))
            console.print(terminal.failure(one.result, None))
    said = ", ".join(f"{counts[word]} {word}" for word in ("agree", "differ", "unreadable"))
    click.echo(f"{counts.total()} cases rejudged: {said}")
    if stored.partial is not None:
        click.echo(stored.partial)
    sys.exit(FAULTY if counts["unreadable"] else int(counts["differ"] > 0))


@cli.command()
@click.argument("kind", type=click.Choice(["spec", "config", "expected", "json"]), default="spec")
def schema(kind: str) -> None:
    """Print the JSON Schema of specs, of the config or of expected verdicts, for editors; or of --json.

    \b
    replay schema > replay.schema.json
    """
    import json

    from replay import config, expected_file
    from replay.report import json_lines
    from replay.spec.schema import schema as of_specs

    described = {
        "spec": of_specs,
        "config": config.schema,
        "expected": expected_file.schema,
        "json": json_lines.schema,
    }[kind]()
    click.echo(json.dumps(described, indent=2, ensure_ascii=False))


@cli.command("list")
@selection
@click.option("-v", "--verbose", is_flag=True, help="The rounds that are played too, and the octets sent.")
def list_cases(words: tuple[str, ...], keyword: str | None, verbose: bool) -> None:
    """List the cases of the bundled suite, or of PATHs.

    \b
    replay list '2.*'
    replay list -k 'binary and not 65535'
    """
    from replay.report.rounds import rounds
    from replay.spec.cost import volume

    for item in chosen_items(words, keyword):
        click.echo(f"{printable(item.case.id):<9} {printable(item.case.title)}")
        if verbose:
            few = rounds(item.case)
            click.echo(f"{'':<9} sends about {volume(item.case):,} octets{few and f', {few}'}")


def main() -> None:
    """The entry point of `replay` and `wire-replay`."""
    try:
        cli.main()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except OSError as error:
        # Standard output is full or gone; what is still buffered must not be tried again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            with suppress(OSError):
                click.echo(f"error: can't write: {(error.strerror or str(error)).lower()}", err=True)
        sys.exit(FAULTY)
