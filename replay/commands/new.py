"""`replay new`: the draft of a spec from recordings."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import click

from replay import whole_file
from replay.commands.options import with_options
from replay.commands.output import CommandFault
from replay.config.session_options import NEW
from replay.source import printable, strerror

TIMES = 8
"""How many times a session is played unless the user says otherwise."""


@click.command()
@click.argument("logs", nargs=-1, required=True, metavar="LOG...")
@with_options(*NEW)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the spec to this file instead of standard output.",
)
@click.option(
    "--times",
    type=click.IntRange(2, 100),
    default=TIMES,
    show_default=True,
    metavar="N",
    help="Play the session so many times.",
)
@click.option(
    "--for",
    "tested",
    type=click.Choice(["server", "client"]),
    default="server",
    show_default=True,
    help="What is to be tested with the spec. For clients, it has the server's part, for `replay serve`.",
)
@click.option("--force", is_flag=True, help="Overwrite the file if it is there.")
def new(
    logs: tuple[str, ...], output: Path | None, times: int, tested: str, force: bool, **options: Any
) -> None:
    """Draft a spec from a recorded session with an application.

    The session is played several times against the server, and what the client sends is filled with what
    the server says each time. What differs from session to session becomes a matcher, what comes back later
    gets a name, what comes in another order may do so, and what comes by time is ignored. With several
    recordings of one session, no server is needed.

    \b
    replay new traces/chat-1.wirelog --exec 'node chat.js {port}' -o specs/chat.yaml
    replay new monday.wirelog tuesday.wirelog -o specs/chat.yaml
    replay new traces/chat-1.wirelog --for client -o mocks/chat.yaml
    """
    from replay.commands.drafting import Asked, drafted, drafted_for_clients

    if output is not None and output.exists() and not force:
        raise CommandFault(f"{printable(str(output))} is there already; --force overwrites it")
    asked = Asked.of(options, times)
    id = _id(output, logs[0])

    def tell(said: str) -> None:
        click.echo(said, err=True)

    failure = None
    if tested == "client":
        if asked.target is not None:
            raise click.UsageError("--for client takes recordings only, and no server")
        text = drafted_for_clients(logs, id, tell)
    else:
        text, failure = drafted(logs, asked, id, tell)
    if output is None:
        click.echo(text, nl=False)
    else:
        _write(output, text)
        click.echo(f"wrote {printable(str(output))}", err=True)
    if failure is not None:
        click.echo(failure, err=True)
        sys.exit(1)


def _id(output: Path | None, log: str) -> str:
    """The section of the spec, from the name of its file."""
    stem = (output or Path(log.partition("#")[0])).name.partition(".")[0]
    return re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-") or "session"


def _write(output: Path, text: str) -> None:
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        whole_file.write(output, text.encode())
    except OSError as error:
        raise CommandFault(f"{printable(str(output))}: {strerror(error)}") from None
