"""A sound echo server with a habit that the RFCs allow: python habits_echo.py none|pings|….

HABITS says what they are. The library websockets reads and makes its frames; when and in which pieces
they leave is up to this file.
"""

from __future__ import annotations

import asyncio
import codecs
import sys
from dataclasses import dataclass

from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

CONTROL = (Opcode.CLOSE, Opcode.PING, Opcode.PONG)


@dataclass(frozen=True)
class Habit:
    """Times are in seconds; 0: never, or at once."""

    ping: float = 0  # sends a Ping every so often
    pong: float = 0  # sends a Pong that nobody asked for every so often
    fragment: int = 0  # cuts what it echoes into frames of so many octets
    gather: float = 0  # gathers what it writes for so long
    accept: float = 0  # takes so long to answer the handshake


HABITS = {
    "none": Habit(),
    "pings": Habit(ping=0.02),
    "many-pings": Habit(ping=0.003),
    "fragments": Habit(fragment=7),
    "fragments-and-pings": Habit(fragment=1000, ping=0.003),
    "gathers": Habit(gather=0.01),
    "accepts-slowly": Habit(accept=0.15),
    "pongs": Habit(pong=0.02),
}


class Echo(asyncio.Protocol):
    def __init__(self, habit: Habit) -> None:
        self.habit = habit
        self.loop = asyncio.get_running_loop()
        self.protocol = ServerProtocol(max_size=None)
        self.kind = Opcode.BINARY
        self.message = bytearray()
        self.utf8 = codecs.getincrementaldecoder("utf-8")()
        self.gathering = self.ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.protocol.receive_data(data)
        for event in self.protocol.events_received():
            if isinstance(event, Request):
                self.loop.call_later(self.habit.accept, self.accept, event)
            elif isinstance(event, Frame) and event.opcode not in CONTROL:
                self.add(event)
        self.write()

    def eof_received(self) -> None:
        self.protocol.receive_eof()

    def accept(self, request: Request) -> None:
        self.protocol.send_response(self.protocol.accept(request))
        self.write()
        if self.habit.ping:
            self.loop.call_later(self.habit.ping, self.ping)
        if self.habit.pong:
            self.loop.call_later(self.habit.pong, self.pong)

    def ping(self) -> None:
        if self.protocol.state is OPEN:
            self.protocol.send_ping(b"still there?")
            self.write()
            self.loop.call_later(self.habit.ping, self.ping)

    def pong(self) -> None:
        if self.protocol.state is OPEN:
            self.protocol.send_pong(b"still here")
            self.write()
            self.loop.call_later(self.habit.pong, self.pong)

    def add(self, frame: Frame) -> None:
        """One more frame of a message."""
        if frame.opcode is not Opcode.CONT:
            self.kind, self.message = frame.opcode, bytearray()
            self.utf8.reset()
        self.message += frame.data
        if self.kind is Opcode.TEXT:
            try:
                self.utf8.decode(frame.data, frame.fin)
            except UnicodeDecodeError:
                self.protocol.fail(CloseCode.INVALID_DATA)
        if frame.fin and self.protocol.state is OPEN:
            self.echo(bytes(self.message))

    def echo(self, message: bytes) -> None:
        size = self.habit.fragment or len(message) or 1
        pieces = [message[at : at + size] for at in range(0, len(message), size)] or [b""]
        send = self.protocol.send_text if self.kind is Opcode.TEXT else self.protocol.send_binary
        for number, piece in enumerate(pieces, 1):
            (send if number == 1 else self.protocol.send_continuation)(piece, number == len(pieces))

    def write(self) -> None:
        if not self.habit.gather:
            self.flush()
        elif not self.gathering:
            self.gathering = True
            self.loop.call_later(self.habit.gather, self.flush)

    def flush(self) -> None:
        self.gathering = False
        pieces = self.protocol.data_to_send()
        if self.ended:
            return
        self.transport.write(b"".join(pieces))
        if b"" in pieces:  # the library's mark for the end of TCP
            self.ended = True
            self.transport.write_eof()


async def main() -> None:
    habit = HABITS[sys.argv[1]]
    server = await asyncio.get_running_loop().create_server(lambda: Echo(habit), "127.0.0.1", 0)
    print("listening on", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
