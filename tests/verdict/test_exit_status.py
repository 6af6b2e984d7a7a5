"""The exit status of several runs: the worst of theirs."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from replay.cases.model import Behaviour
from replay.source import Source
from replay.verdict.result import Entry, RunResult, exit_status
from tests.report import samples

GOOD = RunResult("an agent", "ws://127.0.0.1:1", (), None, 0.0, planned=0)
FAILED = replace(GOOD, results=(samples.short(),))
STOPPED = replace(FAILED, interrupted=True)
UNREACHED = replace(STOPPED, unreached="refused")


LAX = replace(GOOD, results=(replace(samples.good(), behaviour=Behaviour.NON_STRICT),))
FIXED = replace(GOOD, fixed=(Entry("1.*", ("FAILED",), "it is known", Source("x", "1.*").span(0, 3)),))


@pytest.mark.parametrize(
    ("run", "status", "strict"),
    [
        (GOOD, 0, 0),
        (replace(GOOD, results=(samples.good(),)), 0, 0),
        (FAILED, 1, 1),
        (LAX, 0, 1),
        (FIXED, 0, 1),
        (STOPPED, 130, 130),
        (UNREACHED, 3, 3),
    ],
)
def test_a_strict_run_fails_by_what_is_lax_or_fixed_too(run: RunResult, status: int, strict: int) -> None:
    assert (run.exit_status(), run.exit_status(strict=True)) == (status, strict)
    assert (exit_status([GOOD, run]), exit_status([run, GOOD], strict=True)) == (status, strict)


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
