"""Connects an `Endpoint` to a TCP socket and to the clock. No other module does."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from replay import limits
from replay.live.descriptors import EXHAUSTED
from replay.live.tls import REFUSED, Tls, reason
from replay.play.endpoint import Endpoint
from replay.source import strerror
from replay.trace.model import SECOND, How
from replay.wire.url import WebSocketUrl

GONE = "connection refused"
"""Why a server couldn't be reached if nothing listens at its address."""

UNKNOWN = "no such host"
"""Why a server couldn't be reached if its host has no address."""

_ANYBODYS = 32768
"""Ports from here on may be ephemeral: on Linux, and from 49152 on everywhere (RFC 6335 §6)."""


class Address(Struct, frozen=True):
    """Where a server listens, and which target to request."""

    host: str
    port: int
    target: str = "/"
    tls: Tls | None = None  # None: ws://

    @classmethod
    def of(cls, url: WebSocketUrl, tls: Tls) -> Address:
        """That of a URL. `tls` is for wss:// only."""
        return cls(url.host, url.port, url.target, tls if url.secure else None)

    @property
    def authority(self) -> str:
        """The value of the Host header: without the port if it is the scheme's default (RFC 6455 §4.1)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"

    @property
    def lasting(self) -> str:
        """The address, without its port if that may be another one in the next run."""
        by_chance = self.port >= _ANYBODYS
        return str(replace(self, port=443 if self.tls else 80) if by_chance else self)

    def __str__(self) -> str:
        return (
            f"{'wss' if self.tls else 'ws'}://{self.authority}{'' if self.target == '/' else self.target}"
        )


class Connection(asyncio.BufferedProtocol):
    """Carries octets, ends and deadlines between a socket and an endpoint."""

    def __init__(self, endpoint: Endpoint, loop: asyncio.AbstractEventLoop) -> None:
        self.finished: asyncio.Future[None] = loop.create_future()
        self._endpoint = endpoint
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._buffer = memoryview(bytearray(limits.READ.default))
        self._silent = True  # nothing has arrived yet
        self._sending: deque[bytes | memoryview] = deque()  # empty unless paused
        self._paused = False
        self._deaf = False
        self._pumping = False
        self._apart_for = 0  # milliseconds spent on keeping writes apart

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._endpoint.nudge = partial(self._loop.call_soon, self.nudge)
        self._tell(self._endpoint.connected)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer  # a memoryview, as TLS writes to slices of it

    def buffer_updated(self, nbytes: int) -> None:
        data = bytes(self._buffer[:nbytes])
        self._silent = False
        self._tell(lambda now: self._endpoint.received(data, now))

    def eof_received(self) -> None:
        if self._silent and self._transport and self._transport.get_extra_info("ssl_object"):
            self._tell(lambda now: self._endpoint.unreached(REFUSED, now))
        self._tell(lambda now: self._endpoint.ended(How.FIN, now))

    def connection_lost(self, exc: Exception | None) -> None:
        if isinstance(exc, ssl.SSLError) and not self._endpoint.opened:
            why = reason(exc)  # in TLS 1.3 the server refuses our certificate only after the handshake
            self._tell(lambda now: self._endpoint.unreached(why, now))
        self._tell(lambda now: self._endpoint.ended(How.FIN if exc is None else How.RST, now))
        self._transport = None
        if self._timer:
            self._timer.cancel()
        if not self.finished.done():
            self.finished.set_result(None)

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._tell(self._endpoint.pump)

    @property
    def endpoint(self) -> Endpoint:
        """The current endpoint."""
        return self._endpoint

    def nudge(self) -> None:
        """Wake the endpoint, as what it waits for may have happened."""
        self._tell(self._endpoint.wake)

    def abort(self) -> None:
        """Abort the connection."""
        if self._transport:
            self._transport.abort()

    def _tell(self, what: Callable[[int], None]) -> None:
        """Tell the endpoint what has happened, and when. An exception of its own ends the connection."""
        try:
            what(int(self._loop.time() * SECOND))
            self._flush()
        except Exception as fault:
            if not self.finished.done():
                self.finished.set_exception(fault)
            self.abort()

    def _flush(self) -> None:
        """Do what the endpoint wants: write, end TCP, or wake it at its deadline."""
        if self._endpoint.successor is not None:
            self._endpoint = self._endpoint.successor
        transport, endpoint = self._transport, self._endpoint
        if transport is None or transport.is_closing():
            return
        self._write(transport)
        if endpoint.deaf is not self._deaf:
            self._deaf = endpoint.deaf
            (transport.pause_reading if self._deaf else transport.resume_reading)()
        if endpoint.done:
            if self._timer:
                self._timer.cancel()
            self._end(transport)
            return
        if endpoint.pending and not self._paused and not self._pumping:
            self._pumping = True
            if self._parts():
                self._apart_for += limits.APART.default
                self._loop.call_later(limits.APART.default / 1000, self._pump)
            else:
                self._loop.call_soon(self._pump)
        if (deadline := endpoint.deadline) is not None:
            self._wake_at(deadline / SECOND)

    def _parts(self) -> bool:
        """Whether the next write has to wait, so that the peer doesn't read it together with the previous
        one: TCP doesn't keep writes apart."""
        return self._endpoint.apart and self._apart_for < limits.ALL_APART.default

    def _write(self, transport: asyncio.Transport) -> None:
        """Write as much as the socket accepts. Large pieces are split, so that the transport needn't copy
        them."""
        self._sending += self._endpoint.output
        self._endpoint.output.clear()
        while self._sending and not self._paused and not transport.is_closing():
            piece = self._sending.popleft()
            if len(piece) > limits.READ.default:
                view = memoryview(piece)
                self._sending.appendleft(view[limits.READ.default :])
                piece = view[: limits.READ.default]
            transport.write(piece)

    def _wake_at(self, when: float) -> None:
        """Make sure that the endpoint is woken at this time. A timer that expires earlier does no harm."""
        if self._timer is None or self._timer.when() > when:
            if self._timer:
                self._timer.cancel()
            self._timer = self._loop.call_at(when, self._wake)

    def _end(self, transport: asyncio.Transport) -> None:
        if self._endpoint.dropped_as is How.RST:
            transport.abort()
        else:
            for piece in () if transport.is_closing() else self._sending:
                transport.write(piece)
            transport.close()
            if transport.get_write_buffer_size():
                self._timer = self._loop.call_later(limits.LINGER.default, transport.abort)

    def _pump(self) -> None:
        self._pumping = False
        if self._transport is not None:
            self._tell(self._turn)

    def _turn(self, now: int) -> None:
        """Let the endpoint write, until it is the turn of other connections."""
        transport, left = self._transport, limits.TURN.default
        assert transport is not None
        while left and not (self._paused or transport.is_closing() or not self._endpoint.pending):
            if left < limits.TURN.default and self._parts():
                return
            pieces = self._endpoint.upcoming(left)
            if len(pieces) == 1:
                self._endpoint.pump(now)
                self._write(transport)
            else:
                self._endpoint.wrote(self._write_each(transport, pieces), now)
            left -= len(pieces)

    def _write_each(self, transport: asyncio.Transport, pieces: Sequence[bytes]) -> int:
        """Write these pieces, as many as the socket accepts; returns how many."""
        for number, piece in enumerate(pieces):
            if self._paused or transport.is_closing():
                return number
            transport.write(piece)
        return len(pieces)

    def _wake(self) -> None:
        self._timer = None
        self._tell(self._endpoint.wake)


