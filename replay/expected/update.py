"""Writes the verdicts of a run as expected ones. A YAML text is edited in place, never rewritten."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from replay import whole_file
from replay.cases.select import natural
from replay.expected import file as expected_file
from replay.expected import index
from replay.expected.entries import ENTRIES, Expected, is_for, word
from replay.expected.file import Listing, is_blank
from replay.source import SourceError, file_error
from replay.typed import nodes
from replay.typed.readers import Files
from replay.typed.yaml_text import parse
from replay.verdict.result import CaseResult, Entry, RunResult, Standing

INDENT = 3
"""The indentation of an index.json, as Autobahn writes it."""


class Updated(Struct, frozen=True):
    """The new text, and the ids of the cases that were added, changed and removed."""

    text: str
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __str__(self) -> str:
        rows = {"added": self.added, "changed": self.changed, "removed": self.removed}
        return ", ".join(f"{len(ids)} {did}" for did, ids in rows.items() if ids) or "nothing to change"


def updated(
    listing: Listing, expected: Expected, run: RunResult, reasons: Mapping[str, str], strict: bool = False
) -> Updated:
    """The text updated with the verdicts of a run.

    An index.json gets the verdict of each case that was run. In a list, each case that fails the run is
    added at the end with its reason; an entry for just that case gets the new verdict; an entry for just
    one case that is fixed is removed. Globs and expired entries are left alone. Raises SourceError if the
    text can't be edited.
    """
    if listing.is_index:
        return _index(listing, run)
    agent = run.agent or run.address
    failing = _failing(run.results, strict)
    exact = [
        (number, entry)
        for number, entry in enumerate(expected.entries)
        if entry.ids == {entry.pattern} and is_for(entry, agent)
    ]
    changed = {
        number: _kept(entry, failing[entry.pattern])
        for number, entry in exact
        if entry.pattern in failing and expected.holds(entry)
    }
    removed = [number for number, entry in exact if number not in changed and entry in run.fixed]
    done = {expected.entries[number].pattern for number in changed}
    added = {id: failing[id] for id in sorted(failing, key=natural) if id not in done}
    text = _edited(listing, changed, removed, [_row(id, one, reasons) for id, one in added.items()])
    if text != listing.source.text:
        _check(listing, text, changed, removed, added)
    return Updated(
        text, tuple(added), tuple(done), tuple(expected.entries[number].pattern for number in removed)
    )


def write(path: Path, text: str) -> None:
    """Write a file completely or not at all. Raises SourceError."""
    try:
        whole_file.write(path, text.encode("utf-8", "replace"))
    except OSError as error:
        raise file_error(path, error) from None


def _failing(results: Sequence[CaseResult], strict: bool) -> dict[str, tuple[str, ...]]:
    """The words for what fails the run, by id, together with what is expected of the same case. A case
    without a verdict can't be expected."""
    found: dict[str, list[str]] = {}
    results = [result for result in results if result.unjudged is None]
    for result in results:
        expired = result.expectation is not None and result.expectation.standing is Standing.EXPIRED
        if result.counts(strict) and not expired:
            found.setdefault(result.case.id, [])
    for result in results:
        said = word(result.behaviour, result.closing)
        if result.case.id in found and (result.counts(strict) or result.is_expected):
            found[result.case.id].append(said)
    return {id: tuple(dict.fromkeys(said)) for id, said in found.items()}


def _kept(entry: Entry, verdicts: Sequence[str]) -> tuple[str, ...]:
    """A single verdict is replaced; a list, for a flaky case, gets the new one added."""
    return tuple(dict.fromkeys((*(entry.verdicts if len(entry.verdicts) > 1 else ()), *verdicts)))


def _said(verdicts: Sequence[str]) -> str:
    return verdicts[0] if len(verdicts) == 1 else f"[{', '.join(verdicts)}]"


def _row(id: str, verdicts: Sequence[str], reasons: Mapping[str, str]) -> list[str]:
    """The lines of a new entry."""
    reason = reasons.get(id) or "to be explained"
    return [
        f"- case: {json.dumps(id, ensure_ascii=False)}",
        f"  verdict: {_said(verdicts)}",
        f"  reason: {json.dumps(reason, ensure_ascii=False)}",
    ]


# The text of a list.


