"""What the commands share: their options, which cases are meant, how faults are shown."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import click

from replay.config.option import LEAST_SECONDS, MOST_SECONDS, Choice, Kind, Option, Whole
from replay.source import SourceError, printable

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem
    from rich.console import Console

    from replay.campaign.outputs import WantedReport
    from replay.expected.file import Listing
    from replay.play.actions import Chop
    from replay.suite.files import Item
    from replay.wire.side import Side

    _ParamType = click.ParamType[Any]
else:
    _ParamType = click.ParamType

Function = TypeVar("Function", bound=Callable[..., Any])

FAULTY = 2
"""Exit status for a bad log, spec or argument."""


class CommandFault(click.ClickException):
    """What the user wrote is wrong; shown without a traceback."""

    exit_code = FAULTY

    def show(self, file: Any = None) -> None:
        said = "\n".join(
            printable(line) for line in self.message.split("\n")
        )  # a peer's words may be in it
        click.echo(f"{click.style('error', fg='red', bold=True)}: {said}", err=True)


class Unreachable(CommandFault):
    """The testee could not be reached."""

    exit_code = 3


class UrlParts(NamedTuple):
    text: str
    secure: bool
    host: str
    port: int
    target: str  # path with query

    def __str__(self) -> str:
        return self.text


class HeaderLine(NamedTuple):
    name: str
    value: str

    def __str__(self) -> str:
        return f"{self.name}: {self.value}"


class Url(_ParamType):
    """ws:// or wss://, taken apart; the certificates are other options."""

    name = "URL"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> UrlParts:
        try:
            parts = urlsplit(value)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            self.fail(f"{value!r}: {str(error).lower()}", param, ctx)
        plain = value.isascii() and value.isprintable() and " " not in value
        if port == 0:
            self.fail(f"{value!r}: nothing listens on port 0", param, ctx)
        if parts.scheme not in ("ws", "wss") or not host or parts.fragment or parts.username or not plain:
            self.fail(f"{value!r}: expected ws://HOST[:PORT][/PATH][?QUERY], or wss://", param, ctx)
        secure = parts.scheme == "wss"
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return UrlParts(value, secure, host, port or (443 if secure else 80), target)


class HeaderValue(_ParamType):
    """What may stand behind the name of a header line."""

    name = "VALUE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not _is_plain(str(value)):
            self.fail(
                f"{printable(str(value))!r}: expected characters of ISO 8859-1 in one line", param, ctx
            )
        return str(value)


def _is_plain(text: str) -> bool:
    return all(char == "\t" or " " <= char <= "~" or "\xa0" <= char <= "\xff" for char in text)


_SIZE = re.compile("[1-9][0-9]{0,8}")


class ChopSize(_ParamType):
    name = "recorded|frame|N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Chop:
        if value == "recorded" or value == "frame":
            return "frame" if value == "frame" else "recorded"
        if not _SIZE.fullmatch(str(value)):
            self.fail(
                f"{printable(str(value))[:40]!r}: expected 'recorded', 'frame' or a number of octets",
                param,
                ctx,
            )
        return int(value)


class Seconds(_ParamType):
    """A number of seconds, as a person waits for something: no more than a day."""

    name = "SECONDS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            seconds = float(value)
        except ValueError:
            seconds = 0.0
        if not LEAST_SECONDS <= seconds <= MOST_SECONDS:  # nor is nan
            wanted = f"expected seconds from {LEAST_SECONDS} to {MOST_SECONDS}"
            self.fail(f"{printable(str(value))[:40]!r}: {wanted}", param, ctx)
        return seconds


class HeaderParameter(_ParamType):
    name = "'NAME: VALUE'"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> HeaderLine:
        name, colon, text = str(value).partition(":")
        token = name.isascii() and name and all(c.isalnum() or c in "!#$%&'*+-.^_`|~" for c in name)
        if not colon or not token or not _is_plain(text):
            self.fail(f"{printable(str(value))!r}: expected 'NAME: VALUE'", param, ctx)
        return HeaderLine(name, text.strip())


class ExpectedFile(_ParamType):
    """The name of a file with expected verdicts; a config may hold a whole list instead."""

    name = "FILE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path | Listing:
        return Path(value) if isinstance(value, str) else value


class ReportTo(_ParamType):
    """A format and where it goes."""

    name = "FORMAT=FILE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> WantedReport:
        from replay.campaign.outputs import WantedReport
        from replay.report.formats import FORMATS
        from replay.source import nearest

        if isinstance(value, WantedReport):
            return value
        name, equals, file = str(value).partition("=")
        if name not in FORMATS:
            hint = nearest(name, list(FORMATS)) or f"known are {', '.join(FORMATS)}"
            self.fail(f"{printable(name)!r} is no format of a report; {hint}", param, ctx)
        if not equals or not file:
            self.fail(f"{printable(str(value))!r}: expected {name}=FILE, or {name}=-", param, ctx)
        return WantedReport(name, file)


