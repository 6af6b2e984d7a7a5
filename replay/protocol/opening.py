"""Turns the opening handshake of a connection into events (RFC 6455 §4): its breaches, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from replay import limits
from replay.protocol import missing
from replay.protocol.events import Event, NotOpened, Opened, Requested, Why
from replay.protocol.handshake_rules import (
    accepted_breach,
    request_breaches,
    request_remarks,
    response_breaches,
    response_remarks,
)
from replay.protocol.negotiation import Agreed, agreed
from replay.protocol.rules import RULES
from replay.protocol.stream import SideStream
from replay.trace.model import Cut
from replay.wire.handshake import (
    HeadError,
    HeadReader,
    HeadTooLarge,
    HostError,
    Request,
    Response,
    body_length,
    loose_request,
    parse_head,
    partial_head,
)
from replay.wire.side import Side

CLOSE = b"\x88"
"""The first octet of a Close frame."""


class OpeningHandshake:
    """The state of the opening handshake. Its methods are given the octets of each side's head."""

    def __init__(
        self,
        recorder: Side,
        streams: Mapping[Side, SideStream],
        read: Callable[[SideStream, bytes], Iterator[Event]],
        opened: bool,
    ) -> None:
        """`read` takes octets that came with a head and don't belong to it."""
        self.opened = opened
        self.over = False  # NotOpened was yielded
        self._refusal = False  # ... because of a response that the client has to refuse
        self._fails = False  # ... which RFC 6455 takes for valid, so that the connection is established
        self._request: Request | None = None
        self._partial = False  # the log cut off the request
        self._recorder = recorder
        self._streams = streams
        self._read = read
        if not opened:  # what a test sends may be as large as it likes
            streams[recorder].head = HeadReader(limits.LOG.default)

    def head(self, stream: SideStream, reader: HeadReader, data: bytes) -> Iterator[Event]:
        begins, octets = 0, None
        try:
            octets = reader.feed(data)
            while octets is not None:
                begins = stream.position - len(reader.rest) - len(octets)
                head = parse_head(stream.side, octets)
                if isinstance(head, Request) or not 100 <= head.status < 200 or head.status == 101:
                    break
                octets = reader.feed()  # after an interim response (RFC 9110 §15.2)
            else:
                return
        except HeadError as error:
            if not isinstance(error, HeadTooLarge):
                rule = "request-host" if isinstance(error, HostError) else "opening-http"
                yield stream.violation(rule, str(error)[:200], begins)
            own = stream.side is Side.CLIENT is self._recorder
            if not own or octets is None or (loose := loose_request(octets)) is None:
                sent = stream.side is Side.SERVER is self._recorder and self._request is not None
                why = Why.ANSWERED if sent else Why.GARBLED  # a client has to refuse what is sent to it
                yield from self.not_opened(stream, str(error)[:200], why)
                yield stream.lost(begins, "they are not an HTTP head")
                if sent:
                    client = stream.other
                    yield client.lost(client.position, "the connection was not opened")
                return
            head = loose  # the server's answer to it is judged
        stream.head = None
        if isinstance(head, Request):
            stream.early += reader.rest
            self._request = head
            place = stream.place(0, len(octets))
            breaches = list(request_breaches(head))
            for breach in (*breaches, *request_remarks(head)):
                yield stream.violation(breach.rule, breach.detail, breach.at)
            yield Requested(**place, request=head, valid=not breaches)
        else:
            yield from self._response(stream, head, reader.rest, begins)

    def _response(
        self, server: SideStream, response: Response, rest: bytes, begins: int, partial: bool = False
    ) -> Iterator[Event]:
        """`begins`: the offset of the response, after interim ones. `partial`: the log cut it off."""
        client = self._streams[Side.CLIENT]
        place = server.place(begins, begins + len(response.octets))
        if response.status != 101 or self._request is None:
            reason = f"the server answered {response.status} {response.reason}".rstrip()
            if self._request is None:
                reason = "a response came before any request"
            why = Why.GARBLED if self._request is None and response.status == 101 else Why.ANSWERED
            yield from self.not_opened(server, reason, why, response)
            yield server.lost(place["end"], "what follows is not a WebSocket connection")
            yield client.lost(client.position, "the connection was not opened")
            return
        partial |= self._partial
        breaches = [] if partial else list(response_breaches(self._request, response))
        remarks = [] if partial else list(response_remarks(self._request, response))
        # The part that was cut off may have agreed on compression, on any terms.
        terms = Agreed() if partial else agreed(response)
        if not partial and (bad := accepted_breach(self._request)) is not None:
            detail = f"the server accepted a request with a fault: {bad.detail}"
            yield server.violation("server-refuses-bad-request", detail, begins)
        for breach in (*breaches, *remarks):
            yield server.violation(breach.rule, breach.detail, begins + breach.at)
        del client.early[: body_length(self._request, bytes(client.early))]
        if client.early:
            at = client.position - len(client.early)
            count = f"{len(client.early)} octet{'s' * (len(client.early) > 1)}"
            detail = f"the client sent {count} before the response"
            yield client.violation("frame-before-opening", detail, at)
        for stream in self._streams.values():
            stream.agree(terms)
            stream.context_lost = partial
        refused = [breach for breach in breaches if not server.harmless(breach.rule)]
        if refused:
            self._fails = all(RULES[breach.rule].rfc == 7692 for breach in refused)
            said = f"in the response, {refused[0].detail}"
            yield from self.not_opened(server, said, Why.ANSWERED, response)
        else:
            self.opened = True
            for stream, waiting in ((client, client.early), (server, rest)):
                if not waiting:  # then what is sent in answer to Opened is read at once
                    stream.begin()
            yield Opened(
                **place,
                request=self._request,
                response=response,
                agreed=None if partial else terms,
                partial=partial,
            )
        early, client.early = bytes(client.early), bytearray()
        for stream, octets in ((client, early), (server, rest)):
            stream.position -= len(octets)
            if stream.frames is None:
                stream.begin()
            yield from self._read(stream, octets)
            if stream is client and octets:  # nobody owes a Pong for a Ping that came too early
                client.pings.clear()
                client.unanswered.clear()

    def spoken(self, client: SideStream, data: bytes) -> Iterator[Event]:
        """A breach if a client goes on after a response that it has to refuse, with anything but another
        request: after a response that is plain HTTP, the connection may be used again. A client that fails
        an established connection may send a Close frame first (§7.1.7)."""
        if self._fails and data[:1] == CLOSE:
            self._refusal = False
        if self._refusal and not client.failed and not data[:1].isalpha():
            client.failed = True
            detail = "the client went on after a response that opened no connection"
            yield client.violation("client-fails-opening", detail, client.position - len(data))

    def not_opened(
        self, stream: SideStream, reason: str, why: Why, response: Response | None = None
    ) -> Iterator[Event]:
        if not self.opened and not self.over:
            self.over = True
            self._refusal = why is Why.ANSWERED
            status = None if response is None else response.status
            place = stream.place()
            yield NotOpened(**place, reason=reason, why=why, status=status, response=response)

    def cut(self, stream: SideStream, cut: Cut) -> Iterator[Event]:
        """A handshake that the log cut off: frames begin in the next entry. The part of it that is shown
        isn't judged, and neither are the terms that it may have agreed on."""
        head = partial_head(stream.side, stream.head.rest) if stream.head else None
        if head is None:
            yield stream.lost(stream.position, "the log left out a part of the handshake")
            return
        yield missing.gap(stream, cut.more, lost=False)
        stream.position += cut.more or 0
        stream.head = None
        if isinstance(head, Request):
            self._request, self._partial = head, True
            yield Requested(**stream.place(0), request=head, valid=True)
        else:
            begins = stream.position - (cut.more or 0) - len(head.octets)
            yield from self._response(stream, head, b"", begins, partial=True)
