"""Heads as octets and as HTTP."""

from __future__ import annotations

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.wire.handshake import (
    MAX_HEAD,
    HeadError,
    HeadReader,
    HeadTooLarge,
    HostError,
    Request,
    Response,
    accept,
    body_length,
    edit_head,
    encode_page,
    encode_request,
    parse_head,
    partial_head,
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


def test_what_is_edited_stands_where_it_stood_and_what_is_taken_away_is_gone() -> None:
    octets = b"GET / HTTP/1.1\r\nHost: x\r\nSec-A: 1\r\nOrigin : y\r\nsec-a: 2\r\n\r\n"
    assert edit_head(octets, headers=[("Sec-A", None)]) == (
        b"GET / HTTP/1.1\r\nHost: x\r\nOrigin : y\r\n\r\n"
    )
    assert edit_head(octets, headers=[("Sec-A", "3"), ("Origin", "z")]) == (
        b"GET / HTTP/1.1\r\nHost: x\r\nSec-A: 3\r\nOrigin: z\r\nsec-a: 2\r\n\r\n"
    )
    assert edit_head(octets, headers=[("A", None), ("rigin", None)]) == octets
    assert edit_head(b"GET /\r\n\r\n", "/chat") == b"GET /\r\n\r\n"
    assert edit_head(b"GET /a b HTTP/1.1\r\n\r\n", "/chat") == b"GET /a b HTTP/1.1\r\n\r\n"


@pytest.mark.parametrize("end", [b"\r\n\r\n", b"\n\n", b"\r\n\n", b"\n\r\n"])
def test_a_head_may_end_with_bare_line_feeds(end: bytes) -> None:
    for chunks in every_chop(b"GET / HTTP/1.1" + end + b"\n\n"):
        reader = HeadReader()
        found = [head for head in map(reader.feed, chunks) if head is not None]
        assert found[0] == b"GET / HTTP/1.1" + end


def test_heads_that_follow_one_another_are_read_one_by_one() -> None:
    head = b"HTTP/1.1 100 Continue\r\n\r\n"
    for chunks in every_chop(head + ACCEPTED):
        reader = HeadReader()
        first = [found for found in map(reader.feed, chunks) if found is not None]
        if len(first) == 1:
            assert (first, reader.feed()) == ([head], ACCEPTED)
        assert (first[0], reader.rest) == (head, b"")


def test_a_head_of_exactly_as_much_as_is_read_is_read() -> None:
    start, end = b"GET / HTTP/1.1\r\nx: ", b"\r\n\r\n"
    head = start + b"y" * (MAX_HEAD - len(start) - len(end)) + end
    assert len(head) == MAX_HEAD
    assert HeadReader().feed(head) == head
    reader = HeadReader()
    assert reader.feed(head[:-1]) is None
    assert reader.feed(head[-1:] + b"more") == head
    longer = start + b"y" + head[len(start) :]
    for at in (len(longer), len(longer) - 1, 99):
        reader = HeadReader()
        with pytest.raises(HeadTooLarge, match="the head is larger than"):
            assert reader.feed(longer[:at]) or reader.feed(longer[at:]) or reader.feed()


def test_values_and_tokens_are_those_of_all_lines_of_a_name() -> None:
    lines = [
        ("Host", "x"),
        ("Connection", "keep-alive, , Upgrade"),
        ("CONNECTION", "Te"),
        ("Connect", "no"),
    ]
    head = parse_head(Side.CLIENT, encode_request("/", lines))
    assert head.values("connection") == ["keep-alive, , Upgrade", "Te"]
    assert head.tokens("connection") == ["keep-alive", "upgrade", "te"]
    assert (head.values("upgrade"), head.tokens("upgrade")) == ([], [])
    assert head.octets[head.offset("upgrade") :] == b"\r\n"
    assert head.octets[head.offset("CONNECT") :] == b"Connect: no\r\n\r\n"


def test_a_response_is_read_with_its_parts() -> None:
    head = parse_head(Side.SERVER, ACCEPTED)
    assert isinstance(head, Response)
    assert (head.status, head.reason, head.version) == (101, "Switching Protocols", "1.1")
    assert (head.octets, head.tokens("upgrade")) == (ACCEPTED, ["websocket"])
    old = parse_head(Side.SERVER, b"HTTP/1.0 200 OK\r\n\r\n")
    assert old.version == "1.0"


@pytest.mark.parametrize(
    ("side", "octets"),
    [
        (Side.SERVER, b"HTTP/1.1 200 OK\r\n"),
        (Side.CLIENT, b"GET / HTTP/1.1\r\nHost: x\r\n"),
        (Side.CLIENT, b""),
    ],
)
def test_a_head_that_is_not_whole_is_none(side: Side, octets: bytes) -> None:
    with pytest.raises(HeadError, match="the HTTP head is incomplete"):
        parse_head(side, octets)


@pytest.mark.parametrize("hosts", [[], [("Host", "x"), ("Host", "y")]])
def test_a_request_has_one_host(hosts: list[tuple[str, str]]) -> None:
    with pytest.raises(HostError, match="Host:"):
        parse_head(Side.CLIENT, encode_request("/", hosts))
    with pytest.raises(HeadError) as other:
        parse_head(Side.CLIENT, b"\x00\x01\r\n\r\n")
    assert not isinstance(other.value, HostError)


@pytest.mark.parametrize(
    ("side", "octets", "said"),
    [
        (Side.CLIENT, b"GET /chat HT", ("GET", "/chat", "1.1")),
        (Side.CLIENT, b"GET /\r\nHost", ("GET", "/", "1.1")),
        (Side.CLIENT, b"GET ", None),
        (Side.CLIENT, b"HTTP/1.1 101 Yes\r\n", None),
        (Side.SERVER, b"HTTP/1.1 101 Switching Prot", (101, "Switching Prot", "1.1")),
        (Side.SERVER, b"HTTP/1.0 404\r\nDate", (404, "", "1.0")),
        (Side.SERVER, b"HTTP/1.1 40", None),
        (Side.SERVER, b"GET / HTTP/1.1", None),
    ],
)
def test_the_beginning_of_a_head_says_what_it_is(
    side: Side, octets: bytes, said: tuple[object, ...] | None
) -> None:
    head = partial_head(side, octets)
    match head:
        case Request():
            assert (head.method, head.target, head.version) == said
        case Response():
            assert (head.status, head.reason, head.version) == said
    if head is None:
        assert said is None
    else:
        assert (head.headers, head.octets) == ((), octets)


def test_a_page_is_a_response_that_ends_the_connection() -> None:
    page = encode_page(404, "Not Found", "nothing h\u00ebre\n", [("Allow", "GET")])
    assert page == (
        b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 14\r\n"
        b"Connection: close\r\nAllow: GET\r\n\r\nnothing h\xc3\xabre\n"
    )
    bare = encode_page(200, "OK", "<p>", media="text/html", bare=True)
    assert bare.endswith(b"\r\n\r\n")
    head = parse_head(Side.SERVER, bare)
    assert head.values("Content-Type") == ["text/html; charset=utf-8"]
    assert head.values("Content-Length") == ["3"]


LINES = (
    b"Host: h",
    b"host:\th:1 ",
    b"Upgrade: websocket",
    b"Connection:keep-alive , Upgrade",
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    b'Sec-WebSocket-Extensions: permessage-deflate; a="b"',
    b"X-Empty:",
    b"X-Empty:  \t ",
    b"Content-Length: 0",
    b"Content-Length: 1",
    b"Transfer-Encoding: chunked",
    b"X-Latin: \xe9\x85\xa0",
    b"X-Control: a\x01b",
    b" folded",
    b"no colon",
    b"a b: c",
    b": nameless",
)
FIRST = {
    Side.CLIENT: (
        b"GET / HTTP/1.1",
        b"GET /\xe9 HTTP/1.1",
        b"GET / HTTP/1.0",
        b"POST / HTTP/1.1",
        b"GET  / HTTP/1.1",
    ),
    Side.SERVER: (
        b"HTTP/1.1 101 Switching Protocols",
        b"HTTP/1.1 101",
        b"HTTP/1.1 101 ",
        b"HTTP/1.1 101  \xe9 ",
        b"HTTP/1.0 101 Old",
        b"HTTP/1.1 404 Not Found",
        b"HTTP/1.1 1010",
    ),
}
ODD = (b"", b"\r", b"\n", b"\t", b"\x7f", b"\x80", b" ")


@st.composite
def heads(draw: st.DrawFn) -> tuple[Side, bytes]:
    side = draw(st.sampled_from(Side))
    lines = [draw(st.sampled_from(FIRST[side])), *draw(st.lists(st.sampled_from(LINES[:7]), max_size=5))]
    lines += draw(st.lists(st.sampled_from(LINES), max_size=1))
    octets = bytearray(b"\r\n".join([*lines, b"", b""]))
    if draw(st.booleans()):
        at = draw(st.integers(0, len(octets) - 5))
        octets[at : at + draw(st.integers(0, 1))] = draw(st.sampled_from(ODD))
    return side, bytes(octets)


def by_h11(side: Side, octets: bytes) -> tuple[object, ...] | None:
    connection = h11.Connection(h11.SERVER if side is Side.CLIENT else h11.CLIENT)
    if side is Side.SERVER:
        upgrade = [("Host", "h"), ("Connection", "Upgrade"), ("Upgrade", "websocket")]
        connection.send(h11.Request(method="GET", target="/", headers=upgrade))
    try:
        connection.receive_data(octets)
        event = connection.next_event()
    except h11.RemoteProtocolError:
        return None
    if isinstance(event, h11.Request):
        first: tuple[object, ...] = (event.method, event.target, event.http_version)
    elif isinstance(event, h11.Response | h11.InformationalResponse):
        first = (event.status_code, event.reason, event.http_version)
    else:
        return None
    return (*first, *event.headers.raw_items())


@settings(max_examples=500)
@given(heads())
def test_every_head_is_read_as_h11_reads_it(head: tuple[Side, bytes]) -> None:
    try:
        found = parse_head(*head)
    except HeadError:
        assert by_h11(*head) is None
        return
    if isinstance(found, Request):
        first: tuple[object, ...] = (found.method.encode(), found.target.encode("latin-1"))
    else:
        first = (found.status, found.reason.encode("latin-1"))
    lines = tuple(tuple(part.encode("latin-1") for part in line) for line in found.headers)
    assert (*first, found.version.encode(), *lines) == by_h11(*head)
    assert found.octets == head[1]


@pytest.mark.parametrize(
    ("headers", "octets", "length"),
    [
        ([], b"abc", 0),
        ([("Content-Length", "2")], b"abc", 2),
        ([("Content-Length", "9")], b"abc", 3),
        ([("Content-Length", "2"), ("Content-Length", "2")], b"abc", 2),
        ([("Content-Length", "2"), ("Content-Length", "3")], b"abc", 0),
        ([("Content-Length", "9" * 5000)], b"abc", 0),
        ([("Transfer-Encoding", "chunked")], b"2\r\nab\r\n0\r\n\r\nc", 12),
        ([("Transfer-Encoding", "chunked")], b"2;x=y\r\nab\r\n", 11),
        ([("Transfer-Encoding", "chunked")], b"xyz", 0),
    ],
)
def test_the_octets_that_are_the_body_of_a_request(
    headers: list[tuple[str, str]], octets: bytes, length: int
) -> None:
    assert body_length(Request(tuple(headers), b"", "GET", "/", "1.1"), octets) == length


def test_an_empty_line_before_a_request_is_passed_over() -> None:
    octets = b"\r\n" + encode_request("/", [("Host", "a")])
    head = parse_head(Side.CLIENT, octets)
    assert isinstance(head, Request)
    assert (head.target, head.octets) == ("/", octets)
