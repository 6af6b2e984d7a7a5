"""Scripted peers with the verdicts that the original gave them: all 130."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from replay.suite.files import known
from replay.verdict.judge import judge, passes
from replay.verdict.result import kept
from replay.wire.side import Side
from tests.memory import against

PROBES = json.loads((Path(__file__).parent.parent / "data" / "probes.json").read_text())


@pytest.mark.parametrize("probe", PROBES, ids=lambda p: f"{p['n']} {p['case']} {p['fuzzer']} {p['label']}")
def test_the_verdict_is_the_original_s(probe: dict[str, Any]) -> None:
    tester = Side(probe["fuzzer"])
    case = known()[probe["case"]]
    trace = against(case, tester, probe["peer"])
    result = judge(case, trace, tester)
    if (brief := passes(case, trace, tester)) is not None:
        assert kept(brief) == kept(result)
    facts, observed = result.facts, probe["observed"]
    if observed["ended_at"] is None:
        # The original waits for ever. Ours gives up when the time for the case is over.
        assert (result.behaviour.value, result.closing.value) == ("FAILED", "UNCLEAN")
        assert facts.limit_reached
        return
    assert {
        "behavior": result.behaviour.value,
        "behaviorClose": result.closing.value,
        "closedByMe": facts.closed_by_tester,
        "failedByMe": facts.failed_by_tester,
        "droppedByMe": facts.dropped_by_tester,
        "wasClean": facts.clean,
        "localCloseCode": facts.tester_close and facts.tester_close.code,
        "remoteCloseCode": facts.testee_close and facts.testee_close.code,
        "ended_at": (trace.entries[-1].at or 0) / 1e6,
    } == {key: observed[key] for key in observed if key in KEYS}


KEYS = {
    "behavior",
    "behaviorClose",
    "closedByMe",
    "failedByMe",
    "droppedByMe",
    "wasClean",
    "localCloseCode",
    "remoteCloseCode",
    "ended_at",
}
