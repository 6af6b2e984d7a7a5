"""Where expected verdicts stand: a YAML list, a config's key, or an index.json of Autobahn's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from replay import json_text
from replay.cases.model import Behaviour
from replay.expected.entries import ENTRIES, resolved, word
from replay.source import Source, SourceError, Span, nearest, printable
from replay.typed import nodes
from replay.typed.readers import Files
from replay.typed.schema import document
from replay.verdict.result import ClosingVerdict, Entry

SHAPE = "{agent: {case: {behavior, behaviorClose}}}, as in an index.json of Autobahn"


@dataclass(frozen=True)
class Listing:
    """Entries, and the text that they stand in."""

    path: Path
    source: Source  # without text: the file isn't there yet
    entries: tuple[Entry, ...]
    key: str | None = None  # of the config that holds them

    @property
    def is_index(self) -> bool:
        return self.path.suffix == ".json"

    def resolved(self, ids: Sequence[str]) -> tuple[Entry, ...]:
        """The entries with their ids, of all that are known. Raises SourceError where a pattern fits
        none; an index.json may know more cases, but not only such."""
        if not self.is_index:
            return resolved(self.entries, ids)
        known = frozenset(ids)
        found = tuple(
            replace(entry, ids=frozenset({entry.pattern}))
            for entry in self.entries
            if entry.pattern in known
        )
        if self.entries and not found:
            raise SourceError(
                self.entries[0].span, "no case of this file is known", "`replay list` shows all"
            )
        return found

    def for_others(self, agent: str) -> str | None:
        """Whose verdicts an index.json holds, if there are some and none is of that agent."""
        agents = {entry.agent for entry in self.entries}
        if not self.is_index or not agents or None in agents or agent in agents:
            return None
        others = ", ".join(sorted(str(each) for each in agents))
        return printable(f"{self.path} holds the verdicts of {others}, and none of {agent}")


def read(path: Path, new: bool = False) -> Listing:
    """The entries of a file, which `new` lets be missing. Raises SourceError."""
    if not path.exists():
        if new:
            return Listing(path, Source(str(path), ""), ())
        hint = "--update-expected writes it, with the verdicts that fail now"
        said = f"{path}: there is no such file with expected verdicts"
        raise SourceError(None, said, hint, about="expected")
    return of(path, Source.read(path))


def of(path: Path, source: Source) -> Listing:
    """The same, of a text. Raises SourceError."""
    if path.suffix == ".json":
        return Listing(path, source, tuple(_index(source)))
    entries = () if is_blank(source.text) else ENTRIES.read(nodes.parse(source, "list"), Files())
    return Listing(path, source, entries)


def inside(config: Path, entries: tuple[Entry, ...]) -> Listing:
    """The entries that a config holds itself."""
    source = entries[0].span.source if entries else Source.read(config)
    return Listing(config, source, entries, "expected")


def schema() -> dict[str, Any]:
    """The JSON Schema of a YAML list of expected verdicts."""
    return document("Expected verdicts of replay", ENTRIES)


def is_blank(text: str) -> bool:
    """Whether a YAML text says nothing."""
    return not re.sub(r"(?m)^[ \t]*(?:#.*|---[ \t]*)?$", "", text).strip()


def _index(source: Source) -> Iterator[Entry]:
    only = len(parse_index(source)) == 1
    for agent in json_text.fields(source):
        if not isinstance(agent.value, dict):
            raise SourceError(agent.place, f"expected {SHAPE}")
        for id, span, verdict, _ in json_text.fields(source, agent.span.start):
            if not isinstance(verdict, dict):
                raise SourceError(span, f"expected {SHAPE}")
            behaviour = _word(verdict, "behavior", {each.value: each for each in Behaviour}, span)
            closing = _word(
                {"behaviorClose": "OK"} | verdict,
                "behaviorClose",
                {each.value: each for each in ClosingVerdict},
                span,
            )
            name = None if only else agent.key
            yield Entry(id, (word(behaviour, closing),), "", span, agent=name)


def parse_index(source: Source) -> dict[str, Any]:
    """The values of an index.json, by agent. Raises SourceError if it isn't one."""
    agents = json_text.loads(source)
    if not isinstance(agents, dict):
        raise SourceError(source.span(0), f"expected {SHAPE}")
    return agents


def _word(verdict: dict[str, Any], key: str, words: dict[str, Any], span: Span) -> Any:
    found = verdict.get(key)
    if not isinstance(found, str) or found not in words:
        hint = nearest(str(found), words) or f"expected {', '.join(words)}"
        raise SourceError(span, f"{key!r} is {found!r}", hint)
    return words[found]
