"""How a trace stands in a file: one line an entry, wrapped, with the frames beside their octets."""

from __future__ import annotations

import random

import pytest

from replay.source import Source
from replay.trace import wirelog
from replay.trace.model import SECOND, Cut, Drop, Entry, Octets, Timer, Trace, Wait
from replay.trace.written import lines, numbers
from replay.wire.frame import Frame, encode, frame
from replay.wire.handshake import MAX_HEAD, encode_request
from replay.wire.side import Side
from tests.memory import ACCEPTED, REQUEST

C, S = Side.CLIENT, Side.SERVER
NOISE = random.Random(7).randbytes(400)[:150]
KEY = b"\1\2\3\4"
SENT = encode(frame(2, NOISE, key=KEY))
FRAGMENTS = frame(1, b"Hello, ", fin=False), frame(9, b""), frame(0, b"World!")
ENTRIES: tuple[Entry, ...] = (
    Octets(C, encode_request("/", REQUEST), 0),
    Octets(S, ACCEPTED, 1204),
    Timer(Wait.FAIL, False, SECOND, at=1204),
    Octets(C, SENT[:20], 2000),
    Octets(C, SENT[20:], 2000),
    Octets(S, b"".join(map(encode, FRAGMENTS)), 5000),
    Octets(S, encode(frame(1, b"Hello, " * 20)), 6000),
    Octets(S, encode(frame(2, NOISE[:30] + b"\xfe" * 40 + NOISE[30:75])), 6000),
    Octets(S, encode(frame(2, bytes(range(100))))[:60], cut=Cut(42), at=7000),
    Timer(Wait.DELAY, False, SECOND // 2, "A", at=8000),
    Timer(Wait.DELAY, True, SECOND // 2, "A", at=508000),
    Octets(C, encode(frame(8, b"\3\xe8bye", key=KEY)), 508000),
    Drop(S, at=600000),
)
TRACE = Trace(C, ENTRIES, (("agent", "x/1"),))
LOG = """\
# agent: x/1
000 +0.000000 TX OCTETS: "GET / HTTP/1.1\\r\\n"
               "Host: localhost\\r\\n"
               "Upgrade: websocket\\r\\n"
               "Connection: Upgrade\\r\\n"
               "Sec-WebSocket-Key: D+fcK/QqRpDx3yz323ge5w==\\r\\n"
               "Sec-WebSocket-Version: 13\\r\\n"
               "\\r\\n"
001 +0.001204 RX OCTETS: "HTTP/1.1 101 Switching Protocols\\r\\n"
               "Upgrade: websocket\\r\\n"
               "Connection: Upgrade\\r\\n"
               "Sec-WebSocket-Accept: rQdXIXbccC6mDJL2JrabxWmui/o=\\r\\n"
               "\\r\\n"
002 +0.001204 FAIL CONNECTION AFTER 1.000000 sec
003 TX FRAME : OPCODE=2, FIN=True, RSV=0, PAYLOAD-LEN=150, MASK=01020304,
               PAYLOAD=38b4e652e44da7f2370d9e260e27136550a4a3a6d07f5c0c332f8b1224083fd22b902f8911e8
               1818f8c99d5d5d9831957504d90e945de2e8f54ee781cc75f636d85099095aa300165a67036f9b540d6b
               8f0be21124179c3dd9f73817ce6e118d264aad6cb6dd210faf94acd3cf92c190237cb11f5d108cf25930
               263938b370a1b5769fa0f1483f95a90d9df2f130d60fcf04bd93f50a
004 +0.002000 TX OCTETS: 82fe0096 01020304 39b6e556e54fa4f6360f9d22
005 +0.002000 TX OCTETS: 0f25106151a6a0a2d17d5f08322d8816250a3cd62a922c8d10ea1b1cf9cb9e595c9a329174
               06da0a955fe1ecf44ce485cd77f532d9529a0d5ba103125b65006b9a560e6f8e09e11525159f39d8f53b
               13cf6c12892748ae68b7df220bae96afd7ce90c294227eb21b5c128ff65832253d39b173a5b4749ca4f0
               4a3c91a80f9ef6f032d50bce06be97f408
006 +0.005000 RX OCTETS: 0107 48656c6c6f2c20 8900 8006 576f726c6421
007 RX FRAME : OPCODE=1, FIN=False, RSV=0, PAYLOAD-LEN=7, MASKED=False, MASK=None, PAYLOAD="Hello, "
008 RX FRAME : OPCODE=9, FIN=True, RSV=0, PAYLOAD-LEN=0, MASKED=False, MASK=None, PAYLOAD=""
009 RX FRAME : OPCODE=0, FIN=True, RSV=0, PAYLOAD-LEN=6, MASKED=False, MASK=None, PAYLOAD="World!"
010 +0.006000 RX OCTETS: 817e008c (48656c6c6f2c20)*20
011 RX FRAME : OPCODE=1, FIN=True, RSV=0, PAYLOAD-LEN=140, MASKED=False, MASK=None, PAYLOAD=("Hello, ")*20
012 +0.006000 RX OCTETS: 8273 38b4e652e44da7f2370d9e260e27136550a4a3a6d07f5c0c332f8b122408fefefefefe
               fefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefe3fd22b902f8911
               e81818f8c99d5d5d9831957504d90e945de2e8f54ee781cc75f636d85099095aa300165a6703
013 RX FRAME : OPCODE=2, FIN=True, RSV=0, PAYLOAD-LEN=115, MASKED=False, MASK=None,
               PAYLOAD=38b4e652e44da7f2370d9e260e27136550a4a3a6d07f5c0c332f8b122408fefefefefefefefe
               fefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefe3fd22b902f8911e81818
               f8c99d5d5d9831957504d90e945de2e8f54ee781cc75f636d85099095aa300165a6703
014 +0.007000 RX OCTETS: 8264000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122
               232425262728292a2b2c2d2e2f30313233343536373839 ... +42 octets
015 +0.008000 DELAY 0.500000 sec for TAG A
016 +0.508000 DELAY TIMEOUT AFTER 0.500000 sec on TAG A
017 TX FRAME : OPCODE=8, FIN=True, RSV=0, PAYLOAD-LEN=5, MASK=01020304, PAYLOAD=03e8 "bye"
018 +0.508000 TX OCTETS: 8885 01020304 02ea617d64
019 +0.600000 TCP DROPPED BY PEER
"""


def test_a_trace_is_written_line_by_line_each_frame_beside_its_octets() -> None:
    assert wirelog.write(TRACE) == LOG
    assert wirelog.storable(TRACE) == LOG.encode()


def test_each_entry_has_the_number_of_its_line() -> None:
    written = lines(TRACE)
    assert [line[:3] for line in written] == [f"{number:03d}" for number in range(20)]
    frames = {number for number, line in enumerate(written) if line[4:12] in ("TX FRAME", "RX FRAME")}
    assert numbers(TRACE) == [number for number in range(20) if number not in frames]


def frame_lines(*entries: Octets, recorder: Side = C) -> list[str]:
    """What the FRAME lines of some entries say, without their numbers."""
    text = wirelog.write(Trace(recorder, entries))
    return [line[4:] for line in text.splitlines() if line[4:12] in ("TX FRAME", "RX FRAME")]


@pytest.mark.parametrize(("count", "told"), [(1, 1), (64, 64), (65, 0)])
def test_so_many_frames_of_an_entry_have_lines(count: int, told: int) -> None:
    assert len(frame_lines(Octets(S, encode(frame(1, b"")) * count))) == told
    rows = Octets(S, encode(frame(1, b"", fin=False)) + encode(frame(0, b"", fin=False)) * (count - 1))
    assert len(frame_lines(rows)) == told
    assert len(frame_lines(Octets(S, encode(frame(1, b""))), rows)) == told + 1


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (frame(8, b""), 'OPCODE=8, FIN=True, RSV=0, PAYLOAD-LEN=0, MASKED=False, MASK=None, PAYLOAD=""'),
        (frame(8, b"\3"), "OPCODE=8, FIN=True, RSV=0, PAYLOAD-LEN=1, MASKED=False, MASK=None, PAYLOAD=03"),
        (
            frame(8, b"\3\xe8"),
            "OPCODE=8, FIN=True, RSV=0, PAYLOAD-LEN=2, MASKED=False, MASK=None, PAYLOAD=03e8",
        ),
        (
            frame(8, b"aba"),
            'OPCODE=8, FIN=True, RSV=0, PAYLOAD-LEN=3, MASKED=False, MASK=None, PAYLOAD=6162 "a"',
        ),
        (
            frame(9, b"aba"),
            'OPCODE=9, FIN=True, RSV=0, PAYLOAD-LEN=3, MASKED=False, MASK=None, PAYLOAD="aba"',
        ),
        (
            frame(1, b"a", rsv=5),
            'OPCODE=1, FIN=True, RSV=5, PAYLOAD-LEN=1, MASKED=False, MASK=None, PAYLOAD="a"',
        ),
        (
            frame(2, b"\xff", key=KEY),
            "OPCODE=2, FIN=True, RSV=0, PAYLOAD-LEN=1, MASKED=True, MASK=01020304, PAYLOAD=ff",
        ),
    ],
)
def test_what_the_line_of_a_received_frame_says(one: Frame, said: str) -> None:
    behind = frame(1, b"")
    lines = frame_lines(Octets(S, encode(one) + encode(behind)))
    assert lines[0] == f"RX FRAME : {said}"
    assert len(lines) == 2
    assert frame_lines(Octets(C, encode(one)), recorder=S)[0] == f"RX FRAME : {said}"


