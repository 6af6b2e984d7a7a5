"""An echo server with permessage-deflate and one fault, chosen by name; it shares no code with replay.

    python tests/peers/deflating.py --fault window-too-large [--port 0]

prints 'listening on PORT' when it is ready; --list prints what FAULTS says of each. But for its fault it
is a sound endpoint of RFC 7692: it takes the first offer that it can meet, grants what the offer asks of
the server, asks of the client what the client offers to do, and compresses whatever it echoes.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, partial

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
RSV1 = 4
TAIL = b"\0\0\xff\xff"
"""What a flush ends in, and a message leaves out (RFC 7692 §7.2.1)."""

MOST = 2**26
"""Octets of a message that the server takes."""
BOMB = 10 * 2**30
"""Octets that a bomb inflates to."""
CHARGE = 2**24
"""So many of them are packed alike, and sent over and over."""


def frame(opcode: int, payload: bytes, *, fin: int = 1, rsv: int = 0) -> bytes:
    return head(opcode, len(payload), fin, rsv) + payload


def head(opcode: int, length: int, fin: int = 1, rsv: int = 0) -> bytes:
    form, size = (0, length) if length < 126 else (2, 126) if length < 2**16 else (8, 127)
    return bytes([fin << 7 | rsv << 4 | opcode, size]) + length.to_bytes(8)[8 - form :]


def compressed(opcode: int, payload: bytes) -> bytes:
    return frame(opcode, payload, rsv=RSV1)


def masked(payload: bytes, key: bytes) -> bytes:
    size = len(payload)
    mask = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload) ^ int.from_bytes(mask)).to_bytes(size)


class Breach(Exception):
    """The client's, with the code of the Close that it calls for."""

    def __init__(self, code: int) -> None:
        self.code = code


Parameter = tuple[str, str | None]


@dataclass(frozen=True)
class Terms:
    """How both sides compress: what was agreed, or what a faulty server keeps to instead."""

    offered: tuple[str, ...] = ()
    server_fresh: bool = False  # no context is taken over
    client_fresh: bool = False
    server_window: int = 15
    client_window: int = 15

    def parameters(self) -> Iterator[Parameter]:
        if self.server_fresh:
            yield "server_no_context_takeover", None
        if self.client_fresh:
            yield "client_no_context_takeover", None
        if self.server_window < 15 or "server_max_window_bits" in self.offered:
            yield "server_max_window_bits", str(self.server_window)
        if self.client_window < 15:
            yield "client_max_window_bits", str(self.client_window)


Reply = Callable[[Terms, list[Parameter]], list[Parameter] | None]


@dataclass(frozen=True)
class Fault:
    """The fault is in the fields that aren't their defaults."""

    says: str
    legal: bool = False
    agreed: Callable[[Terms], Terms] = lambda terms: terms  # from what the client offered
    kept: Callable[[Terms], Terms] = lambda terms: terms  # from what was agreed
    reply: Reply = lambda _, parameters: parameters  # None: the extension is declined
    level: int = 6
    final: bool = False  # the last block of a message says that it is the last
    astray: int | None = None  # from this message on, matches lie an octet too far back
    least: int = 0  # octets; shorter messages aren't compressed
    bomb: bool = False
    opcode: Callable[[int], int] = lambda opcode: opcode
    message: Callable[[int, bytes], bytes] = lambda _, message: message  # its number, from 1
    packed: Callable[[bytes], bytes] = lambda packed: packed
    framed: Callable[[int, bytes], bytes] = compressed
    control: Callable[[int, bytes], bytes] = frame


def added(name: str, value: str | None = None) -> Reply:
    return lambda _, parameters: [*parameters, (name, value)]


def unoffered(terms: Terms, parameters: list[Parameter]) -> list[Parameter]:
    known = "client_max_window_bits" in terms.offered
    return [*parameters, ("server_memory", "8") if known else ("client_max_window_bits", "15")]


def without_server_window(_: Terms, parameters: list[Parameter]) -> list[Parameter]:
    return [(name, value) for name, value in parameters if name != "server_max_window_bits"]


def frugal(terms: Terms) -> Terms:
    window = 9 if "client_max_window_bits" in terms.offered else 15
    return Terms(terms.offered, True, True, 9, min(window, terms.client_window))


def garbled(number: int, message: bytes) -> bytes:
    if number != 40 or not message:
        return message
    at = len(message) // 2
    return message[:at] + bytes([message[at] ^ 1]) + message[at + 1 :]