def _edited(
    listing: Listing,
    changed: Mapping[int, Sequence[str]],
    removed: Sequence[int],
    added: Sequence[Sequence[str]],
) -> str:
    text = listing.source.text
    newline = "\r\n" if "\r\n" in text else "\n"
    if not (changed or removed or added):
        return text
    if listing.path.suffix == ".toml" or "\ufffd" in text:
        raise _uneditable(listing)
    if is_blank(text):
        head = text if not text or text.endswith("\n") else text + newline
        return head + _lines(added, "", newline)
    root = parse(listing.source, "list")
    node = root.get(listing.key) if listing.key and isinstance(root, nodes.Mapping) else root
    assert isinstance(node, nodes.Sequence)  # it was read as a list before
    if not node.items:
        head, tail = text[: node.span.start].rstrip(" "), text[node.span.end :]
        head += "" if not head or head.endswith("\n") else newline
        return head + _lines(added, "  " if listing.key else "", newline).rstrip("\r\n") + tail
    items = [_Item.of(listing, item) for item in node.items]
    edits = [items[number].verdict(verdicts) for number, verdicts in changed.items()]
    edits += [(items[number].start, items[number].end, "") for number in removed]
    inside = items[0].inside
    new = _lines(added, inside, newline)
    if len(removed) == len(items) and not added:
        new = f"{inside}[]{newline}"
    end = items[-1].end
    if new and end and text[end - 1] != "\n":
        new = newline + new
    edits.append((end, end, new))
    for start, end, replacement in sorted(edits, reverse=True):
        text = text[:start] + replacement + text[end:]
    return text


def _lines(rows: Iterable[Sequence[str]], inside: str, newline: str) -> str:
    return "".join(f"{inside}{line}{newline}" for row in rows for line in row)


class _Item(Struct, frozen=True):
    """An entry that has whole lines of its own, starting at its '- '."""

    text: str
    node: nodes.Mapping
    start: int
    end: int
    inside: str  # the spaces before the '-'

    @classmethod
    def of(cls, listing: Listing, node: nodes.Node) -> _Item:
        text = listing.source.text
        start = text.rfind("\n", 0, node.span.start) + 1
        before = re.fullmatch(r"( *)- +", text[start : node.span.start])
        if before is None or not isinstance(node, nodes.Mapping):
            raise _uneditable(listing, node)
        last = len(text[: node.span.end].rstrip())
        newline = text.find("\n", last)
        return cls(text, node, start, len(text) if newline < 0 else newline + 1, before[1])

    def verdict(self, verdicts: Sequence[str]) -> tuple[int, int, str]:
        key, value = next(pair for pair in self.node.pairs if pair[0].text == "verdict")
        if self.text.startswith("-", value.span.start):  # a list on lines of its own
            return key.span.end, value.span.end, f": {_said(verdicts)}"
        return value.span.start, value.span.end, _said(verdicts)


def _check(
    listing: Listing,
    text: str,
    changed: Mapping[int, Sequence[str]],
    removed: Sequence[int],
    added: Mapping[str, Sequence[str]],
) -> None:
    """Raise SourceError if the edited text doesn't say what it should: anchors, for example, can change the
    meaning of an edit."""
    wanted = [
        (entry.pattern, tuple(changed.get(number, entry.verdicts)))
        for number, entry in enumerate(listing.entries)
        if number not in removed
    ]
    wanted += [(id, tuple(verdicts)) for id, verdicts in added.items()]
    try:
        found = [(entry.pattern, entry.verdicts) for entry in again(listing, text).entries]
    except SourceError:
        found = None
    if found != wanted:
        raise _uneditable(listing)


def again(listing: Listing, text: str) -> Listing:
    """A listing read from its new text. Raises SourceError."""
    source = replace(listing.source, text=text)
    if listing.key is None:
        return expected_file.of(listing.path, source)
    root = parse(source, "config")
    node = root.get(listing.key) if isinstance(root, nodes.Mapping) else None
    return replace(listing, source=source, entries=ENTRIES.read(node or root, Files()))


def _uneditable(listing: Listing, node: nodes.Node | None = None) -> SourceError:
    message = f"{listing.path}: --update-expected can't edit this file"
    hint = "it has to be YAML in UTF-8 in which each entry begins with '- ' on a line of its own"
    return SourceError(node.span, message, hint) if node else SourceError(None, message, hint)


# An index.json.


def _index(listing: Listing, run: RunResult) -> Updated:
    text = listing.source.text
    agents: dict[str, Any] = index.values(listing.source) if text.strip() else {}
    agent = next(iter(agents)) if len(agents) == 1 else run.agent or run.address
    cases = agents.setdefault(agent, {})
    added, changed = [], []
    for result in run.results:
        id = result.case.id
        if result.flaky:
            continue
        close = result.facts.testee_close
        verdict = {"behavior": result.behaviour.value, "behaviorClose": result.closing.value}
        was = cases.get(id, {})
        if id not in cases:
            added.append(id)
        elif any(was.get(key) != value for key, value in verdict.items()):
            changed.append(id)
        else:
            continue
        cases[id] = was | verdict | {"remoteCloseCode": close.code if close else None}
    if not (added or changed):
        return Updated(text)
    indent = re.match(r"\s*\{\s*\n( +)\"", text)
    shown = json.dumps(agents, sort_keys=True, indent=len(indent[1]) if indent else INDENT)
    end = "" if text and not text.endswith("\n") else "\n"
    return Updated(shown + end, tuple(added), tuple(changed))
