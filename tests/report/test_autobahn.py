"""Reports as Autobahn|Testsuite writes them: each field, and that they can be read again."""

from __future__ import annotations

import json
from itertools import groupby
from typing import Any

import pytest
from msgspec.structs import replace

from replay import limits
from replay.cases.model import Behaviour, EventKind
from replay.cases.payload import Payload
from replay.report import autobahn
from replay.report.autobahn_log import shown
from replay.source import Source
from replay.suite.files import bundled, items, known
from replay.trace.model import Drop, How, Octets, Timer, Trace, Wait
from replay.trace.wirelog import read
from replay.verdict.judge import judge
from replay.verdict.result import ClosingVerdict, Judged, RunResult
from replay.wire.frame import encode, frame
from replay.wire.side import Side
from tests.report import samples
from tests.report.samples import C, S

TEXT, NUMBER, FLAG, NOTHING = str, int, bool, type(None)

FIELDS: dict[str, tuple[type, ...]] = {
    "agent": (TEXT,),
    "behavior": (TEXT,),
    "behaviorClose": (TEXT,),
    "case": (NUMBER,),
    "closedByMe": (FLAG,),
    "createStats": (FLAG,),
    "createWirelog": (FLAG,),
    "description": (TEXT,),
    "droppedByMe": (FLAG,),
    "duration": (NUMBER,),
    "expectation": (TEXT,),
    "expected": (dict,),
    "expectedClose": (dict,),
    "failedByMe": (FLAG,),
    "httpRequest": (TEXT,),
    "httpResponse": (TEXT,),
    "id": (TEXT,),
    "isServer": (FLAG,),
    "localCloseCode": (NUMBER, NOTHING),
    "localCloseReason": (TEXT, NOTHING),
    "received": (list,),
    "remoteCloseCode": (NUMBER, NOTHING),
    "remoteCloseReason": (TEXT, NOTHING),
    "reportCompressionRatio": (FLAG,),
    "reportTime": (FLAG,),
    "result": (TEXT,),
    "resultClose": (TEXT,),
    "rxFrameStats": (dict,),
    "rxOctetStats": (dict,),
    "started": (TEXT,),
    "trafficStats": (dict, NOTHING),
    "txFrameStats": (dict,),
    "txOctetStats": (dict,),
    "wasClean": (FLAG,),
    "wasCloseHandshakeTimeout": (FLAG,),
    "wasNotCleanReason": (TEXT, NOTHING),
    "wasOpenHandshakeTimeout": (FLAG,),
    "wasServerConnectionDropTimeout": (FLAG,),
    "wirelog": (list,),
}


def written(result: Judged, agent: str = "echo/1.0", number: int = 11) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(autobahn.case(agent, number, result))
    assert list(found) == sorted(FIELDS)
    for name, kinds in FIELDS.items():
        assert type(found[name]) in kinds, (name, found[name])
    return found


RECORDED = [item for item in items([str(bundled("traces"))], C) if item.case.trace is not None]


def by_side(trace: Trace) -> list[tuple[Side, list[Octets]]]:
    """The writes of one side that nothing of the other's stands between."""
    octets = (entry for entry in trace.entries if isinstance(entry, Octets))
    return [(side, list(some)) for side, some in groupby(octets, key=lambda entry: entry.side)]


def test_what_is_written_is_read_again() -> None:
    """Of each bundled trace: the same octets as far as they are there, and the same verdict."""
    whole = 0
    for item in RECORDED:
        trace = item.case.trace
        assert trace is not None
        result = judge(known()[item.case.id], trace, C)
        text = autobahn.case("echo/1.0", 1, result)
        written(result)
        again = read(Source("a.json", text)).trace
        for (side, told), (who, of) in zip(by_side(again), by_side(trace), strict=True):
            assert side is who, item.case.id
            octets, at = b"".join(entry.data for entry in of), 0
            for one in told:  # of a write that was cut, each frame that a row tells
                assert octets[at : at + len(one.data)] == one.data
                at += len(one.data) + (one.cut.more or 0 if one.cut else 0)
            assert at == len(octets)
        if not any(entry.cut for entry in again.entries if isinstance(entry, Octets)):
            whole += 1
            verdict = judge(known()[item.case.id], again, C)
            assert (verdict.behaviour, verdict.closing) == (result.behaviour, result.closing)
    assert (len(RECORDED), whole > 150) == (247, True)


