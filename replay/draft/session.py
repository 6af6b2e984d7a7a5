"""A session with an application: its messages as values, in their order, and how it began and ended."""

from __future__ import annotations

from msgspec import Struct

from replay.cases.language import Language
from replay.protocol.events import Close, End, Message, NotOpened, Opened, Requested
from replay.protocol.interpreter import observe
from replay.trace.model import Trace
from replay.values.shape import Value
from replay.wire.handshake import Request, Response
from replay.wire.side import Side


class Line(Struct, frozen=True):
    """A message of a session."""

    side: Side
    view: str
    value: Value
    at: int | None  # microseconds since the start of the connection


class Session(Struct, frozen=True):
    """What was said on one connection."""

    lines: tuple[Line, ...]
    request: Request | None = None
    response: Response | None = None  # the one that opened the connection, or refused it
    opened: bool = False
    closed_by: Side | None = None  # who sent the first Close, or else ended TCP first
    clean: bool = False  # the server sent a Close
    code: int | None = None  # of that Close

    @property
    def said(self) -> int:
        """How many messages the client sent."""
        return sum(line.side is Side.CLIENT for line in self.lines)


def session(trace: Trace, read: Language) -> Session:
    """What a trace says."""
    lines: list[Line] = []
    request: Request | None = None
    response: Response | None = None
    opened = False
    closed_by: Side | None = None
    clean, code = False, None
    for event in observe(trace):
        match event:
            case Requested():
                request = event.request
            case Opened():
                response, opened = event.response, True
            case NotOpened():
                response = event.response
            case Message() if not (event.holes or event.digest):
                name, value = read.read(event.text, event.data)
                at = trace.entries[event.entry].at
                lines.append(Line(event.side, name, value, at))
            case Close():
                closed_by = closed_by or event.side
                if event.side is Side.SERVER:
                    clean, code = True, event.code
            case End():
                closed_by = closed_by or event.side
    return Session(tuple(lines), request, response, opened, closed_by, clean, code)
