"""Compressed connections: played, kept in short, and played again where something else is agreed."""

from __future__ import annotations

import random

import pytest
from msgspec.structs import replace

from replay import limits
from replay.cases.load import load
from replay.cases.model import Behaviour, Case, Closing
from replay.cases.recorded import case_of
from replay.play.actions import Options
from replay.play.compression import MOST
from replay.play.echo import EchoEndpoint
from replay.play.endpoint import Limits
from replay.play.player import Player
from replay.protocol.events import Close, Event, Message, Opened
from replay.protocol.interpreter import observe
from replay.protocol.negotiation import Agreed, Ask
from replay.report import causes
from replay.source import Source
from replay.suite.files import known
from replay.trace.framing import stream
from replay.trace.model import Digest, Octets, Trace
from replay.trace.wirelog import parse, write
from replay.verdict.judge import REENCODED, judge
from replay.verdict.result import ClosingVerdict
from replay.wire.frame import Opcode
from replay.wire.side import Side
from tests.memory import OFFER, echo, flawless, join, player

GOOD = (Behaviour.OK, ClosingVerdict.OK)
PERMISSIVE = "permessage-deflate; client_no_context_takeover; client_max_window_bits"


def case(send: str, deflate: str = f"{{offer: {PERMISSIVE}}}") -> Case:
    text = f"section: x\ndeflate: {deflate}\n"
    text += f"cases: [{{id: x, title: x, send: {send}, expect: [ok: [echo]]}}]\n"
    (found,) = load(Source("x.yaml", text))
    return found


def asking(*asks: Ask) -> EchoEndpoint:
    """A server that asks so of the client; one that asks for nothing declines."""
    peer = flawless(MESSAGES, Side.CLIENT)
    peer.asks = asks
    return peer


def played(of: Case, peer: EchoEndpoint, options: Options | None = None) -> Player:
    own = player(of, peer.side.other, options)
    join(own, peer)
    return own


def whole(own: Player) -> Trace:
    return Trace(own.side, tuple(own.entries))


def sent(trace: Trace, side: Side) -> list[Message]:
    return [event for event in observe(trace) if isinstance(event, Message) and event.side is side]


def verdict(of: Case, trace: Trace, tester: Side) -> tuple[Behaviour, ClosingVerdict]:
    result = judge(of, trace, tester)
    return result.behaviour, result.closing


# What is sent.

MESSAGES = case(
    "[message: {utf8: a long unit is told again shorter, size: 3000},"
    " message: {utf8: a long unit is told again shorter, size: 3000, fragment: 5},"
    " message: {hex: fe, size: 9, kind: binary, compress: false}, text: plain, message: {utf8: ''}]"
)


@pytest.mark.parametrize("tester", Side)
def test_messages_are_compressed_unless_they_are_not_to_be(tester: Side) -> None:
    own = played(MESSAGES, flawless(MESSAGES, tester))
    assert verdict(MESSAGES, own.trace(), tester) == GOOD
    messages = sent(own.trace(), tester)
    assert [message.compressed for message in messages] == [True, True, False, False, True]
    assert [len(message.data) for message in messages] == [3000, 3000, 9, 5, 0]
    assert {length for _, length in messages[1].parts[:-1]} == {5}
    assert messages[0].parts[0][1] > sum(length for _, length in messages[1].parts)  # the context is kept
    assert messages[4].parts[0][1] == 1


@pytest.mark.parametrize("kept", ["", "; server_no_context_takeover"])
def test_rounds_of_which_no_more_is_kept_go_on_as_they_began(kept: str) -> None:
    noise = random.Random(0).randbytes
    again = noise(1000)  # of which each message has some, as the one before
    unit = b"".join(again + noise(4000) for _ in range(20))
    send = f"[repeat: {{times: 18, send: [message: {{hex: {unit.hex()}, next: 99991, kind: binary}}]}}]"
    assert MOST < 18 * 80_000
    own = played(of := case(send, f"{{offer: {PERMISSIVE}{kept}}}"), flawless(of, Side.SERVER))
    assert verdict(of, whole(own), Side.SERVER) == GOOD


@pytest.mark.parametrize("tester", Side)
def test_who_declines_is_unimplemented_and_is_sent_no_message(tester: Side) -> None:
    own = played(MESSAGES, asking() if tester is Side.CLIENT else echo(Side.CLIENT))
    assert [event.code for event in observe(own.trace()) if isinstance(event, Close)] == [1000, 1000]
    assert verdict(MESSAGES, own.trace(), tester) == (Behaviour.UNIMPLEMENTED, ClosingVerdict.OK)
    assert not sent(own.trace(), tester)


