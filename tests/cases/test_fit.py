"""The one comparison, where the whole suite does not reach it."""

from __future__ import annotations

import hashlib
import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from replay.cases.difference import difference, first_difference
from replay.cases.fit import fit
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
    assert (found.missing(ANY_ORDER) is None) is (state == "complete")


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
    why = found.missing(wanted)
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


@pytest.mark.parametrize(
    ("holes", "data", "offset"),
    [
        ((), b"Hello", None),
        ((), b"Hellu", 4),
        ((), b"Hell", 4),
        ((), b"Hello!", 5),
        (((1, 3),), b"Ho", None),
        (((1, 3),), b"Hu", 4),
        (((1, 3),), b"ho", 0),
        (((0, 2), (3, 1)), b"lo", None),
        (((0, 2), (3, 1)), b"lu", 4),
        (((0, 2), (3, 1)), b"xo", 2),
        (((2, None),), b"He", None),
        (((2, None),), b"Hx", 1),
        (((0, None),), b"", None),
        (((5, None),), b"Hello", None),
        (((0, 5),), b"", None),
        (((0, 6),), b"", 5),
        (((0, 4),), b"", 4),
        (((3, 2),), b"Hel", None),
        (((3, 3),), b"Hel", 5),
        (((3, 1),), b"Hel", 4),
    ],
)
def test_what_is_missing_from_a_payload_may_be_anything(
    holes: tuple[tuple[int, int | None], ...], data: bytes, offset: int | None
) -> None:
    want = Pattern(EventKind.TEXT, Payload(b"Hello"))
    found = difference(3, want, replace(text(data), holes=holes))
    if offset is None:
        assert found is None
    else:
        assert found is not None
        assert (found.at, found.field, found.offset) == (3, "payload", offset)


@pytest.mark.parametrize(
    ("came", "taken"),
    [
        (b"", [1, 4]),  # of the optional ones that are still to come, none
        (b"a", [0, 1, 4]),
        (b"b", [1, 4]),
        (b"ab", [0, 1, 4]),
        (b"abc", [0, 1, 2, 4]),
        (b"bd", [1, 3, 4]),
        (b"be", [1, 4]),
        (b"bcde", [1, 2, 3, 4]),
    ],
)
def test_which_patterns_belong_to_the_events(came: bytes, taken: list[int]) -> None:
    wanted = patterns(
        [(ord("a"), True), (ord("b"), False), (ord("c"), True), (ord("d"), True), (ord("e"), False)]
    )
    found = fit(wanted, [text(bytes([octet])) for octet in came])
    assert found.taken(wanted) == tuple(wanted[number] for number in taken)
    assert found.at == len(came)
    assert found.needed == 5
    assert found.state == ("complete" if came.endswith(b"e") else "open")


@pytest.mark.parametrize(
    ("came", "at", "field", "expected"),
    [
        (b"x", 0, "payload", 1),
        (b"bx", 1, "payload", 4),
        (b"abcdex", 5, "unexpected", None),
        (b"bex", 2, "unexpected", None),
    ],
)
def test_where_events_and_patterns_part(came: bytes, at: int, field: str, expected: int | None) -> None:
    wanted = patterns(
        [(ord("a"), True), (ord("b"), False), (ord("c"), True), (ord("d"), True), (ord("e"), False)]
    )
    found = fit(wanted, [text(bytes([octet])) for octet in came])
    assert (found.state, found.at) == ("apart", at)
    assert found.why is not None
    assert (found.why.at, found.why.field) == (at, field)
    assert found.why.expected == (None if expected is None else wanted[expected])
    assert found.missing(wanted) is found.why
    assert fit(wanted, [text(b"a")], found) is found
