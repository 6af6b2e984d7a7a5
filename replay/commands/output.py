"""Where the commands print, and how they report that something is wrong."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

FAULTY = 2
"""Exit status for a bad log, spec or argument."""


class CommandFault(click.ClickException):
    """Something that the user wrote is wrong; shown without a traceback."""

    exit_code = FAULTY

    def show(self, file: Any = None) -> None:
        from replay.source import printable

        said = "\n".join(
            printable(line) for line in self.message.split("\n")
        )  # it may contain words of a peer
        click.echo(f"{click.style('error', fg='red', bold=True)}: {said}", err=True)


class Unreachable(CommandFault):
    """The testee could not be reached."""

    exit_code = 3


def at_address(address: str, reason: str) -> str:
    """Why what is at this address couldn't be reached, with the address unless the reason names it."""
    return reason if address in reason else f"{address}: {reason}"


PIPED = 160
"""The width of a line if neither a terminal nor COLUMNS tells it."""


def new_console(stderr: bool = False) -> Console:
    from rich.console import Console

    class Plain(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # for `main`, which knows the exit status

    console = Plain(highlight=False, markup=False, emoji=False, soft_wrap=False, stderr=stderr)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PIPED
    return console
