"""Workflow commands of GitHub Actions: annotations, on files where the user has them.

GitHub shows ten of a kind for a step.
"""

from __future__ import annotations

from collections.abc import Sequence

from replay.report import safe
from replay.report.tally import Count, count, line, named, place, remarks, tally, trouble, verdict
from replay.verdict.result import CaseResult, RunResult

MOST = 10
"""Annotations of a kind."""


def commands(runs: Sequence[RunResult]) -> str:
    errors = [_command("error", "replay", said) for run in runs for said in [trouble(run)] if said]
    warnings = []
    for run in runs:
        who = f" ({safe.escape(named(run), 80)})" if len(runs) > 1 else ""
        for result in run.results:
            counted = count(result, run.strict)
            if counted is Count.FAILED:
                errors.append(_annotation("error", who, result))
            elif counted in (Count.FLAKY, Count.UNJUDGED):
                warnings.append(_annotation("warning", who, result))
    found = tally(runs)
    last = _command("notice", "replay", line(found))
    return "\n".join((*_bounded("error", errors), *_bounded("warning", warnings), last, ""))


def _annotation(kind: str, who: str, result: CaseResult) -> str:
    said = [safe.escape(one, 500) for one in remarks(result)[:3]]
    again = [f"again: {safe.escape(result.again, 500)}"] if result.again else []
    title = f"{safe.escape(result.case.id, 80)} {verdict(result)}{who}"
    message = "\n".join((safe.escape(result.case.title, 300), *said, *again))
    return _command(kind, title, message, place(result))


def _bounded(kind: str, commands: Sequence[str]) -> Sequence[str]:
    if len(commands) <= MOST:
        return commands
    more = f"and {len(commands) - MOST + 1} more: see the log of this step, or its summary"
    return [*commands[: MOST - 1], _command(kind, "replay", more)]


def _command(kind: str, title: str, message: str, where: tuple[str, int] | None = None) -> str:
    found = {} if where is None else {"file": safe.escape(where[0], 500), "line": str(where[1])}
    properties = ",".join(f"{key}={_property(value)}" for key, value in {**found, "title": title}.items())
    return f"::{kind} {properties}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
