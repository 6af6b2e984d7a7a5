"""Octets that an Autobahn report cut are made again from the frame above them, and from no other."""

from __future__ import annotations

import json

import pytest

from replay.source import Source
from replay.trace import wirelog
from replay.trace.model import Cut, Octets
from replay.wire.frame import encode, frame
from replay.wire.side import Side
from tests.trace.test_autobahn import REQUEST, RESPONSE

KEY = bytes.fromhex("01020304")
WHOLE = encode(frame(2, b"\xfe" * 200, key=KEY))
OTHER = encode(frame(2, b"\xfd" * 200, key=KEY))
ROW = ["TF", [1, "0xfe"], 2, True, 0, "01020304", 200, None, False]
HANDSHAKE = [
    ["TO", [len(REQUEST), REQUEST[:64].hex() + " ..."], False],
    ["RO", [len(RESPONSE), RESPONSE[:64].hex() + " ..."]],
]


def sent(octets: bytes) -> list[object]:
    return ["TO", [len(octets), octets[:64].hex() + " ..."], False]


def written(*rows: object) -> list[Octets]:
    """The entries behind the handshake."""
    report = {
        "agent": "tiny/0.1",
        "id": "1.2.3",
        "isServer": False,
        "droppedByMe": False,
        "httpRequest": REQUEST.decode(),
        "httpResponse": RESPONSE.decode(),
        "wirelog": [*HANDSHAKE, *rows],
    }
    trace = wirelog.parse(Source("report", json.dumps(report))).trace
    return [one for one in trace.entries if isinstance(one, Octets)][2:]


def test_a_cut_entry_is_made_whole_by_the_frame_above_it() -> None:
    (one,) = written(ROW, sent(WHOLE))
    assert (one.data, one.cut) == (WHOLE, None)


@pytest.mark.parametrize("between", [["RO", [2, "8100"]], ["WLM", True]])
def test_what_the_other_side_sent_between_does_not_matter(between: list[object]) -> None:
    assert written(ROW, between, sent(WHOLE))[-1].data == WHOLE


@pytest.mark.parametrize("first", [sent(WHOLE), ["TO", [2, "8900"], False], sent(OTHER)])
def test_a_frame_describes_no_entry_but_the_next(first: list[object]) -> None:
    last = written(ROW, first, sent(WHOLE))[-1]
    assert (last.data, last.cut) == (WHOLE[:64], Cut(len(WHOLE) - 64))


def test_a_frame_describes_nothing_behind_another_frame() -> None:
    plain = ["TF", [2, "hi"], 1, True, 0, "01020304", None, None, False]
    (one,) = written(ROW, plain, sent(WHOLE))
    assert one.cut == Cut(len(WHOLE) - 64)


@pytest.mark.parametrize("octets", [OTHER, encode(frame(2, b"\xfe" * 201, key=KEY))])
def test_a_frame_describes_no_other_octets(octets: bytes) -> None:
    (one,) = written(ROW, sent(octets))
    assert (one.data, one.cut) == (octets[:64], Cut(len(octets) - 64))


@pytest.mark.parametrize(("tx", "rx"), [(0, 0), (1, 0), (1, 7), (40, 1), (0, 5)])
def test_octets_that_a_report_counts_and_does_not_log_are_missing_behind_the_handshake(
    tx: int, rx: int
) -> None:
    """Unless all that it sent is there: it logs both ways or neither."""
    report = {
        "agent": "tiny/0.1",
        "id": "1.2.3",
        "isServer": False,
        "droppedByMe": False,
        "httpRequest": REQUEST.decode(),
        "httpResponse": RESPONSE.decode(),
        "wirelog": HANDSHAKE,
        "txOctetStats": {str(len(REQUEST)): 1, str(tx): 1},
        "rxOctetStats": {str(len(RESPONSE)): 1, "1": rx},
    }
    trace = wirelog.parse(Source("report", json.dumps(report))).trace
    found = [one for one in trace.entries if isinstance(one, Octets)][2:]
    wanted = [(Side.CLIENT, tx), (Side.SERVER, rx)] if tx else []
    assert [(one.side, one.data, one.cut) for one in found] == [
        (side, b"", Cut(size)) for side, size in wanted if size
    ]