def test_the_line_of_a_sent_frame_says_masked_only_where_it_is_not() -> None:
    said = "TX FRAME : OPCODE=1, FIN=True, RSV=0, PAYLOAD-LEN=0, "
    assert frame_lines(Octets(C, encode(frame(1, b"", key=KEY)))) == [f'{said}MASK=01020304, PAYLOAD=""']
    assert frame_lines(Octets(C, encode(frame(1, b"")))) == [f'{said}MASKED=False, MASK=None, PAYLOAD=""']


@pytest.mark.parametrize(("size", "shown"), [(255, True), (256, True), (257, False)])
def test_a_payload_that_does_not_repeat_is_shown_up_to_a_size(size: int, shown: bool) -> None:
    octets = random.Random(1).randbytes(size)
    (line,) = frame_lines(Octets(S, encode(frame(2, octets))))
    assert line.endswith("MASK=None" + "," * shown)


@pytest.mark.parametrize(("size", "fits"), [(26, True), (27, True), (28, False), (29, False)])
def test_a_payload_stands_on_the_line_if_there_is_room(size: int, fits: bool) -> None:
    (line,) = frame_lines(Octets(S, encode(frame(1, b"a" * size))))
    assert line.endswith(f', PAYLOAD="{"a" * size}"') is fits
    assert line.endswith("MASK=None,") is not fits


