"""What a case does and wants, in sentences that a person can read."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from replay.cases.load import load
from replay.cases.model import Case, Profile
from replay.report.purpose import description, expectation, purpose
from replay.source import Source
from replay.suite.files import expectation as judged_by
from replay.suite.files import known, known_case
from replay.suite.logs import read_log
from replay.wire.side import Side
from tests.processes import ROOT, replay


def case(*lines: str) -> Case:
    text = "section: a\ncases:\n- id: a.1\n  title: A\n" + "".join(f"  {line}\n" for line in lines)
    (found,) = load(Source("my.yaml", text))
    return found


@pytest.mark.parametrize("testee", [None, *Side])
def test_every_case_of_the_suite_has_them(testee: Side | None) -> None:
    for one in known().values():
        for said in purpose(one, testee):
            assert re.fullmatch(r"[A-Zr](?!.*(  |,,|,\.|;\.| ,|None)).+\.", said), (one.id, said)
            assert len(said) < 500, (one.id, said)
            if testee is not None:
                assert "testee" not in said, (one.id, said)


@pytest.mark.parametrize(
    ("id", "said"),
    [
        ("1.2.3", "replay sends a binary message of 126 octets."),
        ("2.5", "replay sends a Ping of 126 octets, more than the 125 that a control frame may have."),
        ("3.5", "replay sends a binary message of 8 octets with RSV1 and RSV3 set."),
        ("5.3", 'replay sends a text message of 18 octets ("fragment1fragment2"), in 2 frames.'),
        ("6.3.1", "replay sends a text message of 20 octets that isn't valid UTF-8."),
        ("7.3.2", "replay sends a Close with half a code, a single octet."),
        (
            "9.7.2",
            "replay sends 1000 text messages of 16 octets, each once the one before has come back.",
        ),
    ],
)
def test_what_a_case_does(id: str, said: str) -> None:
    assert description(known()[id]) == said


@pytest.mark.parametrize(
    ("id", "testee", "said"),
    [
        (
            "1.2.3",
            Side.SERVER,
            "The server is to send the message back; replay then closes with code 1000, and the server is "
            "to answer with the same code or none and to end TCP.",
        ),
        (
            "1.2.3",
            Side.CLIENT,
            "The client is to send the message back; replay then closes with code 1000, and the client is "
            "to answer with the same code or none.",
        ),
        (
            "6.3.1",
            Side.SERVER,
            "The server is to send no message back and to fail the connection, by a Close with code 1007 "
            "(invalid payload data) or no code, or without a Close, and to end TCP.",
        ),
        (
            "7.1.3",
            None,
            "The testee is to send neither a message nor a Pong and to answer the Close with code 1000 "
            "(normal closure) or no code and, if it is the server, to end TCP.",
        ),
    ],
)
def test_what_a_case_wants(id: str, testee: Side | None, said: str) -> None:
    assert expectation(known()[id], testee) == said


def test_a_spec_may_say_it_itself() -> None:
    own = case(
        "description: replay greets.",
        "expectation: The testee greets back.",
        "send: [text: Hello]",
        "expect: [ok: [text: Hallo]]",
    )
    assert purpose(own, Side.CLIENT) == ("replay greets.", "The client greets back.")


def test_what_is_disputed_is_wanted_as_the_profile_has_it() -> None:
    late = known_case("6.4.1")
    assert late is not None
    assert "is NON-STRICT" in expectation(late)
    assert "It is as good" in expectation(late.under(Profile.RFC))


def test_a_code_that_is_usual_is_no_demand_of_the_rfcs() -> None:
    surrogate = known_case("6.3.1")
    assert surrogate is not None
    assert "by a Close with code 1007 (invalid payload data)" in expectation(surrogate)
    assert "by a Close with any legal code" in expectation(surrogate.under(Profile.RFC))


def test_of_a_spec_they_are_made_of_its_steps() -> None:
    own = case(
        "send: [text: {utf8: Hi, mask: none}, binary: {hex: ff, size: 300, chop: 7}, close: 3000]",
        "expect: [ok: [text: Hi], informational: any]",
        "close: {by: either, codes: any, clean: optional}",
    )
    assert description(own) == (
        'replay sends a text message of 2 octets ("Hi"), not masked, then a binary message of 300 octets, '
        "in writes of 7 octets, then a Close with code 3000 (registered for a library)."
    )
    assert expectation(own, Side.SERVER) == (
        'The server is to send a text message of 2 octets ("Hi") and to answer the Close with any legal '
        "code, or not at all, and to end TCP. Anything else is INFORMATIONAL."
    )


def test_what_others_wrote_is_harmless() -> None:
    own = case('send: [text: "\\u202e\\x1b[31m"]', "expect: [ok: [echo]]", 'description: "a\\u202eb"')
    assert description(own) == "a\\u202eb"
    assert "\u202e" not in "".join(purpose(own))


def test_of_a_log_they_say_what_is_in_it() -> None:
    log = read_log(str(ROOT / "traces" / "01-framing" / "1.2.3.wirelog"))
    assert description(judged_by(log, Side.CLIENT)[0]) == description(known()["1.2.3"])
    unnamed = replace(log, trace=replace(log.trace, headers=()))
    does, wants = purpose(judged_by(unnamed, Side.CLIENT)[0], Side.SERVER)
    assert does == "replay sends what was sent in the log, octet for octet."
    assert wants.startswith(
        "The server is to do the same as in the log, in the same order: a binary message"
    )


def test_a_case_is_described() -> None:
    shown = replay("show", "6.3.1").stdout
    for said in ("6.3.1  Invalid UTF-8", "does ", "wants ", "[text-is-utf8]", "20 octets: ce ba", "1007"):
        assert said in shown
    listed = replay("list", "-v", "6.3.1").stdout
    assert "that isn't valid UTF-8" in " ".join(listed.split())
