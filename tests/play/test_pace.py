"""How long a wait takes on a testee of this pace, as a table. Times are milliseconds."""

from __future__ import annotations

import pytest

from replay.play.pace import ANSWERS, FULL, MOST_GROWTH, OPENINGS, SHORTEST, TRIPS, Pace

MS = 1000


@pytest.mark.parametrize(
    ("pace", "after", "shortened", "grown", "patient"),
    [
        (FULL, 1000, 1000, 1000, 1000),
        (Pace(round_trip=0), 1000, SHORTEST // MS, 1000, 1000),
        (Pace(round_trip=0), 1, 1, 1, 1),
        (Pace(round_trip=100 * MS), 5000, min(5000, TRIPS * 100), max(5000, TRIPS * 100), 5000),
        (Pace(round_trip=0, opening=400 * MS), 50_000, OPENINGS * 400, 50_000, 50_000),
        (Pace(round_trip=0, slowest=400 * MS), 50_000, ANSWERS * 400, 50_000, 50_000),
        (
            Pace(opening=400 * MS),
            400,
            400,
            min(OPENINGS, MOST_GROWTH) * 400,
            min(OPENINGS, MOST_GROWTH) * 400,
        ),
        (Pace(slowest=9000 * MS), 10, 10, MOST_GROWTH * 10, MOST_GROWTH * 10),
        (Pace(least=7000 * MS), 1000, 1000, 1000, 7000),
        (Pace(least=7000 * MS), 8000, 8000, 8000, 8000),
    ],
)
def test_how_long_a_wait_takes(pace: Pace, after: int, shortened: int, grown: int, patient: int) -> None:
    found = pace.shortened(after * MS), pace.grown(after * MS), pace.patient(after * MS)
    assert found == (shortened * MS, grown * MS, patient * MS)


def test_how_long_the_opening_took_is_kept() -> None:
    assert Pace(1, 2, 3, 4).seen(9) == Pace(1, 9, 3, 4)
