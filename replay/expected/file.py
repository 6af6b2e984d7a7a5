"""Where expected verdicts are listed: in a YAML list, under a key of a config, or in an index.json of
Autobahn."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from replay.expected import index
from replay.expected.entries import ENTRIES, resolved, word
from replay.source import Source, SourceError, printable
from replay.typed.readers import Files
from replay.typed.schema import document
from replay.typed.yaml_text import parse
from replay.verdict.result import Entry


class Listing(Struct, frozen=True):
    """Entries, and the text in which they are."""

    path: Path
    source: Source  # without text if the file doesn't exist yet
    entries: tuple[Entry, ...]
    key: str | None = None  # the key of the config that contains them

    @property
    def is_index(self) -> bool:
        return self.path.suffix == ".json"

    def resolved(self, ids: Sequence[str]) -> tuple[Entry, ...]:
        """The entries with the ids that they apply to. Raises SourceError if a pattern matches none; an
        index.json may list cases that replay doesn't know, but not only such cases."""
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
                self.entries[0].span,
                "none of the test cases in this file is known",
                "`replay list` shows all known test cases",
            )
        return found

    def for_others(self, agent: str) -> str | None:
        """Whose verdicts an index.json has, if it has some but none of that agent."""
        agents = {entry.agent for entry in self.entries}
        if not self.is_index or not agents or None in agents or agent in agents:
            return None
        others = ", ".join(sorted(str(each) for each in agents))
        return printable(f"{self.path} has verdicts of {others}, but none of {agent}")


def read(path: Path, new: bool = False) -> Listing:
    """The entries of a file, which may be missing if `new` is set. Raises SourceError."""
    if not path.exists():
        if new:
            return Listing(path, Source(str(path), ""), ())
        hint = "--update-expected writes it with the verdicts that fail now"
        said = f"{path}: this file with expected verdicts doesn't exist"
        raise SourceError(None, said, hint, about="expected")
    return of(path, Source.read(path))


def of(path: Path, source: Source) -> Listing:
    """The entries of a text. Raises SourceError."""
    if path.suffix == ".json":
        return Listing(path, source, tuple(_index(source)))
    entries = () if is_blank(source.text) else ENTRIES.read(parse(source, "list"), Files())
    return Listing(path, source, entries)


def inside(config: Path, entries: tuple[Entry, ...]) -> Listing:
    """The entries that a config itself contains."""
    source = entries[0].span.source if entries else Source.read(config)
    return Listing(config, source, entries, "expected")


def schema() -> dict[str, Any]:
    """The JSON Schema of a YAML list of expected verdicts."""
    return document("Expected verdicts of replay", ENTRIES)


def is_blank(text: str) -> bool:
    """Whether a YAML text contains nothing but comments."""
    return not re.sub(r"(?m)^[ \t]*(?:#.*|---[ \t]*)?$", "", text).strip()


def _index(source: Source) -> Iterator[Entry]:
    agents = index.read(source)
    for agent, cases in agents.items():
        name = None if len(agents) == 1 else agent
        for one in cases:
            yield Entry(one.id, (word(one.behaviour, one.closing),), "", one.place, agent=name)
