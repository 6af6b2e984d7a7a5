"""Every loop over what a peer or a file holds is linear: of twice as much, each reader and writer takes
twice as many steps. Steps are counted (lines of Python that run), not time."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from rich.text import Text

from replay.captures.text import reader
from replay.captures.text.known import is_text
from replay.expected import file as expected_file
from replay.protocol.interpreter import observe
from replay.report import values_diff
from replay.source import Source, SourceError
from replay.trace import wirelog
from replay.trace.model import Cut, Drop, Entry, Octets, Trace
from replay.typed.yaml_text import parse
from replay.values.matching import differences, match
from replay.values.mismatch import Mismatch
from replay.values.shape import Exactly, Free, Keyed, Shape, Unordered, Value, exactly
from replay.wire.handshake import encode_request
from replay.wire.side import Side
from tests.memory import ACCEPTED, REQUEST

OPENED = (Octets(Side.CLIENT, encode_request("/", REQUEST)), Octets(Side.SERVER, ACCEPTED))


def steps(work: Callable[[], object]) -> int:
    """The lines of Python that run in it."""
    count = 0

    def local(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal count
        count += event == "line"
        return local

    before = sys.gettrace()
    sys.settrace(local)
    try:
        work()
    except SourceError:
        pass
    finally:
        sys.settrace(before)
    return count


def log(text: str) -> Callable[[], object]:
    return lambda: wirelog.parse(Source("log", text))


def seen(*entries: Entry) -> Callable[[], object]:
    trace = Trace(Side.CLIENT, (*OPENED, *entries, Drop(Side.SERVER)))
    return lambda: (observe(trace), wirelog.write(trace))


def head(*lines: bytes) -> Callable[[], object]:
    answer = ACCEPTED[:-2] + b"".join(line + b"\r\n" for line in lines) + b"\r\n"
    trace = Trace(Side.CLIENT, (OPENED[0], Octets(Side.SERVER, answer)))
    return lambda: (observe(trace), wirelog.write(trace))


def server(octets: bytes) -> Callable[[], object]:
    return seen(Octets(Side.SERVER, octets))


def pasted(text: str) -> Callable[[], object]:
    return lambda: (is_text(text.encode()), reader.read(Source("paste", text)))


SAID = {"type": "send", "opcode": 1, "data": "a"}
FRAME = "TX FRAME : OPCODE=1, FIN=True, RSV=0, PAYLOAD-LEN=1, MASK=None, PAYLOAD=61\n"
PONGS = "RX FRAME : OPCODE=10, FIN=True, RSV=0, PAYLOAD-LEN=1, MASKED=False, MASK=None, PAYLOAD=61\n"
ROW = ["TF", [1, "a"], 1, True, 0, "aabbccdd", 2**26, None, False]


def compared(shape: Shape, value: Value) -> Callable[[], object]:
    return lambda: [*differences(shape, value, {})]


def thing(number: int) -> Value:
    return {"id": "a", "n": number}


SHAPES: dict[str, Callable[[int], Callable[[], object]]] = {
    "entries": lambda n: log("TX OCTETS: 8100\n" * n),
    "lines of frames that others have": lambda n: log(FRAME * n + "TX OCTETS: " + "810162" * n),
    "lines of frames that fit": lambda n: log(FRAME * n + "TX OCTETS: " + "810161" * n),
    "lines of Autobahn's frames": lambda n: log(
        "TX FRAME : OPCODE=2, FIN=True, RSV=0, PAYLOAD-LEN=9, MASK=None, PAYLOAD-REPEAT-LEN=None\n" * n
        + "TX OCTETS: "
        + "810161" * n
    ),
    "cut entries": lambda n: log("RX OCTETS: 817e ...\nRX FRAME : OPCODE=1, FIN=True, MASKED=False\n" * n),
    "cut entries with their lines": lambda n: log("RX OCTETS: 8a01 ...\n" + PONGS * n),
    "cut entries of known length": lambda n: log("RX OCTETS: 8a01 ... +1 octets\n" * n + PONGS * n),
    "cut entries in one frame": lambda n: log(
        "RX OCTETS: 827f00000000" + "00ffffff ...\n" + "RX OCTETS: 61 ...\n" * n + PONGS
    ),
    "a cut entry of many frames": lambda n: log(f"RX OCTETS: 8a01 ... +{3 * n} octets\n" + PONGS * (n + 1)),
    "lines before a cut entry": lambda n: log(PONGS.replace("RX", "TX") * n + "TX OCTETS: 8a01 ...\n"),
    "quoted lines": lambda n: log("> TX OCTETS: 8100\n" * n),
    "marks of a quote": lambda n: log("> " * n + "TX OCTETS: 8100\n"),
    "gaps": lambda n: seen(*[Octets(Side.SERVER, b"\x81\x7e\xff\xffa", cut=Cut(9))] * n),
    "gaps of no known length": lambda n: seen(*[Octets(Side.SERVER, b"\x8a\x01a", cut=Cut())] * n),
    "gaps in one message": lambda n: seen(*[Octets(Side.SERVER, b"\x01\x02a", cut=Cut(1))] * n),
    "octets behind a gap": lambda n: seen(
        Octets(Side.SERVER, b"\x81", cut=Cut()), *[Octets(Side.SERVER, b"\x8a\x01a" * 9)] * n
    ),
    "frames behind a gap": lambda n: seen(
        Octets(Side.SERVER, b"\x81", cut=Cut()), Octets(Side.SERVER, b"\x8a\x01a" * n)
    ),
    "prose in capitals": lambda n: log("ABC DEF GHI\n" * n + "000 TX OCTETS: 8100\n"),
    "comments": lambda n: log("# a: b\n" * n + "TX OCTETS: 8100\n"),
    "quoted text": lambda n: log('TX OCTETS: "' + "\\x00" * n + '"'),
    "repeats": lambda n: log("TX OCTETS: " + "(00)*2 " * n),
    "a page of open tags": lambda n: log("<html>" + "<pre class=wirelog_x>" * n),
    "a page of headings": lambda n: log(
        "<html>" + "a - Case 1.1\n" * n + "<pre class=wirelog_x>1 TX OCTETS: 8100</pre>"
    ),
    "rows": lambda n: log(json.dumps({"wirelog": [["TO", [1, "81"], False]] * n})),
    "rows of frames": lambda n: log(json.dumps({"wirelog": [ROW] * n})),
    "fields": lambda n: log(json.dumps({"wirelog": [], **{str(i): i for i in range(n)}})),
    "interim responses": lambda n: seen_before(b"HTTP/1.1 100 Continue\r\n\r\n" * n),
    "pings": lambda n: server(b"\x89\x01a" * n),
    "pongs that nobody asked for": lambda n: seen(
        Octets(Side.CLIENT, b"".join(b"\x89\x84\0\0\0\0" + i.to_bytes(4, "big") for i in range(n))),
        Octets(Side.SERVER, b"\x8a\x01a" * n),
    ),
    "empty messages": lambda n: server(b"\x81\0" * n),
    "fragments": lambda n: server(b"\x01\0" + b"\0\0" * n),
    "fragments of two kinds": lambda n: server(b"\x01\0" + b"\0\0\0\1x" * n),
    "breaches": lambda n: server(b"\xf1\0" * n),
    "reads of an octet": lambda n: seen(*[Octets(Side.SERVER, b"\x01")] * n),
    "reads of nothing": lambda n: seen(*[Octets(Side.SERVER, b"")] * n),
    "header lines": lambda n: head(*[b"A: b"] * n),
    "extensions": lambda n: head(b"Sec-WebSocket-Extensions: " + b"a;b," * n + b"a"),
    "lines of extensions": lambda n: head(*[b"Sec-WebSocket-Extensions: permessage-deflate"] * n),
    "answers": lambda n: head(*[b"Sec-WebSocket-Accept: x"] * n),
    "a dump": lambda n: pasted("\n".join(f"{i * 16:08x}  " + "81 00 " * 16 for i in range(n))),
    "repeated rows of a dump": lambda n: pasted(f"00000000 {'81 00 ' * 8}\n*\n{n * 16:08x}\n" * 9),
    "dumps": lambda n: pasted("0000  81 00\n" * n),
    "dumps of both sides": lambda n: pasted(
        "".join(f"{i * 2:08x}  81 00\n\t{i * 2:08x}  81 00\n" for i in range(n))
    ),
    "octets in lines": lambda n: pasted("8100\n" * n),
    "octets in one line": lambda n: pasted("> " + "81 00 " * n),
    "marked lines": lambda n: pasted("> 8100\n< 8100\n" * n),
    "an array": lambda n: pasted("char a[] = {\n" + "0x81, 0x00, /* a */\n" * n + "};"),
    "arrays": lambda n: pasted("char a[] = {\n0x81, 0x00 };\n" * n),
    "comments that aren't closed": lambda n: pasted("char a[] = {\n" + "0x81, /*" * n + "}"),
    "labels": lambda n: pasted("a: " * n + "sent: 8100\n"),
    "brackets": lambda n: pasted("x = " + "[" * n + "1, 2"),
    "quotes": lambda n: pasted("> " * n + "8100\n"),
    "headers of a pasted head": lambda n: pasted("GET / HTTP/1.1\n" + "a: b\n" * n),
    "heads": lambda n: pasted("GET / HTTP/1.1\n\nHTTP/1.1 101 a\n\n" * n),
    "frames of a library": lambda n: pasted("> TEXT 'a' [1 byte]\n< TEXT 'a...' [9 bytes]\n" * n),
    "prose": lambda n: pasted("the client sent this to the server\n" * n + "8100"),
    "packets": lambda n: pasted("1:2:3.4 IP a > b: x\n0x0000:  4500 0028\n" * n),
    "columns": lambda n: pasted("1.0\t1\t8100\n" * n),
    "columns of octets": lambda n: pasted("81\t" * n + "8100\n"),
    "followed packets": lambda n: pasted(
        "peers:\npackets:\n" + "  - peer: 1\n    data: !!binary |\n      gQA=\n" * n
    ),
    "messages of a HAR": lambda n: pasted(
        json.dumps({"log": {"entries": [{"request": {"url": "ws://a"}, "_webSocketMessages": [SAID] * n}]}})
    ),
    "entries of a HAR": lambda n: pasted(
        json.dumps({"log": {"entries": [{"request": {"url": "ws://a"}, "_webSocketMessages": [SAID]}] * n}})
    ),
    "expected verdicts": lambda n: (
        lambda: expected_file.of(
            Path("i.json"),
            Source("i.json", json.dumps({"a": {f"\u00e9{i}": {"behavior": "OK"} for i in range(n)}})),
        )
    ),
    "keys of YAML": lambda n: lambda: parse(Source("y", "".join(f"k{i}: [a, b]\n" for i in range(n)))),
    "values": lambda n: compared(exactly([thing(i) for i in range(n)]), [thing(i) for i in range(n)]),
    "values that differ": lambda n: compared(exactly([thing(i) for i in range(n)]), [*range(n)]),
    "values that are too many": lambda n: compared(exactly([*range(n)]), [*range(n // 2), *range(n)]),
    "values in any order": lambda n: compared(
        Unordered(tuple(exactly(thing(i)) for i in range(n))), [thing(i) for i in range(n)][::-1]
    ),
    "objects with matchers in any order": lambda n: compared(
        Unordered(tuple(Keyed((("id", Free("hex")), ("n", Exactly(i)))) for i in range(n))),
        [thing(i) for i in range(n)][::-1],
    ),
    "matchers in any order": lambda n: compared(Unordered((Free("int"),) * n), [*range(n)]),
    "other values in any order": lambda n: compared(Unordered((Free("int"),) * n), ["a"] * n),
    "values in a diff": lambda n: lambda: shown(exactly([thing(i) for i in range(n)]), [thing(0)] * n),
    "aliases of YAML": lambda n: lambda: parse(Source("y", "a: &a [b]\nc: [" + "*a, " * n + "]\n")),
}


def shown(shape: Shape, value: Value) -> list[Text]:
    mismatch = match(shape, value, {})
    assert isinstance(mismatch, Mismatch)
    return [*values_diff.lines(shape, value, {}, mismatch, 80)]


def seen_before(octets: bytes) -> Callable[[], object]:
    trace = Trace(Side.CLIENT, (OPENED[0], Octets(Side.SERVER, octets), OPENED[1]))
    return lambda: (observe(trace), wirelog.write(trace))


@pytest.mark.parametrize("name", SHAPES)
def test_twice_as_much_takes_twice_as_many_steps(name: str) -> None:
    steps(SHAPES[name](10))  # what is done once
    few, many = steps(SHAPES[name](60)), steps(SHAPES[name](120))
    assert many <= 2.25 * few + 100
