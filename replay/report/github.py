"""Workflow commands for GitHub Actions: an annotation for each cause, on the user's own file if there is
one.

GitHub shows ten annotations of a kind for a step.
"""

from __future__ import annotations

from collections.abc import Sequence

from replay.report import safe
from replay.report.tally import CountedAs, also, count, line, named, place, remarks, tally, trouble, verdict
from replay.verdict.cause import by_cause
from replay.verdict.result import CaseResult, RunResult

MOST_IDS = 40
"""The most ids of other cases that an annotation lists."""

MOST = 10
"""The most annotations of a kind."""


def commands(runs: Sequence[RunResult]) -> str:
    errors = [_command("error", "replay", said) for run in runs for said in [trouble(run)] if said]
    warnings = []
    for run in runs:
        who = f" ({safe.escape(named(run), 80)})" if len(runs) > 1 else ""
        for failures in by_cause(run.results, run.strict):
            others = also(failures, failures.example, MOST_IDS)
            errors.append(_annotation("error", who, failures.example, others))
        aside = [
            one for one in run.results if count(one, run.strict) in (CountedAs.FLAKY, CountedAs.UNJUDGED)
        ]
        warnings += [_annotation("warning", who, one) for one in aside]
    found = tally(runs)
    last = _command("notice", "replay", line(found))
    return "\n".join((*_bounded("error", errors), *_bounded("warning", warnings), last, ""))


def _annotation(kind: str, who: str, result: CaseResult, others: str = "") -> str:
    said = [safe.escape(one, 500) for one in remarks(result)[:3]]
    said += [others.strip(" ()")] if others else []
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
