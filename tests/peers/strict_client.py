"""An echo client that keeps every rule of RFC 6455 and RFC 7692, or breaks one, which is chosen by name.

    python -m tests.peers.strict_client --fault doesnt-mask ws://127.0.0.1:9001

--list prints what FAULTS says of each. It shares no code with replay, to test it by.
"""

from __future__ import annotations

import base64
import itertools
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from tests.peers.inflating import Terms, extensions, is_valid, terms_of
from tests.peers.strict import (
    BINARY,
    CHANCE,
    CLOSE,
    PING,
    PONG,
    TEXT,
    Endpoint,
    Frame,
    Head,
    Headers,
    Ways,
    also,
    bare,
    has,
)
from tests.peers.strict_faults import FAULTS as BOTH
from tests.peers.strict_faults import UNUSUAL as SHARED
from tests.peers.strict_faults import fragments, on, only, over
from tests.peers.strict_server import derived, encoded

LINE = re.compile(r"HTTP/1\.(\d) (\d{3})(?: ([\t -~\x80-\xff]*))?")
OFFER = "permessage-deflate; client_max_window_bits"
SUBPROTOCOLS = ["chat", "Superchat"]


class Client(Endpoint):
    server = False

    def __init__(self, ways: Ways, target: str = "/", host: str = "localhost") -> None:
        super().__init__(ways)
        self._target, self._host = target, host
        self._key = base64.b64encode(CHANCE.randbytes(16)).decode()

    def connected(self) -> None:
        headers: Headers = [
            ("Host", self._host),
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Key", self._key),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Protocol", ", ".join(SUBPROTOCOLS)),
            ("User-Agent", "strict"),
        ]
        if self.ways.offers:
            headers.append(("Sec-WebSocket-Extensions", OFFER))
        headers = self.ways.edits(headers)
        self._key = dict(headers).get("Sec-WebSocket-Key", self._key)
        self._offered = ", ".join(
            value for name, value in headers if name.lower() == "sec-websocket-extensions"
        )
        self.write(encoded(self.ways.line(f"GET {self._target} HTTP/1.1"), headers) + self.ways.behind)

    def _read_head(self) -> None:
        response = self._take_head()
        if response is None:
            return
        found = LINE.fullmatch(response.first)
        self._check("status-line", found is None, response.first)
        status = int(found[2]) if found else 101
        if 100 <= status < 200 and status != 101:
            self._check("interim", not self.ways.interims)
            self._read_head()
            return
        self._check("status", status != 101, str(status))
        self._check("http", found is not None and found[1] == "0")
        self._check_response(response)
        if self.ways.skips_body and (length := (response.values("Content-Length") or ["0"])[0]).isdigit():
            self._buffer = self._buffer[int(length) :]
        self._open(self._terms(response.values("Sec-WebSocket-Extensions")))

    def _check_response(self, response: Head) -> None:
        accepts = response.values("Sec-WebSocket-Accept")
        self._check("upgrade-missing", not response.values("Upgrade"))
        self._check("upgrade", not self.ways.is_websocket(response.listed("Upgrade")))
        self._check("connection", not self.ways.is_upgrade(response.listed("Connection")))
        self._check("accept-missing", not accepts)
        self._check("accept-twice", len(accepts) > 1)
        wanted = (self.ways.derives or derived)(self._key)
        self._check("accept", any(not self.ways.matches(accept, wanted) for accept in accepts))
        chosen = response.values("Sec-WebSocket-Protocol")
        self._check("subprotocol-twice", len(chosen) > 1)
        for name in chosen:
            self._check("subprotocol", name not in SUBPROTOCOLS, name)

    def _terms(self, answers: list[str]) -> Terms | None:
        listed = extensions(answers) if answers else []
        self._check("extensions", listed is None)
        offered = {name for name, _ in extensions([self._offered]) or []}
        deflate = [parameters for name, parameters in listed or [] if name == "permessage-deflate"]
        self._check("extension", any(name not in offered for name, _ in listed or []))
        self._check("deflate-twice", len(deflate) > 1)
        for parameters in deflate[:1]:
            self._check("answer", not is_valid(parameters, answer=True), repr(parameters))
            window = "client_max_window_bits" in self._offered
            self._check("answer-unoffered", not window and "client_max_window_bits" in dict(parameters))
            return terms_of(parameters) if "permessage-deflate" in offered else None
        return None

    def _refuse(self, check: str) -> None:
        for frame in self.ways.goes_on:
            self._send(frame)
        self._end()


