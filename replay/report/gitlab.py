"""GitLab's Code Quality: failures next to the lines of a merge request. (Its test report is JUnit.)"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from replay.report import causes, safe
from replay.report.tally import CountedAs, count, line, named, place, remarks, tally, trouble, verdict
from replay.verdict.result import CaseResult, RunResult

SUITE = "websocket-suite"
"""The path for what isn't in a file of the user's."""


def code_quality(runs: Sequence[RunResult]) -> str:
    issues: list[dict[str, Any]] = []
    for run in runs:
        if (said := trouble(run)) is not None:
            issues.append(_issue(run, "run", said, "blocker", (SUITE, 1)))
        for result in run.results:
            counted = count(result, run.strict)
            if counted in (CountedAs.FAILED, CountedAs.FLAKY, CountedAs.UNJUDGED):
                issues.append(_of(run, result, "major" if counted is CountedAs.FAILED else "minor"))
        if (found := tally([run])).counts[CountedAs.UNIMPLEMENTED]:
            issues.append(_issue(run, "unimplemented", line(found), "info", (SUITE, 1)))
    return json.dumps(issues, indent=1) + "\n"


def _of(run: RunResult, result: CaseResult, severity: str) -> dict[str, Any]:
    id = safe.escape(result.case.id, 200)
    said = [f"{id} {safe.escape(result.case.title, 300)}", verdict(result), *remarks(result)[:2]]
    if (cause := causes.said(result)) is not None:
        said.append(f"cause: {cause.words}")
    description = ": ".join(safe.escape(one, 500) for one in said)
    return _issue(run, id, description, severity, place(result) or (f"{SUITE}/{id}", 1))


def _issue(
    run: RunResult, name: str, description: str, severity: str, where: tuple[str, int]
) -> dict[str, Any]:
    """The fingerprint is the same for the same case of the same agent, whatever else is said about it."""
    path = safe.escape(where[0], 500).removeprefix("./")
    known = "\0".join((safe.escape(named(run)), name, path))
    return {
        "description": description,
        "check_name": f"replay/{name}",
        "fingerprint": hashlib.sha256(known.encode()).hexdigest(),
        "severity": severity,
        "location": {"path": path, "lines": {"begin": where[1]}},
    }
