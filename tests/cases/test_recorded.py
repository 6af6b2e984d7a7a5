"""What a recorded connection expects of the next one, and whether it can be played at all."""

from __future__ import annotations

import pytest

from replay.cases.model import EventKind, Profile
from replay.cases.recorded import (
    case_of,
    check_replayable,
    check_servable,
    compresses,
    has_websocket,
    patterns,
    recorded_target,
    recorded_terms,
    under,
)
from replay.protocol.frame_rules import ORIGINAL
from replay.protocol.negotiation import Agreed
from replay.source import SourceError
from replay.suite.files import known
from replay.trace.model import Cut, Digest, Drop, Entry, Logging, Octets, Timer, Trace, Unreached, Wait
from replay.wire.frame import encode, frame
from replay.wire.handshake import edit_head, encode_request, encode_response
from replay.wire.side import Side
from tests.memory import ACCEPTED, REQUEST

C, S = Side.CLIENT, Side.SERVER
ASKED = Octets(C, encode_request("/chat", REQUEST))
OPENED: tuple[Entry, ...] = (ASKED, Octets(S, ACCEPTED))


def by(side: Side, opcode: int, payload: bytes = b"", rsv: int = 0) -> Octets:
    return Octets(side, encode(frame(opcode, payload, rsv=rsv, key=b"abcd" if side is C else b"")))


def wanted(*entries: Entry) -> list[tuple[EventKind, object]]:
    found = patterns(Trace(C, entries), C, Profile.AUTOBAHN, ORIGINAL)
    return [
        (one.kind, one.rule or one.code if one.payload is None else one.payload.octets) for one in found
    ]


K = EventKind
REFUSAL = Octets(S, encode_response(404, "Not Found", []))
SUBPROTOCOL = Octets(S, edit_head(ACCEPTED, None, [("Sec-WebSocket-Protocol", "a")]))
WRONG_KEY = Octets(S, ACCEPTED.replace(b"Accept: ", b"Accept: x"))


@pytest.mark.parametrize(
    ("entries", "kinds"),
    [
        ((*OPENED, by(S, 1, b"a"), by(S, 10, b"b"), by(C, 2, b"c")), [(K.TEXT, b"a"), (K.PONG, b"b")]),
        (
            (*OPENED, by(S, 2), by(S, 8, b"\3\xe8why"), Drop(S)),
            [(K.BINARY, b""), (K.CLOSE, 1000), (K.END, None)],
        ),
        ((*OPENED, by(S, 8)), [(K.CLOSE, None)]),
        ((*OPENED, by(S, 11)), [(K.VIOLATION, "known-opcode")]),
        ((ASKED, REFUSAL, Drop(S)), [(K.NOT_OPENED, 404), (K.END, None)]),
        ((ASKED, WRONG_KEY, by(S, 1, b"a")), [(K.TEXT, b"a")]),  # it answers another request
        ((*OPENED, Digest(S, 1, 5, "0" * 64)), [(K.TEXT, None)]),
    ],
)
def test_what_the_testee_did_is_expected_again(
    entries: tuple[Entry, ...], kinds: list[tuple[EventKind, object]]
) -> None:
    assert wanted(*entries) == kinds


def test_a_log_is_a_case_of_its_own() -> None:
    trace = Trace(C, (*OPENED, by(S, 1, b"a")), (("title", "A title"),))
    case = case_of(trace, "a log", C)
    assert (case.id, case.title, case.closing, case.trace) == ("a log", "A title", None, trace)
    assert case_of(Trace(C, ()), "x", C).title == "as recorded"
    assert recorded_target(case) == "/chat"
    assert recorded_target(known()["1.1.1"]) is None
    strict = under(case, Profile.RFC, S)
    assert (strict.profile, strict.id) == (Profile.RFC, "a log")
    assert under(known()["1.1.1"], Profile.RFC, C) == known()["1.1.1"].under(Profile.RFC)


def test_the_compression_of_a_log_is_what_it_agreed_on() -> None:
    offer = [("Sec-WebSocket-Extensions", "permessage-deflate")]
    agreed = (
        Octets(C, edit_head(ASKED.data, None, offer)),
        Octets(S, edit_head(ACCEPTED, None, offer)),
    )
    plain, deflated = by(C, 1, b"a"), by(C, 1, b"J\4\0", rsv=4)
    assert recorded_terms(Trace(C, (*agreed, deflated))) == Agreed()
    assert recorded_terms(Trace(C, OPENED)) is None
    assert recorded_terms(Trace(C, (ASKED, REFUSAL))) is None
    for entry, compressed in ((plain, False), (deflated, True)):
        trace = Trace(C, (*agreed, entry))
        assert compresses(trace, C) is compressed
        assert not compresses(trace, S)


HTTP = Octets(C, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")


@pytest.mark.parametrize(
    ("entries", "has"),
    [
        (OPENED, True),
        ((ASKED, REFUSAL), True),
        ((HTTP, Octets(S, b"HTTP/1.1 200 OK\r\n\r\n")), False),
        ((), False),
        ((Timer(Wait.FAIL, True), Drop(S), Logging(False)), False),
        ((Unreached("refused"),), True),
        ((by(C, 1, b"a"),), True),
        ((Octets(C, b"\x81\x85abcd1"),), False),  # no frame is whole
        ((Octets(S, b"\x81\5a"), by(C, 9)), True),
    ],
)
def test_whether_a_log_is_one_of_a_websocket(entries: tuple[Entry, ...], has: bool) -> None:
    assert has_websocket(Trace(C, entries)) is has


@pytest.mark.parametrize(
    ("entry", "sides", "said"),
    [
        (Octets(S, b"\x81", cut=Cut(1)), frozenset(Side), "octets of the server are missing here"),
        (Octets(S, b"\x81", cut=Cut(1)), frozenset({C}), None),
        (Octets(C, b"\x81", cut=Cut()), frozenset({C}), "octets of the client are missing here"),
        (Digest(S, 1, 5, "0" * 64), frozenset({S}), "octets of the server are missing here"),
        (Digest(S, 1, 5, "0" * 64), frozenset({C}), None),
        (Logging(False), frozenset({C}), "its recorder logged no octets from here on"),
        (Logging(True), frozenset(Side), None),
        (by(S, 1), frozenset(Side), None),
    ],
)
def test_a_log_that_lacks_octets_cannot_be_replayed(
    entry: Entry, sides: frozenset[Side], said: str | None
) -> None:
    trace = Trace(C, (*OPENED, entry))
    if said is None:
        check_replayable(trace, "a log", sides)
        return
    with pytest.raises(SourceError) as raised:
        check_replayable(trace, "a log", sides)
    assert said in str(raised.value)
    assert "a log" in str(raised.value)


@pytest.mark.parametrize(
    ("entries", "rule"),
    [
        (OPENED, None),
        ((ASKED, REFUSAL), None),
        ((ASKED, WRONG_KEY), "response-accept"),
        (
            (ASKED, Octets(S, edit_head(ACCEPTED, None, [("Sec-WebSocket-Protocol", "a")]))),
            "response-subprotocol",
        ),
        ((*OPENED, by(S, 11)), None),  # that comes later
        ((by(S, 11),), None),
    ],
)
def test_a_log_whose_101_breaks_a_rule_cannot_be_served(
    entries: tuple[Entry, ...], rule: str | None
) -> None:
    case = case_of(Trace(S, entries), "a log", S)
    if rule is None:
        check_servable(case)
        return
    with pytest.raises(SourceError, match=r"the log can't be served: its 101 breaks RFC 6455") as raised:
        check_servable(case)
    assert f"({rule})" in str(raised.value)
