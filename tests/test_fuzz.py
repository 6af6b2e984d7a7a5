"""Whatever stands in a file or comes from a peer, each public reader gives a value or a SourceError.

Seeds are real files: the suite's specs and traces, reports, configs. It takes its time: `.ci/run` runs it,
a minute in all.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from replay.captures.text import reader
from replay.captures.text.known import is_text
from replay.cases.load import load
from replay.commands import compared
from replay.config import autobahn as autobahn_config
from replay.config import file as config
from replay.expected import file as expected_file
from replay.protocol.interpreter import observe
from replay.source import Source, SourceError
from replay.store import journal
from replay.store.reader import load as load_run
from replay.trace import wirelog
from replay.trace.model import Octets, Trace
from replay.wire.deflate import Inflater
from replay.wire.extensions import ExtensionsError, parse_extensions
from replay.wire.handshake import HeadError, encode_request, parse_head
from replay.wire.side import Side
from tests.memory import ACCEPTED
from tests.processes import ROOT

pytestmark = pytest.mark.fuzz

FIXTURES = ROOT / "tests" / "fixtures"
LOGS = [*sorted((ROOT / "traces").rglob("*.wirelog"))[::40], *sorted(FIXTURES.glob("autobahn-case*"))]
SPECS = sorted((ROOT / "specs").rglob("*.yaml"))[::4]
REPORT = {
    "agent": "a", "id": "1.1.1", "isServer": False, "droppedByMe": False, "httpRequest": "GET / HTTP/1.1",
    "wirelog": [
        ["TF", [1, "a"], 1, True, 0, "aabbccdd", 300, None, False], ["TO", [9, "81"], False],
        ["RO", [3, "810161"]], ["RF", [1, "a"], 1, True, 0, False, None], ["KL", 1], ["CT", 1.5, "A"],
    ],
}  # fmt: skip
PAGE = '<html><pre class="wirelog_tx_octets">000 TX OCTETS: 810161</pre>\n<p>a - Case 1.1.1 :</p></html>'
YAML = """\
url: ws://a:1
timeout: 3
header: ['A: b']
expected:
  - {case: 1.1.1, is: FAILED, reason: x}
serve:
  port: 1
