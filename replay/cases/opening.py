"""The opening handshake of a case that is about it: what the tester's head is, and what the answer has to
be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

from replay.protocol.events import NotOpened, Opened, Why
from replay.protocol.negotiation import NAME, valid_offers
from replay.source import Located, Span
from replay.wire.handshake import Request, Response, accept

PLACEHOLDER = re.compile(r"\{([a-z][a-z-]*)\}")
"""A name in braces, for which the tester puts what only the connection knows."""

REQUEST_VALUES = ("target", "host", "key")
"""The placeholders of a request."""

RESPONSE_VALUES = (
    "key",
    "accept",
    "recased-accept",
    "subprotocol",
    "recased-subprotocol",
    "offer",
    "deflate",
    "client-window",
)
"""The placeholders of a response. A client that sent no such value can't be tested by the case."""

Values = Mapping[str, str]


class Head(Located, frozen=True):
    """How the tester's request or response differs from the one that it sends by default, and how it is
    written."""

    first: tuple[tuple[str, str], ...] = ()  # parts of the first line: method, target, version, status, …
    headers: tuple[tuple[str, tuple[str, ...]], ...] = ()  # the lines of each header; none: it is removed
    lines: tuple[str, ...] | None = None  # all lines, in place of the default ones
    interim: tuple[int, ...] = ()  # statuses of the responses before this one
    body: bytes = b""
    chop: int | None = None  # octets of each write
    split: int | None = None  # the offset at which it is cut into two writes; negative: from its end
    pause: int = 0  # microseconds between two writes
    hold: int = 0  # microseconds before the first write
    joined: bool = False  # whether the first frames of `send` share its last write
    needs: tuple[str, ...] = ()  # placeholders whose values the client's request has to have
    span: Span | None = None

    @property
    def lasts(self) -> int:
        """How long its pauses take, in microseconds, if it has two pieces."""
        return self.hold + self.pause

    @property
    def names(self) -> frozenset[str]:
        """The placeholders in it, and those that it needs."""
        texts = [text for _, text in self.first]
        texts += [*(self.lines or ()), *(value for _, values in self.headers for value in values)]
        return frozenset((*self.needs, *(name for text in texts for name in PLACEHOLDER.findall(text))))


class Opening(Struct, frozen=True):
    """The heads that a case sends in place of the default ones. A case with only one of them tests only
    the side that receives it."""

    request: Head | None = None
    response: Head | None = None


def refusal(status: int) -> Opening:
    """A response that refuses the connection with this HTTP status."""
    headers = (("Content-Length", ("0",)), ("Connection", ("close",)))
    removed = (("Upgrade", ()), ("Sec-WebSocket-Accept", ()))
    return Opening(response=Head(first=(("status", str(status)),), headers=(*headers, *removed)))


def filled(text: str, values: Values) -> str:
    """The text with the value of each placeholder. A name that has no value stays as it is."""
    return PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)


def response_values(request: Request) -> dict[str, str]:
    """The values of a response's placeholders; those that the request lacks are missing."""
    values = {}
    if keys := request.values("Sec-WebSocket-Key"):
        values["key"] = keys[0]
        values["accept"] = accept(keys[0])
        values["recased-accept"] = _recased(values["accept"])
    listed = ",".join(request.values("Sec-WebSocket-Protocol")).split(",")
    offered = [part.strip() for part in listed]
    if offered[0]:
        values["subprotocol"] = offered[0]
        if (other := _recased(offered[0])) not in offered:
            values["recased-subprotocol"] = other
    if offers := request.values("Sec-WebSocket-Extensions"):
        values["offer"] = ", ".join(offers)
    if terms := valid_offers(request):
        values["deflate"] = NAME
        if any(offer.client_max_window_bits for offer in terms):
            values["client-window"] = "client_max_window_bits"
    return values


def _recased(text: str) -> str:
    """The text with its first letter in the other case."""
    found = re.search("[A-Za-z]", text)
    return text if found is None else text[: found.start()] + found[0].swapcase() + text[found.end() :]


class Answer(Struct, frozen=True):
    """What the answer to a request, or the request itself, has to be like."""

    statuses: tuple[range, ...] | None = None  # of a refusal; None: any, or none at all
    silent: bool = False  # a refusal may also be the end of TCP without a status
    has: tuple[tuple[str, str | None], ...] = ()  # headers, each with an element; None: with any value
    lacks: tuple[tuple[str, str | None], ...] = ()

    def refuses(self, event: NotOpened) -> bool:
        """Whether this is the refusal that is asked for."""
        if event.why is Why.ENDED:
            return self.silent
        if event.why is not Why.ANSWERED or event.status is None or event.status == 101:
            return False
        return self.statuses is None or any(event.status in some for some in self.statuses)

    def fault(self, head: Request | Response) -> str | None:
        """How the headers differ from what is asked for, as a part of a sentence; None: they don't."""
        return next(self._faults(head), None)

    def _faults(self, head: Request | Response) -> Iterator[str]:
        for name, element in self.has:
            if not holds(head, name, element):
                yield f"without {name}" + (f": {element}" if element else "")
        for name, element in self.lacks:
            if holds(head, name, element):
                yield f"with {name}" + (f": {element}" if element else "")


def answer_fault(want: Answer, event: Opened | NotOpened) -> str | None:
    """How the answer to a request differs from what is expected of it: a part of a sentence, or nothing if
    the event itself says it; None: it doesn't."""
    if isinstance(event, NotOpened) and not want.refuses(event):
        return ""
    return want.fault(event.response) if event.response is not None else None


def holds(head: Request | Response, name: str, element: str | None) -> bool:
    """Whether a header is there and, if an element is given, whether it is the header's value or one of the
    elements of its list, with or without its parameters. Only the case of subprotocols matters."""
    values = head.values(name)
    if element is None:
        return bool(values)
    exact = name.lower() == "sec-websocket-protocol"
    wanted = element if exact else element.lower()
    listed = [part.strip() for value in values for part in (value, *value.split(","))]
    found = {one for part in listed for one in (part, part.partition(";")[0].strip())}
    return wanted in (found if exact else {one.lower() for one in found})
