"""What would have to be changed in a spec for what came to be what is expected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import UnsetType

from replay.amend.alignment import OTHER, aligned, apart_by, in_order, in_pairs
from replay.amend.model import Added, Change, Ignored, Recoded, Removed, Replaced
from replay.cases.difference import Difference, met
from replay.cases.model import AnyOrder, Case, Pattern
from replay.cases.said import Said, Unread, read
from replay.draft.shapes import kind_of, loosened
from replay.draft.skeleton import at as part_at
from replay.draft.yaml_text import event_text, value_text
from replay.protocol.events import Message
from replay.source import Span
from replay.values.matching import differences
from replay.values.mismatch import Mismatch, Why
from replay.values.paths import Step, path
from replay.values.shape import (
    Exactly,
    Free,
    Keyed,
    Known,
    Listed,
    Names,
    Shape,
    Unordered,
    Value,
    binds,
    exactly,
    shape_of,
)
from replay.verdict.result import ClosingVerdict, Judged

_VIEWS = ("json", "text", "octets")

_TELLING = 8
"""The characters of a text from which on it is taken for the captured one that is the same."""

_MOST = 100_000
"""The most comparisons of messages with events, to see which belong together."""


def changes(result: Judged) -> tuple[Change, ...]:
    """The changes after which the round fits in which something else came. Empty: there are none.

    The connection has to have been listened to until the end of that round.
    """
    if result.divergence is None:
        return tuple(_recoded(result))
    found, events = result.divergence, result.nearest.span
    if not result.facts.closed_by_tester and (found.part or 0) + 1 < result.case.length:
        return ()  # it left before the rest could be said
    if found.at < 0 or not isinstance(found.observed, Message | None) or events is None:
        return ()
    expected = list(result.expected[found.at :])
    free = (*result.case.ignored, *(answer.to for answer in result.case.answers))
    received = [
        event
        for event in result.received[found.at :]
        if isinstance(event, Message)
        and all(isinstance(met(0, each, event, found.names), Difference) for each in free)
    ]
    if any(want.span is None for want in expected) or len(expected) * len(received) > _MOST:
        return ()
    before = result.expected[found.at - 1].span if 0 < found.at <= len(result.expected) else None
    own = {name for want in result.expected if want.said is not None for name in binds(want.said.shape)}
    earlier = {name: value for name, value in found.names.items() if name not in own}
    free_order = [each for each in result.nearest.expected if isinstance(each, AnyOrder)]
    return tuple(_changes(found.names, expected, received, events, before, free_order, earlier))


def ignoring(change: Change, case: Case) -> Ignored | None:
    """Instead of an event that is added, one that is ignored."""
    if isinstance(change, Added) and change.key is None and case.span is not None:
        return Ignored(case.span, change.text, change.said)
    return None


def _recoded(result: Judged) -> Iterator[Recoded]:
    close, wanted, span = result.facts.testee_close, result.case.closing, result.case.span
    wrong = result.closing is ClosingVerdict.WRONG_CODE
    if wrong and close is not None and close.code is not None and wanted is not None and span is not None:
        yield Recoded(span, close.code, wanted.by, f"the Close frame has code {close.code}")


def _changes(
    names: Names,
    expected: Sequence[Pattern],
    received: Sequence[Message],
    events: Span,
    before: Span | None,
    free: Sequence[AnyOrder],
    earlier: Names,
) -> Iterator[Change]:
    view = next((want.said.view for want in expected if want.said is not None), "json")
    for want, got in in_pairs(aligned(in_order(expected, received, names, free), received, names)):
        if want is None and got is not None:
            text = _event(got, view, earlier)
            first = before is None and bool(expected)
            yield Added(events, None, text, f"{text} came too", before, first)
        elif want is not None and want.span is not None:
            if got is None:
                yield Removed(want.span, f"{_said(want)} did not come")
            else:
                yield from _within(want, got, names)
                more = met(0, want, got, names)
                names = names if isinstance(more, Difference) else more
            before = want.span


def _within(want: Pattern, got: Message, names: Names) -> Iterator[Change]:
    """Changes of the values in a message."""
    view = "text" if want.said is None else want.said.view
    if not isinstance(met(0, want, got, names), Difference):
        return
    like = apart_by(want, got, names) < OTHER
    if like and want.said is not None and not isinstance(value := read(view, got), Unread):
        found = [one for one in differences(want.said.shape, value, names) if one.why is not Why.NAMELESS]
        made = [_change(one, want.said.shape, value, names) for one in found]
        if all(made):
            yield from (change for change in made if change is not None)
            return
    assert want.span is not None
    text = _event(got, view, names)
    yield Replaced(want.span, text, f"{_said(want)} is now {text}", event=True)


def _change(one: Mismatch, shape: Shape, value: Value, names: Names) -> Change | None:
    """The change for a place; None if the place can't be changed alone."""
    place = path(one.at)
    if one.why is Why.MISSING and one.wanted is not None and one.wanted.span is not None:
        return Removed(one.wanted.span, f"{place} is missing")
    parent = _at(shape, one.at[:-1])
    if one.why is Why.UNEXPECTED and one.at and not isinstance(one.got, UnsetType):
        text = value_text(_new(one.got, names))
        if isinstance(parent, Keyed) and parent.span is not None:
            return Added(parent.span, str(one.at[-1]), text, f"{place} is new: {text}")
        if isinstance(parent, Listed) and parent.span is not None and one.at[-1] == len(parent.items):
            return Added(parent.span, None, text, f"{place} is new: {text}")
        return None
    if one.why is Why.LACKING:
        return _list(_at(shape, one.at), one.at, value)
    wanted = one.wanted
    if one.why not in (Why.OTHER, Why.CAPTURED) or wanted is None or wanted.span is None:
        return None
    if isinstance(one.got, UnsetType):
        return None
    new = _new(one.got, names)
    if isinstance(wanted, Free) and wanted.name is not None and one.why is Why.OTHER:
        new = Free(kind_of([one.got]), wanted.name)
    wider = value_text(Free(kind_of([wanted.value, one.got]))) if isinstance(wanted, Exactly) else None
    return Replaced(wanted.span, value_text(new), f"{one}", wider=wider)


