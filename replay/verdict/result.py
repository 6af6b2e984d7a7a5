"""What a report says: everything that a renderer shows stands here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any, Self, TypeVar

from replay.cases.fit import Difference
from replay.cases.model import Behaviour, Case, Outcome, Pattern
from replay.protocol.events import Event, Violation
from replay.source import Span
from replay.trace.model import Trace
from replay.verdict.facts import ClosingFacts


class ClosingVerdict(Enum):
    """Autobahn's words for how the connection ended."""

    OK = "OK"
    WRONG_CODE = "WRONG CODE"
    UNCLEAN = "UNCLEAN"
    FAILED_BY_CLIENT = "FAILED BY CLIENT"
    FAILED = "FAILED"
    INFORMATIONAL = "INFORMATIONAL"


UNJUDGED = "unjudged"
"""The word for a case whose verdict would rest on what nobody has seen: see `CaseResult.unjudged`."""

GOOD = (ClosingVerdict.OK, ClosingVerdict.INFORMATIONAL)
LAX = (Behaviour.NON_STRICT, Behaviour.UNIMPLEMENTED)
"""What fails a run only under --strict."""


def rank(behaviour: Behaviour, closing: ClosingVerdict) -> int:
    """0: as it has to be; 1: fails only under --strict; 2: fails."""
    return 2 if behaviour is Behaviour.FAILED or closing not in GOOD else int(behaviour in LAX)


@dataclass(frozen=True, slots=True)
class Entry:
    """One of the expected verdicts: what some cases may end with, and why."""

    pattern: str  # an id or a glob, as in a selection
    verdicts: tuple[str, ...]  # 'FAILED', 'OK / UNCLEAN': words of `expected.VERDICTS`
    reason: str
    span: Span  # where the pattern stands
    agent: str | None = None  # a glob; None: any testee
    link: str | None = None
    until: str | None = None  # the last day on which it holds, as 2027-01-31
    ids: frozenset[str] = frozenset()  # of the cases that the pattern names


class Misdeed(Enum):
    """What a testee did wrong, of all cases."""

    UNOPENED = "unopened"  # there was no connection: the rule that its handshake broke, or the HTTP status
    ACCEPTS = "accepts"  # the tester broke the rule, as the case wants, and was not refused
    CODE = "code"  # it closed with this code, not with one of those that were wanted
    REFUSES = "refuses"  # it closed with this code, and nothing that was sent is against a rule
    DROPS = "drops"  # it ended TCP without a Close, and nothing that was sent is against a rule
    BREAKS = "breaks"  # it broke the rule itself
    DIFFERS = "differs"  # what came isn't what was to come
    ENDS = "ends"  # the connection ended in another way than it was to


@dataclass(frozen=True, slots=True)
class Cause:
    """Equal for failures that are one."""

    fault: Misdeed
    rule: str | None = None
    code: int | None = None
    detail: str = ""  # how it differs, or ends, in words

    @property
    def key(self) -> str:
        """The same as one word, for programs: 'accepts:text-is-utf8', 'code:1011'."""
        code = None if self.code is None else str(self.code)
        return ":".join(filter(None, (self.fault.value, self.rule, code, self.detail.replace(" ", "-"))))


class Standing(Enum):
    """How a verdict stands to the entry that names its case."""

    LISTED = "expected"
    EXPIRED = "expired"  # the entry lists it, but its last day has passed
    BETTER = "better than expected"
    OTHER = "not as expected"  # neither listed, nor better or worse than all that is
    WORSE = "worse than expected"


@dataclass(frozen=True, slots=True)
class Expectation:
    entry: Entry
    standing: Standing


