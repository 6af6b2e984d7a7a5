"""The one comparison, where the whole suite does not reach it."""

from __future__ import annotations

import hashlib
import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from replay.cases.fit import first_difference, fit
from replay.cases.model import EventKind, Pattern
from replay.cases.payload import Payload
from replay.protocol.events import Message
from replay.wire.side import Side

WANTED = Pattern(EventKind.TEXT, Payload(b"*", 5000))


def known_by_digest(octets: bytes) -> Message:
    digest = (len(octets), hashlib.sha256(octets).hexdigest())
    return Message(side=Side.SERVER, entry=0, start=0, end=0, text=True, data=b"", parts=(), digest=digest)


def test_a_message_known_by_its_digest_is_compared_by_that() -> None:
    assert fit([WANTED], [known_by_digest(b"*" * 5000)]).state == "complete"


@pytest.mark.parametrize("octets", [b"*" * 4999, b"*" * 4999 + b"+", b""])
def test_another_digest_is_another_payload(octets: bytes) -> None:
    found = fit([WANTED], [known_by_digest(octets)])
    assert found.state == "apart"
    assert found.why is not None
    assert (found.why.field, found.why.offset) == ("payload", None)


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_the_first_difference_is_the_first(one: bytes, other: bytes) -> None:
    at = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    if at is None and len(one) != len(other):
        at = min(len(one), len(other))
    assert first_difference(one, other) == at


ANY_ORDER = [Pattern(EventKind.TEXT, Payload(b"a"), optional=True), Pattern(EventKind.TEXT, Payload(b"b"))]


def text(octets: bytes) -> Message:
    return Message(side=Side.SERVER, entry=0, start=0, end=0, text=True, data=octets, parts=())


@pytest.mark.parametrize(
    ("came", "state"),
    [(b"ab", "complete"), (b"b", "complete"), (b"a", "open"), (b"", "open"), (b"ba", "apart")],
)
def test_what_is_optional_may_be_missing(came: bytes, state: str) -> None:
    events = [text(bytes([octet])) for octet in came]
    found = fit(ANY_ORDER, events)
    assert found.state == state
    taken = found.taken(ANY_ORDER)
    if state == "complete":
        assert [pattern.payload and pattern.payload.octets for pattern in taken] == [e.data for e in events]
    assert (found.missing(taken) is None) is (state == "complete")


def patterns(listed: list[tuple[int, bool]]) -> list[Pattern]:
    return [Pattern(EventKind.TEXT, Payload(bytes([octet])), optional=flag) for octet, flag in listed]


few = st.integers(0, 1)
lists_of_patterns = st.lists(st.tuples(few, st.booleans()), max_size=6)


@given(lists_of_patterns, st.lists(few, max_size=6))
@example([(0, True), (0, False), (1, False)], [0, 1])
@example([(0, True), (0, True), (1, False), (0, False)], [0, 1, 0])
def test_an_optional_event_is_there_or_not(listed: list[tuple[int, bool]], came: list[int]) -> None:
    """Told by the lists that the patterns stand for."""
    wanted = patterns(listed)
    choices = itertools.product(*((True, False) if flag else (True,) for _, flag in listed))
    lists = [[o for (o, _), kept in zip(listed, choice, strict=True) if kept] for choice in choices]
    state = "complete" if came in lists else "apart"
    if state == "apart" and any(one[: len(came)] == came for one in lists):
        state = "open"
    found = fit(wanted, [text(bytes([octet])) for octet in came])
    assert found.state == state
    taken = [pattern.payload and pattern.payload.octets for pattern in found.taken(wanted)]
    assert taken[: found.at] == [bytes([octet]) for octet in came[: found.at]]


@pytest.mark.parametrize(("came", "lacking"), [(b"aa", b"b"), (b"a", b"b"), (b"", b"a")])
def test_of_all_ways_that_fit_the_one_is_shown_that_lacks_least(came: bytes, lacking: bytes) -> None:
    wanted = patterns([(ord("a"), True), (ord("a"), False), (ord("b"), False)])
    found = fit(wanted, [text(bytes([octet])) for octet in came])
    why = found.missing(found.taken(wanted))
    assert why is not None
    assert why.expected is not None
    assert why.expected.payload == Payload(lacking)
    apart = fit(wanted, [*(text(bytes([octet])) for octet in came), text(b"x")]).why
    assert apart is not None
    assert apart.expected == why.expected


@given(lists_of_patterns, st.lists(few, max_size=7))
def test_event_by_event_comes_to_the_same(listed: list[tuple[int, bool]], came: list[int]) -> None:
    wanted = patterns(listed)
    events = [text(bytes([octet])) for octet in came]
    found = fit(wanted, [])
    for count, event in enumerate(events, 1):
        found = fit(wanted, [event], found)
        assert found == fit(wanted, events[:count])
