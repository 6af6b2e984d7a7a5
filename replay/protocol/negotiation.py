"""Negotiation of permessage-deflate: the client's offers and the server's answer (RFC 7692 §7.1).

A server declines a malformed offer, and a client fails the connection on a malformed answer. A well-formed
answer that matches none of the offers breaks a rule for servers, but no rule says what the client then
does: such a connection counts as open, on the terms of the answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import ClassVar, NamedTuple

from msgspec import Struct

from replay.protocol.rules import Breach
from replay.source import Located
from replay.wire.extensions import Extension, ExtensionsError, Parameter, head_extensions
from replay.wire.handshake import Request, Response
from replay.wire.side import Side

NAME = "permessage-deflate"

_FLAGS = ("server_no_context_takeover", "client_no_context_takeover")
_WINDOWS = ("server_max_window_bits", "client_max_window_bits")
MOST_TOLD = 8
"""Breaches of one header that are reported one by one."""

_BITS = re.compile("[89]|1[0-5]")


class Agreed(Struct, frozen=True):
    """The terms on which each side compresses. A window of n bits has 2**n octets; n is 8 to 15."""

    server_no_context_takeover: bool = False
    client_no_context_takeover: bool = False
    server_max_window_bits: int = 15
    client_max_window_bits: int = 15

    def window(self, side: Side) -> int:
        """The bits of the largest window that `side` may compress with (§7.1.2)."""
        return self.server_max_window_bits if side is Side.SERVER else self.client_max_window_bits

    def keeps_context(self, side: Side) -> bool:
        """Whether `side` may refer back to its earlier messages when it compresses (§7.1.1)."""
        if side is Side.SERVER:
            return not self.server_no_context_takeover
        return not self.client_no_context_takeover

    def __str__(self) -> str:
        """The terms as in a header, without those that are the default."""
        bits = (self.server_max_window_bits, self.client_max_window_bits)
        server, client = (None if number == 15 else number for number in bits)
        return str(Terms(self.server_no_context_takeover, self.client_no_context_takeover, server, client))


class Terms(Located, frozen=True):
    """The parameters of one offer or answer; None: it doesn't have this parameter.

    client_max_window_bits without a value, as an offer may have it, means 15 (§7.1.2.2).
    """

    origin: ClassVar = ("at",)

    server_no_context_takeover: bool = False
    client_no_context_takeover: bool = False
    server_max_window_bits: int | None = None
    client_max_window_bits: int | None = None
    at: int = 0  # their offset in the head

    @property
    def agreed(self) -> Agreed:
        """The terms that are agreed on if this is the answer."""
        return Agreed(
            self.server_no_context_takeover,
            self.client_no_context_takeover,
            self.server_max_window_bits or 15,
            self.client_max_window_bits or 15,
        )

    def __str__(self) -> str:
        """The text of an answer."""
        flags = [Parameter(name) for name in _FLAGS if getattr(self, name)]
        windows = [Parameter(name, str(bits)) for name in _WINDOWS if (bits := getattr(self, name))]
        return str(Extension(NAME, (*flags, *windows)))


class Ask(NamedTuple):
    """What a server asks of the client in its answer, apart from what it grants."""

    client_no_context_takeover: bool = False
    client_max_window_bits: int | None = None


def valid_offers(request: Request) -> tuple[Terms, ...]:
    """The offers of a request that a server may accept, in the client's order (§7.1)."""
    read = (_read(extension, offered=True) for extension in _named(request))
    return tuple(terms for terms in read if isinstance(terms, Terms))


def offer_breaches(request: Request) -> Iterator[Breach]:
    """What is wrong with malformed offers. The server declines them, but need not refuse the request."""
    read = (_read(extension, offered=True) for extension in _named(request))
    yield from told([found for found in read if isinstance(found, Breach)], "more offers are malformed")


def answer(offers: Sequence[Terms], asks: Sequence[Ask] = (Ask(),)) -> Terms | None:
    """The server's answer, with the first of `asks` that one of the offers allows; None: it declines all.

    What the accepted offer asks of the server is granted, with the same parameters. A server may always ask
    for client_no_context_takeover, but for client_max_window_bits only if it was offered, and for no larger
    window than the client's hint.
    """
    for ask in asks:
        for offer in offers:
            if _heeds_hint(ask.client_max_window_bits, offer):
                return Terms(
                    offer.server_no_context_takeover,
                    ask.client_no_context_takeover,
                    offer.server_max_window_bits,
                    ask.client_max_window_bits,
                )
    return None