MOST_BROKEN = 5
"""Breaches that are kept of a case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """The verdict on one connection: what is kept of a case, compared, counted and told between processes.

    What the verdict rests on stands in a `Judged`, which is a `CaseResult` too.
    """

    case: Case
    behaviour: Behaviour
    closing: ClosingVerdict
    closing_reason: str  # in a sentence, why the closing verdict is what it is
    facts: ClosingFacts
    broken: tuple[Violation, ...]  # rules that the testee broke, first one first; see `kept`
    server: str | None = None  # the Server header of the response, "" if it has none; None: no response
    notes: tuple[str, ...] = ()  # what the user should know of how it was played or judged
    duration: int | None = None  # microseconds, from the connection to its end
    began: float | None = None  # when, in seconds since 1970
    path: str | None = None  # the spec or log that the case comes from, as the user gave it
    expectation: Expectation | None = None  # None: no entry names the case
    flaky: bool = False  # it failed, and passed when it was run once more, alone
    why: str = ""  # why it isn't OK, in a sentence
    shown: str = ""  # a failure as a terminal shows it, in plain text
    again: str | None = None  # the command that plays just this case again
    cause: Cause | None = None  # of a failure: what it is told together with
    unjudged: str | None = None
    """Why there is no verdict, in words: what it would rest on wasn't seen, and what was seen decides
    nothing ('the log leaves out 65,546 octets that the server sent').

    Set by `left_unjudged` where a result is judged, never where it is shown. Such a result passes with a
    warning, and fails under --strict. Where Autobahn's words have to do, both verdicts are INFORMATIONAL;
    what is INFORMATIONAL because a case asks for nothing is judged, and never has this."""

    def left_unjudged(self, why: str) -> Self:
        """The same evidence without a verdict: see `unjudged`."""
        return replace(
            self,
            behaviour=Behaviour.INFORMATIONAL,
            closing=ClosingVerdict.INFORMATIONAL,
            cause=None,
            unjudged=why,
        )

    @property
    def word(self) -> str:
        """The behaviour in a word, 'unjudged' where there is no verdict."""
        return self.behaviour.value if self.unjudged is None else UNJUDGED

    @property
    def closing_alone(self) -> bool:
        """Whether only the way the connection ended fails."""
        return self.behaviour is not Behaviour.FAILED and self.closing not in GOOD

    @property
    def heading(self) -> str:
        """The verdict that is told first: that on the closing, where it alone fails."""
        return self.closing.value if self.closing_alone else self.word

    @property
    def failed(self) -> bool:
        """Whether the verdict is a failure, expected or not."""
        return rank(self.behaviour, self.closing) == 2

    @property
    def lax(self) -> bool:
        """Whether it passes, but not under --strict."""
        return self.unjudged is not None or rank(self.behaviour, self.closing) == 1

    @property
    def is_expected(self) -> bool:
        """Whether it is other than it has to be, and listed so."""
        listed = self.expectation is not None and self.expectation.standing is Standing.LISTED
        return listed and (self.failed or self.lax)

    def counts(self, strict: bool = False) -> bool:
        """Whether the run fails by this."""
        if self.is_expected or self.flaky:
            return False
        worse = self.expectation is not None and self.expectation.standing is Standing.WORSE
        return self.failed or worse or (strict and self.lax)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged(CaseResult):
    """A verdict together with its evidence."""

    trace: Trace  # as observed
    events: tuple[Event, ...]  # of both sides, as observed
    outcome: Outcome | None  # the expected alternative that fits, if one does
    nearest: Outcome  # the one that fits, or the one that fits longest
    expected: tuple[Pattern, ...]  # what of `nearest` was compared ...
    received: tuple[Event, ...]  # ... with these events of the testee
    divergence: Difference | None  # where the two part; None: they fit


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged(CaseResult):
    """A verdict that says that all is well. Of its evidence there is only the log, as it is stored."""

    log: bytes | None  # None: it can't be stored


Result = TypeVar("Result", bound=CaseResult)
"""A verdict with as much of its evidence as it has."""

Fresh = Judged | Logged
"""A result as it comes, before what it rests on is let go."""


def verdict_of(result: CaseResult) -> dict[str, Any]:
    """The fields of a verdict by name, without those of its evidence."""
    return {name: getattr(result, name) for name in CaseResult.__slots__}


def kept(result: CaseResult) -> CaseResult:
    """The verdict alone: what stays in memory until a run has ended. Of the breaches it has the first few,
    without what they spoilt."""
    broken = tuple(replace(one, spoilt=None) for one in result.broken[:MOST_BROKEN])
    return CaseResult(**verdict_of(result) | {"broken": broken})


@dataclass(frozen=True, slots=True)
class RunResult:
    """All cases of one run, in the order of the suite."""

    agent: str  # the testee's name: its Server header, else its command or address
    address: str
    results: tuple[CaseResult, ...]
    seed: int | None
    duration: float  # seconds
    unreached: str | None = None  # why the testee could not be reached (any more), if so
    last_lines: tuple[str, ...] = ()  # of its output, if replay started it and it failed
    died_on: tuple[str, ...] = ()  # ids of the cases that were under way when it died
    planned: int = 0  # cases that were to run
    stored: Path | None = None  # the folder that holds it; None: nothing does, or not all of it
    interrupted: bool = False
    room: int | None = None  # the connections that the testee has at once, if that was found out
    strict: bool = False  # what is `lax` fails it, and what is fixed and still listed
    fixed: tuple[Entry, ...] = ()  # of the expected verdicts: all their cases pass now

    def exit_status(self, strict: bool = False) -> int:
        """0: all as it has to be; 1: a verdict is not; 3: the testee could not be reached; 130: ^C."""
        if self.unreached is not None:
            return 3
        if self.interrupted:
            return 130
        failed = any(result.counts(strict) for result in self.results)
        return int(failed or (strict and bool(self.fixed)))


def exit_status(runs: Sequence[RunResult], strict: bool = False) -> int:
    """That of the worst: one that could not be reached goes before all, and ^C before a verdict."""
    statuses = [run.exit_status(strict) for run in runs]
    return next((status for status in (3, 130, 1) if status in statuses), 0)
