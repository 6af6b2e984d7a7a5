"""Words: complete, harmless, and bounded."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.cases.difference import Difference, difference
from replay.cases.model import Behaviour, EventKind, Pattern
from replay.cases.payload import Payload
from replay.protocol.events import Close, Event, Fired, Message, Pong
from replay.protocol.interpreter import observe
from replay.protocol.rules import RULES
from replay.report import differences, safe, words
from replay.report.stream import SentOctets, both, to_payload, to_stream
from replay.trace.model import Cut, Octets, Trace, Wait
from replay.trace.wirelog import write
from replay.verdict.result import ClosingVerdict, Judged
from replay.wire.frame import encode, frame
from replay.wire.side import Side
from tests.report import samples

S = Side.SERVER


def message(data: bytes, text: bool = True) -> Message:
    return Message(side=S, entry=0, start=0, end=0, text=text, data=data, parts=())


def test_every_word_has_its_meaning() -> None:
    assert words.BEHAVIOURS.keys() == set(Behaviour)
    assert words.CLOSINGS.keys() == set(ClosingVerdict)
    assert all(words.wait(wait) for wait in Wait)
    assert all(words.pattern(Pattern(kind)) and words.noun(Pattern(kind)) for kind in EventKind)
    assert all(words.reference(rule).startswith("RFC ") and words.sentence(rule) for rule in RULES)


def test_an_unknown_rule_is_named_by_its_id() -> None:
    assert words.reference("a-rule") == "a-rule"


def test_every_event_has_words() -> None:
    for sample in (samples.good, *samples.SAMPLES):
        for event in sample().events:
            assert words.event(event)
            assert words.noun(event)


@given(st.text())
def test_escaped_text_is_printable(text: str) -> None:
    assert safe.escape(text).isprintable()
    assert safe.quoted(text).isprintable()


@given(st.text(alphabet='\x1b\u202e\u200e\u2066\u061c\ufeff\n\r\t\x9b\ud800\U000e0001[]\\"a'))
def test_nothing_that_acts_is_left(text: str) -> None:
    assert set(safe.escape(text)) <= set('[]\\"abcdefnrtuxU0123456789')


def test_long_text_is_cut() -> None:
    assert safe.escape("a" * 5000, 10) == "aaaaaaaaaa…"


def test_a_quote_tells_an_escape_from_a_backslash() -> None:
    assert safe.quoted('\\x1b"\x1b') == "'\\\\x1b\"\\x1b'"


@given(st.binary(min_size=1, max_size=9), st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
def test_part_is_a_slice(unit: bytes, size: int, start: int, end: int) -> None:
    for payload in (Payload(unit), Payload(unit, size)):
        assert words.part(payload, start, end) == payload.octets[start:end]


@given(st.binary(max_size=200), st.integers(20, 100), st.none() | st.integers(0, 200))
def test_a_payload_is_shown_in_the_room_there_is(data: bytes, room: int, around: int | None) -> None:
    assert words.event(message(data), around, room).isprintable()
    assert len(words.event(message(data, text=False), around, room)) <= max(room, 40) * 3


@pytest.mark.parametrize(
    ("n", "word"),
    [
        (1, "1st"),
        (2, "2nd"),
        (3, "3rd"),
        (4, "4th"),
        (11, "11th"),
        (12, "12th"),
        (21, "21st"),
        (113, "113th"),
    ],
)
def test_ordinals(n: int, word: str) -> None:
    assert words.ordinal(n) == word


@pytest.mark.parametrize(
    ("microseconds", "said"),
    [
        (None, ""),
        (1, "1 ms"),
        (1204, "1 ms"),
        (99_499, "99 ms"),
        (420_000, "0.42 s"),
        (12_345_678, "12.3 s"),
    ],
)
def test_durations(microseconds: int | None, said: str) -> None:
    assert words.seconds(microseconds) == said


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (None, "no code"),
        (1000, "1000 (normal closure)"),
        (1016, "1016 (not assigned)"),
        (3000, "3000 (registered for a library)"),
        (4999, "4999 (private)"),
        (65535, "65535 (not assigned)"),
    ],
)
def test_codes(number: int | None, said: str) -> None:
    assert words.code(number) == said


def pong(data: bytes) -> Pong:
    return Pong(side=S, entry=0, start=0, end=0, data=data)


def close(code: int | None) -> Close:
    return Close(side=S, entry=0, start=0, end=0, code=code, reason=b"", valid=True)


def fired(tag: str) -> Fired:
    return Fired(side=S, entry=0, start=0, end=0, wait=Wait.DELAY, tag=tag, after=None)


@pytest.mark.parametrize(
    ("want", "got", "said"),
    [
        (
            Pattern(EventKind.BINARY, Payload(b"\xfe", 126)),
            message(b"\xfe" * 124 + b"\xfd\xfe", text=False),
            "the message differs at offset 124 of 126: expected fe, observed fd",
        ),
        (
            Pattern(EventKind.TEXT, Payload(b"Hello")),
            message(b"Help"),
            "the message differs at offset 3 of 5: expected 6c 'l', observed 70 'p'",
        ),
        (
            Pattern(EventKind.TEXT, Payload(b"Hello")),
            message(b"Hel"),
            "the message ends after 3 of 5 octets",
        ),
        (
            Pattern(EventKind.TEXT, Payload(b"Hello")),
            message(b"Hello!"),
            "the message goes on after the expected 5 octets: 6 came",
        ),
        (
            Pattern(EventKind.PONG, Payload(b"a")),
            pong(b"b"),
            "the Pong differs at offset 0 of 1: expected 61 'a', observed 62 'b'",
        ),
        (
            Pattern(EventKind.PONG, Payload(b"\x00")),
            message(b""),
            "expected a Pong of 1 octet, observed a text message without a payload",
        ),
        (
            Pattern(EventKind.CLOSE, code=1000),
            close(None),
            "expected a Close with code 1000 (normal closure), observed a Close with no code",
        ),
        (
            Pattern(EventKind.STILL_OPEN, tag="A"),
            fired("B"),
            "expected the connection still open after pause A, "
            "observed the connection still open after pause B",
        ),
    ],
)
def test_a_difference_in_a_sentence(want: Pattern, got: Event, said: str) -> None:
    found = difference(0, want, got)
    assert found
    assert differences.difference(found) == f"1st event: {said}"


def test_what_is_missing_and_what_is_too_much() -> None:
    missing = Difference(1, Pattern(EventKind.PONG, Payload()), None, "missing")
    assert (
        differences.difference(missing)
        == "2nd event: expected a Pong without a payload, but nothing more came"
    )
    extra = Difference(2, None, message(b"hi"), "unexpected")
    assert differences.difference(extra) == (
        '3rd event: nothing more was expected, observed a text message of 2 octets ("hi")'
    )


def test_an_octet_is_found_in_the_entry_that_holds_it() -> None:
    trace = Trace(S, (Octets(S, b"abc"), Octets(Side.CLIENT, b"x"), Octets(S, b""), Octets(S, b"defg")))
    stream = SentOctets(trace, S)
    assert stream.slice(1, 6) == b"bcdef"
    found = [stream.place(at) for at in range(8)]
    assert [place and (place.entry, place.offset) for place in found] == [
        (0, 0), (0, 1), (0, 2), (3, 0), (3, 1), (3, 2), (3, 3), (3, 4),
    ]  # fmt: skip
    assert stream.place(9) is None


@pytest.mark.parametrize("sample", [samples.good, *samples.SAMPLES])
def test_entries_have_the_numbers_of_the_written_log(sample: Callable[[], Judged]) -> None:
    result = sample()
    written = re.findall(r"(?m)^(\d+) (?!.* FRAME )", write(result.trace))
    numbers = both(result.trace, result.events)[S].numbers
    assert [f"{number:03}" for number in numbers] == written


@pytest.mark.parametrize("count", [256, 257])
def test_entries_with_very_many_frames_have_those_numbers_too(count: int) -> None:
    pings = Octets(S, encode(frame(9)) * count)
    trace = Trace(Side.CLIENT, samples.opened(pings, Octets(S, encode(frame(1, b"x")))))
    written = re.findall(r"(?m)^(\d+) (?!.* FRAME )", write(trace))
    assert [f"{number:03}" for number in both(trace, observe(trace))[S].numbers] == written


def test_octets_that_a_log_left_out_are_skipped() -> None:
    octets = encode(frame(2, b"a" * 100))
    trace = Trace(S, (Octets(S, octets[:10], cut=Cut(92)), Octets(S, encode(frame(1, b"hi")))))
    stream = SentOctets(trace, S)
    assert [(placed.start, placed.header.length) for placed in stream.frames] == [(0, 100), (102, 2)]
    assert stream.slice(8, 104) == b"aa"
    assert stream.payload(stream.frames[1], 10) == b"hi"


@given(st.lists(st.integers(0, 9), min_size=1, max_size=6))
def test_a_payload_and_its_stream_are_mapped_both_ways(lengths: list[int]) -> None:
    at, pieces = 0, []
    for length in lengths:
        at += 2
        pieces.append((at, length))
        at += length
    for offset in range(sum(lengths)):
        position = to_stream(tuple(pieces), offset)
        assert position is not None
        assert to_payload(tuple(pieces), position) == offset
    assert to_stream(tuple(pieces), sum(lengths)) == at
    assert to_stream(tuple(pieces), sum(lengths) + 1) is None