"""
TOML = """\
[tool.replay]
timeout = 3.5
seed = 1
[[tool.replay.servers]]
agent = "a"
url = "ws://b"
"""
CLIENT = '{"outdir": "r", "servers": [{"agent": "a", "url": "ws://b:1"}], "cases": ["*"]}'
INDEX = '{"a": {"1.1.1": {"behavior": "OK", "behaviorClose": "OK", "duration": 1}}}'
LISTED = "- {case: 1.1.1, is: FAILED, reason: x}\n"
JOURNAL = (
    journal.FIRST_LINE
    + journal.record(
        *("run", 0),
        b'{"replay": "1", "suite": null, "tester": "client", "address": "a", "seed": 1, "limits": {},'
        b' "profile": "rfc", "thorough": false, "sources": [],'
        b' "cases": [{"id": "1.1.1", "title": "t", "of": "suite"}]}',
    )
    + journal.record(
        "case", 1, b'{"id": "1.1.1", "title": "t", "behaviour": "OK", "closing": "OK"}', b"# a: b"
    )
).decode()
RUN = json.dumps({"format": "replay run", "version": 1, "state": "running", "cases": []})
PASTED = Path(__file__).parent / "captures" / "data" / "text"
PASTES = [
    "> GET / HTTP/1.1\n>\n< HTTP/1.1 101 x\n<\n> TEXT 'a' [1 byte]\n< BINARY 00 ... 01 [9 bytes]\n> EOF\n",
    "=> Send data, 7 bytes (0x7)\n0000: 81 05 48 65 6c 6c 6f   ..Hello\n*\n0000020\n",
    "++Sent raw: b'\\x81\\x00'\n++Sent decoded: fin=1 opcode=1 data=b''\nint a[] = {0x81, 0x00 /* a */};\n",
    "[frame_header] Header Bytes: \n[0] (2) 81 01\n[frame_payload] Payload Bytes: \n[0] (1) [1] a\n",
    "C: <Buffer 81 85 ... 4 more bytes>\nS: [129, 0]\n1: client 3 81 01\n   61\n",
]
HAR = (
    '{"log": {"entries": [{"startedDateTime": "2026-11-30T11:14:52.309Z", "request": {"url": "ws://a/b",'
    ' "headers": [{"name": "a", "value": "b"}]}, "response": {"status": 101}, "_webSocketMessages":'
    ' [{"type": "send", "time": 1.5, "opcode": 2, "data": "YQ=="}]}]}}'
)
PIECES = [
    *("9" * 5000, "-1", "1e999", "NaN", "\0", "\ud800", "\ufffd", "\ufeff", '"', "'", "\\", "[" * 200, "]"),
    *("{", "}", ":", ",", "\n", "\t", "&a", "*a", "!!python/object:os.system", "(00)*999999999999", "..."),
    *(
        "0x",
        "$a",
        "#",
        "<pre>",
        "null",
        "~",
        "\r\n\r\n",
        "\r",
        "a: b\na: b\n",
        "=",
        "% ",
        "\u0661",
        "é" * 50,
    ),
    *("TX OCTETS: ", "RX FRAME : ", "+9999999999999 ", "PAYLOAD="),
]


@st.composite
def changed(draw: st.DrawFn, *seeds: str) -> str:
    """A text that was right, cut, doubled and with other pieces in it."""
    text = draw(st.sampled_from(seeds))[:20_000]
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(text)))
        end = min(len(text), at + draw(st.sampled_from([0, 0, 1, 2, 10, 300])))
        piece = draw(st.sampled_from(PIECES) | st.text(max_size=6) | st.just(text[at : at + 40] * 2))
        text = text[:at] + piece + text[end:]
    return text


def texts(*paths: Path) -> list[str]:
    return [path.read_text(encoding="utf-8", errors="replace") for path in paths]


def in_folder(name: str, read: Callable[[Path], object]) -> Callable[[Path, str], object]:
    def of(folder: Path, text: str) -> object:
        (folder / name).write_bytes(text.encode("utf-8", "surrogatepass"))
        return read(folder / name)

    return of


def from_text(name: str, read: Callable[[Source], object]) -> Callable[[Path, str], object]:
    return lambda _, text: read(Source.decode(name, text.encode("utf-8", "surrogatepass")))


def _report(source: Source) -> object:
    return observe(wirelog.parse(source).trace)


def _log(source: Source) -> object:
    trace = wirelog.read(source).trace
    return observe(trace), wirelog.parse(Source("again", wirelog.write(trace)))


def _pasted(source: Source) -> object:
    is_text(source.text[:5000].encode("utf-8", "surrogatepass"))
    return [observe(Trace(found.recorder, found.entries)) for found in reader.read(source)]


READERS: dict[str, tuple[Callable[[Path, str], object], list[str]]] = {
    "logs": (from_text("a.wirelog", _log), texts(*LOGS)),
    "reports": (from_text("a", _report), [json.dumps(REPORT), PAGE]),
    "specs": (from_text("a.yaml", load), texts(*SPECS)),
    "config": (in_folder("replay.yaml", config.read), [YAML]),
    "pyproject": (in_folder("pyproject.toml", config.read), [TOML]),
    "fuzzingclient": (from_text("a.json", partial(autobahn_config.of, Path("a.json"))), [CLIENT]),
    "expected": (from_text("a.yaml", partial(expected_file.of, Path("a.yaml"))), [LISTED]),
    "index": (from_text("i.json", partial(expected_file.of, Path("i.json"))), [INDEX]),
    "compared": (in_folder("index.json", lambda path: compared.pair(path, path)), [INDEX]),
    "pasted texts": (from_text("a.txt", _pasted), texts(*sorted(PASTED.glob("*.txt"))) + PASTES),
    "har": (from_text("a.har", _pasted), [HAR]),
    "runs": (in_folder("run.journal", lambda path: load_run(path.parent)), [JOURNAL]),
    "older runs": (in_folder("run.json", lambda path: load_run(path.parent)), [RUN]),
}


def budget(test: Callable[..., None]) -> Callable[..., None]:
    limited = settings(
        max_examples=250,
        derandomize=False,
        suppress_health_check=list(HealthCheck),
    )
    return limited(test)


@pytest.mark.parametrize("name", READERS)
def test_a_reader_gives_a_value_or_a_source_error(name: str, tmp_path: Path) -> None:
    read, seeds = READERS[name]

    @budget
    @given(changed(*seeds))
    def check(text: str) -> None:
        with suppress(SourceError):
            read(tmp_path, text)

    check()


REQUEST = encode_request("/", [("Host", "a"), ("Sec-WebSocket-Extensions", 'a; b="c"')])
HEADS = [REQUEST.decode(), ACCEPTED.decode()]


@budget
@given(changed(*HEADS), st.sampled_from(Side))
def test_a_head_is_one_or_none(text: str, side: Side) -> None:
    with suppress(HeadError):
        parse_head(side, text.encode("utf-8", "surrogatepass"))


@budget
@given(changed('a; b="c", permessage-deflate; client_max_window_bits'))
def test_extensions_are_some_or_none(text: str) -> None:
    with suppress(ExtensionsError):
        parse_extensions(text)


@budget
@given(st.lists(st.tuples(st.sampled_from(Side), st.binary(max_size=60)), max_size=12), st.booleans())
def test_octets_of_both_sides_are_events(pieces: list[tuple[Side, bytes]], opened: bool) -> None:
    head = [] if opened else [(Side.CLIENT, HEADS[0].encode()), (Side.SERVER, ACCEPTED)]
    trace = Trace(Side.CLIENT, tuple(Octets(side, octets) for side, octets in [*head, *pieces]))
    observe(trace)
    assert wirelog.parse(Source("again", wirelog.write(trace))).trace == trace


@budget
@given(st.lists(st.binary(max_size=80), max_size=6), st.integers(8, 15), st.booleans())
def test_what_is_inflated_is_bounded(pieces: list[bytes], window: int, keeps: bool) -> None:
    inflater = Inflater(window, keeps, 10_000)
    for piece in pieces:
        octets, _ = inflater.feed(piece)
        assert len(octets) <= 10_000
