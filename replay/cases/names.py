"""Checks that each name is captured before it is used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from replay.cases.connect import Connect
from replay.cases.model import Answering, AnyOrder, Expected, Pattern, Round, leaves
from replay.cases.said import Said
from replay.cases.step import SendMessage, Step
from replay.source import SourceError, Span, nearest
from replay.values.shape import binds, uses


def check_names(
    talk: Sequence[Round],
    ignored: Iterable[Pattern],
    answers: Iterable[Answering],
    again: Sequence[Connect | None],
) -> None:
    """Raises SourceError for a name that nothing has captured where it is used. `again` has, for each
    round, how a new connection is made for it."""
    known: set[str] = set()
    for part, connect in zip(talk, again, strict=True):
        for name in connect.names if connect is not None else ():
            if name not in known:
                raise _unknown(name, known, connect.span if connect is not None else None)
        for step in part.steps:
            known |= _checked(_said(step), known, step.span)
        found = [_of_list(outcome.expected, known) for outcome in part.outcomes]
        known |= set.intersection(*found) if found else set()
    for pattern in ignored:
        _checked(pattern.said, known, pattern.span)
    for answer in answers:
        own = _checked(answer.to.said, known, answer.to.span)
        _checked(_said(answer.step), known | own, answer.step.span)


def _said(step: Step) -> Said | None:
    return step.said if isinstance(step, SendMessage) else None


def _of_list(expected: Iterable[Expected], before: set[str]) -> set[str]:
    """The names that are known after these events."""
    known = set(before)
    for item in expected:
        if isinstance(item, AnyOrder):
            for strand in item.strands:
                own = set(known)
                for pattern in strand:
                    own |= _checked(pattern.said, own, pattern.span)
            known |= {
                name for pattern in leaves((item,)) if pattern.said for name in binds(pattern.said.shape)
            }
        else:
            for pattern in leaves((item,)):
                found = _checked(pattern.said, known, pattern.span)
                known |= set() if pattern.optional else found
    return known


def _checked(said: Said | None, known: set[str], span: Span | None) -> set[str]:
    """The names that a value captures."""
    if said is None:
        return set()
    own = set(binds(said.shape))
    for name in uses(said.shape):
        if name not in known | own:
            raise _unknown(name, known, span)
    return own


def _unknown(name: str, known: set[str], span: Span | None) -> SourceError:
    hint = nearest(name, known) or f"'<uuid as {name}>' captures it, in what is sent or expected before"
    return SourceError(span, f"nothing has captured the name {name!r} here", hint)
