"""An echo server with one fault, chosen by name; it shares no code with replay, to test it by.

    python tests/peers/faulty.py --fault masks-frames [--port 0]

prints 'listening on PORT' when it is ready. FAULTS says of each fault which rule it breaks and
which cases of sections 1 and 2 have to catch it.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def frame(
    opcode: int, payload: bytes, *, fin: int = 1, rsv: int = 0, key: bytes = b"", form: int | None = None
) -> bytes:
    """A frame, its length in `form` more octets: 0, 2, 8, or by default the fewest."""
    if form is None:
        form = 0 if len(payload) < 126 else 2 if len(payload) < 2**16 else 8
    size = {0: len(payload), 2: 126, 8: 127}[form] | (128 if key else 0)
    head = bytes([fin << 7 | rsv << 4 | opcode, size]) + len(payload).to_bytes(8)[8 - form :]
    return head + key + (masked(payload, key) if key else payload)


def masked(payload: bytes, key: bytes) -> bytes:
    return bytes(octet ^ mask for octet, mask in zip(payload, cycle(key), strict=False))


def close(code: int, reason: bytes = b"") -> bytes:
    return frame(CLOSE, code.to_bytes(2) + reason)


@dataclass(frozen=True)
class Fault:
    """The fault is in the fields that aren't their defaults."""

    says: str
    rule: str | None = None  # of the rule table; None: none forbids it, but it is no echo
    cases: tuple[str, ...] = ("1.1.3",)  # each has to catch it
    verdict: tuple[str, str] = ("FAILED", "OK")  # behaviour and closing
    status: str = "HTTP/1.1 101 Switching Protocols"
    headers: Mapping[str, str | None] = field(default_factory=dict)  # None: left out
    echo: Callable[[int, bytes], bytes] | None = frame  # of a message; None: TCP is dropped
    pong: Callable[[int, bytes], bytes] = frame
    close: bytes = close(1000)
    drops: bool = True  # TCP, at a Close
    pings_held: int = 1  # so many are answered together, the last one first
    longest_ping: int = 125
    explains: bool = True  # a breach of the client's, by a Close with a code
    answers_pongs: bool = False


def flipped(opcode: int, payload: bytes) -> bytes:
    changed = bytearray(payload)
    if len(payload) > 124:
        changed[124] ^= 3
    return frame(opcode, bytes(changed))


def in_long_form(opcode: int, payload: bytes) -> bytes:
    return frame(opcode, payload, form=2 if len(payload) < 126 else 8)


def with_top_bit(opcode: int, payload: bytes) -> bytes:
    return bytes([128 | opcode, 127]) + (2**63 + len(payload)).to_bytes(8) + payload


NOT_OPENED = ("FAILED", "FAILED")
UNCLEAN = ("OK", "UNCLEAN")
UNREACHED = ("", "")
"""No case is played: the canary shows that there is no point."""

