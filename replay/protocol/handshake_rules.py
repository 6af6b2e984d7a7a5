"""RFC 6455's rules for the opening handshake (§4), for heads that are well-formed HTTP: a breach makes the
other side refuse it, and a remark is a breach that it tolerates."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from replay.protocol.negotiation import answer_breaches, misfits, offer_breaches, told
from replay.protocol.rules import Breach
from replay.wire.extensions import Extension, ExtensionsError, head_extensions
from replay.wire.handshake import Request, Response, accept

_LINE_END = re.compile(rb"(?<!\r)\n|\r(?!\n)|\n(?=[ \t])")


def _line_breaches(head: Request | Response) -> Iterator[Breach]:
    """What h11 tolerates: lines that don't end in CR LF, and folded lines (RFC 9112 §2.2, §5.2)."""
    if found := _LINE_END.search(head.octets):
        folded = found[0] == b"\n" and head.octets[found.start() - 1 : found.start()] == b"\r"
        detail = "a header line is folded" if folded else "a line does not end in CR LF"
        yield Breach("opening-http", detail, found.start())


def request_breaches(request: Request) -> Iterator[Breach]:
    """What is wrong with a client's request (§4.1), by the server's checks of §4.2.1."""
    yield from _line_breaches(request)
    if request.method != "GET":
        yield Breach("request-method", f"the method is {request.method[:80]!r}", 0)
    if _version(request.version) < (1, 1):
        yield Breach("request-version", f"the version is HTTP/{request.version}", 0)
    if "#" in request.target or not request.target.startswith(
        ("/", "http://", "https://", "ws://", "wss://")
    ):
        yield Breach("request-target", f"the target is {request.target[:80]!r}", 0)
    if (count := len(request.values("Host"))) != 1:
        detail = f"there are {count} Host headers" if count else "there is no Host header"
        yield Breach("request-host", detail, request.offset("Host"))
    if "websocket" not in request.tokens("Upgrade"):
        yield _wrong("request-upgrade", request, "Upgrade")
    if "upgrade" not in request.tokens("Connection"):
        yield _wrong("request-connection", request, "Connection")
    keys = request.values("Sec-WebSocket-Key")
    if len(keys) != 1 or not _is_key(keys[0]):
        yield _wrong("request-key", request, "Sec-WebSocket-Key")
    if request.values("Sec-WebSocket-Version") != ["13"]:
        yield _wrong("request-websocket-version", request, "Sec-WebSocket-Version")
    yield from _grammar_breaches(request)


_REFUSED = {
    "request-method",
    "request-version",
    "request-host",
    "request-upgrade",
    "request-connection",
    "request-websocket-version",
}
"""Breaches of a request for which a server that answers 101 is to blame too (§4.2.1). It need not look into
the key (§4.2.2), but there has to be one."""

_DRAFTS = ("4", "5", "6", "7", "8")
"""Versions of drafts of the RFC with the same handshake, which a server may speak besides 13 (§4.4)."""


def accepted_breach(request: Request) -> Breach | None:
    """The first breach for which a server has to refuse this request."""
    for breach in request_breaches(request):
        no_key = breach.rule == "request-key" and len(set(request.values("Sec-WebSocket-Key")) - {""}) != 1
        if (breach.rule in _REFUSED and not _may_accept(request, breach.rule)) or no_key:
            return breach
    return None


def _may_accept(request: Request, rule: str) -> bool:
    """Whether a server may have its reasons to accept what breaks this rule: it speaks the draft of that
    version, or its HTTP library has turned the method to upper case."""
    versions = request.values("Sec-WebSocket-Version")
    if rule == "request-websocket-version":
        return len(versions) == 1 and versions[0] in _DRAFTS
    return rule == "request-method" and request.method.upper() == "GET"


def offered_subprotocols(request: Request) -> list[str]:
    """The subprotocols that a client offers; none if they aren't different tokens (§4.1, §4.3)."""
    offered = ",".join(request.values("Sec-WebSocket-Protocol"))
    names = [name.strip(" \t") for name in offered.split(",")]
    return names if len(set(names)) == len(names) and all(map(_TOKEN.fullmatch, names)) else []


def request_remarks(request: Request) -> Iterator[Breach]:
    """What is wrong with a request although no server has to refuse it."""
    yield from offer_breaches(request)
    if len(request.values("Origin")) > 1:
        yield _wrong("request-origin-single", request, "Origin")
    if request.values("Sec-WebSocket-Protocol") and not offered_subprotocols(request):
        yield _wrong("request-subprotocols-valid", request, "Sec-WebSocket-Protocol")
    for name in ("Content-Length", "Transfer-Encoding"):
        if any(value != "0" for value in request.values(name)):
            yield _wrong("request-no-body", request, name)


def response_remarks(request: Request, response: Response) -> Iterator[Breach]:
    """What is wrong with a 101 response although the client doesn't fail the connection for it."""
    yield from misfits(request, response)
    for rule, name in _OF_A_BODY:
        if response.values(name):
            yield _wrong(rule, response, name)


_OF_A_BODY = (("server-no-length-in-101", "Content-Length"), ("server-no-body-in-101", "Transfer-Encoding"))
_TOKEN = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+")


def response_breaches(request: Request, response: Response) -> Iterator[Breach]:
    """What is wrong with a server's 101 response to `request` (§4.2.2), by the client's checks of §4.1."""
    yield from _line_breaches(response)
    if _version(response.version) < (1, 1):
        yield Breach("response-version", f"the version is HTTP/{response.version}", 0)
    if [value.lower() for value in response.values("Upgrade")] != ["websocket"]:
        yield _wrong("response-upgrade", response, "Upgrade")
    if "upgrade" not in response.tokens("Connection"):
        yield _wrong("response-connection", response, "Connection")
    wanted = accept((request.values("Sec-WebSocket-Key") or [""])[0])
    if response.values("Sec-WebSocket-Accept") != [wanted]:
        breach = _wrong("response-accept", response, "Sec-WebSocket-Accept")
        yield breach._replace(detail=f"{breach.detail}, expected {wanted!r}")
    yield from _grammar_breaches(response)
    offered = {extension.name for extension in _extensions(request)}
    strange = [
        Breach("response-extensions", f"{extension.name[:80]!r} was not offered", extension.at)
        for extension in _extensions(response)
        if extension.name not in offered
    ]
    yield from told(strange, "more extensions were not offered")
    yield from answer_breaches(response)
    chosen = response.values("Sec-WebSocket-Protocol")
    protocols = [p.strip() for value in request.values("Sec-WebSocket-Protocol") for p in value.split(",")]
    if len(chosen) > 1 or any(name not in protocols for name in chosen):
        yield _wrong("response-subprotocol", response, "Sec-WebSocket-Protocol")


def _grammar_breaches(head: Request | Response) -> Iterator[Breach]:
    """What is wrong with the syntax of Sec-WebSocket-Extensions (§9.1)."""
    try:
        head_extensions(head)
    except ExtensionsError as error:
        yield Breach("extensions-grammar", f"Sec-WebSocket-Extensions is malformed: {error}", error.at)


def _extensions(head: Request | Response) -> tuple[Extension, ...]:
    try:
        return head_extensions(head)
    except ExtensionsError:
        return ()


def _wrong(rule: str, head: Request | Response, name: str) -> Breach:
    values = head.values(name)
    shown = " and ".join(repr(value[:80]) for value in values[:3])
    return Breach(rule, f"{name} is {shown}" if values else f"there is no {name} header", head.offset(name))


def _is_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except (binascii.Error, ValueError):
        return False


def _version(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
