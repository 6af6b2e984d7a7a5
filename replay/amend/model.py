"""What is changed in a spec, and where."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from replay.source import Span


class Replaced(Struct, frozen=True):
    """Other text in place of a node."""

    span: Span
    text: str
    said: str
    event: bool = False  # it is an event as an item of a list has it, which elsewhere needs braces
    wider: str | None = None  # the text of a matcher for what was expected and what came


class Removed(Struct, frozen=True):
    """No such item, or no such key."""

    span: Span  # of the item, or of the key's value
    said: str


class Added(Struct, frozen=True):
    """One more key of a mapping, or item of a list."""

    span: Span  # of the mapping, or of the list
    key: str | None
    text: str
    said: str
    after: Span | None = None  # of an item of the list
    first: bool = False  # before all others, rather than behind them


class Ignored(Struct, frozen=True):
    """An event that may come at any time."""

    span: Span  # of the id of the case
    text: str
    said: str


class Recoded(Struct, frozen=True):
    """Another code in the Close frame of the testee."""

    span: Span  # of the id of the case
    code: int
    by: str  # who closes
    said: str


Change: TypeAlias = Replaced | Removed | Added | Ignored | Recoded
