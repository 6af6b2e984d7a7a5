"""Offers and answers of permessage-deflate: what is malformed, what fits, what is then agreed."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.protocol.handshake_rules import request_breaches, response_breaches
from replay.protocol.negotiation import (
    Agreed,
    Ask,
    Terms,
    agreed,
    answer,
    answer_breaches,
    misfits,
    offer_breaches,
    valid_offers,
)
from replay.protocol.rules import Breach
from replay.wire.handshake import (
    Request,
    Response,
    accept,
    encode_request,
    encode_response,
    parse_head,
)
from replay.wire.side import Side

KEY = "D+fcK/QqRpDx3yz323ge5w=="
bits = st.none() | st.integers(8, 15)
terms = st.builds(Terms, st.booleans(), st.booleans(), bits, bits)


def request(*lines: str) -> Request:
    headers = [("Host", "h"), ("Upgrade", "websocket"), ("Connection", "Upgrade")]
    headers += [("Sec-WebSocket-Key", KEY), ("Sec-WebSocket-Version", "13")]
    headers += [("Sec-WebSocket-Extensions", line) for line in lines]
    head = parse_head(Side.CLIENT, encode_request("/", headers))
    assert isinstance(head, Request)
    return head


def response(*lines: str) -> Response:
    headers = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept(KEY))]
    headers += [("sec-websocket-extensions", line) for line in lines]
    head = parse_head(Side.SERVER, encode_response(101, "Switching Protocols", headers))
    assert isinstance(head, Response)
    return head


def marked(head: Request | Response, breach: Breach) -> str:
    """What stands where the breach is."""
    return head.octets[breach.at :].decode("latin-1").split("\r\n")[0]


MALFORMED = [
    ("x", "'x' is not a parameter of permessage-deflate"),
    ("Server_no_context_takeover", "'Server_no_context_takeover' is not a parameter of permessage-deflate"),
    ("server_no_context_takeover=1", "server_no_context_takeover has the value '1', but takes none"),
    ("client_no_context_takeover=true", "client_no_context_takeover has the value 'true', but takes none"),
    ("server_max_window_bits", "server_max_window_bits has no value"),
    ("client_max_window_bits=7", "client_max_window_bits is '7', expected 8 to 15"),
    *(
        (f"server_max_window_bits={value}", f"server_max_window_bits is {value!r}, expected 8 to 15")
        for value in ("7", "16", "08", "015", "+9", "9.0", "0x9", "100")
    ),
]


@pytest.mark.parametrize(("parameter", "said"), MALFORMED)
def test_a_malformed_offer_is_declined(parameter: str, said: str) -> None:
    asked = request(f"permessage-deflate; {parameter}, permessage-deflate; server_max_window_bits=9")
    (breach,) = offer_breaches(asked)
    assert (breach.rule, breach.detail) == ("request-deflate", said)
    assert marked(asked, breach).startswith(parameter)
    assert valid_offers(asked) == (Terms(server_max_window_bits=9),)
    assert not list(request_breaches(asked))


@pytest.mark.parametrize(
    ("parameter", "said"),
    [*MALFORMED, ("client_max_window_bits", "client_max_window_bits has no value")],
)
def test_a_malformed_answer_fails_the_connection(parameter: str, said: str) -> None:
    asked = request("permessage-deflate; client_max_window_bits")
    replied = response(f"permessage-deflate; {parameter}")
    (breach,) = response_breaches(asked, replied)
    assert (breach.rule, breach.detail) == ("response-deflate", said)
    assert marked(replied, breach).startswith(parameter)
    assert agreed(replied) is None
    assert not list(misfits(asked, replied))


@pytest.mark.parametrize("name", ["server_no_context_takeover", "client_max_window_bits=9"])
def test_what_stands_twice_is_malformed(name: str) -> None:
    asked = request(f"permessage-deflate; {name}; {name}")
    (breach,) = offer_breaches(asked)
    assert breach.detail == f"{name.partition('=')[0]} is given twice"
    assert breach.at == asked.octets.rindex(name.encode())
    replied = response(f"permessage-deflate; {name}", f"permessage-deflate; {name}")
    (breach,) = answer_breaches(replied)
    assert breach.detail == "permessage-deflate is named twice"
    assert breach.at == replied.octets.rindex(b"permessage-deflate")
    assert agreed(replied) is None


def test_breaches_of_one_header_are_told_up_to_a_bound() -> None:
    offers = list(offer_breaches(request(*["permessage-deflate; x"] * 1000)))
    assert len(offers) == 9
    assert offers[-1].detail == "992 more offers are malformed"
    for count, more in ((8, None), (9, "1 more offers are malformed"), (10, "2 more offers are malformed")):
        asked = request(*["permessage-deflate; x"] * count)
        offers = list(offer_breaches(asked))
        places = [at for at in range(len(asked.octets)) if asked.octets.startswith(b"x\r\n", at)]
        assert [breach.at for breach in offers] == places[: len(offers)]
        assert len(offers) == min(count, 9)
        assert (offers[8].detail if more else None) == more
    (twice,) = answer_breaches(response(*["permessage-deflate"] * 1000))
    assert twice.detail == "permessage-deflate is named 1,000 times"


def test_a_header_that_is_no_list_is_a_breach_of_both() -> None:
    asked, replied = request("x-mux", "permessage deflate"), response("x-mux", "", "permessage-deflate;")
    (breach,) = request_breaches(asked)
    assert (breach.rule, marked(asked, breach)) == ("extensions-grammar", "deflate")
    assert valid_offers(asked) == ()
    (breach,) = response_breaches(request("x-mux"), replied)
    assert breach.rule == "extensions-grammar"
    assert breach.at == len(replied.octets) - 4
    assert agreed(replied) is None
    assert [breach.detail for breach in request_breaches(request(""))] == [
        "Sec-WebSocket-Extensions is malformed: it names no extension"
    ]


def test_only_what_was_offered_may_be_answered() -> None:
    replied = response("x-mux, permessage-deflate", "x-other; a=b")
    breaches = list(response_breaches(request("x-mux"), replied))
    assert [(breach.rule, marked(replied, breach)) for breach in breaches] == [
        ("response-extensions", "permessage-deflate"),
        ("response-extensions", "x-other; a=b"),
    ]
    assert not list(misfits(request("x-mux"), replied))
    assert agreed(response("x-mux")) is agreed(response()) is None


@pytest.mark.parametrize(
    ("offers", "reply", "said"),
    [
        ("; server_no_context_takeover", "", "server_no_context_takeover was requested but is missing"),
        ("; server_max_window_bits=9", "", "server_max_window_bits=9 was requested but is missing"),
        (
            "; server_max_window_bits=9",
            "; server_max_window_bits=10",
            "server_max_window_bits is 10, but 9 was requested",
        ),
        ("", "; client_max_window_bits=15", "client_max_window_bits was not offered"),
        ("; x", "", "no offer is well-formed"),
        (
            "; server_max_window_bits=9, permessage-deflate; server_no_context_takeover",
            "; server_max_window_bits=10",
            "it matches none of the 2 offers; for the first one, "
            "server_max_window_bits is 10, but 9 was requested",
        ),
    ],
)
def test_an_answer_that_fits_no_offer_is_told_and_stands(offers: str, reply: str, said: str) -> None:
    asked, replied = request(f"permessage-deflate{offers}"), response(f"permessage-deflate{reply}")
    (breach,) = misfits(asked, replied)
    assert (breach.rule, breach.detail) == ("response-deflate-fits", said)
    assert marked(replied, breach) == f"permessage-deflate{reply}"
    assert not list(response_breaches(asked, replied))
    assert agreed(replied) is not None


@pytest.mark.parametrize(
    ("offers", "reply"),
    [
        ("", "; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9"),
        ("; server_max_window_bits=12", "; server_max_window_bits=8"),
        ("; client_max_window_bits", "; client_max_window_bits=15"),
        ("; client_max_window_bits=9; client_no_context_takeover", ""),
        ("; client_max_window_bits=9", "; client_max_window_bits=9"),
        ("; client_max_window_bits=9", "; client_max_window_bits=8"),
        ("; client_max_window_bits=9", "; client_max_window_bits=10"),  # a hint may be ignored
        ("; client_max_window_bits=9", "; client_max_window_bits=15; server_max_window_bits=15"),
        ("; client_no_context_takeover", ""),
        ("; server_no_context_takeover", "; server_no_context_takeover; client_no_context_takeover"),
        ("; server_max_window_bits=9, permessage-deflate", ""),
        ("; x, permessage-deflate", ""),
    ],
)
def test_an_answer_need_fit_one_offer_only(offers: str, reply: str) -> None:
    asked, replied = request(f"permessage-deflate{offers}"), response(f"permessage-deflate{reply}")
    assert not list(misfits(asked, replied))
    assert not list(response_breaches(asked, replied))


@given(st.lists(terms, max_size=4), st.lists(st.builds(Ask, st.booleans(), bits), max_size=3))
def test_what_a_server_answers_fits(offered: list[Terms], asks: list[Ask]) -> None:
    asked = request(*map(str, offered))
    offers = valid_offers(asked)
    assert list(offers) == offered
    assert not list(offer_breaches(asked))
    chosen = answer(offers, asks)
    if chosen is None:
        for offer, ask in product(offers, asks):
            assert (ask.client_max_window_bits or 0) > (offer.client_max_window_bits or 0)
        return
    replied = response(str(chosen))
    assert not list(response_breaches(asked, replied))
    assert not list(misfits(asked, replied))
    assert agreed(replied) == chosen.agreed
    assert any(
        (ask.client_no_context_takeover, ask.client_max_window_bits)
        == (chosen.client_no_context_takeover, chosen.client_max_window_bits)
        for ask in asks
    )


def test_a_value_may_be_quoted_and_an_offer_s_client_window_may_have_none() -> None:
    asked = request('permessage-deflate; client_max_window_bits; server_max_window_bits="10"')
    assert valid_offers(asked) == (Terms(server_max_window_bits=10, client_max_window_bits=15),)


def test_each_ask_is_tried_on_all_offers() -> None:
    plain, window = Terms(server_max_window_bits=9), Terms(True, client_max_window_bits=12)
    asks = (Ask(client_max_window_bits=9), Ask(client_no_context_takeover=True))
    assert answer((plain, window), asks) == Terms(True, client_max_window_bits=9)
    assert answer((plain,), asks) == Terms(False, True, 9)
    assert answer((plain,), asks[:1]) is None
    assert answer((plain, window)) == plain
    assert answer(()) is None


def test_what_is_agreed_is_said_of_the_side_that_compresses() -> None:
    replied = response("permessage-deflate; server_no_context_takeover; client_max_window_bits=9")
    found = agreed(replied)
    assert found == Agreed(server_no_context_takeover=True, client_max_window_bits=9)
    assert found is not None
    assert [found.window(side) for side in (Side.SERVER, Side.CLIENT)] == [15, 9]
    assert [found.keeps_context(side) for side in (Side.SERVER, Side.CLIENT)] == [False, True]
    assert str(found) == "permessage-deflate; server_no_context_takeover; client_max_window_bits=9"
    assert str(Agreed()) == "permessage-deflate"


@given(terms)
def test_what_is_agreed_can_be_written_and_read(chosen: Terms) -> None:
    assert agreed(response(str(chosen.agreed))) == chosen.agreed
