"""The server's side of a log, played to a client; and a log whose sides are swapped."""

from __future__ import annotations

import pytest

from replay.cases.model import Behaviour, Case
from replay.cases.recorded import case_of
from replay.cases.swapped import swapped
from replay.play.actions import Options
from replay.protocol.events import Event, Message, Opened
from replay.protocol.interpreter import observe
from replay.source import Source
from replay.suite.files import bundled, known
from replay.trace.model import Octets, Trace
from replay.trace.wirelog import parse
from replay.verdict.judge import judge
from replay.verdict.result import ClosingVerdict
from replay.wire.frame import decode
from replay.wire.handshake import accept, encode_request
from replay.wire.side import Side
from tests.memory import KEY, REQUEST, against, player

GREETING = r"""
TX OCTETS: "GET /chat HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
           "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
           "Sec-WebSocket-Version: 13\r\n\r\n"
RX OCTETS: "HTTP/1.1 101 Switching Protocols\r\nServer: of old\r\nUpgrade: websocket\r\n"
           "Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
TX OCTETS: 8185 37fa213d 7f9f4d5158
RX OCTETS: 0102 "Hi"
RX OCTETS: 807e0001 "!"
TX OCTETS: 8882 37fa213d 3412
RX OCTETS: 8802 03e8
TCP DROPPED BY PEER (FIN)
"""
REFUSED = r"""
TX OCTETS: "GET /chat HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
           "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
           "Sec-WebSocket-Version: 13\r\n\r\n"
RX OCTETS: "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 4\r\n\r\nover"
RX OCTETS: " there"
TCP DROPPED BY ME
"""
HELLO = "8185 37fa213d 7f9f4d5158".replace(" ", "")
BYE = "888237fa213d3412"


def logged(text: str, recorder: str = "") -> Case:
    trace = parse(Source("log", recorder + text)).trace
    return case_of(trace, "log", Side.SERVER)


def sent(trace: Trace, side: Side) -> bytes:
    return b"".join(e.data for e in trace.entries if isinstance(e, Octets) and e.side is side)


def verdict(case: Case, *client: tuple[float, str]) -> tuple[str, str]:
    trace = against(case, Side.SERVER, [{"at": at, "octets": octets} for at, octets in client])
    result = judge(case, trace, Side.SERVER)
    return result.behaviour.value, result.closing.value


def test_a_server_s_octets_are_sent_as_recorded_and_accept_this_key() -> None:
    case = logged(GREETING)
    assert case.trace is not None
    trace = against(case, Side.SERVER, [{"at": 0.1, "octets": HELLO}, {"at": 0.2, "octets": BYE}])
    was = sent(case.trace, Side.SERVER).decode("latin-1")
    now = was.replace("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", accept(KEY))
    assert sent(trace, Side.SERVER).decode("latin-1") == now
    writes = [e.data for e in trace.entries if isinstance(e, Octets) and e.side is Side.SERVER]
    assert writes[1:] == [b"\x01\x02Hi", b"\x80\x7e\0\1!", b"\x88\2\3\xe8"]


@pytest.mark.parametrize(
    ("client", "wanted"),
    [
        (((0.1, HELLO), (0.2, BYE)), ("OK", "OK")),
        (((0.1, HELLO[:12]), (0.4, HELLO[12:] + BYE)), ("OK", "OK")),
        (((0.1, "8185000000004865786c6f"), (0.2, BYE)), ("FAILED", "OK")),  # not what was said
        (((0.1, "810548656c6c6f"), (0.2, BYE)), ("FAILED", "FAILED")),  # not masked
        (((0.1, HELLO + HELLO), (0.2, BYE)), ("FAILED", "FAILED")),  # the server closes at the second
        (((0.1, HELLO), (0.2, "88820000000003e9")), ("OK", "WRONG CODE")),
        (((0.1, HELLO),), ("FAILED", "FAILED")),  # never closes
        ((), ("FAILED", "FAILED")),
    ],
)
def test_the_client_is_judged_by_what_the_log_has_of_it(
    client: tuple[tuple[float, str], ...], wanted: tuple[str, str]
) -> None:
    assert verdict(logged(GREETING), *client) == wanted
    by_server = GREETING.replace("TX", "xx").replace("RX", "TX").replace("xx", "RX").replace("PEER", "ME")
    assert verdict(logged(by_server), *client) == wanted


def test_a_refusal_is_sent_with_all_that_stands_behind_it() -> None:
    case = logged(REFUSED)
    own = player(case, Side.SERVER)
    own.connected(0)
    own.received(encode_request("/", REQUEST), 0)
    assert b"".join(own.output).endswith(b"\r\n\r\nover there")
    assert not own.done
    trace = against(case, Side.SERVER, [{"at": 0.1}])
    result = judge(case, trace, Side.SERVER)
    assert (result.behaviour, result.closing) == (Behaviour.OK, ClosingVerdict.OK), result.closing_reason


@pytest.mark.parametrize("of", ["spec", "log"])
def test_a_response_is_chopped_as_all_else(of: str) -> None:
    case = logged(GREETING) if of == "log" else known()["1.1.1"]
    own = player(case, Side.SERVER, Options(chop=3))
    own.connected(0)
    own.received(encode_request("/", REQUEST), 0)
    while own.pending and not own.opened:
        own.pump(0)
    assert {len(octets) for octets in own.output} <= {1, 2, 3}
    assert b"".join(own.output).startswith(b"HTTP/1.1 101 ")