def in_fragments(
    opcode: int, payload: bytes, sizes: tuple[int, ...] = (0, 1, 0, 2, 126, 0), rsv: int = 0
) -> bytes:
    """The first ones of those sizes, then the rest, then nothing; RSV1 on the first, `rsv` on the others."""
    first, *others = sizes
    frames, at = [frame(opcode, payload[:first], fin=0, rsv=RSV1)], first
    for size in (*others, len(payload)):
        frames.append(frame(CONTINUATION, payload[at : at + size], fin=0, rsv=rsv))
        at += size
    return b"".join([*frames, frame(CONTINUATION, b"", rsv=rsv)])


FAULTS = {
    "none": Fault("keeps every rule", True),
    # The agreement.
    "declines": Fault("agrees on no extension", True, reply=lambda *_: None),
    "frugal": Fault("asks for the smallest windows and no contexts", True, agreed=frugal),
    "unoffered-parameter": Fault("answers client_max_window_bits where it wasn't offered, else an unknown parameter", reply=unoffered),
    "unknown-parameter": Fault("answers a parameter that no RFC knows", reply=added("server_memory", "8")),
    "duplicate-parameter": Fault("answers client_no_context_takeover twice", agreed=lambda terms: replace(terms, client_fresh=True), reply=added("client_no_context_takeover")),
    "window-out-of-range": Fault("answers server_max_window_bits=16", reply=lambda terms, parameters: [*without_server_window(terms, parameters), ("server_max_window_bits", "16")]),
    "larger-window-than-offered": Fault("answers a server_max_window_bits, and uses it, that is 3 above the one offered", agreed=lambda terms: replace(terms, server_window=min(15, terms.server_window + 3))),
    "ignores-server-window": Fault("doesn't answer the server_max_window_bits offered, and uses 15", kept=lambda terms: replace(terms, server_window=15), reply=without_server_window),
    # Windows and contexts that aren't those agreed.
    "window-too-large": Fault("answers server_max_window_bits=9 and compresses with 15", agreed=lambda terms: replace(terms, server_window=9), kept=lambda terms: replace(terms, server_window=15)),
    "context-kept": Fault("answers server_no_context_takeover and keeps its context", agreed=lambda terms: replace(terms, server_fresh=True), kept=lambda terms: replace(terms, server_fresh=False)),
    "context-lost": Fault("forgets the client's context, though it is to be taken over", agreed=lambda terms: replace(terms, client_fresh=False), kept=lambda terms: replace(terms, client_fresh=True)),
    "client-window-ignored": Fault("inflates with a window of 512 octets where the client may use 32768", agreed=lambda terms: replace(terms, client_fresh=False, client_window=15), kept=lambda terms: replace(terms, client_window=9)),
    "loses-context-late": Fault("refers, from message 30 on, to octets beside those that it means", astray=30),
    # RSV1.
    "rsv1-on-continuation": Fault("sets RSV1 on each fragment", framed=partial(in_fragments, sizes=(1,), rsv=RSV1)),
    "rsv1-on-control": Fault("sets RSV1 on Pongs and on its Close", control=partial(frame, rsv=RSV1)),
    "rsv1-missing": Fault("compresses without a word of it", framed=frame),
    # Compressed payloads.
    "tail-not-removed": Fault("leaves 00 00 ff ff at the end of a message", packed=lambda packed: packed + TAIL),
    "not-deflate": Fault("sends what is no deflate stream at all", packed=lambda _: b"\7not deflate"),
    "truncated": Fault("drops the last octet of a compressed message", packed=lambda packed: packed[:-1]),
    "bomb": Fault("answers any message by one that inflates to 10 GiB", bomb=True),
    "undeflated-short": Fault("doesn't compress messages under 1024 octets", True, least=1024),
    "final-blocks": Fault("ends each message in a block with BFINAL", True, final=True),
    "stored-blocks": Fault("compresses at level 0", True, level=0),
    "fragments": Fault("cuts compressed messages anywhere, with empty fragments", True, framed=in_fragments),
    # Messages.
    "garbles-one": Fault("changes an octet of message 40", message=garbled),
    "wrong-opcode": Fault("echoes text as binary and binary as text", opcode=lambda opcode: TEXT + BINARY - opcode),
}  # fmt: skip


BREAKS = {
    "unoffered-parameter": "response-deflate",
    "unknown-parameter": "response-deflate",
    "duplicate-parameter": "response-deflate",
    "window-out-of-range": "response-deflate",
    "larger-window-than-offered": "response-deflate-fits",
    "ignores-server-window": "response-deflate-fits",
    "window-too-large": "window-kept",
    "context-kept": "context-not-kept",
    "rsv1-on-continuation": "rsv1-on-first-frame",
    "rsv1-on-control": "rsv1-on-first-frame",
    "rsv1-missing": "text-is-utf8",
    "tail-not-removed": "tail-removed",
    "not-deflate": "message-inflates",
    "truncated": "message-inflates",
}
"""The rule of replay's table that a fault breaks in what the server sends; the others break none there."""


