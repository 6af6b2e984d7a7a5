"""The exit status of several runs: the worst of theirs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from replay.verdict.result import RunResult, exit_status
from tests.report import samples

GOOD = RunResult("an agent", "ws://127.0.0.1:1", (), None, 0.0)
FAILED = replace(GOOD, results=(samples.short(),))
STOPPED = replace(FAILED, interrupted=True)
UNREACHED = replace(STOPPED, unreached="refused")


@pytest.mark.parametrize(
    ("runs", "status"),
    [
        ([], 0),
        ([GOOD], 0),
        ([FAILED], 1),
        ([GOOD, FAILED, GOOD], 1),
        ([FAILED, STOPPED], 130),
        ([STOPPED, UNREACHED, FAILED], 3),
    ],
)
def test_the_worst_run_decides(runs: list[RunResult], status: int) -> None:
    assert exit_status(runs) == status