@pytest.mark.parametrize("tester", Side)
@pytest.mark.parametrize(
    "closing",
    [
        Closing(by="testee", codes=None, clean=False, decisive=True),
        Closing(by="testee", codes=(1007,), wrong_code_fails=True, decisive=True),
        Closing(by="testee", codes=(1002,), wrong_code_fails=True),
    ],
)
def test_who_declines_is_not_asked_to_close_as_who_accepts(tester: Side, closing: Closing) -> None:
    of = replace(MESSAGES, closing=closing)
    own = played(of, asking() if tester is Side.CLIENT else echo(Side.CLIENT))
    assert verdict(of, own.trace(), tester) == (Behaviour.UNIMPLEMENTED, ClosingVerdict.OK)
    taken = played(of, flawless(of, tester))
    assert verdict(of, taken.trace(), tester)[1] is not ClosingVerdict.OK


@pytest.mark.parametrize(
    ("deflate", "agreed"),
    [
        (f"{{offer: {PERMISSIVE}}}", Agreed()),
        (f"{{offer: {PERMISSIVE}; server_max_window_bits=9}}", Agreed(server_max_window_bits=9)),
        ("{offer: [permessage-deflate; bad, permessage-deflate]}", Agreed()),
        (
            f"{{offer: [{PERMISSIVE}; server_no_context_takeover, {PERMISSIVE}]}}",
            Agreed(server_no_context_takeover=True),
        ),
    ],
)
def test_what_is_offered_is_agreed(deflate: str, agreed: Agreed) -> None:
    own = played(case("[message: {utf8: a}]", deflate), asking(Ask()))
    assert [event.agreed for event in observe(own.trace()) if isinstance(event, Opened)] == [agreed]


@pytest.mark.parametrize(
    ("answer", "agreed"),
    [
        ("permessage-deflate; client_max_window_bits=9", Agreed(client_max_window_bits=9)),
        ("permessage-deflate; client_no_context_takeover", Agreed(client_no_context_takeover=True)),
        (
            "[permessage-deflate; client_max_window_bits=15, permessage-deflate]",
            Agreed(),
        ),
    ],
)
def test_what_a_server_asks_for_is_agreed(answer: str, agreed: Agreed) -> None:
    asks = case("[message: {utf8: a}]", f"{{offer: permessage-deflate, answer: {answer}}}")
    own = played(asks, flawless(asks, Side.SERVER))
    assert [event.agreed for event in observe(own.trace()) if isinstance(event, Opened)] == [agreed]
    assert verdict(asks, own.trace(), Side.SERVER) == GOOD


# What is kept of it.

ROUNDS = known()["12.2.4"]


class Pinging(EchoEndpoint):
    """Sends a Ping beside the 40th echo."""

    count = 0

    def event(self, event: Event) -> None:
        super().event(event)
        if isinstance(event, Message) and event.side is not self.side:
            self.count += 1
            if self.count == 40:
                self.send_frame(Opcode.PING, b"in between")


class Garbling(EchoEndpoint):
    """Sends another message in place of the 40th echo."""

    count = 0

    def send_message(self, text: bool, data: bytes) -> None:
        self.count += 1
        super().send_message(text, data if self.count != 40 else data[:-1] + b"?")


class Late(EchoEndpoint):
    """Sends one more message when it is asked to close."""

    def reply_code(self, close: Close) -> int | None:
        self.send_message(True, b"late")
        return super().reply_code(close)


def like(kind: type[EchoEndpoint], tester: Side) -> EchoEndpoint:
    return echo(tester.other, OFFER, kind)


