"""The options of the table as click declares them, and the types that convert their values."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from replay.commands.selection import complete_words
from replay.config.option import (
    FORMS,
    METAVARS,
    Choice,
    Kind,
    Option,
)
from replay.forms import LEAST_SECONDS, MOST_SECONDS, Whole
from replay.source import printable
from replay.wire.url import WebSocketUrl, parse_url

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from replay.campaign.outputs import WantedReport
    from replay.expected.file import Listing
    from replay.play.actions import Chop

    _ParamType = click.ParamType[Any]
else:
    _ParamType = click.ParamType

Function = TypeVar("Function", bound=Callable[..., Any])


class HeaderLine(NamedTuple):
    name: str
    value: str

    def __str__(self) -> str:
        return f"{self.name}: {self.value}"


class Url(_ParamType):
    """ws:// or wss://, split into its parts; the certificates are other options."""

    name = METAVARS[Kind.URL]

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> WebSocketUrl:
        try:
            return parse_url(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Formed(_ParamType):
    """A value whose form can be checked by its characters."""

    def __init__(self, kind: Kind, make: Callable[[str], Any] = str) -> None:
        """`make` converts a text of this form."""
        self.name = METAVARS[kind]
        self._form, self._make = FORMS[kind], make

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        text = str(value)
        if not re.fullmatch(self._form.pattern, text):
            self.fail(f"{printable(text)[:80]!r}: expected {self._form.wants}", param, ctx)
        return self._make(text)


class SuiteName(Formed):
    """A suite, or an edition of one."""

    def __init__(self) -> None:
        super().__init__(Kind.SUITE)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        from replay.suite.edition import names

        return [CompletionItem(name) for name in names() if name.startswith(incomplete)]


def _chop(text: str) -> Chop:
    if text == "recorded" or text == "frame":
        return "frame" if text == "frame" else "recorded"
    return int(text)


def _header(text: str) -> HeaderLine:
    name, _, value = text.partition(":")
    return HeaderLine(name, value.strip())


class WholeNumber(click.IntRange):
    """A whole number from `min` to `max`, both included."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            shown = f"{printable(str(value))[:40]!r}"
            self.fail(f"{shown}: expected a whole number from {self.min} to {self.max}", param, ctx)


class Seconds(_ParamType):
    """A number of seconds for which a person would wait: at most a day."""

    name = METAVARS[Kind.SECONDS]

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            seconds = float(value)
        except ValueError:
            seconds = 0.0
        if not LEAST_SECONDS <= seconds <= MOST_SECONDS:  # nan fails this too
            wanted = f"expected a number of seconds from {LEAST_SECONDS} to {MOST_SECONDS}"
            self.fail(f"{printable(str(value))[:40]!r}: {wanted}", param, ctx)
        return seconds


class ExpectedFile(_ParamType):
    """The name of a file with expected verdicts; a config may contain a whole list instead."""

    name = METAVARS[Kind.EXPECTED]

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path | Listing:
        return Path(value) if isinstance(value, str) else value


def _format_of(file: str) -> str:
    """The format that the name of a report's file suggests."""
    return {".html": "html", ".json": "json", ".md": "markdown", ".svg": "badge", ".tap": "tap"}.get(
        Path(file).suffix, "junit"
    )


class ReportTo(_ParamType):
    """A format and where the report goes."""

    name = METAVARS[Kind.REPORT]

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> WantedReport:
        from replay.campaign.outputs import WantedReport
        from replay.report.formats import FORMATS
        from replay.source import nearest

        if isinstance(value, WantedReport):
            return value
        name, equals, file = str(value).partition("=")
        if name not in FORMATS and not equals and ("." in name or "/" in name):
            wanted = f"expected FORMAT=FILE, such as {_format_of(name)}={printable(name)}"
            self.fail(f"{printable(name)!r}: {wanted}", param, ctx)
        if name not in FORMATS:
            hint = nearest(name, list(FORMATS)) or f"expected one of {', '.join(FORMATS)}"
            self.fail(f"unknown report format {printable(name)!r}; {hint}", param, ctx)
        if not equals or not file:
            self.fail(f"{printable(str(value))!r}: expected {name}=FILE, or {name}=-", param, ctx)
        return WantedReport(name, file)


class StoredAt(click.Path):
    """The path of a stored run, or of a report."""

    def __init__(self) -> None:
        super().__init__(exists=True, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            if Path(value) != Path(".replay", "previous"):
                raise
            self.fail(
                f"{error.message.rstrip('.')}: it is there after the second run in this folder", param, ctx
            )


_TYPES: dict[Kind, click.ParamType[Any]] = {
    Kind.FLAG: click.BOOL,
    Kind.TEXT: click.STRING,
    Kind.CASES: click.STRING,
    Kind.URL: Url(),
    Kind.HEADER_LINE: Formed(Kind.HEADER_LINE, _header),
    Kind.HEADER_VALUE: Formed(Kind.HEADER_VALUE),
    Kind.SUBPROTOCOL: Formed(Kind.SUBPROTOCOL),
    Kind.SUITE: SuiteName(),
    Kind.LIMIT: Formed(Kind.LIMIT),
    Kind.SECONDS: Seconds(),
    Kind.CHOP: Formed(Kind.CHOP, _chop),
    Kind.FILE: click.Path(exists=True, dir_okay=False, path_type=Path),
    Kind.FOLDER: click.Path(file_okay=False, path_type=Path),
    Kind.EXPECTED: ExpectedFile(),
    Kind.REPORT: ReportTo(),
}


def type_of(option: Option) -> click.ParamType[Any]:
    """What converts a word from the command line, or a value from a config."""
    match option.takes:
        case Choice(words):
            return click.Choice(words)
        case Whole(low, high):
            return WholeNumber(low, high)
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
    """An option of the table as click declares it; `more` is passed on to click."""
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
