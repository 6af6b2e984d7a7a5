"""Selects cases by ids, globs, exclusions and -k expressions, in the same way everywhere. Pure
functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from fnmatch import translate
from itertools import groupby
from typing import TypeVar

from replay import limits
from replay.cases.model import Case
from replay.source import Source, SourceError, nearest

Item = TypeVar("Item", bound=str | Case)

_FILES = (".yaml", ".yml", ".wirelog")
_TOKEN = re.compile(r"""\s*(?:(?P<quote>["'])(?P<text>.*?)(?P=quote)|(?P<word>[()]|[^\s()"']+))""")
_OPERATORS = ("and", "or", "not", "(", ")")
_MAX_DEPTH = limits.BRACKETS.default

Predicate = Callable[[str], bool]

Hint = Callable[[str, Sequence[str]], str | None]
"""The help for a word that matches none of these ids, which are in natural order."""


def is_path(word: str) -> bool:
    """Whether a word of a selection names a file or a folder: it looks as no id can."""
    return word in ("-", ".", "..") or "/" in word or "\\" in word or word.endswith(_FILES)


def natural(id: str) -> tuple[tuple[int, int, str], ...]:
    """The sort key of ids: numbers are compared as numbers, so that 1.1.2 comes before 1.1.10."""
    tokens = re.findall(r"[0-9]+|[^0-9]+", id)
    keys = [(0, int(token), "") if token[0] in "0123456789" else (1, 0, token) for token in tokens]
    return (*keys, (-1, 0, id))  # 1 and 01 are different ids


def near(word: str, ids: Sequence[str]) -> str | None:
    """The id nearest to a word, or how many there are."""
    known = [*ids, *sorted(prefixes(ids), key=natural)]
    section = word.partition(".")[0]
    for candidates in ([id for id in known if id.startswith(f"{section}.")], known):
        if hint := nearest(word.rstrip(".*?"), candidates):
            return hint
    return (
        f"there are {len(ids)} test cases, from {ids[0]} to {ids[-1]}"
        if ids
        else "there are no test cases at all"
    )


def numbered(word: str, ids: Sequence[str]) -> str:
    """What the suite has in the longest section with which a word begins."""
    parts = word.split(".")
    sections = prefixes(ids)
    depth = next(at for at in range(len(parts), -1, -1) if not at or ".".join(parts[:at]) in sections)
    start = "".join(f"{part}." for part in parts[:depth])
    below = sorted(
        {id.removeprefix(start).split(".")[0] for id in ids if id.startswith(start)}, key=natural
    )
    found = _ranges(below, start)
    if not depth:
        return f"the suite has sections {found}"
    if len(below) == 1:
        return f"{start[:-1]} has only {found}"
    cases = all(f"{start}{part}" in ids for part in below)
    return f"{start[:-1]} has the {'cases' if cases else 'sections'} {found}"


def _ranges(parts: Sequence[str], start: str) -> str:
    """Ascending numbers and names in words, each with what stands before it: '1.1 to 1.4, 1.6 and 1.a'."""
    words: list[str] = []
    for _, group in groupby(enumerate(parts), lambda pair: _less(pair[1], pair[0])):
        run = [f"{start}{part}" for _, part in group]
        words += [f"{run[0]} to {run[-1]}"] if len(run) > 2 else run
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _less(part: str, place: int) -> int | str:
    """The same for all numbers of a row without gaps, if each is at its place."""
    return int(part) - place if part.isdecimal() else part


def select(
    items: Iterable[Item],
    words: Sequence[str],
    hint: Hint = near,
    beyond: Callable[[], Iterable[Item]] = tuple,
) -> list[Item]:
    """The cases (or ids) that the words select, in natural order of their ids.

    A word is an id, a glob (`*` and `?`, matching the whole id) or, if no case has that id, the beginning
    of ids up to a dot; `!` before it excludes. The order of the words doesn't matter; if all of them
    exclude, everything else is selected. What a word doesn't match is looked for in `beyond`. Raises
    SourceError, with a hint, for a word that matches no case.
    """
    by_id = {_id(item): item for item in items}
    further: dict[str, Item] = {}
    included: set[str] = set()
    excluded: set[str] = set()
    for word in words:
        pattern = word.removeprefix("!")
        found = _matching(pattern, by_id)
        if not found:
            further = further or {_id(item): item for item in beyond()}
            found = _matching(pattern, further)
        if not found:
            said = hint(pattern, sorted(further or by_id, key=natural))
            raise SourceError(None, f"no test case matches {pattern!r}", said, "cases")
        (included if pattern is word else excluded).update(found)
    if all(word.startswith("!") for word in words):
        included = set(by_id)
    by_id = {**further, **by_id}
    return [by_id[id] for id in sorted(included - excluded, key=natural)]


def _id(item: str | Case) -> str:
    return item.id if isinstance(item, Case) else item


def _matching(word: str, ids: Collection[str]) -> list[str]:
    if word in ids:
        return [word]
    glob = word if "*" in word or "?" in word else f"{word}.*"
    pattern = re.compile(translate(glob.replace("[", "[[]")))
    return [id for id in ids if pattern.fullmatch(id)]


def prefixes(ids: Iterable[str]) -> set[str]:
    """The sections that ids begin with, of any depth."""
    parts = (id.split(".") for id in ids)
    return {".".join(part[:length]) for part in parts for length in range(1, len(part))}


def keyword(cases: Iterable[Case], expression: str) -> list[Case]:
    """The cases whose id or title matches: words with and, or, not and brackets, as in pytest's -k.

    A word matches as a part of the text, in upper or lower case; quotes keep words with spaces together.
    Raises SourceError with a caret in the expression if it isn't valid.
    """
    predicate = _Expression(expression).predicate
    return [case for case in cases if predicate(f"{case.id}\n{case.title}".casefold())]


class _Expression:
    """Precedence: `not` before `and` before `or`."""

    def __init__(self, text: str) -> None:
        self._source = Source("-k", text)
        self._tokens = self._read(text)
        self._at = 0
        self._depth = 0
        self.predicate = self._any()
        if self._at < len(self._tokens):
            raise self._error("expected 'and' or 'or'")

    def _read(self, text: str) -> list[tuple[str, bool, int, int]]:
        """The tokens: each with whether it is an operator, and its start and end."""
        tokens = []
        at, end = 0, len(text.rstrip())
        while at < end:
            if (match := _TOKEN.match(text, at)) is None:
                at += len(text[at:]) - len(text[at:].lstrip())
                raise SourceError(self._source.span(at, end), "this quote is never closed")
            word = match["word"] if match["quote"] is None else match["text"]
            operator = match["quote"] is None and word in _OPERATORS
            start = match.start("word" if match["quote"] is None else "quote")
            tokens.append((word, operator, start, match.end()))
            at = match.end()
        return tokens

    def _error(self, message: str) -> SourceError:
        if self._at == len(self._tokens):
            return SourceError(self._source.span(len(self._source.text)), f"{message} here")
        word, _, start, end = self._tokens[self._at]
        return SourceError(self._source.span(start, end), f"{message}, found {word!r}")

    def _takes(self, operator: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at][:2] == (operator, True):
            self._at += 1
            return True
        return False

    def _any(self) -> Predicate:
        parts = [self._all()]
        while self._takes("or"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else lambda text: any(part(text) for part in parts)

    def _all(self) -> Predicate:
        parts = [self._one()]
        while self._takes("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda text: all(part(text) for part in parts)

    def _one(self) -> Predicate:
        negated = False
        while self._takes("not"):
            negated = not negated
        inner = self._bracketed() if self._takes("(") else self._word()
        return (lambda text: not inner(text)) if negated else inner

    def _bracketed(self) -> Predicate:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._error(f"the brackets are nested deeper than {_MAX_DEPTH} levels")
        inner = self._any()
        if not self._takes(")"):
            raise self._error("expected ')'")
        self._depth -= 1
        return inner

    def _word(self) -> Predicate:
        if self._at == len(self._tokens) or self._tokens[self._at][1]:
            raise self._error("expected a word")
        word = self._tokens[self._at][0].casefold()
        self._at += 1
        return lambda text: word in text