@pytest.mark.parametrize("tester", Side)
def test_rounds_that_came_back_are_kept_as_digests_and_judged_the_same(tester: Side) -> None:
    own = played(ROUNDS, flawless(ROUNDS, tester))
    short, long = judge(ROUNDS, own.trace(), tester), judge(ROUNDS, whole(own), tester)
    digests = [entry.side for entry in own.trace().entries if isinstance(entry, Digest)]
    assert digests == [tester, tester.other] * (len(digests) // 2)
    assert 0 < len(digests) < 2 * len(ROUNDS.outcomes[0].patterns)
    size = sum(len(entry.data) for entry in own.trace().entries if isinstance(entry, Octets))
    assert size < whole(own).size / 2
    assert (short.behaviour, short.closing) == (long.behaviour, long.closing) == GOOD
    assert (short.closing_reason, short.outcome, short.broken) == (
        long.closing_reason,
        long.outcome,
        long.broken,
    )
    assert short.facts.clean
    assert long.facts.clean
    assert len(short.received) == len(long.received)
    assert short.duration == long.duration
    text = write(own.trace((("case", ROUNDS.id),)))
    again = judge(ROUNDS, parse(Source("x", text)).trace, tester)
    assert (again.behaviour, again.closing) == GOOD


@pytest.mark.parametrize("tester", Side)
@pytest.mark.parametrize(
    ("kind", "behaviour"),
    [(Pinging, Behaviour.OK), (Garbling, Behaviour.FAILED), (Late, Behaviour.FAILED)],
)
def test_what_is_out_of_the_ordinary_is_kept_whole(
    kind: type[EchoEndpoint], behaviour: Behaviour, tester: Side
) -> None:
    own = played(ROUNDS, like(kind, tester))
    assert whole(own).size > 2 * limits.WHOLE.default
    assert own.trace().entries == tuple(own.entries)
    assert verdict(ROUNDS, own.trace(), tester)[0] is behaviour


# What a log needs to be played.


def frames(trace: Trace, side: Side) -> list[int]:
    headers = [found.header for found in stream(trace.entries, side).frames]
    return [header.opcode for header in headers if header is not None]


@pytest.mark.parametrize("tester", Side)
def test_a_log_is_played_octet_for_octet_where_the_same_is_agreed(tester: Side) -> None:
    log = played(MESSAGES, flawless(MESSAGES, tester)).trace()
    own = played(case_of(log, "log", tester), flawless(MESSAGES, tester))
    assert verdict(case_of(log, "log", tester), own.trace(), tester) == GOOD
    assert octets(own.trace(), tester) == octets(log, tester)


def octets(trace: Trace, side: Side) -> list[bytes]:
    return [entry.data for entry in trace.entries if isinstance(entry, Octets) and entry.side is side]


OTHERS = {
    "no compression": (),
    "permessage-deflate; client_no_context_takeover": (Ask(client_no_context_takeover=True),),
    "permessage-deflate; client_max_window_bits=9": (Ask(client_max_window_bits=9),),
}
"""What is agreed instead, and what a server asks for then."""


@pytest.mark.parametrize("agreed", OTHERS)
def test_a_log_is_not_played_where_its_octets_would_mean_something_else(agreed: str) -> None:
    of = case_of(played(MESSAGES, asking(Ask())).trace(), "log", Side.CLIENT)
    own = played(of, asking(*OTHERS[agreed]))
    result = judge(of, own.trace(), Side.CLIENT)
    assert frames(own.trace(), Side.CLIENT) == [Opcode.CLOSE]
    assert result.behaviour is Behaviour.FAILED
    said = f"the server agreed on {agreed}, but in the log on permessage-deflate"
    assert f"the recorded messages were not sent: {said}; --reencode compresses them again" in result.notes


@pytest.mark.parametrize("agreed", OTHERS)
def test_compressed_anew_it_is_played_anyway(agreed: str) -> None:
    of = case_of(played(MESSAGES, asking(Ask())).trace(), "log", Side.CLIENT)
    own = played(of, asking(*OTHERS[agreed]), Options(reencode=True))
    result = judge(of, own.trace(((REENCODED, "yes"),)), Side.CLIENT)
    assert (result.behaviour, result.closing, result.notes) == (*GOOD, ()), result.closing_reason
    assert result.broken == ()
    assert [message.data for message in sent(own.trace(), Side.CLIENT)] == [
        pattern.payload.octets for pattern in MESSAGES.outcomes[0].patterns if pattern.payload is not None
    ]


def test_a_log_that_compresses_nothing_is_played_and_another_agreement_told() -> None:
    of = case_of(played(case("[text: a]"), asking(Ask())).trace(), "log", Side.CLIENT)
    result = judge(of, played(of, asking()).trace(), Side.CLIENT)
    assert [message.data for message in sent(result.trace, Side.CLIENT)] == [b"a"]
    assert result.behaviour is Behaviour.FAILED
    assert causes.why(result) == (
        "opening handshake: the server agreed on no extension; in the log it agreed on permessage-deflate"
    )
    assert verdict(of, played(of, asking(Ask())).trace(), Side.CLIENT) == GOOD


# What is read of it.


class Swelling(EchoEndpoint):
    """Sends messages of 9 MiB, few octets each."""

    def send_message(self, text: bool, data: bytes) -> None:
        for _ in range(2):
            super().send_message(False, bytes(9 * 2**20))


def test_messages_that_inflate_to_too_much_together_are_given_up() -> None:
    one = case("[message: {utf8: a}]")
    own = player(one, Side.CLIENT, limits=Limits(octets=2**20))
    join(own, like(Swelling, Side.CLIENT))
    result = judge(one, own.trace(), Side.CLIENT)
    assert result.facts.bound == f"{own.limits.octets:,} octets"
    assert result.broken == ()