def moment() -> int:
    """Now, in microseconds since 1970."""
    return time.time_ns() // 1000


class NotConnected(Exception):
    """No connection could be made; the message says why, in one line."""


P = TypeVar("P", bound=asyncio.BaseProtocol)


async def connected(
    make: Callable[[], P], address: Address, timeout: float, context: ssl.SSLContext | None
) -> P:
    """Connect this protocol, within `timeout` seconds for TCP and TLS; `context` is that of `address.tls`.
    Raises NotConnected."""
    loop = asyncio.get_running_loop()
    exhausted: OSError | None = None
    name = (address.tls.sni or address.host) if address.tls else None
    try:
        async with asyncio.timeout(timeout):
            while True:
                try:
                    _, protocol = await loop.create_connection(
                        make,
                        address.host,
                        address.port,
                        ssl=context,
                        server_hostname=name,
                        ssl_shutdown_timeout=None if context is None else limits.LINGER.default,
                    )
                except OSError as error:
                    if error.errno not in EXHAUSTED:
                        raise
                    exhausted = error  # a descriptor may become free when another connection ends
                    await asyncio.sleep(limits.QUIET.default / 1000)
                else:
                    return protocol
    except (OSError, UnicodeError, ValueError) as error:
        raise NotConnected(_reason(exhausted or error, timeout, context is not None)) from None


async def connect(
    endpoint: Endpoint, address: Address, timeout: float, context: ssl.SSLContext | None = None
) -> None:
    """Connect, and run the endpoint until the connection has ended.

    `timeout` is in seconds, for TCP and TLS; `context` is that of `address.tls`. If no connection can be
    made, that is an event of the endpoint, not an exception.
    """
    loop = asyncio.get_running_loop()
    try:
        connection = await connected(lambda: Connection(endpoint, loop), address, timeout, context)
    except NotConnected as error:
        endpoint.unreached(str(error), int(loop.time() * SECOND))
        return
    try:
        await connection.finished
    finally:
        connection.abort()


def _reason(error: Exception, timeout: float, tls: bool) -> str:
    if isinstance(error, ssl.SSLError):
        return reason(error)
    if isinstance(error, TimeoutError):
        asked = "; does the server speak TLS, or should the URL begin with ws://?" if tls else ""
        return f"no connection within {timeout:g} s{asked}"
    if isinstance(error, ConnectionRefusedError):
        return GONE
    if isinstance(error, ConnectionResetError):
        asked = (
            "; does the server want another TLS version or a client certificate (--cert), "
            "or does it speak ws://, without TLS?"
        )
        return f"the connection was reset before it was established{asked if tls else ''}"
    if isinstance(error, OSError) and error.errno in EXHAUSTED:
        return f"replay itself can't connect: {strerror(error)} (see `ulimit -n`)"
    if isinstance(error, socket.gaierror):
        return UNKNOWN
    return strerror(error)
