"""A server's connections before a case, or without one: read the request, and answer it or hand it over."""

from __future__ import annotations

from collections.abc import Callable

from replay import limits
from replay.play.driver_requests import PlainResponse
from replay.play.endpoint import Endpoint, Limits
from replay.protocol.events import Event, NotOpened, Opened, Requested
from replay.trace.model import SECOND, Octets, Wait
from replay.wire.handshake import Request, encode_page
from replay.wire.side import Side

Choose = Callable[[Request], Endpoint | None]
"""Chooses the endpoint that takes over a request; None: there is none yet, ask again when woken."""


def _brief(case: int) -> Limits:
    """Limits for a connection with hardly any traffic. `case` is in seconds."""
    return Limits(case=case * SECOND, octets=2 * limits.HEAD.default)


class Reception(Endpoint):
    """Reads a request, and hands everything that has arrived to its successor, as if that had been there
    from the start: the time that a client waits for it isn't in its trace."""

    def __init__(self, choose: Choose) -> None:
        super().__init__(Side.SERVER, _brief(limits.QUEUE.default), bytes)
        self._choose = choose
        self._request: Request | None = None
        self._answered_at = 0

    @property
    def waits(self) -> bool:
        """Whether it has read the request and its successor isn't available yet."""
        return self._request is not None

    def respond(self, requested: Requested) -> None:
        self._request = requested.request
        self._answered_at = self.elapsed
        self.cancel_timer(Wait.OPENING)

    def not_opened(self, event: NotOpened) -> None:
        self.write(encode_page(400, "Bad Request", f"{event.reason}\n"))
        self.drop()

    def received(self, data: bytes, now: int) -> None:
        super().received(data, now)
        self._hand_over(now)

    def wake(self, now: int) -> None:
        super().wake(now)
        self._hand_over(now)

    def _hand_over(self, now: int) -> None:
        if self._request is None or self.done:
            return
        successor = self._choose(self._request)
        if successor is None:
            return
        self.finish()
        self.successor = successor
        epoch = now - self._answered_at
        successor.connected(epoch)
        for entry in self.entries:
            if isinstance(entry, Octets):
                successor.received(entry.data, min(epoch + (entry.at or 0), now))


class Page(Endpoint):
    """Answers a request with a plain HTTP response. That opens no WebSocket connection, so TCP ends too."""

    def __init__(self, plain: PlainResponse) -> None:
        super().__init__(Side.SERVER, _brief(limits.OPENING.default), bytes)
        self._plain = plain

    def respond(self, requested: Requested) -> None:
        said = self._plain
        self.write(encode_page(said.status, said.reason, said.said, said.headers, said.media, said.bare))


class Teller(Endpoint):
    """Sends one text message once it is known, and an empty Close; for an empty text, only the Close."""

    def __init__(self, text: Callable[[], str | None]) -> None:
        super().__init__(Side.SERVER, _brief(limits.STATUS.default), bytes)
        self._text = text

    def event(self, event: Event) -> None:
        if isinstance(event, Opened):
            self._tell()

    def wake(self, now: int) -> None:
        super().wake(now)
        self._tell()

    def _tell(self) -> None:
        if not self.is_open or (text := self._text()) is None:
            return
        if text:
            self.send_message(True, text.encode())
        self.send_close(None)
