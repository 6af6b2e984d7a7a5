"""A log that is its own expectation: its pauses, and what its opening handshake is compared by."""

from __future__ import annotations

import pytest

from replay.cases.model import Behaviour, Case
from replay.cases.recorded import case_of
from replay.report import causes, words
from replay.source import Source
from replay.trace.model import How, Octets, Trace
from replay.trace.wirelog import parse
from replay.verdict.judge import judge
from replay.verdict.result import Cause, Judged, Misdeed
from replay.wire.handshake import accept, encode_response
from replay.wire.side import Side
from tests.memory import KEY, player

REQUEST = (
    r'TX OCTETS: "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"'
    "\n"
    rf'           "Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n'
)
ANSWER = (
    r'RX OCTETS: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"'
    "\n"
    rf'           "Sec-WebSocket-Accept: {accept(KEY)}\r\n'
)
END = r'\r\n"' + "\n"
OPENING = REQUEST + END + ANSWER + END
HELLO = "TX OCTETS: 8185 37fa213d 7f9f4d5158\n"
HELLO_BACK = "RX OCTETS: 8105 48656c6c6f\n"
BYE = "TX OCTETS: 8882 37fa213d 3412\nRX OCTETS: 8802 03e8\nTCP DROPPED BY PEER\n"
CLOSED = "RX OCTETS: 8802 03e8\nTX OCTETS: 8882 37fa213d 3412\n"


def own(text: str) -> Case:
    return case_of(parse(Source("log", text)).trace, "log", Side.CLIENT)


def answer(**headers: str) -> bytes:
    known = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": accept(KEY)}
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return encode_response(101, "Switching Protocols", list({**known, **more}.items()))


def played(case: Case, response: bytes) -> Trace:
    """Against a server that answers so, and says then what the server of the log said, at once."""
    client = player(case)
    client.connected(0)
    client.received(response, 0)
    assert case.trace is not None
    recorded = [e.data for e in case.trace.entries if isinstance(e, Octets) and e.side is Side.SERVER]
    for data in recorded[1:]:
        client.received(data, 0)
    client.ended(How.FIN, 0)
    return client.trace()


def verdict(case: Case, response: bytes) -> Judged:
    return judge(case, played(case, response), Side.CLIENT)


# Pauses.

PAUSE = "DELAY 0.5 sec for TAG A\n"
OVER = "DELAY TIMEOUT on TAG A\n"


def writes(text: str) -> list[tuple[int, bytes]]:
    """When the client writes what, without its request."""
    client = player(own(OPENING + text))
    client.connected(0)
    client.received(answer(), 0)
    now = 0
    while not client.done:
        while client.pending:
            client.pump(now)
        now = client.deadline or now
        client.wake(now)
    sent = (e for e in client.entries if isinstance(e, Octets) and e.side is Side.CLIENT)
    return [(e.at or 0, e.data) for e in sent][1:]


SPLIT = f"TX OCTETS: 81\n{PAUSE}{{over}}TX OCTETS: 85 37fa213d\n{PAUSE}{{over}}TX OCTETS: 7f9f4d5158\n"


@pytest.mark.parametrize("over", ["", OVER])
def test_a_pause_before_what_is_sent_next_is_waited_for(over: str) -> None:
    assert [at for at, _ in writes(SPLIT.format(over=over))] == [0, 500_000, 1_000_000]


def test_pauses_of_one_name_are_each_waited_for() -> None:
    text = f"TX OCTETS: 81\n{PAUSE}TX OCTETS: 85 37fa213d\n{PAUSE}{OVER}TX OCTETS: 7f9f4d5158\n"
    assert [at for at, _ in writes(text)] == [0, 500_000, 1_000_000]


def test_a_pause_within_a_close_is_waited_for() -> None:
    text = f"TX OCTETS: 8882\n{PAUSE}TX OCTETS: 37fa213d 34\n{PAUSE}TX OCTETS: 12\n"
    assert [at for at, _ in writes(text)] == [0, 500_000, 1_000_000]


@pytest.mark.parametrize(
    "end",
    [
        CLOSED,
        "RX OCTETS: c100\nTX OCTETS: 8882 37fa213d 34f8\n",  # what the recorder failed it for
        "FAILING CONNECTION\nTX OCTETS: 8882 37fa213d 3412\n",
    ],
)
def test_a_pause_that_the_end_of_the_connection_cut_short_is_none(end: str) -> None:
    case = own(f"{OPENING}{HELLO}DELAY 30 sec for TAG A\n{end}TCP DROPPED BY PEER\n")
    client = player(case)
    client.connected(0)
    client.received(answer(), 0)
    for line in end.splitlines():
        if line.startswith("RX"):
            client.received(bytes.fromhex(line.removeprefix("RX OCTETS: ")), 1_000)
    sent = [e for e in client.entries if isinstance(e, Octets) and e.side is Side.CLIENT]
    assert (len(sent) == 3) is ("RX" in end)  # its last word follows at once, and not in 30 s


