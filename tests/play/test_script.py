"""A case as the actions of its tester, one by one."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from replay.cases.model import Behaviour, Case, Closing, Deflate, EventKind, Outcome, Patience, Pattern
from replay.cases.payload import Payload
from replay.cases.said import Said
from replay.cases.step import OpenFrame, Pause, Repeat, SendClose, SendData, SendFrame, SendMessage, Step
from replay.play.actions import (
    AGENT,
    Action,
    Arm,
    AwaitEchoes,
    CloseWith,
    Delay,
    Options,
    Script,
    Write,
    voice,
)
from replay.play.endpoint import Limits
from replay.play.script import script
from replay.protocol.negotiation import Agreed
from replay.trace.model import SECOND, Wait
from replay.wire.frame import decode
from replay.wire.handshake import Request, parse_head
from replay.wire.side import Side
from replay.wire.writes import Writes
from tests.memory import ACCEPTED, KEY, player

C, S = Side.CLIENT, Side.SERVER
MASK = b"abcd"
ECHO = Outcome(Behaviour.OK, (Pattern(EventKind.TEXT, Payload(b"a")),))


def unsaid(said: Said) -> tuple[bool, bytes]:
    raise AssertionError(said)


def bound(*steps: Step, tester: Side = S, options: Options | None = None, **more: Any) -> Script:
    case = replace(Case("x", "", "", steps, (ECHO,)), **more)
    keys = (lambda: MASK) if tester is C else bytes
    return script(case, tester, options or Options(), Limits(), keys, KEY)


def opening(**more: Any) -> tuple[bytes, ...]:
    """The writes of a request."""
    (write,) = bound(**more).opening({})
    assert isinstance(write, Write)
    return tuple(piece for writes in write.pieces for piece in writes.single())


def actions(*steps: Step, terms: Agreed | None = None, **more: Any) -> list[Action]:
    *listed, last = bound(*steps, **more).actions(voice(terms, S, unsaid))
    assert last == Arm(Wait.FAIL, Patience().after)
    return listed


A = Payload(b"a")


def test_frames_are_written_as_they_are_described() -> None:
    steps = (
        SendFrame(1, A),
        SendFrame(2, A, fin=False, rsv=5),
        SendFrame(0, A, mask=b"\1\2\3\4"),
        SendFrame(9, A, form=2),
        SendFrame(1, A, length=9),
    )
    octets = ["810161", "520161", "80810102030460", "897e000161", "810961"]
    assert actions(*steps) == [Write((Writes(bytes.fromhex(one)),), together=True) for one in octets]


def test_a_client_masks_unless_it_is_told_not_to() -> None:
    (plain, bare) = actions(SendFrame(1, A), SendFrame(1, A, mask=False), tester=C)
    assert plain == Write((Writes(b"\x81\x81abcd\0"),), together=True)
    assert bare == Write((Writes(b"\x81\1a"),), together=True)


@pytest.mark.parametrize(
    ("chop", "own", "pieces", "together"),
    [
        ("recorded", None, None, True),
        ("recorded", 2, 2, False),
        ("frame", 2, None, False),
        (4, None, 4, False),
        (4, 2, 4, False),
    ],
)
def test_a_frame_is_chopped_as_the_user_says_or_else_as_the_case_does(
    chop: Any, own: int | None, pieces: int | None, together: bool
) -> None:
    step = SendFrame(2, Payload(b"abc"), chop=own)
    sent = Writes(b"\x82\3abc", pieces)
    assert actions(step, options=Options(chop=chop)) == [Write((sent,), together=together)]


def test_a_message_is_written_in_its_fragments() -> None:
    step = SendMessage(True, Payload(b"abc"), fragment=2)
    octets = b"\1\2ab\x80\1c"
    assert actions(step) == [Write((Writes(octets, 4),), together=True)]
    assert actions(step, options=Options(chop="frame")) == [Write((Writes(octets, 4),))]
    assert actions(step, options=Options(chop=3)) == [Write((Writes(octets, 3),))]


def test_a_frame_in_pieces_says_what_it_lacks() -> None:
    steps = (
        OpenFrame(2, 3, mask=MASK),
        SendData(Payload(b"ab")),
        SendData(Payload(b"")),
        SendData(Payload(b"c")),
    )
    assert actions(*steps) == [
        Write((Writes(b"\x82\x83abcd"),), lacking=3),
        Write((Writes(b"\0\0"),), lacking=1),
        Write((Writes(b"\0"),), lacking=0),
    ]
    assert actions(*steps, options=Options(chop=4))[0] == Write((Writes(b"\x82\x83abcd", 4),), lacking=3)


def test_closes_and_pauses_stand_where_they_are() -> None:
    steps = (Pause(5), Pause(6, "A"), Pause(7, exact=True), SendClose(3000, b"x"), Pause(8, "B"))
    expected = (Outcome(Behaviour.OK, (Pattern(EventKind.STILL_OPEN, tag="A"),)),)
    assert actions(*steps, outcomes=expected) == [
        Delay(5, None, True),
        Delay(6, "A", True),
        Delay(7),
        CloseWith(3000, b"x"),
        Delay(8, "B"),  # the best verdict is there before it ends
    ]


@pytest.mark.parametrize("named", [SendMessage(True, A), SendFrame(1, A)])
def test_rounds_wait_for_their_echoes_with_those_of_messages_before(named: SendMessage | SendFrame) -> None:
    fragments = (SendFrame(1, A, fin=False), SendFrame(9, A), SendFrame(8, A, rsv=1), SendFrame(0, A))
    before: list[Step] = [*fragments, OpenFrame(2, 0), OpenFrame(2, 1)]
    steps: list[Step] = [*before, SendData(A), Repeat(2, (named, SendMessage(False, A)))]
    text, binary = (Write((Writes(octets),), together=True) for octets in (b"\x81\1a", b"\x82\1a"))
    assert actions(*steps)[-6:] == [text, binary, AwaitEchoes(5), text, binary, AwaitEchoes(7)]


def test_a_case_that_is_declined_compression_only_closes() -> None:
    deflate = Deflate("permessage-deflate")
    assert list(bound(SendMessage(True, A), deflate=deflate).actions(voice(None, S, unsaid))) == [
        CloseWith(1000, b"")
    ]
    (written,) = actions(SendMessage(True, A), terms=Agreed(), deflate=deflate)
    assert isinstance(written, Write)
    ((one,), _) = decode(written.pieces[0].octets)
    assert (one.header.rsv, one.header.opcode) == (4, 1)
    (plain,) = actions(SendMessage(True, A, compress=False), terms=Agreed(), deflate=deflate)
    assert plain == Write((Writes(b"\x81\1a"),), together=True)


@pytest.mark.parametrize(
    ("patience", "arm"),
    [
        (Patience(5), Arm(Wait.FAIL, 5)),
        (Patience(5, "close"), Arm(Wait.CLOSE, 5)),
        (Patience(5, "fail", True), Arm(Wait.FAIL, 5, True)),
    ],
)
def test_patience_begins_when_all_is_sent_or_at_once_if_it_is_of_progress(
    patience: Patience, arm: Arm
) -> None:
    listed = list(bound(SendFrame(9), patience=patience).actions(voice(None, S, unsaid)))
    assert listed[0 if patience.stalled else -1] == arm
    assert len(listed) == 2


@pytest.mark.parametrize(
    ("closing", "outcome", "closes"),
    [
        (Closing(), ECHO, CloseWith(1000, b"")),
        (Closing(codes=(1001, 1000)), ECHO, CloseWith(1001, b"")),
        (Closing(codes=None), ECHO, CloseWith(1000, b"")),
        (Closing(by="either"), ECHO, CloseWith(1000, b"")),
        (Closing(by="testee"), ECHO, None),
        (Closing(), replace(ECHO, anything=True), None),
    ],
)
def test_who_closes_once_it_is_decided(
    closing: Closing, outcome: Outcome, closes: CloseWith | None
) -> None:
    found = bound(SendFrame(9), closing=closing, outcomes=(outcome,))
    assert found.close_with == closes
    assert found.talk == ((outcome.patterns,),)


def test_what_a_script_says_of_its_case() -> None:
    plain = bound(SendFrame(1, A), Pause(SECOND))
    assert (plain.tester, plain.whole, plain.chopped, plain.rounds) == (S, True, False, False)
    assert (plain.volume, plain.waits, plain.events) == (15 + 14, SECOND + Patience().after, 1)
    assert not plain.close_when_apart
    assert bound(SendFrame(1, A), options=Options(chop=1)).chopped
    assert bound(SendFrame(1, A), measured=True).close_when_apart
    assert bound(Repeat(2, (SendMessage(True, A),))).close_when_apart
    stalled = bound(SendFrame(1, A), patience=Patience(5, "fail", True))
    assert stalled.waits == 5 * Limits().stalls


def test_a_client_asks_for_what_the_user_says_and_a_case_offers() -> None:
    options = Options("/chat", "example.org:1", (("Origin", "x"), ("user-agent", "me")))
    (octets,) = opening(tester=C, options=options, deflate=Deflate("permessage-deflate"))
    head = parse_head(C, octets)
    assert isinstance(head, Request)
    assert head.target == "/chat"
    assert head.headers == (
        ("Host", "example.org:1"),
        ("Upgrade", "WebSocket"),
        ("Connection", "Upgrade"),
        ("Pragma", "no-cache"),
        ("Cache-Control", "no-cache"),
        ("Sec-WebSocket-Key", KEY),
        ("Sec-WebSocket-Extensions", "permessage-deflate"),
        ("Sec-WebSocket-Version", "13"),
        ("Origin", "x"),
        ("user-agent", "me"),
    )
    (plain,) = opening(tester=C)
    assert f"User-Agent: {AGENT}\r\n".encode() in plain
    assert b"Extensions" not in plain
    chopped = opening(tester=C, options=Options(chop=7))
    assert b"".join(chopped) == plain
    assert {len(piece) for piece in chopped[:-1]} == {7}


@pytest.mark.parametrize("measured", [True, False])
def test_a_tester_closes_once_whatever_comes_then(measured: bool) -> None:
    case = replace(Case("x", "", "", (SendFrame(1, A),), (ECHO,)), measured=measured)
    client = player(case)
    client.connected(0)
    client.received(ACCEPTED, 0)
    for now in range(3):
        client.received(b"\x81\1a", now)
    opening, *frames = client.output
    assert opening.startswith(b"GET ")
    found, _ = decode(b"".join(frames))
    assert [one.header.opcode for one in found] == [1, 8]


def test_rounds_are_alike_unless_each_sends_the_next_slice() -> None:
    same, slices = SendMessage(True, A), SendMessage(True, Payload(b"abc", next=1))
    assert Repeat(2, (same, same)).alike
    assert not Repeat(2, (same, slices)).alike
    assert not Repeat(2, (slices,)).alike
