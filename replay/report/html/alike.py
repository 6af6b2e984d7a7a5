"""The failures of a run by their causes, as the page shows them above its table. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from replay.report import safe
from replay.report.html.model import PageRow
from replay.verdict.stored_verdict import CauseWords


class Alike(NamedTuple):
    """Cases of one run that fail of one cause, by the numbers of their rows."""

    words: str  # what is wrong in all of them: a sentence
    example: int  # the shortest ...
    why: str  # ... and what is wrong in it
    others: list[int]


def alike(shown: Sequence[PageRow], column: int) -> list[Alike]:
    """The causes for which the run in a column fails, in the order of their first cases."""
    found: dict[str, list[tuple[int, CauseWords]]] = {}
    for number, row in enumerate(shown):
        told = row.told[column]
        cause = None if told is None or told.verdict is None else told.verdict.cause
        if told is not None and cause is not None and told.counts:
            found.setdefault(cause.key, []).append((number, cause))
    return [_alike(cases) for cases in found.values()]


def _alike(cases: Sequence[tuple[int, CauseWords]]) -> Alike:
    example, said = min(cases, key=lambda case: case[1].size)
    others = [number for number, _ in cases if number != example]
    return Alike(_sentence(said.words), example, _sentence(said.why), others)


def _sentence(text: str) -> str:
    text = safe.escape(text, 700)
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "…")) else ".")
