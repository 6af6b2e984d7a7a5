"""The command line: its commands, and how they end.

Each command is imported when it is used, so that --help costs nothing.
"""

from __future__ import annotations

import errno
import os
import sys
from collections import UserDict
from contextlib import suppress
from importlib import import_module
from typing import Any, NamedTuple

import click

from replay.commands.output import FAULTY, CommandFault
from replay.version import __version__

INTERRUPTED = 130
UNREAD = 141
"""The exit status that a shell reports for a program whose output nobody reads any more (SIGPIPE)."""

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

_UNUSABLE = "2 for a log, spec, config or argument that can't be used"
_PLAYED = f"0 if every verdict is as it should be, 1 if one is not, {_UNUSABLE}"
_PRINTED = "0 if all went well, 2 for a wrong argument."


class Command(NamedTuple):
    """Where a command is, and what is said about it."""

    place: str  # its module and its name there
    help: str
    status: str = "0 if all went well, 2 for a wrong argument or a file that can't be read or written."
    """What its exit status means; by default, only whether it did its work."""


COMMANDS = {
    "check": Command(
        "check.check",
        "Judge wire logs offline.",
        "0 if every verdict is as it should be, 1 if one is not, 2 if a log can't be read.",
    ),
    "completion": Command("completion.completion", "Print a completion script for a shell.", _PRINTED),
    "convert": Command("convert.convert", "Write logs in other formats."),
    "diff": Command(
        "diff.diff",
        "Show what changed between two runs.",
        "0 if nothing got worse, 1 if a verdict did, 2 if a run can't be read or compared.",
    ),
    "init": Command("init.init", "Write a config and a CI workflow."),
    "list": Command(
        "listed.list_cases",
        "List test cases.",
        "0 if all went well, 2 for a wrong argument or a spec or log that can't be read.",
    ),
    "new": Command(
        "new.new",
        "Draft a spec from recorded sessions.",
        "0 if the spec was written and passes, 1 if it was written and does not pass, 2 if a log or an "
        "argument can't be used, 3 if the server could not be reached or died.",
    ),
    "record": Command(
        "record.record",
        "Record what clients and a server say to each other.",
        "0 if all went well, 2 if a log could not be written or an argument can't be used, 3 if the server "
        "could not be reached or died.",
    ),
    "rejudge": Command(
        "rejudge.rejudge",
        "Judge a stored run again.",
        "0 if the verdicts are the stored ones, 1 if one differs, 2 if something can't be read or the run "
        "has no results.",
    ),
    "report": Command("report.report", "Show runs side by side on a page."),
    "run": Command(
        "run.run",
        "Test a server.",
        f"{_PLAYED}, 3 if the server could not be reached or died, and 130 if the run was interrupted.",
    ),
    "schema": Command("schema.schema", "Print a JSON Schema for editors.", _PRINTED),
    "serve": Command(
        "serve.serve",
        "Test clients.",
        f"{_PLAYED}, 3 if no client came or it died, and 130 if the run was interrupted.",
    ),
    "show": Command("show.show", "Decode wire logs, describe test cases and list stored runs."),
    "vectors": Command("vectors.vectors", "Print test cases as data, for testing a parser."),
    "wstest": Command(
        "wstest.wstest",
        "Run with Autobahn's command line and files.",
        "that of `replay run` or `replay serve`; with --exit-zero it is 0 whatever the verdicts are.",
    ),
}


class Commands(UserDict[str, click.Command]):
    """The commands of the table."""

    def __init__(self) -> None:
        super().__init__()
        self.data = dict.fromkeys(COMMANDS)  # type: ignore[assignment]  # imported when they are used

    def __getitem__(self, name: str) -> click.Command:
        row = COMMANDS[name]
        module, _, function = row.place.partition(".")
        command: click.Command = getattr(import_module(f"replay.commands.{module}"), function)
        command.short_help, command.epilog = row.help, f"Exit status: {row.status}"
        return command


class CommandGroup(click.Group):
    """Turns the errors that are part of the product into messages."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.commands = Commands()

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name].help) for name in self.list_commands(ctx)])

    def invoke(self, ctx: click.Context) -> Any:
        from replay.source import SourceError

        try:
            return super().invoke(ctx)
        except SourceError as error:
            raise CommandFault(str(error)) from None
        except MemoryError:
            raise CommandFault("out of memory: this needs more memory than is available") from None
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)
        except BrokenPipeError:
            _let_go()
            sys.exit(UNREAD)


def _let_go() -> None:
    """Nobody reads standard output any more; don't try again to write what is still buffered."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value:
        from replay.forms import ALL
        from replay.suite.edition import editions

        suites = ", ".join(f"suite {each} ({len(each.ids)} cases)" for each in editions(ALL))
        click.echo(f"replay {__version__}, {suites}")
        ctx.exit()


@click.group(cls=CommandGroup, context_settings=CONTEXT)
@click.option(
    *("-V", "--version"),
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Show the version of replay and the editions of its suites.",
)
def cli() -> None:
    """Test WebSocket servers and clients against RFC 6455 and RFC 7692 by playing wire logs and specs.

    \b
    replay run                               play the bundled suite against the built-in echo server
    replay run --url ws://127.0.0.1:9001     play it against your server
    replay run --suite rfc                   play the cases that go by the text of the RFCs alone
    replay run traces/ my.wirelog            play recorded logs, octet for octet
    replay serve                             play the bundled suite against your client
    replay record --url ws://127.0.0.1:9001  record what clients and a server say to each other
    replay report --open                     show the last run as a page
    replay show my.wirelog                   decode a log
    replay show .replay/last                 list the verdicts of the last run
    replay show 6.3.1                        describe a test case
    replay check my.wirelog                  judge a log, without a network
    replay convert my.wirelog my.pcapng      write it for Wireshark, text2pcap or a bug report
    replay diff runs/monday runs/tuesday     show what changed between two runs
    replay init                              write a config and a CI workflow

    Exit status: 0 if every verdict is as it should be, 1 if one is not, 2 for a log, spec or argument that
    can't be used, 3 if the server could not be reached, 130 if the run was interrupted, and 141 if the
    output is no longer read, as with `| head`.
    """


def _named(error: OSError) -> str:
    """The system error in words. An error without a file name is about standard output."""
    from replay.source import printable, strerror

    said = strerror(error)
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return f"{said}: raise the limit with `ulimit -n`"
    return (
        f"can't write to standard output: {said}"
        if error.filename is None
        else f"{printable(str(error.filename))}: {said}"
    )


def main() -> None:
    """The entry point of `replay` and `wire-replay`."""
    from replay.live.signals import interrupt_on_signals

    try:
        interrupt_on_signals()
        cli.main()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except OSError as error:
        _let_go()
        if isinstance(error, BrokenPipeError):
            sys.exit(UNREAD)
        with suppress(OSError):
            click.echo(f"error: {_named(error)}", err=True)
        sys.exit(FAULTY)
