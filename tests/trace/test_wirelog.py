from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.source import Source, SourceError
from replay.trace import literal, wirelog
from replay.trace.model import Cut, Drop, How, Octets, Timer, Trace, Unreached, Wait
from replay.wire.frame import encode, frame
from replay.wire.side import Side
from tests.strategies import traces

TESTS = Path(__file__).parent.parent
SEED = TESTS / "fixtures" / "autobahn-case-1.2.3-report.txt"
BAD = sorted((TESTS / "outcome" / "trace_error").glob("*.wirelog"))

CANONICAL = r"""# case: 1.2.3
# agent: AutobahnServer/0.4.10
000 TX OCTETS: "GET / HTTP/1.1\r\nUser-Agent: AutobahnWebSocketsTestSuite/0.4.10\r\n"
               "Host: localhost:9000\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               "Sec-WebSocket-Key: D+fcK/QqRpDx3yz323ge5w==\r\nSec-WebSocket-Version: 13\r\n\r\n"
001 RX OCTETS: "HTTP/1.1 101 Switching Protocols\r\nServer: AutobahnWebSockets/0.4.10\r\n"
               "Upgrade: websocket\r\nConnection: Upgrade\r\n"
               "Sec-WebSocket-Accept: rQdXIXbccC6mDJL2JrabxWmui/o=\r\n\r\n"
002 TX FRAME : OPCODE=2, FIN=True, RSV=0, PAYLOAD-LEN=126, MASK=3245eb4b, PAYLOAD=(fe)*126
003 TX OCTETS: 82fe007e 3245eb4b (ccbb15b5)*31 ccbb
004 FAIL CONNECTION AFTER 1.000000 sec
005 RX OCTETS: 827e007e (fe)*126
006 RX FRAME : OPCODE=2, FIN=True, RSV=0, PAYLOAD-LEN=126, MASKED=False, MASK=None, PAYLOAD=(fe)*126
007 TX FRAME : OPCODE=8, FIN=True, RSV=0, PAYLOAD-LEN=2, MASK=59304fac, PAYLOAD=03e8
008 TX OCTETS: 8882 59304fac 5ad8
009 RX OCTETS: 8802 03e8
010 RX FRAME : OPCODE=8, FIN=True, RSV=0, PAYLOAD-LEN=2, MASKED=False, MASK=None, PAYLOAD=03e8
011 TCP DROPPED BY PEER
"""


def parse(text: str) -> wirelog.Parsed:
    return wirelog.parse(Source("log", text))


def octets(text: str) -> list[bytes]:
    return [entry.data for entry in parse(text).trace.entries if isinstance(entry, Octets)]


@settings(max_examples=400)
@given(traces())
def test_what_is_written_reads_back_equal(trace: Trace) -> None:
    text = wirelog.write(trace)
    read = parse(text).trace
    assert read == trace
    assert wirelog.write(read) == text


@settings(max_examples=50)
@given(traces())
def test_windows_line_ends_change_nothing(trace: Trace) -> None:
    assert parse("\ufeff" + wirelog.write(trace).replace("\n", "\r\n")).trace == trace


def mutants(text: str) -> st.SearchStrategy[str]:
    pieces = st.sampled_from([text[i : i + 9] for i in range(0, len(text), 9)])
    junk = st.text(max_size=3) | st.sampled_from(
        ["...", "(", ")*9", '"', "\n", " ", "# ", "[", "null", "-1", "1e999"]
    )
    return st.builds(
        lambda at, size, new: text[:at] + new + text[at + size :],
        st.integers(0, len(text)),
        st.integers(0, 6),
        junk | pieces,
    )


JSON = json.dumps(
    {
        "agent": "a",
        "id": "1.1.1",
        "wirelog": [
            ["TO", [70, "81" * 64 + " ..."], False],
            ["TF", [2, "0x03e8"], 8, True, 0, "01020304", 5, None, False],
            ["RO", [4, "880203e8"]],
            ["RF", [2, "0x03e8"], 8, True, 0, False, None],
            ["CT", 0.5, "A"],
            ["KL", 1],
            ["WLM", True],
        ],
    }
)


@settings(max_examples=300)
@given(st.one_of(mutants(CANONICAL), mutants(JSON), mutants(SEED.read_text(encoding="utf-8")), st.text()))
def test_whatever_is_in_a_file_only_a_source_error_is_raised(text: str) -> None:
    try:
        parsed = parse(text)
    except SourceError as error:
        str(error)
        return
    assert parse(wirelog.write(parsed.trace)).trace == parsed.trace


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_log_says_where_and_what(path: Path) -> None:
    with pytest.raises(SourceError) as error:
        wirelog.read(Source.decode(path.name, path.read_bytes()))
    assert str(error.value) + "\n" == path.with_suffix(".txt").read_text(encoding="utf-8")


