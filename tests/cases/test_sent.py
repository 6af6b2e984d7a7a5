"""A log is judged by the case that it names only if its tester sent what that case sends."""

from __future__ import annotations

import pytest

from replay.cases.load import load
from replay.cases.model import Case
from replay.cases.sent import other_than
from replay.source import Source
from replay.trace.model import Cut, Drop, Entry, Octets, Trace
from replay.wire.frame import encode, frame
from replay.wire.handshake import encode_request
from replay.wire.side import Side
from tests.memory import ACCEPTED, REQUEST

C, S = Side.CLIENT, Side.SERVER
OPENED: tuple[Entry, ...] = (Octets(C, encode_request("/", REQUEST)), Octets(S, ACCEPTED))
END = Drop(S)


def case(send: str) -> Case:
    text = f"section: x\ncases:\n  - {{id: '7.1', title: x, send: {send}, expect: [informational: any]}}\n"
    (found,) = load(Source("x.yaml", text))
    return found


def sends(opcode: int, payload: bytes, fin: bool = True, rsv: int = 0, side: Side = C) -> Octets:
    key = b"abcd" if side is C else b""
    return Octets(side, encode(frame(opcode, payload, fin=fin, rsv=rsv, key=key)))


CLOSE, ANSWER = sends(8, b"\3\xe8"), sends(8, b"\3\xe8", side=S)


def said(send: str, *entries: Entry) -> str | None:
    return other_than(case(send), Trace(C, (*OPENED, *entries)), C)


HELLO = "[text: Hello]"


@pytest.mark.parametrize(
    ("send", "entries", "other"),
    [
        (HELLO, (sends(1, b"Hello"), CLOSE, ANSWER, END), None),
        (HELLO, (sends(1, b"Hello"),), None),
        (HELLO, (), None),
        (HELLO, (sends(10, b"x"), sends(1, b"Hello"), sends(10, b"y"), CLOSE), None),
        (
            HELLO,
            (sends(1, b"Hellu"),),
            "the log sends a text frame of 5 octets 48656c6c75 where case 7.1 sends "
            "a text frame of 5 octets 48656c6c6f",
        ),
        (
            "[text: 'Hello, World!!']",
            (sends(2, b"Hello, World!"),),
            "the log sends a binary frame of 13 octets 48656c6c6f2c2057… where case 7.1 sends "
            "a text frame of 14 octets 48656c6c6f2c2057…",
        ),
        (
            "[frame: {opcode: 3, fin: false, rsv: 5, utf8: ''}]",
            (sends(0, b"12345678"),),
            "the log sends a continuation frame of 8 octets 3132333435363738 where case 7.1 sends "
            "a opcode 3 frame of 0 octets, FIN 0, RSV 101",
        ),
        (
            HELLO,
            (sends(1, b"Hello"), sends(9, b"")),
            "the log sends a ping frame of 0 octets where case 7.1 sends nothing more",
        ),
        (HELLO, (sends(1, b"Hello", fin=False),), "FIN 0 where"),
        (HELLO, (sends(1, b"Hello", rsv=4),), "RSV 100 where"),
        # A Close that it may have sent by itself, and one that it has not.
        (HELLO, (sends(1, b"Hello"), sends(8, b"")), None),
        (HELLO, (sends(1, b"Hello"), sends(8, b"\3\xe9bye")), None),
        (HELLO, (sends(1, b"Hello"), sends(8, b"\3\xea")), None),
        (HELLO, (sends(1, b"Hello"), sends(8, b"\3\xeb")), "the log sends a close frame of 2 octets 03eb"),
        (HELLO, (sends(1, b"Hello"), sends(8, b"\3")), "the log sends a close frame of 1 octets 03"),
        # Who ended it before all was sent.
        (HELLO, (CLOSE, ANSWER, END), "the log closes the connection where case 7.1 sends a text frame"),
        (HELLO, (ANSWER, CLOSE, END), None),
        (HELLO, (sends(1, b"", rsv=2, side=S), sends(8, b"\3\xea"), END), None),
        (HELLO, (END, CLOSE), None),
        (HELLO, (sends(9, b"", side=S), CLOSE, END), "the log closes the connection where"),
        (HELLO, (sends(9, b"", rsv=2), CLOSE, END), "the log sends a ping frame of 0 octets, RSV 010"),
        ("[pause: 1 s, text: Hello]", (CLOSE, ANSWER, END), None),
        (HELLO, (Octets(C, b"", cut=Cut(11)), CLOSE, END), None),
        (HELLO, (Octets(S, b"", cut=Cut(11)), CLOSE, END), "the log closes the connection where"),
        # What a log has cut off may be right.
        (HELLO, (Octets(C, sends(1, b"Hello").data[:8], cut=Cut(3)), CLOSE, END), None),
        (
            HELLO,
            (Octets(C, sends(1, b"Ho, ho").data[:8], cut=Cut(4)), CLOSE, END),
            "a text frame of 6 octets",
        ),
    ],
)
def test_what_is_no_part_of_the_case_is_named(
    send: str, entries: tuple[Entry, ...], other: str | None
) -> None:
    found = said(send, *entries)
    assert (found is None) is (other is None)
    assert found is None or other is None or other in found


@pytest.mark.parametrize(
    ("send", "frames"),
    [
        (
            "[message: {utf8: abcde, fragment: 2, kind: text}]",
            [(1, b"ab", False), (0, b"cd", False), (0, b"e", True)],
        ),
        (
            "[message: {utf8: abcdefgh, fragment: 2, kind: text}]",
            [(1, b"ab", False), *[(0, two, False) for two in (b"cd", b"ef", b"gh")], (0, b"", True)],
        ),
        ("[close: {code: 3000, reason: x}]", [(8, b"\x0b\xb8x", True)]),
        ("[open-frame: {opcode: 1, length: 4}, data: ab, data: cd]", [(1, b"abcd", True)]),
        ("[open-frame: {opcode: 2, length: 4}, data: ab, pause: 1 s, data: cd]", [(2, b"abcd", True)]),
    ],
)
def test_each_frame_of_a_case_is_looked_for(send: str, frames: list[tuple[int, bytes, bool]]) -> None:
    sent = [sends(opcode, payload, fin) for opcode, payload, fin in frames]
    assert said(send, *sent) is None
    assert said(send, *sent, sends(9, b"")) == (
        "the log sends a ping frame of 0 octets where case 7.1 sends nothing more"
    )
    for number, (opcode, payload, fin) in enumerate(frames):
        wrong = [*sent[:number], sends(opcode, payload + b"!", fin)]
        assert said(send, *wrong) is not None


def test_behind_a_pause_a_frame_may_be_cut_short_by_a_close() -> None:
    send = "[open-frame: {opcode: 2, length: 4}, data: ab, pause: 1 s, data: cd]"
    assert said(send, sends(2, b"abXY")) is None
    assert said(send, sends(2, b"aXcd")) is not None
    unbroken = "[open-frame: {opcode: 2, length: 4}, data: ab, data: cd]"
    assert said(unbroken, sends(2, b"abXY")) is not None


def test_a_connection_that_was_not_opened_is_of_any_case() -> None:
    assert other_than(case(HELLO), Trace(C, (OPENED[0], CLOSE, END)), C) is None
