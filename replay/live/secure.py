"""TLS for clients that are served (RFC 6455 §10.6): the certificate, and the handshakes."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

from msgspec import Struct

from replay import limits
from replay.live.tls import Tls, load
from replay.source import SourceError, file_error

LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""Names that every certificate is for."""


class Secure(Struct, frozen=True):
    """How TLS is served."""

    folder: Path  # for the CA certificate, if one is made
    cert: Path | None = None  # the user's certificate, with its chain; None: one is made
    key: Path | None = None  # the private key of `cert`, if that file doesn't have it


class Identity:
    """A certificate with its private key. If replay makes it, only the certificate of its CA, which clients
    have to trust, is written to a file."""

    def __init__(self, secure: Secure, host: str) -> None:
        """Raises SourceError for a file that can't be used, and if no certificate can be made."""
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._secure = secure
        self._authority: bytes | None = None
        self._written: Path | None = None
        self._held: IO[bytes] | None = None  # the file of the CA, open as long as it is needed
        if secure.cert is not None:
            load(self.context, secure.cert, secure.key)
        else:
            self._make(host)

    def _make(self, host: str) -> None:
        try:
            import trustme
        except ImportError:
            hint = "pip install trustme, or give --cert and --key"
            raise SourceError(None, "making a certificate requires the library trustme", hint) from None
        authority = trustme.CA(organization_name="replay")
        names = dict.fromkeys((*LOOPBACK, *([host] if host.strip("0.:") else [])))
        until = datetime.now(UTC) + timedelta(days=limits.CERTIFICATE.default)
        try:
            authority.issue_cert(*names, not_after=until).configure_cert(self.context)
        except (ValueError, UnicodeError):
            said = f"no certificate can be made for the host {host!r}"
            raise SourceError(None, said, about="host") from None
        self._authority = authority.cert_pem.bytes()

    def trusted(self, port: int) -> Tls:
        """What a client has to trust, written to a file. Raises SourceError if that isn't possible."""
        if self._authority is None:
            return Tls(ca=self._secure.cert)
        path = self._secure.folder / f"ca-{port}.pem"
        try:
            self._held = path.open("wb")
            self._held.write(self._authority)
            self._held.flush()
        except OSError as error:
            raise file_error(path, error) from None
        self._written = path
        _claimed(self._held)
        for other in self._secure.folder.glob("ca-*.pem"):
            if other != path:
                _remove_unclaimed(other)
        return Tls(ca=path)

    def forget(self) -> None:
        """Remove the file, which is no longer needed."""
        if self._held is not None:
            self._held.close()
        if self._written is not None:
            with suppress(OSError):
                self._written.unlink()


def _remove_unclaimed(path: Path) -> None:
    """Remove a file that a killed replay has left."""
    with suppress(OSError), path.open("rb") as file:
        if _claimed(file):
            path.unlink()


def _claimed(file: IO[bytes]) -> bool:
    """Lock the file until it is closed; returns whether that was possible."""
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return False
    return True


class Handshakes:
    """Accepts connections, and hands each over after its TLS handshake. If there are too many handshakes at
    once, the oldest one is cancelled."""

    def __init__(self, context: ssl.SSLContext, protocol: Callable[[], asyncio.BaseProtocol]) -> None:
        self._failed = 0
        self._last = ""  # why the last of them failed
        self._context, self._protocol = context, protocol
        self._under_way: dict[asyncio.Task[None], None] = {}
        self._accepting: list[asyncio.Task[None]] = []

    @property
    def said(self) -> str | None:
        """A sentence about the handshakes that failed, if any did."""
        if not self._failed:
            return None
        if self._failed == 1:
            return f"the TLS handshake of a client failed: {self._last}"
        return f"the TLS handshakes of {self._failed} clients failed; of the last one: {self._last}"

    def listen(self, sockets: list[socket.socket]) -> None:
        """Accept connections from these bound sockets, until `close`."""
        for each in sockets:
            each.setblocking(False)
            each.listen(limits.VISITS.default)
            self._accepting.append(asyncio.create_task(self._accept(each)))

    async def close(self) -> None:
        tasks = [*self._accepting, *self._under_way]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with listening:
            while True:
                try:
                    connection, _ = await loop.sock_accept(listening)
                except OSError:  # no file descriptors are left, or the client is gone already
                    await asyncio.sleep(limits.PATIENCE.default)
                    continue
                task = asyncio.create_task(self._shake(connection))
                self._under_way[task] = None
                task.add_done_callback(lambda done: self._under_way.pop(done, None))
                if len(self._under_way) > limits.HANDSHAKES.default:
                    next(iter(self._under_way)).cancel()

    async def _shake(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                self._protocol,
                connection,
                ssl=self._context,
                ssl_handshake_timeout=limits.HANDSHAKE.default,
                ssl_shutdown_timeout=limits.LINGER.default,
            )
        except OSError as error:
            self._failed += 1
            self._last = _why(error)


_CLIENT_S_WORDS = {
    "HTTP_REQUEST": "it spoke HTTP without TLS; did it connect to ws:// instead of wss://?",
    "WRONG_VERSION_NUMBER": "it did not speak TLS",
    "TLSV1_ALERT_UNKNOWN_CA": "it doesn't trust the certificate",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "it doesn't trust the certificate",
    "SSLV3_ALERT_BAD_CERTIFICATE": "it doesn't trust the certificate, or expects one for another name",
}
"""Messages by OpenSSL's name for the error."""


def _why(error: OSError) -> str:
    """Why the TLS handshake of a client failed, as a clause."""
    if isinstance(error, ssl.SSLError) and error.reason:
        return _CLIENT_S_WORDS.get(error.reason, error.reason.lower().replace("_", " "))
    if isinstance(error, ConnectionAbortedError):
        return f"it did not finish within {limits.HANDSHAKE.default} s"
    return "it ended the connection"