def test_a_request_that_breaks_a_rule_is_refused_unless_the_log_s_does_so_too() -> None:
    faulty = tuple(line for line in REQUEST if line[0] != "Sec-WebSocket-Version")
    lenient = GREETING.replace(r"Sec-WebSocket-Version: 13\r\n", "")
    for text, status in ((GREETING, b"HTTP/1.1 400 "), (lenient, b"HTTP/1.1 101 ")):
        own = player(logged(text), Side.SERVER)
        own.connected(0)
        own.received(encode_request("/", faulty), 0)
        assert own.output[0].startswith(status)


OFFERED = "permessage-deflate; client_max_window_bits"
COMPRESSED = (
    GREETING.replace(r"Version: 13\r\n", rf"Version: 13\r\nSec-WebSocket-Extensions: {OFFERED}\r\n")
    .replace(r"Server: of old", r"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=10")
    .replace("8185 37fa213d 7f9f4d5158", "c187 37fa213d c5b2ecf4fefd21")
)


@pytest.mark.parametrize("offer", [None, "permessage-deflate", OFFERED, f"{OFFERED}=9, {OFFERED}"])
def test_what_a_log_compresses_has_to_be_offered(offer: str | None) -> None:
    headers = (*REQUEST, *((("Sec-WebSocket-Extensions", offer),) if offer else ()))
    own = player(logged(COMPRESSED), Side.SERVER)
    own.connected(0)
    own.received(encode_request("/", headers), 0)
    takes = offer is not None and OFFERED in offer
    assert (b"client_max_window_bits=10" in own.output[0]) is takes
    assert (b"Sec-WebSocket-Extensions" in own.output[0]) is takes
    assert own.opened


@pytest.mark.parametrize(
    ("offer", "answer"),
    [
        (None, None),
        ("permessage-deflate", "permessage-deflate"),
        (OFFERED, "permessage-deflate; client_max_window_bits=10"),
        ("permessage-deflate; server_max_window_bits=9", "permessage-deflate; server_max_window_bits=9"),
    ],
)
def test_compressed_anew_by_what_is_offered(offer: str | None, answer: str | None) -> None:
    text = COMPRESSED.replace('0102 "Hi"', "4103 f248cd").replace('807e0001 "!"', "8004 c9c90700")
    own = player(logged(text), Side.SERVER, Options(reencode=True))
    headers = (*REQUEST, *((("Sec-WebSocket-Extensions", offer),) if offer else ()))
    own.connected(0)
    own.received(encode_request("/", headers), 0)
    assert (f"\r\nSec-WebSocket-Extensions: {answer}\r\n".encode() in own.output[0]) is (answer is not None)
    own.received(bytes.fromhex(HELLO), 0)
    (message,) = (e for e in observe(own.trace()) if isinstance(e, Message) and e.side is Side.SERVER)
    assert (message.data, message.compressed) == (b"Hello", answer is not None)


LOGS = {path.stem: path for path in sorted(bundled("traces").rglob("*.wirelog"))}


def shown(events: tuple[Event, ...], side: Side) -> list[object]:
    return [
        (event.text, event.data) for event in events if isinstance(event, Message) and event.side is side
    ]


@pytest.mark.parametrize(
    "id", ["1.1.1", "1.2.3", "1.2.8", "2.11", "3.1", "5.19", "6.4.3", "7.5.1", "10.1.1"]
)
def test_swapped_sides_say_what_the_other_said(id: str) -> None:
    trace = parse(Source.read(LOGS[id])).trace
    other = swapped(trace)
    assert other.recorder is Side.SERVER
    before, after = observe(trace), observe(other)
    assert any(isinstance(event, Opened) for event in after)
    for side in Side:
        assert shown(after, side) == shown(before, side.other)
    of_server = sent(other, Side.SERVER).split(b"\r\n\r\n", 1)[1]
    assert not any(frame.header.key for frame in decode(of_server)[0])
    count = [sum(e.writes.count for e in one.entries if isinstance(e, Octets)) for one in (trace, other)]
    octet_by_octet = [e for e in trace.entries if isinstance(e, Octets) and e.chop == 1]  # a frame each
    assert count[0] - count[1] == 4 * len(octet_by_octet)  # nothing is left of the writes of its key
    assert swapped(other).recorder is Side.CLIENT
    for side in Side:
        assert shown(observe(swapped(other)), side) == shown(before, side)


def test_swapped_compression_is_agreed_the_other_way_round() -> None:
    trace = parse(Source("log", COMPRESSED)).trace
    (before,) = (event.agreed for event in observe(trace) if isinstance(event, Opened))
    (after,) = (event.agreed for event in observe(swapped(trace)) if isinstance(event, Opened))
    assert before is not None
    assert after is not None
    assert (before.client_max_window_bits, before.server_max_window_bits) == (10, 15)
    assert (after.client_max_window_bits, after.server_max_window_bits) == (15, 10)
    assert shown(observe(swapped(trace)), Side.SERVER) == [(True, b"Hello")]
