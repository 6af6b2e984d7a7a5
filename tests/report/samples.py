"""Results as a run yields them, made of octets by hand: what the tests of the reports draw."""

from __future__ import annotations

import hashlib
from functools import cache

from msgspec.structs import replace

from replay.cases.model import Behaviour, Case, Closing, EventKind, Outcome, Pattern
from replay.cases.payload import Payload
from replay.cases.recorded import case_of
from replay.cases.step import Repeat, SendMessage
from replay.expected.entries import ENTRIES, Expected, resolved
from replay.source import Source, Span
from replay.trace.model import (
    SECOND,
    Cut,
    Digest,
    Drop,
    Entry,
    How,
    Octets,
    Timer,
    Trace,
    Unreached,
    Wait,
)
from replay.typed.readers import Files
from replay.typed.yaml_text import parse
from replay.verdict.judge import judge
from replay.verdict.result import Judged, RunResult
from replay.wire.deflate import Deflater
from replay.wire.frame import encode, frame
from replay.wire.handshake import accept
from replay.wire.side import Side

C, S = Side.CLIENT, Side.SERVER
KEY = "D+fcK/QqRpDx3yz323ge5w=="
REQUEST = (
    "GET / HTTP/1.1\r\nHost: localhost:9001\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    f"Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n"
).encode()
HOSTILE = "[bold]\x1b[31m\u202e<script>\u200e:smile:[/bold][link=http://evil]x"

SPEC = Source(
    "specs/01-framing/1.2-binary.yaml",
    """\
section: "1.2"
title: Binary messages
rule: minimal-length
cases:
  - id: "1.2.3"
    title: Binary message of 126 octets, the first that needs a two-octet length
    send:
      - binary: {hex: fe, size: 126}
    expect:
      - ok: [echo]
    close: {by: tester, code: 1000, clean: required}
""",
)


DEFLATE = "permessage-deflate; client_no_context_takeover; server_max_window_bits=12"


def response(agent: str = "echo/1.0", status: str = "101 Switching Protocols") -> bytes:
    head = f"HTTP/1.1 {status}\r\nServer: {agent}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    return (head + f"Sec-WebSocket-Accept: {accept(KEY)}\r\n\r\n").encode("latin-1", "replace")


def find(text: str) -> Span:
    at = SPEC.text.index(text)
    return SPEC.span(at, at + len(text))


def close(code: int = 1000, reason: bytes = b"", key: bytes = b"") -> bytes:
    return encode(frame(8, code.to_bytes(2, "big") + reason, key=key))


TX_KEY = bytes.fromhex("3245eb4b")


def sent(opcode: int, payload: bytes, fin: bool = True) -> bytes:
    return encode(frame(opcode, payload, fin=fin, key=TX_KEY))


def opened(*entries: Entry, answer: bytes | None = None) -> tuple[Entry, ...]:
    """The entries of a connection, timed a millisecond apart."""
    all_entries = (Octets(C, REQUEST), Octets(S, response() if answer is None else answer), *entries)
    return tuple(replace(entry, at=number * 1204) for number, entry in enumerate(all_entries))


def clean_end(code: int = 1000) -> tuple[Entry, ...]:
    return (
        Octets(C, close(1000, key=bytes.fromhex("59304fac"))),
        Octets(S, close(code)),
        Drop(S, How.FIN),
    )


def case(
    *patterns: Pattern,
    id: str = "1.2.3",
    title: str = "Binary message of 126 octets, the first that needs a two-octet length",
    closing: Closing | None = None,
) -> Case:
    return Case(
        id=id,
        title=title,
        section=id.rpartition(".")[0],
        steps=(),
        outcomes=(Outcome(Behaviour.OK, patterns, span=find("ok: [echo]")),),
        closing=closing or Closing(span=find("{by: tester, code: 1000, clean: required}")),
        span=find('"1.2.3"'),
    )


def echo(kind: EventKind, payload: Payload) -> Pattern:
    return Pattern(kind, payload, span=find("echo"))


def judged(of: Case, *entries: Entry, tester: Side = C) -> Judged:
    result = judge(of, Trace(tester, entries), tester)
    return replace(result, path="specs/01-framing/1.2-binary.yaml")