def test_each_field_of_a_case() -> None:
    result = replace(samples.good(), began=1795374102.3556)
    found = written(result)
    assert {
        name: found[name] for name in FIELDS if name not in ("httpRequest", "httpResponse", "wirelog")
    } == {
        "agent": "echo/1.0",
        "behavior": "OK",
        "behaviorClose": "OK",
        "case": 11,
        "closedByMe": True,
        "createStats": True,
        "createWirelog": True,
        "description": "replay sends nothing.",
        "droppedByMe": False,
        "duration": 8,
        "expectation": "The server is to send a binary message of 126 octets; replay then closes with code "
        "1000, and the server is to answer with the same code or none and to end TCP.",
        "expected": {"OK": [["message", "0x" + "fe" * 64 + " ...", True]]},
        "expectedClose": {"closeCode": [1000], "closedByMe": True, "requireClean": True},
        "failedByMe": False,
        "id": "1.2.3",
        "isServer": False,
        "localCloseCode": 1000,
        "localCloseReason": None,
        "received": [["message", "0x" + "fe" * 64 + " ...", True]],
        "remoteCloseCode": 1000,
        "remoteCloseReason": None,
        "reportCompressionRatio": False,
        "reportTime": False,
        "result": "Actual events match at least one expected.",
        "resultClose": "Connection was properly closed",
        "rxFrameStats": {"2": 1, "8": 1},
        "rxOctetStats": {"4": 1, "130": 1, "147": 1},
        "started": "2026-11-22T19:01:42.355Z",
        "trafficStats": None,
        "txFrameStats": {"2": 1, "8": 1},
        "txOctetStats": {"8": 1, "134": 1, "153": 1},
        "wasClean": True,
        "wasCloseHandshakeTimeout": False,
        "wasNotCleanReason": None,
        "wasOpenHandshakeTimeout": False,
        "wasServerConnectionDropTimeout": False,
    }
    assert found["httpRequest"] == samples.REQUEST.decode()
    assert found["wirelog"] == [
        ["TO", [153, samples.REQUEST[:64].hex() + " ..."], False],
        ["RO", [147, samples.response()[:64].hex() + " ..."]],
        ["TF", [126, "0x" + "fe" * 64 + " ..."], 2, True, 0, "3245eb4b", None, None, False],
        ["TO", [134, samples.FIRST.data[:64].hex() + " ..."], False],
        ["KL", 1],
        ["RO", [130, "827e007e" + "fe" * 60 + " ..."]],
        ["RF", [126, "0x" + "fe" * 64 + " ..."], 2, True, 0, False, None],
        ["TF", [2, "0x03e8"], 8, True, 0, "59304fac", None, None, False],
        ["TO", [8, "888259304fac5ad8"], False],
        ["RO", [4, "880203e8"]],
        ["RF", [2, "0x03e8"], 8, True, 0, False, None],
    ]


def test_a_client_is_seen_from_the_server() -> None:
    found = written(samples.client_flipped())
    assert found["isServer"]
    assert found["result"] == "Actual events differ from any expected."
    frames = [row for row in found["wirelog"] if row[0] in ("TF", "RF")]
    assert frames[0] == ["TF", [13, "Hello, client"], 1, True, 0, None, None, None, False]
    assert frames[1] == ["RF", [13, "Hello, klient"], 1, True, 0, True, "3245eb4b"]


def test_a_frame_is_told_behind_the_read_that_completes_it() -> None:
    octets = encode(frame(2, b"\xfe" * 126)) + encode(frame(9, b""))
    reads = (Octets(S, octets[:50]), Octets(S, octets[50:]))
    found = written(
        samples.judged(samples.case(samples.MESSAGE), *samples.opened(*reads, *samples.clean_end()))
    )
    rows = [row[0] if row[0] != "RF" else row[2] for row in found["wirelog"][2:]]
    assert rows == ["RO", "RO", 2, 9, "TF", "TO", "RO", 8]


def test_what_never_opened() -> None:
    for result in (samples.refused(), samples.unreached()):
        found = written(result)
        assert (found["behavior"], found["behaviorClose"]) == ("FAILED", "FAILED")
        assert found["resultClose"] == "The WebSocket opening handshake was never completed!"
    assert written(samples.unreached())["httpRequest"] == "?"


@pytest.mark.parametrize("length", [0, 1, 60, 61, 64, 65, 1000])
def test_what_is_long_is_cut(length: int) -> None:
    mark = " ..." if length > 60 else ""
    assert shown(b"*" * length) == "*" * min(length, 64) + mark
    assert shown(b"\xfe" * length) == ("0x" + "fe" * min(length, 64) + mark if length else "")


def test_a_cut_character_makes_it_hex() -> None:
    assert shown("é".encode() * 40) == "é" * 32 + " ..."
    assert shown(b"x" + "é".encode() * 40).startswith("0x78c3a9")


def test_scripts_compare_these_sentences() -> None:
    result = samples.wrong_code()
    found = written(replace(result, behaviour=Behaviour.FAILED))
    assert found["result"] == found["resultClose"] == "The close code should have been 1000 or empty"
    of = known()["9.1.4"]
    silent = judge(of, Trace(C, samples.opened(Drop(S, How.FIN))), C)
    assert written(silent)["result"] == "Did not receive message within 100 seconds."
    assert written(silent)["wasNotCleanReason"] == (
        "peer dropped the TCP connection without previous WebSocket closing handshake"
    )
    late = judge(known()["1.2.3"], Trace(C, samples.opened(Timer(Wait.OPENING, True), answer=b"")), C)
    assert written(late)["wasNotCleanReason"] == "peer did not finish (in time) the opening handshake"
    assert written(replace(result, closing=ClosingVerdict.FAILED_BY_CLIENT))["resultClose"] == (
        "It is preferred that the server close the TCP connection"
    )


