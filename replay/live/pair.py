"""The two sockets of a connection that is recorded: what arrives at one is sent by the other.

While one socket accepts no more, nothing is read from the other, so that little is held in memory, and each
side waits for the other as it would without a proxy. What is read is recorded before it is sent on.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from asyncio import trsock
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

from replay import limits
from replay.recording.exchange import Exchange
from replay.trace.model import SECOND, How
from replay.wire.side import Side

_BUFFER = memoryview(bytearray(limits.READ.default))
"""For all connections: what was read is taken from it before anything else is read."""

_RESET = struct.pack("ii", 1, 0)


class Owner(Protocol):
    """Who is told about a pair."""

    def came(self, pair: Pair) -> None:
        """The client has connected; nothing is read from it before the server is connected too."""

    def left(self, pair: Pair) -> None:
        """Both connections have ended."""


class Pair:
    def __init__(self, owner: Owner, make: Callable[[], Exchange], loop: asyncio.AbstractEventLoop) -> None:
        self.exchange = make()
        self.raised: Exception | None = None
        self._owner, self._loop = owner, loop
        self._ends = {side: End(self, side) for side in Side}
        self._over = False

    @property
    def client(self) -> End:
        """The socket of the client."""
        return self._ends[Side.CLIENT]

    @property
    def server(self) -> End:
        """The socket of the server."""
        return self._ends[Side.SERVER]

    @property
    def moved(self) -> int:
        return int(self._loop.time() * SECOND)

    def reset(self) -> None:
        """End both connections by a reset."""
        for end in self._ends.values():
            end.reset()

    def abandon(self) -> None:
        """End both connections, without saying in the log that a side did."""
        with self._own_faults():
            self.exchange.close()
        for end in self._ends.values():
            end.abort()

    @contextmanager
    def _own_faults(self) -> Iterator[None]:
        """Keep an exception of replay's own for the owner, and end the pair."""
        try:
            yield
        except Exception as fault:
            self.raised = self.raised or fault
            self.reset()

    def connected(self, end: End) -> None:
        if end is self.client:
            end.pause()
            self._owner.came(self)
        elif self.client.lost:
            end.abort()
        else:
            self.client.resume()

    def received(self, end: End, data: bytes) -> None:
        with self._own_faults():
            if sent := self.exchange.passed(end.side, data, self.moved):
                end.other.write(sent)

    def ended(self, end: End) -> None:
        """A side has sent its last octet."""
        with self._own_faults():
            self.exchange.ended(end.side, How.FIN, self.moved)
        end.other.end()
        if end.other.finished:
            for each in self._ends.values():
                each.close()

    def lost(self, end: End, reset: bool) -> None:
        with self._own_faults():
            self.exchange.ended(end.side, How.RST if reset else How.FIN, self.moved)
        if reset:
            end.other.reset()
        else:
            end.other.close()
        if all(each.lost for each in self._ends.values()) and not self._over:
            self._over = True
            with self._own_faults():
                self.exchange.close()
            self._owner.left(self)


class End(asyncio.BufferedProtocol):
    """One of the two sockets."""

    def __init__(self, pair: Pair, side: Side) -> None:
        self.side = side
        self.finished = False  # its side has sent its last octet
        self.lost = side is Side.SERVER  # until it is connected
        self._pair = pair
        self._transport: asyncio.Transport | None = None
        self._socket: trsock.TransportSocket | None = None
        self._secure = False  # whether this is TLS, of which asyncio can't end one half

    @property
    def other(self) -> End:
        return self._pair.client if self.side is Side.SERVER else self._pair.server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self.lost = transport, False
        self._socket = transport.get_extra_info("socket")
        self._secure = transport.get_extra_info("ssl_object") is not None
        transport.set_write_buffer_limits(high=limits.READ.default)
        self._pair.connected(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        return _BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        self._pair.received(self, bytes(_BUFFER[:nbytes]))

    def eof_received(self) -> bool:
        self.finished = True
        self._pair.ended(self)
        return not self._secure

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost, self._transport = True, None
        self._pair.lost(self, exc is not None)

    def pause_writing(self) -> None:
        self.other.pause()

    def resume_writing(self) -> None:
        self.other.resume()

    def pause(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()

    def resume(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def write(self, octets: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(octets)

    def end(self) -> None:
        """Send what is left, and no more after it."""
        if self._transport is None or self._transport.is_closing():
            return
        if self._transport.can_write_eof():
            self._transport.write_eof()
        else:
            self._transport.close()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def reset(self) -> None:
        if self._transport is not None:
            if self._socket is not None:
                with suppress(OSError):  # it has been reset already
                    self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self._transport.abort()
