"""A connection that was cut at a bound on what is read: what was seen decides, what is missing doesn't."""

from __future__ import annotations

import pytest

from replay.cases.model import Behaviour, Profile
from replay.suite.files import known
from replay.trace.model import Drop, Entry, How, Octets, Timer, Trace, Wait
from replay.verdict.judge import judge
from replay.verdict.result import ClosingVerdict
from replay.wire.blocks import TAIL
from replay.wire.deflate import Deflater
from replay.wire.frame import encode, frame
from replay.wire.side import Side
from tests.report.samples import close, deflating, opened, packed, sent

C, S = Side.CLIENT, Side.SERVER
ASKED = Octets(C, sent(1, b"*" * 125))  # case 1.1.2
OURS = Octets(C, sent(1, b"*" * 9)[:9])  # a frame of the tester's that isn't whole
CUT = (Timer(Wait.LIMIT, True, tag="4,000 events"), Drop(C, How.RST))
WHY = "the server sent more than replay reads from one connection, which is 4,000 events"


def server(opcode: int, payload: bytes) -> Octets:
    return Octets(S, encode(frame(opcode, payload)))


PINGS = server(9, b"")


@pytest.mark.parametrize(
    "seen",
    [
        (ASKED, PINGS),
        (ASKED,),
        (ASKED, server(1, b"*" * 125), PINGS),
        (ASKED, PINGS, OURS),
        (ASKED, server(1, b"*" * 125), Octets(C, close(key=bytes(4))), Octets(S, close()), PINGS),
    ],
)
def test_what_is_missing_behind_the_bound_is_not_judged(seen: tuple[Entry, ...]) -> None:
    result = judge(known()["1.1.2"], Trace(C, opened(*seen, *CUT)), C)
    assert (result.unjudged, result.failed, result.cause) == (WHY, False, None)
    closed = result.facts.testee_close is not None
    unclean = "replay stopped reading after 4,000 events" if closed else "the server sent no Close frame"
    assert result.facts.unclean_reason == unclean


@pytest.mark.parametrize(
    ("seen", "closing"),
    [
        ((ASKED, server(1, b"?"), PINGS), ClosingVerdict.UNCLEAN),
        ((ASKED, server(2, b"*" * 125), PINGS), ClosingVerdict.UNCLEAN),
        ((ASKED, Octets(S, close(1000))), ClosingVerdict.UNCLEAN),
        ((ASKED, Octets(S, encode(frame(1, b"*" * 999))[:-1])), ClosingVerdict.UNCLEAN),
    ],
)
def test_what_was_seen_decides_all_the_same(seen: tuple[Entry, ...], closing: ClosingVerdict) -> None:
    result = judge(known()["1.1.2"], Trace(C, opened(*seen, *CUT)), C)
    assert (result.behaviour, result.closing) == (Behaviour.FAILED, closing)
    assert (result.unjudged, result.failed) == (None, True)
    assert result.cause is not None
    assert result.closing_reason == f"the client gave up: {WHY}"


@pytest.mark.parametrize(
    ("profile", "fails"),
    [(Profile.AUTOBAHN, False), (Profile.RFC, True)],
)
def test_by_the_rfcs_a_breach_that_was_seen_decides(profile: Profile, fails: bool) -> None:
    """A message that keeps its last four octets breaks a rule that only a case of compression fails by."""
    case = known()["12.1.1"].under(profile)
    payload = case.outcomes[0].patterns[0].payload
    assert payload is not None
    deflated = Deflater(12, False).message(payload.octets)
    seen = (Octets(C, packed(1, deflated, key=bytes(4))), Octets(S, packed(1, deflated + TAIL)))
    result = judge(case, Trace(C, deflating(*seen, *CUT)), C)
    assert [breach.rule for breach in result.broken] == ["tail-removed"]
    assert result.failed is fails
    assert (result.unjudged is None) is fails
