"""`replay wstest`: the command line of Autobahn|Testsuite, so that switching takes one word."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from replay.commands.output import CommandFault
from replay.commands.run import run
from replay.commands.serve import serve
from replay.version import __version__

if TYPE_CHECKING:
    from replay.config.keys import Config

COMMANDS = {"fuzzingclient": run, "fuzzingserver": serve}

ELSEWHERE = {
    "echoserver": "test an echo server of your own with `replay run --exec 'CMD {port}'`",
    "echoclient": "test an echo client of your own with `replay serve --each 'CMD {url}'`",
    "testeeserver": "replay has no echo server to offer; a few lines with your library make one",
    "testeeclient": "`replay serve --demo` tests an example client",
    "broadcastserver": "replay has no such mode",
    "broadcastclient": "replay has no such mode",
    "massconnect": "replay has no such mode",
    "serializer": "replay has no such mode",
}
"""Autobahn's modes that don't exist here."""

IGNORED = "Ignored; accepted because Autobahn|Testsuite has it."


@click.command()
@click.option(
    "-m", "--mode", metavar="MODE", help="Test servers (fuzzingclient) or clients (fuzzingserver)."
)
@click.option("-s", "--spec", metavar="FILE", help="Read this file instead of MODE.json in this folder.")
@click.option(
    *("-w", "--wsuri"),
    metavar="URL",
    help="Test the server at this URL if the file names none, or listen at this URL.",
)
@click.option("-c", "--cert", metavar="FILE", help="Serve wss:// with this certificate.")
@click.option("-k", "--key", metavar="FILE", help="Use this private key for the certificate.")
@click.option("-d", "--debug", is_flag=True, help="Show the handshake, frames and log of each case.")
@click.option("-u", "--webport", metavar="PORT", help=IGNORED)
@click.option("-o", "--outfile", metavar="FILE", help=IGNORED)
@click.option("-t", "--testset", metavar="FILE", help=IGNORED)
@click.option("-i", "--ident", metavar="NAME", help=IGNORED)
@click.option("-a", "--autobahnversion", is_flag=True, help="Show the version.")
@click.option(
    "--exit-zero",
    is_flag=True,
    help="Exit with status 0 whatever the verdicts, as Autobahn|Testsuite does.",
)
@click.pass_context
def wstest(
    context: click.Context,
    /,
    mode: str | None,
    spec: str | None,
    wsuri: str | None,
    cert: str | None,
    key: str | None,
    debug: bool,
    autobahnversion: bool,
    exit_zero: bool,
    **idle: str | None,
) -> None:
    """Run tests as Autobahn|Testsuite does, with its options, its config files and its report.

    Without -s, and if the current folder has no such file, Autobahn's defaults are used. No file is written
    for them.

    \b
    replay wstest -m fuzzingclient -s fuzzingclient.json
    replay wstest -m fuzzingserver -s fuzzingserver.json
    """
    from replay.source import nearest

    if autobahnversion:
        click.echo(f"replay {__version__}, with the cases of Autobahn|Testsuite 25.10.1")
        return
    if mode not in COMMANDS:
        if mode is None:
            raise click.UsageError("-m MODE is missing: fuzzingclient tests servers, fuzzingserver clients")
        said = ELSEWHERE.get(mode) or nearest(mode, COMMANDS) or "expected fuzzingclient or fuzzingserver"
        raise click.UsageError(f"unknown mode {mode!r}: {said}")
    for name, value in idle.items():
        if value not in (None, "0"):
            click.echo(f"warning: --{name} means nothing to replay", err=True)
    words = ["--verbose"] if debug else []
    if mode == "fuzzingserver":
        words += [
            word for name, file in (("--cert", cert), ("--key", key)) if file for word in (name, file)
        ]
    elif cert or key:
        raise click.UsageError("--cert and --key need -m fuzzingserver")
    try:
        config = replace(_config(mode, spec, wsuri), stands=False)  # what -m and -w say isn't in any file
        with COMMANDS[mode].make_context(mode, words, context, obj=config) as inner:
            COMMANDS[mode].invoke(inner)
    except SystemExit as ended:
        sys.exit(0 if exit_zero and ended.code == 1 else ended.code)


def _config(mode: str, spec: str | None, url: str | None) -> Config:
    from replay.config import autobahn as autobahn_config
    from replay.source import Source

    if url is not None and not url.startswith(("ws://", "wss://")):
        raise CommandFault(f"--wsuri: expected ws://HOST[:PORT][/PATH] or wss://…, found {url!r}")
    path = Path(spec or f"{mode}.json")
    if spec is not None or path.exists():
        return autobahn_config.read(path, mode, url)
    if mode == "fuzzingclient" and url is None:
        url = "ws://127.0.0.1:9001"
    click.echo(f"there is no {path} in this folder; Autobahn's defaults are used", err=True)
    return autobahn_config.of(path, Source(str(path), autobahn_config.DEFAULTS[mode]), mode, url)
