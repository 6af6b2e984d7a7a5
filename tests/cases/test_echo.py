"""What comes back from an endpoint that echoes, from steps and from a log."""

from __future__ import annotations

import pytest

from replay.cases import echo as echoes
from replay.cases.echo import RepeatedEchoes, echo
from replay.cases.model import EventKind
from replay.cases.payload import Payload
from replay.cases.step import OpenFrame, Pause, Repeat, SendData, SendFrame, SendMessage, Step
from replay.source import Source, SourceError
from replay.trace.model import Cut, Octets, Trace
from replay.wire.frame import encode, frame
from replay.wire.handshake import encode_request
from replay.wire.side import Side
from tests.memory import ACCEPTED, REQUEST

SPAN = Source("x.yaml", "expect: [echo]").span(9, 13)


def sends(opcode: int, octets: bytes, fin: bool = True, name: str | None = None) -> SendFrame:
    return SendFrame(opcode, Payload(octets), fin, name=name)


def says(octets: bytes, name: str | None = None) -> SendMessage:
    return SendMessage(True, Payload(octets), name=name)


def back(*steps: Step, name: str | None = None) -> list[tuple[str, bytes]]:
    """The kinds and the payloads that come back."""
    found = echo(steps, SPAN, name)
    assert all(pattern.span == SPAN for pattern in found)
    return [
        (pattern.kind.value, pattern.payload.octets) for pattern in found if pattern.payload is not None
    ]


TEXT, BINARY = EventKind.TEXT.value, EventKind.BINARY.value


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        ((sends(1, b"a"), sends(2, b"b")), [(TEXT, b"a"), (BINARY, b"b")]),
        ((says(b"a"), SendMessage(False, Payload(b"b"))), [(TEXT, b"a"), (BINARY, b"b")]),
        ((sends(1, b"a", False), sends(0, b"b", False), sends(0, b"c")), [(TEXT, b"abc")]),
        (
            (sends(2, b"a", False), sends(9, b"?"), sends(0, b"b"), sends(1, b"c")),
            [(BINARY, b"ab"), (TEXT, b"c")],
        ),
        ((sends(1, b"a"), sends(8, b""), sends(3, b"x"), sends(11, b"y")), [(TEXT, b"a")]),
        ((OpenFrame(1, 4), SendData(Payload(b"ab")), SendData(Payload(b"cd"))), [(TEXT, b"abcd")]),
        ((OpenFrame(2, 0), says(b"x")), [(BINARY, b""), (TEXT, b"x")]),
        ((OpenFrame(1, 2, fin=False), SendData(Payload(b"ab")), sends(0, b"c")), [(TEXT, b"abc")]),
        (
            (OpenFrame(1, 1), SendData(Payload(b"a")), OpenFrame(1, 1), SendData(Payload(b"b"))),
            [(TEXT, b"a"), (TEXT, b"b")],
        ),
        ((says(b"a"), Repeat(2, (says(b"b"), sends(9, b"")))), [(TEXT, b"a"), (TEXT, b"b"), (TEXT, b"b")]),
    ],
)
def test_which_messages_come_back(steps: tuple[Step, ...], found: list[tuple[str, bytes]]) -> None:
    assert back(*steps) == found


@pytest.mark.parametrize(
    ("steps", "message", "hint"),
    [
        ((), "no data message is sent, so there is no echo", "write '- ok: []' to expect nothing at all"),
        (
            (sends(9, b""),),
            "no data message is sent, so there is no echo",
            "write '- ok: []' to expect nothing at all",
        ),
        ((sends(0, b""),), "there is no message to continue", None),
        ((sends(1, b"", False), sends(1, b"")), "a message begins inside another", None),
        ((sends(1, b"", False), says(b"")), "a message begins inside another", None),
        ((sends(1, b"a"), sends(1, b"", False)), "the last message isn't finished", None),
        ((OpenFrame(1, 4), SendData(Payload(b"abc"))), "the last message isn't finished", None),
        ((OpenFrame(1, 4), SendData(Payload(b"abcde"))), "the last message isn't finished", None),
    ],
)
def test_where_an_echo_is_unclear(steps: tuple[Step, ...], message: str, hint: str | None) -> None:
    with pytest.raises(SourceError) as error:
        echo(steps, SPAN)
    if hint is None:
        message, hint = f"the echo can't be determined: {message}", "list the expected messages instead"
    assert (error.value.message, error.value.hint, error.value.span) == (message, hint, SPAN)