def answer_breaches(response: Response) -> Iterator[Breach]:
    """What is wrong with an answer in itself, so that the client fails the connection (§7.1).

    A second permessage-deflate would need RSV1 too, as the first does (§5).
    """
    named = _named(response)
    if named and isinstance(found := _read(named[0], offered=False), Breach):
        yield found
    if len(named) > 1:
        times = "twice" if len(named) == 2 else f"{len(named):,} times"
        yield Breach("response-deflate", f"{NAME} is named {times}", named[1].at)


def told(breaches: Sequence[Breach], others: str) -> Iterator[Breach]:
    """The breaches of one header: the first ones one by one, and the number of the others."""
    yield from breaches[:MOST_TOLD]
    if more := breaches[MOST_TOLD:]:
        yield more[0]._replace(detail=f"{len(more):,} {others}")


def misfits(request: Request, response: Response) -> Iterator[Breach]:
    """Why a well-formed answer matches none of the offers (§7.1.1.1, §7.1.2.1, §7.1.2.2).

    These sections don't say that the client fails the connection.
    """
    named, offers = _named(response), valid_offers(request)
    if (
        len(named) != 1
        or not _named(request)
        or isinstance(terms := _read(named[0], offered=False), Breach)
    ):
        return
    reasons = [_misfit(terms, offer) for offer in offers]
    if None in reasons:
        return
    detail = reasons[0] if reasons and reasons[0] else "no offer is well-formed"
    if len(offers) > 1:
        detail = f"it matches none of the {len(offers)} offers; for the first one, {detail}"
    yield Breach("response-deflate-fits", detail, terms.at)


def fits(request: Request, response: Response) -> bool:
    """Whether the terms of a response, if there are any, were offered and keep to the client's hint.
    Clients would have to accept a larger window than the hint, but not all of them do."""
    return all(
        any(
            _misfit(terms, offer) is None and _heeds_hint(terms.client_max_window_bits, offer)
            for offer in valid_offers(request)
        )
        for extension in _named(response)
        if isinstance(terms := _read(extension, offered=False), Terms)
    )


def agreed(response: Response) -> Agreed | None:
    """The terms of a server's response; None: it has none, or they are malformed."""
    named = _named(response)
    if len(named) != 1 or isinstance(terms := _read(named[0], offered=False), Breach):
        return None
    return terms.agreed


def _named(head: Request | Response) -> list[Extension]:
    try:
        return [extension for extension in head_extensions(head) if extension.name == NAME]
    except ExtensionsError:
        return []


def _read(extension: Extension, offered: bool) -> Terms | Breach:
    """The terms of an offer or answer, or what is wrong with its first wrong parameter."""
    terms: dict[str, int] = {}
    for parameter in extension.parameters:
        if parameter.name in terms:
            wrong: str | None = f"{parameter.name} is given twice"
        else:
            wrong = _fault(parameter, offered)
        if wrong:
            return Breach("request-deflate" if offered else "response-deflate", wrong, parameter.at)
        terms[parameter.name] = int(parameter.value or 15)
    return Terms(
        "server_no_context_takeover" in terms,
        "client_no_context_takeover" in terms,
        terms.get("server_max_window_bits"),
        terms.get("client_max_window_bits"),
        extension.at,
    )


def _fault(parameter: Parameter, offered: bool) -> str | None:
    name, value = parameter.name, parameter.value
    if name in _FLAGS:
        return None if value is None else f"{name} has the value {value[:80]!r}, but takes none"
    if name not in _WINDOWS:
        return f"{name[:80]!r} is not a parameter of {NAME}"
    if value is None:
        return None if offered and name == "client_max_window_bits" else f"{name} has no value"
    return None if _BITS.fullmatch(value) else f"{name} is {value[:80]!r}, expected 8 to 15"


def _heeds_hint(client_bits: int | None, offer: Terms) -> bool:
    """Whether the window that is asked of the client is no larger than its offer hints at. A server may
    ignore the hint (§7.1.2.2)."""
    return client_bits is None or client_bits <= (offer.client_max_window_bits or 0)


def _misfit(terms: Terms, offer: Terms) -> str | None:
    """Why `terms` don't answer this offer; None: they do."""
    server, client = terms.server_max_window_bits, terms.client_max_window_bits
    if offer.server_no_context_takeover and not terms.server_no_context_takeover:
        return "server_no_context_takeover was requested but is missing"
    if offer.server_max_window_bits is not None:
        if server is None:
            return f"server_max_window_bits={offer.server_max_window_bits} was requested but is missing"
        if server > offer.server_max_window_bits:
            return f"server_max_window_bits is {server}, but {offer.server_max_window_bits} was requested"
    if client is not None and offer.client_max_window_bits is None:
        return "client_max_window_bits was not offered"
    return None
