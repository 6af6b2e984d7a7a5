"""Connections of a server that are no case: a page is sent, and TCP ended; a text is told."""

from __future__ import annotations

import pytest

from replay import limits
from replay.play.driver_requests import PlainResponse
from replay.play.endpoint import Endpoint
from replay.play.visitors import Page, Reception, Teller
from replay.trace.model import SECOND, Drop, How, Octets
from replay.wire.frame import decode
from replay.wire.handshake import Request, encode_request
from replay.wire.side import Side
from tests.memory import REQUEST, echo

ASKED = encode_request("/", REQUEST)


def test_a_page_is_answered_and_ends_tcp() -> None:
    page = Page(PlainResponse(404, "Not Found", "nothing here\n"))
    page.connected(0)
    page.received(ASKED[:9], 0)
    assert (page.output, page.done) == ([], False)
    page.received(ASKED[9:], 0)
    head, _, body = b"".join(page.output).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert body == b"nothing here\n"
    assert page.done
    assert page.dropped_as is How.FIN
    assert page.entries[-1] == Drop(Side.SERVER, How.FIN, 0)


@pytest.mark.parametrize(
    ("kind", "seconds"),
    [
        (lambda: Page(PlainResponse(200, "OK", "")), limits.OPENING.default),
        (lambda: Teller(lambda: None), limits.STATUS.default),
        (lambda: Reception(lambda request: None), limits.QUEUE.default),
    ],
)
def test_who_asks_for_nothing_is_not_waited_for_without_end(kind: type[Endpoint], seconds: int) -> None:
    visitor = kind()  # type: ignore[call-arg]  # made by the rows
    visitor.connected(0)
    until = min(seconds, limits.OPENING.default) * SECOND
    visitor.wake(until - 1)
    assert not visitor.done
    visitor.wake(until)
    assert visitor.done
    assert visitor.dropped_as is not None


def frames(teller: Teller) -> list[tuple[int, bytes]]:
    octets = b"".join(teller.output)
    assert octets.startswith(b"HTTP/1.1 101 ")
    found, rest = decode(octets.partition(b"\r\n\r\n")[2])
    assert not rest
    return [(one.header.opcode, one.payload) for one in found]


@pytest.mark.parametrize(("text", "told"), [("known", [(1, b"known"), (8, b"")]), ("", [(8, b"")])])
def test_a_text_is_told_at_once_with_a_close(text: str, told: list[tuple[int, bytes]]) -> None:
    teller = Teller(lambda: text)
    teller.connected(0)
    teller.received(ASKED, 0)
    assert frames(teller) == told


def test_a_text_that_is_not_known_yet_is_told_once_when_it_is() -> None:
    known: list[str] = []
    teller = Teller(lambda: known[0] if known else None)
    teller.connected(0)
    teller.wake(0)
    teller.received(ASKED, 0)
    teller.wake(1)
    assert frames(teller) == []
    known.append("at last")
    teller.wake(2)
    teller.wake(3)
    assert frames(teller) == [(1, b"at last"), (8, b"")]


def test_a_visitor_waits_for_a_place_and_then_is_as_one_that_came_so() -> None:
    free: list[Endpoint] = []
    asked: list[str] = []

    def choose(request: Request) -> Endpoint | None:
        asked.append(request.target)
        return free[0] if free else None

    visitor = Reception(choose)
    visitor.connected(0)
    visitor.received(ASKED[:9], 5)
    assert not visitor.waits
    visitor.received(ASKED[9:], 10)
    assert visitor.waits
    assert (asked, visitor.output) == (["/"], [])
    visitor.wake(limits.OPENING.default * SECOND)  # the request has come: that is no bound any more
    assert not visitor.done
    free.append(echo())
    visitor.wake(30 * SECOND)
    assert visitor.done
    assert visitor.successor is free[0]
    assert visitor.dropped_as is None
    (answer,) = free[0].output
    assert answer.startswith(b"HTTP/1.1 101 ")
    came = [entry for entry in free[0].entries if isinstance(entry, Octets) and entry.side is Side.CLIENT]
    assert [(entry.data, entry.at) for entry in came] == [(ASKED[:9], 5), (ASKED[9:], 10)]
    asked.clear()
    visitor.wake(31 * SECOND)
    assert asked == []


def test_what_is_no_request_is_refused() -> None:
    visitor = Reception(lambda request: echo())
    visitor.connected(0)
    visitor.received(b"\x16\x03\x01 no HTTP\r\n\r\n", 0)
    assert b"".join(visitor.output).startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert visitor.dropped_as is How.FIN
    assert visitor.successor is None