def test_behind_the_server_s_close_nothing_is_waited_for() -> None:
    case = own(OPENING + 10 * (HELLO + HELLO_BACK) + BYE)
    client = player(case)
    client.connected(0)
    client.received(answer(), 0)
    client.received(bytes.fromhex("8802 03e8"), 30_000)
    sent = [e for e in client.entries if isinstance(e, Octets) and e.side is Side.CLIENT]
    assert len(sent) == 12
    assert sent[-1].at == 30_000


# The opening handshake.

OFFER = r"Sec-WebSocket-Protocol: a, b\r\n"
DEFLATE = r"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
AGREED = r"Sec-WebSocket-Extensions: permessage-deflate\r\n"
CHOSEN = r"Sec-WebSocket-Protocol: a\r\n"
NO_LIST = r"Sec-WebSocket-Extensions: permessage-deflate deflate\r\n"
BOTH = OFFER + DEFLATE


@pytest.mark.parametrize(
    ("offer", "chosen", "headers", "said"),
    [
        (BOTH, CHOSEN, {"Sec_WebSocket_Protocol": "a"}, None),
        (BOTH, CHOSEN, {"Sec_WebSocket_Protocol": "a", "Server": "of today"}, None),
        (
            BOTH,
            CHOSEN,
            {"Sec_WebSocket_Protocol": "b"},
            "the server chose the subprotocol 'b'; in the log it chose the subprotocol 'a'",
        ),
        (BOTH, CHOSEN, {}, "the server chose no subprotocol; in the log it chose the subprotocol 'a'"),
        (
            BOTH,
            "",
            {"Sec_WebSocket_Protocol": "a"},
            "the server chose the subprotocol 'a'; in the log it chose no subprotocol",
        ),
        (
            BOTH,
            "",
            {"Sec_WebSocket_Extensions": "permessage-deflate"},
            "the server agreed on permessage-deflate; in the log it agreed on no extension",
        ),
        (BOTH, AGREED, {}, "the server agreed on no extension; in the log it agreed on permessage-deflate"),
        (BOTH, AGREED, {"Sec_WebSocket_Extensions": "permessage-deflate"}, None),
        (
            BOTH,
            AGREED,
            {"Sec_WebSocket_Extensions": "permessage-deflate; client_max_window_bits=15"},
            None,  # it is so by default
        ),
        (
            BOTH,
            AGREED,
            {"Sec_WebSocket_Extensions": "permessage-deflate; client_max_window_bits=9"},
            "the server agreed on permessage-deflate; client_max_window_bits=9; "
            "in the log it agreed on permessage-deflate",
        ),
        (
            BOTH,
            NO_LIST,
            {"Sec_WebSocket_Extensions": "permessage-deflate"},
            "the server agreed on permessage-deflate; "
            "in the log it agreed on a malformed list of extensions",
        ),
        (  # the log was edited: what it offers isn't what its answer is to
            "",
            CHOSEN,
            {},
            "the server chose no subprotocol; in the log it chose the subprotocol 'a'",
        ),
        (
            r"Sec-WebSocket-Extensions: permessage-deflate; x\r\n",
            "",
            {"Sec_WebSocket_Extensions": "permessage-deflate"},
            "no offer is well-formed; in the log the server kept the rule response-deflate-fits",
        ),
    ],
)
def test_the_answer_to_the_same_request_is_compared(
    offer: str, chosen: str, headers: dict[str, str], said: str | None
) -> None:
    case = own(REQUEST + offer + END + ANSWER + chosen + END + HELLO + HELLO_BACK + BYE)
    result = verdict(case, answer(**headers))
    assert causes.why(result) == (f"opening handshake: {said}" if said else words.BEHAVIOURS[Behaviour.OK])
    assert result.behaviour is (Behaviour.FAILED if said else Behaviour.OK)
    if result.broken:
        assert result.cause == Cause(Misdeed.BREAKS, result.broken[0].rule)
    else:
        assert result.cause == (Cause(Misdeed.DIFFERS, detail=said) if said else None)


def test_a_rule_that_the_recorded_server_broke_may_be_broken_again() -> None:
    twice = r"Sec-WebSocket-Extensions: permessage-deflate; x\r\n"
    case = own(REQUEST + twice + END + ANSWER + AGREED + END + HELLO + HELLO_BACK + BYE)
    result = verdict(case, answer(Sec_WebSocket_Extensions="permessage-deflate"))
    assert result.behaviour is Behaviour.OK


@pytest.mark.parametrize(
    ("status", "said"), [(426, None), (400, "the server answered 400; in the log it answered 426")]
)
def test_a_refusal_has_the_same_status(status: int, said: str | None) -> None:
    refusal = r'RX OCTETS: "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n' + END
    case = own(REQUEST.replace(": 13", ": 8") + END + refusal + "TCP DROPPED BY PEER\n")
    result = verdict(case, encode_response(status, "No", [("Content-Length", "0")]))
    assert (result.divergence is None) is (said is None)
    if said:
        assert causes.why(result) == f"opening handshake: {said}"
