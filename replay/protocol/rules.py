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
    Rule("request-origin-single", ("5.3",), C, None, "A request has at most one Origin header.", rfc=9110),
    Rule("request-subprotocols-valid", ("4.1", "4.3"), C, None, "The subprotocols that a client offers are non-empty tokens, separated by commas, and all differ."),
    Rule("request-no-body", ("9.3.1",), C, None, "A GET request has no content.", "SHOULD", rfc=9110),
    Rule("server-no-body-in-101", ("6.1",), S, None, "A response with the status 101 has no Transfer-Encoding header.", rfc=9112),
    Rule("server-no-length-in-101", ("8.6",), S, None, "A response with the status 101 has no Content-Length header.", rfc=9110),
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

# Rules that only a case can judge: what is broken is seen from the answer to what it sends, or from several
# connections. What one side MAY send is a row that binds the other one, which has to take it.
_BY_CASE = (
    # The request: what a client sends, beyond what is seen in the octets of any connection.
    Rule("request-host-value", ("3.2",), C, None, "The value of the Host header is the URI's host, with its port unless it is the default one, and without userinfo.", rfc=9112),
    Rule("request-key-random", ("4.1",), C, None, "A client chooses a new key at random for each connection."),
    # The request: what a server makes of it.
    Rule("server-refuses-not-get", ("4.2.1", "4.1"), S, None, "A server refuses a request whose method is not GET."),
    Rule("server-refuses-http-1-0", ("4.2.1", "4.1"), S, None, "A server refuses a request whose HTTP version is lower than 1.1."),
    Rule("server-refuses-no-host", ("4.2.1",), S, None, "A server refuses a request without a Host header."),
    Rule("server-refuses-two-hosts", ("3.2",), S, None, "A server answers a request that has more than one Host header, or an invalid one, with 400.", rfc=9112),
    Rule("server-refuses-no-upgrade", ("4.2.1",), S, None, "A server opens no connection unless the request's Upgrade header includes 'websocket'."),
    Rule("server-refuses-no-connection", ("4.2.1",), S, None, "A server opens no connection unless the request's Connection header includes 'Upgrade'."),
    Rule("server-switches-only-as-asked", ("7.8",), S, None, "A server switches only to a protocol that the request's Upgrade header names.", rfc=9110),
    Rule("server-refuses-no-key", ("4.2.1",), S, None, "A server refuses a request without a Sec-WebSocket-Key header."),
    Rule("server-refuses-bad-key", ("4.2.1",), S, None, "A server refuses a Sec-WebSocket-Key that doesn't decode to 16 octets."),
    Rule("server-refuses-two-keys", ("4.2.1", "11.3.1"), S, None, "A server refuses a request that has more than one Sec-WebSocket-Key header."),
    Rule("server-refuses-no-version", ("4.2.1",), S, None, "A server refuses a request without a Sec-WebSocket-Version header."),
    Rule("server-refuses-two-versions", ("4.2.1", "11.3.5"), S, None, "A server refuses a request that has more than one Sec-WebSocket-Version header."),
    Rule("server-version-mismatch", ("4.2.2", "4.4"), S, None, "A server refuses a version that it doesn't support with an HTTP error, such as 426, that has a Sec-WebSocket-Version header."),
    Rule("server-version-lists-all", ("4.4",), S, None, "The refusal of a version lists all versions that the server supports."),
    Rule("grammar-version-server", ("4.3",), S, None, "The Sec-WebSocket-Version header of a response is a list of numbers from 0 to 255 without leading zeros."),
    Rule("server-426-upgrade", ("15.5.22", "7.8"), S, None, "A response with the status 426 has an Upgrade header.", rfc=9110),
    Rule("server-refuses-bad-subprotocols", ("4.2.1", "4.3"), S, None, "A server refuses a Sec-WebSocket-Protocol header that isn't a list of tokens."),
    Rule("header-names-any-case", ("4.1", "4.2.1"), None, None, "The names of header fields are compared without regard to case."),
    Rule("request-subprotocols-split", ("11.3.4",), S, None, "Several Sec-WebSocket-Protocol headers of a request mean the same as one that has all of their values.", "MAY"),
    Rule("request-extensions-split", ("9.1", "11.3.2"), S, None, "Several Sec-WebSocket-Extensions headers of a request mean the same as one that has all of their values.", "MAY"),
    Rule("request-other-headers", ("4.1",), S, None, "A request may have any other header field, such as Cookie or Authorization.", "MAY"),
    Rule("extension-quoted-value", ("9.1",), None, None, "The value of an extension's parameter means the same with and without quotes."),
    Rule("extension-registered", ("9.1", "11.4"), None, None, "An endpoint names registered extensions only."),
    Rule("server-declines-unknown-extension", ("9", "9.1"), S, None, "A server opens the connection without the extensions that it doesn't know.", "MAY"),
    Rule("server-any-header-order", ("4.2.1", "4.1"), S, None, "The order of a request's header fields doesn't matter."),
    Rule("server-ignores-unknown-headers", ("4.2.1",), S, None, "A server ignores header fields that it doesn't know."),
    Rule("server-upgrade-any-case", ("4.2.1",), S, None, "A server compares the value of the Upgrade header without regard to case."),
    Rule("server-upgrade-list", ("7.8",), S, None, "The Upgrade header of a request may be a list, from which a server picks a protocol.", "MAY", rfc=9110),
    Rule("server-connection-list", ("4.2.1",), S, None, "A server finds 'Upgrade' among other values of the Connection header, without regard to case."),
    Rule("server-absolute-target", ("3.2.2",), S, None, "A server accepts a request target in absolute form.", rfc=9112),
    Rule("server-origin-absent", ("4.2.1",), S, None, "A request without an Origin header isn't taken for a browser's, nor refused for that alone.", "SHOULD"),
    Rule("server-request-in-pieces", ("2.2",), S, None, "A request means the same however TCP splits it.", rfc=9112),
    Rule("server-frames-with-request", ("4.1",), S, None, "A server may refuse frames that a client sends before it has the response, or read them.", "MAY"),
    Rule("server-head-limits", ("5.4",), S, None, "A server answers a request whose header fields are larger than it wants to process with a 4xx status.", rfc=9110),
    Rule("server-obs-fold", ("5.2",), S, None, "A server answers a folded header line with 400, or replaces each fold with spaces.", rfc=9112),
    Rule("server-skips-body", ("6.3",), S, None, "What a request announces with Content-Length or Transfer-Encoding is its body, and no frames.", "must", rfc=9112),
    Rule("server-bare-cr-nul", ("5.5",), S, None, "A server refuses CR, LF and NUL within a field value, or replaces each with a space.", rfc=9110),
    Rule("server-space-before-colon", ("5.1",), S, None, "A server answers white space between a field name and its colon with 400.", rfc=9112),
    Rule("server-space-before-first-header", ("2.2",), S, None, "A server refuses a request with white space between the request line and the first header field, or passes over such lines.", rfc=9112),
    Rule("field-values-trimmed", ("5.1",), None, None, "White space around a field value isn't a part of it.", rfc=9112),
    Rule("server-empty-line-first", ("2.2",), S, None, "A server ignores at least one empty line before the request line.", "SHOULD", rfc=9112),
    Rule("server-method-too-long", ("3",), S, None, "A server answers a method that is longer than any that it knows with 501.", "SHOULD", rfc=9112),
    Rule("server-target-too-long", ("3",), S, None, "A server answers a target that is longer than it wants to parse with 414.", rfc=9112),
    Rule("server-http10-upgrade-ignored", ("7.8",), S, None, "A server ignores the Upgrade header of an HTTP/1.0 request.", rfc=9110),
    Rule("server-no-1xx-to-http10", ("15.2",), S, None, "A server sends no 1xx response to an HTTP/1.0 client.", rfc=9110),
    Rule("server-expect-before-upgrade", ("7.8",), S, None, "A server that gets both Expect: 100-continue and Upgrade sends 100 before 101.", rfc=9110),
    Rule("server-401-challenge", ("15.5.2",), S, None, "A response with the status 401 has a WWW-Authenticate header.", rfc=9110),
    Rule("server-error-status", ("10.7",), S, None, "A server answers invalid data in the opening handshake with an appropriate HTTP status.", "SHOULD"),
    Rule("server-may-redirect", ("4.2.2",), S, None, "A server may answer with a redirect.", "MAY"),
    Rule("server-aborts-opening", ("7.2.2",), S, None, "A server that aborts the opening handshake closes TCP, and sends no frame."),
    # The response: what a server sends.
    Rule("server-101", ("4.2.2",), S, None, "A server that accepts a connection answers with the status 101."),
    Rule("server-accept-of-odd-key", ("4.2.2",), S, None, "Sec-WebSocket-Accept is derived from the characters of the key as they were sent."),
    # The response: what a client makes of it.
    Rule("client-non-101-is-http", ("4.1",), C, None, "A client handles any status but 101 as HTTP does, and opens no connection."),
    Rule("client-401-may-authenticate", ("4.1",), C, None, "A client may authenticate when it receives the status 401.", "MAY"),
    Rule("client-3xx-may-redirect", ("4.1",), C, None, "A client may follow a redirect, and need not.", "MAY"),
    Rule("client-checks-upgrade", ("4.1",), C, None, "A client fails the connection if the response's Upgrade header is missing or isn't 'websocket'."),
    Rule("client-checks-connection", ("4.1",), C, None, "A client fails the connection if the response's Connection header doesn't include 'Upgrade'."),
    Rule("client-checks-accept", ("4.1",), C, None, "A client fails the connection if Sec-WebSocket-Accept is missing or isn't derived from its key."),
    Rule("client-checks-extensions", ("4.1",), C, None, "A client fails the connection if the response names an extension that it didn't offer."),
    Rule("client-checks-subprotocol", ("4.1",), C, None, "A client fails the connection if the response names a subprotocol that it didn't offer."),
    Rule("client-checks-rest-of-response", ("4.1", "4.2.2"), C, None, "A client fails the connection if the response breaks any other requirement for it."),
    Rule("client-accepts-upgrade-case", ("4.1",), C, None, "A client compares the values of Upgrade and Connection without regard to case."),
    Rule("client-accepts-connection-list", ("4.1",), C, None, "A client finds 'Upgrade' among other values of the Connection header."),
    Rule("client-trims-accept", ("4.1",), C, None, "A client ignores white space around the value of Sec-WebSocket-Accept."),
    Rule("client-interim-responses", ("15.2",), C, None, "A client reads any number of 1xx responses before the final one.", rfc=9110),
    Rule("client-101-has-no-body", ("6.3",), C, None, "A response with the status 101 ends at its empty line, so that what follows is frames, whatever its header fields say.", "must", rfc=9112),
    Rule("client-response-in-pieces", ("2.2",), C, None, "A response means the same however TCP splits it.", rfc=9112),
    Rule("server-extensions-lines", ("4.2.2", "9.1"), C, None, "Several Sec-WebSocket-Extensions headers of a response mean the same as one that has all of their values.", "MAY"),
    Rule("server-may-send-at-once", ("4.2.2",), C, None, "A server may send frames right after its response.", "MAY"),
    # Frames.
    Rule("server-closes-on-unmasked", ("5.1",), S, None, "A server closes the connection when it receives a frame that is not masked."),
    Rule("client-closes-on-masked", ("5.1",), C, None, "A client closes the connection when it receives a frame that is masked."),
    Rule("mask-fresh-per-frame", ("5.3",), C, None, "A client chooses a new masking key for each frame."),
    Rule("mask-unpredictable", ("5.3", "10.3"), C, None, "A masking key can't be predicted from those before it."),
    Rule("mask-any-key", ("5.3",), S, None, "A server accepts any masking key."),
    Rule("mask-removed", ("5.3", "6.2"), S, None, "A server removes the mask from every frame, by the position of each octet in the payload."),
    Rule("mask-length-excluded", ("5.3", "5.2"), None, None, "The payload length doesn't include the masking key."),
    Rule("data-any-time-while-open", ("5.1",), None, None, "Data frames may be sent at any time between the opening handshake and the sender's Close frame.", "MAY"),
    Rule("length-huge-announced", ("10.4",), None, None, "A huge payload length doesn't exhaust the memory of its receiver."),
    Rule("frame-chopped", ("5.2",), None, None, "A frame means the same however TCP splits it."),
    Rule("frames-together", ("5.2",), None, None, "All frames that arrive together are read."),
    Rule("text-and-binary-kept", ("5.6", "6.1"), None, None, "The opcode of a message's first frame says whether it is text or binary."),
    Rule("binary-any-octets", ("5.6",), None, None, "The payload of a binary message is arbitrary."),
    Rule("empty-messages", ("5.6",), None, None, "A message may be empty, and is a message nevertheless."),
    Rule("length-network-order", ("5.2",), None, None, "A payload length of 16 or 64 bits is read as a number without a sign, its highest octet first."),
    Rule("text-valid-accepted", ("5.6", "8.1"), None, None, "Every text that is valid UTF-8 is accepted as it is, with noncharacters, U+0000 and the rest."),
    Rule("text-bom-kept", ("5.6",), None, None, "A U+FEFF at the beginning of a text is a part of it."),
    Rule("text-partial-frames", ("5.6",), None, None, "A frame of a text message may end inside a code point."),
    Rule("message-whole", ("6.2",), None, None, "A message consists of all its octets, in order."),
    # Fragmentation.
    Rule("receive-fragmented", ("5.4",), None, None, "An endpoint receives both fragmented and unfragmented messages."),
    Rule("receive-fragmented-binary", ("5.4",), None, None, "A fragmented binary message keeps its type and its octets."),
    Rule("fragment-sizes-any", ("5.4",), None, None, "A fragment may have any size, 0 included.", "MAY"),
    Rule("fragment-many-empty", ("10.4",), None, None, "A long sequence of empty fragments doesn't exhaust its receiver."),
    Rule("fragments-in-order", ("5.4",), None, None, "Fragments are delivered in the order in which they were sent."),
    Rule("no-frame-boundaries", ("5.4",), None, None, "Unless an extension says otherwise, nothing depends on where a message is split into frames."),
    Rule("control-between-fragments", ("5.4", "5.5"), None, None, "Control frames between the fragments of a message are handled, and change nothing about the message."),
    # Ping and Pong.
    Rule("ping-any-time", ("5.5.2",), None, None, "A Ping may be sent at any time while the connection is open, and may have a payload.", "MAY"),
    Rule("pong-unsolicited", ("5.5.3",), None, None, "A Pong that answers no Ping is legal, and isn't answered.", "MAY"),
    # Closing.
    Rule("close-code-echo", ("5.5.1",), None, None, "The code of the Close frame in answer is typically the one that was received.", "MAY"),
    Rule("close-code-1010-by-client", ("7.4.1",), S, None, "A server doesn't use the code 1010, as it can refuse the opening handshake instead.", "SHOULD"),
    Rule("close-code-1010-reason", ("7.4.1",), C, None, "A client that closes with 1010 lists the extensions that it needs in the reason.", "SHOULD"),
    Rule("both-close-at-once", ("5.5.1",), None, None, "If both sides send a Close frame at the same time, the closing handshake is complete.", "SHOULD"),
    Rule("close-ends-tcp", ("5.5.1", "7.1.1"), None, None, "An endpoint that has both sent and received a Close frame closes the TCP connection."),
    Rule("client-waits-for-tcp-end", ("5.5.1", "7.1.1"), C, None, "A client waits for the server to close the TCP connection.", "SHOULD"),
    Rule("client-ends-tcp-in-the-end", ("7.1.1",), C, None, "A client may close TCP itself if the server hasn't after a reasonable time.", "MAY"),
    Rule("client-closes-not-arbitrarily", ("7.3",), C, None, "A client doesn't close a connection without a reason.", "SHOULD"),
    Rule("invalid-data-may-drop", ("10.7",), None, None, "An endpoint may drop TCP when it receives data that it doesn't understand.", "MAY"),
    Rule("close-omitted", ("7.1.7",), None, None, "An endpoint that fails a connection may omit the Close frame if the other side is unlikely to read it.", "MAY"),
    Rule("fail-code-fits", ("7.1.7", "7.4.1"), None, None, "An endpoint that fails a connection sends an appropriate code: 1002, 1007 or 1009, for instance.", "SHOULD"),
    Rule("failed-reads-nothing", ("7.1.7",), None, None, "An endpoint that has failed the connection processes no more data."),
    Rule("failed-closes-tcp", ("7.1.7",), None, None, "An endpoint that fails the connection closes TCP."),
    Rule("tcp-closed-cleanly", ("7.1.1",), None, None, "An endpoint ends TCP cleanly rather than resetting it.", "SHOULD"),
    Rule("tcp-half-close", ("7.1.1",), None, None, "The end of TCP without a Close frame ends the connection, and an endpoint may do as it likes with its own half.", "MAY"),
    # Limits.
    Rule("size-limit-protects", ("10.4",), None, None, "An endpoint with limits on the size of frames and messages protects itself against what exceeds them."),
    Rule("size-limit-set", ("10.4",), None, None, "An endpoint limits the size of frames and messages.", "SHOULD"),
    # Compression: offers and answers.
    Rule("pmd-decline-unknown-param", ("7",), S, None, "A server declines an offer that has an undefined parameter.", rfc=7692),
    Rule("pmd-decline-bad-value", ("7",), S, None, "A server declines an offer that has a parameter with an invalid value.", rfc=7692),
    Rule("pmd-decline-double-param", ("7",), S, None, "A server declines an offer that has the same parameter more than once.", rfc=7692),
    Rule("pmd-next-after-bad", ("7", "5"), S, None, "A server that declines an offer of permessage-deflate considers the next one.", rfc=7692),
    Rule("pmd-none-element", ("5",), S, None, "A server that declines all offers of compression leaves it out of its response, and both sides go on uncompressed.", rfc=7692),
    Rule("pmd-client-fails-unknown-param", ("7",), C, None, "A client fails the connection if the response has an undefined parameter.", rfc=7692),
    Rule("pmd-client-fails-bad-value", ("7",), C, None, "A client fails the connection if the response has a parameter with an invalid value.", rfc=7692),
    Rule("pmd-client-fails-double-param", ("7",), C, None, "A client fails the connection if the response has the same parameter more than once.", rfc=7692),
    Rule("pmd-client-fails-unsupported", ("7",), C, None, "A client fails the connection if the response agrees on what the client doesn't support.", rfc=7692),
    Rule("pmd-client-fails-unoffered", ("5",), C, None, "A client fails the connection if the response agrees on compression that it didn't offer, or more than once.", rfc=7692),
    Rule("pmd-snct-supported", ("7.1.1.1",), S, None, "A server supports the parameter server_no_context_takeover.", "SHOULD", rfc=7692),
    Rule("pmd-snct-unasked", ("7.1.1.1",), C, None, "A response may have server_no_context_takeover although the offer doesn't.", "MAY", rfc=7692),
    Rule("pmd-cnct-unasked", ("7.1.1.2",), C, None, "A response may have client_no_context_takeover although the offer doesn't.", "MAY", rfc=7692),
    Rule("pmd-smwb-unasked", ("7.1.2.1",), C, None, "A response may have server_max_window_bits although the offer doesn't.", "MAY", rfc=7692),
    Rule("pmd-agreed-params-client-1010", ("5.1",), C, None, "A client that can't go on with what was agreed may close the connection with 1010.", "MAY", rfc=7692),
    # Compression: messages.
    Rule("pmd-block-types", ("7.2.3.3", "7.2.3.5"), None, None, "A compressed message consists of any number of blocks of any types.", "MAY", rfc=7692),
    Rule("pmd-bfinal-padding", ("7.2.3.4",), None, None, "A block with BFINAL may end a compressed message, or stand before others, which begin at the next octet.", rfc=7692),
    Rule("pmd-window-may-shrink", ("7.1.2", "7.2.2"), None, None, "References reach as far back as the negotiated window, which has 32,768 octets by default.", "MAY", rfc=7692),
    Rule("pmd-empty-message", ("7.2.3.6",), None, None, "An empty message may be compressed, as a single octet 00 for instance.", "MAY", rfc=7692),
    Rule("pmd-whole-message-inflated", ("6.2",), None, None, "The payloads of all frames of a message are joined before they are inflated.", rfc=7692),
    Rule("pmd-context-used-to-inflate", ("7.2.2",), None, None, "Unless the sender uses no context takeover, its messages are inflated with the window of those before.", rfc=7692),
    Rule("pmd-context-past-plain", ("7.2.3.2",), None, None, "Uncompressed messages leave the window for compressed ones as it is.", rfc=7692),
    Rule("pmd-context-may-forget", ("7.2.2",), None, None, "If the sender doesn't use context takeover, the receiver may inflate each message with an empty window.", "MAY", rfc=7692),
    Rule("pmd-uncompressed-allowed", ("6",), None, None, "A message whose RSV1 is 0 is not compressed, and is read as it is.", rfc=7692),
    Rule("pmd-opcode-kept", ("6.1",), None, None, "A compressed message keeps the opcode of the original.", rfc=7692),
    Rule("pmd-empty-fragments", ("7.2.3.6",), None, None, "A fragment of a compressed message may be empty, or hold an empty block.", "MAY", rfc=7692),
    Rule("pmd-window-1024", ("7.3",), None, None, "An endpoint's window has at least 1024 octets.", "SHOULD", rfc=7692),
    Rule("pmd-bomb-bounded", ("10.4",), None, None, "Limits on the size of messages apply to what a compressed one inflates to."),
)  # fmt: skip

TOLD: dict[str, Rule] = {row.id: row for row in _TOLD}
"""The rules whose breaches are found in the octets of any connection."""

RULES: dict[str, Rule] = TOLD | {row.id: row for row in _BY_CASE}
