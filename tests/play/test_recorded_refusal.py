"""A log of a handshake that was refused, played to either side: who ends TCP then is free."""

from __future__ import annotations

import pytest

from replay.campaign.clients import Guests, Hosting
from replay.cases.model import Case
from replay.cases.recorded import case_of
from replay.protocol.events import NotOpened
from replay.protocol.interpreter import observe
from replay.source import Source, SourceError
from replay.suite.files import Item
from replay.trace.model import SECOND, Drop, How, Trace
from replay.trace.wirelog import parse
from replay.verdict.judge import judge
from replay.wire.handshake import encode_request
from replay.wire.side import Side
from tests.memory import REQUEST, player

KEY = r"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
ACCEPT = r"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
ASKED = rf"GET /c HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{KEY}"
ANSWERS = {
    "426, close": r"HTTP/1.1 426 Upgrade Required\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    "426, kept alive": r"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 5\r\n\r\nsorry",
    "301": r"HTTP/1.1 301 Moved Permanently\r\nLocation: /there\r\n\r\n",
    "401": r"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
    "503, in chunks": r"HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n",
}
ENDS = {"by the server": "TCP DROPPED BY PEER", "by the client": "TCP DROPPED BY ME", "untold": ""}


def logged(answer: str, end: str, tester: Side, version: int = 8) -> Case:
    text = (
        f'TX OCTETS: "{ASKED}Sec-WebSocket-Version: {version}\\r\\n\\r\\n"\nRX OCTETS: "{answer}"\n{end}\n'
    )
    return case_of(parse(Source("log", text)).trace, "log", tester)


def verdict(case: Case, trace: Trace, tester: Side) -> tuple[str, str]:
    result = judge(case, trace, tester)
    return result.behaviour.value, result.closing.value


def asked(case: Case, came: bytes, drops: How | None) -> Trace:
    """What is observed of a server that answers so, and then ends TCP, or waits for that."""
    own = player(case)
    own.connected(0)
    if came:
        own.received(came[:60], 1000)
        own.received(came[60:], 90_000)
    if drops is not None:
        own.ended(drops, 100_000)
    while not own.done:
        assert own.deadline is not None
        own.wake(own.deadline)
    return own.trace()


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_a_server_that_refuses_again_is_ok_whoever_ends_tcp(answer: str, end: str) -> None:
    case = logged(answer, end, Side.CLIENT)
    came = answer.replace(r"\r\n", "\r\n").encode()
    for drops in (How.FIN, How.RST, None):
        trace = asked(case, came, drops)
        assert verdict(case, trace, Side.CLIENT) == ("OK", "OK")
        (last,) = (entry for entry in trace.entries if isinstance(entry, Drop))
        assert last.side is Side.CLIENT or drops is not None
        assert last.how is not How.RST or drops is How.RST  # it isn't cut off in its answer
        assert (last.at or 0) < 3 * SECOND


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_a_server_that_gives_no_answer_any_more_is_told(answer: str) -> None:
    case = logged(answer, ENDS["by the server"], Side.CLIENT)
    for drops in (How.FIN, None):
        assert verdict(case, asked(case, b"", drops), Side.CLIENT) == ("OK", "FAILED")


@pytest.mark.parametrize("version", [8, 13])
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_a_client_that_is_refused_is_ok_whoever_ends_tcp(answer: str, end: str, version: int) -> None:
    case = logged(answer, end, Side.SERVER, version)
    for drops in (True, False):
        own = player(case, Side.SERVER)
        own.connected(0)
        own.received(encode_request("/c", REQUEST), 0)
        assert b"".join(own.output) == answer.replace(r"\r\n", "\r\n").encode()
        if drops:
            own.ended(How.FIN, 1000)
        while not own.done:
            assert own.deadline is not None
            own.wake(own.deadline)
        assert any(isinstance(event, NotOpened) for event in observe(own.trace()))
        assert verdict(case, own.trace(), Side.SERVER) == ("OK", "OK")


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_a_client_that_asks_wrongly_is_refused_for_that(answer: str) -> None:
    case = logged(answer, ENDS["by the client"], Side.SERVER, 13)
    own = player(case, Side.SERVER)
    own.connected(0)
    without_key = [header for header in REQUEST if header[0] != "Sec-WebSocket-Key"]
    own.received(encode_request("/c", without_key), 0)
    (said,) = own.output
    assert said.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert (own.done, own.dropped_as) == (True, How.FIN)


DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate"


@pytest.mark.parametrize(
    ("more", "accept", "says"),
    [
        ("", ACCEPT.replace("s3", "AA"), "response-accept"),
        ("", "", "response-accept"),
        ("Sec-WebSocket-Extensions: x-foo\\r\\n", ACCEPT, "response-extensions"),
        (f"{DEFLATE}; server_max_window_bits=20\\r\\n", ACCEPT, "response-deflate"),
        (f"{DEFLATE}; client_max_window_bits=10\\r\\n", ACCEPT, "response-deflate-fits"),
        ("Sec-WebSocket-Extensions: a b\\r\\n", ACCEPT, "extensions-grammar"),
        ("Sec-WebSocket-Protocol: chat\\r\\n", ACCEPT, "response-subprotocol"),
        ("Upgrade: websocket\\r\\n", ACCEPT, "response-upgrade"),
    ],
)
def test_a_log_whose_101_is_bad_is_not_served(more: str, accept: str, says: str) -> None:
    offering = ASKED.replace("Host:", f"{DEFLATE}\\r\\nHost:")
    upgrade = r"HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    text = f'TX OCTETS: "{offering}Sec-WebSocket-Version: 13\\r\\n\\r\\n"\n'
    text += f'RX OCTETS: "{upgrade}{more}{accept}\\r\\n"\n'
    item = Item(case_of(parse(Source("log", text)).trace, "log", Side.SERVER), "log")
    with pytest.raises(SourceError, match=f"its 101 breaks .* \\({says}\\)") as refused:
        Guests([item], Hosting(), lambda *_: None, lambda _: None)
    assert refused.value.span is not None
    assert refused.value.span.line == 2
