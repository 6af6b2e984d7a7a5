"""What a report says: everything that a renderer shows stands here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from replay.protocol.events import Event, Violation
from replay.spec.fit import Difference
from replay.spec.model import Behaviour, Case, Outcome, Pattern
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


@dataclass(frozen=True, slots=True)
class CaseResult:
    """The verdict on one connection and all that it rests on."""

    case: Case
    trace: Trace  # as observed
    events: tuple[Event, ...]  # of both sides, as observed
    behaviour: Behaviour
    closing: ClosingVerdict
    facts: ClosingFacts
    outcome: Outcome | None  # the expected alternative that fits, if one does
    nearest: Outcome  # the one that fits, or the one that fits longest
    expected: tuple[Pattern, ...]  # what of `nearest` was compared ...
    received: tuple[Event, ...]  # ... with these events of the testee
    divergence: Difference | None  # where the two part; None: they fit
    closing_reason: str  # in a sentence, why the closing verdict is what it is
    broken: tuple[Violation, ...]  # rules that the testee broke, first one first
    notes: tuple[str, ...] = ()  # what the user should know of how it was played or judged
    duration: int | None = None  # microseconds, from the connection to its end
    path: str | None = None  # the spec or log that the case comes from, as the user gave it

    @property
    def failed(self) -> bool:
        """Whether a run fails by this: DESIGN's rule for the exit status, expectations aside."""
        return self.behaviour is Behaviour.FAILED or self.closing not in (
            ClosingVerdict.OK,
            ClosingVerdict.INFORMATIONAL,
        )


@dataclass(frozen=True, slots=True)
class RunResult:
    """All cases of one run, in the order of the suite."""

    agent: str  # the testee's name: its Server header, else its address
    address: str
    results: tuple[CaseResult, ...]
    seed: int | None
    duration: float  # seconds
    unreached: str | None = None  # why the testee could not be reached (any more), if so
    last_lines: tuple[str, ...] = ()  # of its output, if replay started it and it failed
    died_on: tuple[str, ...] = ()  # ids of the cases that were under way when it died
    planned: int = 0  # cases that were to run
    interrupted: bool = False

    def exit_status(self, strict: bool = False) -> int:
        """0: all as it has to be; 1: a verdict is not; 3: the testee could not be reached; 130: ^C."""
        if self.unreached is not None:
            return 3
        if self.interrupted:
            return 130
        lax = (Behaviour.NON_STRICT, Behaviour.UNIMPLEMENTED) if strict else ()
        return int(any(result.failed or result.behaviour in lax for result in self.results))
