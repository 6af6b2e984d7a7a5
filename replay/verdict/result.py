"""The results of cases and runs: everything that a report shows."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Any, Self, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from replay.cases.difference import Difference
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
"""The word for a case without a verdict, as what decides it wasn't observed: see `CaseResult.unjudged`."""

GOOD = (ClosingVerdict.OK, ClosingVerdict.INFORMATIONAL)
LAX = (Behaviour.NON_STRICT, Behaviour.UNIMPLEMENTED)
"""Behaviours that fail a run only under --strict."""


def rank(behaviour: Behaviour, closing: ClosingVerdict) -> int:
    """How bad a verdict is: 0 passes, 1 fails only under --strict, 2 fails."""
    return 2 if behaviour is Behaviour.FAILED or closing not in GOOD else int(behaviour in LAX)


class Entry(Struct, frozen=True):
    """An entry of the expected verdicts: the verdicts that some cases may have, and why."""

    pattern: str  # an id or a glob, as in a selection
    verdicts: tuple[str, ...]  # 'FAILED', 'OK / UNCLEAN': words of `expected.VERDICTS`
    reason: str
    span: Span  # of the pattern
    agent: str | None = None  # a glob; None: any testee
    link: str | None = None
    until: str | None = None  # the last day on which it applies, as 2027-01-31
    ids: frozenset[str] = frozenset()  # of the cases that the pattern names


class Misdeed(Enum):
    """What a testee did wrong."""

    UNOPENED = "unopened"  # there was no connection: a rule that its handshake broke, or an HTTP status
    ACCEPTS = "accepts"  # it accepted a breach of the rule that the tester sent on purpose
    CODE = "code"  # it closed with this code instead of an expected one
    REFUSES = "refuses"  # it closed with this code although the tester broke no rule
    DROPS = "drops"  # it ended TCP without a Close although the tester broke no rule
    BREAKS = "breaks"  # it broke the rule itself
    DIFFERS = "differs"  # it sent something other than expected
    ENDS = "ends"  # the connection ended otherwise than expected


class Cause(Struct, frozen=True):
    """The cause of a failure. Failures with equal causes are reported together."""

    fault: Misdeed
    rule: str | None = None
    code: int | None = None
    detail: str = ""  # how it differs, or ends, in words

    @property
    def key(self) -> str:
        """The cause as one word for programs: 'accepts:text-is-utf8', 'code:1011'."""
        code = None if self.code is None else str(self.code)
        return ":".join(filter(None, (self.fault.value, self.rule, code, self.detail.replace(" ", "-"))))


class Standing(Enum):
    """How a verdict compares with the entry of the expected verdicts that names its case."""

    LISTED = "expected"
    EXPIRED = "expired"  # the entry lists it, but no longer applies
    BETTER = "better than expected"
    OTHER = "not as expected"  # not listed, and neither better nor worse than all that are
    WORSE = "worse than expected"


class Expectation(Struct, frozen=True):
    entry: Entry
    standing: Standing


class ByCase(Violation, frozen=True, kw_only=True):
    """A breach that no octet shows, but the case as a whole: it is seen from octet `start` on."""


MOST_BROKEN = 5
"""Breaches of a case that are kept."""


class CaseResult(Struct, frozen=True, kw_only=True):
    """The verdict on one connection: what is kept, compared, counted and sent between processes.

    A `Judged` is a `CaseResult` with its evidence.
    """

    case: Case
    behaviour: Behaviour
    closing: ClosingVerdict
    closing_reason: str  # the reason for the closing verdict, as a sentence
    facts: ClosingFacts
    broken: tuple[Violation, ...]  # rules that the testee broke, in order; see `kept`
    server: str | None = None  # the Server header of the response, "" if it has none; None: no response
    notes: tuple[str, ...] = ()  # what the user should know about how it was played or judged
    duration: int | None = None  # microseconds, from the start of the connection to its end
    began: float | None = None  # when, in seconds since 1970
    path: str | None = None  # the spec or log of the case, as the user gave it
    expectation: Expectation | None = None  # None: no entry names the case
    flaky: bool = False  # it failed, and passed when it was run again by itself
    why: str = ""  # why it isn't OK, as a sentence
    shown: str = ""  # a failure as a terminal shows it, in plain text
    again: str | None = None  # the command that runs just this case again
    cause: Cause | None = None  # of a failure, which is reported together with those of the same cause
    unjudged: str | None = None
    """Why there is no verdict, in words: what would decide it wasn't observed ('the log leaves out 65,546
    octets that the server sent').

    Set by `left_unjudged` when a result is judged, never when it is shown. Such a result passes with a
    warning, and fails under --strict. If a verdict of Autobahn's is needed, both are INFORMATIONAL; a case
    that is INFORMATIONAL because it expects nothing in particular is judged, and never has this."""

    def left_unjudged(self, why: str) -> Self:
        """The same result without a verdict: see `unjudged`."""
        return replace(
            self,
            behaviour=Behaviour.INFORMATIONAL,
            closing=ClosingVerdict.INFORMATIONAL,
            cause=None,
            unjudged=why,
        )

    @property
    def word(self) -> str:
        """The behaviour in a word; 'unjudged' if there is no verdict."""
        return self.behaviour.value if self.unjudged is None else UNJUDGED

    @property
    def has_notes(self) -> bool:
        """Whether there is anything to know beside the verdict of a case that passes."""
        return self.unjudged is not None or bool(self.broken or self.notes)

    @property
    def closing_alone(self) -> bool:
        """Whether the case fails only because of how the connection ended."""
        return self.behaviour is not Behaviour.FAILED and self.closing not in GOOD

    @property
    def heading(self) -> str:
        """The verdict that is shown first: that on the closing if only that fails."""
        return self.closing.value if self.closing_alone else self.word

    @property
    def failed(self) -> bool:
        """Whether the verdict is a failure, expected or not."""
        return rank(self.behaviour, self.closing) == 2

    @property
    def lax(self) -> bool:
        """Whether it passes, but fails under --strict."""
        return self.unjudged is not None or rank(self.behaviour, self.closing) == 1

    @property
    def is_expected(self) -> bool:
        """Whether it fails, also under --strict only, and the expected verdicts list it."""
        listed = self.expectation is not None and self.expectation.standing is Standing.LISTED
        return listed and (self.failed or self.lax)

    def counts(self, strict: bool = False) -> bool:
        """Whether the run fails because of this."""
        if self.is_expected or self.flaky:
            return False
        worse = self.expectation is not None and self.expectation.standing is Standing.WORSE
        return self.failed or worse or (strict and self.lax)


