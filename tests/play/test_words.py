"""What the words of a case make the player do: pieces, rounds, patience, pauses, profiles."""

from __future__ import annotations

import pytest

from replay.cases.load import load
from replay.cases.model import Behaviour, Case, Profile
from replay.play.actions import Options
from replay.play.endpoint import Limits
from replay.play.pace import FULL, MOST_GROWTH, OPENINGS, SHORTEST, TRIPS, Pace
from replay.play.player import Player
from replay.play.script import script
from replay.protocol.events import Close, Message, Ping, Pong, Violation
from replay.protocol.interpreter import observe
from replay.source import Source
from replay.trace.model import SECOND, Octets, Timer, Trace, Wait
from replay.verdict.judge import judge
from replay.verdict.result import ClosingVerdict, Judged
from replay.wire.frame import encode, frame
from replay.wire.side import Side
from tests.memory import ACCEPTED, KEY, against, echo, join, keys, player


def case(send: str, expect: str = "[ok: [echo]]", more: str = "") -> Case:
    text = (
        f"section: x\ncases:\n  - id: x\n    title: x\n    send: {send}\n    expect: {expect}\n    {more}\n"
    )
    (found,) = load(Source("x.yaml", text))
    return found


def sends(at: float, opcode: int, payload: bytes, fin: bool = True) -> dict[str, object]:
    """What a server does at that second."""
    return {"at": at, "octets": encode(frame(opcode, payload, fin=fin)).hex()}


def says(at: float, text: str) -> dict[str, object]:
    return sends(at, 1, text.encode())


def verdict(of: Case, peer: list[dict[str, object]]) -> Judged:
    return judge(of, against(of, Side.CLIENT, peer), Side.CLIENT)


def of_client(trace: Trace) -> list[type]:
    """The frames that the client sent, a message's as one."""
    events = (event for event in observe(trace) if event.side is Side.CLIENT)
    return [type(event) for event in events if isinstance(event, Message | Ping | Pong | Close)]


def fired(trace: Trace, wait: Wait) -> int:
    """When it ran out."""
    (at,) = [e.at for e in trace.entries if isinstance(e, Timer) and e.fired and e.wait is wait]
    assert at is not None
    return at


def declared(of: Case, pace: Pace = FULL, opening: int = 0) -> dict[Wait, int]:
    """The waits of a case on a flawless server: how long each is said to be."""
    own = Player(script(of, Side.CLIENT, Options(), Limits(), keys(Side.CLIENT), KEY), Limits(), pace)
    own.connected(0)
    own.received(ACCEPTED, opening)
    while not own.done and own.deadline is not None:
        own.wake(own.deadline)
    timers = (entry for entry in own.entries if isinstance(entry, Timer) and not entry.fired)
    return {timer.wait: timer.after for timer in timers if timer.after is not None}


# Frames in pieces.

PIECES = case("[open-frame: {opcode: 1, length: 5}, data: Hel, pause: 1 s, data: lo]")


def test_a_pong_waits_for_the_end_of_the_frame() -> None:
    trace = against(PIECES, Side.CLIENT, [sends(0.2, 9, b"p"), sends(0.4, 9, b"q"), says(1.5, "Hello")])
    assert of_client(trace) == [Message, Pong, Pong, Close]
    assert [e.data for e in observe(trace) if isinstance(e, Pong)] == [b"p", b"q"]
    assert not [event for event in observe(trace) if isinstance(event, Violation)]
    assert judge(PIECES, trace, Side.CLIENT).behaviour is Behaviour.OK


@pytest.mark.parametrize("between", ["", 'data: "", ', 'data: {utf8: x, size: 0}, data: "", '])
def test_each_piece_that_has_octets_is_a_write_under_one_mask(between: str) -> None:
    own = player(case(f"[open-frame: {{opcode: 1, length: 5}}, data: Hel, {between}data: lo]"))
    join(own, echo())
    _, header, *pieces, _ = (
        entry.data for entry in own.entries if isinstance(entry, Octets) and entry.side is Side.CLIENT
    )
    assert (len(header), [len(piece) for piece in pieces]) == (6, [3, 2])
    assert judge(PIECES, own.trace(), Side.CLIENT).behaviour is Behaviour.OK


# Rounds.

AFTER = "repeat: {times: 3, send: [text: a]}"
ROUNDS = case(f"[text: first, {AFTER}]")


@pytest.mark.parametrize(
    "first",
    [
        "text: first",
        "open-frame: {opcode: 1, length: 5}, data: fir, data: st",
        "open-frame: {opcode: 1, length: 5, fin: false}, data: first, open-frame: {opcode: 0, length: 0}",
    ],
)
@pytest.mark.parametrize("answers", range(5))
def test_a_round_waits_for_what_was_sent_before(first: str, answers: int) -> None:
    peer = [says(0.1 * (number + 1), "a" if number else "first") for number in range(answers)]
    sent = of_client(against(case(f"[{first}, {AFTER}]"), Side.CLIENT, peer)).count(Message)
    assert sent == min(2 + max(answers - 1, 0), 4)