FAULTS = {
    "none": Fault("keeps every rule", None, (), ("OK", "OK")),
    "drops-at-a-breach": Fault("without a Close, as it may", None, (), ("OK", "OK"), explains=False),
    # The opening handshake.
    "not-http": Fault("answers no HTTP", "opening-http", verdict=NOT_OPENED, status="hello"),
    "answers-404": Fault("finds nothing", verdict=UNREACHED, status="HTTP/1.1 404 Not Found"),
    "http-1.0": Fault("is of 1996", "response-version", verdict=NOT_OPENED, status="HTTP/1.0 101 Switching Protocols"),
    "no-upgrade": Fault("no Upgrade", "response-upgrade", verdict=NOT_OPENED, headers={"Upgrade": None}),
    "keep-alive": Fault("no Upgrade in Connection", "response-connection", verdict=NOT_OPENED, headers={"Connection": "keep-alive"}),
    "bad-accept": Fault("accepts the RFC's key", "response-accept", verdict=NOT_OPENED, headers={"Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}),
    "unasked-extension": Fault("not offered", "response-extensions", verdict=NOT_OPENED, headers={"Sec-WebSocket-Extensions": "permessage-deflate"}),
    "extension-of-two-words": Fault("no list", "extensions-grammar", verdict=NOT_OPENED, headers={"Sec-WebSocket-Extensions": "permessage deflate"}),
    "window-of-7-bits": Fault("too small", "response-deflate", verdict=NOT_OPENED, headers={"Sec-WebSocket-Extensions": "permessage-deflate; server_max_window_bits=7"}),
    "unasked-subprotocol": Fault("not offered", "response-subprotocol", verdict=NOT_OPENED, headers={"Sec-WebSocket-Protocol": "chat"}),
    # Messages.
    "flips-one-octet": Fault("octet 124 of a message", None, ("1.1.2", "1.1.3", "1.2.3"), echo=flipped),
    "text-as-binary": Fault("echoes text as binary", None, ("1.1.1", "1.1.2"), echo=lambda _, data: frame(BINARY, data)),
    "binary-as-text": Fault("echoes fe as text", "text-is-utf8", ("1.2.2", "1.2.6"), echo=lambda _, data: frame(TEXT, data)),
    "echoes-twice": Fault("once too often", None, ("1.1.1", "1.2.3"), echo=lambda opcode, data: frame(opcode, data) * 2),
    "no-echo": Fault("swallows messages", None, ("1.1.1", "1.2.3"), UNREACHED, echo=lambda *_: b""),
    "drops-instead": Fault("drops TCP at a message", "close-before-drop", verdict=("FAILED", "FAILED"), echo=None),
    "masks-frames": Fault("as a client must", "server-does-not-mask", ("1.1.1", "1.2.3"), echo=partial(frame, key=b"\1\2\3\4")),
    "masks-with-zeros": Fault("a key of zeros is a key", "server-does-not-mask", ("1.1.1", "1.2.3"), echo=partial(frame, key=bytes(4))),
    "sets-rsv1": Fault("as if compressed", "rsv-zero", ("1.1.1", "1.2.3"), echo=partial(frame, rsv=4)),
    "sets-rsv3": Fault("the last reserved bit", "rsv-zero", ("1.1.1", "1.2.3"), echo=partial(frame, rsv=1)),
    "opcode-3": Fault("an unknown opcode", "known-opcode", ("1.1.1", "1.2.3"), echo=lambda _, data: frame(3, data)),
    "non-minimal-length": Fault("in 2 or 8 octets", "minimal-length", ("1.1.1", "1.1.2", "1.1.3", "1.2.6"), echo=in_long_form),
    "length-2-63": Fault("the top bit is set", "length-below-2-63", verdict=("FAILED", "UNCLEAN"), echo=with_top_bit),
    "continues-nothing": Fault("a continuation first", "continuation-continues", ("1.1.1", "1.2.3"), echo=lambda _, data: frame(0, data)),
    "begins-twice": Fault("within a message", "fragments-not-interleaved", ("1.1.1", "1.2.3"), echo=lambda opcode, data: frame(opcode, b"", fin=0) + frame(opcode, data)),
    # Pings and Pongs.
    "no-pong": Fault("answers no Ping", "ping-answered", ("2.1", "2.2", "2.3", "2.4", "2.9"), pong=lambda *_: b""),
    "pong-drops-payload": Fault("an empty Pong", "pong-echoes-ping", ("2.2", "2.3", "2.4", "2.9"), pong=lambda opcode, _: frame(opcode, b"")),
    "pongs-reversed": Fault("ten at once, the last one first", None, ("2.10", "2.11"), pings_held=10),
    "pong-too-long": Fault("a Pong of 126 octets", "control-length", ("2.1", "2.2"), pong=lambda opcode, _: frame(opcode, bytes(126))),
    "answers-pongs": Fault("a Pong for a Pong", None, ("2.7", "2.8", "2.9"), answers_pongs=True),
    "answers-oversized-ping": Fault("of 126 octets", "control-length", ("2.5",), ("FAILED", "FAILED"), longest_ping=126),
    "ignores-oversized-ping": Fault("of 126 octets", None, ("2.5",), ("OK", "FAILED"), longest_ping=126, pong=lambda *_: b""),
    # Closing.
    "wrong-close-code": Fault("1001, going away", None, ("1.1.1", "2.7"), ("OK", "WRONG CODE"), close=close(1001)),
    "no-close-reply": Fault("never answers a Close", "close-answered", ("1.1.6", "2.7"), UNCLEAN, close=b"", drops=False),
    "drops-without-close": Fault("drops TCP at a Close", "close-answered", ("1.1.1", "2.1", "2.7"), UNCLEAN, close=b""),
    "keeps-tcp-open": Fault("never drops TCP", "server-drops", ("1.1.6", "2.7"), UNCLEAN, drops=False),
    "message-after-close": Fault("an afterthought", "nothing-after-close", ("1.1.1", "2.7"), close=close(1000) + frame(TEXT, b"wait")),
    "close-of-one-octet": Fault("half a code", "close-length", ("1.1.1", "2.7"), UNCLEAN, close=frame(CLOSE, b"\3")),
    "close-code-1005": Fault("only for APIs", "close-code", ("1.1.1", "2.7"), UNCLEAN, close=close(1005)),
    "close-code-2000": Fault("of nobody", "close-code-assigned", ("1.1.1", "2.7"), UNCLEAN, close=close(2000)),
    "close-reason-not-utf8": Fault("Latin-1", "close-reason-is-utf8", ("1.1.1", "2.7"), UNCLEAN, close=close(1000, b"adi\xf3s")),
    "close-fragmented": Fault("FIN is 0", "control-not-fragmented", ("1.1.1", "2.7"), UNCLEAN, close=frame(CLOSE, b"\3\xe8", fin=0)),
}  # fmt: skip


async def serve(fault: str, port: int = 0) -> asyncio.Server:
    """Listen with the fault of that name."""
    return await asyncio.start_server(partial(converse, FAULTS[fault]), "127.0.0.1", port)


async def converse(fault: Fault, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, from its request to its end."""
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        writer.write(opening(fault, await reader.readuntil(b"\r\n\r\n")))
        await messages(fault, reader, writer)
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


def opening(fault: Fault, request: bytes) -> bytes:
    pairs = (line.split(b": ", 1) for line in request.split(b"\r\n")[1:] if line)
    key = {name.lower(): value for name, value in pairs}[b"sec-websocket-key"]
    digest = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    headers = {
        "Server": "faulty",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Accept": base64.b64encode(digest).decode(),
        **fault.headers,
    }
    lines = [fault.status, *(f"{name}: {value}" for name, value in headers.items() if value)]
    return "\r\n".join([*lines, "", ""]).encode()


async def messages(fault: Fault, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    pings: list[bytes] = []
    kind, parts = TEXT, b""
    while True:
        fin, opcode, payload = await read_frame(reader)
        if opcode >= CLOSE and (not fin or len(payload) > fault.longest_ping):
            if fault.explains:
                writer.write(close(1002))
                await read_frame(reader)  # the Close that answers
            return
        if opcode == CLOSE:
            writer.write(fault.close)
            if fault.drops:
                return
        elif opcode == PING:
            pings.append(payload)
            if len(pings) == fault.pings_held:
                writer.writelines(fault.pong(PONG, pings.pop()) for _ in range(fault.pings_held))
        elif opcode == PONG:
            writer.write(frame(PONG, payload) if fault.answers_pongs else b"")
        else:
            kind, parts = opcode or kind, parts + payload
            if fin:
                if fault.echo is None:
                    return
                writer.write(fault.echo(kind, parts))
                parts = b""
        await writer.drain()


async def read_frame(reader: asyncio.StreamReader) -> tuple[bool, int, bytes]:
    first, size = await reader.readexactly(2)
    form = {126: 2, 127: 8}.get(size & 127, 0)
    size = int.from_bytes(await reader.readexactly(form)) if form else size & 127
    key = await reader.readexactly(4)
    return first > 127, first & 15, masked(await reader.readexactly(size), key)


async def main() -> None:
    parser = argparse.ArgumentParser(description="An echo server with one fault.")
    parser.add_argument("--fault", choices=FAULTS, default="none")
    parser.add_argument("--port", type=int, default=0)
    asked = parser.parse_args()
    server = await serve(asked.fault, asked.port)
    print("listening on", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
