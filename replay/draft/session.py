"""A session with an application: its messages as values, in their order, and how it began and ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from replay.protocol.events import Close, End, Event, Message, NotOpened, Opened, Requested
from replay.protocol.interpreter import observe
from replay.source import SourceError
from replay.trace.model import Trace
from replay.values.shape import Value
from replay.values.views import view
from replay.wire.handshake import Request, Response
from replay.wire.side import Side

TEXT = "text"
"""In place of a view: the message is a text, or octets, of which nothing more is known."""


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


Language = Callable[[bool, bytes], tuple[str, Value]]
"""The view in which a message is read, and its value there."""


def language(trace: Trace) -> Language:
    """How the messages of an application are read, as its recording shows."""
    events = observe(trace)
    messages = [event for event in events if isinstance(event, Message)]
    texts, binaries = _text_view(events, messages), _binary_view(messages)

    def read(text: bool, octets: bytes) -> tuple[str, Value]:
        name = texts if text else binaries
        try:
            value = view(name).decode(text, octets)
        except ValueError:
            return (TEXT, octets.decode(errors="replace")) if text else ("octets", octets)
        plain = name == "json" and not isinstance(value, dict | list)  # 'hello 7' is a text, so 7 is one
        return (TEXT, octets.decode()) if plain else (name, value)

    return read


def _text_view(events: Sequence[Event], messages: Sequence[Message]) -> str:
    """The view of the texts: what was agreed on in the opening handshake says it, or else the texts."""
    opened = next((event for event in events if isinstance(event, Opened)), None)
    if opened is not None:
        agreed, target = opened.response.values("Sec-WebSocket-Protocol"), opened.request.target
        if agreed == ["graphql-transport-ws"]:
            return "graphql-transport-ws"
        if "EIO=4" in target:
            return "socket.io"
        if "vsn=2" in target:
            return "phoenix"
    texts = [message.data for message in messages if message.text]
    return "signalr" if texts and all(text.endswith(b"\x1e") for text in texts) else "json"


def _binary_view(messages: Sequence[Message]) -> str:
    """MessagePack if each binary message is a map or a list in it."""
    binaries = [message.data for message in messages if not message.text]
    try:
        packed = view("msgpack")
        if binaries and all(isinstance(packed.decode(False, data), dict | list) for data in binaries):
            return "msgpack"
    except (ValueError, SourceError):  # another format, or its library isn't installed
        pass
    return "octets"


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
                name, value = read(event.text, event.data)
                at = trace.entries[event.entry].at
                lines.append(Line(event.side, name, value, at))
            case Close():
                closed_by = closed_by or event.side
                if event.side is Side.SERVER:
                    clean, code = True, event.code
            case End():
                closed_by = closed_by or event.side
    return Session(tuple(lines), request, response, opened, closed_by, clean, code)