def test_a_round_counts_no_other_events() -> None:
    peer = [sends(0.1, 9, b""), sends(0.2, 10, b"a"), says(0.3, "first"), sends(0.4, 1, b"a", fin=False)]
    assert of_client(against(ROUNDS, Side.CLIENT, peer)).count(Message) == 2


# Patience.


@pytest.mark.parametrize("then", ["fail", "close"])
@pytest.mark.parametrize(("word", "end"), [("after", 1.0), ("stalled", 3.4)])
def test_patience_that_stalls_starts_again_with_each_octet(word: str, end: float, then: str) -> None:
    slow = case("[text: abcd]", more=f"patience: {{{word}: 1 s, then: {then}}}")
    peer = [sends(0.8, 1, b"a", fin=False), sends(1.6, 0, b"b", fin=False), sends(2.4, 0, b"c", fin=False)]
    trace = against(slow, Side.CLIENT, peer)
    assert fired(trace, Wait.CLOSE if then == "close" else Wait.FAIL) == pytest.approx(end * SECOND)


def test_patience_that_stalls_holds_while_rounds_are_sent() -> None:
    rounds = case(
        "[repeat: {times: 4, send: [text: a]}]",
        more="patience: {stalled: 1 s, then: close}\n    masks: one",
    )
    trace = against(rounds, Side.CLIENT, [says(0.8 * number, "a") for number in (1, 2, 3)])
    assert of_client(trace).count(Message) == 4
    assert fired(trace, Wait.CLOSE) == pytest.approx(3.4 * SECOND)


def test_patience_that_stalls_holds_while_a_slow_socket_takes_what_is_sent() -> None:
    of = case("[text: abcd]", more="patience: {stalled: 1 s, then: fail}")
    own = player(of, options=Options(chop=2))
    own.connected(0)
    while own.pending:
        own.pump(0)
    own.received(ACCEPTED, 0)
    now = 0
    while own.pending:
        now += 8 * SECOND // 10
        own.wake(now)
        own.pump(now)
    assert now > 2 * SECOND
    own.wake(now + SECOND - 1)
    assert not any(isinstance(entry, Timer) and entry.fired for entry in own.entries)
    own.wake(now + SECOND)
    assert fired(own.trace(), Wait.FAIL) == now + SECOND