def congruential(seed: int) -> Iterator[bytes]:
    """The numbers of the generator that many C libraries have."""
    while True:
        seed = (1103515245 * seed + 12345) % 2**32
        yield seed.to_bytes(4)


COUNT = itertools.count(1)
SHUT = (Frame(CLOSE, b"\x03\xea"),)

OWN = {
    # The request.
    "posts": Ways("asks by POST", ("request-method", "client-accepts-upgrade-case", "client-trims-accept"), ("21.1.right", "21.2.case.upgrade-lower", "21.1.blanks"), line=lambda line: line.replace("GET", "POST")),
    "gets-in-lower-case": Ways("asks by get", ("opening-http", "client-accepts-upgrade-case", "client-trims-accept"), ("21.1.right", "21.2.case.upgrade-lower", "21.1.blanks"), line=str.lower),
    "http-1.0": Ways("asks in HTTP/1.0", ("request-version", "client-accepts-upgrade-case", "client-trims-accept"), ("21.1.right", "21.2.case.upgrade-lower", "21.1.blanks"), line=lambda line: line.replace("1.1", "1.0")),
    "target-with-fragment": Ways("asks for /#top", ("request-target", "client-accepts-upgrade-case", "client-trims-accept"), ("21.1.right", "21.2.case.upgrade-lower", "21.1.blanks"), line=lambda line: line.replace(" HTTP", "#top HTTP")),
    "target-without-slash": Ways("asks for an empty target", ("request-target", "client-accepts-upgrade-case", "client-trims-accept"), ("21.1.right", "21.2.case.upgrade-lower", "21.1.blanks"), line=lambda line: line.replace("/ ", "? ", 1)),
    "no-host": Ways("sends no Host", ("request-host", "client-accepts-upgrade-case", "client-trims-accept"), ("21.1.right", "21.2.case.upgrade-lower", "21.1.blanks"), edits=bare("Host", None)),
    "two-hosts": Ways("sends two Hosts", ("request-host", "client-accepts-upgrade-case", "client-trims-accept"), ("21.1.right", "21.2.case.upgrade-lower", "21.1.blanks"), edits=also("Host", "other.example")),
    "no-upgrade": Ways("sends no Upgrade", ("request-upgrade", "client-accepts-upgrade-case", "client-trims-accept"), ("21.1.right", "21.2.case.upgrade-lower", "21.1.blanks"), edits=bare("Upgrade", None)),
    "other-upgrade": Ways("asks for an upgrade to h2c", ("request-upgrade", "client-accepts-upgrade-case", "client-trims-accept"), ("21.1.right", "21.2.case.upgrade-lower", "21.1.blanks"), edits=bare("Upgrade", "h2c")),
    "no-connection": Ways("sends no Connection", ("request-connection", "client-accepts-upgrade-case", "client-trims-accept"), ("21.1.right", "21.2.case.upgrade-lower", "21.1.blanks"), edits=bare("Connection", None)),
    "keep-alive": Ways("sends Connection: keep-alive", ("request-connection", "client-accepts-upgrade-case", "client-trims-accept"), ("21.1.right", "21.2.case.upgrade-lower", "21.1.blanks"), edits=bare("Connection", "keep-alive")),
    "no-key": Ways("sends no key", ("request-key", "client-accepts-upgrade-case"), ("21.1.right", "21.2.case.upgrade-lower"), edits=bare("Sec-WebSocket-Key", None)),
    "key-of-15-octets": Ways("sends a key of 15 octets", ("request-key", "client-accepts-upgrade-case", "client-trims-accept"), ("21.1.right", "21.2.case.upgrade-lower", "21.1.blanks"), edits=bare("Sec-WebSocket-Key", "AQIDBAUGBwgJCgsMDQ4P")),
    "key-of-17-octets": Ways("sends a key of 17 octets", ("request-key", "client-accepts-upgrade-case", "client-trims-accept"), ("21.1.right", "21.2.case.upgrade-lower", "21.1.blanks"), edits=bare("Sec-WebSocket-Key", "AQIDBAUGBwgJCgsMDQ4PEBE=")),
    "key-in-hex": Ways("sends a key in hex", ("request-key", "client-accepts-upgrade-case", "client-trims-accept"), ("21.1.right", "21.2.case.upgrade-lower", "21.1.blanks"), edits=bare("Sec-WebSocket-Key", "000102030405060708090a0b0c0d0e0f")),
    "same-key": Ways("sends the key of the RFC's example", ("client-checks-accept", "request-key-random"), ("21.1.other", "22.11.request.2"), edits=bare("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")),
    "counts-keys": Ways("counts the keys of its requests", ("request-key-random",), ("22.11.request.3",), edits=lambda headers: bare("Sec-WebSocket-Key", base64.b64encode(next(COUNT).to_bytes(16)).decode())(headers)),
    "two-keys": Ways("sends two keys", ("request-key", "client-accepts-upgrade-case", "client-trims-accept"), ("21.1.right", "21.2.case.upgrade-lower", "21.1.blanks"), edits=also("Sec-WebSocket-Key", "AQIDBAUGBwgJCgsMDQ4PEA==")),
    "no-version": Ways("sends no version", ("request-websocket-version", "client-accepts-upgrade-case", "client-trims-accept"), ("21.1.right", "21.2.case.upgrade-lower", "21.1.blanks"), edits=bare("Sec-WebSocket-Version", None)),
    "version-8": Ways("sends version 8", ("request-websocket-version", "client-accepts-upgrade-case", "client-trims-accept"), ("21.1.right", "21.2.case.upgrade-lower", "21.1.blanks"), edits=bare("Sec-WebSocket-Version", "8")),
    "two-versions": Ways("sends versions 13 and 8", ("request-websocket-version", "client-accepts-upgrade-case", "client-trims-accept"), ("21.1.right", "21.2.case.upgrade-lower", "21.1.blanks"), edits=also("Sec-WebSocket-Version", "8")),
    "list-of-versions": Ways("sends 13, 8 as its version", ("request-websocket-version", "client-accepts-upgrade-case", "client-trims-accept"), ("21.1.right", "21.2.case.upgrade-lower", "21.1.blanks"), edits=bare("Sec-WebSocket-Version", "13, 8")),
    "subprotocol-twice": Ways("offers a subprotocol twice", ("request-subprotocols-valid",), ("21.1.request.subprotocols",), edits=bare("Sec-WebSocket-Protocol", "chat, chat")),
    "subprotocol-of-two-words": Ways("offers a subprotocol with a blank in it", ("client-checks-subprotocol", "close-before-drop"), ("21.5.chosen",), edits=bare("Sec-WebSocket-Protocol", "chat room")),
    "subprotocol-empty": Ways("sends an empty list of subprotocols", ("request-subprotocols-valid",), ("21.1.request.subprotocols",), edits=bare("Sec-WebSocket-Protocol", "")),
    "extension-of-two-words": Ways("offers what is no list of extensions", ("extensions-grammar", "client-accepts-upgrade-case", "client-trims-accept"), ("21.1.right", "21.2.case.upgrade-lower", "21.1.blanks"), edits=bare("Sec-WebSocket-Extensions", "permessage deflate")),
    "extension-empty": Ways("sends an empty list of extensions", ("extensions-grammar", "client-accepts-upgrade-case", "client-trims-accept"), ("21.1.right", "21.2.case.upgrade-lower", "21.1.blanks"), edits=bare("Sec-WebSocket-Extensions", "")),
    "offers-16-bits": Ways("offers a window of 16 bits", ("request-deflate",), ("21.1.request.deflate",), edits=bare("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits=16")),
    "offers-twice-the-same": Ways("repeats a parameter in an offer", ("request-deflate",), ("21.1.request.deflate",), edits=bare("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits; client_max_window_bits")),
    "offers-unknown-parameter": Ways("offers a parameter that nobody knows", ("request-deflate",), ("21.1.request.deflate",), edits=bare("Sec-WebSocket-Extensions", "permessage-deflate; fast")),
    "origin-twice": Ways("sends two Origins", ("request-origin-single",), ("21.1.request.origin",), edits=lambda headers: [*headers, ("Origin", "http://a.example"), ("Origin", "http://b.example")]),
    "blank-before-colon": Ways("puts a blank before a colon", ("opening-http", "client-accepts-upgrade-case", "client-trims-accept"), ("21.1.right", "21.2.case.upgrade-lower", "21.1.blanks"), edits=also("X-Test ", "a")),
    "early-frame": Ways("sends a message before the response has come", ("frame-before-opening",), ("21.1.right",), behind=Frame(TEXT, b"Hello", key=b"\1\2\3\4").octets()),
    "early-octets": Ways("sends two octets behind its request", ("known-opcode", "frame-before-opening", "client-masks", "control-not-fragmented"), ("21.1.right",), behind=b"\r\n"),
    # The response.
    "takes-no-http": Ways("takes anything for a response", ("client-checks-rest-of-response", "client-fails-opening"), ("21.3.line.other",), passes=over("status-line")),
    "takes-any-status": Ways("takes any status for 101", ("client-fails-opening", "client-non-101-is-http", "client-3xx-may-redirect"), ("21.3.200", "21.3.302"), passes=over("status")),
    "takes-200": Ways("takes 200 for 101", ("client-non-101-is-http",), ("21.3.200",), passes=only("status", lambda f: f.payload == b"200")),
    "takes-2xx": Ways("takes 2xx for 101", ("client-non-101-is-http",), ("21.3.200",), passes=only("status", lambda f: f.payload[:1] == b"2")),
    "takes-3xx": Ways("takes 3xx for 101", ("client-fails-opening", "client-3xx-may-redirect"), ("21.3.302",), passes=only("status", lambda f: f.payload[:1] == b"3")),
    "takes-401": Ways("takes 401 for 101", ("client-fails-opening", "client-401-may-authenticate"), ("21.3.401",), passes=only("status", lambda f: f.payload == b"401")),
    "takes-5xx": Ways("takes 5xx for 101", ("client-non-101-is-http",), ("21.3.500",), passes=only("status", lambda f: f.payload[:1] == b"5")),
    "takes-http-1.0": Ways("takes a response of HTTP/1.0", passes=over("http")),
    "takes-no-upgrade": Ways("needs no Upgrade", ("client-checks-upgrade",), ("21.2.upgrade.none",), passes=over("upgrade-missing"), is_websocket=lambda listed: not listed or has("websocket")(listed)),
    "takes-other-upgrade": Ways("takes any Upgrade", ("client-checks-upgrade",), ("21.2.upgrade.shorter",), passes=over("upgrade")),
    "takes-upgrade-like": Ways("looks for websocket somewhere in Upgrade", ("client-checks-upgrade",), ("21.2.upgrade.longer",), is_websocket=lambda listed: any("websocket" in one.lower() for one in listed)),
    "takes-no-connection": Ways("doesn't look at Connection", ("client-checks-connection",), ("21.2.connection.none",), passes=over("connection")),
    "takes-no-accept": Ways("needs no accept", ("client-checks-accept",), ("21.1.none",), passes=over("accept-missing")),
    "takes-any-accept": Ways("doesn't look at the accept", ("client-checks-accept",), ("21.1.longer",), passes=over("accept")),
    "takes-accept-in-any-case": Ways("compares the accept without regard to case", ("client-checks-accept",), ("21.1.case",), matches=lambda accept, wanted: accept.lower() == wanted.lower()),
    "takes-accept-that-begins": Ways("compares the beginning of the accept", ("client-checks-accept",), ("21.1.longer",), matches=lambda accept, wanted: accept.startswith(wanted)),
    "takes-accept-cut": Ways("compares as much of the accept as there is", ("client-checks-accept",), ("21.1.empty",), matches=lambda accept, wanted: wanted.startswith(accept)),
    "takes-two-accepts": Ways("takes two accepts", ("client-checks-accept",), ("21.1.longer",), passes=over("accept-twice", "accept")),
    "takes-other-subprotocol": Ways("takes any subprotocol", ("client-checks-subprotocol",), ("21.5.unoffered",), passes=over("subprotocol")),
    "takes-subprotocol-in-any-case": Ways("compares subprotocols without regard to case", ("client-checks-subprotocol",), ("21.5.case",), passes=only("subprotocol", lambda f: f.payload.decode("latin-1").lower() in ("chat", "superchat"))),
    "takes-list-of-subprotocols": Ways("takes several subprotocols", ("client-checks-subprotocol",), ("21.5.list",), passes=only("subprotocol", lambda f: b"," in f.payload)),
    "takes-two-subprotocols": Ways("takes two subprotocols", ("client-checks-rest-of-response",), ("21.5.lines",), passes=over("subprotocol-twice")),
    "takes-empty-subprotocol": Ways("takes an empty subprotocol", passes=only("subprotocol", lambda f: not f.payload)),
    "takes-other-extension": Ways("takes an extension that it didn't offer", ("client-checks-extensions",), ("21.4.unoffered",), passes=over("extension")),
    "takes-garbled-extensions": Ways("takes what is no list of extensions for none", ("extensions-grammar",), ("21.4.grammar.nameless",), passes=over("extensions")),
    "takes-unoffered-deflate": Ways("takes permessage-deflate unoffered", ("client-checks-extensions", "pmd-client-fails-unoffered"), ("21.4.unoffered", "21.4.deflate-unoffered"), offers=False, passes=over("extension")),
    "takes-deflate-twice": Ways("takes permessage-deflate twice", ("pmd-client-fails-unoffered", "text-is-utf8", "rsv-zero"), ("26.3.named-twice.list",), passes=over("deflate-twice")),
    "takes-any-answer": Ways("takes any parameters of permessage-deflate", ("client-fails-opening", "text-is-utf8", "rsv-zero", "pmd-client-fails-bad-value", "pmd-client-fails-double-param"), ("26.3.unknown.bare", "26.3.bits.server.7", "26.3.twice.server-context"), passes=over("answer")),
    "takes-unknown-parameter": Ways("takes parameters that nobody knows", ("pmd-client-fails-unknown-param", "text-is-utf8", "rsv-zero"), ("26.3.unknown.bare",), passes=only("answer", lambda f: b"window_bits" not in f.payload and b"context" not in f.payload)),
    "takes-window-of-any-bits": Ways("takes windows of any size", ("client-fails-opening", "text-is-utf8", "pmd-client-fails-bad-value", "rsv-zero"), ("26.3.bits.server.7",), passes=only("answer", lambda f: b"window_bits" in f.payload)),
    "takes-flag-with-value": Ways("takes flags with a value", ("client-fails-opening", "text-is-utf8", "pmd-client-fails-bad-value", "rsv-zero"), ("26.3.context.server-1",), passes=only("answer", lambda f: b"takeover', '" in f.payload)),
    "takes-unoffered-window": Ways("takes client_max_window_bits unoffered", passes=over("answer-unoffered"), edits=bare("Sec-WebSocket-Extensions", "permessage-deflate")),
    "names-with-case": Ways("compares the names of headers with regard to case", ("header-names-any-case", "close-before-drop"), ("21.6.order.upper",), is_named=lambda own, name: own == name),
    "upgrade-with-case": Ways("compares Upgrade with regard to case", ("close-before-drop", "client-trims-accept", "client-accepts-upgrade-case"), ("21.1.right", "21.1.blanks", "21.2.case.connection-lower"), is_websocket=lambda listed: "websocket" in listed),
    "connection-with-case": Ways("compares Connection with regard to case", ("close-before-drop", "client-accepts-upgrade-case"), ("21.2.case.connection-lower",), is_upgrade=lambda listed: "Upgrade" in listed),
    "first-lines": Ways("reads the first of several lines of a header", ("client-checks-extensions", "client-checks-rest-of-response"), ("21.4.one-unoffered", "21.5.lines"), lines=lambda values: values[:1]),
    "trims-nothing": Ways("takes blanks around a value for a part of it", ("client-trims-accept", "close-before-drop"), ("21.1.blanks",), trims=lambda value: value.removeprefix(" ")),
    "needs-blank-behind-colon": Ways("reads no header without a blank behind its colon", ("header-names-any-case", "close-before-drop"), ("21.6.order.tight",), unfolds=lambda lines: [line for line in lines if ": " in line]),
    "needs-reason": Ways("fails without a reason phrase", ("client-non-101-is-http", "close-before-drop"), ("21.3.reason.empty",), likes=lambda line: len(line) > 13),
    "needs-usual-reason": Ways("wants the reason phrase of the RFC", ("client-non-101-is-http", "close-before-drop"), ("21.3.reason.other",), likes=lambda line: line.endswith("Switching Protocols")),
    "refuses-cookies": Ways("fails if the response has a header that it doesn't know", ("client-accepts-upgrade-case", "close-before-drop"), ("21.6.unknown.one",), hates=("Set-Cookie", "X-Test", "Date", "Server")),
    "no-interims": Ways("takes an interim response for the final one", interims=False),
    "skips-body": Ways("skips the body that a 101 says it has", ("client-101-has-no-body",), ("21.6.length.length",), skips_body=True),
    "closes-refused": Ways("sends a Close over a connection that wasn't opened", ("client-fails-opening", "client-checks-accept", "client-checks-upgrade"), ("21.1.none", "21.2.upgrade.none"), goes_on=SHUT),
    "hello-refused": Ways("sends a message over a connection that wasn't opened", ("client-checks-accept", "client-checks-upgrade"), ("21.1.none", "21.2.upgrade.none"), goes_on=(Frame(TEXT, b"Hello"),)),
    "keeps-refused": Ways("keeps TCP after an opening that it has to fail", ends=False),
    # Masks.
    "no-masks": Ways("doesn't mask", ("client-masks", "client-closes-on-masked", "rsv-zero", "text-is-utf8"), ("22.10.1", "22.10.11", "22.10.6"), masks=None),
    "masks-no-controls": Ways("doesn't mask control frames", ("client-masks", "client-closes-on-masked", "rsv-zero", "text-is-utf8"), ("22.10.1", "22.10.11", "22.10.6"), sends=on((CLOSE, PING, PONG), lambda f: replace(f, key=b""))),
    "masks-no-closes": Ways("doesn't mask Closes", ("client-masks", "client-closes-on-masked", "rsv-zero", "text-is-utf8"), ("22.10.1", "22.10.11", "22.10.6"), sends=on(CLOSE, lambda f: replace(f, key=b""))),
    "masks-no-empty": Ways("doesn't mask empty frames", ("client-masks",), ("22.6.text.small",), sends=on((TEXT, BINARY, CLOSE, PING, PONG), lambda f: replace(f, key=f.key if f.payload else b""))),
    "masks-first-fragment": Ways("doesn't mask continuations", ("client-masks",), ("22.6.text.small",), sends=lambda f: [replace(one, key=one.key if one.opcode else b"") for one in fragments(1)(f)]),
    "masks-with-zeros": Ways("masks with zeros", ("mask-fresh-per-frame",), ("22.11.frames.1",), masks=lambda: bytes(4)),
    "one-mask": Ways("masks with one key", ("mask-fresh-per-frame",), ("22.11.frames.1",), masks=lambda: b"\x37\xfa\x21\x3d"),
    "two-masks": Ways("masks with two keys by turns", ("mask-fresh-per-frame",), ("22.11.frames.1",), masks=partial(next, itertools.cycle((b"\x37\xfa\x21\x3d", b"\x3d\x21\xfa\x37")))),
    "counts-masks": Ways("counts its keys", ("mask-unpredictable",), ("22.11.sequence.1",), masks=partial(next, (number.to_bytes(4) for number in itertools.count(1)))),
    "counts-masks-backwards": Ways("counts its keys, the lowest octet first", ("mask-unpredictable",), ("22.11.sequence.1",), masks=partial(next, (number.to_bytes(4, "little") for number in itertools.count(250)))),
    "congruential-masks": Ways("gets its keys from a linear congruential generator", ("mask-unpredictable",), ("22.11.sequence.1",), masks=partial(next, congruential(1))),
    "masks-of-15-bits": Ways("chooses 15 bits of its keys", ("mask-unpredictable",), ("22.11.sequence.1",), masks=lambda: CHANCE.getrandbits(15).to_bytes(4)),
    "same-masks": Ways("masks with the same keys on each connection", ("mask-unpredictable",), ("22.11.sequence.2", "22.11.frames.3"), masks=partial(next, itertools.cycle(map(random.Random(1).randbytes, [4] * 12)))),
    "takes-masked": Ways("takes masked frames", ("client-closes-on-masked",), ("22.10.11",), passes=over("unmasked")),
    "takes-masked-controls": Ways("takes masked control frames", ("client-closes-on-masked",), ("22.2.8",), passes=only("unmasked", lambda f: f.opcode >= CLOSE)),
    "takes-masked-closes": Ways("takes masked Closes", passes=only("unmasked", lambda f: f.opcode == CLOSE)),
    "takes-masked-data": Ways("takes masked data frames", ("client-closes-on-masked",), ("22.10.11",), passes=only("unmasked", lambda f: f.opcode < CLOSE)),
    "takes-masks-unread": Ways("ignores the mask bit", ("client-closes-on-masked",), ("22.2.8",), passes=over("unmasked"), unmasks=lambda data, key, at: data),
    # The end.
    "hurries": Ways("ends TCP before the server does", hurries=True),
    # Compression.
    "declines-client-window": Ways("ignores client_max_window_bits", ("window-kept",), ("26.4.window.8",), keeps=lambda terms: replace(terms, client_window=15)),
}  # fmt: skip

FAULTS = BOTH | OWN

UNUSUAL = SHARED | {
    "offers-windows": Ways("offers several kinds of compression", edits=bare("Sec-WebSocket-Extensions", "permessage-deflate; server_no_context_takeover; server_max_window_bits=10; client_max_window_bits=10, permessage-deflate; client_max_window_bits")),
    "more-headers": Ways("sends many headers, in another order", edits=lambda headers: [headers[0], ("Origin", "http://localhost"), *reversed(headers[1:]), ("Cookie", "a=b; c=d"), ("X-Empty", "")]),
    "odd-case": Ways("writes names and tokens in another case", edits=lambda headers: [(name.lower(), value.upper() if name in ("Upgrade", "Connection") else value) for name, value in headers]),
    "tokens": Ways("sends Connection: keep-alive, Upgrade", edits=bare("Connection", "keep-alive, Upgrade")),
    "no-subprotocols": Ways("offers no subprotocol", edits=bare("Sec-WebSocket-Protocol", None)),
    "extra-extension": Ways("offers an extension that nobody knows, in a line of its own", edits=also("Sec-WebSocket-Extensions", "x-own; a=1")),
    "takes-http-1.0": Ways("takes a response of HTTP/1.0", passes=over("http")),
}  # fmt: skip
