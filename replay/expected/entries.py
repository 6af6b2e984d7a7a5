"""How an entry with an expected verdict is read, and how a verdict compares to it. Pure functions.

An entry names cases and the verdicts that they may end with: see docs/expected.md.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Sequence
from fnmatch import translate

from msgspec import Struct
from msgspec.structs import replace

from replay.cases import select
from replay.cases.model import Behaviour
from replay.source import SourceError
from replay.typed import nodes
from replay.typed.readers import FoundKeys, Items, Key, Mapped, Reader, Record, Shaped, Typed, Word
from replay.typed.scalars import LINE
from replay.verdict.result import (
    GOOD,
    CaseResult,
    ClosingVerdict,
    Entry,
    Expectation,
    Result,
    RunResult,
    Standing,
    rank,
)

Verdict = tuple[Behaviour, ClosingVerdict]


def word(behaviour: Behaviour, closing: ClosingVerdict) -> str:
    """A verdict as an entry writes it: 'FAILED', or 'FAILED / UNCLEAN' if the closing isn't good."""
    return behaviour.value if closing in GOOD else f"{behaviour.value} / {closing.value}"


VERDICTS: dict[str, frozenset[Verdict]] = {
    **{each.value: frozenset((each, closing) for closing in GOOD) for each in Behaviour},
    **{
        f"{each.value} / {closing.value}": frozenset({(each, closing)})
        for each in Behaviour
        for closing in ClosingVerdict
    },
}
"""The verdicts that a word allows. A behaviour alone means that the closing is as it should be."""


def _as_in_a_spec(said: str) -> str:
    return " / ".join(part.lower().replace(" ", "-") for part in said.split(" / "))


def _day(match: re.Match[str]) -> str:
    year, month, day = (int(group) for group in match.groups())
    if not (year and 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]):
        raise ValueError(f"{match[0]} is not a date")
    return match[0]


def _entry(found: FoundKeys) -> Entry:
    return Entry(
        pattern=found.values["case"],
        verdicts=found.values["verdict"],
        reason=found.values["reason"],
        span=found.at("case"),
        agent=found.get("agent"),
        link=found.get("link"),
        until=found.get("until"),
    )


_VERDICT: Word[str] = Word(
    "a verdict",
    {said: said for said in VERDICTS} | {_as_in_a_spec(said): said for said in VERDICTS},
    help=f"one of {', '.join(each.value for each in Behaviour)}; or both verdicts, as in "
    f"'{word(Behaviour.FAILED, ClosingVerdict.UNCLEAN)}'",
)
_ONE = Mapped(_VERDICT, lambda said: (said,))
_VERDICTS: Reader[tuple[str, ...]] = Shaped(
    "a verdict, or a list",
    {nodes.Scalar: _ONE, nodes.Sequence: Items("a list of verdicts", _VERDICT, at_least=1)},
)
_TEXT = Typed("a text", r"[\s\S]*\S[\s\S]*", lambda match: " ".join(match[0].split()))
_PATTERN = Typed("an id or glob", r"[^!\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*", lambda match: match[0])
_LINK = Typed("a link, https://…", r"https?://[^\s\x00-\x1f\x7f-\x9f]+", lambda match: match[0])
_UNTIL = Typed("a date such as 2027-01-31", r"([0-9]{4})-([0-9]{2})-([0-9]{2})", _day)

ENTRY: Record[Entry] = Record(
    "an expected verdict",
    {
        "case": Key(_PATTERN, "The cases that the entry applies to, as an id or a glob.", required=True),
        "verdict": Key(
            _VERDICTS,
            "The expected verdict, or a list of them: a behaviour, or behaviour / closing.",
            required=True,
        ),
        "reason": Key(
            _TEXT, "In a few words, why this verdict is right, or accepted for now.", required=True
        ),
        "agent": Key(
            LINE, "A glob for the name of the testee; by default the entry applies to any testee."
        ),
        "link": Key(_LINK, "A link to more about it, such as an issue."),
        "until": Key(_UNTIL, "The last day on which the entry is valid."),
    },
    _entry,
)
ENTRIES: Items[Entry] = Items("a list of expected verdicts", ENTRY)