def agree(header: str) -> Terms | None:
    """The terms of the first offer that can be met."""
    for offer in header.split(","):
        name, *parameters = (part.strip() for part in offer.split(";"))
        if name == "permessage-deflate" and (terms := met([parameter(text) for text in parameters])):
            return terms
    return None


def parameter(text: str) -> Parameter:
    name, equals, value = (part.strip() for part in text.partition("="))
    return name, value.removeprefix('"').removesuffix('"') if equals else None


def met(parameters: list[Parameter]) -> Terms | None:
    terms = Terms(tuple(name for name, _ in parameters))
    if len(set(terms.offered)) < len(terms.offered):
        return None
    for name, value in parameters:
        match name:
            case "server_no_context_takeover" if value is None:
                terms = replace(terms, server_fresh=True)
            case "client_no_context_takeover" if value is None:
                terms = replace(terms, client_fresh=True)
            case "server_max_window_bits" if value in WINDOWS[1:]:  # zlib has no raw window of 8
                terms = replace(terms, server_window=int(value))
            case "client_max_window_bits" if value is None or value in WINDOWS:
                terms = replace(terms, client_window=int(value or 15))
            case _:
                return None
    return terms


WINDOWS = [str(bits) for bits in range(8, 16)]


class Deflate:
    """Both contexts of a connection, kept by its terms."""

    def __init__(self, fault: Fault, terms: Terms) -> None:
        self._fault, self._terms = fault, terms
        self._inflater = zlib.decompressobj(-terms.client_window)
        self._deflater = self._fresh()
        self._received = self._sent = b""
        self._number = 0

    def _fresh(self, before: bytes = b"") -> zlib._Compress:
        window = -self._terms.server_window
        return zlib.compressobj(
            self._fault.level, zlib.DEFLATED, window, 8, zlib.Z_DEFAULT_STRATEGY, before
        )

    def inflate(self, payload: bytes) -> bytes:
        if self._terms.client_fresh:
            self._inflater, self._received = zlib.decompressobj(-self._terms.client_window), b""
        message, rest = b"", payload + TAIL
        try:
            while rest:
                message += self._inflater.decompress(rest, MOST + 1 - len(message))
                if len(message) > MOST:
                    raise Breach(1009)
                rest = self._inflater.unused_data
                if self._inflater.eof:  # a final block: what follows may still refer to what was before
                    before = (self._received + message)[-(2**self._terms.client_window) :]
                    self._inflater = zlib.decompressobj(-self._terms.client_window, before)
        except zlib.error:
            raise Breach(1007) from None
        self._received = (self._received + message)[-(2**15) :]
        return message

    def deflate(self, message: bytes) -> bytes:
        self._number += 1
        astray = self._fault.astray is not None and self._number >= self._fault.astray
        if self._terms.server_fresh or self._fault.final or astray:
            self._deflater = self._fresh(self._sent + b"\n" if astray else b"")
        self._sent = (self._sent + message)[-(2**self._terms.server_window) + 1 :]
        packed = self._deflater.compress(message)
        if self._fault.final:
            return packed + self._deflater.flush() + b"\0"
        return (packed + self._deflater.flush(zlib.Z_SYNC_FLUSH)).removesuffix(TAIL) or b"\0"