def test_a_long_log_is_off_in_the_middle() -> None:
    most = limits.ROWS.default
    back = [Octets(S, encode(frame(9, str(n).encode()))) for n in range(2 * most)]
    found = written(
        samples.judged(samples.case(samples.MESSAGE), *samples.opened(*back, *samples.clean_end()))
    )
    rows = found["wirelog"]
    assert len(rows) == most + 2
    assert [row for row in rows if row[0] == "WLM"] == [["WLM", False], ["WLM", True]]
    assert rows[-1][0] == "RF"
    assert found["rxFrameStats"] == {"8": 1, "9": 2 * most}


def test_the_index_has_the_agents() -> None:
    good, bad = samples.good(), samples.wrong_code()
    runs = [
        RunResult("Foo 1", "ws://a", (good,), None, 1.0, planned=1),
        RunResult("foo-1", "ws://b", (bad,), None, 1.0, planned=1),
        RunResult("", "ws://c", (replace(good, duration=None),), None, 1.0, planned=1),
    ]
    assert json.loads(autobahn.index(runs)) == {
        "Foo 1": {"1.2.3": _row(file="foo_1_case_1_2_3.json")},
        "UnknownServer": {"1.2.3": _row(duration=0, file="unknownserver_case_1_2_3.json")},
        "foo-1": {"1.2.3": _row("WRONG CODE", 1002, file="foo_1_2_case_1_2_3.json")},
    }
    assert autobahn.index(runs).splitlines()[:4] == [
        *("{", '   "Foo 1": {', '      "1.2.3": {', '         "behavior": "OK",'),
    ]


def _row(closing: str = "OK", code: int = 1000, duration: int = 8, file: str = "") -> dict[str, Any]:
    return {
        "behavior": "OK",
        "behaviorClose": closing,
        "duration": duration,
        "remoteCloseCode": code,
        "reportfile": file,
    }


@pytest.mark.parametrize("id", ["../../etc/passwd", "a/b\\c:d", "\x00\n\ud800", "x" * 500, "", "é.½"])
def test_no_name_of_a_file_leads_elsewhere(id: str) -> None:
    (prefix,) = autobahn.prefixes([id]).values()
    name = autobahn.file_name(prefix, id)
    assert len(name) < 255
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")
    assert name.count(".") == 1
    assert name.endswith(".json")


def test_agents_of_the_same_letters_have_files_of_their_own() -> None:
    agents = ["a b", "A-B", "日本", "кот", "a_b_2", "x"]
    names = autobahn.prefixes(agents)
    assert names == {"a b": "a_b", "A-B": "a_b_2", "日本": "", "кот": "_2", "a_b_2": "a_b_2_2", "x": "x"}
    assert autobahn.prefixes([*agents, "A B"]) == {**names, "A B": "a_b_3"}


def test_of_compressed_messages_it_is_counted_how_many_octets_they_were() -> None:
    sent = Octets(C, samples.packed(1, samples.HELLO, key=samples.TX_KEY))
    back = Octets(S, samples.packed(1, samples.HELLO))
    of = replace(
        samples.case(samples.echo(EventKind.TEXT, Payload(b"Hello")), id="12.1.1"),
        deflate=known()["12.1.1"].deflate,
    )
    result = samples.judged(of, *samples.deflating(sent, back, *samples.clean_end()))
    heads = [len(entry.data) for entry in result.trace.entries[:2] if isinstance(entry, Octets)]
    assert written(result)["trafficStats"] == {
        "incomingCompressionRatio": 7 / 5,
        "incomingOctetsAppLevel": 5,
        "incomingOctetsWebSocketLevel": 7,
        "incomingOctetsWireLevel": 9,
        "incomingWebSocketFrames": 1,
        "incomingWebSocketMessages": 1,
        "incomingWebSocketOverhead": 2 / 7,
        "outgoingCompressionRatio": 7 / 5,
        "outgoingOctetsAppLevel": 5,
        "outgoingOctetsWebSocketLevel": 7,
        "outgoingOctetsWireLevel": 13,
        "outgoingWebSocketFrames": 1,
        "outgoingWebSocketMessages": 1,
        "outgoingWebSocketOverhead": 6 / 7,
        "preopenIncomingOctetsWireLevel": heads[1],
        "preopenOutgoingOctetsWireLevel": heads[0],
    }
    assert written(replace(result, behaviour=Behaviour.FAILED))["trafficStats"] is None


def test_what_was_not_kept_is_not_counted() -> None:
    found = written(samples.digests())
    assert found["trafficStats"] is None
    assert [row[1] for row in found["wirelog"] if row[0] == "WLM"] == [False, True]
