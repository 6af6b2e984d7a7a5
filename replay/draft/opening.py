"""How a spec reaches the application, as the recorded request did."""

from __future__ import annotations

import re

from msgspec import Struct

from replay.cases.connect import Connect
from replay.draft.session import Session
from replay.wire.handshake import Request

_OWN = re.compile(
    r"(?i)host|upgrade|connection|sec-websocket-.*|sec-fetch-.*|sec-ch-.*|user-agent|accept(-.*)?|cache-control|"
    r"pragma|origin|cookie|dnt|content-length|te|via|x-forwarded-.*|priority"
)
"""The headers that a browser or a library sends by itself, or that have keys of their own in a spec."""


class Reached(Struct, frozen=True):
    """What a request says to an application."""

    path: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    cookie: str | None = None
    origin: str | None = None
    subprotocols: tuple[str, ...] = ()
    chosen: str | None = None
    refused: int | None = None

    @property
    def connect(self) -> Connect:
        """The same, for a player."""
        headers = list(self.headers)
        headers += [("Cookie", self.cookie)] if self.cookie is not None else []
        headers += [("Origin", self.origin)] if self.origin is not None else []
        if self.subprotocols:
            headers.append(("Sec-WebSocket-Protocol", ", ".join(self.subprotocols)))
        return Connect(self.path, tuple(headers))


def _foreign(request: Request) -> str | None:
    """The origin of a page from another host; that of the recorded server itself says nothing."""
    origin = next(iter(request.values("Origin")), None)
    own = origin is not None and origin.partition("://")[2] in request.values("Host")
    return None if own else origin


def reached(session: Session) -> Reached:
    """How a recorded session began."""
    request, response = session.request, session.response
    if request is None:
        return Reached()
    chosen = response.values("Sec-WebSocket-Protocol") if response is not None and session.opened else []
    offered = [token for value in request.values("Sec-WebSocket-Protocol") for token in value.split(",")]
    return Reached(
        None if request.target == "/" else request.target,
        tuple((name, value) for name, value in request.headers if not _OWN.fullmatch(name)),
        "; ".join(request.values("Cookie")) or None,
        _foreign(request),
        tuple(token.strip() for token in offered if token.strip()),
        chosen[0] if chosen else None,
        None if session.opened or response is None else response.status,
    )
