"""The cases that the words of a command line select."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from replay.source import printable

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from replay.suite.files import Item
    from replay.wire.side import Side


def chosen_items(
    words: Sequence[str], keyword: str | None, thorough: bool = False, tester: Side | None = None
) -> list[Item]:
    """The items of a selection, at least one: those that the tester can play, or all of them.

    Raises SourceError.
    """
    from replay.suite import files as suite

    return suite.chosen(words, keyword, thorough, tester, passed_over)


def passed_over(said: str) -> None:
    """Report a file of a folder that is skipped."""
    click.echo(f"skipped: {printable(said)}", err=True)


def paths_in(words: Sequence[str]) -> list[str]:
    """The words of a selection that name files or folders."""
    from replay.suite import files as suite

    return suite.paths_in(words)


def known_ids(chosen: Sequence[Item], words: Sequence[str]) -> list[str]:
    """The ids of the bundled suite, of the selected items, and of everything in the paths."""
    from replay.suite import files as suite
    from replay.suite.edition import edition
    from replay.wire.side import Side

    paths = [path for path in dict.fromkeys(paths_in(words)) if path != "-"]
    items = [*(item for path in paths for item in suite.items([path], Side.CLIENT)), *chosen]
    return list(dict.fromkeys((*edition().ids, *(item.case.id for item in items))))


MOST_COMPLETED = 60
"""The most ids that are offered to a shell; if there are more, only their sections are."""


def complete_words(context: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The ids of the bundled suite that begin with the word, and files."""
    from click.shell_completion import CompletionItem

    from replay.suite.edition import edition

    start = incomplete.removeprefix("!")
    mark = incomplete[: len(incomplete) - len(start)]
    ids = [id for id in edition().ids if id.startswith(start)] if start else []
    if len(ids) > MOST_COMPLETED:
        parts = start.count(".") + 1
        ids = list(dict.fromkeys(".".join(id.split(".")[:parts]) for id in ids))
    return [CompletionItem(mark + id) for id in ids] or [CompletionItem(incomplete, type="file")]
