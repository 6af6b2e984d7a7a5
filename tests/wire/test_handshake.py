"""Heads as octets and as HTTP."""

from __future__ import annotations

import pytest

from replay.wire.handshake import (
    MAX_HEAD,
    HeadError,
    HeadReader,
    Request,
    Response,
    accept,
    edit_head,
    encode_request,
    parse_head,
)
from replay.wire.side import Side
from tests.chops import every_chop
from tests.memory import ACCEPTED, REQUEST


def test_the_example_of_the_rfc() -> None:
    assert accept("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_a_head_is_found_in_every_chopping_with_what_follows() -> None:
    for chunks in every_chop(ACCEPTED + b"\x81\x00"):
        reader = HeadReader()
        found, late = None, b""
        for chunk in chunks:
            if found is None:
                found = reader.feed(chunk)
            else:
                late += chunk
        assert found == ACCEPTED
        assert reader.rest + late == b"\x81\x00"


def test_heads_that_follow_one_another_are_bounded_together() -> None:
    reader, head = HeadReader(), b"HTTP/1.1 100 Continue\r\n\r\n"
    assert reader.feed(head * 4000) == head
    for _ in range(MAX_HEAD // len(head) - 1):
        assert reader.feed() == head
    with pytest.raises(HeadError, match="with the interim responses before it, is larger"):
        reader.feed()


def test_headers_keep_their_order_and_their_case() -> None:
    octets = encode_request("/chat?x=1", REQUEST)
    head = parse_head(Side.CLIENT, octets)
    assert isinstance(head, Request)
    assert head.headers == REQUEST
    assert (head.method, head.target, head.version, head.octets) == ("GET", "/chat?x=1", "1.1", octets)
    assert octets[head.offset("upgrade") :].startswith(b"Upgrade: websocket\r\n")


def test_a_refusal_is_a_response_too() -> None:
    head = parse_head(Side.SERVER, b"HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\n")
    assert isinstance(head, Response)
    assert (head.status, head.reason) == (404, "Not Found")


@pytest.mark.parametrize(
    "octets", [b"\x00\x01\r\n\r\n", b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"]
)
def test_what_is_no_http_is_refused(octets: bytes) -> None:
    with pytest.raises(HeadError):
        parse_head(Side.SERVER, octets)


def test_a_head_is_bounded() -> None:
    reader = HeadReader()
    line = b"x: " + b"y" * 995 + b"\r\n"
    for _ in range(MAX_HEAD // len(line)):
        assert reader.feed(line) is None
    with pytest.raises(HeadError, match="larger"):
        reader.feed(line)


def test_a_recorded_request_is_edited_only_where_asked() -> None:
    octets = encode_request("/", REQUEST)
    assert edit_head(octets) == octets
    edited = edit_head(octets, "/chat", [("host", "example.org"), ("Origin", "http://x")])
    assert edited == octets.replace(b"GET / ", b"GET /chat ").replace(
        b"Host: localhost", b"host: example.org"
    ).replace(b"13\r\n\r\n", b"13\r\nOrigin: http://x\r\n\r\n")
