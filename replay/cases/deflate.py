"""The key `deflate`: what a case offers, and what it asks of a client that offers (RFC 7692 §7.1)."""

from __future__ import annotations

import re

from replay.cases.model import Deflate
from replay.protocol.negotiation import NAME, Ask
from replay.typed import nodes
from replay.typed.readers import Items, Key, Mapped, Reader, Record, ScalarFault, Shaped, Typed
from replay.wire.extensions import ExtensionsError, parse_extensions

_LINE = r"[\t\x20-\x7e]+"
_BITS = re.compile("[89]|1[0-5]")


def _offer(match: re.Match[str]) -> str:
    try:
        parse_extensions(match[0])
    except ExtensionsError as error:
        raise ScalarFault(str(error), error.at, min(error.at + 1, len(match[0]))) from None
    return match[0]


def _ask(match: re.Match[str]) -> Ask:
    _offer(match)
    (extension, *more) = parse_extensions(match[0])
    if more or extension.name != NAME:
        raise ValueError(f"expected one {NAME} with its parameters")
    takes_over, bits = False, None
    for parameter in extension.parameters:
        at = parameter.at, parameter.at + len(str(parameter))
        if parameter.name == "client_no_context_takeover" and parameter.value is None:
            takes_over = True
        elif parameter.name == "client_max_window_bits" and _BITS.fullmatch(parameter.value or ""):
            bits = int(parameter.value or 0)
        else:
            asked = "client_no_context_takeover, or client_max_window_bits=8 to 15"
            raise ScalarFault(
                f"expected {asked}; what the client asks of the server is always granted", *at
            )
    return Ask(takes_over, bits)


_OFFER = Typed("the value of a Sec-WebSocket-Extensions header", _LINE, _offer)
_ASK = Typed(f"a response such as '{NAME}'", _LINE, _ask)

DEFLATE: Reader[Deflate] = Record(
    "permessage-deflate",
    {
        "offer": Key(
            Shaped(
                "an offer, or a list of them",
                {
                    nodes.Scalar: _OFFER,
                    nodes.Sequence: Mapped(Items("a list of offers", _OFFER, at_least=1), ", ".join),
                },
            ),
            "The offer that replay sends as a client, as in the header; a list of offers is sent in this "
            "order.",
            True,
        ),
        "answer": Key(
            Shaped(
                "a response, or a list of them",
                {
                    nodes.Scalar: Mapped(_ASK, lambda ask: (ask,)),
                    nodes.Sequence: Items("a list of responses", _ASK, at_least=1),
                },
            ),
            "The response that replay sends as a server; from a list, the first one that the client's "
            "offer allows.",
        ),
    },
    lambda found: Deflate(found.values["offer"], found.get("answer", (Ask(),))),
)
