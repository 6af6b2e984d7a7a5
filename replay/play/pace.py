"""How fast the testee is, and what that means for the time that it is given.

A wait whose silence is on the way to the best verdict is shortened; one that can only worsen the
verdict grows on a slow testee, and is never shorter than the case has it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from replay import limits
from replay.trace.model import SECOND

SHORTEST = limits.SHORTENED.default * SECOND // 1000
TRIPS = limits.TRIPS.default
"""Round trips that a testee is given, at the least."""

OPENINGS = limits.OPENINGS.default
ANSWERS = limits.ANSWERS.default
MOST_GROWTH = limits.GROWTH.default


@dataclass(frozen=True, slots=True)
class Pace:
    """Times are microseconds."""

    round_trip: int | None = None  # of the canary; None: nothing is shortened
    opening: int = 0  # that the opening handshake of this connection took
    slowest: int = 0  # that it took to answer on other connections
    least: int = 0  # that it is given for what it has to do

    def seen(self, opening: int) -> Pace:
        """... once the connection has opened."""
        return replace(self, opening=opening)

    @property
    def _needed(self) -> int:
        return max(TRIPS * (self.round_trip or 0), OPENINGS * self.opening, ANSWERS * self.slowest)

    def shortened(self, after: int) -> int:
        """How long a wait takes that has to pass anyway."""
        return after if self.round_trip is None else min(after, max(SHORTEST, self._needed))

    def grown(self, after: int) -> int:
        """How long a wait takes in which the testee may act."""
        return max(after, min(self._needed, MOST_GROWTH * after))

    def patient(self, after: int) -> int:
        """... or has to: its silence can only worsen the verdict."""
        return max(self.least, self.grown(after))


FULL = Pace()
"""As the cases have it."""
