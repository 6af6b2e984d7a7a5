"""A verdict as it is stored, shown and compared: small, typed, and with its explanation in words.

In a stored run it is JSON: fields with a default may be added, and existing ones don't change.
"""

from __future__ import annotations

from msgspec import Struct

from replay.cases.model import Behaviour
from replay.verdict.result import UNJUDGED, ClosingVerdict, Standing, rank
from replay.wire.side import Side

FLAKY = "flaky"


class CauseWords(Struct, frozen=True):
    """Why a case fails, in words. It is stored and shown with the verdict."""

    key: str  # equal for failures with the same cause
    words: str  # what is wrong in all of them
    why: str  # what is wrong in this one
    size: int  # about how many octets it sends: the smallest case is shown as the example


class StoredBreach(Struct, frozen=True):
    """A rule that the testee broke."""

    rule: str
    offset: int  # of the octet that breaks it, in the stream of its side
    side: Side
    detail: str = ""


class StoredDivergence(Struct, frozen=True):
    """Where expected and observed differ."""

    words: str
    event: int | None = None  # counted from 0; None: the opening handshake
    field: str = ""
    offset: int | None = None  # in a payload


class StoredExpectation(Struct, frozen=True):
    """How the verdict compares to the expected one."""

    standing: Standing
    words: str


class StoredVerdict(Struct, frozen=True):
    """The verdict on one case."""

    id: str
    title: str
    behaviour: Behaviour
    closing: ClosingVerdict
    closing_reason: str = ""
    path: str | None = None  # of the case, as the user gave it
    close_code: int | None = None  # of the testee's Close
    failed: bool = False
    unjudged: str | None = None  # why there is no verdict
    cause: CauseWords | None = None  # of a failure; None also in runs stored before causes were
    broken: tuple[StoredBreach, ...] = ()
    divergence: StoredDivergence | None = None
    rounds: tuple[int, int] | None = None  # how many were played, and how many there are
    notes: tuple[str, ...] = ()
    began: str | None = None  # the time in words
    duration: int | None = None  # microseconds
    flaky: bool = False
    expected: StoredExpectation | None = None
    again: str | None = None  # the command that plays it once more

    @property
    def word(self) -> str:
        """The behaviour in a word; 'unjudged' if there is no verdict."""
        return self.behaviour.value if self.unjudged is None else UNJUDGED

    @property
    def rank(self) -> int:
        """How bad the verdict is: see `rank` in `result`."""
        return rank(self.behaviour, self.closing)

    @property
    def note(self) -> str:
        """How it compares to the expected verdict, if that is worth saying."""
        if self.flaky:
            return FLAKY
        return "" if self.expected is None else self.expected.standing.value