NAMED: tuple[Step, ...] = (
    sends(1, b"a", name="one"),
    sends(2, b"b", False, name="two"),
    sends(9, b"?", name="ping"),
    sends(0, b"c", False),
    sends(0, b"d"),
    says(b"e", name="three"),
    says(b"f"),
)


@pytest.mark.parametrize(
    ("name", "found"),
    [("one", (TEXT, b"a")), ("two", (BINARY, b"bcd")), ("three", (TEXT, b"e"))],
)
def test_the_message_with_a_name(name: str, found: tuple[str, bytes]) -> None:
    assert back(*NAMED, name=name) == [found]
    assert back(Repeat(2, (says(b"x"),)), *NAMED, name=name) == [found]


@pytest.mark.parametrize(
    ("steps", "hint"),
    [
        (NAMED, "did you mean 'three'?"),
        ((sends(1, b"a"),), "a step names its message: 'text: {utf8: …, name: …}'"),
    ],
)
def test_a_name_that_no_message_has(steps: tuple[Step, ...], hint: str) -> None:
    with pytest.raises(SourceError) as error:
        echo(steps, SPAN, "thre")
    assert (error.value.message, error.value.hint) == ("no message has the name 'thre'", hint)


def test_a_joined_message_has_a_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(echoes, "MAX_JOINED", 2**20)
    half = bytes(2**19)
    assert back(sends(2, half, False), sends(0, half)) == [(BINARY, bytes(2**20))]
    assert len(back(sends(2, bytes(2**20 + 1)))[0][1]) == 2**20 + 1
    with pytest.raises(SourceError, match="a fragmented message is larger than 1 MiB"):
        back(sends(2, half, False), sends(0, half + b"x"))


@pytest.mark.parametrize("times", [1, 2, 5])
def test_rounds_that_send_one_slice_after_the_other(times: int) -> None:
    repeat = Repeat(times, (SendFrame(1, Payload(b"abcde", next=2)), says(b"x")))
    found = echo((repeat,), SPAN)
    assert isinstance(found, RepeatedEchoes)
    slices = ["ab", "cd", "ea", "bc", "de"][:times]
    wanted = [octets for part in slices for octets in (part.encode(), b"x")]
    assert len(found) == len(wanted) == 2 * times
    assert [each.payload and each.payload.octets for each in found] == wanted
    assert [each.payload and each.payload.octets for each in found[1:-1]] == wanted[1:-1]
    for number, octets in enumerate(wanted):
        for index in (number, number - len(wanted)):
            payload = found[index].payload
            assert payload == found[number].payload
            assert payload is not None
            assert payload.octets == octets
            assert found[index].span == SPAN
    with pytest.raises(IndexError):
        found[len(wanted)]


def test_rounds_of_fragments_are_joined_round_by_round() -> None:
    fragments = (SendFrame(2, Payload(b"abc", next=2), False), SendFrame(0, Payload(b"-")))
    found = echo((Repeat(3, fragments),), SPAN)
    assert [each.payload and each.payload.octets for each in found] == [b"ab-", b"ca-", b"bc-"]
    alike = echo((Repeat(3, (sends(2, b"a", False), sends(0, b"b"))),), SPAN)
    assert [each.payload and each.payload.octets for each in alike] == [b"ab"] * 3


def test_what_comes_back_of_a_log_is_what_its_recorder_sent() -> None:
    sent = Octets(
        Side.CLIENT, encode_request("/", REQUEST) + encode(frame(1, b"a", fin=False, key=b"abcd"))
    )
    rest = Octets(Side.CLIENT, encode(frame(0, b"b", key=b"abcd")))
    other = Octets(Side.SERVER, ACCEPTED + encode(frame(2, b"c")))
    entries = (sent, other, rest)
    of_client, of_server = (echo(Trace(side, entries), SPAN) for side in (Side.CLIENT, Side.SERVER))
    assert [(each.kind, each.payload) for each in of_client] == [(EventKind.TEXT, Payload(b"ab"))]
    assert [(each.kind, each.payload) for each in of_server] == [(EventKind.BINARY, Payload(b"c"))]
    cut = Octets(Side.CLIENT, b"\x81", cut=Cut(1))
    with pytest.raises(SourceError, match="octets are missing from the log"):
        echo(Trace(Side.CLIENT, (*entries, cut)), SPAN)
    assert len(echo(Trace(Side.SERVER, (*entries, cut)), SPAN)) == 1


def test_steps_that_send_nothing_change_nothing() -> None:
    pause = Pause(1)
    assert back(pause, OpenFrame(1, 2), SendData(Payload(b"a")), pause, SendData(Payload(b"b"))) == [
        (TEXT, b"ab")
    ]
