"""`replay run --update-specs`: changes specs so that they expect what the server does now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct
from msgspec.structs import replace

from replay import flows, whole_file
from replay.amend.changes import changes, ignoring
from replay.amend.edits import edited
from replay.amend.model import Change, Removed, Replaced
from replay.campaign.server import Settings
from replay.cases.load import load
from replay.commands.output import CommandFault
from replay.report.words import count
from replay.source import Source, SourceError, printable, strerror
from replay.suite.files import Item
from replay.verdict.result import CaseResult, Fresh, Judged, kept

if TYPE_CHECKING:
    from rich.console import Console

_ROUNDS = 100
"""The most times that a case is played again: each time shows the first thing that differs."""

Reload = Callable[[], Sequence[Item]]


class Updated(Struct):
    """What has become of the specs."""

    before: dict[str, str]  # the text of each changed file, as it was
    after: dict[str, str]
    settled: dict[str, CaseResult]  # those that pass now, by id
    made: int = 0  # how many changes


def update(
    failed: Iterable[str], reload: Reload, settings: Settings, ask: bool, console: Console
) -> Updated:
    """Change the specs of the cases that failed, play these again, and go on until they pass or nothing is
    left to change. `reload` reads the specs anew."""
    options = replace(settings.options, listens=True)
    settings = replace(settings, again=False, canary="never", options=options)
    done = Updated({}, {}, {})
    open_, asked = set(failed), _Asked()
    for _ in range(_ROUNDS):
        items = [item for item in reload() if item.own and item.case.id in open_]
        judged = _played(items, settings)
        by_file: dict[str, list[Change]] = {}
        for item, result in judged:
            open_.discard(item.case.id)
            if not isinstance(result, Judged) or not result.counts(False):
                done.settled[item.case.id] = kept(result)
                continue
            wanted = changes(result)
            chosen = (
                [one for each in wanted if (one := asked.of(each, item)) is not None] if ask else wanted
            )
            if chosen and item.path is not None:
                by_file.setdefault(item.path, []).extend(chosen)
                open_.add(item.case.id)
        if not by_file:
            break
        for path, found in by_file.items():
            _change(path, found, done)
    _show(done, console)
    return done


def _played(items: Sequence[Item], settings: Settings) -> list[tuple[Item, Fresh]]:
    """The cases with their results."""
    results: dict[int, Fresh] = {}

    def watch(number: int, result: Fresh, final: bool) -> bool:
        results[number] = result
        return True

    if items and flows.run(items, settings, watch).interrupted:
        raise KeyboardInterrupt
    return [(items[number], result) for number, result in sorted(results.items())]


def _change(path: str, found: Sequence[Change], done: Updated) -> None:
    try:
        text = Path(path).read_text(encoding="utf-8")
        new = edited(Source(path, text), found)
        load(Source(path, new))
        whole_file.write(path, new.encode())
    except SourceError as error:
        raise CommandFault(
            f"{printable(path)}: what came can't be written into this spec; change it by hand ({error})"
        ) from None
    except OSError as error:
        raise CommandFault(f"{printable(path)}: {strerror(error)}") from None
    done.before.setdefault(path, text)
    done.after[path] = new
    done.made += len(found)


class _Asked:
    """Asks about changes, once about each."""

    def __init__(self) -> None:
        self._left: set[tuple[str, str]] = set()

    def of(self, change: Change, item: Item) -> Change | None:
        """The change that the user wants, if any."""
        if (item.case.id, change.said) in self._left:
            return None
        choices = {"t": "take", "l": "leave"}
        wider = change.wider if isinstance(change, Replaced) else None
        ignored = ignoring(change, item.case)
        if wider is not None:
            choices["m"] = f"make it {wider}"
        if ignored is not None:
            choices["i"] = "ignore it at any time"
        place = f"{change.span}: " if isinstance(change, Replaced | Removed) else ""
        click.echo(printable(f"{place}{change.said}"), err=True)
        said = ", ".join(f"{key} = {what}" for key, what in choices.items())
        answer = click.prompt(f"  {said}", type=click.Choice([*choices]), show_choices=False, err=True)
        if answer == "l":
            self._left.add((item.case.id, change.said))
        if answer == "m" and isinstance(change, Replaced) and wider is not None:
            return replace(change, text=wider)
        return {"t": change, "i": ignored}.get(answer)


def _show(done: Updated, console: Console) -> None:
    for path, before in done.before.items():
        lines = unified_diff(
            before.splitlines(), done.after[path].splitlines(), path, path, n=1, lineterm=""
        )
        for line in lines:
            style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
            console.print(printable(line), style=style, markup=False, highlight=False, soft_wrap=True)
    files = ", ".join(map(printable, done.before))
    said = f"{files}: {count(done.made, 'change')}" if files else "no spec was changed"
    console.print(said, markup=False, highlight=False, soft_wrap=True)
