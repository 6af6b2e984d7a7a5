"""The command line. Imports what a command needs when it runs, so that --help costs nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from replay import __version__
from replay.source import SourceError, printable

if TYPE_CHECKING:
    from rich.console import Console

    from replay.live.transport import Address
    from replay.play.script import Chop, Options
    from replay.suite import Item
    from replay.verdict.result import CaseResult, RunResult

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

FAULTY = 2
"""Exit status for a bad log, spec or argument."""


class Fault(click.ClickException):
    """What the user wrote is wrong; shown without a traceback."""

    exit_code = FAULTY

    def show(self, file: Any = None) -> None:
        click.echo(f"{click.style('error', fg='red', bold=True)}: {self.message}", err=True)


class Commands(click.Group):
    """Turns the errors that are part of the product into messages."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SourceError as error:
            raise Fault(str(error)) from None


@click.group(cls=Commands, context_settings=CONTEXT)
@click.version_option(__version__, "-V", "--version", prog_name="replay")
def cli() -> None:
    """Replay WebSocket wire logs and judge endpoints by RFC 6455.

    \b
    replay run                               the bundled suite, against the built-in echo server
    replay run --url ws://127.0.0.1:9001     ... against your server
    replay run traces/ my.wirelog            recorded logs, octet for octet
    replay show my.wirelog                   a log, decoded for the eye
    replay check my.wirelog                  ... judged, without a network

    Exit status: 0 all as it has to be; 1 a verdict is not; 2 a bad log, spec or argument;
    3 the server could not be reached; 130 interrupted.
    """


# Arguments.


class Url(click.ParamType[Any]):
    name = "URL"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Address:
        from replay.live.transport import Address

        try:
            parts = urlsplit(value)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            self.fail(f"{value!r}: {str(error).lower()}", param, ctx)
        if parts.scheme == "wss":
            self.fail(f"{value!r}: TLS is not supported yet; use ws://", param, ctx)
        if parts.scheme != "ws" or not host or parts.fragment or not value.isascii() or " " in value:
            self.fail(f"{value!r}: expected ws://HOST[:PORT][/PATH][?QUERY]", param, ctx)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return Address(host, port or 80, target)


class ChopSize(click.ParamType[Any]):
    name = "recorded|frame|N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Chop:
        if value == "recorded" or value == "frame":
            return "frame" if value == "frame" else "recorded"
        if not (str(value).isascii() and str(value).isdigit() and int(value) > 0):
            self.fail(f"{value!r}: expected 'recorded', 'frame' or a number of octets", param, ctx)
        return int(value)


class Header(click.ParamType[Any]):
    name = "'NAME: VALUE'"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        name, colon, text = str(value).partition(":")
        token = name.isascii() and name and all(c.isalnum() or c in "!#$%&'*+-.^_`|~" for c in name)
        plain = all(c == "\t" or " " <= c <= "~" or "\xa0" <= c <= "\xff" for c in text)
        if not colon or not token or not plain:
            self.fail(f"{printable(str(value))!r}: expected 'NAME: VALUE'", param, ctx)
        return name, text.strip()


def _selection(command: Callable[..., Any]) -> Callable[..., Any]:
    command = click.option("-k", "keyword", metavar="EXPR", help="Only cases whose id or title fits.")(
        command
    )
    return click.argument("words", nargs=-1, metavar="[PATH|ID|GLOB|!GLOB]...")(command)


@cli.command()
@_selection
@click.option("--url", "address", type=Url(), help="The server under test; without it, the built-in one.")
@click.option("--header", "headers", type=Header(), multiple=True, help="Send this header line too.")
@click.option("--host", help="Send this Host header.")
@click.option("--origin", help="Send this Origin header.")
@click.option("--subprotocol", "subprotocols", multiple=True, help="Offer this subprotocol.")
@click.option("--chop", type=ChopSize(), default="recorded", help="Octets a write: as recorded, or ...")
@click.option("--answer-pings", is_flag=True, help="Answer Pings also when a log is played.")
@click.option(
    "-j", "--jobs", type=click.IntRange(1, 1000), default=8, show_default=True, help="Cases at once."
)
@click.option(
    "--seed", type=click.IntRange(0), help="For masks and keys; else a fresh one, which is shown."
)
@click.option(
    "--connect-timeout", type=click.FloatRange(0.001), default=5.0, show_default=True, help="Seconds."
)
@click.option(
    "--timeout",
    type=click.FloatRange(0.001),
    default=20.0,
    show_default=True,
    help="Seconds a case, beside its own waits.",
)
@click.option("-x", "--exitfirst", is_flag=True, help="Stop at the first failure.")
@click.option("--strict", is_flag=True, help="NON-STRICT and UNIMPLEMENTED fail the run too.")
@click.option(
    "-v", "--verbose", is_flag=True, help="Handshake, closing, octets, frames and log of each case."
)
@click.option("-q", "--quiet", is_flag=True, help="Only failures and the last line.")
def run(
    words: tuple[str, ...],
    keyword: str | None,
    address: Address | None,
    jobs: int,
    seed: int | None,
    connect_timeout: float,
    timeout: float,
    exitfirst: bool,
    strict: bool,
    verbose: bool,
    quiet: bool,
    **request: Any,
) -> None:
    """Play wire logs and specs against a server, and judge what comes back.

    Without a PATH the bundled suite is played. Ids and globs select from it, or from the PATHs.

    \b
    replay run --url ws://127.0.0.1:9001 '1.*' '!1.1.8'
    replay run --url ws://127.0.0.1:9001 --chop 1 traces/
    """
    import random

    from replay import flows
    from replay.play.endpoint import Limits
    from replay.report import terminal
    from replay.trace.model import SECOND

    chosen = _chosen(words, keyword)
    settings = flows.Settings(
        address=address,
        options=_options(address, **request),
        limits=Limits(case=int(timeout * SECOND)),
        connect_timeout=connect_timeout,
        jobs=jobs,
        seed=random.SystemRandom().randrange(10**6) if seed is None else seed,
    )
    console = _console()
    failed: list[CaseResult] = []
    with _progress(console, len(chosen)) as advance:

        def watch(result: CaseResult) -> bool:
            advance()
            if not quiet or result.failed:
                console.print(terminal.line(result, console.width))
            if verbose:
                console.print(terminal.verbose(result))
            elif not quiet and not result.failed:
                console.print(terminal.notes(result))
            if result.failed:
                failed.append(result)
            return not (exitfirst and result.failed)

        done = flows.run(chosen, settings, watch)
    for result in failed:
        console.print()
        console.print(terminal.failure(result, _command(result, done)))
    if not quiet:
        console.print()
    console.print(terminal.summary(done))
    if done.unreached is not None:
        raise Unreachable(f"{done.address}: {done.unreached}")
    sys.exit(done.exit_status(strict))