def test_bad_logs_are_found() -> None:
    assert len(BAD) >= 12


def test_the_report_and_the_trace_text_are_equal_octet_for_octet() -> None:
    report, text = wirelog.parse(Source.read(SEED)), parse(CANONICAL)
    assert report.trace.entries == text.trace.entries
    assert sum(isinstance(entry, Octets) for entry in report.trace.entries) == 6
    assert report.trace.recorder is Side.CLIENT
    assert report.trace.headers == (("agent", "AutobahnServer/0.4.10"), ("case", "1.2.3"))
    assert report.warnings == text.warnings == ()


def test_the_canonical_form_differs_in_the_handshake_only() -> None:
    written = wirelog.write(parse(CANONICAL).trace)
    assert written.partition("002 TX")[2] == CANONICAL.partition("002 TX")[2]
    assert '000 TX OCTETS: "GET / HTTP/1.1\\r\\n"\n               "User-Agent: ' in written


def test_sixteen_mebioctets_that_repeat_are_one_line() -> None:
    payload = (b"BAsd7&jh23" * 1677722)[: 2**24]
    entries = (
        Octets(Side.CLIENT, encode(frame(1, payload, key=bytes.fromhex("3245eb4b")))),
        Octets(Side.SERVER, encode(frame(1, payload))),
    )
    trace = Trace(Side.CLIENT, entries)
    start = time.process_time()
    text = wirelog.write(trace)
    assert parse(text).trace == trace
    assert time.process_time() - start < 5
    assert "OCTETS: 81ff0000000001000000 3245eb4b (7004982f056381230076a90a4121dc6d582dd978)*838860" in text
    assert 'PAYLOAD=("BAsd7&jh23")*1677721' in text
    assert len(text) < 600


def test_octets_that_never_repeat_take_linear_time() -> None:
    def cost(size: int) -> float:
        state = b"".join(i.to_bytes(4, "big") for i in range(size // 4))
        trace = Trace(Side.CLIENT, (Octets(Side.CLIENT, encode(frame(2, state, key=b"abcd"))),))
        start = time.process_time()
        assert parse(wirelog.write(trace)).trace == trace
        return time.process_time() - start

    assert cost(2**22) < 10 * max(cost(2**20), 0.05)


def test_a_flood_of_frames_is_bounded() -> None:
    trace = Trace(Side.CLIENT, (Octets(Side.CLIENT, b"\x81\0" * 2**21),))
    start = time.process_time()
    assert parse(wirelog.write(trace)).trace == trace
    assert time.process_time() - start < 20


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("TX OCTETS: 8100", Octets(Side.SERVER, b"\x81\0")),
        ("RX OCTETS: 8180 00000000", Octets(Side.CLIENT, b"\x81\x80\0\0\0\0")),
        ("+1.5 TX OCTETS:", Octets(Side.CLIENT, b"", at=1_500_000)),
        ("007 +0.0000005 WIRELOG ENABLED", None),
        ("DELAY 0.5 sec for TAG A", Timer(Wait.DELAY, False, 500_000, "A")),
        ("DELAY 1 sec for TAG None", Timer(Wait.DELAY, False, 1_000_000)),
        ("DELAY TIMEOUT on TAG A", Timer(Wait.DELAY, True, None, "A")),
        ("FAIL CONNECTION AFTER 0.0000004 sec", Timer(Wait.FAIL, False, 0)),
        ("FAILING CONNECTION", Timer(Wait.FAIL, True)),
        ("CLOSE CONNECTION AFTER 10.0 sec", Timer(Wait.CLOSE, False, 10_000_000)),
        ("CLOSING CONNECTION", Timer(Wait.CLOSE, True)),
        ("EVENTS TIMEOUT AFTER 1.000000 sec", Timer(Wait.EVENTS, True, 1_000_000)),
        ("AWAIT OPENING 2 sec", Timer(Wait.OPENING, False, 2_000_000)),
        ("CLOSE TIMEOUT AFTER 1 sec", Timer(Wait.CLOSING, True, 1_000_000)),
        ("DROP TIMEOUT AFTER 1 sec", Timer(Wait.DROP, True, 1_000_000)),
        ("LIMIT REACHED AFTER 1 sec", Timer(Wait.LIMIT, True, 1_000_000)),
        ("TCP DROPPED BY ME (RST)", Drop(Side.CLIENT, How.RST)),
        ("TCP DROPPED BY PEER", Drop(Side.SERVER)),
        ('TCP NOT CONNECTED: "refused"', Unreached("refused")),
    ],
)
def test_every_kind_of_line(text: str, entry: object) -> None:
    parsed = parse(text)
    assert len(parsed.trace.entries) == 1
    if entry is not None:
        assert parsed.trace.entries[0] == entry
    assert parsed.trace.entries[0].span is not None


