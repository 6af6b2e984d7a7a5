"""The table of the closing handshake is total, and each of its rules is a row."""

from __future__ import annotations

from itertools import product

import pytest

from replay.protocol.closing import CLOSING, Act
from replay.protocol.events import Close, CloseBegins, Violation
from replay.protocol.frame_rules import NEVER_SENT, REGISTERED, RFC_6455, close_breaches
from replay.protocol.interpreter import observe
from replay.protocol.rules import RULES
from replay.trace.model import Octets, Trace
from replay.verdict.facts import closing_facts
from replay.wire.side import Side


def test_each_cell_is_written() -> None:
    assert set(CLOSING) == set(product((False, True), (False, True), Act))
    assert {rule for rule in CLOSING.values() if rule} <= set(RULES)


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1011, 3000, 4999])
def test_codes_that_may_stand_in_a_close(code: int) -> None:
    assert not list(close_breaches(code.to_bytes(2, "big") + "grüße".encode(), RFC_6455))


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1012, 1015, 1016, 2999, 5000, 65535])
def test_codes_that_may_not(code: int) -> None:
    (breach,) = close_breaches(code.to_bytes(2, "big"), RFC_6455)
    assert breach.rule == ("close-code" if code in (1005, 1006, 1015) else "close-code-assigned")
    assert RULES[breach.rule].level == ("MUST" if code in (1005, 1006, 1015) else "SHOULD")


def test_a_code_and_a_reason_are_two_breaches() -> None:
    found = [breach.rule for breach in close_breaches(b"\x07\xd0\xff", RFC_6455)]
    assert found == ["close-code-assigned", "close-reason-is-utf8"]


def test_the_registry_has_moved_on() -> None:
    allowed = {
        code for code in range(65536) if not list(close_breaches(code.to_bytes(2, "big"), REGISTERED))
    }
    assert {code for code in allowed if code not in RFC_6455} == {1012, 1013, 1014, *range(5000, 65536)}
    assert not allowed & NEVER_SENT


CLOSE, MASKED_CLOSE, MASKED_PING = "880203e8", "888201020304 02ea", "898001020304"


@pytest.mark.parametrize("asked", [MASKED_PING, MASKED_PING + MASKED_CLOSE])
@pytest.mark.parametrize(
    ("behind", "broken"),
    [
        ("8a00", False),  # it answers the Ping that came before the other Close
        ("8a0178", False),  # a Pong that nobody asked for
        ("8900", False),
        (CLOSE, False),
        ("810161", True),
        ("8200", True),
        ("0101 61 8900 8001 62", True),
        ("8a00 810161", True),
    ],
)
def test_data_frames_alone_must_not_stand_behind_a_close(asked: str, behind: str, broken: bool) -> None:
    trace = connection((S, CLOSE), (C, asked), (S, behind), (C, MASKED_CLOSE))
    rules = {event.rule for event in observe(trace) if isinstance(event, Violation)}
    assert rules == ({"nothing-after-close"} if broken else set())


def connection(*sent: tuple[Side, str], recorder: Side = Side.CLIENT) -> Trace:
    return Trace(recorder, tuple(Octets(side, bytes.fromhex(text)) for side, text in sent))


C, S = Side.CLIENT, Side.SERVER
TOO_LONG = "88fe007e 01020304"
"""The header of a client's Close with a reason that is one octet too long."""


@pytest.mark.parametrize(
    ("sent", "first"),
    [
        # The recorder's own Close, in parts.
        (((C, "88"), (S, CLOSE), (C, "8201020304 02ea")), C),
        (((C, "88fe"), (S, "880203ea")), C),
        (((C, TOO_LONG), (S, "880203ea"), (C, "02ea")), C),
        (((C, MASKED_PING + "88"), (S, CLOSE)), C),
        (((C, "89"), (S, CLOSE), (C, "8001020304" + MASKED_CLOSE)), S),
        # ... that turns out to be none, for it isn't masked, or was none from the start.
        (((C, "88"), (S, CLOSE), (C, "0203e8")), S),
        (((C, "c8"), (S, CLOSE), (C, "8201020304 02ea")), S),
        # The other side's, which counts once it is whole and keeps the rules.
        (((S, "88"), (C, MASKED_CLOSE), (S, "0203e8")), S),
        (((S, "880203"), (C, MASKED_CLOSE), (S, "e8")), S),
        (((S, "88"), (C, MASKED_CLOSE)), C),
        (((S, "8801"), (C, MASKED_CLOSE), (S, "03")), C),
        # Both.
        (((S, "88"), (C, "88"), (C, "8201020304 02ea"), (S, "0203e8")), S),
        (((C, "88"), (S, "88"), (S, "0203e8"), (C, "8201020304 02ea")), C),
    ],
)
def test_who_closed_first_follows_from_the_first_octet_of_a_close(
    sent: tuple[tuple[Side, str], ...], first: Side
) -> None:
    facts = closing_facts(observe(connection(*sent)), Side.CLIENT, opening=False)
    assert (facts.closed_by_tester, facts.closed_by_testee) == (first is C, first is S)


def test_that_a_close_begins_is_told_once_where_it_comes_in_parts() -> None:
    events = observe(connection(*((C, octet) for octet in ("88", "82", "01", "020304", "02", "ea"))))
    assert [type(event) for event in events] == [CloseBegins, Close]
    assert [(event.entry, event.start) for event in events] == [(0, 0), (5, 0)]
    assert [type(event) for event in observe(connection((C, MASKED_CLOSE)))] == [Close]
