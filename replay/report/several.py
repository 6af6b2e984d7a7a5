"""Several runs side by side: the cases on which their verdicts differ or fail, and a line for each run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.text import Text

from replay.cases.select import natural
from replay.expected.entries import word
from replay.report import safe, terminal, words
from replay.report.layout import DIM, FAULT, Lines, pad, text
from replay.verdict.result import CaseResult, RunResult

MOST_CASES = 60
"""The most rows of the table."""

MOST_CELLS = 24
"""The most cells for the name of an agent, at the head of a column."""

_MISSING = "-"


def side_by_side(runs: Sequence[RunResult]) -> Lines:
    """A table of the cases whose verdicts differ or fail, split into as many parts as the width requires;
    then the last line of each run."""
    return Lines(lambda width: _side_by_side(runs, width))


def _side_by_side(runs: Sequence[RunResult], width: int) -> Iterator[Text]:
    by_id = [{result.case.id: result for result in run.results} for run in runs]
    ids = sorted({id for each in by_id for id in each}, key=natural)
    rows = [id for id in ids if _matters([each.get(id) for each in by_id], runs)]
    shown = rows[:MOST_CASES]
    first = max((cell_len(safe.escape(id, 60)) for id in ("case", *shown)), default=0) + 2
    columns = [_Column(run, each, shown) for run, each in zip(runs, by_id, strict=True)]
    while shown and columns:
        part, room = [columns.pop(0)], width - 2 - first
        room -= part[0].width
        while columns and columns[0].width <= room:
            room -= columns[0].width
            part.append(columns.pop(0))
        yield text()
        yield text((("  " + pad("case", first) + "".join(each.head for each in part)).rstrip(), DIM))
        for id in shown:
            row = text("  ", pad(safe.escape(id, 60), first))
            for each in part:
                row.append_text(each.cell(id))
            row.rstrip()
            yield row
    if len(rows) > len(shown):
        yield text((f"  … and {words.count(len(rows) - len(shown), 'more case')}", DIM))
    yield text()
    for run in runs:
        yield from terminal.last(run, width)


def _matters(results: Sequence[CaseResult | None], runs: Sequence[RunResult]) -> bool:
    """Whether the verdicts on a case differ, or one of them fails its run. Results that are missing because
    a run broke off don't count as different."""
    said = {
        _word(result) for result, run in zip(results, runs, strict=True) if result or not _broke_off(run)
    }
    failed = any(result.counts(run.strict) for result, run in zip(results, runs, strict=True) if result)
    return len(said) > 1 or failed


def _broke_off(run: RunResult) -> bool:
    return run.unreached is not None or len(run.results) < run.planned


def _word(result: CaseResult | None) -> str:
    if result is None:
        return _MISSING
    return result.word if result.unjudged is not None else word(result.behaviour, result.closing)


class _Column:
    """The verdicts on one agent."""

    def __init__(self, run: RunResult, results: dict[str, CaseResult], ids: Sequence[str]) -> None:
        self._run, self._results = run, results
        name = safe.escape(run.agent or run.address, 120)
        cells = (min(cell_len(name), MOST_CELLS), *(len(_word(results.get(id))) for id in ids))
        self.width = max(cells) + 2
        self.head = pad(pad(name, min(cell_len(name), self.width - 2)), self.width)

    def cell(self, id: str) -> Text:
        result = self._results.get(id)
        fails = result is not None and result.counts(self._run.strict)
        return text((pad(_word(result), self.width), FAULT if fails else ""))