def _new(value: Value, names: Names) -> Shape:
    """A value that came, as it is to be expected: what has been captured keeps its name."""

    def leaf(part: Value) -> Shape:
        known = isinstance(part, str) and len(part) >= _TELLING
        name = next((name for name, named in names.items() if known and named == part), None)
        return loosened(part) if name is None else Known(name)

    return shape_of(value, leaf)


def _list(wanted: Shape | None, at: tuple[Step, ...], value: Value) -> Change | None:
    """Another list in any order."""
    value = part_at(value, at)
    if not isinstance(wanted, Unordered) or wanted.span is None or not isinstance(value, list):
        return None
    text = value_text(Unordered(tuple(map(loosened, value))))
    return Replaced(wanted.span, text, f"{path(at)} is now {text}")


def _at(shape: Shape, steps: tuple[Step, ...]) -> Shape | None:
    """What is wanted at a place."""
    for step in steps:
        inner: Shape | None = None
        if isinstance(shape, Keyed):
            inner = next((each for key, each in shape.items if key == step), None)
        elif isinstance(shape, Listed) and isinstance(step, int) and step < len(shape.items):
            inner = shape.items[step]
        if inner is None:
            return None
        shape = inner
    return shape


def _event(got: Message, view: str, names: Names) -> str:
    """A message as an event, in this view if it can be."""
    for name in (view, *_VIEWS):
        if name == "text":
            if got.text:
                return event_text(Said("text", exactly(got.data.decode(errors="replace"))))
            continue
        value = read(name, got)
        if not isinstance(value, Unread) and (name != "json" or isinstance(value, dict | list)):
            return event_text(Said(name, _new(value, names)))
    return event_text(Said("octets", exactly(got.data)))


def _said(want: Pattern) -> str:
    if want.said is None:
        return "the message"
    return event_text(Said(want.said.view, want.said.shape))