@pytest.mark.parametrize(
    ("text", "recorder"),
    [
        ('TX OCTETS: "GET / HTTP/1.1\\r\\n\\r\\n"', Side.CLIENT),
        ('RX OCTETS: "GET / HTTP/1.1\\r\\n\\r\\n"', Side.SERVER),
        ('TX OCTETS: "G"\nTX OCTETS: "ET / HTTP/1.1\\r\\n\\r\\n"\nRX OCTETS: 8180 01020304', Side.CLIENT),
        ('TX OCTETS: "HTTP/1.1 101 X\\r\\n\\r\\n"', Side.SERVER),
        ("TX OCTETS: 8100\nRX OCTETS: 8180 01020304", Side.SERVER),
        ("RX OCTETS: 8100\nTX OCTETS: 8180 01020304", Side.CLIENT),
        ("RX FRAME : OPCODE=1, MASK=01020304, PAYLOAD=", Side.SERVER),
        ("# recorder: server\nRX OCTETS: 8100", Side.SERVER),
        ("TCP DROPPED BY ME", Side.CLIENT),
    ],
)
def test_who_recorded_follows_from_the_octets(text: str, recorder: Side) -> None:
    assert parse(text).trace.recorder is recorder


def test_a_frame_line_alone_stands_for_its_octets() -> None:
    line = "002 TX FRAME : OPCODE=2, FIN=True, RSV=0, PAYLOAD-LEN=3, MASK=01020304, PAYLOAD=(fe)*3"
    (entry,) = parse(line).trace.entries
    assert isinstance(entry, Octets)
    assert entry.data == encode(frame(2, b"\xfe" * 3, key=bytes.fromhex("01020304")))
    assert entry.side is Side.CLIENT
    assert entry.span is not None
    assert literal.locate(entry.span, 0) == entry.span


def test_editing_by_hand_delete_the_octets_change_the_frame() -> None:
    lines = CANONICAL.replace("OPCODE=2, FIN=True, RSV=0", "OPCODE=1, FIN=False, RSV=0", 1).splitlines()
    edited = octets("\n".join(line for line in lines if not line.startswith("003")))
    assert edited[2] == encode(frame(1, b"\xfe" * 126, fin=False, key=bytes.fromhex("3245eb4b")))
    assert edited[:2] + edited[3:] == octets(CANONICAL)[:2] + octets(CANONICAL)[3:]


def test_the_octets_of_the_first_of_two_frames_deleted() -> None:
    text = "TX FRAME : OPCODE=1, MASK=None, PAYLOAD=61\nTX FRAME : OPCODE=2, PAYLOAD=62\nTX OCTETS: 820162"
    assert octets(text) == [b"\x81\x01a", b"\x82\x01b"]


def test_the_octets_of_the_last_received_frame_deleted() -> None:
    text = "RX OCTETS: 8101 61\nRX FRAME : OPCODE=1, PAYLOAD=61\nRX FRAME : OPCODE=2, PAYLOAD=62"
    assert octets(text) == [b"\x81\x01a", b"\x82\x01b"]


@pytest.mark.parametrize(
    "text",
    [
        "TX FRAME : OPCODE=1, MASK=None, PAYLOAD=6162\nTX OCTETS: 81\nTX OCTETS: 0261\nTX OCTETS: 62",
        "TX FRAME : OPCODE=1, PAYLOAD=61\nTX FRAME : OPCODE=2, PAYLOAD=62\nTX OCTETS: 810161820162",
        "RX OCTETS: 8101\nTX OCTETS: 8a00\nRX OCTETS: 61820162\nRX FRAME : OPCODE=1, PAYLOAD=61\n"
        "RX FRAME : OPCODE=2, PAYLOAD=62",
        'RX OCTETS: "HTTP/1.1 101 S\\r\\n\\r\\n" 810161\nRX FRAME : OPCODE=1, PAYLOAD="a"',
    ],
)
def test_frame_lines_find_their_octets_however_those_are_cut(text: str) -> None:
    assert len(parse(text).trace.entries) == text.count("OCTETS")
    with pytest.raises(SourceError, match="PAYLOAD contradicts the octets of line"):
        parse(text.replace("PAYLOAD=61", "PAYLOAD=63").replace('"a"', '"c"'))


