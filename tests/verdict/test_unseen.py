"""What a log leaves out: nothing is decoded across it, nobody is accused of it; what is there decides."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from replay import flows
from replay.cases.model import Behaviour, EventKind, Outcome, Profile
from replay.cases.payload import Payload
from replay.protocol.events import Close, Gap, Message, Pong, Unparsed, Violation
from replay.source import Source, SourceError
from replay.suite.files import known
from replay.suite.logs import LogFile
from replay.trace.model import Cut, Octets
from replay.trace.wirelog import parse
from replay.verdict.judge import judge
from replay.verdict.result import Judged
from replay.wire.frame import encode, frame
from replay.wire.side import Side
from tests.memory import flawless, join, player

KEY = bytes.fromhex("37fa213d")
REQUEST = (
    "GET / HTTP/1.1\\r\\nHost: localhost\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\nSec-WebSocket-Version: 13\\r\\n\\r\\n"
)
RESPONSE = (
    "HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\\r\\n\\r\\n"
)
DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate\\r\\n"
END = "TX OCTETS: 8882 37fa213d 3412\nRX OCTETS: 8802 03e8\nTCP DROPPED BY PEER\n"


def log(case: str, *lines: str, agreed: str = "") -> str:
    heads = [head.replace("\\r\\n\\r\\n", f"\\r\\n{agreed}\\r\\n") for head in (REQUEST, RESPONSE)]
    return "\n".join(
        (f"# case: {case}", f'TX OCTETS: "{heads[0]}"', f'RX OCTETS: "{heads[1]}"', *lines, "")
    )


def checked(text: str) -> Judged:
    parsed = parse(Source("log", text))
    return flows.check(LogFile("log", parsed.trace, parsed.warnings))


def verdict(text: str) -> tuple[str, str]:
    result = checked(text)
    return result.word, result.closing.value


def tx(opcode: int, payload: bytes, fin: bool = True) -> str:
    return f"TX OCTETS: {encode(frame(opcode, payload, fin=fin, key=KEY)).hex()}"


SENT = tx(1, b"*" * 125)  # case 1.1.2
INFORMATIONAL = "INFORMATIONAL"
UNJUDGED = ("unjudged", INFORMATIONAL)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([f"RX OCTETS: 817d {b'*'.hex() * 125}"], ("OK", "OK")),
        ([f"RX OCTETS: 817d {b'*'.hex() * 62} ... +63 octets"], UNJUDGED),
        # What is there decides: a wrong octet, a wrong length, a wrong type, a masked frame, another code.
        ([f"RX OCTETS: 817d 2b {b'*'.hex() * 61} ... +63 octets"], ("FAILED", "OK")),
        ([f"RX OCTETS: 817c {b'*'.hex() * 62} ... +62 octets"], ("FAILED", "OK")),
        ([f"RX OCTETS: 827d {b'*'.hex() * 62} ... +63 octets"], ("FAILED", "OK")),
        ([], ("FAILED", "OK")),
        # More of the same frame in the next reads, and none of it is a header.
        ([f"RX OCTETS: 817d {'2a' * 4} ... +60 octets", f"RX OCTETS: {'2a' * 4} ... +57 octets"], UNJUDGED),
        ([f"RX OCTETS: 817d {'2a' * 4} ... +60 octets", f"RX OCTETS: {'fe' * 61}"], ("FAILED", "OK")),
        ([f"RX OCTETS: 817d {'2a' * 4} ... +60 octets", f"RX OCTETS: {'2a' * 61}"], UNJUDGED),
        # Nobody knows where the next frame begins.
        (["RX OCTETS: 817d 2a2a ...", f"RX OCTETS: {'fe' * 4}"], UNJUDGED),
        (["RX OCTETS: 817d 2a2a ... +999 octets", f"RX OCTETS: {'fe' * 4}"], UNJUDGED),
        (["WIRELOG DISABLED", "WIRELOG ENABLED"], UNJUDGED),
        (["WIRELOG DISABLED", "WIRELOG ENABLED", f"RX OCTETS: {'fe' * 4}"], UNJUDGED),
    ],
)
def test_a_message_that_is_not_all_there(lines: list[str], expected: tuple[str, str]) -> None:
    assert verdict(log("1.1.2", SENT, *lines, END)) == expected


def test_nothing_behind_a_gap_breaks_a_rule() -> None:
    for gap in ("RX OCTETS: 8105 48 ...", "WIRELOG DISABLED", "RX OCTETS: 8105 48 ... +70 octets"):
        for behind in ("fefefefe", "8182 01020304 4940", "f100", "c1827e", "8801 00", "8180 00000000" * 9):
            events = checked(log("1.1.1", tx(1, b""), gap, f"RX OCTETS: {behind}", END)).events
            assert not [event for event in events if isinstance(event, Violation)], (gap, behind)


def test_what_stands_before_a_gap_decides() -> None:
    breach = f"RX OCTETS: {encode(frame(1, b'', key=KEY)).hex()}"  # a server must not mask
    assert checked(log("none", "RX OCTETS: 8100", breach, "WIRELOG DISABLED", END)).word == "FAILED"
    assert checked(log("none", "RX OCTETS: 8100", "WIRELOG DISABLED", END)).unjudged
    wrong = END.replace("8802 03e8", "8802 03ea")
    assert verdict(log("1.1.1", tx(1, b""), "WIRELOG DISABLED", "WIRELOG ENABLED", wrong)) == (
        "INFORMATIONAL",
        "WRONG CODE",
    )


def test_behind_a_close_nothing_is_missing() -> None:
    ours, theirs, drop = END.splitlines()
    echoed = tx(1, b""), "RX OCTETS: 8100"
    assert verdict(log("1.1.1", *echoed, ours, theirs, "WIRELOG DISABLED", drop)) == ("OK", "OK")
    assert verdict(log("1.1.1", *echoed, ours, theirs, "RX OCTETS: 8105 48 ...", drop)) == ("OK", "OK")
    assert verdict(log("1.1.1", *echoed, ours, "WIRELOG DISABLED", drop)) == UNJUDGED


def test_the_reason_says_what_is_missing() -> None:
    result = checked(log("1.1.2", SENT, f"RX OCTETS: 817d {'2a' * 62} ... +63 octets", END))
    assert result.unjudged == "the log leaves out 63 octets that the server sent"
    assert (result.counts(), result.counts(strict=True)) == (False, True)


def test_a_cut_close_is_a_close_with_its_code() -> None:
    sent = [tx(9, b"fragment1", fin=False), tx(0, b"fragment2")]
    end = "TX OCTETS: 8882 37fa213d 3412\nTCP DROPPED BY PEER"
    result = checked(log("5.1", *sent, "RX OCTETS: 885f 03ea 6f7570 ... +90 octets", end))
    assert (result.word, result.closing.value, result.unjudged) == ("OK", "OK", None)
    (close,) = [
        event for event in result.events if isinstance(event, Close) and event.side.value == "server"
    ]
    assert (close.code, close.reason, close.valid) == (1002, b"oup", True)
    wrong = checked(log("5.1", *sent, "RX OCTETS: 885f 03e8 6f7570 ... +90 octets", end))
    assert wrong.closing.value == "WRONG CODE"
    own = checked(log("7.3.5", f"TX OCTETS: 88fd 00000000 03e8 {'2a' * 4} ... +119 octets", END[30:]))
    assert (own.word, own.closing.value) == ("OK", "OK")


def test_frame_lines_say_what_was_cut_off() -> None:
    pings = [tx(9, bytes((97 + number,))) for number in range(3)]
    lines = [f'RX FRAME : OPCODE=10, FIN=True, RSV=0, PAYLOAD="{chr(97 + number)}"' for number in range(3)]
    for more in (" +6 octets", ""):
        result = checked(log("none", *pings, f"RX OCTETS: 8a01 61 ...{more}", *lines, END))
        assert [event.data for event in result.events if isinstance(event, Pong)] == [b"a", b"b", b"c"]
        assert (result.word, result.unjudged, result.broken) == ("OK", None, ())
    cut = checked(log("none", *pings, "RX OCTETS: 8a01 61 ... +6 octets", END))
    assert cut.unjudged
    assert not cut.broken


def test_utf_8_is_judged_up_to_a_hole() -> None:
    hole = "... +3 octets"
    wrong = checked(log("none", f"RX OCTETS: 8106 ff 00 00 {hole}", END))
    assert [broken.rule for broken in wrong.broken] == ["text-is-utf8"]
    right = checked(log("none", f"RX OCTETS: 8106 c3 {hole}", "RX OCTETS: ffff", END))
    assert not right.broken
    assert right.unjudged


def test_what_depends_on_a_lost_context_is_not_judged() -> None:
    def messages(more: str = "") -> tuple[Message, ...]:
        lines = ["RX OCTETS: c107 f248cd ... +4 octets", "RX OCTETS: c107 f248cdc9c90700"]
        result = checked(log("none", *lines, END, agreed=DEFLATE.replace("deflate", "deflate" + more)))
        assert not result.broken
        return tuple(event for event in result.events if isinstance(event, Message))

    assert [(event.data, event.holes) for event in messages()] == [
        (b"He", ((2, None),)),
        (b"", ((0, None),)),
    ]
    _, whole = messages("; server_no_context_takeover")
    assert (whole.data, whole.holes) == (b"Hello", ())


@pytest.mark.parametrize(("profile", "word"), [(Profile.AUTOBAHN, "unjudged"), (Profile.RFC, "FAILED")])
def test_by_the_rfcs_a_breach_of_compression_decides_whatever_else_is_missing(
    profile: Profile, word: str
) -> None:
    kept_tail = "RX OCTETS: c10b f248cdc9c90700 0000ffff"
    text = log("none", kept_tail, "WIRELOG DISABLED", "TCP DROPPED BY PEER", agreed=DEFLATE)
    (pattern,) = (case := known()["12.1.1"]).outcomes[0].patterns[:1]
    hello = replace(pattern, kind=EventKind.TEXT, payload=Payload(b"Hello"))
    case = replace(case, outcomes=(Outcome(Behaviour.OK, (hello, hello)),)).under(profile)
    result = judge(case, parse(Source("log", text)).trace, Side.CLIENT)
    assert [breach.rule for breach in result.broken] == ["tail-removed"]
    assert result.word == word


def test_the_handshake_decides_where_the_log_is_off() -> None:
    off = ("WIRELOG DISABLED", "TCP DROPPED BY PEER")
    assert verdict(log("12.1.1", *off)) == ("UNIMPLEMENTED", INFORMATIONAL)
    assert verdict(log("12.1.1", *off, agreed=DEFLATE)) == UNJUDGED


def test_a_head_that_is_cut_off_opens_all_the_same() -> None:
    text = log("1.1.1", tx(1, b""), "RX OCTETS: 8100", END)
    for cut in ("GET /chat HT", "GET / HTTP/1.1\\r\\nHost: loc"):
        there = text.replace(REQUEST, "@").replace('"@"', f'"{cut}" ...')
        for answer in (RESPONSE, "HTTP/1.1 101 Switching Protocols\\r\\nDate: Mon"):
            both = there.replace(f'"{RESPONSE}"', f'"{answer}"' + " ..." * (answer is not RESPONSE))
            result = checked(both)
            assert (result.word, result.closing.value, result.broken) == ("OK", "OK", ()), both
    refused = there.replace(f'"{RESPONSE}"', '"HTTP/1.1 403 Forbidden\\r\\nDate: Mon" ...')
    assert verdict(refused)[1] == "FAILED"


@pytest.mark.parametrize(
    ("case", "lines", "said"),
    [
        ("7.9.6", [f"TX OCTETS: 8882 00000000 03f4\n{END[30:].replace('03e8', '03f4')}"], "a close frame"),
        ("1.1.2", [tx(1, b"*" * 100), f"RX OCTETS: 8164 {'2a' * 100}", END], "a text frame of 100 octets"),
        ("1.1.2", [END], "closes the connection where"),
        ("1.1.2", [SENT, SENT, f"RX OCTETS: 817d {'2a' * 125}", END], "sends nothing more"),
    ],
)
def test_a_log_of_another_case_is_not_judged_by_it(case: str, lines: list[str], said: str) -> None:
    result = checked(log(case, *lines))
    assert (result.word, result.failed) == ("OK", False)
    (note,) = [note for note in result.notes if note.startswith("not judged by its case")]
    assert said in note
    assert case in note


def test_what_a_tester_sends_by_itself_is_of_any_case() -> None:
    pong = f"TX OCTETS: {encode(frame(10, b'x', key=KEY)).hex()}"
    lines = ["RX OCTETS: 8901 78", pong, SENT, f"RX OCTETS: 817d {'2a' * 125}", END]
    assert verdict(log("1.1.2", *lines)) == ("OK", "OK")
    failed = ["RX OCTETS: 8800", "TX OCTETS: 8882 37fa213d 3412", "TCP DROPPED BY PEER"]
    assert verdict(log("1.1.2", SENT, *failed))[0] == "FAILED"


@pytest.mark.parametrize(
    "text",
    [
        'TX OCTETS: "GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n"\n'
        'RX OCTETS: "HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n"\n',
        'TX OCTETS: "hello"\n',
        "TCP DROPPED BY PEER\n",
    ],
)
def test_a_log_without_a_websocket_is_an_error(text: str) -> None:
    with pytest.raises(SourceError, match="no WebSocket connection in this log"):
        checked(text)


# Autobahn's reports.


def head(text: str) -> str:
    return text.replace("\\r\\n", "\r\n")


def report(*rows: Any, rx: int = 0, tx: int = 0) -> str:
    """A report of case 9.1.1, with so many octets more in its statistics than in its log."""
    heads = [head(REQUEST).encode(), head(RESPONSE).encode()]
    wirelog = [
        ["TO", [len(heads[0]), heads[0].hex()], False],
        ["RO", [len(heads[1]), heads[1].hex()]],
        *rows,
    ]
    sizes = {kind: sum(row[1][0] for row in wirelog if row[0] == kind) for kind in ("TO", "RO")}
    return json.dumps(
        {
            "id": "9.1.1",
            "agent": "a",
            "isServer": False,
            "droppedByMe": False,
            "rxOctetStats": {str(sizes["RO"] + rx): 1},
            "txOctetStats": {str(sizes["TO"]): 1, str(tx): 1},
            "wirelog": wirelog,
        }
    )


CLOSED = [
    ["TF", [2, "0x03e8"], 8, True, 0, "37fa213d", None, None, False],
    ["TO", [8, "888237fa213d3412"], False],
    ["RO", [4, "880203e8"]],
    ["RF", [2, "0x03e8"], 8, True, 0, False, None],
]


def test_what_a_report_counts_and_does_not_log_is_missing() -> None:
    result = checked(report(*CLOSED, rx=65546, tx=65550))
    assert result.unjudged == (
        "the log leaves out 65546 octets that the server sent and 65550 octets that the client sent"
    )
    assert [entry.cut for entry in result.trace.entries if isinstance(entry, Octets) and entry.cut] == [
        Cut(65550),
        Cut(65546),
    ]
    # All that was read is there, and it holds no echo.
    assert checked(report(*CLOSED, tx=65550)).word == "FAILED"


def test_ten_pongs_of_which_seven_are_shown() -> None:
    pongs = [encode(frame(10, f"payload-{number}".encode())) for number in range(10)]
    octets = b"".join(pongs)
    pings = [encode(frame(9, f"payload-{number}".encode(), key=KEY)) for number in range(10)]
    sent = [["TO", [len(ping), ping.hex()], False] for ping in pings]
    came: list[list[Any]] = [
        ["RF", [9, f"payload-{number}"], 10, True, 0, False, None] for number in range(10)
    ]
    shown = ["RO", [len(octets), octets[:64].hex() + " ..."]]
    text = report(*sent, shown, *came, *CLOSED).replace("9.1.1", "2.10")
    assert verdict(text) == ("OK", "OK")
    assert verdict(text.replace('"payload-9"', '"payload-8"')) == ("FAILED", "OK")
    assert verdict(text.replace(octets[:64].hex(), octets[:63].hex() + "00"))[0] == "FAILED"
    lines = [row for row in came if row[1][1] != "payload-4"]
    assert verdict(report(*sent, shown, *lines, *CLOSED).replace("9.1.1", "2.10")) == UNJUDGED


def test_gaps_are_events_of_their_own() -> None:
    result = checked(log("1.1.2", SENT, f"RX OCTETS: 817d {'2a' * 62} ... +63 octets", END))
    (gap,) = [event for event in result.events if isinstance(event, Unparsed)]
    assert isinstance(gap, Gap)
    assert (gap.size, gap.lost) == (63, False)
    (echo,) = [e for e in result.events if isinstance(e, Message) and e.side.value == "server"]
    assert (echo.length, echo.holes) == (125, ((62, 63),))


PING = "TX OCTETS: 8980 00000000"


@pytest.mark.parametrize("pong", ["ca00", "aa00", "0a00", "8a80 01020304"])
def test_a_tester_that_lets_a_breach_pass_is_none_that_plays_cases(pong: str) -> None:
    """The original takes such a Pong for one, and fails the connection with 1002."""
    result = checked(log("2.1", PING, f"RX OCTETS: {pong}", END))
    assert (result.word, result.closing.value, result.unjudged) == ("OK", "FAILED", None)
    assert result.broken[0].rule in result.closing_reason
    failed = END.replace("3412", "3410")  # 1002
    assert verdict(log("2.1", PING, f"RX OCTETS: {pong}", failed)) == ("OK", "OK")
    # It had closed before, and no longer has to fail anything.
    close, rest = END.split("\n", 1)
    assert verdict(log("2.1", PING, "RX OCTETS: 8a00", close, f"RX OCTETS: {pong}", rest))[1] != "FAILED"


def test_a_breach_of_a_should_may_pass() -> None:
    end = END.replace("3412", "30da").replace("03e8", "07d0")  # 2000
    assert checked(log("7.9.6", end)).facts.let_pass is None


def test_behind_what_the_tester_ended_tcp_for_nothing_is_missing() -> None:
    """At a second breach the original ends TCP and reads no further."""
    pings = [tx(9, b"payload-%d" % number) for number in range(10)]
    pongs = encode(frame(10, b"payload-0", rsv=4)) + encode(frame(10, b"payload-1", rsv=4))
    ended = "TX OCTETS: 8882 37fa213d 3410\nTCP DROPPED BY ME"
    cut = f"RX OCTETS: {pongs.hex()} ... +88 octets"
    assert verdict(log("2.10", *pings, cut, ended)) == ("FAILED", "UNCLEAN")
    once = f"RX OCTETS: {pongs[:11].hex()} ... +99 octets"
    assert verdict(log("2.10", *pings, once, ended)) == UNJUDGED


@pytest.mark.parametrize("tester", Side)
@pytest.mark.parametrize("id", ["1.1.2", "2.10", "3.1", "5.1", "6.3.1", "7.1.1", "7.3.2"])
def test_a_log_that_ends_early_blames_nobody(id: str, tester: Side) -> None:
    own = player(known()[id], tester)
    join(own, flawless(known()[id], tester))
    whole = own.trace()
    for length in range(1, len(whole.entries)):
        result = judge(known()[id], replace(whole, entries=whole.entries[:length]), tester)
        assert not result.failed, length
        assert result.unjudged is None or result.unjudged.startswith("the log ends before the "), length


def test_a_log_that_ends_early_shows_what_it_shows() -> None:
    wrong = encode(frame(1, b"*" * 124 + b"+")).hex()
    assert verdict(log("1.1.2", SENT, f"RX OCTETS: {wrong}"))[0] == "FAILED"


def test_of_a_log_that_ends_within_the_handshake_nothing_is_judged() -> None:
    for text in ('TX OCTETS: "GET / HTTP/1.1\\r\\n"\n', log("1.1.2").rpartition("RX")[0]):
        result = checked(text)
        assert result.unjudged == "the log ends before the opening handshake does"
