"""What is said of each breach, in which frame, and with what code the other side fails the connection."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from replay import limits
from replay.protocol.events import (
    Close,
    CloseBegins,
    End,
    Event,
    Message,
    NotOpened,
    Opened,
    Pong,
    Unparsed,
    Unread,
    Violation,
)
from replay.protocol.frame_rules import ORIGINAL, REGISTERED, Reading
from replay.protocol.interpreter import Interpreter, has_opening, observe
from replay.protocol.rules import TOLD as BY_OCTETS
from replay.source import Source
from replay.trace.model import Cut, Digest, Drop, Entry, How, Octets, Timer, Trace, Unreached, Wait
from replay.trace.wirelog import parse
from replay.wire.deflate import Deflater
from replay.wire.frame import encode, frame
from replay.wire.handshake import edit_head, encode_request, encode_response
from replay.wire.side import Side
from tests.memory import ACCEPTED, REQUEST

C, S = Side.CLIENT, Side.SERVER
VECTORS = Path(__file__).parent.parent / "vectors"
TOLD = [
    ("opening-http", "illegal status line: 'SSH-2.0-OpenSSH_9.2'", 0, None),
    ("request-method", "the method is 'POST'", 0, None),
    ("request-version", "the version is HTTP/1.0", 0, None),
    ("request-target", "the target is '/#top'", 0, None),
    ("request-host", "Missing mandatory Host: header", 0, None),
    ("request-upgrade", "Upgrade is 'h2c'", 33, None),
    ("request-connection", "Connection is 'close'", 53, None),
    ("request-key", "Sec-WebSocket-Key is 'c2hvcnQ='", 74, None),
    ("request-websocket-version", "Sec-WebSocket-Version is '12'", 119, None),
    ("response-version", "the version is HTTP/1.0", 0, None),
    ("response-upgrade", "Upgrade is 'websocket, h2c'", 34, None),
    ("response-connection", "Connection is 'close'", 54, None),
    (
        "response-accept",
        "Sec-WebSocket-Accept is 'rQdXIXbccC6mDJL2JrabxWmui/p=', expected 'rQdXIXbccC6mDJL2JrabxWmui/o='",
        75,
        None,
    ),
    ("response-extensions", "'x-mux' was not offered", 153, None),
    ("response-subprotocol", "Sec-WebSocket-Protocol is 'chat'", 127, None),
    ("response-deflate", "server_max_window_bits is '07', expected 8 to 15", 173, None),
    ("response-deflate-fits", "server_max_window_bits=9 was requested but is missing", 153, None),
    ("request-deflate", "server_max_window_bits is '16', expected 8 to 15", 192, None),
    (
        "request-origin-single",
        "Origin is 'http://a.example' and 'http://b.example'",
        146,
        None,
    ),
    ("request-subprotocols-valid", "Sec-WebSocket-Protocol is 'chat, chat'", 146, None),
    ("request-no-body", "Content-Length is '5'", 146, None),
    ("server-no-body-in-101", "Transfer-Encoding is 'chunked'", 127, None),
    ("server-no-length-in-101", "Content-Length is '0'", 127, None),
    (
        "extensions-grammar",
        "Sec-WebSocket-Extensions is malformed: expected ',' or ';', found 'm'",
        155,
        None,
    ),
    ("frame-before-opening", "the client sent 6 octets before the response", 148, None),
    (
        "server-refuses-bad-request",
        "the server accepted a request with a fault: the method is 'POST'",
        0,
        None,
    ),
    ("client-fails-opening", "the client went on after a response that opened no connection", 148, None),
    ("client-masks", "the MASK bit is 0", 0, 1002),
    ("server-does-not-mask", "the frame is masked with 01020304", 0, 1002),
    ("rsv-zero", "RSV1 is 1", 0, 1002),
    ("known-opcode", "the opcode is 11", 4, 1002),
    ("minimal-length", "a length of 2 is encoded in 16 bits", 0, 1002),
    ("length-below-2-63", "the length is 0xffffffffffffffff", 0, 1002),
    ("continuation-continues", "there is no unfinished message", 4, 1002),
    ("fragments-not-interleaved", "the previous message has not ended", 4, 1002),
    ("control-not-fragmented", "FIN is 0", 0, 1002),
    ("control-length", "the payload is 126 octets long", 0, 1002),
    ("ping-answered", "no Pong was sent", 0, None),
    ("pong-echoes-ping", "the Pong has a different payload", 4, None),
    ("text-is-utf8", "0xa0 at offset 4 of the message cannot follow 0xed", 5, 1007),
    ("rsv1-on-first-frame", "RSV1 is 1 on a continuation frame", 179, 1002),
    ("message-inflates", "the payload ends inside a block", 184, 1007),
    ("window-kept", "a distance goes back beyond the window of 256 octets", 201, 1007),
    (
        "context-not-kept",
        "a distance goes back beyond the start of the message, without context takeover",
        212,
        1007,
    ),
    ("tail-removed", "the payload ends in 00 00 ff ff", 184, None),
    ("close-length", "the payload is 1 octet long", 0, 1002),
    ("close-code", "the code is 1005", 0, 1002),
    ("close-code-assigned", "the code is 2000", 0, 1002),
    ("close-reason-is-utf8", "0x28 at offset 1 of the reason cannot follow 0xc3", 0, 1007),
    ("nothing-after-close", "a data frame after the Close frame", 4, None),
    ("close-answered", "TCP ended without a Close frame", 4, None),
    ("close-before-drop", "TCP ended without a Close frame", 4, None),
    ("server-drops", "TCP was still open when the time ran out", 4, None),
]


@pytest.mark.parametrize(("rule", "detail", "where", "code"), TOLD)
def test_the_first_breach_of_a_vector_is_told(rule: str, detail: str, where: int, code: int | None) -> None:
    trace = parse(Source.read(VECTORS / f"{rule}.wirelog")).trace
    found = next(event for event in observe(trace) if isinstance(event, Violation) and event.rule == rule)
    assert (found.rule, found.detail, found.frame, found.code) == (rule, detail, where, code)
    assert found.end == found.start + 1


def test_each_rule_is_told() -> None:
    assert [rule for rule, *_ in TOLD] == list(BY_OCTETS)


ASKED = Octets(C, encode_request("/", REQUEST))
OPENED: list[Entry] = [ASKED, Octets(S, ACCEPTED)]
HELLO = encode(frame(1, b"Hello"))


def ended(entries: list[Entry], drop: Drop) -> list[tuple[str, int, object]]:
    events = observe(Trace(C, (*entries, drop)))
    return [
        (type(one).__name__, one.start, one.unfinished if isinstance(one, End) else one.reason)
        for one in events
        if isinstance(one, End | Unparsed | NotOpened)
    ]


HEAD = len(ACCEPTED)


@pytest.mark.parametrize(
    ("octets", "start", "reason", "unfinished"),
    [
        (HELLO[:1], 0, "TCP ended inside a frame, after 1 of its octets", 1),
        (HELLO[:4], 0, "TCP ended inside a frame, after 4 of its 7 octets", 4),
        (HELLO + HELLO[:6], 7, "TCP ended inside a frame, after 6 of its 7 octets", 6),
        (
            encode(frame(2, b"abc", fin=False)) + encode(frame(0, b"de", fin=False)),
            0,
            "TCP ended inside a fragmented message, after 5 octets of it",
            0,
        ),
    ],
)
def test_what_tcp_cut_short_is_told(octets: bytes, start: int, reason: str, unfinished: int) -> None:
    told = ended([*OPENED, Octets(S, octets)], Drop(S, How.FIN))
    assert told == [
        ("Unparsed", HEAD + start, reason),
        ("End", HEAD + len(octets), unfinished),
    ]


def test_an_end_is_told_once() -> None:
    whole = Trace(C, (*OPENED, Octets(S, HELLO), Drop(C), Drop(S)))
    ends = [event for event in observe(whole) if isinstance(event, End)]
    assert [(end.side, end.unfinished) for end in ends] == [(C, 0)]


@pytest.mark.parametrize(
    ("entries", "reason", "status"),
    [
        ([Unreached("refused")], "refused", None),
        ([ASKED, Drop(S)], "TCP ended before the opening handshake was complete", None),
        ([ASKED, Timer(Wait.OPENING, True)], "no answer to the opening handshake came in time", None),
        (
            [ASKED, Octets(S, encode_response(503, "", []))],
            "the server answered 503",
            503,
        ),
        (
            [ASKED, Octets(S, encode_response(404, "Not Found", []))],
            "the server answered 404 Not Found",
            404,
        ),
        ([Octets(S, ACCEPTED)], "a response came before any request", 101),
        (
            [ASKED, Octets(S, ACCEPTED.replace(b"Upgrade: websocket", b"Upgrade: h2c"))],
            "in the response, Upgrade is 'h2c'",
            101,
        ),
    ],
)
def test_why_a_connection_is_not_opened_is_told_once(
    entries: list[Entry], reason: str, status: int | None
) -> None:
    events = observe(Trace(C, (*entries, Drop(C), Drop(S))))
    (found,) = (event for event in events if isinstance(event, NotOpened))
    assert (found.reason, found.status) == (reason, status)
    assert not any(isinstance(event, Opened) for event in events)


def test_a_client_that_asks_for_nothing_is_told_so() -> None:
    events = observe(Trace(S, (Timer(Wait.OPENING, True), Drop(S))))
    (found,) = (event for event in events if isinstance(event, NotOpened))
    assert (found.side, found.reason) == (C, "no complete request came in time")


@pytest.mark.parametrize("wait", list(Wait))
def test_a_timer_accuses_a_testee_of_what_it_was_waited_for_alone(wait: Wait) -> None:
    close = {
        side: Octets(side, encode(frame(8, b"\3\xe8", key=b"abcd" if side is C else b""))) for side in Side
    }

    def broken(recorder: Side, *closes: Octets) -> list[str]:
        events = observe(Trace(recorder, (*OPENED, *closes, Timer(wait, True))))
        return [event.rule for event in events if isinstance(event, Violation)]

    both = (close[C], close[S])
    dropping = wait in (Wait.DROP, Wait.FAIL, Wait.LIMIT)
    assert broken(C, close[C]) == (["close-answered"] if wait is Wait.CLOSING else [])
    assert broken(C, *both) == (
        ["server-drops"] if dropping else ["close-answered"] if wait is Wait.CLOSING else []
    )
    assert broken(S, *both) == (["close-answered"] if wait is Wait.CLOSING else [])


@pytest.mark.parametrize(
    ("parts", "opening"),
    [
        ([(C, b"GET / HTTP/1.1\r\n")], True),
        ([(C, b"G"), (C, b"ET / HTTP/1.1\r\n")], True),
        ([(S, b"HTTP/1.1 101 x\r\n")], True),
        ([(S, b"HTT")], True),
        ([(S, HELLO), (C, b"GET / HTTP/1.1\r\n")], True),
        ([(S, HELLO)], False),
        ([(C, b"POST / HTTP/1.1\r\n")], True),
        ([(C, b"\r\nget /")], True),
        ([(C, b"hello")], False),
        ([], True),
        ([(S, b"")], True),
    ],
)
def test_whether_a_log_begins_with_a_handshake(parts: list[tuple[Side, bytes]], opening: bool) -> None:
    entries = tuple(Octets(side, data) for side, data in parts)
    assert has_opening(Trace(C, entries)) is opening


def test_a_message_that_has_holes_is_told_by_its_digest_where_the_log_has_it() -> None:
    digest = Digest(S, 1, 5, "0" * 64)
    events = observe(Trace(C, (*OPENED, Octets(S, HELLO), digest)))
    messages = [event for event in events if isinstance(event, Message)]
    assert [(one.data, one.length, one.digest) for one in messages] == [
        (b"Hello", 5, None),
        (b"", 5, (5, "0" * 64)),
    ]


def test_a_code_that_is_registered_now_is_taken_by_the_rfc_profile() -> None:
    trace = Trace(C, (*OPENED, Octets(S, encode(frame(8, (1012).to_bytes(2, "big"))))))

    def details(reading: Reading) -> list[str]:
        return [event.detail for event in observe(trace, reading) if isinstance(event, Violation)]

    assert details(ORIGINAL) == ["the code is 1012, which --profile rfc accepts"]
    assert details(Reading(REGISTERED, True)) == []


@pytest.mark.parametrize("rule", BY_OCTETS)
def test_chopping_changes_no_event(rule: str) -> None:
    trace = parse(Source.read(VECTORS / f"{rule}.wirelog")).trace
    chopped: list[Entry] = []
    for entry in trace.entries:
        if isinstance(entry, Octets):
            chopped += [Octets(entry.side, entry.data[at : at + 1]) for at in range(len(entry.data))]
        else:
            chopped.append(entry)

    def told(entries: Sequence[Entry]) -> list[Event]:
        events = observe(Trace(trace.recorder, tuple(entries)))
        return [
            replace(event, entry=0) for event in events if not isinstance(event, CloseBegins | Unparsed)
        ]

    if rule != "frame-before-opening":  # it says how much had come by then
        assert told(chopped) == told(trace.entries)


@pytest.mark.parametrize(("opcode", "text"), [(1, True), (2, False)])
def test_a_message_that_begins_inside_another_takes_its_place(opcode: int, text: bool) -> None:
    frames = [frame(2, b"a", fin=False), frame(opcode, b"b", fin=False), frame(0, b"c"), frame(0, b"d")]
    events = observe(Trace(C, (*OPENED, Octets(S, b"".join(map(encode, frames))))))
    broken, message, other = events[-3:]
    assert isinstance(broken, Violation)
    assert broken.rule == "fragments-not-interleaved"
    assert isinstance(message, Message)
    assert (message.text, message.data) == (text, b"bc")
    assert (message.start, message.parts) == (HEAD + 3, ((HEAD + 5, 1), (HEAD + 8, 1)))
    assert isinstance(other, Violation)
    assert other.rule == "continuation-continues"


@pytest.mark.parametrize(
    ("shown", "code", "rules"),
    [
        (b"", None, []),
        (b"\3", None, []),
        (b"\3\xe8", 1000, []),
        (b"\3\xe8\xff", 1000, []),  # the reason isn't judged, as it isn't all there
        (b"\3\xed\xff", 1005, ["close-code"]),
    ],
)
def test_of_a_close_that_is_not_all_there_the_code_is_judged(
    shown: bytes, code: int | None, rules: list[str]
) -> None:
    octets = encode(frame(8, shown + b"a" * (9 - len(shown))))
    missing = 9 - len(shown)
    events = observe(Trace(C, (*OPENED, Octets(S, octets[:-missing], cut=Cut(missing)))))
    (close,) = (event for event in events if isinstance(event, Close))
    assert (close.code, close.reason, close.end - close.start) == (code, shown[2:], len(octets))
    assert [event.rule for event in events if isinstance(event, Violation)] == rules


def test_a_pong_that_is_not_all_there_may_answer_any_ping() -> None:
    pings = [Octets(C, encode(frame(9, payload, key=b"abcd"))) for payload in (b"aa", b"bb")]
    closes: list[Entry] = [
        Octets(C, encode(frame(8, b"\3\xe8", key=b"abcd"))),
        Octets(S, encode(frame(8, b"\3\xe8"))),
        Drop(S),
    ]

    def broken(*pongs: Octets) -> list[str]:
        events = observe(Trace(C, (*OPENED, *pings, *pongs, *closes)))
        return [event.rule for event in events if isinstance(event, Violation)]

    pong = encode(frame(10, b"zz"))
    cut = Octets(S, pong[:-1], cut=Cut(1))
    assert broken(cut) == []
    (seen,) = (event for event in observe(Trace(C, (*OPENED, cut))) if isinstance(event, Pong))
    assert (seen.data, seen.length, seen.holes, seen.end - seen.start) == (b"z", 2, ((1, 1),), 4)
    assert [seen.octet(offset) for offset in range(3)] == [b"z", b"", b""]
    assert broken(Octets(S, pong)) == ["pong-echoes-ping"]
    assert broken() == ["ping-answered"]
    assert broken(Octets(S, encode(frame(10, b"bb")))) == []  # and with it the one before
    assert broken(Octets(S, encode(frame(10, b"aa")))) == ["ping-answered"]
    assert broken(Octets(S, pong), Octets(S, encode(frame(10, b"aa")))) == ["ping-answered"]


HELLO_PACKED = bytes.fromhex("c107f248cdc9c90700")


def agreeing(terms: str | None) -> list[Entry]:
    """A handshake that agrees on compression, or on none."""
    lines = [] if terms is None else [("Sec-WebSocket-Extensions", terms)]
    return [Octets(C, edit_head(ASKED.data, None, lines)), Octets(S, edit_head(ACCEPTED, None, lines))]


@pytest.mark.parametrize(
    ("terms", "behind", "data"),
    [
        (None, HELLO, [b"Hello"]),
        (None, HELLO + HELLO, [b"Hello", b"Hello"]),
        (None, HELLO + HELLO[:1], []),
        (None, HELLO_PACKED, []),
        (None, encode(frame(1, b"Hello", key=b"abcd")), []),
        ("permessage-deflate; server_no_context_takeover", HELLO, [b"Hello"]),
        ("permessage-deflate; server_no_context_takeover", HELLO_PACKED, [b"Hello"]),
        ("permessage-deflate", HELLO_PACKED, [b""]),  # what it refers to is missing
    ],
)
def test_behind_missing_octets_whole_frames_are_read_where_they_can_be_known(
    terms: str | None, behind: bytes, data: list[bytes]
) -> None:
    entries = (*agreeing(terms), Octets(S, HELLO[:3], cut=Cut(None)), Octets(S, behind))
    messages = [event for event in observe(Trace(C, entries)) if isinstance(event, Message)]
    assert [message.data for message in messages] == data


@pytest.mark.parametrize("step", [1, 1000, 2**20])
def test_of_a_message_that_inflates_beyond_all_bounds_nothing_is_told(step: int) -> None:
    bomb = Deflater(15, True, 9).message(bytes(limits.INFLATED.default + 1))
    octets = encode(frame(2, bomb, rsv=4))
    reads = [Octets(S, octets[at : at + step]) for at in range(0, len(octets), step)]
    events = observe(Trace(C, (*agreeing("permessage-deflate"), *reads, Octets(S, HELLO))))
    (unread,) = (event for event in events if isinstance(event, Unread))
    assert unread.bound == "16,777,216 octets of a message"
    assert events[-1] is unread
    assert not any(isinstance(event, Message | Violation) for event in events)


def test_whether_a_side_is_closing_is_known_from_the_first_octet_of_its_close() -> None:
    reader = Interpreter(C, opened=True)

    def state() -> tuple[bool, bool]:
        return reader.closing(S), reader.closed(S)

    assert state() == (False, False)
    list(reader.feed(Octets(S, b"\x88")))
    assert state() == (True, False)
    list(reader.feed(Octets(S, b"\x02\x03")))
    assert state() == (True, False)
    list(reader.feed(Octets(S, b"\xe8")))
    assert state() == (True, True)
    assert (reader.closing(C), reader.closed(C)) == (False, False)


@pytest.mark.parametrize(
    ("reads", "begins"),
    [
        (["88", "0203e8"], True),
        (["8802", "03e8"], True),
        (["880203", "e8"], True),
        (["880203e8"], False),
        (["8a80 01020304 88", "0203e8"], True),  # behind a frame that breaks a rule
        (["8a80 01020304 8802", "03e8"], True),
        (["8882", "01020304 02ea"], True),  # that it is masked, it says behind its first octets
        (["8882 01020304", "02ea"], False),
    ],
)
def test_that_a_close_begins_is_told_unless_it_breaks_a_rule(reads: list[str], begins: bool) -> None:
    reader = Interpreter(S, opened=True)
    told = [type(event) for read in reads for event in reader.feed(Octets(S, bytes.fromhex(read)))]
    assert (CloseBegins in told) is begins


SHA = "0" * 64


def places(*entries: Entry) -> list[tuple[int, bytes, object]]:
    events = observe(Trace(C, (*OPENED, *entries)))
    assert not any(isinstance(event, Violation) for event in events)
    return [
        (event.start - HEAD, event.data, event.digest) for event in events if isinstance(event, Message)
    ]


def test_behind_messages_that_are_known_by_their_digests_frames_go_on() -> None:
    digest, whole = Digest(S, 1, 5, SHA), Octets(S, HELLO)
    told = (5, SHA)
    for cuts in ((7,), (3, 4), (1, 1, 5)):
        missing = [Octets(S, b"", cut=Cut(more, SHA)) for more in cuts]
        once = places(*missing, digest, whole)
        assert once == [(7, b"", told), (7, b"Hello", None)]
        twice = places(*missing, digest, whole, *missing, digest, whole)
        assert twice == [*once, (21, b"", told), (21, b"Hello", None)]
        inside = places(Octets(S, HELLO[:3]), *missing, digest, whole)
        assert inside == [(10, b"", told), (10, b"Hello", None)]
        begun = encode(frame(1, b"He", fin=False))
        assert places(Octets(S, begun), *missing, digest, whole) == [
            (11, b"", told),
            (11, b"Hello", None),
        ]


def test_a_message_with_holes_is_told_by_its_digest_alone() -> None:
    cut, other = Octets(S, HELLO[:4], cut=Cut(3)), Octets(S, HELLO)
    assert places(cut, Digest(S, 1, 5, SHA)) == [(7, b"", (5, SHA))]
    assert [data for _, data, _ in places(cut, Digest(S, 2, 5, SHA))] == [b"He", b""]
    assert [data for _, data, _ in places(cut, Digest(S, 1, 6, SHA))] == [b"He", b""]
    assert [data for _, data, _ in places(cut, Digest(C, 1, 5, SHA))] == [b"He", b""]
    assert [data for _, data, _ in places(cut, other, Digest(S, 1, 5, SHA))] == [b"He", b"Hello", b""]


def test_what_compressed_messages_come_to_is_counted() -> None:
    reader = Interpreter(C)
    for entry in (*agreeing("permessage-deflate"), Octets(S, HELLO_PACKED), Octets(S, HELLO)):
        list(reader.feed(entry))
    assert (reader.inflated(S), reader.inflated(C)) == (5, 0)
    list(reader.feed(Octets(S, HELLO_PACKED[:5])))
    assert 5 <= reader.inflated(S) <= 10


def test_missing_octets_of_a_head_are_counted() -> None:
    asked = Octets(C, b"GET / HTTP/1.1", cut=Cut(30))
    sent = encode(frame(1, b"Hello", key=b"abcd"))
    events = observe(Trace(C, (asked, Octets(S, ACCEPTED), Octets(C, sent))))
    (message,) = (event for event in events if isinstance(event, Message))
    assert (message.start, message.data) == (14 + 30, b"Hello")


def test_a_head_that_is_too_large_is_not_read_from_its_first_octet_on() -> None:
    events = observe(Trace(S, (Octets(C, b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 20_000),)))
    (lost,) = (event for event in events if isinstance(event, Unparsed))
    assert lost.start == 0