HELLO = encode(frame(1, b"Hello", key=bytes.fromhex("01020304")))
CLOSE = encode(frame(8, b"\x03\xe8", key=bytes(4)))
LINE = 'TX FRAME : OPCODE=1, MASK=01020304, PAYLOAD="Hello"'


@pytest.mark.parametrize(
    "between",
    [
        'RX FRAME : OPCODE=1, PAYLOAD="Hello"',
        "RX OCTETS: 8100",
        "DELAY 1 sec for TAG A",
        "FAILING CONNECTION",
        "WIRELOG DISABLED",
    ],
)
def test_a_frame_line_that_is_parted_from_octets_stands_for_its_own(between: str) -> None:
    ours = [
        entry.data
        for entry in parse(f"{LINE}\n{between}\nTX OCTETS: 8882 00000000 03e8").trace.entries
        if isinstance(entry, Octets) and entry.side is Side.CLIENT
    ]
    assert ours == [HELLO, CLOSE]
    with pytest.raises(SourceError, match="OPCODE contradicts the octets of line 4"):
        parse(f"{LINE}\n# a comment\n\nTX OCTETS: 8882 00000000 03e8")


def test_a_received_frame_line_that_is_parted_from_octets_stands_for_its_own() -> None:
    line = 'RX FRAME : OPCODE=1, PAYLOAD="Hello"'
    text = f'RX OCTETS: 8105 "Hello"\n{line}\nTX OCTETS: 8180 00000000\n{line}\nTCP DROPPED BY PEER'
    received = encode(frame(1, b"Hello"))
    assert octets(text) == [received, encode(frame(1, b"", key=bytes(4))), received]
    # ... also where the octets above have no line of their own, and where they have all of theirs.
    assert octets(text.replace(f"{line}\n", "", 1)) == octets(text)
    assert octets(f'RX OCTETS: 8105 "Hello"\n{line}\n{line}') == [received, received]
    assert octets(f"{line}\n{line}\nRX OCTETS: 8800") == [received, received, b"\x88\0"]


def test_both_forms_on_one_side_with_frames_cut_into_many_writes() -> None:
    text = f"{LINE}\nDELAY 1 sec for TAG A\n{LINE}\nTX OCTETS: 81\nRX OCTETS: 8100\nTX OCTETS: 850102030449"
    rest = "676f686e"
    assert octets(text + rest) == [HELLO, HELLO[:1], b"\x81\0", HELLO[1:]]


HEADS = 'TX OCTETS: "GET / HTTP/1.1\\r\\n\\r\\n"\nRX OCTETS: "HTTP/1.1 101 S\\r\\n\\r\\n"\n'


@pytest.mark.parametrize(
    "text",
    [
        HEADS + 'TX OCTETS: 81ff 0000000000000020 00000000\nTX OCTETS: "GET / HTTP/1.1\\r\\n\\r\\n...."',
        HEADS + 'RX OCTETS: 817e0020\nRX OCTETS: "HTTP/1.1 101 in a payload"',
        HEADS + 'TX FRAME : OPCODE=1, MASK=None, PAYLOAD="GET / HTTP/1.1\\r\\n"',
        'TX OCTETS: "GET / HTTP/1.1\\r\\n\\r\\n"\nRX OCTETS: "HTTP/1.1 401 U\\r\\n\\r\\n"\n' + HEADS,
        'RX OCTETS: "HTTP/1.1 100 Continue\\r\\n\\r\\n"\nRX OCTETS: "HTTP/1.1 101 S\\r\\n\\r\\n"',
        HEADS.replace('"GET', '"G"\nTX OCTETS: "ET'),
    ],
)
def test_what_only_looks_like_another_connection(text: str) -> None:
    assert wirelog.read(Source("log", text)).trace == parse(text).trace


@pytest.mark.parametrize("chop", ['"HTTP/1.1 10"\nRX OCTETS: "1', '"H"\nRX OCTETS: "TTP/1.1 101'])
def test_another_connection_behind_a_chopped_head(chop: str) -> None:
    with pytest.raises(SourceError, match="another connection"):
        wirelog.read(Source("log", HEADS.replace('"HTTP/1.1 101', chop) + HEADS))