class Unreachable(Fault):
    """The testee could not be reached."""

    exit_code = 3


@cli.command()
@click.argument("paths", nargs=-1, required=True, metavar="LOG...")
@click.option("-v", "--verbose", is_flag=True, help="Handshake, closing, octets, frames and log of each.")
def check(paths: tuple[str, ...], verbose: bool) -> None:
    """Judge wire logs offline: by the case that a log names, else by the rules alone.

    \b
    replay check my.wirelog
    pbpaste | replay check -
    """
    from replay import flows
    from replay.report import terminal
    from replay.suite import logs

    console = _console()
    failed = False
    for log in logs(paths):
        result = flows.check(log)
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

    console = _console()
    for number, log in enumerate(logs(paths)):
        if number:
            console.print()
        for warning in log.warnings:
            click.echo(f"warning: {warning}", err=True)
        console.print(frames.show(log.trace, observe(log.trace)))


@cli.command("list")
@_selection
def list_cases(words: tuple[str, ...], keyword: str | None) -> None:
    """List the cases of the bundled suite, or of PATHs.

    \b
    replay list '2.*'
    replay list -k 'binary and not 65535'
    """
    for item in _chosen(words, keyword):
        click.echo(f"{printable(item.case.id):<9} {printable(item.case.title)}")


# What the commands share.


def _chosen(words: Sequence[str], keyword: str | None) -> list[Item]:
    from replay import suite
    from replay.spec import select
    from replay.wire.side import Side

    paths = [word for word in words if select.is_path(word) or Path(word).exists()]
    ids = [word for word in words if word not in paths]
    items = suite.items(paths, Side.CLIENT) if paths else suite.bundled_items()
    if ids:
        chosen = set(select.select([item.case.id for item in items], ids))
        items = [item for item in items if item.case.id in chosen]
    if keyword is not None:
        fitting = {id(case) for case in select.keyword([item.case for item in items], keyword)}
        items = [item for item in items if id(item.case) in fitting]
    if not items:
        raise SourceError(None, "no case is selected", "`replay list` shows what there is")
    return items


def _options(
    address: Address | None,
    headers: tuple[tuple[str, str], ...],
    host: str | None,
    origin: str | None,
    subprotocols: tuple[str, ...],
    chop: Chop,
    answer_pings: bool,
) -> Options:
    from replay.play.script import Options

    given = list(headers)
    if origin is not None:
        given.append(("Origin", origin))
    if subprotocols:
        given.append(("Sec-WebSocket-Protocol", ", ".join(subprotocols)))
    return Options(
        target=address.target if address else "/",
        host=host or "localhost",
        headers=tuple(given),
        edit_target=address is not None and address.target != "/",
        edit_host=host is not None,
        chop=chop,
        answer_pings=answer_pings,
    )


def _command(result: CaseResult, run: RunResult) -> str:
    """The command that plays just this case again."""
    import shlex

    url = ["--url", run.address] if run.address.startswith("ws://") else []
    what = [result.case.id] if result.path is None else [result.path]
    if result.path is not None and result.case.trace is None:
        what.append(result.case.id)
    return shlex.join(["replay", "run", *url, "--seed", str(run.seed), *what])


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False, soft_wrap=False)


class _progress:
    """A bar under the lines on a terminal; nothing elsewhere, or in CI."""

    def __init__(self, console: Console, total: int) -> None:
        self._progress: Any = None
        if console.is_terminal and not os.environ.get("CI"):
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

            columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self._progress = Progress(*columns, console=console, transient=True)
            self._task = self._progress.add_task("", total=total)

    def __enter__(self) -> Callable[[], None]:
        if self._progress is None:
            return lambda: None
        self._progress.start()
        return lambda: self._progress.advance(self._task)

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()


def main() -> None:
    """The entry point of `replay` and `wire-replay`."""
    try:
        cli.main()
    except OSError as error:
        # Standard output is full or gone; what is still buffered must not be tried again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            click.echo(f"error: can't write: {(error.strerror or str(error)).lower()}", err=True)
        sys.exit(FAULTY)
