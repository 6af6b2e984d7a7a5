"""What is shown of many logs at once: which rules are broken how often, by which agents, and how many logs
have which verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from rich.cells import cell_len
from rich.text import Text

from replay.report import causes, safe, words
from replay.report.layout import DIM, FAULT, Lines, labelled, pad, text, wrapped
from replay.report.tally import VERDICTS, headline
from replay.verdict.result import GOOD, CaseResult, ClosingVerdict

MOST_ROWS = 40
"""The most rules, and the most agents, that are listed."""

MOST_NAMED = 3
"""The most logs that are named as examples."""

_NAME = 44
"""The most cells for the name of a rule or an agent."""

NAMELESS = "(unknown)"


class Census:
    """Counts results as they come; nothing of them is kept but a few names."""

    def __init__(self, strict: bool) -> None:
        self._strict = strict
        self._verdicts, self._closings = Counter[str](), Counter[ClosingVerdict]()
        self._breaking, self._failing = Counter[str](), Counter[str]()  # logs, by what is wrong
        self._about: dict[str, str] = {}
        self._named: dict[str, list[str]] = {}
        self._of, self._failed_of = Counter[str](), Counter[str]()  # logs, by agent
        self.unreadable = 0

    @property
    def total(self) -> int:
        return self._verdicts.total()

    @property
    def failed(self) -> int:
        return self._failed_of.total()

    def add(self, agent: str, name: str, result: CaseResult) -> None:
        """`name` is that of the log."""
        counts = result.counts(self._strict)
        self._verdicts[result.word] += 1
        self._closings[result.closing] += 1
        self._of[agent] += 1
        self._failed_of[agent] += counts
        for wrong, about in _wrong(result, counts).items():
            self._breaking[wrong] += 1
            self._failing[wrong] += counts
            self._about[wrong] = about
            named = self._named.setdefault(wrong, [])
            if len(named) < MOST_NAMED and name not in named:
                named.append(name)

    def lines(self) -> Lines:
        return Lines(self._lines)

    def _lines(self, width: int) -> Iterator[Text]:
        if self._breaking:
            yield from _table("rule", self._breaking, self._failing, width, self._behind)
        if len(self._of) > 1 or any(self._of):
            yield from _table("agent", self._of, self._failed_of, width, lambda agent, width: iter(()))
        said = [f"{self._verdicts[word]} {word}" for word in VERDICTS if self._verdicts[word]]
        bad = [
            f"{self._closings[c]} {c.value}" for c in ClosingVerdict if self._closings[c] and c not in GOOD
        ]
        last = words.count(self.total, "log") + (": " if said else "") + ", ".join(said)
        last += f"; closing: {', '.join(bad)}" if bad else ""
        last += f"; {words.count(self.unreadable, 'file')} can't be read" if self.unreadable else ""
        style = FAULT if self.failed or self.unreadable else "green"
        yield from (text((row, style)) for row in wrapped(last, width, "", "  "))

    def _behind(self, wrong: str, width: int) -> Iterator[Text]:
        """What the row of a rule means, and examples."""
        if self._about[wrong]:
            yield from labelled("", self._about[wrong], width)
        named = self._named[wrong]
        more = self._breaking[wrong] - len(named)
        said = ", ".join(safe.escape(name, 200) for name in named) + (f" and {more} more" if more else "")
        yield from labelled("", said, width, DIM)


def _wrong(result: CaseResult, counts: bool) -> dict[str, str]:
    """The rules that the testee of a log broke, and what they say; or else why it fails, if it does."""
    rules = dict.fromkeys(breach.rule for breach in result.broken)
    cause = result.cause
    if counts and cause is not None and cause.rule is not None:
        rules |= {cause.rule: None}
    if rules or not counts:
        return {rule: f"{words.reference(rule)}: {words.sentence(rule)}" for rule in rules}
    about = "" if cause is None else causes.sentence(cause, result.facts.tester.other)
    return {f"none: {headline(result)}": about[:1].upper() + about[1:] + "." if about else ""}


def _table(
    name: str,
    logs: Counter[str],
    failed: Counter[str],
    width: int,
    behind: Callable[[str, int], Iterator[Text]],
) -> Iterator[Text]:
    """The most frequent first, with how many logs each has and how many of those fail."""
    rows = sorted(logs, key=lambda key: (-failed[key], -logs[key], key))
    shown = {key: safe.escape(key, 200) or NAMELESS for key in rows[:MOST_ROWS]}
    room = min(max(cell_len(each) for each in (name, *shown.values())), _NAME, max(8, width - 22))
    yield text((f"  {pad(name, room)}{'logs':>8}{'failed':>9}", DIM))
    for key, each in shown.items():
        bad = failed[key]
        yield text(f"  {pad(each, room)}{logs[key]:>8}", (f"{bad or '-':>9}", FAULT if bad else DIM))
        yield from behind(key, width)
    if (more := len(rows) - len(shown)) > 0:
        yield text((f"  … and {more} more", DIM))
    yield text()
