"""How fast the testee is, and how its speed changes the times that a case waits.

A wait that has to pass in silence for the best verdict is shortened for a fast testee. A wait whose silence
can only worsen the verdict is extended for a slow testee, and is never shorter than the case says.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from replay import limits
from replay.trace.model import SECOND

SHORTEST = limits.SHORTENED.default * SECOND // 1000
TRIPS = limits.TRIPS.default
"""The minimum time for a testee, as a number of round trips."""

OPENINGS = limits.OPENINGS.default
ANSWERS = limits.ANSWERS.default
MOST_GROWTH = limits.GROWTH.default


class Pace(Struct, frozen=True):
    """How fast the testee is. Times are in microseconds."""

    round_trip: int | None = None  # of the canary; None: nothing is shortened
    opening: int = 0  # the duration of the opening handshake of this connection
    slowest: int = 0  # the slowest answer on other connections
    least: int = 0  # the minimum time for what it has to do

    def seen(self, opening: int) -> Pace:
        """The pace once the connection has opened."""
        return replace(self, opening=opening)

    @property
    def _needed(self) -> int:
        return max(TRIPS * (self.round_trip or 0), OPENINGS * self.opening, ANSWERS * self.slowest)

    def shortened(self, after: int) -> int:
        """The duration of a wait that has to pass in any case."""
        return after if self.round_trip is None else min(after, max(SHORTEST, self._needed))

    def grown(self, after: int) -> int:
        """The duration of a wait in which the testee may act."""
        return max(after, min(self._needed, MOST_GROWTH * after))

    def patient(self, after: int) -> int:
        """The duration of a wait in which the testee has to act: silence can only worsen the verdict."""
        return max(self.least, self.grown(after))


FULL = Pace()
"""All waits as long as the cases say."""
