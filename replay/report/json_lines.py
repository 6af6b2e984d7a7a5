"""Lines of JSON: one for each case as its result comes, and one for each run when it has ended.

docs/json.md describes them for people, and `schema` for programs. Keys may be added; any other change
raises the version.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from replay.cases.model import Behaviour
from replay.report import safe, words
from replay.report.tally import CountedAs, count, tally, trouble
from replay.trace.model import SECOND
from replay.verdict.result import CaseResult, ClosingVerdict, Expectation, RunResult, Standing
from replay.version import __version__

VERSION = 1


def lines(runs: Sequence[RunResult]) -> str:
    return "".join(f"{one}\n" for found in runs for one in (*_cases(found), run(found)))


def _cases(found: RunResult) -> list[str]:
    return [case(found.agent or None, result, found.strict) for result in found.results]


def case(agent: str | None, result: CaseResult, strict: bool = False) -> str:
    """The line of a case. `agent` is None if it isn't known yet."""
    close = result.facts.testee_close
    return _line(
        {
            "type": "case",
            "version": VERSION,
            "agent": agent,
            "id": result.case.id,
            "title": result.case.title,
            "path": result.path,
            "behaviour": result.behaviour.value,
            "closing": result.closing.value,
            "counted": count(result, strict).value,
            "unjudged": result.unjudged,
            "why": result.why or None,
            "cause": result.cause.key if result.cause is not None else None,
            "closing_reason": result.closing_reason,
            "close_code": close.code if close else None,
            "broken": [
                {"rule": one.rule, "offset": one.start, "detail": one.detail} for one in result.broken[:5]
            ],
            "expectation": _expectation(result.expectation),
            "notes": list(result.notes),
            "began": words.moment(result.began) or None,
            "seconds": None if result.duration is None else result.duration / SECOND,
        }
    )


def run(found: RunResult) -> str:
    """The line of a run."""
    counted = tally([found])
    return _line(
        {
            "type": "run",
            "version": VERSION,
            "replay": __version__,
            "agent": found.agent or None,
            "address": found.address,
            "suite": found.suite,
            "state": _state(found),
            "planned": found.planned,
            "judged": counted.total,
            "counted": {one.value: counted.counts[one] for one in CountedAs},
            "behaviour": {one.value: counted.behaviours[one] for one in Behaviour},
            "closing": {one.value: counted.closings[one] for one in ClosingVerdict},
            "trouble": trouble(found),
            "last_lines": list(found.last_lines),
            "died_on": list(found.died_on),
            "memory": found.memory,
            "seed": found.seed,
            "seconds": found.duration,
            "status": found.exit_status(found.strict),
        }
    )


def _state(found: RunResult) -> str:
    if found.unreached is not None:
        return "unreached"
    if found.interrupted:
        return "interrupted"
    return "complete" if len(found.results) >= found.planned else "stopped"


def _expectation(found: Expectation | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "standing": found.standing.value,
        "pattern": found.entry.pattern,
        "verdicts": list(found.entry.verdicts),
        "reason": found.entry.reason,
        "link": found.entry.link,
        "until": found.entry.until,
    }


def _line(value: object) -> str:
    return json.dumps(_whole(value), separators=(",", ":"))


def _whole(value: Any) -> Any:
    """The same value with lone surrogates replaced."""
    match value:
        case str():
            return safe.whole(value)
        case dict():
            return {key: _whole(one) for key, one in value.items()}
        case list():
            return [_whole(one) for one in value]
    return value


def schema() -> dict[str, Any]:
    """The JSON Schema of a line."""
    text, number = {"type": "string"}, {"type": "integer", "minimum": 0}
    maybe = {"type": ["string", "null"]}
    texts = {"type": "array", "items": text}
    seconds = {"type": ["number", "null"], "minimum": 0}
    broken = {"type": "array", "items": _object(rule=text, offset=number, detail=text)}
    expectation = _object(
        standing=_words(Standing), pattern=text, verdicts=texts, reason=text, link=maybe, until=maybe
    )
    of_case = _object(
        type={"const": "case"},
        version={"const": VERSION},
        agent=maybe,
        id=text,
        title=text,
        path=maybe,
        behaviour=_words(Behaviour),
        closing=_words(ClosingVerdict),
        counted=_words(CountedAs),
        unjudged=maybe,
        why=maybe,
        cause=maybe,
        closing_reason=text,
        close_code={"type": ["integer", "null"]},
        broken=broken,
        expectation={"oneOf": [{"type": "null"}, expectation]},
        notes=texts,
        began=maybe,
        seconds=seconds,
    )
    of_run = _object(
        type={"const": "run"},
        version={"const": VERSION},
        replay=text,
        agent=maybe,
        address=text,
        state={"enum": ["complete", "stopped", "interrupted", "unreached"]},
        planned=number,
        judged=number,
        counted=_object(**{one.value: number for one in CountedAs}),
        behaviour=_object(**{one.value: number for one in Behaviour}),
        closing=_object(**{one.value: number for one in ClosingVerdict}),
        trouble=maybe,
        last_lines=texts,
        died_on=texts,
        memory={"type": ["integer", "null"]},
        seed={"type": ["integer", "null"]},
        seconds=seconds,
        status={"enum": [0, 1, 3, 130]},
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of replay --json",
        "oneOf": [of_case, of_run],
    }


def _words(of: type[Behaviour | ClosingVerdict | CountedAs | Standing]) -> dict[str, Any]:
    return {"enum": [one.value for one in of]}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}
