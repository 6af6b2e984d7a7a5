"""The cases that the words of a command line select."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from replay.forms import AUTOBAHN
from replay.source import SourceError, printable

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from replay.captures.model import Wanted
    from replay.cases.declared import Declared
    from replay.suite.files import Item
    from replay.wire.side import Side


def chosen_items(
    words: Sequence[str],
    keyword: str | None,
    thorough: bool = False,
    tester: Side | None = None,
    suite: str = AUTOBAHN,
    wanted: Wanted | None = None,
    declared: Declared | None = None,
) -> list[Item]:
    """The items of a selection, at least one: those that the tester can play, or all of them.

    Raises SourceError.
    """
    from replay.captures.model import ANYTHING
    from replay.cases.declared import NOTHING_DECLARED
    from replay.suite import files

    recorded, limits = wanted or ANYTHING, declared or NOTHING_DECLARED
    return files.chosen(words, keyword, thorough, tester, passed_over, suite, recorded, limits)


def newer_cases(
    chosen: Sequence[Item], words: Sequence[str], keyword: str | None, suite: str, tester: Side
) -> Iterator[str]:
    """What the newest edition has that the pinned one hasn't, in a line; nothing if none is pinned."""
    from replay.report.words import count
    from replay.suite.edition import editions

    name, pinned, _ = suite.partition("@")
    newest = f"{name}@{max(edition.version for edition in editions(name))}"
    if not pinned or newest == suite or paths_in(words):
        return
    played = {item.case.id for item in chosen}
    with suppress(SourceError):  # the words may select only what is gone since
        found = chosen_items(words, keyword, tester=tester, suite=newest)
        if more := sum(item.case.id not in played for item in found):
            yield f"{newest} has {count(more, 'more test case')} than {suite}, to which this run kept"


def passed_over(said: str) -> None:
    """Report a file of a folder that is skipped."""
    click.echo(f"skipped: {printable(said)}", err=True)


def paths_in(words: Sequence[str]) -> list[str]:
    """The words of a selection that name files or folders."""
    from replay.suite import files as suite

    return suite.paths_in(words)


def known_ids(chosen: Sequence[Item], words: Sequence[str]) -> list[str]:
    """The ids of the bundled suites, of the selected items, and of everything in the paths."""
    from replay.suite import files as suite
    from replay.suite.edition import every_id
    from replay.wire.side import Side

    paths = [path for path in dict.fromkeys(paths_in(words)) if path != "-"]
    items = [*(item for path in paths for item in suite.items([path], Side.CLIENT)), *chosen]
    return list(dict.fromkeys((*every_id(), *(item.case.id for item in items))))


MOST_COMPLETED = 60
"""The most ids that are offered to a shell; if there are more, only their sections are."""


def complete_words(context: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The ids of the bundled suites that begin with the word, and files."""
    from click.shell_completion import CompletionItem

    from replay.suite.edition import every_id

    start = incomplete.removeprefix("!")
    mark = incomplete[: len(incomplete) - len(start)]
    ids = [id for id in every_id() if id.startswith(start)] if start else []
    if len(ids) > MOST_COMPLETED:
        parts = start.count(".") + 1
        ids = list(dict.fromkeys(".".join(id.split(".")[:parts]) for id in ids))
    return [CompletionItem(mark + id) for id in ids] or [CompletionItem(incomplete, type="file")]