def resolved(entries: Iterable[Entry], ids: Sequence[str]) -> tuple[Entry, ...]:
    """The entries with the ids that they apply to. Raises SourceError if a pattern matches none."""
    return tuple(replace(entry, ids=frozenset(_named(entry, ids))) for entry in entries)


def _named(entry: Entry, ids: Sequence[str]) -> list[str]:
    try:
        return select.select(ids, [entry.pattern])
    except SourceError as error:
        raise SourceError(entry.span, error.message, error.hint) from None


def is_for(entry: Entry, agent: str) -> bool:
    """Whether an entry applies to the testee with that name."""
    return entry.agent is None or bool(
        re.fullmatch(translate(entry.agent.replace("[", "[[]")), agent)  # only * and ?, as for ids
    )


class Expected(Struct, frozen=True):
    """All entries of a run, with their ids."""

    entries: tuple[Entry, ...]
    today: str  # as in 2027-01-31

    def mark(self, result: Result, agent: str) -> Result:
        """The result with how it compares to the entries for a testee of that name. A result without a
        verdict isn't compared."""
        if result.unjudged is not None:
            return result
        found = self.of(result.case.id, agent, result.behaviour, result.closing)
        return replace(result, expectation=found)

    def judged(self, run: RunResult) -> RunResult:
        """A run with how each of its results compares to the entries, and with the entries that are
        fixed."""
        agent = run.agent or run.address
        results = tuple(self.mark(result, agent) for result in run.results)
        return replace(run, results=results, fixed=self.fixed(results, agent))

    def of(self, id: str, agent: str, behaviour: Behaviour, closing: ClosingVerdict) -> Expectation | None:
        """How a verdict compares to the entries for its case; None if there are none.

        A verdict that any of them lists is expected. Otherwise it is compared with everything that the
        valid entries list: a failure is worse than NON-STRICT and UNIMPLEMENTED, and these are worse than
        the rest.
        """
        named = [entry for entry in self.entries if id in entry.ids and is_for(entry, agent)]
        listing = [entry for entry in named if _lists(entry, (behaviour, closing))]
        for standing, held in ((Standing.LISTED, True), (Standing.EXPIRED, False)):
            for entry in listing:
                if self.holds(entry) is held:
                    return Expectation(entry, standing)
        holding = [entry for entry in named if self.holds(entry)]
        if not holding:
            return None
        found, listed = rank(behaviour, closing), [each for entry in holding for each in _ranks(entry)]
        if found > max(listed):
            return Expectation(holding[0], Standing.WORSE)
        return Expectation(holding[0], Standing.BETTER if found < min(listed) else Standing.OTHER)

    def holds(self, entry: Entry) -> bool:
        """Whether its last day hasn't passed."""
        return entry.until is None or self.today <= entry.until

    def fixed(self, results: Iterable[CaseResult], agent: str) -> tuple[Entry, ...]:
        """The entries that list only verdicts which aren't right, and whose cases were all run and judged
        and all did better, at the first attempt."""
        ranks: dict[str, list[int]] = {}
        for result in results:
            unsure = result.flaky or result.unjudged is not None
            behaviour = Behaviour.FAILED if unsure else result.behaviour
            ranks.setdefault(result.case.id, []).append(rank(behaviour, result.closing))
        return tuple(
            entry
            for entry in self.entries
            if is_for(entry, agent)
            and all(id in ranks and max(ranks[id]) < min(_ranks(entry)) for id in entry.ids)
        )


def _lists(entry: Entry, verdict: Verdict) -> bool:
    return any(verdict in VERDICTS[said] for said in entry.verdicts)


def _ranks(entry: Entry) -> list[int]:
    return [rank(*verdict) for said in entry.verdicts for verdict in VERDICTS[said]]