MESSAGE = echo(EventKind.BINARY, Payload(b"\xfe", 126))
FIRST = Octets(C, sent(2, b"\xfe" * 126))
PATIENCE = Timer(Wait.FAIL, False, SECOND)


def good() -> Judged:
    back = Octets(S, encode(frame(2, b"\xfe" * 126)))
    return judged(case(MESSAGE), *opened(FIRST, PATIENCE, back, *clean_end()))


def flipped() -> Judged:
    """One octet of an echo is wrong; it comes in one frame."""
    back = b"\xfe" * 124 + b"\xfd\xfe"
    return judged(case(MESSAGE), *opened(FIRST, PATIENCE, Octets(S, encode(frame(2, back))), *clean_end()))


def fragmented() -> Judged:
    """The same in the second of two frames, which come in one read."""
    first, second = frame(2, b"\xfe" * 100, fin=False), frame(0, b"\xfe" * 24 + b"\xfd\xfe")
    back = Octets(S, encode(first) + encode(second))
    return judged(case(MESSAGE), *opened(FIRST, PATIENCE, back, *clean_end()))


def short() -> Judged:
    """An echo without its last two octets."""
    back = Octets(S, encode(frame(2, b"\xfe" * 124)))
    return judged(case(MESSAGE), *opened(FIRST, PATIENCE, back, *clean_end()))


def missing_pong() -> Judged:
    of = case(
        Pattern(EventKind.PONG, Payload(b"are you there?")),
        id="2.4",
        title="Ping with a payload is answered",
    )
    entries = opened(
        Octets(C, sent(9, b"are you there?")), PATIENCE, Timer(Wait.FAIL, True, SECOND), *clean_end()
    )
    return judged(of, *entries)


def extra_message() -> Judged:
    of = case(
        *[echo(EventKind.TEXT, Payload(f"message {n}".encode())) for n in range(20)],
        id="5.19",
        title="Many messages",
    )
    back = [encode(frame(1, f"message {n}".encode())) for n in range(20)]
    back.insert(12, encode(frame(1, "message 11, once more: ½ κόσμε 😀".encode())))
    return judged(of, *opened(*[Octets(S, octets) for octets in back], *clean_end()))


def wrong_code() -> Judged:
    back = Octets(S, encode(frame(2, b"\xfe" * 126)))
    end = Octets(S, close(1002, HOSTILE.encode()[:100]))
    return judged(
        case(MESSAGE),
        *opened(FIRST, PATIENCE, back, Octets(C, close(1000, key=TX_KEY)), end, Drop(S, How.FIN)),
    )


def masked() -> Judged:
    """A server that masks, in a length form that is too long."""
    back = encode(frame(2, b"\xfe" * 126, key=b"\1\2\3\4", form=8))
    return judged(case(MESSAGE), *opened(FIRST, PATIENCE, Octets(S, back), *clean_end(1002)))


def refused() -> Judged:
    answer = b"HTTP/1.1 404 Not Found\r\nServer: nginx\r\nContent-Length: 9\r\n\r\nnot found"
    return judged(case(MESSAGE), *opened(Drop(S, How.FIN), answer=answer))


def wrong_accept() -> Judged:
    """A server that answers with the accept value of another key."""
    answer = response().replace(accept(KEY).encode(), accept("AAAAAAAAAAAAAAAAAAAAAA==").encode())
    return judged(case(MESSAGE), *opened(Drop(C, How.FIN), answer=answer))


def unreached() -> Judged:
    return judged(case(MESSAGE), Unreached("connection refused"))


