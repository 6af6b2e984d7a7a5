"""`replay record`: its options, a line for each connection as it ends, and what was recorded in all."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from replay import limits
from replay.commands.options import with_options
from replay.commands.output import FAULTY, CommandFault, Unreachable, at_address
from replay.config.session_options import RECORD
from replay.source import SourceError, printable, strerror

if TYPE_CHECKING:
    from replay.live.printing import Printing
    from replay.live.transport import Address
    from replay.recording.exchange import Exchange, Seen
    from replay.recording.hidden import Hidden
    from replay.recording.recorder import Recorded, Recorder

    _ParamType = click.ParamType["ListenAt"]
else:
    _ParamType = click.ParamType

_PLACE = re.compile(r"(?:(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\[\]/\s]+):)?(?P<port>\d{1,5})")


class ListenAt(NamedTuple):
    host: str
    port: int


class Listen(_ParamType):
    """[HOST:]PORT."""

    name = "[ADDRESS:]PORT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> ListenAt:
        found = _PLACE.fullmatch(str(value))
        if found is None or int(found["port"]) > 65535:
            said = f"{printable(str(value))[:80]!r}: expected a port from 0 to 65535, or ADDRESS:PORT"
            self.fail(said, param, ctx)
        return ListenAt((found["host"] or "127.0.0.1").strip("[]"), int(found["port"]))


@click.command()
@with_options(*RECORD)
@click.option(
    "--listen",
    type=Listen(),
    default="9000",
    show_default=True,
    help="Listen on this port; 0 takes any free one, and 0.0.0.0:9000 listens on all interfaces.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default="traces",
    show_default=True,
    metavar="DIR",
    help="Write the logs into this folder.",
)
@click.option(
    "--redact",
    is_flag=False,
    flag_value="secrets",
    multiple=True,
    metavar="[NAME|JSONPATH]",
    help="Hide values in the logs: those of a header or a key in the query with this NAME, or those to "
    "which a path such as $.user.token leads in JSON messages. Alone: those of Authorization, Cookie, "
    "Set-Cookie and keys in the query whose names sound secret. Can be repeated.",
)
@click.option(
    "--redact-compressed",
    type=click.Choice(["anew", "leave-out"]),
    default="anew",
    show_default=True,
    help="Compress a message anew if a value in it is hidden, or leave it out.",
)
def record(listen: ListenAt, out: Path, quiet: bool, **options: Any) -> None:
    """Pass everything on between clients and a server, and write a wire log of each WebSocket connection.

    Let your clients connect to replay instead of the server. Press ^C to end. `replay run` plays the logs
    against a server, and `replay serve` plays them to a client.

    \b
    replay record --url ws://127.0.0.1:9001
    replay record --exec 'node server.js {port}' --listen 9000 --out traces/
    replay record --url wss://echo.example.org --host echo.example.org
    """
    from replay.live import proxy
    from replay.live.printing import Printing
    from replay.recording.log_file import Folder
    from replay.recording.recorder import Recorder, Wanted

    way = _way(listen, options)
    try:
        folder = Folder(out)
    except OSError as error:
        raise CommandFault(f"{printable(str(out))}: {strerror(error)}") from None
    wanted = Wanted(
        folder, proxy.now, options["host"], _hidden(options["redact"]), options["redact_compressed"]
    )
    printing = Printing(lambda line, err: click.echo(line, err=err))
    shown = _Shown(quiet, listen.port == 0, printing, lambda server: Recorder(wanted, server))
    passed = proxy.record(way, shown)
    faults = shown.end(out)
    printing.end()
    for said in passed.said:
        click.echo(f"warning: {said}", err=True)
    if passed.fault is not None:
        lines = "".join(f"\n  {line}" for line in passed.last_lines)
        raise Unreachable(f"the server {passed.fault}{lines}")
    if passed.unreached is not None and not passed.connections:
        raise Unreachable(f"no connection reached the server: {passed.unreached}")
    sys.exit(FAULTY if faults else 0)


def _hidden(words: tuple[str, ...]) -> Hidden | None:
    from replay.recording.hidden import hidden

    try:
        return hidden(words) if words else None
    except ValueError as error:
        raise CommandFault(f"--redact: {error}") from None


def _way(listen: ListenAt, options: dict[str, Any]) -> Any:
    from replay.live.proxy import Way
    from replay.live.secure import Secure
    from replay.live.tls import Tls
    from replay.live.transport import Address
    from replay.store import folder

    url, command = options["url"], options["exec"]
    if url is None and command is None:
        raise click.UsageError("which server? Give --url URL, or --exec 'CMD {port}'")
    if not (url and url.secure):
        for name in ("ca", "insecure", "sni"):
            if options[name]:
                raise SourceError(None, f"--{name} needs a wss:// URL", about=name)
    if options["key"] is not None and options["cert"] is None:
        raise SourceError(None, "--key needs --cert: it is the private key of the certificate", about="key")
    tls = Tls(options["ca"], options["insecure"], sni=options["sni"])
    secure = None
    if options["cert"] is not None:
        secure = Secure(Path(), options["cert"], options["key"])
    elif options["tls"]:
        secure = Secure(folder.own())
    return Way(
        host=listen.host,
        port=listen.port,
        server=None if url is None else Address.of(url, tls),
        command=command,
        secure=secure,
        start_timeout=options["start_timeout"],
    )


class _Shown:
    """Says what is recorded."""

    def __init__(
        self, quiet: bool, any_port: bool, printing: Printing, recorder: Callable[[str], Recorder]
    ) -> None:
        """`any_port`: only the first line tells the port. `recorder` makes one for the server with this
        address."""
        self._quiet, self._any_port, self._printing = quiet, any_port, printing
        self._make = recorder
        self._recorder: Recorder | None = None
        self._server: Address | None = None
        self._advised = False
        self._unreached = ""  # the reason that was said last

    def listening(self, address: Address, server: Address) -> None:
        self._recorder, self._server = self._make(str(server)), server
        trust = f", certificate to trust in {address.tls.ca}" if address.tls and address.tls.ca else ""
        self._say(f"listening at {address} for {server}{trust}", always=self._any_port)

    def exchange(self, over: Callable[[Seen], None]) -> Exchange:
        assert self._recorder is not None
        return self._recorder.exchange(over)

    def over(self, seen: Seen) -> str | None:
        assert self._recorder is not None
        recorded = self._recorder.over(seen)
        self._say(_line(recorded))
        for note in recorded.notes:
            self._say(f"  note: {note}")
        if recorded.fault is not None:
            place = "" if recorded.file is None else f"{printable(str(recorded.file))} is incomplete: "
            self._printing.say(f"error: {place}{recorded.fault}", err=True)
            return None
        if not recorded.opened and not self._advised:
            self._advise(recorded)
        settled = recorded.size <= limits.SETTLED.default
        return str(recorded.file) if settled and recorded.file is not None else None

    def unreached(self, address: Address, reason: str) -> None:
        if reason != self._unreached:
            self._unreached = reason
            self._printing.say(f"error: {at_address(str(address), reason)}", err=True)

    def end(self, out: Path) -> bool:
        """Say what was recorded in all; returns whether something is missing."""
        if self._recorder is None:
            return False
        from replay.report.words import count

        tally = self._recorder.tally
        where = f"{count(tally.logs, 'log')} in {printable(str(out))}/"
        self._say(f"{count(tally.connections, 'connection')} recorded, {where}")
        return tally.incomplete > 0

    def _advise(self, recorded: Recorded) -> None:
        """Name --host if the server may have expected its own name."""
        assert self._server is not None
        named = self._server.host.strip("0123456789.:") and self._server.host != "localhost"
        if named and recorded.host != self._server.authority:
            self._advised = True
            got = printable(recorded.host) or "none"
            said = f"the server got the Host header {got}; if it goes by that, use --host"
            self._printing.say(f"  help: {said} {self._server.authority}", err=True)

    def _say(self, line: str, always: bool = False) -> None:
        if always or not self._quiet:
            self._printing.say(line)


def _line(recorded: Recorded) -> str:
    """A connection that has ended."""
    from replay.report.words import count

    outcome = "" if recorded.opened else f"refused with {recorded.status}, "
    if recorded.status is None:
        outcome = "no response, "
    counts = f"{count(recorded.messages, 'message')}, {count(recorded.octets, 'octet')}"
    file = f"  {printable(str(recorded.file))}" if recorded.file is not None else ""
    return f"{printable(recorded.target)[:80]}  {outcome}{counts}, {recorded.seconds:.1f} s{file}"
