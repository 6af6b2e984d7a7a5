"""ws:// and wss:// URIs (RFC 6455 §3)."""

from __future__ import annotations

from typing import NamedTuple


class WebSocketUrl(NamedTuple):
    """A URI and its parts."""

    text: str
    secure: bool
    host: str
    port: int
    target: str  # path with query

    def __str__(self) -> str:
        return self.text


def parse_url(text: str) -> WebSocketUrl:
    """Parse a URI. Raises ValueError with a message for the user."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"{text!r}: {str(error).lower()}") from None
    plain = text.isascii() and text.isprintable() and " " not in text
    if port == 0:
        raise ValueError(f"{text!r}: nothing listens on port 0")
    if parts.scheme not in ("ws", "wss") or not host or parts.fragment or parts.username or not plain:
        raise ValueError(f"{text!r}: expected ws://HOST[:PORT][/PATH][?QUERY], or wss://")
    if any(not 0 < len(label) < 64 for label in host.removesuffix(".").split(".")):  # RFC 1035 §2.3.4
        raise ValueError(f"{text!r}: a label of the host name is empty or longer than 63 characters")
    secure = parts.scheme == "wss"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return WebSocketUrl(text, secure, host, port or (443 if secure else 80), target)
