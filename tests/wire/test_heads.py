"""Heads against literal octets: what is written, what is edited, what the beginning of one says."""

from __future__ import annotations

import pytest

from replay.wire.handshake import (
    MAX_HEAD,
    HeadError,
    HeadReader,
    HeadTooLarge,
    HostError,
    Request,
    Response,
    edit_head,
    encode_page,
    encode_request,
    encode_response,
    parse_head,
    partial_head,
)
from replay.wire.side import Side

C, S = Side.CLIENT, Side.SERVER


def test_heads_are_written_line_by_line() -> None:
    assert (
        encode_request("/a", [("Host", "x"), ("A", "é")])
        == b"GET /a HTTP/1.1\r\nHost: x\r\nA: \xe9\r\n\r\n"
    )
    assert encode_response(404, "Not Found", []) == b"HTTP/1.1 404 Not Found\r\n\r\n"


@pytest.mark.parametrize(("bare", "body"), [(False, "é\n".encode()), (True, b"")])
def test_a_page_says_what_it_holds(bare: bool, body: bytes) -> None:
    page = encode_page(200, "OK", "é\n", [("X", "y")], "text/html", bare)
    assert page == (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 3\r\n"
        b"Connection: close\r\nX: y\r\n\r\n" + body
    )


HEAD = b"GET / HTTP/1.1\r\nHost: a\r\nX-One : 1\r\nx-two:2\r\nX-TWO: 3\r\n\r\n"


@pytest.mark.parametrize(
    ("target", "headers", "edited"),
    [
        (None, [], HEAD),
        ("/b?c", [], HEAD.replace(b"GET / ", b"GET /b?c ")),
        (None, [("host", "b")], HEAD.replace(b"Host: a", b"host: b")),
        (None, [("X-One", "9")], HEAD.replace(b"X-One : 1", b"X-One: 9")),
        (None, [("X-Two", "9")], HEAD.replace(b"x-two:2", b"X-Two: 9")),  # the first one of them
        (None, [("X-Two", None)], HEAD.replace(b"x-two:2\r\nX-TWO: 3\r\n", b"")),
        (None, [("X-Three", None)], HEAD),
        (None, [("X", "9"), ("Y", "8")], HEAD[:-2] + b"X: 9\r\nY: 8\r\n\r\n"),
        (None, [("One", "9")], HEAD[:-2] + b"One: 9\r\n\r\n"),
    ],
)
def test_a_head_is_edited_where_it_is_asked_for(
    target: str | None, headers: list[tuple[str, str | None]], edited: bytes
) -> None:
    assert edit_head(HEAD, target, headers) == edited


@pytest.mark.parametrize("line", [b"GET /", b"GET / HTTP/1.1 x", b""])
def test_a_line_that_is_no_request_keeps_its_target(line: bytes) -> None:
    assert edit_head(line + b"\r\n\r\n", "/other") == line + b"\r\n\r\n"


@pytest.mark.parametrize(
    ("side", "octets", "said"),
    [
        (C, b"GET /chat HT", Request((), b"GET /chat HT", "GET", "/chat", "1.1")),
        (C, b"GET ", None),
        (C, b"POST /chat", None),
        (S, b"HTTP/1.0 404 Not Fo", Response((), b"HTTP/1.0 404 Not Fo", 404, "Not Fo", "1.0")),
        (S, b"HTTP/1.1 101", Response((), b"HTTP/1.1 101", 101, "", "1.1")),
        (S, b"HTTP/1.1 10", None),
        (S, b"SSH", None),
    ],
)
def test_the_beginning_of_a_head_may_say_what_it_is(side: Side, octets: bytes, said: object) -> None:
    assert partial_head(side, octets) == said


def test_header_lines_are_found_in_any_case() -> None:
    head = parse_head(C, b"GET / HTTP/1.1\r\nHost: x\r\nA: b , C,,\r\na: D\r\nAA: e\r\n\r\n")
    assert isinstance(head, Request)
    assert head.values("a") == ["b , C,,", "D"]
    assert head.tokens("A") == ["b", "c", "d"]
    assert head.tokens("none") == []
    assert head.offset("a") == head.octets.index(b"A: b")
    assert head.offset("aA") == head.octets.index(b"AA:")
    assert head.offset("none") == len(head.octets) - 2


@pytest.mark.parametrize(
    ("octets", "kind", "said"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", HostError, "Host"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", HostError, "Host"),
        (b"GET /\r\n\r\n", HeadError, "illegal request line"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n", HeadError, "no whole HTTP head"),
    ],
)
def test_what_is_no_request_is_told(octets: bytes, kind: type[HeadError], said: str) -> None:
    with pytest.raises(HeadError, match=said) as raised:
        parse_head(C, octets)
    assert type(raised.value) is kind


def test_a_head_may_be_as_large_as_is_read_and_no_larger() -> None:
    def head(size: int) -> bytes:
        octets = b"GET / HTTP/1.1\r\nx: \r\n\r\n"
        return octets[:-4] + b"y" * (size - len(octets)) + octets[-4:]

    reader = HeadReader()
    assert reader.feed(head(MAX_HEAD)) == head(MAX_HEAD)
    assert reader.rest == b""
    with pytest.raises(HeadTooLarge, match=r"^the head is larger than"):
        HeadReader().feed(head(MAX_HEAD + 1))


@pytest.mark.parametrize("end", [b"\r\n\r\n", b"\n\n", b"\r\n\n", b"\n\r\n"])
def test_a_head_ends_with_a_blank_line_however_it_comes(end: bytes) -> None:
    octets = b"HTTP/1.1 100 Continue" + end
    for step in (1, 2, 3):
        reader, found = HeadReader(), []
        both = octets * 2 + b"\x81"
        for at in range(0, len(both), step):
            head = reader.feed(both[at : at + step])
            while head is not None:
                found.append(head)
                head = reader.feed()
        assert found == [octets, octets]
        assert reader.rest == b"\x81"
