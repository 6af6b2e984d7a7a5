"""`replay record --redact`: what is hidden keeps its length, nothing of it reaches the disk, and a replay
asks for it."""

from __future__ import annotations

import json
import re
import signal
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.protocol.events import Message
from replay.protocol.interpreter import observe
from replay.recording.hidden import hidden
from replay.recording.json_paths import hide, parse_path
from replay.recording.redaction import ANEW, LEAVE_OUT, Redactor
from replay.trace.model import Drop, Entry, Octets, Trace
from replay.wire.deflate import Deflater
from replay.wire.frame import encode, frame
from replay.wire.side import Side
from tests.processes import replay
from tests.recorder import logged, octets, passes, recording, request, switched

KEY = b"\x37\xfa\x21\x3d"
SECRET = b"s3cr3t-v\xc3\xa4lue"
LOGIN = b'{"op": "login", "user": {"name": "me", "token": "' + SECRET + b'"}, "n": 1}'
PLAIN = b'{"op": "ping"}'
DEFLATE = ("Sec-WebSocket-Extensions", "permessage-deflate")


class Kept:
    """A log in memory."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.closed = False

    def record(self, entry: Entry) -> None:
        self.entries.append(entry)

    def close(self) -> None:
        self.closed = True


def redacted(entries: list[Entry], *words: str, way: str = ANEW) -> tuple[Trace, Counter[str]]:
    kept, told = Kept(), Counter[str]()
    redactor = Redactor(hidden(words), way, kept, told.update)
    for entry in entries:
        redactor.record(entry)
    redactor.close()
    assert kept.closed
    return Trace(Side.CLIENT, tuple(kept.entries)), told


def opened(*headers: tuple[str, str]) -> list[Entry]:
    return [Octets(Side.CLIENT, request("/", *headers)), Octets(Side.SERVER, switched(*headers))]


def messages(trace: Trace, side: Side = Side.CLIENT) -> list[bytes]:
    return [event.data for event in observe(trace) if isinstance(event, Message) and event.side is side]


def text(payload: bytes, opcode: int = 1, fin: bool = True, rsv: int = 0, key: bytes = KEY) -> bytes:
    return encode(frame(opcode, payload, fin=fin, rsv=rsv, key=key))


CROSSED = LOGIN.replace(SECRET, b"x" * len(SECRET))


@given(
    cuts=st.lists(st.integers(1, 400), max_size=8), pinged=st.booleans(), at=st.integers(1, len(LOGIN) - 1)
)
def test_a_value_is_hidden_however_its_message_is_split(cuts: list[int], pinged: bool, at: int) -> None:
    ping = text(b"ping", 9) if pinged else b""
    fragments = text(LOGIN[:at], fin=False) + ping + text(LOGIN[at:], 0)
    stream = text(PLAIN) + fragments + text(LOGIN) + text(PLAIN)
    ends = sorted({0, *(cut % len(stream) for cut in cuts), len(stream)})
    reads: list[Entry] = [
        Octets(Side.CLIENT, stream[a:b], number) for number, (a, b) in enumerate(pairwise(ends))
    ]
    other: list[Entry] = [Octets(Side.SERVER, text(LOGIN, key=b"")), Drop(Side.SERVER)]
    trace, told = redacted([*opened(), *reads, *other], "$.user.token")
    assert messages(trace) == [PLAIN, CROSSED, CROSSED, PLAIN]
    assert messages(trace, Side.SERVER) == [CROSSED]
    assert not told
    sizes = [len(entry.data) for entry in trace.entries if isinstance(entry, Octets)][2:-1]
    assert sizes == [b - a for a, b in pairwise(ends)]


@pytest.mark.parametrize("takeover", [True, False])
def test_a_compressed_message_is_compressed_anew(takeover: bool) -> None:
    header = DEFLATE if takeover else (DEFLATE[0], f"{DEFLATE[1]}; client_no_context_takeover")
    sent = [PLAIN, LOGIN, PLAIN, LOGIN]
    deflater = Deflater(15, takeover)
    payloads = [deflater.message(one) for one in sent]
    half = len(payloads[1]) // 2
    frames = [text(one, rsv=4) for one in payloads]
    frames[1] = text(payloads[1][:half], fin=False, rsv=4) + text(payloads[1][half:], 0)
    entries = [*opened(header), *(Octets(Side.CLIENT, one) for one in frames)]
    trace, told = redacted(entries, "$.user.token")
    assert messages(trace) == [PLAIN, CROSSED, PLAIN, CROSSED]
    assert trace.entries[2] == entries[2]  # before there was anything to hide
    assert takeover or trace.entries[4] == entries[4]
    assert sum(told.values()) == (3 if takeover else 2)


def test_a_compressed_message_is_left_out() -> None:
    deflater = Deflater(15, False)
    header = (DEFLATE[0], f"{DEFLATE[1]}; client_no_context_takeover")
    stream = b"".join(text(deflater.message(one), rsv=4) for one in (PLAIN, LOGIN, PLAIN))
    trace, told = redacted([*opened(header), Octets(Side.CLIENT, stream)], "$..token", way=LEAVE_OUT)
    assert sum(told.values()) == 1
    found = messages(trace)
    assert found[0] == found[-1] == PLAIN
    cut = [entry for entry in trace.entries if isinstance(entry, Octets) and entry.cut]
    assert [one.cut.more for one in cut if one.cut] == [len(deflater.message(LOGIN))]


def test_what_cannot_be_read_is_left_out() -> None:
    """A payload that doesn't inflate, and a message that isn't complete."""
    broken = text(b"\xff" * 20, rsv=4)
    unfinished = text(LOGIN)[:-4]
    entries = [*opened(DEFLATE), Octets(Side.CLIENT, broken), Octets(Side.CLIENT, unfinished)]
    trace, told = redacted(entries, "$.user.token")
    assert sum(told.values()) == 2
    assert all(SECRET not in mask_off(data) for data in octets(trace, Side.CLIENT))
    assert [len(data) for data in octets(trace, Side.CLIENT)[1:]] == [6, 6]


def mask_off(data: bytes) -> bytes:
    return bytes(octet ^ KEY[number % 4] for number, octet in enumerate(data))


def test_a_message_that_is_no_json_is_kept_and_counted() -> None:
    trace, told = redacted([*opened(), Octets(Side.CLIENT, text(b"token=1"))], "$.token")
    assert messages(trace) == [b"token=1"]
    assert sum(told.values()) == 1


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["a", "b", "é", 'q"', ""]), inner, max_size=3)
        ),
        max_leaves=12,
    ),
    st.booleans(),
)
def test_json_keeps_its_shape(value: object, ascii_only: bool) -> None:
    before = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    after = hide(before, [parse_path("$..a")])
    assert after is not None
    assert len(after) == len(before)
    assert shape(json.loads(after), False) == shape(json.loads(before), False)


def shape(value: object, inside: bool) -> object:
    """The value with a mark in place of what is in any 'a'."""
    match value:
        case dict():
            return {key: shape(one, inside or key == "a") for key, one in value.items()}
        case list():
            return [shape(one, inside) for one in value]
    return "hidden" if inside else value


@pytest.mark.parametrize(
    ("path", "hits"),
    [
        ("$.a", ["1"]),
        ("$.b[1]", ["3"]),
        ("$.b[*]", ["2", "3"]),
        ("$['c d'].e", ["4"]),
        ("$..e", ["4", "5"]),
        ("$.*.e", ["4"]),
        ("$.b", ["2", "3"]),
        ("$.nothing", []),
    ],
)
def test_where_paths_lead(path: str, hits: list[str]) -> None:
    before = b'{"a": 71, "b": [72, 73], "c d": {"e": 74, "f": [{"e": 75}]}}'
    after = hide(before, [parse_path(path)])
    assert after is not None
    assert re.findall(rb"7(\d)", before) != re.findall(rb"7(\d)", after) or not hits
    gone = set(re.findall(rb"7(\d)", before)) - set(re.findall(rb"7(\d)", after))
    assert sorted(one.decode() for one in gone) == hits


def test_several_values_in_a_message() -> None:
    for before in (b'42["login",{"t":"abc"}]', b'{"t":"abc"}\n{"t":"abc"}\n'):
        after = hide(before, [parse_path("$..t")])
        assert after == before.replace(b"abc", b"xxx")


@pytest.mark.parametrize("text", [b"token", b'{"a"', b"[1,2", b'{"a":1]', b"{1:2}", b"\x00\x01"])
def test_what_is_no_json(text: bytes) -> None:
    assert hide(text, [parse_path("$..a")]) is None


SENT = (
    ("Authorization", "Bearer abc.def"),
    ("Cookie", "sid=42; theme=dark"),
    ("X-Trace", "keep me"),
)


def test_what_is_hidden_never_reaches_the_disk(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with recording(out, "--redact", "--redact", "$.user.token", "--redact", "x-own") as between:
        client, server = between.pair()
        passes(client, server, request("/chat?room=5&api_key=123456&x=1", *SENT, ("X-Own", "a b")))
        passes(server, client, switched(("Set-Cookie", "id=99")))
        passes(client, server, text(LOGIN)[:60])
        assert SECRET not in b"".join(path.read_bytes() for path in out.iterdir())
        passes(client, server, text(LOGIN)[60:])
        passes(server, client, text(b"hi", key=b""))
        between.process.send_signal(signal.SIGTERM)
        ended = between.process.ended()
    assert ended.returncode == 0
    assert "  note: 1 message not JSON, and as they were" in ended.stdout
    (log,) = out.iterdir()
    trace = logged(log)
    sent = octets(trace, Side.CLIENT)[0].decode()
    assert len(sent) == len(request("/chat?room=5&api_key=123456&x=1", *SENT, ("X-Own", "a b")))
    assert "GET /chat?room=5&api_key=xxxxxx&x=1 " in sent
    assert "Authorization: xxxxxx xxxxxxx\r\nCookie: xxxxxxx xxxxxxxxxx\r\nX-Trace: keep me\r\n" in sent
    assert "X-Own: x x\r\n" in sent
    assert b"Set-Cookie: xxxxx\r\n" in octets(trace, Side.SERVER)[0]
    assert messages(trace) == [CROSSED]
    assert trace.header("redacted") == (
        "Authorization, Proxy-Authorization, Cookie, Set-Cookie, x-own, keys in the query, $.user.token"
    )


def test_a_replay_asks_for_what_was_hidden(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with recording(out, "--redact") as between:
        client, server = between.pair()
        passes(client, server, request("/?token=1", SENT[0]))
        passes(server, client, switched())
        server.close()
        assert client.recv(1) == b""
        client.close()
        between.line()
        between.ended()
    first = replay("run", out)
    assert first.returncode == 2
    assert "the value of Authorization was hidden when this was recorded" in first.stderr
    assert "help: give it with --header 'Authorization: …'" in first.stderr
    header = ("--header", "Authorization: Bearer new")
    second = replay("run", out, *header)
    assert second.returncode == 2
    assert "in the query the value of token was hidden" in second.stderr
    third = replay("run", out, *header, "--url", "ws://127.0.0.1:1/?token=2")
    assert "hidden" not in third.stderr
    assert replay("check", out).returncode in (0, 1)
    assert replay("show", out).returncode == 0


@pytest.mark.parametrize("word", ["$", "$.a..", "$x", "a b", "", "$.a[x]"])
def test_words_that_name_nothing(word: str, tmp_path: Path) -> None:
    done = replay("record", "--url", "ws://127.0.0.1:1", "--out", tmp_path, "--redact", word)
    assert done.returncode == 2
    assert "--redact" in done.stderr
