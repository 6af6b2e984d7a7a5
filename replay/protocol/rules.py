"""Every MUST and SHOULD that replay judges, in one table, which messages, docs and tests use.

A row holds no predicate: the code that finds a breach names the rule by its id.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from msgspec import Struct

from replay.wire.side import Side


class Rule(Struct, frozen=True):
    id: str
    sections: tuple[str, ...]  # the section with the sentence itself, then related ones
    binds: Side | None  # None: both sides
    code: int | None  # the close code with which replay fails the connection; None: it doesn't
    sentence: str
    level: Literal["MUST", "must", "SHOULD", "MAY"] = "MUST"  # as the RFC writes it
    rfc: Literal[3629, 6455, 7692, 8441, 9110, 9112, 9113] = 6455

    @property
    def reference(self) -> str:
        """'RFC 6455 §4.2.2, §11.3.4'."""
        return f"RFC {self.rfc} " + ", ".join(f"§{section}" for section in self.sections)


class Breach(NamedTuple):
    """The id of a broken rule, how it is broken, and at which octet of the head, frame or payload."""

    rule: str
    detail: str
    at: int


C, S = Side.CLIENT, Side.SERVER

_TOLD = (
    # The opening handshake. A breach is answered with an HTTP response or the end of TCP, never with a Close.
    Rule("opening-http", ("4.1", "4.2.2"), None, None, "The request and the response of the opening handshake are valid HTTP."),
    Rule("request-method", ("4.1",), C, None, "The method of the request is GET."),
    Rule("request-version", ("4.1",), C, None, "The HTTP version of the request is at least 1.1."),
    Rule("request-target", ("3", "4.1"), C, None, "The request target has no fragment and starts with a slash, or is an absolute URI."),
    Rule("request-host", ("3.2",), C, None, "The request has exactly one Host header.", rfc=9112),
    Rule("request-upgrade", ("4.1",), C, None, "The request's Upgrade header includes 'websocket'."),
    Rule("request-connection", ("4.1",), C, None, "The request's Connection header includes 'Upgrade'."),
    Rule("request-key", ("4.1", "11.3.1"), C, None, "The request has exactly one Sec-WebSocket-Key header, which holds 16 octets in base64."),
    Rule("request-websocket-version", ("4.1", "11.3.5"), C, None, "The request has exactly one Sec-WebSocket-Version header, and its value is 13."),
    Rule("response-version", ("6.2",), S, None, "The HTTP version of the response is the highest that the server conforms to, which is at least 1.1.", "SHOULD", rfc=9110),
    Rule("response-upgrade", ("4.2.2",), S, None, "The response's Upgrade header is 'websocket'."),
    Rule("response-connection", ("4.2.2",), S, None, "The response's Connection header includes 'Upgrade'."),
    Rule("response-accept", ("4.2.2", "11.3.3"), S, None, "The response has exactly one Sec-WebSocket-Accept header, derived from the key of the request."),
    Rule("response-extensions", ("4.2.2", "9"), S, None, "The response names only extensions that the request offered."),
    Rule("response-subprotocol", ("4.2.2", "11.3.4"), S, None, "The response names at most one subprotocol, which is one that the request offered, in the same case."),
    Rule("response-deflate", ("7", "5"), S, None, "The response agrees on permessage-deflate at most once, with defined parameters only, each at most once and with a valid value.", rfc=7692),
    Rule("response-deflate-fits", ("7.1.1.1", "7.1.2.1", "7.1.2.2"), S, None, "The response to offers of permessage-deflate matches one of them: it grants what that offer asks for, and has client_max_window_bits only if the offer has it.", rfc=7692),
    Rule("request-deflate", ("7.1",), C, None, "An offer of permessage-deflate has defined parameters only, each at most once and with a valid value.", rfc=7692),
    Rule("extensions-grammar", ("9.1",), None, None, "A Sec-WebSocket-Extensions header is a list of tokens, with parameters whose values are tokens too, quoted or not."),
    Rule("frame-before-opening", ("4.1",), C, None, "After its request, a client sends nothing until it has received the server's response."),
    Rule("server-refuses-bad-request", ("4.2.1",), S, None, "A server answers a request that breaks the rules of the opening handshake with an HTTP error, and opens no connection."),
    Rule("client-fails-opening", ("4.1", "7.1.7"), C, None, "A client that receives a response which opens no connection, or which it has to refuse, sends no frame."),
    # Frames.
    Rule("client-masks", ("5.1",), C, 1002, "A client masks every frame that it sends."),
    Rule("server-does-not-mask", ("5.1",), S, 1002, "A server does not mask the frames that it sends."),
    Rule("rsv-zero", ("5.2",), None, 1002, "The reserved bits are 0 unless an extension that defines them has been negotiated."),
    Rule("known-opcode", ("5.2",), None, 1002, "The opcode is one of those that are defined: 0, 1, 2, 8, 9 and 10."),
    Rule("minimal-length", ("5.2",), None, 1002, "The payload length is encoded in the fewest octets that can hold it."),
    Rule("length-below-2-63", ("5.2",), None, 1002, "The most significant bit of a 64-bit payload length is 0."),
    Rule("continuation-continues", ("5.4",), None, 1002, "A continuation frame continues a fragmented message."),
    Rule("fragments-not-interleaved", ("5.4",), None, 1002, "No other message begins before a fragmented message has ended."),
    Rule("control-not-fragmented", ("5.5",), None, 1002, "A control frame is not fragmented."),
    Rule("control-length", ("5.5",), None, 1002, "The payload of a control frame is at most 125 octets long."),
    Rule("ping-answered", ("5.5.2",), None, None, "A Ping is answered with a Pong, unless a Close frame has been received before it."),
    Rule("pong-echoes-ping", ("5.5.3",), None, None, "A Pong that answers a Ping has the payload of that Ping.", "must"),
    Rule("text-is-utf8", ("5.6", "8.1"), None, 1007, "A text message is valid UTF-8."),
    # Compressed messages.
    Rule("rsv1-on-first-frame", ("6.1",), None, 1002, "RSV1, which marks a message as compressed, is set on the first frame of a message only, and never on a control frame.", rfc=7692),
    Rule("message-inflates", ("7.2.1",), None, 1007, "The payload of a compressed message, with 00 00 ff ff appended, is DEFLATE data that ends at the end of a block.", rfc=7692),
    Rule("window-kept", ("7.2.1",), None, 1007, "An endpoint compresses with a window that is no larger than the negotiated one.", rfc=7692),
    Rule("context-not-kept", ("7.2.1",), None, 1007, "An endpoint that has agreed not to use context takeover starts each message with an empty window.", rfc=7692),
    Rule("tail-removed", ("7.2.1",), None, None, "The last four octets, 00 00 ff ff, are removed from a compressed payload.", rfc=7692),
    # Closing.
    Rule("close-length", ("5.5.1",), None, 1002, "The payload of a Close frame is empty or at least two octets long."),
    Rule("close-code", ("7.4.1",), None, 1002, "The codes 1005, 1006 and 1015 are not used in a Close frame."),
    Rule("close-code-assigned", ("7.4.1", "7.4.2"), None, 1002, "The code in a Close frame is an assigned one (1000 to 1003, 1007 to 1011) or one from 3000 to 4999.", "SHOULD"),
    Rule("close-reason-is-utf8", ("5.5.1",), None, 1007, "The reason in a Close frame is valid UTF-8."),
    Rule("nothing-after-close", ("5.5.1",), None, None, "An endpoint sends no data frame after its Close frame."),
    Rule("close-answered", ("5.5.1",), None, None, "An endpoint that receives a Close frame, and has not sent one itself, answers with a Close frame."),
    Rule("close-before-drop", ("7.1.7", "10.7"), None, None, "An endpoint that ends an open connection sends a Close frame before it closes the TCP connection.", "SHOULD"),
    Rule("server-drops", ("5.5.1",), S, None, "Once both Close frames have been exchanged, the server closes the TCP connection at once."),
)  # fmt: skip

# Rules that only a case can judge: what is broken is seen from the answer to what it sends.
_BY_CASE = (
    Rule("server-refuses-bad-key", ("4.2.1",), S, None, "A server refuses a Sec-WebSocket-Key that doesn't decode to 16 octets."),
)  # fmt: skip

TOLD: dict[str, Rule] = {row.id: row for row in _TOLD}
"""The rules whose breaches are found in the octets of any connection."""

RULES: dict[str, Rule] = TOLD | {row.id: row for row in _BY_CASE}