def test_a_frame_line_fills_up_octets_that_the_source_cut_off() -> None:
    text = "TX FRAME : OPCODE=2, MASK=None, PAYLOAD=(fe)*126\nTX OCTETS: 827e007efefe ..."
    assert octets(text) == [encode(frame(2, b"\xfe" * 126))]


def test_cuts_are_kept_and_warned_of() -> None:
    sha256 = "0123456789abcdef" * 4
    parsed = parse(f"TX OCTETS: 8100 ... +131008 octets sha256={sha256}\nRX OCTETS: 81 ...")
    first, second = parsed.trace.entries
    assert isinstance(first, Octets)
    assert first.cut == Cut(131008, sha256)
    assert isinstance(second, Octets)
    assert second.cut == Cut()
    assert parsed.warnings == (
        "log:1:12: octets are missing here (and in 1 more place below): "
        "this log can be checked, but not replayed",
    )


def test_behind_a_refusal_frame_lines_are_not_compared() -> None:
    heads = 'TX OCTETS: "GET / HTTP/1.1\\r\\n\\r\\n"\nRX OCTETS: "HTTP/1.1 404 No\\r\\n\\r\\n"\n'
    parsed = parse(f'{heads}RX OCTETS: 8100\nRX FRAME : OPCODE=2, PAYLOAD="ab"\n')
    (warning,) = parsed.warnings
    assert "not compared" in warning
    assert [len(entry.data) for entry in parsed.trace.entries if isinstance(entry, Octets)][2:] == [2]


def test_prose_around_a_log_is_not_part_of_it() -> None:
    log = "# case: 9\n000 TX OCTETS: 8100\n\n# why\n001 TCP DROPPED BY ME\n"
    text = f"My notes\n\nTX is ours.\n  an indented line\n{log}\nBye.\n"
    parsed = parse(text)
    assert len(parsed.trace.entries) == 2
    assert parsed.trace.headers == (("case", "9"),)
    for end in ("Bye.", "Bye.\n", "Bye.\nBye.\n", ""):
        assert parse(f"My notes\n{log}{end}").trace == parsed.trace


@pytest.mark.parametrize(
    "typo", ["000 TX OCTET: 8100", "TX OCTTES: 8100", "tx octets: 8100", "FAIL CONECTION AFTER 1 sec"]
)
def test_a_mistyped_entry_is_never_prose(typo: str) -> None:
    for text in (typo, f"Notes\n\n{typo}\n\nTX OCTETS: 8100", f"Notes\n\nTX OCTETS: 8100\n\n{typo}\n\nBye"):
        with pytest.raises(SourceError, match="expected an entry") as error:
            parse(text)
        assert error.value.span is not None
        assert error.value.span.line_text == typo


def test_prose_inside_of_a_log_is_an_error() -> None:
    with pytest.raises(SourceError, match="expected an entry"):
        parse("Notes\n\nTX OCTETS: 8100\nand then\nTCP DROPPED BY ME\n")


def test_a_log_may_be_indented_as_a_whole() -> None:
    text = "    000 TX OCTETS: 81\n                   00\n    001 TCP DROPPED BY ME\n"
    assert octets(text) == [b"\x81\0"]


def test_lines_of_hex_that_lost_their_indent_carry_on() -> None:
    assert octets("000 TX OCTETS: 8102\n6162\n001 TCP DROPPED BY ME") == [b"\x81\x02ab"]


def test_a_comment_may_stand_between_continuation_lines() -> None:
    assert octets("TX OCTETS: 8102\n   # two letters\n   61\n\n   62") == [b"\x81\x02ab"]


def test_a_log_of_headers_alone_is_written_and_parsed_but_no_log_to_work_with() -> None:
    text = "# case: 1.1.1\n"
    assert parse(text).trace == Trace(Side.CLIENT, (), (("case", "1.1.1"),))
    with pytest.raises(SourceError, match="no entries"):
        wirelog.read(Source("log", text))
    for text in ("", "# nothing here\n"):
        with pytest.raises(SourceError, match="no wire log"):
            parse(text)


def test_all_octets_of_a_log_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wirelog, "MAX_LOG", 10)
    assert octets("TX OCTETS: (00)*5\nTX OCTETS: (00)*5") == [bytes(5), bytes(5)]
    with pytest.raises(SourceError, match="at most 5"):
        parse("TX OCTETS: (00)*5\nTX OCTETS: (00)*6")