class Conversation:
    """One connection, from its request to its end."""

    def __init__(self, fault: Fault, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._fault, self._reader, self._writer = fault, reader, writer
        self._deflate: Deflate | None = None
        self._number = 0

    async def run(self) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            self._writer.write(self._opening(await self._reader.readuntil(b"\r\n\r\n")))
            try:
                await self._messages()
            except Breach as breach:
                self._writer.write(self._fault.control(CLOSE, breach.code.to_bytes(2)))
                with suppress(Breach):
                    while (await self._frame())[2] != CLOSE:
                        pass
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()

    def _opening(self, request: bytes) -> bytes:
        pairs = [line.split(": ", 1) for line in request.decode("latin-1").split("\r\n")[1:] if line]
        headers = [(name.lower(), value) for name, value in pairs]
        digest = hashlib.sha1(dict(headers)["sec-websocket-key"].encode() + GUID).digest()
        lines = [
            "HTTP/1.1 101 Switching Protocols",
            "Server: deflating",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Accept: {base64.b64encode(digest).decode()}",
        ]
        terms = agree(",".join(value for name, value in headers if name == "sec-websocket-extensions"))
        if terms is not None:
            terms = self._fault.agreed(terms)
            parameters = self._fault.reply(terms, list(terms.parameters()))
            if parameters is not None:
                words = (name if value is None else f"{name}={value}" for name, value in parameters)
                lines.append(f"Sec-WebSocket-Extensions: {'; '.join(['permessage-deflate', *words])}")
                self._deflate = Deflate(self._fault, self._fault.kept(terms))
        return "\r\n".join([*lines, "", ""]).encode()

    async def _messages(self) -> None:
        kind, compressed, parts = CONTINUATION, False, bytearray()
        while True:
            fin, rsv, opcode, payload = await self._frame()
            if opcode >= CLOSE:
                if opcode == CLOSE:
                    self._writer.write(self._fault.control(CLOSE, answer(payload, fin and not rsv)))
                    return
                if rsv or not fin or len(payload) > 125 or opcode > PONG:
                    raise Breach(1002)
                if opcode == PING:
                    self._writer.write(self._fault.control(PONG, payload))
            else:
                allowed = RSV1 if self._deflate and opcode else 0
                if rsv & ~allowed or opcode > BINARY or bool(opcode) == bool(kind):
                    raise Breach(1002)
                if opcode:
                    kind, compressed = opcode, bool(rsv)
                parts += payload
                if fin:
                    await self._echo(kind, self._message(kind, compressed, bytes(parts)))
                    kind, parts = CONTINUATION, bytearray()
            await self._writer.drain()

    def _message(self, kind: int, compressed: bool, payload: bytes) -> bytes:
        message = self._deflate.inflate(payload) if self._deflate and compressed else payload
        if kind == TEXT:
            try:
                message.decode()
            except UnicodeDecodeError:
                raise Breach(1007) from None
        return message

    async def _echo(self, kind: int, message: bytes) -> None:
        self._number += 1
        opcode, message = self._fault.opcode(kind), self._fault.message(self._number, message)
        if self._deflate is None or len(message) < self._fault.least:
            self._writer.write(frame(opcode, message))
        elif self._fault.bomb:
            charge, times = bomb()
            self._writer.write(head(opcode, len(charge) * times - len(TAIL), rsv=RSV1))
            for time in range(times):
                self._writer.write(charge if time < times - 1 else charge.removesuffix(TAIL))
                await self._writer.drain()
        else:
            self._writer.write(
                self._fault.framed(opcode, self._fault.packed(self._deflate.deflate(message)))
            )

    async def _frame(self) -> tuple[bool, int, int, bytes]:
        first, size = await self._reader.readexactly(2)
        form = {126: 2, 127: 8}.get(size & 127, 0)
        length = int.from_bytes(await self._reader.readexactly(form)) if form else size & 127
        if size < 128 or length > MOST:
            raise Breach(1002 if size < 128 else 1009)
        key = await self._reader.readexactly(4)
        return first > 127, first >> 4 & 7, first & 15, masked(await self._reader.readexactly(length), key)


def answer(close: bytes, sound: bool) -> bytes:
    """What the server's Close says to the client's, whose head is sound or isn't."""
    code = int.from_bytes(close[:2])
    known = not close or code in CODES or code in range(3000, 5000)
    if not sound or not known or len(close) == 1 or len(close) > 125:
        return (1002).to_bytes(2)
    try:
        close[2:].decode()
    except UnicodeDecodeError:
        return (1007).to_bytes(2)
    return close[:2]


CODES = {*range(1000, 1015)} - {1004, 1005, 1006}
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


@cache
def bomb() -> tuple[bytes, int]:
    """A part of a message, which refers to nothing before it, and how often it has to be sent."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, -9)
    packed = b"".join(deflater.compress(bytes(2**20)) for _ in range(CHARGE >> 20))
    return packed + deflater.flush(zlib.Z_FULL_FLUSH), BOMB // CHARGE


async def serve(fault: str, port: int = 0) -> asyncio.Server:
    """Listen with the fault of that name."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await Conversation(FAULTS[fault], reader, writer).run()

    return await asyncio.start_server(converse, "127.0.0.1", port)


async def main(fault: str, port: int) -> None:
    server = await serve(fault, port)
    print("listening on", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="An echo server with permessage-deflate and one fault.")
    parser.add_argument("--fault", choices=FAULTS, default="none")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--list", action="store_true", help="say what each fault is, and whether it is one")
    asked = parser.parse_args()
    if asked.list:
        for name, fault in FAULTS.items():
            print(f"{name:27} {'legal' if fault.legal else 'wrong'}  {fault.says}")
    else:
        with suppress(KeyboardInterrupt):
            asyncio.run(main(asked.fault, asked.port))
