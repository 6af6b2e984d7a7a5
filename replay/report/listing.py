"""A stored run on a terminal: what was run, a line for each case, and the number of each verdict."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from replay.expected.entries import word
from replay.report import safe, words
from replay.report.html.model import Column, PageCase
from replay.report.layout import DIM, FAULT, LABEL, Lines, sides, text, wrapped
from replay.verdict.result import UNJUDGED

NOT_RUN = "not run"


def listing(column: Column) -> Lines:
    return Lines(lambda width: _listing(column, width))


def _listing(column: Column, width: int) -> Iterator[Text]:
    said = dict.fromkeys((column.name, column.address, *column.about))
    for part in wrapped(" · ".join(filter(None, said)), width):
        yield text((part, LABEL))
    verdicts = [*map(_word, column.told.values()), *([NOT_RUN] if column.waiting else [])]
    room = max(map(len, verdicts), default=0)
    for told in column.told.values():
        yield _line(told, room, width)
    for id, title in column.waiting.items():
        yield text((NOT_RUN.ljust(room), DIM), (f"  {id:<8}", LABEL), f" {title}")
    yield text()
    for end in filter(None, (column.counts, column.state)):
        yield from (text(part) for part in wrapped(end, width))


def _word(told: PageCase) -> str:
    """The verdict in words, or why there is none."""
    found = told.verdict
    return told.word if found is None or told.word == UNJUDGED else word(found.behaviour, found.closing)


def _line(told: PageCase, room: int, width: int) -> Text:
    took = "" if told.verdict is None else words.seconds(told.verdict.duration)
    left = text(
        (_word(told).ljust(room), FAULT if told.rank == 2 else DIM),
        (f"  {safe.escape(told.id, 60):<8}", LABEL),
        f" {told.title}",
    )
    return sides(left, text((f"{told.note}  " if told.note else "", DIM), (took, DIM)), width)
