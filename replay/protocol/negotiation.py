"""How a connection comes to compress its messages: permessage-deflate's offers and answers (RFC 7692 §7.1).

A server declines an offer that is malformed. A client fails the connection on an answer that is. One that
is well-formed and yet answers none of its offers breaks rules of the server's, but no rule says what the
client does then: such a connection stands, and what the answer says holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from replay.protocol.rules import Breach
from replay.wire.extensions import Extension, ExtensionsError, Parameter, head_extensions
from replay.wire.handshake import Request, Response
from replay.wire.side import Side

NAME = "permessage-deflate"

_FLAGS = ("server_no_context_takeover", "client_no_context_takeover")
_WINDOWS = ("server_max_window_bits", "client_max_window_bits")
MOST_TOLD = 8
"""Breaches of one header that are told one by one."""

_BITS = re.compile("[89]|1[0-5]")


@dataclass(frozen=True, slots=True)
class Agreed:
    """What each side keeps to when it compresses. A window of n bits is one of 2**n octets, 8 to 15."""

    server_no_context_takeover: bool = False
    client_no_context_takeover: bool = False
    server_max_window_bits: int = 15
    client_max_window_bits: int = 15

    def window(self, side: Side) -> int:
        """The bits of the largest window that `side` may compress with (§7.1.2)."""
        return self.server_max_window_bits if side is Side.SERVER else self.client_max_window_bits

    def keeps_context(self, side: Side) -> bool:
        """Whether what `side` compresses may refer to its messages before (§7.1.1)."""
        if side is Side.SERVER:
            return not self.server_no_context_takeover
        return not self.client_no_context_takeover

    def __str__(self) -> str:
        """As in a header, without what is so by default."""
        bits = (self.server_max_window_bits, self.client_max_window_bits)
        server, client = (None if number == 15 else number for number in bits)
        return str(Terms(self.server_no_context_takeover, self.client_no_context_takeover, server, client))


@dataclass(frozen=True, slots=True)
class Terms:
    """The parameters of one offer or answer; None: there is no such parameter.

    An offer's client_max_window_bits without a value is 15: it says no more than that (§7.1.2.2).
    """

    server_no_context_takeover: bool = False
    client_no_context_takeover: bool = False
    server_max_window_bits: int | None = None
    client_max_window_bits: int | None = None
    at: int = field(default=0, compare=False)  # the octet of the head where they stand

    @property
    def agreed(self) -> Agreed:
        """What holds if this is the answer."""
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
    """What a server asks of the client in its answer, beside what it grants."""

    client_no_context_takeover: bool = False
    client_max_window_bits: int | None = None


def valid_offers(request: Request) -> tuple[Terms, ...]:
    """The offers of a request that a server may accept, in the client's order (§7.1)."""
    read = (_read(extension, offered=True) for extension in _named(request))
    return tuple(terms for terms in read if isinstance(terms, Terms))


def offer_breaches(request: Request) -> Iterator[Breach]:
    """What is wrong with the malformed offers; the server declines it, and need not refuse the request."""
    read = (_read(extension, offered=True) for extension in _named(request))
    yield from told([found for found in read if isinstance(found, Breach)], "more offers are malformed")


def answer(offers: Sequence[Terms], asks: Sequence[Ask] = (Ask(),)) -> Terms | None:
    """The server's answer: the first ask that an offer leaves room for, each tried on all offers in order.

    What the taken offer wants of the server is granted, in the same words; None: all are declined.
    client_no_context_takeover may be asked for in any case, client_max_window_bits only where it was
    offered, and no larger than the client's hint.
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
    """What is wrong with an answer by itself, so that the client fails the connection (§7.1).

    A second permessage-deflate contends with the first for RSV1 (§5).
    """
    named = _named(response)
    if named and isinstance(found := _read(named[0], offered=False), Breach):
        yield found
    if len(named) > 1:
        times = "twice" if len(named) == 2 else f"{len(named):,} times"
        yield Breach("response-deflate", f"{NAME} stands there {times}", named[1].at)


def told(breaches: Sequence[Breach], others: str) -> Iterator[Breach]:
    """The breaches of one header: some one by one, and how many others there are."""
    yield from breaches[:MOST_TOLD]
    if more := breaches[MOST_TOLD:]:
        yield more[0]._replace(detail=f"{len(more):,} {others}")


def misfits(request: Request, response: Response) -> Iterator[Breach]:
    """Why a well-formed answer answers none of the offers (§7.1.1.1, §7.1.2.1, §7.1.2.2).

    Nothing here says that the client fails the connection.
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
        detail = f"it fits none of the {len(offers)} offers; of the first, {detail}"
    yield Breach("response-deflate-fits", detail, terms.at)


def fits(request: Request, response: Response) -> bool:
    """Whether what a response agrees on, if anything, was offered, and heeds the client's hint: not every
    client puts up with more, though it has to."""
    return all(
        any(
            _misfit(terms, offer) is None and _heeds_hint(terms.client_max_window_bits, offer)
            for offer in valid_offers(request)
        )
        for extension in _named(response)
        if isinstance(terms := _read(extension, offered=False), Terms)
    )


def agreed(response: Response) -> Agreed | None:
    """What a server's response agrees on; None: nothing, or it is malformed."""
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
    """The terms of an offer, or of an answer; or the first parameter that is wrong."""
    terms: dict[str, int] = {}
    for parameter in extension.parameters:
        if parameter.name in terms:
            wrong: str | None = f"{parameter.name} stands there twice"
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
        return None if value is None else f"{name} has the value {value[:80]!r} and takes none"
    if name not in _WINDOWS:
        return f"{name[:80]!r} is no parameter of {NAME}"
    if value is None:
        return None if offered and name == "client_max_window_bits" else f"{name} has no value"
    return None if _BITS.fullmatch(value) else f"{name} is {value[:80]!r}, not one of 8 to 15"


def _heeds_hint(client_bits: int | None, offer: Terms) -> bool:
    """Whether a client that made this offer is asked for no larger window than it hints at. A server may
    ignore the hint (§7.1.2.2)."""
    return client_bits is None or client_bits <= (offer.client_max_window_bits or 0)


def _misfit(terms: Terms, offer: Terms) -> str | None:
    """Why `terms` are no answer to this offer; None: they are one."""
    server, client = terms.server_max_window_bits, terms.client_max_window_bits
    if offer.server_no_context_takeover and not terms.server_no_context_takeover:
        return "server_no_context_takeover was asked for and is missing"
    if offer.server_max_window_bits is not None:
        if server is None:
            return f"server_max_window_bits={offer.server_max_window_bits} was asked for and is missing"
        if server > offer.server_max_window_bits:
            return f"server_max_window_bits is {server}, and {offer.server_max_window_bits} was asked for"
    if client is not None and offer.client_max_window_bits is None:
        return "client_max_window_bits was not offered"
    return None
