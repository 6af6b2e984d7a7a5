"""Why nothing of a log was sent: the compression that was agreed on gives its octets another meaning."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from replay.cases.recorded import case_of
from replay.trace.model import Drop, Entry, Octets, Trace
from replay.verdict.judge import judge
from replay.wire.frame import encode, frame
from replay.wire.side import Side
from tests.report.samples import HELLO, REQUEST, close, packed, response

C, S = Side.CLIENT, Side.SERVER
PMD = "permessage-deflate"
NARROW = f"{PMD}; server_max_window_bits=12"
OFFER = f"{PMD}; server_max_window_bits=12, {PMD}"
KEY = bytes(4)


def connection(agreed: str | None, tester: Side, *frames: Entry, offer: str = OFFER) -> Trace:
    asked = REQUEST[:-2] + f"Sec-WebSocket-Extensions: {offer}\r\n\r\n".encode()
    answer = response()
    if agreed is not None:
        answer = answer[:-2] + f"Sec-WebSocket-Extensions: {agreed}\r\n\r\n".encode()
    by = Octets(tester, close(key=KEY if tester is C else b""))
    back = Octets(tester.other, close(key=KEY if tester is S else b""))
    return Trace(tester, (Octets(C, asked), Octets(S, answer), *frames, by, back, Drop(S)))


def own(tester: Side, octets: bytes, rsv: int) -> Octets:
    return Octets(tester, encode(frame(1, octets, rsv=rsv, key=KEY if tester is C else b"")))


def notes(tester: Side, log: Trace, seen: Trace) -> Sequence[str]:
    found = judge(case_of(log, "log", tester), seen, tester).notes
    return [note for note in found if note.startswith("the recorded messages were not sent: ")]


@pytest.mark.parametrize(
    ("tester", "was", "now", "said"),
    [
        (C, PMD, None, f"the server agreed on no compression, but in the log on {PMD}"),
        (C, NARROW, PMD, f"the server agreed on {PMD}, but in the log on {NARROW}"),
        (C, None, PMD, f"the server agreed on {PMD}, but in the log on no compression"),
        (S, PMD, None, f"the client's offer led to no compression, but in the log to {PMD}"),
        (S, PMD, NARROW, f"the client's offer led to {NARROW}, but in the log to {PMD}"),
    ],
)
def test_a_log_of_compressed_messages_is_not_sent_where_another_agreement_stands(
    tester: Side, was: str | None, now: str | None, said: str
) -> None:
    log = connection(was, tester, own(tester, HELLO, 4))
    (note,) = notes(tester, log, connection(now, tester))
    assert said in note
    assert note.endswith("; --reencode compresses them again")
    assert notes(tester, log, connection(was, tester)) == []
    assert notes(tester, log, connection(now, tester, own(tester, b"Hello", 0))) == []
    theirs = Octets(tester.other, packed(1, HELLO, key=KEY if tester is S else b""))
    assert notes(tester, connection(was, tester, theirs), connection(now, tester)) == []


def test_what_the_testee_says_by_itself_is_nothing_that_was_sent() -> None:
    log = connection(PMD, C, own(C, HELLO, 4))
    (note,) = notes(C, log, connection(None, C, Octets(S, encode(frame(1, b"Hello")))))
    assert "the server agreed on no compression" in note


@pytest.mark.parametrize(
    ("offer", "now", "said"),
    [
        (OFFER, PMD, None),
        (OFFER, NARROW, f"the server agreed on {NARROW}; in the log it agreed on {PMD}"),
        (OFFER, None, f"the server agreed on no extension; in the log it agreed on {PMD}"),
        (f"{NARROW}, x", NARROW, None),  # another request gets another answer
        (f"{NARROW}, x", None, None),
        (
            OFFER.replace(", ", " ,  "),
            NARROW,
            f"the server agreed on {NARROW}; in the log it agreed on {PMD}",
        ),
    ],
)
def test_the_answer_to_the_same_offer_is_the_same(offer: str, now: str | None, said: str | None) -> None:
    result = judge(case_of(connection(PMD, C), "log", C), connection(now, C, offer=offer), C)
    assert (result.divergence and result.divergence.said) == said