@pytest.mark.parametrize(("size", "text"), [(MAX_HEAD - 1, True), (MAX_HEAD, True), (MAX_HEAD + 1, False)])
def test_a_head_is_written_as_text_up_to_the_size_that_it_may_have(size: int, text: bool) -> None:
    start = b"GET / HTTP/1.1\r\nX: "
    for end in (b"\r\n\r\n", b""):
        octets = start + b"x" * (size - len(start) - len(end)) + end
        shown = wirelog.write(Trace(C, (Octets(C, octets), Octets(S, b"\x81\0"))))
        assert shown.startswith('000 TX OCTETS: "GET') is text


def test_behind_octets_that_are_missing_there_are_no_lines() -> None:
    one, cut = encode(frame(1, b"a")), Cut()
    assert len(frame_lines(Octets(S, one), Octets(S, one), Octets(S, one, cut=cut), Octets(S, one))) == 2
    assert len(frame_lines(Octets(C, one), Octets(C, one), Octets(C, one, cut=cut), Octets(C, one))) == 3
    assert len(frame_lines(Octets(C, one, cut=cut), Octets(S, one))) == 2


def test_many_octets_that_begin_alike_are_each_written_as_they_are() -> None:
    """Though the text of what was written before is kept."""
    bodies = [b"x" * 64 + bytes([65 + number % 26]) * (1 + number // 26) for number in range(600)]
    entries = tuple(Octets(S, encode(frame(2, body))) for body in bodies for _ in range(2))
    trace = Trace(C, entries)
    assert wirelog.parse(Source("log", wirelog.write(trace))).trace == trace


@pytest.mark.parametrize(
    ("trace", "kept"),
    [
        (Trace(C, (Octets(C, bytes(10)), Octets(S, bytes(10)))), True),
        (Trace(C, (Octets(C, bytes(10)), Octets(S, bytes(11)))), False),
        (Trace(C, (), (("note", "x" * 3000),)), False),
    ],
)
def test_what_would_be_too_large_to_be_read_again_is_not_stored(
    monkeypatch: pytest.MonkeyPatch, trace: Trace, kept: bool
) -> None:
    monkeypatch.setattr(wirelog, "MAX_LOG", 20)
    monkeypatch.setattr(wirelog, "MAX_FILE", 2000)
    text = wirelog.write(trace).encode()
    assert wirelog.storable(trace) == (text if kept else None)
    monkeypatch.setattr(wirelog, "MAX_FILE", len(text))
    assert wirelog.storable(trace) == (text if trace.size <= 20 else None)
    monkeypatch.setattr(wirelog, "MAX_FILE", len(text) - 1)
    assert wirelog.storable(trace) is None
