"""What a testee may do of its own accord changes no verdict."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.live.verdicts import QUICK, Verdict, played, told, unlike
from tests.processes import listening

pytestmark = pytest.mark.live

SERVER = Path(__file__).parent / "servers" / "habits_echo.py"


def verdicts(habit: str, folder: Path, *options: str) -> dict[str, Verdict]:
    with listening(sys.executable, SERVER, habit) as port:
        return played(f"ws://127.0.0.1:{port}", QUICK, folder / habit, *options)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    """The verdicts on the same server without a habit."""
    return verdicts("none", tmp_path_factory.mktemp("plain"))


def differ(ours: dict[str, Verdict], plain: dict[str, Verdict]) -> str:
    return "\n".join(told(case, habit=ours, without=plain) for case in unlike(ours, plain))


@pytest.mark.parametrize(
    "habit", ["pings", "many-pings", "fragments", "fragments-and-pings", "gathers", "accepts-slowly"]
)
def test_a_habit_changes_no_verdict(habit: str, plain: dict[str, Verdict], tmp_path: Path) -> None:
    assert not differ(verdicts(habit, tmp_path), plain)


def test_pongs_that_nobody_asked_for_change_none_by_the_rfcs(tmp_path: Path) -> None:
    rfc = ("--profile", "rfc")
    assert not differ(verdicts("pongs", tmp_path, *rfc), verdicts("none", tmp_path, *rfc))
