"""How one event differs from what was expected, for each kind of event."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.cases.difference import difference, kind
from replay.cases.fit import fit
from replay.cases.model import Behaviour, Case, Closing, EventKind, Outcome, Pattern, Profile
from replay.cases.payload import Payload
from replay.protocol.events import (
    Close,
    End,
    Event,
    Fired,
    Message,
    NotOpened,
    Ping,
    Pong,
    Violation,
    Why,
)
from replay.trace.model import How, Wait
from replay.wire.side import Side

AT: dict[str, Any] = {"side": Side.SERVER, "entry": 0, "start": 0, "end": 0}
K = EventKind


def message(data: bytes, text: bool = True, **more: Any) -> Message:
    return Message(**AT, text=text, data=data, parts=(), **more)


def close(code: int | None) -> Close:
    return Close(**AT, code=code, reason=b"", valid=True)


def fired(tag: str | None, wait: Wait = Wait.DELAY) -> Fired:
    return Fired(**AT, wait=wait, tag=tag, after=1)


def violation(rule: str) -> Violation:
    return Violation(**AT, rule=rule, detail="", frame=0)


def refused(status: int | None) -> NotOpened:
    return NotOpened(**AT, reason="", why=Why.ANSWERED, status=status)


A = Payload(b"abc")


@pytest.mark.parametrize(
    ("event", "word"),
    [
        (message(b""), K.TEXT),
        (message(b"", text=False), K.BINARY),
        (Pong(**AT, data=b""), K.PONG),
        (Ping(**AT, data=b""), None),
        (close(None), K.CLOSE),
        (violation("x"), K.VIOLATION),
        (End(**AT, how=How.FIN, unfinished=0), K.END),
        (refused(None), K.NOT_OPENED),
        (fired("A"), K.STILL_OPEN),
        (fired(None), None),
        (fired("A", Wait.FAIL), None),
    ],
)
def test_each_event_has_its_word(event: Event, word: EventKind | None) -> None:
    assert kind(event) is word


@pytest.mark.parametrize(
    ("want", "got", "field", "offset"),
    [
        (Pattern(K.TEXT, A), message(b"abc"), None, None),
        (Pattern(K.TEXT, A), message(b"abd"), "payload", 2),
        (Pattern(K.TEXT, A), message(b"ab"), "payload", 2),
        (Pattern(K.TEXT, A), message(b"abcd"), "payload", 3),
        (Pattern(K.TEXT, A), message(b"abc", text=False), "kind", None),
        (Pattern(K.TEXT), message(b"anything"), None, None),
        (Pattern(K.PONG, A), Pong(**AT, data=b"abc"), None, None),
        (Pattern(K.PONG, A), Pong(**AT, data=b"xbc"), "payload", 0),
        (Pattern(K.STILL_OPEN, tag="A"), fired("A"), None, None),
        (Pattern(K.STILL_OPEN, tag="A"), fired("B"), "tag", None),
        (Pattern(K.STILL_OPEN), fired("B"), None, None),
        (Pattern(K.CLOSE, code=1000), close(1000), None, None),
        (Pattern(K.CLOSE, code=1000), close(1001), "code", None),
        (Pattern(K.CLOSE, code=1000), close(None), "code", None),
        (Pattern(K.CLOSE), close(None), None, None),
        (Pattern(K.VIOLATION, rule="a"), violation("a"), None, None),
        (Pattern(K.VIOLATION, rule="a"), violation("b"), "rule", None),
        (Pattern(K.NOT_OPENED, code=404), refused(404), None, None),
        (Pattern(K.NOT_OPENED, code=404), refused(None), "code", None),
        (Pattern(K.END), End(**AT, how=How.RST, unfinished=3), None, None),
        (Pattern(K.END), close(1000), "kind", None),
    ],
)
def test_an_event_differs_by_a_field(
    want: Pattern, got: Event, field: str | None, offset: int | None
) -> None:
    found = difference(4, want, got)
    if field is None:
        assert found is None
    else:
        assert found is not None
        assert (found.at, found.expected, found.observed) == (4, want, got)
        assert (found.field, found.offset) == (field, offset)


@given(st.binary(max_size=12), st.data())
def test_what_the_log_left_out_may_be_anything_and_all_else_is_compared(
    octets: bytes, data: st.DataObject
) -> None:
    """Octets are hidden here and there, and perhaps one that is there is changed."""
    hidden = data.draw(st.sets(st.integers(0, 11))) & set(range(len(octets)))
    wrong = data.draw(st.none() | st.integers(0, 11))
    holes: list[tuple[int, int | None]] = []
    for at in sorted(hidden):
        start, length = holes[-1] if holes else (-1, 0)
        if holes and start + (length or 0) == at:
            holes[-1] = (start, (length or 0) + 1)
        else:
            holes.append((at, 1))
    seen = wrong is not None and wrong < len(octets) and wrong not in hidden
    shown = bytes(octet ^ (at == wrong) for at, octet in enumerate(octets) if at not in hidden)
    got = message(shown, holes=tuple(holes))
    assert got.length == len(octets)
    found = difference(0, Pattern(K.TEXT, Payload(octets)), got)
    assert (found is not None) is seen
    if found is not None:
        assert found.offset == wrong
        assert got.octet(wrong or 0) == bytes([octets[wrong or 0] ^ 1])


@pytest.mark.parametrize(
    ("holes", "data", "offset"),
    [
        (((2, None),), b"ab", None),
        (((2, None),), b"ax", 1),
        (((0, None),), b"", None),
        (((2, 5),), b"ab", 3),  # it is longer than what was expected
        (((1, 1),), b"ac", None),
        (((1, 1),), b"a", 2),  # ... or shorter
    ],
)
def test_a_hole_of_unknown_length_hides_all_that_stands_behind_it(
    holes: tuple[tuple[int, int | None], ...], data: bytes, offset: int | None
) -> None:
    found = difference(0, Pattern(K.TEXT, A), message(data, holes=holes))
    assert (found.offset if found else None) == offset
    assert (found is None) is (offset is None)


def test_what_comes_behind_all_that_was_expected_is_unexpected() -> None:
    found = fit([Pattern(K.TEXT, A)], [message(b"abc"), message(b"abc")])
    assert (found.state, found.at) == ("apart", 1)
    assert found.why is not None
    assert (found.why.at, found.why.expected, found.why.field) == (1, None, "unexpected")
    missing = fit([Pattern(K.TEXT, A)], [])
    assert missing.state == "open"
    why = missing.missing([Pattern(K.TEXT, A)])
    assert why is not None
    assert (why.at, why.expected, why.observed, why.field) == (0, Pattern(K.TEXT, A), None, "missing")


@pytest.mark.parametrize(("profile", "codes"), [(Profile.AUTOBAHN, set()), (Profile.RFC, {2000, 2001})])
def test_the_codes_that_a_case_asks_for_are_assigned_where_the_rfc_profile_reads_it(
    profile: Profile, codes: set[int]
) -> None:
    closings = Closing(codes=(2000, None)), Closing(codes=(2001,))
    outcomes = (Outcome(Behaviour.OK, closing=closings[1]), Outcome(Behaviour.OK))
    case = Case("x", "", "", (), outcomes, closing=closings[0], profile=profile)
    assert {code for code in (2000, 2001) if code in case.reading.codes} == codes
    assert None not in case.reading.codes
    assert case.reading.lenient is (profile is Profile.RFC)