MOST_COMPLETED = 60
"""Ids that a shell is given; of more only their sections are."""


def complete_words(context: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The ids of the bundled suite that begin so, and files."""
    from click.shell_completion import CompletionItem

    from replay.suite.edition import edition

    start = incomplete.removeprefix("!")
    mark = incomplete[: len(incomplete) - len(start)]
    ids = [id for id in edition().ids if id.startswith(start)] if start else []
    if len(ids) > MOST_COMPLETED:
        parts = start.count(".") + 1
        ids = list(dict.fromkeys(".".join(id.split(".")[:parts]) for id in ids))
    return [CompletionItem(mark + id) for id in ids] or [CompletionItem(incomplete, type="file")]


_TYPES: dict[Kind, click.ParamType[Any]] = {
    Kind.FLAG: click.BOOL,
    Kind.TEXT: click.STRING,
    Kind.CASES: click.STRING,
    Kind.URL: Url(),
    Kind.HEADER_LINE: HeaderParameter(),
    Kind.HEADER_VALUE: HeaderValue(),
    Kind.SUBPROTOCOL: HeaderValue(),
    Kind.SECONDS: Seconds(),
    Kind.CHOP: ChopSize(),
    Kind.FILE: click.Path(exists=True, dir_okay=False, path_type=Path),
    Kind.FOLDER: click.Path(file_okay=False, path_type=Path),
    Kind.EXPECTED: ExpectedFile(),
    Kind.REPORT: ReportTo(),
}


def type_of(option: Option) -> click.ParamType[Any]:
    """What makes a value of a word of the command line, or of what a config says."""
    match option.takes:
        case Choice(words):
            return click.Choice(words)
        case Whole(low, high):
            return click.IntRange(low, high)
        case kind:
            return _TYPES[kind]


def with_options(*options: Option) -> Callable[[Function], Function]:
    """Gives these options to a command."""

    def given(command: Function) -> Function:
        for option in reversed(options):
            command = declared(option)(command)
        return command

    return given


def declared(option: Option, **more: Any) -> Callable[[Function], Function]:
    """An option of the table as click declares it, which may be told more."""
    if option.takes is Kind.CASES:
        return click.argument(
            option.parameter, nargs=-1, metavar=option.value, shell_complete=complete_words, **more
        )
    is_flag = option.takes is Kind.FLAG
    return click.option(
        *(*option.spellings, option.parameter),
        type=type_of(option),
        is_flag=is_flag,
        multiple=option.multiple,
        default=False if is_flag else option.default,
        show_default=option.default not in (None, ""),
        metavar=option.value or None,
        help=f"{option.help} Can be repeated." if option.multiple else option.help,
        **more,
    )


def chosen_items(
    words: Sequence[str], keyword: str | None, thorough: bool = False, tester: Side | None = None
) -> list[Item]:
    """The items of a selection, at least one; None: the tester is the client. Raises SourceError."""
    from replay.cases import select
    from replay.suite import files as suite
    from replay.wire.side import Side

    paths = paths_in(words)
    ids = [word for word in words if word not in paths]
    if paths:
        items = suite.items(paths, tester or Side.CLIENT, thorough, passed_over)
        chosen = set(select.select([item.case.id for item in items], ids))
        items = [item for item in items if item.case.id in chosen]
    else:
        items = suite.bundled_items(thorough, ids)
    if keyword is not None:
        fitting = {id(case) for case in select.keyword([item.case for item in items], keyword)}
        items = [item for item in items if id(item.case) in fitting]
    if not items:
        raise SourceError(None, "no case is selected", "`replay list` shows what there is")
    return items


def passed_over(said: str) -> None:
    """Tell what of a folder isn't taken."""
    click.echo(f"passed over: {printable(said)}", err=True)


def paths_in(words: Sequence[str]) -> list[str]:
    """The words of a selection that name files or folders."""
    from replay.cases import select

    return [word for word in words if select.is_path(word) or Path(word).exists()]


def known_ids(chosen: Sequence[Item], words: Sequence[str]) -> list[str]:
    """The ids of the bundled suite, of what is chosen, and of all that the paths hold."""
    from replay.suite import files as suite
    from replay.suite.edition import edition
    from replay.wire.side import Side

    paths = [path for path in dict.fromkeys(paths_in(words)) if path != "-"]
    items = [*(item for path in paths for item in suite.items([path], Side.CLIENT)), *chosen]
    return list(dict.fromkeys((*edition().ids, *(item.case.id for item in items))))


PIPED = 160
"""Cells of a line where no terminal says how many there are, nor COLUMNS."""


def new_console(stderr: bool = False) -> Console:
    from rich.console import Console

    class Plain(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # for `main`, which knows the exit status

    console = Plain(highlight=False, markup=False, emoji=False, soft_wrap=False, stderr=stderr)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PIPED
    return console
