"""In which view the messages of a connection are read."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from replay.protocol.events import Event, Message, Opened
from replay.source import SourceError
from replay.values.shape import Value
from replay.values.views import view
from replay.values.written import short

TEXT = "text"
"""In place of a view: the message is a text, or octets, of which nothing more is known."""


class Language(Struct, frozen=True):
    """The views in which the messages of a connection are read."""

    texts: str
    binaries: str

    def view(self, text: bool) -> str:
        """That of its texts, or that of its binary messages."""
        return self.texts if text else self.binaries

    def read(self, text: bool, octets: bytes) -> tuple[str, Value]:
        """The view in which a message can be read, and its value there."""
        name = self.view(text)
        try:
            value = view(name).decode(text, octets)
        except ValueError:
            return (TEXT, octets.decode(errors="replace")) if text else ("octets", octets)
        plain = name == "json" and not isinstance(value, dict | list)  # 'hello 7' is a text, so 7 is one
        return (TEXT, octets.decode()) if plain else (name, value)


def language(events: Sequence[Event]) -> Language:
    """How the messages of an application are read, as those of a recording show."""
    messages = [event for event in events if isinstance(event, Message)]
    return Language(_text_view(events, messages), _binary_view(messages))


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


_PLAIN = (TEXT, "octets", "json", "graphql-transport-ws")
"""The views whose messages can be read as they are."""


def valued(read: Language, message: Message) -> tuple[str, Value] | None:
    """The view of a message, and its value there. None if it is best shown as the text or octets it is."""
    if read.view(message.text) in _PLAIN or message.holes or message.digest is not None:
        return None
    name, value = read.read(message.text, message.data)
    return None if name in _PLAIN or isinstance(value, bytes) else (name, value)


def viewed(read: Language, message: Message, most: int) -> str | None:
    """The same on one line of at most so many characters: 'msgpack {t: "op", n: 7}'."""
    found = valued(read, message)
    return None if found is None else f"{found[0]} {short(found[1], most)}"
