"""What a client is here for, by its request; and the connections that are no case."""

from __future__ import annotations

import pytest

from replay.play.driver_requests import (
    BoardFailures,
    BoardProgress,
    DriverRequest,
    GetCaseCount,
    GetCaseInfo,
    GetCaseStatus,
    PlainResponse,
    RunCase,
    RunRecorded,
    ShowBoard,
    StopServer,
    TakeCommands,
    UpdateReports,
    driver_request,
)
from replay.play.visitors import Page, Reception, Teller
from replay.protocol.events import Close, Message
from replay.protocol.interpreter import observe
from replay.trace.model import SECOND, How, Octets
from replay.wire.handshake import Request, encode_request, parse_head
from replay.wire.side import Side
from tests.memory import REQUEST, echo, join

PLACES = ("1.1.1", "1.1.2", "9.8.6")


def request(target: str, headers: tuple[tuple[str, str], ...] = REQUEST) -> Request:
    head = parse_head(Side.CLIENT, encode_request(target, headers))
    assert isinstance(head, Request)
    return head


@pytest.mark.parametrize(
    ("target", "wanted"),
    [
        ("/getCaseCount", GetCaseCount()),
        ("/getCaseCount?agent=x", GetCaseCount()),
        ("/getCaseInfo?case=2", GetCaseInfo(1)),
        ("/getCaseInfo?casetuple=9.8.6", GetCaseInfo(2)),
        ("/runCase?case=1&agent=me", RunCase(0, "me")),
        ("/runCase?agent=me&case=3", RunCase(2, "me")),
        ("/runCase?casetuple=1.1.2&agent=a%20b%2F1.0", RunCase(1, "a b/1.0")),
        ("/runCase?casetuple=1.1.2&case=1&agent=me", RunCase(0, "me")),
        ("/runCase?case=1&agent=%FF", RunCase(0, "\ufffd")),
        ("ws://localhost:9001/runCase?case=1&agent=me", RunCase(0, "me")),
        ("/getCaseStatus?case=1&agent=me", GetCaseStatus(0, "me")),
        ("/updateReports?agent=me", UpdateReports("me")),
        ("/updateReports?agent=me&shutdownOnComplete=true", UpdateReports("me", stop=True)),
        ("/updateReports?agent=me&shutdownOnComplete=no", UpdateReports("me")),
        ("/stopServer", StopServer()),
        ("/", TakeCommands()),
        ("/elsewhere", TakeCommands()),
    ],
)
def test_an_endpoint(target: str, wanted: DriverRequest) -> None:
    assert driver_request(request(target), PLACES) == wanted


def test_a_recorded_request_asks_for_its_log_unless_it_is_an_endpoint() -> None:
    targets = {"/", "/chat?room=1", "/getCaseCount"}
    assert driver_request(request("/chat?room=1"), PLACES, targets) == RunRecorded("/chat?room=1")
    assert driver_request(request("/"), PLACES, targets) == RunRecorded("/")
    assert driver_request(request("/getCaseCount"), PLACES, targets) == GetCaseCount()
    assert driver_request(request("/chat"), PLACES, targets) == TakeCommands()
    assert isinstance(driver_request(request("/", (("Host", "x"),)), PLACES, targets), PlainResponse)


@pytest.mark.parametrize(
    ("target", "status", "said"),
    [
        ("/?case=1", 404, "expected /getCaseCount"),
        ("/runcase?case=1&agent=me", 404, "expected /getCaseCount"),
        ("/runCase?agent=me", 400, "expected ?case=, from 1 to 3"),
        ("/runCase?case=0&agent=me", 400, "a case from 1 to 3"),
        ("/runCase?case=4&agent=me", 400, "a case from 1 to 3"),
        ("/runCase?case=-1&agent=me", 400, "a case from 1 to 3"),
        ("/runCase?case=%D9%A1&agent=me", 400, "a case from 1 to 3"),
        (f"/runCase?case={'9' * 5000}&agent=me", 400, "a case from 1 to 3"),
        ("/runCase?case=&casetuple=1.1.1&agent=me", 400, "a case from 1 to 3"),
        ("/runCase?casetuple=7&agent=me", 400, "no case with this id"),
        ("/runCase?case=1", 400, "expected &agent="),
        ("/runCase?case=1&agent=%20", 400, "expected &agent="),
        (f"/runCase?case=1&agent={'x' * 121}", 400, "longer than 120 characters"),
        ("/getCaseStatus?case=1", 400, "expected &agent="),
        ("/getCaseInfo", 400, "expected ?case="),
        ("/updateReports", 400, "expected &agent="),
        ("/getCaseInfo?" + "a=1&" * 30, 400, "not a URL"),
        ("http://[/", 400, "not a URL"),
    ],
)
def test_what_is_wrong_is_said(target: str, status: int, said: str) -> None:
    found = driver_request(request(target), PLACES)
    assert isinstance(found, PlainResponse)
    assert found.status == status
    assert said in found.said


