"""A log is judged by the case that it names only if its tester sent what that case sends."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from replay.cases.load import load
from replay.cases.model import Case, Deflate
from replay.cases.payload import Payload
from replay.cases.sent import other_than
from replay.cases.step import OpenFrame, Pause, Repeat, SendData, SendFrame, SendMessage, Step
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


def other(entries: tuple[Entry, ...], *steps: Step, **more: object) -> str | None:
    """What these entries have that a case with these steps doesn't send."""
    one = replace(Case("7.1", "x", "x", steps, ()), **more)
    return other_than(one, Trace(C, (*OPENED, *entries)), C)


ONE = SendFrame(1, Payload(b"a"))


def test_of_what_follows_rounds_nothing_is_known() -> None:
    steps = (ONE, Repeat(2, (SendFrame(2, Payload(b"b")),)), ONE)
    assert other((sends(1, b"a"), CLOSE, ANSWER), *steps) is None
    assert other((sends(2, b"x"),), *steps) == (
        "the log sends a binary frame of 1 octets 78 where case 7.1 sends a text frame of 1 octets 61"
    )


def test_where_a_case_compresses_its_messages_are_not_compared() -> None:
    message = SendMessage(True, Payload(b"a"))
    assert other((sends(2, b"x"),), message) is not None
    assert other((), message, deflate=Deflate("permessage-deflate")) is None
    assert other((CLOSE, ANSWER), message, deflate=Deflate("permessage-deflate")) is None
    assert other((CLOSE, ANSWER), message) is not None


def test_a_length_that_is_announced_counts_as_the_length() -> None:
    longer = Octets(C, b"\x81\x85abcd" + bytes(3))
    step = SendFrame(1, Payload(bytes(b ^ k for b, k in zip(bytes(3), b"abc", strict=True))), length=5)
    assert other((longer,), step) is None
    assert other((sends(1, b"abc"),), replace(step, payload=Payload(b"abc"))) == (
        "the log sends a text frame of 3 octets 616263 where case 7.1 sends a text frame of 5 octets 616263"
    )


def test_frames_in_pieces_follow_one_another() -> None:
    pieces = (
        OpenFrame(1, 2),
        SendData(Payload(b"ab")),
        OpenFrame(2, 1, fin=False, rsv=1),
        SendData(Payload(b"c")),
    )
    assert other((sends(1, b"ab"), sends(2, b"c", fin=False, rsv=1)), *pieces) is None
    assert other((sends(1, b"ab"), sends(2, b"c")), *pieces) is not None
    assert other((sends(1, b"ab"), sends(2, b"d", fin=False, rsv=1)), *pieces) is not None
    assert other((CLOSE, ANSWER), *pieces[:1]) is None  # nothing of it is known
    paused = (
        OpenFrame(1, 2),
        SendData(Payload(b"a")),
        Pause(1),
        SendData(Payload(b"b")),
        OpenFrame(2, 1),
        SendData(Payload(b"c")),
    )
    assert other((sends(1, b"ax"), sends(2, b"c")), *paused) is None
    assert other((sends(1, b"ax"), sends(2, b"d")), *paused) is not None


@pytest.mark.parametrize(
    ("code", "own"),
    [(None, True), (1000, True), (1001, True), (1002, True), (1007, True), (999, False), (3000, False)],
)
def test_which_codes_a_tester_sends_by_itself(code: int | None, own: bool) -> None:
    payload = b"" if code is None else code.to_bytes(2, "big") + b"why"
    assert (other((sends(8, payload),)) is None) is own