@pytest.mark.parametrize("opening", [0, SECOND // 100, SECOND // 4, 4 * SECOND])
def test_a_slow_opening_lets_patience_grow(opening: int) -> None:
    found = declared(case("[text: a]"), opening=opening)[Wait.FAIL]
    assert found == max(SECOND, min(OPENINGS * opening, MOST_GROWTH * SECOND))


# Pauses.

TAGGED = "[pause: {after: 5 s, tag: A}]"


@pytest.mark.parametrize(
    ("send", "expect", "shortened"),
    [
        ("[pause: 5 s]", "[ok: []]", True),
        ("[pause: {after: 5 s, exact: true}]", "[ok: []]", False),
        (TAGGED, "[ok: [still-open: A]]", True),
        (TAGGED, "[ok: [], non-strict: [still-open: A]]", False),
        ("[pause: {after: 5 s, tag: A, exact: true}]", "[ok: [still-open: A]]", False),
    ],
)
@pytest.mark.parametrize("round_trip", [None, 0, 1000, SECOND // 50, SECOND])
def test_a_pause_on_the_way_to_the_best_verdict_is_shortened(
    send: str, expect: str, shortened: bool, round_trip: int | None
) -> None:
    found = declared(case(send, expect), Pace(round_trip))[Wait.DELAY]
    if shortened and round_trip is not None:
        assert found == min(5 * SECOND, max(SHORTEST, TRIPS * round_trip))
    else:
        assert found >= 5 * SECOND


# Messages compared by their length.


@pytest.mark.parametrize(
    ("compare", "came", "closes"), [("length", "abcx", 0.1), ("length", "abc", 0.1), ("exact", "abcx", 1.0)]
)
def test_the_first_wrong_message_ends_a_case_that_measures(compare: str, came: str, closes: float) -> None:
    measured = case("[text: abcd, text: efgh]", more=f"compare: {compare}")
    result = verdict(measured, [says(0.1, came)])
    (at,) = [
        entry.at
        for entry in result.trace.entries
        if isinstance(entry, Octets) and entry.side is Side.CLIENT and entry.data[0] == 0x88
    ]
    assert at == pytest.approx(closes * SECOND)
    assert result.behaviour is Behaviour.FAILED
    stricter = [note for note in result.notes if note.startswith("stricter than Autobahn")]
    assert len(stricter) == (compare == "length" and len(came) == 4)


# Outcomes that end their own way.

TOO_BIG = sends(0.1, 8, b"\x03\xf1")
ENDED: dict[str, object] = {"at": 0.2, "tcp": "drop"}


@pytest.mark.parametrize(
    ("peer", "behaviour", "closing"),
    [
        ([TOO_BIG, ENDED], Behaviour.NON_STRICT, ClosingVerdict.OK),
        ([sends(0.1, 8, b"\x03\xf3"), ENDED], Behaviour.FAILED, ClosingVerdict.FAILED),
        ([sends(1.2, 8, b"\x03\xe8"), ENDED], Behaviour.FAILED, ClosingVerdict.OK),  # answers the tester's
        (
            [says(0.1, "a"), sends(0.2, 8, b"\x03\xe8"), {"at": 0.3, "tcp": "drop"}],
            Behaviour.OK,
            ClosingVerdict.OK,
        ),
        ([says(0.1, "a"), TOO_BIG, ENDED], Behaviour.OK, ClosingVerdict.WRONG_CODE),
    ],
)
def test_a_list_with_a_closing_of_its_own_fits_only_with_that(
    peer: list[dict[str, object]], behaviour: Behaviour, closing: ClosingVerdict
) -> None:
    own = "{events: [], close: {by: testee, code: 1009, clean: optional}}"
    limited = case("[text: a]", f"[ok: [echo], non-strict: {own}]", "patience: {then: close}")
    found = verdict(limited, peer)
    assert (found.behaviour, found.closing) == (behaviour, closing)


# Profiles.


@pytest.mark.parametrize(
    ("profile", "behaviour"), [(Profile.AUTOBAHN, Behaviour.FAILED), (Profile.RFC, Behaviour.OK)]
)
def test_a_pong_that_nobody_asked_for(profile: Profile, behaviour: Behaviour) -> None:
    asked = case("[ping: p, text: a]", "[ok: [pong: p, echo]]").under(profile)
    peer = [sends(0.1, 10, b"x"), sends(0.2, 10, b"p"), says(0.3, "a"), sends(0.4, 8, b"\x03\xe8")]
    assert verdict(asked, peer).behaviour is behaviour
    assert verdict(asked, peer[1:]).behaviour is Behaviour.OK
    assert verdict(asked, [peer[1], peer[1], *peer[2:]]).behaviour is behaviour  # answers no second time


ASSIGNED = (1000, 1011, 3000)
LATER = (1012, 1013, 1014)  # in the registry, but not in the RFC
NO_TEXT = (5000, 65535)  # speaks of these
NEVER = (1005, 1006, 1015)


@pytest.mark.parametrize("code", [*ASSIGNED, *LATER, *NO_TEXT, *NEVER, 0, 999, 1004, 1016, 2999])
def test_codes_of_a_close(code: int) -> None:
    ends = case("[text: a]", "[ok: []]", "close: {by: testee, codes: any, clean: optional}")
    peer: list[dict[str, object]] = [sends(0.1, 8, code.to_bytes(2, "big")), {"at": 0.2, "tcp": "drop"}]
    original, ours = (verdict(ends.under(profile), peer) for profile in Profile)
    rule = "close-code" if code in NEVER else "close-code-assigned"
    assert _first(original) == (None if code in ASSIGNED else rule)
    assert (original.closing is ClosingVerdict.OK) is (code in ASSIGNED), original.closing_reason
    legal = code in (*ASSIGNED, *LATER, *NO_TEXT)
    assert _first(ours) == (None if legal else rule)
    assert (ours.closing is ClosingVerdict.OK) is (code not in NEVER), ours.closing_reason
    assert ours.behaviour is (Behaviour.OK if legal or code in NEVER else Behaviour.NON_STRICT)


def _first(result: Judged) -> str | None:
    return result.broken[0].rule if result.broken else None


@pytest.mark.parametrize("usual", ["usual: 1002", "usual: [1002, 1007]", "code: 1002"])
@pytest.mark.parametrize("code", [1002, 1007, 1008, 4000, 1006])
def test_by_the_rfcs_a_usual_code_is_no_demand(usual: str, code: int) -> None:
    ends = case("[text: a]", "[ok: []]", f"close: {{by: testee, {usual}, clean: optional}}")
    peer: list[dict[str, object]] = [sends(0.1, 8, code.to_bytes(2, "big")), {"at": 0.2, "tcp": "drop"}]
    original, ours = (verdict(ends.under(profile), peer).closing for profile in Profile)
    assert (original is ClosingVerdict.OK) is (str(code) in usual)
    assert (ours is ClosingVerdict.OK) is (str(code) in usual or ("usual" in usual and code != 1006))
