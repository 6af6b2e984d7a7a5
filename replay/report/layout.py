"""Lines for a terminal: made for a width and never wider, in colours that any theme has."""

from __future__ import annotations

import io
import shlex
from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct
from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.text import Text

from replay.cases.model import Behaviour
from replay.report.safe import escape
from replay.source import Span, excerpt
from replay.verdict.result import UNJUDGED, ClosingVerdict

STYLES = {
    Behaviour.OK.value: "green",
    Behaviour.NON_STRICT.value: "yellow",
    Behaviour.INFORMATIONAL.value: "blue",
    Behaviour.UNIMPLEMENTED.value: "yellow",
    Behaviour.FAILED.value: "bold red",
    UNJUDGED: "yellow",
    ClosingVerdict.WRONG_CODE.value: "bold red",
    ClosingVerdict.UNCLEAN.value: "bold red",
    ClosingVerdict.FAILED_BY_CLIENT.value: "bold red",
}
"""The style of a verdict, by its word."""

DIM, LABEL, PATH, FAULT, WRONG, WANTED = "dim", "bold", "cyan", "bold red", "red", "green"


class Lines(Struct, frozen=True):
    """A renderable that is made line by line for the available width."""

    draw: Callable[[int], Iterable[Text]]

    def drawn(self, width: int) -> Lines:
        """The same lines, rendered now, so that their source need not be kept."""
        lines = [*self.draw(width)]
        return Lines(lambda _: lines)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self.draw(options.max_width):
            line.no_wrap = True
            line.truncate(options.max_width, overflow="ellipsis")
            yield from line.render(console, end="\n")


def as_text(renderable: RenderableType, width: int = 100) -> str:
    """The same in plain text, for a file."""
    file = io.StringIO()
    console = Console(width=width, file=file, color_system=None, legacy_windows=False, _environ={})
    console.print(renderable)
    return "".join(line.rstrip() + "\n" for line in file.getvalue().splitlines())


def text(*parts: str | tuple[str, str]) -> Text:
    """A line of plain and styled pieces; none of them is markup."""
    return Text.assemble(*parts)


def pad(string: str, width: int) -> str:
    """Exactly `width` cells wide, cut with an ellipsis."""
    if cell_len(string) <= width:
        return set_cell_size(string, width)
    return set_cell_size(string, width - 1) + "…" if width > 0 else ""


def sides(left: Text, right: Text, width: int) -> Text:
    """`left` at the left edge, cut to make room for `right`, which ends at the right edge."""
    room = max(1, width - right.cell_len - (2 if right.cell_len else 0))
    left = left.copy()
    left.truncate(room, overflow="ellipsis", pad=bool(right.cell_len))
    return left.append("  ").append_text(right) if right.cell_len else left


def wrapped(string: str, width: int, first: str = "", rest: str | None = None) -> list[str]:
    """Break at spaces, and within a word that is too long; `first` and `rest` are the prefixes of the
    lines."""
    rest = " " * cell_len(first) if rest is None else rest
    lines, line, empty = [], first, True
    for word in string.split(" "):
        if not empty and cell_len(line) + 1 + cell_len(word) > width:
            lines.append(line)
            line, empty = rest, True
        line += word if empty else f" {word}"
        empty = False
        while cell_len(line) > width > cell_len(rest) + 1:
            kept = set_cell_size(line, width).rstrip(" ") or line[:1]
            lines.append(kept)
            line = rest + line[len(kept) :]
    return [*lines, line]


def labelled(label: str, string: str, width: int, style: str = "") -> Iterator[Text]:
    """A label in a column of its own, and its text, wrapped, next to it."""
    lines = wrapped(string, width, " " * INDENT)
    for number, line in enumerate(lines):
        margin = ("  " + label).ljust(INDENT) if not number else " " * INDENT
        yield text((margin, LABEL), (line[INDENT:], style))


INDENT = 12
"""The column of the labelled text."""


def command(line: str, width: int) -> list[str]:
    """A command for the shell, broken between its words if necessary."""
    if cell_len(line) <= width:
        return [line]
    try:
        words = [shlex.quote(word) for word in shlex.split(line)]
    except ValueError:
        words = line.split(" ")
    lines, row = [], ""
    for word in words:
        if row and cell_len(row) + cell_len(word) + 3 > width:
            lines.append(row + " \\")
            row = "  " + word
        else:
            row = f"{row} {word}" if row else word
    return [piece for row in [*lines, row] for piece in wrapped(row, width, "", "")]


def pointed(span: Span, label: str, width: int) -> Iterator[Text]:
    """An arrow to a place in the user's own file, its line, carets below it, and what is wrong there."""
    beside = max(8, len(str(span.line)) + 6)  # the gutter, and an ellipsis on either side
    shown = excerpt(span, "", max(1, width - beside)).split("\n")
    gutter = shown[0].rindex("|")
    path = escape(str(span))
    while len(path) > 1 and gutter + 2 + cell_len(path) > width:
        path = "…" + path[2:]
    yield text((" " * (gutter - 2) + "--> ", DIM), (path, PATH))
    yield text((shown[0], DIM))
    yield text((shown[1][: gutter + 1], DIM), shown[1][gutter + 1 :])
    carets = shown[2].rstrip()
    column = len(carets) - len(carets[gutter + 1 :].lstrip())
    beside = len(carets) + 1
    prefix = " " * gutter + "|"
    if width - beside >= min(48, cell_len(label)):
        lines = wrapped(label, width, carets + " ", prefix + " " * (beside - gutter - 1))
    else:
        hang = min(column, max(gutter + 2, width - 56))
        lines = [carets, *wrapped(label, width, prefix + " " * (hang - gutter - 1))] if label else [carets]
        lines[1:] = [prefix + line[gutter + 1 :] for line in lines[1:]]
    for number, line in enumerate(lines):
        marks = len(carets) if not number else gutter + 1
        yield text((line[: gutter + 1], DIM), (line[gutter + 1 : marks], FAULT), (line[marks:], WRONG))