def browsed(
    target: str, host: str = "localhost:9001", method: str = "GET", accept: str = "*/*"
) -> DriverRequest:
    octets = encode_request(target, (("Host", host), ("Accept", accept)))
    head = parse_head(Side.CLIENT, octets.replace(b"GET", method.encode(), 1))
    assert isinstance(head, Request)
    return driver_request(head, PLACES, host="suite.example")


HTML = "text/html,application/xhtml+xml,*/*;q=0.8"


@pytest.mark.parametrize(
    ("target", "wanted"),
    [
        ("/", ShowBoard("localhost:9001")),
        ("/?from=somewhere", ShowBoard("localhost:9001")),
        ("/progress", BoardProgress(0)),
        ("/progress?since=12", BoardProgress(12)),
        ("/failures?agent=%3Cb%3E", BoardFailures("<b>")),
    ],
)
def test_what_a_browser_asks_for(target: str, wanted: DriverRequest) -> None:
    assert browsed(target, accept=HTML) == wanted


@pytest.mark.parametrize(
    ("target", "method", "status", "said"),
    [
        ("/", "GET", 200, "ws://localhost:9001/runCase?case=1&agent=NAME"),
        ("/", "HEAD", 200, ""),
        ("/", "POST", 405, "expected GET or HEAD"),
        ("/runCase?case=1", "GET", 426, "ws://localhost:9001/runCase?case=1&agent=NAME"),
        ("/getCaseCount", "HEAD", 426, ""),
        ("/favicon.ico", "GET", 404, "expected /"),
        ("/progress?since=-1", "GET", 400, "expected ?since="),
        ("/progress?since=%D9%A1", "GET", 400, "expected ?since="),
        ("/failures", "GET", 400, "expected &agent="),
        ("/progress?" + "a=1&" * 30, "GET", 400, "not a URL"),
    ],
)
def test_what_is_answered_without_a_page(target: str, method: str, status: int, said: str) -> None:
    found = browsed(target, method=method)
    assert isinstance(found, PlainResponse)
    assert (found.status, found.bare) == (status, method == "HEAD")
    assert said in found.said