def large() -> Judged:
    """16 MiB that come back with one octet changed, in reads of 64 KiB."""
    size = 16 * 2**20
    data = bytearray((b"BAsd7&jh23" * (size // 10 + 1))[:size])
    data[size - 2] ^= 1
    octets = encode(frame(1, bytes(data)))
    reads = [Octets(S, octets[at : at + 65536]) for at in range(0, len(octets), 65536)]
    of = case(
        echo(EventKind.TEXT, Payload(b"BAsd7&jh23", size)), id="9.1.6", title="Text message of 16 MiB"
    )
    return judged(of, *opened(Octets(C, sent(1, bytes(data))), *reads, *clean_end()))


def hostile() -> Judged:
    """A peer that sends what a terminal, a markup language or a person may stumble over."""
    of = case(echo(EventKind.TEXT, Payload(b"Hello")), id="1.1.2", title="Text message")
    end = Octets(S, close(3000, HOSTILE.encode()[:120]))
    return judged(
        of,
        *opened(
            Octets(C, sent(1, b"Hello")),
            Octets(S, encode(frame(1, HOSTILE.encode()))),
            end,
            Octets(C, close(1000, key=TX_KEY)),
            Drop(S, How.RST),
            answer=response("[bold red]\x08\x07evil[/] :skull: \x9b31m"),
        ),
    )


def client_flipped() -> Judged:
    """A client as testee, which masks: the octet that differs stands masked on the wire."""
    entries = opened(
        Octets(S, encode(frame(1, b"Hello, client"))),
        Octets(C, sent(1, b"Hello, klient")),
        Octets(S, close(1000)),
        Octets(C, close(1000, key=TX_KEY)),
        Drop(S, How.FIN),
    )
    of = case(echo(EventKind.TEXT, Payload(b"Hello, client")), id="1.1.2", title="Text message")
    return judged(of, *entries, tester=S)


LOG = Source(
    "traces/echo.wirelog",
    """\
# agent: echo/1.0
000 TX OCTETS: "GET / HTTP/1.1\\r\\n" ...
005 +0.001204 RX OCTETS: 827e007e (fe)*126
""",
)


def recorded() -> Judged:
    """A log that is its own expectation: the octet that differs is one of a repeat in it."""
    at = LOG.text.index("827e007e")
    back = Octets(S, encode(frame(2, b"\xfe" * 126)), span=LOG.span(at, LOG.text.index("*126") + 4))
    trace = Trace(C, opened(FIRST, back, *clean_end()))
    other = encode(frame(2, b"\xfe" * 100 + b"\x00" + b"\xfe" * 25))
    entries = opened(FIRST, Octets(S, other[:90]), Octets(S, other[90:]), *clean_end())
    return judge(case_of(trace, "traces/echo.wirelog", C), Trace(C, entries), C, ("from a capture",))


def deflating(*entries: Entry) -> tuple[Entry, ...]:
    """The entries of a connection that agreed on permessage-deflate."""
    asked, answered = (
        head[:-2] + f"Sec-WebSocket-Extensions: {DEFLATE}\r\n\r\n".encode()
        for head in (REQUEST, response())
    )
    heads = (Octets(C, asked), Octets(S, answered))
    return tuple(replace(entry, at=number * 1204) for number, entry in enumerate((*heads, *entries)))


def packed(opcode: int, payload: bytes, fin: bool = True, key: bytes = b"") -> bytes:
    """A frame of a compressed message, the first one."""
    return encode(frame(opcode, payload, fin=fin, rsv=4 if opcode else 0, key=key))


HELLO = bytes.fromhex("f248cdc9c90700")


def compressed() -> Judged:
    """The examples of RFC 7692 §7.2.3, from the server; the client's is masked."""
    back = (
        packed(1, HELLO),
        packed(1, HELLO[:3], fin=False) + packed(0, HELLO[3:]),
        packed(1, bytes.fromhex("f200110000")),
        packed(1, bytes.fromhex("000500faff48656c6c6f00")),
        packed(1, bytes.fromhex("f348cdc9c9070000")),
        packed(1, bytes.fromhex("f24805000000ffffcac9c90700")),
        packed(2, b"\0"),
    )
    of = case(
        *[echo(EventKind.TEXT, Payload(b"Hello"))] * 6, echo(EventKind.BINARY, Payload()), id="12.1.1"
    )
    entries = (Octets(C, packed(1, HELLO, key=TX_KEY)), *[Octets(S, octets) for octets in back])
    return judged(of, *deflating(*entries, *clean_end()))


def compressed_flipped() -> Judged:
    """One octet of a compressed echo is wrong; it comes in three frames."""
    wanted = b"A verse of twenty octets. " * 40
    given = wanted[:500] + b"?" + wanted[501:]
    payload = Deflater(12, True, 2).message(given)
    parts = packed(1, payload[:9], fin=False), packed(0, payload[9:30], fin=False), packed(0, payload[30:])
    sent_ = packed(1, Deflater(15, False, 2).message(wanted), key=TX_KEY)
    slice_ = Payload(b"?" * 1040 + wanted, next=1040, round=1)
    of = case(echo(EventKind.TEXT, slice_), id="12.3.9", title="Compressed text messages of a verse")
    of = replace(of, steps=(Repeat(25, (SendMessage(True, slice_),), of=1000),))
    entries = Octets(C, sent_), PATIENCE, Octets(S, parts[0]), Octets(S, parts[1] + parts[2])
    return judged(of, *deflating(*entries, *clean_end()))


def spoilt() -> Judged:
    """Compressed payloads that are no DEFLATE data, reach back too far, end too early, are no text."""
    back = (
        packed(1, HELLO[:3], fin=False) + packed(0, b"\xc9\xff\xff\xff\xff\xff"),
        packed(2, bytes.fromhex("ff" * 4)),
        packed(1, b""),
        packed(1, b"\x00\x05\x00\xfa\xffHel\xffo\x00"),
        packed(1, HELLO[:5]),
        packed(1, HELLO + b"\0\0\xff\xff"),
        packed(1, HELLO),
    )
    of = case(echo(EventKind.TEXT, Payload(b"Hello")), id="12.1.1", title="Compressed text messages")
    entries = (Octets(C, packed(1, HELLO, key=TX_KEY)), *[Octets(S, octets) for octets in back])
    return judged(of, *deflating(*entries, *clean_end(1007)))


def digests() -> Judged:
    """Rounds of which some are known by their digests only."""
    data = b"Hello"
    known = hashlib.sha256(data).hexdigest()
    rounds: list[Entry] = [Octets(C, packed(1, HELLO, key=TX_KEY)), Octets(S, packed(1, HELLO))]
    for _ in range(3):
        rounds += [Octets(C, b"", cut=Cut(13, known)), Digest(C, 1, 5, known)]
        rounds += [Octets(S, b"", cut=Cut(more, known)) for more in (4, 5)]
        rounds.append(Digest(S, 1, 5, known))
    of = case(*[echo(EventKind.TEXT, Payload(data))] * 4, id="12.1.1", title="Compressed text messages")
    return judged(of, *deflating(*rounds, Octets(S, b"", cut=Cut(2770)), *clean_end()))


SAMPLES = [
    compressed,
    compressed_flipped,
    spoilt,
    digests,
    recorded,
    flipped,
    fragmented,
    short,
    missing_pong,
    extra_message,
    wrong_code,
    masked,
    refused,
    wrong_accept,
    unreached,
    hostile,
    client_flipped,
]


@cache
def run() -> RunResult:
    results = (good(), flipped(), missing_pong(), wrong_code(), masked())
    return RunResult("echo/1.0", "ws://127.0.0.1:9001", results, 1234, 0.42, planned=len(results))


def shortened_run() -> RunResult:
    """A run with a case of fewer rounds than it has."""
    return replace(run(), results=(good(), compressed_flipped()), planned=2)


EXPECTED = Source(
    "expected.yaml",
    """\
- case: "1.2.3"
  verdict: OK / WRONG CODE
  reason: 1002 is as good as 1000 there
  link: https://example.org/issues/1
- case: "2.4"
  verdict: FAILED
  reason: Pongs are in the next release
  until: 2026-01-31
- case: "5.19"
  verdict: [OK, NON-STRICT]
  reason: the queue may be full
- case: "1.1.*"
  verdict: FAILED
  reason: text comes later
""",
)


def expected_run() -> RunResult:
    """A run with results of all standings, a flaky one, and an entry that is no longer needed."""
    entries = ENTRIES.read(parse(EXPECTED, "list"), Files())
    results = [wrong_code(), missing_pong(), extra_message()]
    results += [replace(good(), case=replace(good().case, id=id)) for id in ("1.1.1", "1.1.2", "9.1")]
    results[-1] = replace(results[-1], flaky=True)
    expected = Expected(resolved(entries, [result.case.id for result in results]), "2026-02-01")
    return expected.judged(replace(run(), results=tuple(results), planned=len(results)))


def judged_of(run: RunResult, number: int) -> Judged:
    """A result of a run that still has its evidence."""
    result = run.results[number]
    assert isinstance(result, Judged)
    return result
