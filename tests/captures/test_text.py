"""Octets that were written down as text are read again as the same octets, whatever wrote them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.captures.text import reader as text
from replay.source import Source
from replay.trace.model import Octets
from replay.wire.frame import encode, frame
from replay.wire.handshake import accept, encode_request, encode_response
from replay.wire.side import Side
from tests.captures import written
from tests.captures.written import Sent, joined

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
REQUEST = encode_request(
    "/chat",
    [("Host", "x"), ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Key", KEY)],
)
RESPONSE = encode_response(
    101, "Switching Protocols", [("Upgrade", "websocket"), ("Sec-WebSocket-Accept", accept(KEY))]
)
HANDSHAKE = [(Side.CLIENT, REQUEST), (Side.SERVER, RESPONSE)]

MARKS = [(">", "<"), ("-->", "<--"), ("=>", "<="), (">>>", "<<<"), ("→", "←")]
HEADINGS = [
    ("Client sends:", "Server sends:"),
    ("sent", "received"),
    ("client -> server", "server -> client"),
    ("C->S:", "S->C:"),
    ("Outgoing frame:", "Incoming frame:"),
    ("From the client:", "From the server:"),
]


@st.composite
def conversations(draw: st.DrawFn) -> Sent:
    """Frames of both sides, mostly after a handshake."""
    sent = list(HANDSHAKE) if draw(st.integers(0, 3)) else []
    for _ in range(draw(st.integers(1, 6))):
        side = draw(st.sampled_from(Side))
        key = draw(st.binary(min_size=4, max_size=4)) if side is Side.CLIENT else b""
        payload = draw(st.binary(max_size=70) | st.text("abc |.\"\\'\r\n", max_size=40).map(str.encode))
        payload *= draw(st.sampled_from([1, 1, 3]))
        sent.append((side, encode(frame(draw(st.sampled_from([1, 2, 9, 10])), payload, key=key))))
    return sent


def read(said: str) -> list[tuple[Side, bytes]]:
    """The runs of octets in a text with one connection."""
    (found,) = text.read(Source("paste.txt", said))
    octets = [one for one in found.entries if isinstance(one, Octets)]
    assert not any(one.cut for one in octets)
    assert len(octets) == len(found.entries)
    return joined([(one.side, one.data) for one in octets])


@pytest.mark.parametrize("tool", written.TOOLS)
@settings(max_examples=15, deadline=None)
@given(conversations())
def test_each_tool(tool: Callable[[Sent], str], sent: Sent) -> None:
    assert read(tool(sent)) == joined(sent)


@pytest.mark.parametrize("form", [*written.DUMPS, *written.ONE_LINE])
@settings(max_examples=15, deadline=None)
@given(conversations(), st.sampled_from(HEADINGS))
def test_each_form_below_headings(
    form: Callable[[bytes], str], sent: Sent, headings: tuple[str, str]
) -> None:
    assert read(written.below_headings(sent, form, headings)) == joined(sent)


@pytest.mark.parametrize("form", written.ONE_LINE)
@settings(max_examples=15, deadline=None)
@given(conversations(), st.sampled_from(MARKS))
def test_each_form_behind_marks(form: Callable[[bytes], str], sent: Sent, marks: tuple[str, str]) -> None:
    assert read(written.behind_marks(sent, form, marks)) == joined(sent)


@pytest.mark.parametrize("form", [*written.DUMPS, *written.ONE_LINE])
@settings(max_examples=15, deadline=None)
@given(conversations())
def test_without_marks_the_mask_bit_tells_the_sides(form: Callable[[bytes], str], sent: Sent) -> None:
    assert read("\n\n".join(form(octets) for _, octets in sent)) == joined(sent)


PREFIXES = ["> ", "+ ", "    ", "2026-11-30 11:14:43,587 ", "[11:14:43.587] ", "DEBUG:app.net: ", "| "]


@pytest.mark.parametrize("prefix", PREFIXES)
@settings(max_examples=15, deadline=None)
@given(conversations(), st.sampled_from(written.DUMPS))
def test_what_is_in_front_of_each_line_does_not_matter(
    prefix: str, sent: Sent, form: Callable[[bytes], str]
) -> None:
    said = written.below_headings(sent, form, HEADINGS[0])
    assert read("\n".join(prefix + line for line in said.split("\n"))) == joined(sent)
