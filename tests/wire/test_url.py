"""URLs of WebSocket servers, read into their parts."""

from __future__ import annotations

import pytest

from replay.wire.url import parse_url


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("ws://example.org", (False, "example.org", 80, "/")),
        ("wss://example.org", (True, "example.org", 443, "/")),
        ("wss://example.org:80/", (True, "example.org", 80, "/")),
        ("ws://127.0.0.1:9001/a/b?c=d&e", (False, "127.0.0.1", 9001, "/a/b?c=d&e")),
        ("ws://[::1]:1?x", (False, "::1", 1, "/?x")),
        (f"ws://{'a' * 63}.org.", (False, f"{'a' * 63}.org.", 80, "/")),
        ("WS://Example.org:65535/A", (False, "example.org", 65535, "/A")),
    ],
)
def test_a_url_has_its_parts(text: str, parts: tuple[bool, str, int, str]) -> None:
    url = parse_url(text)
    assert (url.secure, url.host, url.port, url.target) == parts
    assert str(url) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("example.org:80", "expected ws://"),
        ("http://example.org", "expected ws://"),
        ("ws://", "expected ws://"),
        ("ws://example.org/#top", "expected ws://"),
        ("ws://me@example.org/", "expected ws://"),
        ("ws://example.org/a b", "expected ws://"),
        ("ws://example.org/\x7f", "expected ws://"),
        ("ws://exämple.org/", "expected ws://"),
        ("ws://example.org:0", "nothing listens on port 0"),
        ("ws://example.org:65536", "port out of range"),
        ("ws://example.org:x", "port could not be cast"),
        ("ws://[::1", "invalid ipv6 url"),
        ("ws://a..b/", "a label of the host name is empty"),
        (f"ws://{'a' * 64}.org", "longer than 63"),
    ],
)
def test_what_is_no_url_of_a_server_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as refused:
        parse_url(text)
    assert str(refused.value).startswith(f"{text!r}: ")
