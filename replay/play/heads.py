"""The tester's head of a case that is about the opening handshake, as the actions that write it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from replay.cases.opening import REQUEST_VALUES, Head, filled, response_values
from replay.play.actions import Action, Delay, Options, Write, chopped, opening_writes
from replay.wire.handshake import Request, edit_head, encode_response
from replay.wire.writes import Writes

_REASONS = {
    100: "Continue",
    101: "Switching Protocols",
    103: "Early Hints",
    200: "OK",
    301: "Moved Permanently",
    302: "Found",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    426: "Upgrade Required",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


def request_actions(
    head: Head, default: bytes, options: Options, nonce: str, joined: bytes
) -> tuple[Action, ...]:
    """The writes of this request. `default`: the request that it differs from; `joined`: octets that share
    the last write."""
    known = (options.target, options.host, nonce)
    values = dict(zip(REQUEST_VALUES, known, strict=True))
    octets = _composed(head, default, values) + head.body
    return tuple(_written(head, octets, options, joined))


def response_actions(
    head: Head, default: bytes, options: Options, request: Request, joined: bytes
) -> tuple[Action, ...] | None:
    """The writes of this response to a request; None: the request lacks what the response is made of."""
    values = response_values(request)
    if not head.names <= values.keys():
        return None
    interim = b"".join(encode_response(code, _REASONS.get(code, ""), ()) for code in head.interim)
    octets = interim + _composed(head, default, values) + head.body
    return tuple(_written(head, octets, options, joined))


def _composed(head: Head, default: bytes, values: Mapping[str, str]) -> bytes:
    if head.lines is not None:
        return "\r\n".join((*(filled(line, values) for line in head.lines), "", "")).encode("latin-1")
    first, _, rest = default.partition(b"\r\n")
    parts = {part: filled(text, values) for part, text in head.first}
    octets = _first_line(first.decode("latin-1"), parts).encode("latin-1") + b"\r\n" + rest
    for name, texts in head.headers:
        value = f"\r\n{name}: ".join(filled(text, values) for text in texts)
        octets = edit_head(octets, None, [(name, value if texts else None)])
    return octets


def _first_line(default: str, parts: Mapping[str, str]) -> str:
    """A request line or a status line with some of its parts replaced."""
    if default.startswith("HTTP/"):
        version, status, reason = default.split(" ", 2)
        status = parts.get("status", status)
        if "status" in parts:
            reason = _REASONS.get(int(status), "")
        version = f"HTTP/{parts['version']}" if "version" in parts else version
        return f"{version} {status} {parts.get('reason', reason)}"
    method, target, version = default.split(" ", 2)
    version = f"HTTP/{parts['version']}" if "version" in parts else version
    return f"{parts.get('method', method)} {parts.get('target', target)} {version}"


def _written(head: Head, octets: bytes, options: Options, joined: bytes) -> Iterator[Action]:
    """The writes of a head and the pauses between them."""
    if head.hold:
        yield Delay(head.hold)
    pieces = _pieces(head, octets, options)
    for number, piece in enumerate(pieces):
        if number and head.pause:
            yield Delay(head.pause, apart=True)
        yield Write((Writes(piece + joined if number == len(pieces) - 1 else piece),))


def _pieces(head: Head, octets: bytes, options: Options) -> Sequence[bytes]:
    if head.split is not None:
        return octets[: head.split], octets[head.split :]
    sent = chopped(octets, head.chop) if head.chop else opening_writes(octets, options)
    return [piece for writes in sent for piece in writes.single()]
