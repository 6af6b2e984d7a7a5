"""The index.json of Autobahn|Testsuite: the verdicts of each agent on its cases, and their places.

Autobahn's report of a single case has the same fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from replay import json_text
from replay.cases.model import Behaviour
from replay.source import Source, SourceError, Span, nearest
from replay.verdict.result import ClosingVerdict

E = TypeVar("E", bound=Enum)

_SHAPE = "{agent: {case: {behavior, behaviorClose}}}, as in an index.json of Autobahn"
_ENDLESS = 10**9
"""Autobahn gives at least this many milliseconds for a connection that never opened."""


class IndexedCase(NamedTuple):
    """What an index.json says about a case."""

    id: str
    place: Span  # of its id
    behaviour: Behaviour
    closing: ClosingVerdict
    close_code: int | None  # in the testee's Close
    duration: int | None  # microseconds
    report: str | None  # the name of the case's own report, a file beside the index


def read(source: Source) -> dict[str, list[IndexedCase]]:
    """The cases of each agent. Raises SourceError."""
    found: dict[str, list[IndexedCase]] = {}
    for agent in json_text.fields(source) if values(source) else ():
        if not isinstance(agent.value, dict):
            raise SourceError(agent.place, f"expected {_SHAPE}")
        found[agent.key] = [
            indexed(id, place, said) for id, place, said, _ in json_text.fields(source, agent.span.start)
        ]
    return found


def values(source: Source) -> dict[str, Any]:
    """The text as JSON. Raises SourceError if it is no index.json at all."""
    agents = json_text.loads(source)
    if not isinstance(agents, dict):
        raise SourceError(source.span(0), f"expected {_SHAPE}")
    return agents


def indexed(id: str, place: Span, said: Any) -> IndexedCase:
    """A case from its fields at this place. Raises SourceError if they include no verdict."""
    if not isinstance(said, dict):
        raise SourceError(place, f"expected {_SHAPE}")
    code, took, report = said.get("remoteCloseCode"), said.get("duration"), said.get("reportfile")
    return IndexedCase(
        id,
        place,
        _word(said, "behavior", Behaviour, place),
        _word({"behaviorClose": ClosingVerdict.OK.value} | said, "behaviorClose", ClosingVerdict, place),
        code if isinstance(code, int) else None,
        took * 1000 if isinstance(took, int) and 0 <= took < _ENDLESS else None,
        report if isinstance(report, str) and report == Path(report).name else None,
    )


def _word(said: Mapping[str, Any], key: str, words: type[E], place: Span) -> E:
    known = {each.value: each for each in words}
    found = said.get(key)
    if not isinstance(found, str) or found not in known:
        hint = nearest(str(found), known) or f"expected {', '.join(known)}"
        raise SourceError(place, f"{key!r} is {found!r}", hint)
    return known[found]
