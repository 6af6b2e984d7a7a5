"""Where expected verdicts stand: a YAML list, a config's key, or an index.json of Autobahn's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from replay.expected import index
from replay.expected.entries import ENTRIES, resolved, word
from replay.source import Source, SourceError, printable
from replay.typed import nodes
from replay.typed.readers import Files
from replay.typed.schema import document
from replay.verdict.result import Entry


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
    agents = index.read(source)
    for agent, cases in agents.items():
        name = None if len(agents) == 1 else agent
        for one in cases:
            yield Entry(one.id, (word(one.behaviour, one.closing),), "", one.place, agent=name)