class Judged(CaseResult, frozen=True, kw_only=True):
    """A verdict together with its evidence."""

    trace: Trace  # as observed
    events: tuple[Event, ...]  # of both sides, as observed
    outcome: Outcome | None  # the expected alternative that fits, if one does
    nearest: Outcome  # the alternative that fits, or the one that fits the longest
    expected: Sequence[Pattern]  # the patterns of `nearest` that were compared with `received`
    received: tuple[Event, ...]  # events of the testee
    divergence: Difference | None  # the first difference between these two; None: they fit


class Logged(CaseResult, frozen=True, kw_only=True):
    """A verdict on a connection without any fault. Its only evidence is the trace, as it is stored."""

    log: bytes | None  # None: it is too large to be stored


Result = TypeVar("Result", bound=CaseResult)
"""A verdict, with or without evidence."""

Fresh = Judged | Logged
"""A new result, before its evidence is dropped."""


def verdict_of(result: CaseResult) -> dict[str, Any]:
    """The fields of a verdict by name, without its evidence."""
    return {name: getattr(result, name) for name in CaseResult.__struct_fields__}


def kept(result: CaseResult) -> CaseResult:
    """The verdict alone, which stays in memory until the run has ended. It has only the first few breaches,
    without the messages that they spoilt."""
    broken = tuple(replace(one, spoilt=None) for one in result.broken[:MOST_BROKEN])
    return CaseResult(**verdict_of(result) | {"broken": broken})


class RunResult(Struct, frozen=True):
    """All cases of one run, in the order of the suite."""

    agent: str  # the testee's name: its Server header, else its command or address
    address: str
    results: tuple[CaseResult, ...]
    seed: int | None
    duration: float  # seconds
    planned: int  # cases that were selected
    suite: str | None = None  # the editions of the bundled suites that they are from, as in 'rfc@2026.12'
    unreached: str | None = None  # why the testee couldn't be reached, or no longer, if so
    last_lines: tuple[str, ...] = ()  # of its output, if replay started it and it failed
    died_on: tuple[str, ...] = ()  # ids of the cases that were running when it died
    stored: Path | None = None  # the folder with the stored run; None: it isn't stored, or not completely
    interrupted: bool = False
    room: int | None = None  # the number of connections that the testee accepts at once, if known
    memory: int | None = None  # octets that the largest process of the testee had, if known
    most_memory: int | None = None  # the limit on it that was declared
    strict: bool = False  # `lax` results fail it, and so do expected verdicts that are fixed
    fixed: tuple[Entry, ...] = ()  # expected verdicts whose cases all pass now
    unread: tuple[str, ...] = ()  # why files that were to be judged can't be read

    @property
    def oversized(self) -> bool:
        """Whether the testee had more memory than was declared."""
        return self.most_memory is not None and (self.memory or 0) > self.most_memory

    def exit_status(self, strict: bool = False) -> int:
        """0: all cases pass; 1: a case fails, or the testee had too much memory; 3: the testee couldn't be
        reached; 130: interrupted by ^C."""
        if self.unreached is not None:
            return 3
        if self.interrupted:
            return 130
        failed = self.oversized or any(result.counts(strict) for result in self.results)
        return int(failed or bool(self.unread) or (strict and bool(self.fixed)))


def exit_status(runs: Sequence[RunResult], strict: bool = False) -> int:
    """The exit status of several runs: 3 takes precedence over all others, and 130 over 1."""
    statuses = [run.exit_status(strict) for run in runs]
    return next((status for status in (3, 130, 1) if status in statuses), 0)