@pytest.mark.parametrize(
    ("host", "seen"),
    [
        ("127.0.0.1:9001", True),
        ("[::1]:9001", True),
        ("192.168.0.7", True),
        ("LOCALHOST", True),
        ("a.localhost:1", True),
        ("SUITE.example:9001", True),
        ("evil.example", False),
        ("localhost.evil.example:9001", False),
        ("localhost:1; script-src *", False),
        ("localhost@evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("[::1", False),
        ("x:y", False),
        ("", False),
    ],
)
@pytest.mark.parametrize("target", ["/", "/progress", "/failures?agent=me"])
def test_a_name_that_anyone_may_let_point_here_sees_nothing(target: str, host: str, seen: bool) -> None:
    found = browsed(target, host, accept=HTML)
    assert (isinstance(found, PlainResponse) and found.status == 421) is not seen


@pytest.mark.parametrize(
    ("origin", "heard"),
    [
        (None, True),
        ("http://localhost:9001", True),
        ("http://localhost:8080", True),
        ("http://127.0.0.1", True),
        ("https://[::1]:3000", True),
        ("https://evil.example", False),
        ("https://evil.example:9001", False),
        ("https://localhost.evil.example", False),
        ("https://[", False),
        ("null", False),
    ],
)
def test_a_page_from_elsewhere_cannot_end_the_server(origin: str | None, heard: bool) -> None:
    headers = REQUEST if origin is None else (*REQUEST, ("Origin", origin))
    for target in ("/stopServer", "/updateReports?agent=me&shutdownOnComplete=true"):
        found = driver_request(request(target, headers), PLACES)
        assert (isinstance(found, PlainResponse) and found.status == 403) is not heard
    assert driver_request(request("/updateReports?agent=me", headers), PLACES) == UpdateReports("me")


def test_a_faulty_request_is_refused_and_for_a_case_it_is_the_verdict() -> None:
    faulty = tuple(line for line in REQUEST if line[0] != "Sec-WebSocket-Key")
    refused = driver_request(request("/getCaseCount", faulty), PLACES)
    assert isinstance(refused, PlainResponse)
    assert refused.said == "there is no Sec-WebSocket-Key header\n"
    assert driver_request(request("/runCase?case=1&agent=me", faulty), PLACES) == RunCase(0, "me")


def test_a_text_is_told_and_the_connection_closed() -> None:
    client, server = echo(Side.CLIENT, "permessage-deflate"), Teller(lambda: "517")
    join(client, server)
    events = [event for event in observe(client.trace()) if event.side is Side.SERVER]
    (told,) = [event for event in events if isinstance(event, Message)]
    (close,) = [event for event in events if isinstance(event, Close)]
    assert (told.text, told.data, close.code) == (True, b"517", None)
    assert server.dropped_as is How.FIN


def test_a_text_is_told_once_it_is_known() -> None:
    known: list[str] = []
    server = Teller(lambda: known[0] if known else None)
    server.connected(0)
    server.received(encode_request("/", REQUEST), 0)
    opened = len(server.output)
    server.wake(SECOND)
    assert len(server.output) == opened
    known.append("OK")
    server.wake(2 * SECOND)
    assert server.output[opened:] == [b"\x81\x02OK", b"\x88\x00"]


def test_an_empty_text_is_only_a_close() -> None:
    server = Teller(lambda: "")
    server.connected(0)
    server.received(encode_request("/", REQUEST), 0)
    assert server.output[1:] == [b"\x88\x00"]


def test_the_successor_has_all_that_has_come_and_none_of_the_waiting() -> None:
    case = echo()
    free: list[bool] = []
    reception = Reception(lambda asked: case if free and asked.target == "/x" else None)
    head = encode_request("/x", REQUEST)
    reception.connected(0)
    reception.received(head[:10], 1000)
    reception.received(head[10:], 2000)
    reception.wake(60 * SECOND)
    assert (reception.waits, reception.done, reception.successor) == (True, False, None)
    free.append(True)
    reception.wake(61 * SECOND)
    assert reception.successor is case
    assert case.opened
    entries = [entry for entry in case.entries if isinstance(entry, Octets)]
    assert [(entry.side, entry.at) for entry in entries] == [
        (Side.CLIENT, 1000),
        (Side.CLIENT, 2000),
        (Side.SERVER, 2000),
    ]


@pytest.mark.parametrize("octets", [b"\x16\x03\x01\r\n\r\n", b"GET\r\n\r\n", b"x" * 70_000])
def test_what_is_no_request_is_answered(octets: bytes) -> None:
    reception = Reception(lambda _: None)
    reception.connected(0)
    reception.received(octets, 0)
    assert reception.done
    assert reception.output[0].startswith(b"HTTP/1.1 400 Bad Request\r\n")


def test_half_a_head_has_its_time() -> None:
    reception = Reception(lambda _: None)
    reception.connected(0)
    reception.received(b"GET / HTTP/1.1\r\n", 0)
    assert reception.deadline == 5 * SECOND
    reception.wake(5 * SECOND)
    assert reception.done
    assert b"no complete request came in time" in reception.output[0]


def test_a_page_is_one_response() -> None:
    page = Page(PlainResponse(200, "OK", "hello\n"))
    page.connected(0)
    page.received(encode_request("/", (("Host", "x"),)), 0)
    assert page.done
    assert page.output[0].startswith(b"HTTP/1.1 200 OK\r\n")
    assert page.output[0].endswith(b"Content-Length: 6\r\nConnection: close\r\n\r\nhello\n")


def test_a_page_without_its_text() -> None:
    page = Page(PlainResponse(200, "OK", "{}", (("X-Y", "z"),), "application/json", bare=True))
    page.connected(0)
    page.received(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", 0)
    assert page.output[0] == (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: 2\r\n"
        b"Connection: close\r\nX-Y: z\r\n\r\n"
    )
