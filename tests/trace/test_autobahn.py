"""Reports of Autobahn|Testsuite: their forms, and each of their quirks as a vector."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from replay.source import Source, SourceError
from replay.trace import literal, wirelog
from replay.trace.model import Cut, Drop, Entry, Logging, Octets, Timer, Wait
from replay.wire.frame import encode, frame
from replay.wire.side import Side

FIXTURES = Path(__file__).parent.parent / "fixtures"
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost:9001\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
RESPONSE = b"HTTP/1.1 101 Switching Protocols\r\nServer: a & b\r\nUpgrade: websocket\r\n\r\n"
KEY = bytes.fromhex("01020304")
HEADING = "tiny/0.1 - Case 1.2.3 : Pass - 1 ms @ 2026-01-01T00:00:00Z"


def shown(octets: bytes) -> str:
    """Octets as such a report shows them."""
    return octets[:64].hex() + (" ..." if len(octets) > 60 else "")


def page(*rows: str, heading: str = HEADING, sizes: tuple[int, ...] = ()) -> bytes:
    """A small page with the parts of a report that matter, its log wrapped at 100 digits."""
    lines = []
    for row in rows:
        words, colon, text = row.partition("OCTETS: ")
        lines.append(words + colon + text[:100] if colon else row)
        lines += [" " * 15 + text[i : i + 100] for i in range(100, len(text), 100)] if colon else []
    agent, _, rest = heading.partition("Case")
    body = "\n".join(
        [
            "<!DOCTYPE html>\n<html><body>",
            f'<p class="case case_ok">{agent}<span><b>Case{rest.replace(" :", "</b></span> :", 1)}</p>',
            *(f'<tr class="stats_row"><td>{n}</td><td>1</td><td>{n}</td></tr>' for n in sizes),
            f'<pre class="http_dump">{REQUEST.decode().strip()}</pre>',
            f'<pre class="http_dump">{RESPONSE.decode().strip().replace("&", "&amp;")}</pre>',
            *(f'         <pre class="wirelog_tx_octets">{line}</pre>' for line in lines),
            "</body></html>",
        ]
    )
    return body.encode("utf-8", "surrogatepass")


def parse(octets: bytes) -> wirelog.Parsed:
    return wirelog.parse(Source.decode("report", octets))


def report(*rows: object, **fields: object) -> bytes:
    base: dict[str, Any] = {
        "agent": "tiny/0.1",
        "id": "1.2.3",
        "isServer": False,
        "droppedByMe": False,
        "httpRequest": REQUEST.decode(),
        "httpResponse": RESPONSE.decode(),
        "wirelog": rows,
    }
    return json.dumps(base | fields, indent=1).encode()


def entries(octets: bytes) -> tuple[Entry, ...]:
    return parse(octets).trace.entries


def data(entry: Entry) -> bytes:
    assert isinstance(entry, Octets)
    assert entry.cut is None
    return entry.data


HANDSHAKE = (f"000 TX OCTETS: {shown(REQUEST)}", f"001 RX OCTETS: {shown(RESPONSE)}")


@pytest.mark.parametrize("size", [54, 55, 56, 57, 58])
def test_1_an_ellipsis_may_mean_nothing(size: int) -> None:
    octets = encode(frame(2, bytes(range(size)), key=KEY))
    got = entries(page(*HANDSHAKE, f"002 TX OCTETS: {shown(octets)}"))
    assert ("..." in shown(octets)) == (size > 54)
    assert data(got[2]) == octets


def test_1_an_ellipsis_behind_64_octets_that_end_a_head_means_nothing() -> None:
    head = b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nX: yyyyyyyyyyyy\r\n\r\n"
    assert len(head) == 64
    got = entries(page(f"000 TX OCTETS: {shown(head)}", HANDSHAKE[1], "002 TX OCTETS: 8180 01020304"))
    assert [data(one) for one in got[::2]] == [head, bytes.fromhex("818001020304")]


def test_1_an_ellipsis_behind_64_octets_of_a_longer_frame_is_a_cut() -> None:
    octets = encode(frame(2, bytes(59), key=KEY))
    got = entries(page(*HANDSHAKE, f"002 TX OCTETS: {shown(octets)}", "003 TX OCTETS: 8180 01020304"))
    assert isinstance(got[2], Octets)
    assert (got[2].data, got[2].cut) == (octets[:64], Cut())
    assert data(got[3]) == bytes.fromhex("818001020304")


def test_1_json_keeps_the_true_length() -> None:
    octets = encode(frame(2, bytes(130)))
    exact, longer = entries(report(["RO", [64, shown(bytes(64))]], ["RO", [len(octets), shown(octets)]]))[
        :2
    ]
    assert data(exact) == bytes(64)
    assert isinstance(longer, Octets)
    assert longer.cut == Cut(len(octets) - 64)


def test_2_the_handshake_is_restored() -> None:
    rows = [["TO", [len(REQUEST), shown(REQUEST)], False], ["RO", [len(RESPONSE), shown(RESPONSE)]]]
    pasted = "\n".join([HEADING, "", REQUEST.decode().strip(), RESPONSE.decode().strip(), "", *HANDSHAKE])
    for octets in (report(*rows), page(*HANDSHAKE), page(*HANDSHAKE, sizes=(len(REQUEST), len(RESPONSE)))):
        assert [data(entry) for entry in entries(octets)[:2]] == [REQUEST, RESPONSE]
    assert [data(entry) for entry in entries(pasted.encode())] == [REQUEST, RESPONSE]


def test_2_not_when_another_number_of_octets_was_read() -> None:
    longer = [["RO", [len(RESPONSE) + 2, shown(RESPONSE)]]]
    for octets in (report(*longer), page(HANDSHAKE[1], sizes=(len(RESPONSE) + 2,))):
        entry = entries(octets)[0]
        assert isinstance(entry, Octets)
        assert entry.cut is not None


def test_2_a_frame_that_a_json_report_describes_is_restored() -> None:
    octets = encode(frame(1, b"x" * 60, key=KEY))
    described = ["TF", [60, "x" * 60], 1, True, 0, KEY.hex(), None, None, False]
    assert data(entries(report(described, ["TO", [66, shown(octets)], False]))[0]) == octets
    octets = encode(frame(1, b"ab" * 70, key=KEY))
    described = ["TF", [2, "ab"], 1, True, 0, KEY.hex(), 140, None, False]
    assert data(entries(report(described, ["TO", [len(octets), shown(octets)], False]))[0]) == octets


def test_3_a_report_may_contradict_itself() -> None:
    octets = page(
        *HANDSHAKE,
        "002 RX OCTETS: 8103616263",
        "003 TX OCTETS: 8880 01020304",
        "004 RX FRAME : OPCODE=1, FIN=True, RSV=0, PAYLOAD-LEN=0, MASKED=False, MASK=None",
    )
    parsed = parse(octets)
    assert len(parsed.trace.entries) == 4
    (warning,) = parsed.warnings
    assert "PAYLOAD-LEN contradicts the octets of line" in warning
    assert "expected 3, found 0" in warning


def test_3_in_a_log_of_ones_own_it_is_an_error() -> None:
    line = "TX FRAME : OPCODE=1, FIN=True, RSV=0, PAYLOAD-LEN=0, MASK=None"
    with pytest.raises(SourceError, match="PAYLOAD-LEN contradicts"):
        parse(f"{line}\nTX OCTETS: 8101 61".encode())
    (warning,) = parse(f"{line}, CHOPSIZE=None, SYNC=False\nTX OCTETS: 8101 61".encode()).warnings
    assert warning.startswith("report:1:51: PAYLOAD-LEN contradicts")


def test_4_a_page_that_is_no_utf_8() -> None:
    comment = " " * 15 + "caf\ud800</pre>"
    octets = page(
        *HANDSHAKE, "002 TX FRAME : OPCODE=1, FIN=True, RSV=0, PAYLOAD-LEN=3, MASK=01020304", comment
    )
    assert b"\xed\xa0\x80" in octets
    assert len(entries(octets)) == 2


def test_4_a_lone_surrogate_in_json() -> None:
    described = ["TF", [6, "caf\ud800"], 1, True, 0, KEY.hex(), None, None, False]
    octets = encode(frame(1, b"caf\xed\xa0\x80", key=KEY))
    parsed = parse(report(described, ["TO", [12, shown(octets)], False], agent="\udc00"))
    assert data(parsed.trace.entries[0]) == octets
    text = wirelog.write(parsed.trace)
    assert text.encode()
    assert wirelog.parse(Source("log", text)).trace == parsed.trace


@pytest.mark.parametrize("mask", ["01020304", "3031303230333034"])
def test_5_a_mask_may_be_hexed_twice(mask: str) -> None:
    text = (
        f'RX OCTETS: "GET / HTTP/1.1\\r\\n\\r\\n"\nRX OCTETS: 8180 01020304\n'
        f"RX FRAME : OPCODE=1, FIN=True, RSV=0, PAYLOAD-LEN=0, MASKED=True, MASK={mask}, PAYLOAD="
    )
    assert parse(text.encode()).trace.recorder is Side.SERVER
    with pytest.raises(SourceError, match=r"MASK contradicts .* expected 01020304, found 01020305"):
        parse(text.replace("4, PAYLOAD", "5, PAYLOAD").encode())


def test_6_a_payload_below_a_frame_line_is_a_comment() -> None:
    text = "\n".join(
        [
            HEADING,
            "",
            "003 TX FRAME : OPCODE=1, FIN=True, RSV=0, PAYLOAD-LEN=2, MASK=01020304, CHOPSIZE=None",
            "               009 TX OCTETS: 8100",
            "               þþþþ",
            "               # case: 9.9.9",
            "007 TX OCTETS: 8182010203046060",
            "WIRELOG DISABLED",
        ]
    )
    parsed = parse(text.encode())
    assert [type(entry) for entry in parsed.trace.entries] == [Octets, Logging]
    assert parsed.trace.headers == (("agent", "tiny/0.1"), ("case", "1.2.3"))
    assert parsed.warnings == ()


def test_6_the_length_of_a_repeated_frame_is_another_field() -> None:
    octets = encode(frame(1, b"ab" * 10, key=KEY))
    line = "TX FRAME : OPCODE=1, PAYLOAD-LEN=2, MASK=01020304, PAYLOAD-REPEAT-LEN=20, CHOPSIZE=None"
    assert parse(f"{line}\nTX OCTETS: {octets.hex()}".encode()).warnings == ()
    assert parse(f"{line.replace('=20', '=21')}\nTX OCTETS: {octets.hex()}".encode()).warnings != ()


LINES = {
    "DELAY 1.000000 sec for TAG A": Timer(Wait.DELAY, False, 1_000_000, "A"),
    "DELAY TIMEOUT on TAG A": Timer(Wait.DELAY, True, None, "A"),
    "DELAY 0.500000 sec for TAG None": Timer(Wait.DELAY, False, 500_000),
    "FAIL CONNECTION AFTER 1.000000 sec": Timer(Wait.FAIL, False, 1_000_000),
    "FAILING CONNECTION": Timer(Wait.FAIL, True),
    "CLOSE CONNECTION AFTER 10.000000 sec": Timer(Wait.CLOSE, False, 10_000_000),
    "CLOSING CONNECTION": Timer(Wait.CLOSE, True),
    "WIRELOG DISABLED": Logging(False),
    "WIRELOG ENABLED": Logging(True),
    "TCP DROPPED BY PEER": Drop(Side.SERVER),
}
ROWS = [
    ["CT", 1, "A"],
    ["CTE", "A"],
    ["CT", 0.5, None],
    ["KL", 1],
    ["KLE"],
    ["TI", 10],
    ["TIE"],
    ["WLM", False],
    ["WLM", True],
]


def test_7_all_kinds_of_lines() -> None:
    assert entries(page(*HANDSHAKE, *(f"{i:03d} {line}" for i, line in enumerate(LINES, 2))))[2:] == tuple(
        LINES.values()
    )
    assert entries(report(*ROWS)) == tuple(LINES.values())


def test_what_json_says_by_flags() -> None:
    got = entries(report(wasCloseHandshakeTimeout=True, droppedByMe=True))
    assert got == (Timer(Wait.CLOSING, True), Drop(Side.CLIENT))


def test_the_recorder_of_a_tested_client_is_the_server() -> None:
    rows = [["RO", [len(REQUEST), shown(REQUEST)]], ["TO", [len(RESPONSE), shown(RESPONSE)], False]]
    trace = parse(report(*rows, isServer=True)).trace
    assert trace.recorder is Side.SERVER
    assert [entry.side for entry in trace.entries if isinstance(entry, Octets | Drop)] == [
        Side.CLIENT,
        Side.SERVER,
        Side.CLIENT,
    ]


def test_page_and_json_tell_the_same() -> None:
    octets = encode(frame(2, b"\xfe" * 3, key=KEY))
    rows = [
        ["TO", [len(REQUEST), shown(REQUEST)], False],
        ["RO", [len(RESPONSE), shown(RESPONSE)]],
        ["TF", [3, "0xfefefe"], 2, True, 0, KEY.hex(), None, None, False],
        ["TO", [len(octets), shown(octets)], False],
    ]
    html = page(*HANDSHAKE, f"002 TX OCTETS: {shown(octets)}", "003 TCP DROPPED BY PEER")
    assert parse(report(*rows)).trace == parse(html).trace
    assert parse(html).trace.headers == (("agent", "tiny/0.1"), ("case", "1.2.3"))


def test_places_are_those_of_the_file() -> None:
    html = page("000 TX OCTETS: 818001020304")
    source = Source.decode("report", html)
    (entry,) = wirelog.parse(source).trace.entries
    assert entry.span is not None
    assert source.text[entry.span.start : entry.span.end] == "818001020304"
    place = literal.locate(entry.span, 2)
    assert source.text.splitlines()[place.line - 1][place.column - 1 :].startswith("01020304")
    source = Source.decode("report", report(["TO", [6, "818001020304"], False]))
    octets, drop = wirelog.parse(source).trace.entries
    assert octets.span is not None
    assert drop.span is not None
    place = literal.locate(octets.span, 2)
    assert source.text[place.start : place.start + 8] == "01020304"


@pytest.mark.parametrize("marks", ["> ", ">", "> > "])
def test_a_report_may_be_quoted(marks: str) -> None:
    pasted = [HEADING, "", REQUEST.decode().strip(), RESPONSE.decode().strip(), "", *HANDSHAKE, "", "Well?"]
    lines = "\r\n".join(pasted).splitlines()
    quoted = "\n".join(["You wrote:", "", *((marks + line).rstrip() for line in lines), "", "Thank you!"])
    parsed = wirelog.parse(Source("a", quoted))
    assert [data(entry) for entry in parsed.trace.entries] == [REQUEST, RESPONSE]
    assert parsed.trace.header("case") == "1.2.3"


def test_a_mistake_in_a_quoted_log_is_shown_where_it_stands() -> None:
    with pytest.raises(SourceError) as error:
        wirelog.parse(Source("a", "> # case: 1.1.1\n> TX OCTETS: 8100\n> RX OCTETTS: 8100\n"))
    assert (error.value.span and str(error.value.span), error.value.hint) == (
        "a:3:3",
        "did you mean 'RX OCTETS'?",
    )


def test_the_pasted_report_stands_as_it_is() -> None:
    parsed = wirelog.parse(Source.read(FIXTURES / "autobahn-case-1.2.3-report.txt"))
    assert parsed.warnings == ()
    assert len(parsed.trace.entries) == 8


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"wirelog": [], "x": ' + "9" * 5000 + "}", "report:1:22: a number of 5,000 digits"),
        ('{"wirelog": [["CT", ' + "9" * 5000 + ', "A"]]}', "report:1:21: a number of 5,000 digits"),
        (
            '{"wirelog": [], "wirelog": [["TO", [1, "81"], false]]}',
            "duplicate key 'wirelog'; the first one is in line 1",
        ),
        ('{"x": {"a": 1, "a": 2}, "wirelog": []}', "duplicate key 'a'"),
        ('{"wirelog": [["CT", NaN, "A"]]}', "report:1:21: not JSON: NaN is not a JSON value"),
        ('{"wirelog": []} {}', "report:1:17: not JSON: extra data"),
        ('{"wirelog": [' + "[" * 100_000, "nested too deep"),
        ('{"wirelog": [1,]}', "JSON allows no comma after the last value"),
    ],
)
def test_what_json_leaves_open_is_refused_where_it_stands(text: str, said: str) -> None:
    with pytest.raises(SourceError) as caught:
        parse(text.encode())
    assert said in str(caught.value)


def test_the_log_is_the_field_of_the_report_and_of_no_object_in_it() -> None:
    text = '{"a": {"wirelog": []}, "wirelog": [["TO", [1, "81"], false]]}'
    first = parse(text.encode()).trace.entries[0]
    assert isinstance(first, Octets)
    assert first.data == b"\x81"
    assert first.span is not None
    assert text[first.span.start : first.span.end] == "81"


def test_frames_that_repeat_are_made_only_where_an_entry_was_cut() -> None:
    """Each row stands for 64 MiB; the log has as many as are shown elsewhere, which is none."""
    row = ["TF", [1, "a"], 1, True, 0, "aabbccdd", 2**26, None, False]
    assert not [one for one in parse(report(*[row] * 2000)).trace.entries if isinstance(one, Octets)]


def test_a_size_of_many_digits_is_none() -> None:
    row = f'<tr class="stats_row"><td>{"9" * 5000}</td><td>1</td><td>1</td></tr>'
    text = page("000 TX OCTETS: 81").replace(b"<body>", b"<body>" + row.encode())
    assert len(parse(text).trace.entries) == 1


@pytest.mark.parametrize(
    "row",
    [
        ["TO", [0, "81"], False],
        ["TO", [10**15 + 1, "81"], False],
        ["RO", [1.5, "81"]],
        ["RO", [1, "8"]],
        ["KL", -1e-6],
        ["KL", 1e9],
        ["CT", "x", "A"],
        ["XX"],
        [],
        "TO",
    ],
)
def test_a_row_that_means_nothing_is_refused_where_it_stands(row: object) -> None:
    source = Source.decode("report", report(["KLE"], row))
    with pytest.raises(SourceError) as error:
        wirelog.parse(source)
    assert error.value.message == 'expected a row of a wire log such as ["TO", [2, "8100"], false]'
    assert error.value.hint == "known rows are TO, RO, TF, RF, CT, CTE, KL, KLE, TI, TIE, WLM"
    assert error.value.span is not None
    assert json.loads(source.text[error.value.span.start : error.value.span.end]) == row


def test_the_largest_numbers_of_a_row() -> None:
    octets, timer, now, _ = entries(report(["TO", [10**15, "81"], False], ["KL", 999_999_999.5], ["KL", 0]))
    assert isinstance(octets, Octets)
    assert octets.cut == Cut(10**15 - 1)
    assert timer == Timer(Wait.FAIL, False, 999_999_999_500_000)
    assert now == Timer(Wait.FAIL, False, 0)


@pytest.mark.parametrize(
    ("flags", "end"),
    [
        ({"wasOpenHandshakeTimeout": True}, (Timer(Wait.OPENING, True), Drop(Side.SERVER))),
        ({"wasServerConnectionDropTimeout": True}, (Timer(Wait.DROP, True), Drop(Side.SERVER))),
        ({"wasCloseHandshakeTimeout": 1, "droppedByMe": 1}, (Drop(Side.SERVER),)),
        ({"droppedByMe": True, "isServer": True}, (Drop(Side.SERVER),)),
        ({"isServer": True}, (Drop(Side.CLIENT),)),
        ({"isServer": 1}, (Drop(Side.SERVER),)),
    ],
)
def test_how_a_report_ends(flags: dict[str, object], end: tuple[Entry, ...]) -> None:
    assert entries(report(**flags)) == end


def test_fields_of_another_type_are_as_if_they_were_not_there() -> None:
    trace = parse(report(agent=1, id=None, httpRequest=2, httpResponse=[], rxOctetStats=3)).trace
    assert trace.headers == ()


@pytest.mark.parametrize("size", [60, 65])
def test_1_an_ellipsis_behind_fewer_or_more_octets_than_a_report_shows_is_a_cut(size: int) -> None:
    octets = encode(frame(2, bytes(size - 6), key=KEY))
    got = entries(page(*HANDSHAKE, f"002 TX OCTETS: {octets.hex()} ..."))[2]
    assert isinstance(got, Octets)
    assert (got.data, got.cut) == (octets, Cut())


@pytest.mark.parametrize(
    ("row", "restored"),
    [
        ([2, "ab", 1, 7], True),
        ([2, "ab", 1, 8], False),  # another length than the entry has
        ([3, "ab", 1, 7], False),  # another length than the payload has
        ([2, "0x6162", 1, 7], True),
        ([6, "0x6162", 1, 7], False),
    ],
)
def test_2_a_repeated_payload_restores_a_write_of_its_length(row: list[Any], restored: bool) -> None:
    length, shown_, opcode, repeat = row
    octets = encode(frame(1, b"abababa", key=KEY))
    described = ["TF", [length, shown_], opcode, True, 0, KEY.hex(), repeat, None, False]
    got = entries(report(described, ["TO", [len(octets), octets[:9].hex() + " ..."], False]))[0]
    assert isinstance(got, Octets)
    assert (got.data, got.cut) == ((octets, None) if restored else (octets[:9], Cut(len(octets) - 9)))


@pytest.mark.parametrize("length", [0, 1])
def test_2_a_frame_without_payload_repeats_nothing(length: int) -> None:
    octets = encode(frame(1, bytes(3), key=KEY))
    described = ["TF", [length, ""], 1, True, 0, KEY.hex(), 3, None, False]
    got = entries(report(described, ["TO", [9, octets[:7].hex() + " ..."], False]))[0]
    assert isinstance(got, Octets)
    assert got.cut == Cut(2)


def totals(sent: int, received: int) -> str:
    """The statistics of a page: octets by the sizes of reads and writes."""

    def table(way: str, octets: int) -> str:
        cells = "".join(f"<td>{cell}</td>" for cell in (octets, 1, octets))
        return (
            f"<h3>Octets {way} by Chop Size</h3><table>"
            "<tr><td>Chop Size</td><td>Count</td><td>Octets</td></tr>"
            f"<tr>{cells}</tr><tr><td>Total</td><td>1</td><td>{octets}</td></tr></table>"
        )

    return table("Received", received) + table("Transmitted", sent)


@pytest.mark.parametrize(
    ("rows", "sent", "received", "missing"),
    [
        ([], 5, 3, [(Side.CLIENT, 5), (Side.SERVER, 3)]),
        ([], 1, 0, [(Side.CLIENT, 1)]),
        ([], 0, 3, []),
        (["002 TX OCTETS: 818001020304"], 7, 0, [(Side.CLIENT, 1)]),
        (["002 TX OCTETS: 818001020304"], 6, 9, []),
        (["002 TX OCTETS: 8180 ... +4 octets"], 7, 0, [(Side.CLIENT, 1)]),
        (["002 WIRELOG DISABLED"], 5, 3, []),
        (["002 RX OCTETS: 8103 ..."], 5, 3, []),
    ],
)
def test_what_a_page_counts_and_does_not_log_is_missing_behind_the_handshake(
    rows: list[str], sent: int, received: int, missing: list[tuple[Side, int]]
) -> None:
    html = page(*HANDSHAKE, *rows)
    counted = totals(len(REQUEST) + sent, len(RESPONSE) + received).encode()
    trace = parse(html.replace(b"<html><body>", b"<html><body>" + counted)).trace
    plain = parse(html).trace.entries
    added = trace.entries[2 : 2 + len(missing)]
    assert [(one.side, one.data, one.cut) for one in added if isinstance(one, Octets)] == [
        (side, b"", Cut(size)) for side, size in missing
    ]
    assert (*trace.entries[:2], *trace.entries[2 + len(missing) :]) == plain
    assert all(one.span == trace.entries[1].span for one in added)


def test_without_a_handshake_what_is_missing_is_missing_first() -> None:
    html = page("000 TX OCTETS: 818001020304").replace(b"<body>", b"<body>" + totals(8, 2).encode())
    first, second, third = entries(html)
    assert [first, second] == [
        Octets(Side.CLIENT, b"", cut=Cut(2)),
        Octets(Side.SERVER, b"", cut=Cut(2)),
    ]
    assert data(third) == bytes.fromhex("818001020304")


@pytest.mark.parametrize("stats", [{"x": 1}, {"3": 1.5}, {"3": None}, {}])
def test_statistics_that_count_nothing(stats: dict[str, Any]) -> None:
    assert entries(report(txOctetStats=stats)) == (Drop(Side.SERVER),)
    assert len(entries(report(txOctetStats={"3": 2, "4": 1}))) == 2
    first = entries(report(txOctetStats={"3": 2, "4": 1}))[0]
    assert first == Octets(Side.CLIENT, b"", cut=Cut(10))


@pytest.mark.parametrize("server", [True, False])
def test_a_page_says_who_recorded_where_its_octets_do_not(server: bool) -> None:
    html = page("000 TCP DROPPED BY ME").replace(
        b"<body>", f"<body><td>isServer</td><td>{server}</td>".encode()
    )
    assert parse(html).trace.recorder is (Side.SERVER if server else Side.CLIENT)
    assert entries(html) == (Drop(Side.SERVER if server else Side.CLIENT),)


def test_a_page_without_a_log_says_so() -> None:
    for text in ("<!DOCTYPE html><p>no log</p>", " \n<HTML>\nTX OCTETS: 8100", '<pre class="wirelog_x">TX'):
        with pytest.raises(SourceError, match="report: no wire log in this page"):
            parse(text.encode())
    (one,) = entries(b'<p>\n<pre class="wirelog_tx_octets">TX OCTETS: 8100</pre> and more\nfoo')
    assert data(one) == b"\x81\0"
