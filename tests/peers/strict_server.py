"""An echo server that keeps every rule of RFC 6455 and RFC 7692, or breaks one, which is chosen by name.

    python -m tests.peers.strict_server --fault masks-frames [--port 0]

prints 'listening on PORT' when it is ready; --list prints what FAULTS says of each. It shares no code with
replay, to test it by.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import replace

from tests.peers.inflating import Parameter, Terms, extensions, is_valid, met, terms_of
from tests.peers.strict import CLOSE, PING, PONG, Breach, Endpoint, Head, Headers, Ways, also, bare, masked
from tests.peers.strict_faults import FAULTS as BOTH
from tests.peers.strict_faults import UNUSUAL as SHARED
from tests.peers.strict_faults import on, only, over, refusing

Parameters = list[Parameter]

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._~%!$&'()*+,;=]*)(:\d*)?")
LINE = re.compile(rf"({TOKEN.pattern}) ([!-~]+) HTTP/(\d)\.(\d)")

STATUSES = {
    "method": 405,
    "method-size": 501,
    "http": 505,
    "upgrade": 426,
    "websocket-version": 426,
    "target-size": 414,
    "head-size": 431,
}
"""Of the answers to a request that breaks a rule; the others are 400."""
REASONS = {
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    414: "URI Too Long",
    426: "Upgrade Required",
    431: "Request Header Fields Too Large",
    501: "Not Implemented",
    505: "HTTP Version Not Supported",
}


def derived(key: str) -> str:
    """The Sec-WebSocket-Accept of a key."""
    return base64.b64encode(hashlib.sha1((key + GUID).encode("latin-1")).digest()).decode()


class Server(Endpoint):
    server = True

    def _read_head(self) -> None:
        request = self._take_head()
        if request is None:
            return
        self._check_line(request.first)
        self._check_request(request)
        offers = request.values("Sec-WebSocket-Extensions")
        listed = extensions(offers) if offers else []
        self._check("extensions", listed is None)
        terms = None if self.ways.declines else self._terms(listed or [])
        if "100-continue" in request.listed("Expect") and self.ways.continues:
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._accept(request, terms)

    def _check_line(self, first: str) -> None:
        found = LINE.fullmatch(first)
        self._check("request-line", found is None)
        if found is None:
            return
        method, target, *version = found.groups()
        self._check("method-size", len(method) > 64)
        self._check("method", method != "GET", method)
        self._check("http", version < ["1", "1"])
        sound = re.match(r"/|(https?|wss?)://", target, re.IGNORECASE) and "#" not in target
        self._check("target", not sound, target)

    def _check_request(self, request: Head) -> None:
        hosts, keys = request.values("Host"), request.values("Sec-WebSocket-Key")
        versions = request.values("Sec-WebSocket-Version")
        self._check("host-missing", not hosts)
        self._check("host-twice", len(hosts) > 1)
        self._check("host", any(not HOST.fullmatch(host) for host in hosts))
        lengths, coded = request.listed("Content-Length"), request.values("Transfer-Encoding")
        self._check("body", bool(coded) or any(length != "0" for length in lengths))
        self._check("upgrade", not self.ways.is_websocket(request.listed("Upgrade")))
        self._check("connection", not self.ways.is_upgrade(request.listed("Connection")))
        self._check("version-missing", not versions)
        self._check("version-twice", len(versions) > 1)
        self._check("websocket-version", versions[:1] not in ([], ["13"]), "".join(versions[:1]))
        self._check("key-missing", not keys)
        self._check("key-twice", len(keys) > 1)
        for key in keys:
            self._check("key", not is_key(key), key)
        offered = request.values("Sec-WebSocket-Protocol")
        names = request.listed("Sec-WebSocket-Protocol")
        sound = all(TOKEN.fullmatch(name) for name in names) and len(set(names)) == len(names)
        self._check("subprotocols", not sound or (bool(offered) and not names))

    def _terms(self, listed: list[tuple[str, Parameters]]) -> Terms | None:
        """Those of the first offer that can be met."""
        for name, parameters in listed if self.ways.all_offers else listed[:1]:
            if name != "permessage-deflate":
                continue
            if self._check_offer(parameters) and (terms := self.ways.agrees(parameters)) is not None:
                return terms
        return None

    def _check_offer(self, parameters: Parameters) -> bool:
        try:
            self._check("offer", not is_valid(parameters, answer=False), repr(parameters))
        except Breach:
            return False
        return True

    def _accept(self, request: Head, terms: Terms | None) -> None:
        key = (request.values("Sec-WebSocket-Key") or [""])[0]
        headers: Headers = [
            ("Server", "strict"),
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Accept", (self.ways.derives or derived)(key)),
        ]
        for name in self.ways.chooses(request.listed("Sec-WebSocket-Protocol")):
            headers.append(("Sec-WebSocket-Protocol", name))
        if terms is not None:
            words = (
                name if value is None else f"{name}={value}"
                for name, value in self.ways.answers(list(terms.parameters()))
            )
            headers.append(("Sec-WebSocket-Extensions", "; ".join(["permessage-deflate", *words])))
        first = self.ways.line("HTTP/1.1 101 Switching Protocols")
        self.write(self.ways.interim + encoded(first, self.ways.edits(headers)) + self.ways.behind)
        self._open(terms)

    def _refuse(self, check: str) -> None:
        status = self.ways.refuses.get(check, self.ways.refuses.get("", STATUSES.get(check, 400)))
        if status is not None:
            headers: Headers = [("Server", "strict"), ("Content-Length", "0"), ("Connection", "close")]
            if status == 426:
                headers[-1] = ("Connection", "Upgrade, close")
                headers += [("Upgrade", "websocket")]
            if check in ("websocket-version", "version-missing", "version-twice"):
                headers += [("Sec-WebSocket-Version", "13")]
            if status == 405:
                headers += [("Allow", "GET")]
            first = f"HTTP/1.1 {status} {REASONS.get(status, '')}"
            self.write(encoded(first, self.ways.refused(headers)))
        self._end()


def encoded(first: str, headers: Headers) -> bytes:
    lines = (f"{name}: {value}" for name, value in headers)
    return "\r\n".join([first, *lines, "", ""]).encode("latin-1")


def is_key(text: str) -> bool:
    """Whether it is 16 octets in base64."""
    try:
        return len(base64.b64decode(text, validate=True)) == 16
    except (binascii.Error, ValueError):
        return False


def reencoded(key: str) -> str:
    return derived(base64.b64encode(base64.b64decode(key + "==")).decode())


def changed(terms: Parameters, name: str, value: str | None) -> Parameters:
    return [*(one for one in terms if one[0] != name), (name, value)]


UNUSUAL = SHARED | {
    "refuses-with-426": Ways("refuses each request with 426", refuses=dict.fromkeys(STATUSES, 426) | {"": 426}),
    "refuses-with-403": Ways("refuses each request with 403", refuses=dict.fromkeys(STATUSES, 403) | {"": 403}),
    "refuses-in-silence": Ways("refuses each request by the end of TCP", refuses=dict.fromkeys(STATUSES, None) | {"": None}),
    "more-headers": Ways("sends many headers", edits=lambda headers: [("Date", "Tue, 15 Nov 1994 08:12:31 GMT"), *reversed(headers), ("Set-Cookie", "a=b"), ("Set-Cookie", "c=d"), ("X-Empty", "")]),
    "odd-case": Ways("writes names and tokens in another case", edits=lambda headers: [(name.swapcase(), value.upper() if name in ("Upgrade", "Connection") else value) for name, value in headers]),
    "tokens": Ways("sends Connection: keep-alive, Upgrade", edits=bare("Connection", "keep-alive, Upgrade")),
    "other-reason": Ways("has another reason phrase", line=lambda line: "HTTP/1.1 101 Web Socket Protocol Handshake"),
    "no-reason": Ways("leaves the reason phrase out", line=lambda line: line.removesuffix("Switching Protocols")),
    "first-offer": Ways("reads the first offer of compression alone", all_offers=False),
    "no-subprotocol": Ways("chooses no subprotocol", chooses=lambda offered: []),
    "frugal": Ways("asks for the smallest windows and no contexts", agrees=lambda parameters: replace(terms_of(parameters), server_fresh=True, client_fresh=True, server_window=min(9, terms_of(parameters).server_window), client_window=9 if "client_max_window_bits" in dict(parameters) else 15)),
    "takes-octets": Ways("takes octets that had better be refused in a header", passes=over("field-value", "host")),
    "sends-100": Ways("sends an interim response first", interim=b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
}  # fmt: skip


def key_before_version(lines: list[str]) -> list[str]:
    """The lines of a head, without a key that comes behind the version."""
    names = [line.partition(":")[0].lower() for line in lines]
    late = "sec-websocket-version" in names and names.index("sec-websocket-version")
    return [
        line
        for at, (name, line) in enumerate(zip(names, lines, strict=True))
        if name != "sec-websocket-key" or late is False or at < late
    ]


OWN = {
    # The request.
    "takes-any-method": Ways("takes any method", ("server-refuses-bad-request", "server-refuses-not-get"), ("20.1.method.POST",), passes=over("method")),
    "takes-method-in-any-case": Ways("takes get", ("server-refuses-not-get",), ("20.1.method.get",), passes=only("method", lambda f: f.payload.upper() == b"GET")),
    "takes-posts": Ways("takes POST", ("server-refuses-bad-request", "server-refuses-not-get"), ("20.1.method.POST",), passes=only("method", lambda f: f.payload == b"POST")),
    "takes-http-1.0": Ways("takes HTTP/1.0", ("server-refuses-bad-request", "server-http10-upgrade-ignored", "server-refuses-http-1-0", "server-no-1xx-to-http10"), ("20.1.version.1.0", "20.1.version.0.9", "20.1.version.interim"), passes=over("http")),
    "takes-any-target": Ways("takes any target", passes=over("target")),
    "takes-no-host": Ways("needs no Host", ("server-refuses-bad-request", "server-refuses-no-host"), ("20.2.host.none",), passes=over("host-missing")),
    "takes-two-hosts": Ways("takes two Hosts", ("server-refuses-bad-request", "server-refuses-two-hosts"), ("20.2.host.two",), passes=over("host-twice")),
    "takes-any-upgrade": Ways("doesn't look at Upgrade", ("server-refuses-bad-request", "server-refuses-no-upgrade", "server-switches-only-as-asked"), ("20.2.upgrade.none", "20.2.upgrade.other"), passes=over("upgrade")),
    "takes-upgrade-like": Ways("looks for websocket somewhere in Upgrade", ("server-refuses-bad-request", "server-refuses-no-upgrade"), ("20.2.upgrade.longer",), is_websocket=lambda listed: any("websocket" in one.lower() for one in listed)),
    "takes-upgrade-present": Ways("looks whether there is an Upgrade", ("server-refuses-bad-request", "server-refuses-no-upgrade", "server-switches-only-as-asked"), ("20.2.upgrade.shorter", "20.2.upgrade.other"), is_websocket=bool),
    "takes-any-connection": Ways("doesn't look at Connection", ("server-refuses-bad-request", "server-refuses-no-connection"), ("20.2.connection.none",), passes=over("connection")),
    "takes-connection-like": Ways("looks for upgrade somewhere in Connection", ("server-refuses-bad-request", "server-refuses-no-connection"), ("20.2.connection.blank",), is_upgrade=lambda listed: any("upgrade" in one.lower() for one in listed)),
    "takes-no-key": Ways("needs no key", ("server-refuses-bad-request", "server-refuses-no-key"), ("20.3.none",), passes=over("key-missing")),
    "takes-any-key": Ways("takes any key", ("server-refuses-bad-request", "server-refuses-no-key"), ("20.3.empty",), passes=over("key")),
    "takes-empty-key": Ways("takes an empty key", ("server-refuses-bad-request", "server-refuses-no-key"), ("20.3.empty",), passes=only("key", lambda f: not f.payload)),
    "takes-short-key": Ways("takes keys of fewer octets", passes=only("key", lambda f: 0 < len(f.payload) < 24)),
    "takes-two-keys": Ways("takes two keys", ("server-refuses-bad-request", "server-refuses-two-keys"), ("20.3.two",), passes=over("key-twice")),
    "takes-no-version": Ways("needs no version", ("server-refuses-bad-request", "server-refuses-no-version"), ("20.4.none",), passes=over("version-missing")),
    "takes-any-version": Ways("takes any version", ("server-refuses-bad-request", "server-version-mismatch", "server-version-lists-all"), ("20.4.unknown.0", "20.4.unknown.12"), passes=over("websocket-version")),
    "takes-higher-versions": Ways("takes versions above 13", ("server-refuses-bad-request", "server-version-mismatch", "server-426-upgrade"), ("20.4.unknown.25", "20.4.upgrade"), passes=only("websocket-version", lambda f: f.payload.isdigit() and int(f.payload) > 13)),
    "takes-version-013": Ways("reads the version as a number", ("server-refuses-bad-request",), ("20.4.malformed.leading-zero",), passes=only("websocket-version", lambda f: f.payload.isdigit() and int(f.payload) == 13)),
    "takes-versions-like-13": Ways("looks for 13 somewhere in the version", ("server-refuses-bad-request",), ("20.4.malformed.leading-zero",), passes=only("websocket-version", lambda f: b"13" in f.payload)),
    "takes-two-versions": Ways("takes two versions", ("server-refuses-bad-request", "server-refuses-two-versions"), ("20.4.two",), passes=over("version-twice")),
    "takes-garbled-extensions": Ways("takes what is no list of extensions for none", ("extensions-grammar",), ("20.5.bad-extension.nameless",), passes=over("extensions")),
    "takes-blank-before-colon": Ways("takes a blank before a colon", ("server-space-before-colon",), ("20.6.blank.upgrade",), passes=over("space-colon", "field-name")),
    "takes-folded-header": Ways("takes a folded line for a header", ("server-refuses-bad-request", "server-obs-fold", "response-accept"), ("20.6.folded.smuggled",), unfolds=lambda lines: [line.lstrip() for line in lines]),
    "takes-no-colon": Ways("takes lines without a colon", passes=over("field-name")),
    "takes-body-for-frames": Ways("takes a body for frames", passes=over("body")),
    "refuses-absolute-target": Ways("refuses the absolute form of a target", ("server-absolute-target",), ("20.1.target.absolute",), likes=lambda line: line.split(" ")[1:2][0].startswith("/")),
    "refuses-cookies": Ways("refuses a request with a header that it doesn't know", ("server-ignores-unknown-headers", "request-other-headers"), ("20.7.unknown.one", "20.7.unknown.cookie"), hates=("Cookie", "X-Test", "X-0")),
    "refuses-extensions": Ways("refuses a request with an extension", ("server-declines-unknown-extension", "extension-quoted-value"), ("20.5.extension.unknown", "20.5.extension.quoted"), hates=("Sec-WebSocket-Extensions",)),
    "refuses-subprotocols": Ways("refuses a request with a subprotocol", hates=("Sec-WebSocket-Protocol",)),
    "names-with-case": Ways("compares the names of headers with regard to case", ("header-names-any-case",), ("20.7.order.lower",), is_named=lambda own, name: own == name),
    "upgrade-with-case": Ways("compares Upgrade with regard to case", ("server-upgrade-any-case", "server-connection-list"), ("20.2.case.upgrade-upper", "20.2.case.connection-lower"), is_websocket=lambda listed: "websocket" in listed),
    "connection-with-case": Ways("compares Connection with regard to case", ("server-connection-list",), ("20.2.case.connection-lower",), is_upgrade=lambda listed: "Upgrade" in listed),
    "connection-alone": Ways("wants Upgrade to be all of Connection", ("server-connection-list",), ("20.2.list.last",), is_upgrade=lambda listed: [one.lower() for one in listed] == ["upgrade"]),
    "first-lines": Ways("reads the first of several lines of a header", ("server-refuses-bad-request", "server-refuses-two-hosts", "server-connection-list", "server-refuses-two-keys"), ("20.2.host.two", "20.2.list.lines", "20.3.two"), lines=lambda values: values[:1]),
    "last-lines": Ways("reads the last of several lines of a header", ("server-refuses-bad-request", "server-refuses-two-hosts", "response-accept", "server-refuses-two-keys"), ("20.2.host.two", "20.3.two"), lines=lambda values: values[-1:]),
    "needs-blank-behind-colon": Ways("reads no header without a blank behind its colon", ("field-values-trimmed",), ("20.7.order.tight",), unfolds=lambda lines: [line for line in lines if ": " in line]),
    "key-before-version": Ways("reads no key behind the version", ("server-any-header-order",), ("20.7.order.reversed",), unfolds=key_before_version),
    "values-end-at-nul": Ways("reads a value up to an octet 00", ("server-bare-cr-nul",), ("20.6.cut.version",), passes=over("field-value"), trims=lambda value: value.strip(" \t").split("\0")[0]),
    "lines-end-at-cr": Ways("takes a CR alone for the end of a line", ("server-bare-cr-nul",), ("20.6.cut.key", "20.6.cut.cr"), unfolds=lambda lines: [part for line in lines for part in line.split("\r")]),
    "trims-nothing": Ways("takes blanks around a value for a part of it", ("field-values-trimmed", "server-accept-of-odd-key"), ("20.7.order.tabs", "20.4.blanks", "20.3.blanks"), trims=lambda value: value.removeprefix(" ")),
    "refuses-empty-line": Ways("refuses an empty line before a request", ("server-request-in-pieces",), ("20.8.chop.7",), reads=lambda kept, new: kept + (b"?" + new if new[:2] == b"\r\n" else new)),
    "second-request": Ways("answers a second request behind the first one", reopens=True),
    "no-continue": Ways("sends no 100 to those who expect it", continues=False),
    # The answer.
    "accept-of-bytes": Ways("encodes the key anew before it derives the accept", ("response-accept",), ("20.3.spare-bits",), derives=reencoded),
    "accept-of-nothing": Ways("derives the accept of the GUID alone", ("response-accept",), ("20.1.target.absolute",), derives=lambda key: derived("")),
    "accept-in-hex": Ways("sends the accept in hex", ("response-accept",), ("20.1.target.absolute",), derives=lambda key: hashlib.sha1((key + GUID).encode()).hexdigest()),
    "accept-for-urls": Ways("encodes the accept for URLs", ("response-accept",), ("20.1.target.absolute",), derives=lambda key: derived(key).replace("+", "-").replace("/", "_")),
    "accept-unpadded": Ways("leaves the padding of the accept out", ("response-accept",), ("20.1.target.absolute",), derives=lambda key: derived(key).rstrip("=")),
    "accept-missing": Ways("sends no accept", ("response-accept",), ("20.1.target.absolute",), edits=bare("Sec-WebSocket-Accept", None)),
    "accept-twice": Ways("sends two accepts", ("response-accept",), ("20.1.target.absolute",), edits=lambda headers: [*headers, *(one for one in headers if one[0] == "Sec-WebSocket-Accept")]),
    "status-200": Ways("answers 200", ("server-upgrade-any-case", "server-connection-list"), ("20.2.case.upgrade-upper", "20.2.case.connection-lower"), line=lambda line: "HTTP/1.1 200 OK"),
    "http-1.0": Ways("answers in HTTP/1.0", line=lambda line: line.replace("1.1", "1.0")),
    "http-2": Ways("answers in HTTP/2", ("opening-http",), ("20.1.target.absolute",), line=lambda line: line.replace("1.1", "2")),
    "not-http": Ways("answers no HTTP", ("opening-http",), ("20.1.target.absolute",), line=lambda line: "hello"),
    "no-upgrade": Ways("sends no Upgrade", ("response-upgrade",), ("20.1.target.absolute",), edits=bare("Upgrade", None)),
    "other-upgrade": Ways("sends Upgrade: h2c", ("response-upgrade",), ("20.1.target.absolute",), edits=bare("Upgrade", "h2c")),
    "no-connection": Ways("sends no Connection", ("response-connection",), ("20.1.target.absolute",), edits=bare("Connection", None)),
    "close-connection": Ways("sends Connection: close", ("response-connection",), ("20.1.target.absolute",), edits=bare("Connection", "close")),
    "length-in-101": Ways("sends Content-Length: 0", ("server-no-length-in-101",), ("20.7.response.length",), edits=also("Content-Length", "0")),
    "chunked-101": Ways("sends Transfer-Encoding: chunked", ("server-no-body-in-101",), ("20.7.response.chunked",), edits=also("Transfer-Encoding", "chunked")),
    "body-in-101": Ways("sends a body behind its 101", ("known-opcode", "close-answered", "rsv-zero"), ("20.1.target.absolute",), behind=b"welcome\r\n"),
    "blank-before-colon": Ways("puts a blank before a colon", ("opening-http",), ("20.1.target.absolute",), edits=also("X-Test ", "a")),
    "unasked-extension": Ways("names an extension that wasn't offered", ("response-extensions",), ("20.1.target.absolute",), edits=also("Sec-WebSocket-Extensions", "x-own")),
    "unasked-deflate": Ways("agrees on permessage-deflate, whether it was offered or not", ("response-extensions",), ("20.1.target.absolute",), declines=True, edits=also("Sec-WebSocket-Extensions", "permessage-deflate")),
    "deflate-twice": Ways("agrees on permessage-deflate twice", ("response-deflate",), ("20.5.extension.mixed",), edits=lambda headers: [*headers, *(one for one in headers if one[0] == "Sec-WebSocket-Extensions")]),
    "extension-of-two-words": Ways("answers what is no list of extensions", ("extensions-grammar",), ("20.1.target.absolute",), declines=True, edits=also("Sec-WebSocket-Extensions", "permessage deflate")),
    "unasked-subprotocol": Ways("chooses a subprotocol that wasn't offered", ("response-subprotocol",), ("20.1.target.absolute",), chooses=lambda offered: ["own"]),
    "subprotocol-in-lower-case": Ways("chooses a subprotocol in lower case", ("response-subprotocol",), ("20.5.subprotocol.upper",), chooses=lambda offered: [one.lower() for one in offered[:1]]),
    "subprotocol-in-upper-case": Ways("chooses a subprotocol in upper case", ("response-subprotocol",), ("20.5.subprotocol.one",), chooses=lambda offered: [one.upper() for one in offered[:1]]),
    "all-subprotocols": Ways("chooses all subprotocols", ("response-subprotocol",), ("20.5.subprotocol.lower",), chooses=lambda offered: [", ".join(offered)] if offered else []),
    "subprotocols-in-lines": Ways("chooses all subprotocols, each in a line", ("response-subprotocol",), ("20.5.subprotocol.lower",), chooses=lambda offered: offered),
    "subprotocol-empty": Ways("sends an empty subprotocol", ("response-subprotocol",), ("20.1.target.absolute",), chooses=lambda offered: [""]),
    "subprotocol-empty-if-asked": Ways("sends an empty subprotocol if it likes none", ("response-subprotocol",), ("20.5.subprotocol.one",), chooses=lambda offered: [""] if offered else []),
    "says-no-versions": Ways("refuses a version without a word of its own", ("server-version-mismatch", "server-version-lists-all", "grammar-version-server"), ("20.4.unknown.0", "20.4.unknown.12", "20.4.unknown.200"), refused=bare("Sec-WebSocket-Version", None)),
    "says-426-alone": Ways("sends 426 without Upgrade", refused=bare("Upgrade", None)),
    "refuses-with-200": Ways("refuses with 200", ("server-version-mismatch", "server-version-lists-all"), ("20.4.unknown.0", "20.4.unknown.12"), refuses={"": 200} | dict.fromkeys(STATUSES, 200)),
    "refuses-two-hosts-with-403": Ways("refuses two Hosts with 403", refuses={"host-twice": 403, "host-missing": 403, "space-colon": 403}),
    "hangs": Ways("reads no head to its end that breaks a rule", ("server-refuses-not-get", "server-http10-upgrade-ignored", "server-refuses-http-1-0"), ("20.1.method.POST", "20.1.version.1.0", "20.1.version.0.9"), refuses={"": None} | dict.fromkeys(STATUSES, None), ends=False),
    # Agreeing on compression.
    "takes-any-offer": Ways("takes any offer of permessage-deflate", ("response-deflate-fits", "pmd-decline-unknown-param", "pmd-decline-double-param"), ("26.1.unknown.bare", "26.1.twice.server-context"), passes=over("offer")),
    "takes-unknown-parameter": Ways("takes an offer with an unknown parameter", ("response-deflate-fits", "pmd-next-after-bad", "pmd-decline-unknown-param"), ("26.1.unknown.bare", "26.1.all.two"), passes=only("offer", lambda f: b"window_bits" not in f.payload and b"context" not in f.payload)),
    "takes-window-of-any-bits": Ways("takes windows of any size", ("response-deflate-fits", "pmd-decline-unknown-param", "pmd-decline-double-param", "response-deflate"), ("26.1.unknown.first", "26.1.twice.client-bits", "26.1.bits.server.0"), passes=only("offer", lambda f: b"window_bits" in f.payload)),
    "takes-flag-with-value": Ways("takes flags with a value", ("response-deflate-fits", "pmd-decline-bad-value", "pmd-next-after-bad"), ("26.1.context.server-1", "26.1.all.three"), passes=only("offer", lambda f: b"takeover', '" in f.payload)),
    "unasked-client-window": Ways("answers client_max_window_bits unasked", ("response-deflate-fits",), ("26.2.plain",), answers=lambda terms: changed(terms, "client_max_window_bits", "12")),
    "ignores-server-window": Ways("doesn't grant server_max_window_bits", ("response-deflate-fits",), ("26.2.server-10",), agrees=lambda parameters: replace(terms_of(parameters), server_window=15, client_window=15, named=())),
    "larger-server-window": Ways("grants a larger server_max_window_bits", ("response-deflate-fits",), ("26.2.server-10",), agrees=lambda parameters: replace(met(parameters), server_window=min(15, met(parameters).server_window + 1))),
    "ignores-server-context": Ways("doesn't grant server_no_context_takeover", ("response-deflate-fits",), ("26.2.blanks.none",), agrees=lambda parameters: replace(met(parameters), server_fresh=False)),
    "answers-16-bits": Ways("answers a window of 16 bits", ("response-deflate",), ("20.5.extension.mixed",), answers=lambda terms: changed(terms, "server_max_window_bits", "16")),
    "answers-08-bits": Ways("answers a window with a leading zero", ("response-deflate",), ("20.5.extension.mixed",), answers=lambda terms: changed(terms, "server_max_window_bits", "09")),
    "answers-bare-window": Ways("answers server_max_window_bits without a value", ("response-deflate",), ("20.5.extension.mixed",), answers=lambda terms: changed(terms, "server_max_window_bits", None)),
    "answers-flag-with-value": Ways("answers a flag with a value", ("response-deflate",), ("20.5.extension.mixed",), answers=lambda terms: changed(terms, "server_no_context_takeover", "true")),
    "answers-unknown-parameter": Ways("answers an unknown parameter", ("response-deflate",), ("20.5.extension.mixed",), answers=lambda terms: [*terms, ("fast", None)]),
    "answers-twice": Ways("answers a parameter twice", ("response-deflate",), ("20.5.extension.mixed",), answers=lambda terms: [*terms, ("client_no_context_takeover", None), ("client_no_context_takeover", None)]),
    "copies-offer": Ways("answers the offer as it stands", answers=lambda terms: terms, agrees=terms_of),
    "small-window": Ways("answers server_max_window_bits=9 and compresses with 15", ("window-kept",), ("26.2.plain",), agrees=lambda parameters: replace(met(parameters), server_window=9), keeps=lambda terms: replace(terms, server_window=15)),
    "fresh-only-in-word": Ways("answers server_no_context_takeover and keeps its context", ("context-not-kept",), ("26.2.plain",), agrees=lambda parameters: replace(met(parameters), server_fresh=True), keeps=lambda terms: replace(terms, server_fresh=False)),
    "window-of-9-for-8": Ways("grants a window of 8 bits and uses 9", keeps=lambda terms: replace(terms, server_window=max(9, terms.server_window))),
    # The end.
    "pongs-on": Ways("sends a Close at a breach, and goes on answering Pings", ("failed-reads-nothing",), ("22.10.1",), carries_on=True, echoes=lambda opcode, data: ()),
    # Masks.
    "masks": Ways("masks its frames", ("server-does-not-mask", "server-closes-on-unmasked", "rsv-zero", "text-is-utf8"), ("22.1.1", "22.10.1", "22.10.6"), sends=lambda f: (replace(f, key=b"\1\2\3\4"),)),
    "masks-with-zeros": Ways("masks its frames with zeros", ("server-does-not-mask", "server-closes-on-unmasked", "rsv-zero", "text-is-utf8"), ("22.1.1", "22.10.1", "22.10.6"), sends=lambda f: (replace(f, key=bytes(4)),)),
    "masks-pongs": Ways("masks its Pongs", ("server-does-not-mask",), ("22.8.pings",), sends=on(PONG, lambda f: replace(f, key=b"\1\2\3\4"))),
    "masks-closes": Ways("masks its Closes", ("server-does-not-mask", "server-closes-on-unmasked", "rsv-zero", "text-is-utf8"), ("22.1.1", "22.10.1", "22.10.6"), sends=on(CLOSE, lambda f: replace(f, key=b"\1\2\3\4"))),
    "takes-unmasked": Ways("takes frames that aren't masked", ("server-closes-on-unmasked",), ("22.1.1",), passes=over("masked")),
    "takes-unmasked-data": Ways("takes data frames that aren't masked", ("server-closes-on-unmasked",), ("22.1.1",), passes=only("masked", lambda f: f.opcode < CLOSE)),
    "takes-unmasked-controls": Ways("takes control frames that aren't masked", ("server-closes-on-unmasked",), ("22.1.5",), passes=only("masked", lambda f: f.opcode >= CLOSE)),
    "takes-unmasked-pings": Ways("takes Pings that aren't masked", ("server-closes-on-unmasked",), ("22.1.5",), passes=only("masked", lambda f: f.opcode == PING)),
    "takes-unmasked-pongs": Ways("takes Pongs that aren't masked", ("server-closes-on-unmasked",), ("22.1.7",), passes=only("masked", lambda f: f.opcode == PONG)),
    "takes-unmasked-closes": Ways("takes Closes that aren't masked", passes=only("masked", lambda f: f.opcode == CLOSE)),
    "takes-unmasked-continuations": Ways("takes continuations that aren't masked", ("server-closes-on-unmasked",), ("22.1.15",), passes=only("masked", lambda f: f.opcode == 0)),
    "takes-unmasked-empty": Ways("takes empty frames that aren't masked", ("server-closes-on-unmasked",), ("22.1.3",), passes=only("masked", lambda f: f.length == 0)),
    "refuses-zero-masks": Ways("takes a key of zeros for none", ("mask-any-key", "mask-removed"), ("22.3.1", "22.3.7"), takes=refusing(lambda f: not any(f.key))),
    "ignores-masks": Ways("doesn't take masks off control frames", ("pong-echoes-ping",), ("22.8.pings",), takes=lambda f: replace(f, payload=masked(f.payload, f.key)) if f.opcode > CLOSE else f),
    "length-with-key": Ways("takes lengths of 64 bits to include the key", ("mask-length-excluded",), ("22.3.65537",), lengths=lambda length: length - 4 if length > 65535 else length),
    "masks-backwards": Ways("reads a key backwards", ("mask-removed", "text-is-utf8", "mask-any-key"), ("22.3.6", "22.10.6", "22.3.5"), unmasks=lambda data, key, at: masked(data, key[::-1], at)),
    "unmasks-first-octets": Ways("takes the mask off the first 125 octets", ("mask-any-key",), ("22.3.5",), unmasks=lambda data, key, at: masked(data[: max(0, 125 - at)], key, at) + data[max(0, 125 - at) :]),
}  # fmt: skip

FAULTS = BOTH | OWN
