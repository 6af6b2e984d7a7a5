"""Why a case fails, as a value: whose fault it is, and which failures are one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from replay.protocol.events import Violation
from replay.report import causes, github, junit, markdown, terminal
from replay.suite.files import known
from replay.trace.model import SECOND, Drop, Entry, How, Octets, Timer, Wait
from replay.verdict.cause import by_cause
from replay.verdict.judge import judge
from replay.verdict.result import Cause, Judged, Misdeed
from replay.wire.frame import encode, frame
from replay.wire.side import Side
from tests.report import samples
from tests.report.samples import clean_end, close, judged, opened, sent

C, S = Side.CLIENT, Side.SERVER
INVALID = bytes.fromhex("cebae1bdb9cf83cebcceb5eda080656469746564")
END = Drop(S, How.FIN)


def server(opcode: int, payload: bytes) -> Octets:
    return Octets(S, encode(frame(opcode, payload)))


def played(id: str, *entries: Entry) -> Callable[[], Judged]:
    return lambda: judged(known()[id], *opened(*entries))


def by_us(code: int) -> Octets:
    return Octets(C, close(code, key=bytes(4)))


BAD_TEXT = Octets(C, sent(1, INVALID))
LEGAL_THEN_RSV2 = (
    Octets(C, sent(1, b"Hello, world!")),
    Octets(C, encode(frame(1, b"Hello, world!", rsv=2, key=bytes(4)))),
    Octets(C, sent(9, b"")),
)
PATIENCE = Timer(Wait.FAIL, False, SECOND)
OUT = Timer(Wait.FAIL, True, SECOND)

TOLD: list[tuple[Callable[[], Judged], Cause | None, str]] = [
    # Servers that are right have no cause.
    (played("1.1.1", Octets(C, sent(1, b"")), server(1, b""), *clean_end()), None, ""),
    (played("6.3.1", BAD_TEXT, PATIENCE, Octets(S, close(1007)), by_us(1007), END), None, ""),
    (
        played("6.3.1", BAD_TEXT, PATIENCE, server(1, INVALID), by_us(1007), Octets(S, close(1007)), END),
        Cause(Misdeed.ACCEPTS, "text-is-utf8"),
        "it sent the same back; it was to fail the connection with 1007 (invalid payload data)",
    ),
    (
        played("6.3.1", BAD_TEXT, PATIENCE, OUT, by_us(1001), Octets(S, close(1001)), END),
        Cause(Misdeed.ACCEPTS, "text-is-utf8"),
        "it did nothing, and left the connection open; it was to fail",
    ),
    (
        played("6.3.1", BAD_TEXT, PATIENCE, Octets(S, close(1002, b"no")), by_us(1002), END),
        Cause(Misdeed.CODE, code=1002),
        'closed with 1002 (protocol error) "no" for a breach of text-is-utf8, expected 1007',
    ),
    (
        played(
            "1.1.1", Octets(C, sent(1, b"")), PATIENCE, Octets(S, close(1003, b"no text")), by_us(1003), END
        ),
        Cause(Misdeed.REFUSES, code=1003),
        'closed the connection with 1003 (unsupported data) "no text", although nothing that was sent is '
        "against a rule; expected a text message without a payload",
    ),
    (
        played("1.1.1", Octets(C, sent(1, b"")), PATIENCE, END),
        Cause(Misdeed.DROPS),
        "ended TCP without a Close frame, although",
    ),
    # It was to refuse what hadn't been sent yet.
    (
        played("6.4.1", PATIENCE, Octets(S, close(1011)), by_us(1011), END),
        Cause(Misdeed.REFUSES, code=1011),
        "although nothing that was sent is against a rule; expected the connection still open",
    ),
    (played("6.4.1", PATIENCE, END), Cause(Misdeed.DROPS), "ended TCP without a Close frame, although"),
    # What came for a legal message isn't the answer to what broke a rule behind it.
    (
        played("3.2", *LEGAL_THEN_RSV2, PATIENCE, server(1, b"Hello, world!"), OUT, by_us(1001), END),
        Cause(Misdeed.ACCEPTS, "rsv-zero"),
        "(RSV2 is 1): it did nothing",
    ),
    # It broke a rule itself before it was sent what it was to refuse.
    (
        played(
            "3.2",
            LEGAL_THEN_RSV2[0],
            Octets(S, encode(frame(1, b"Hello, world!", key=bytes(4)))),
            *LEGAL_THEN_RSV2[1:],
            by_us(1002),
            Octets(S, close(1002)),
            END,
        ),
        Cause(Misdeed.BREAKS, "server-does-not-mask"),
        "",
    ),
    # A Close that may not be sent refuses all the same, and is what is wrong.
    (
        played("6.3.1", BAD_TEXT, PATIENCE, Octets(S, close(1006)), by_us(1002), END),
        Cause(Misdeed.BREAKS, "close-code"),
        "the code is 1006",
    ),
    (
        played(
            "5.3",
            Octets(C, encode(frame(1, b"fragment1", fin=False, key=bytes(4)))),
            Octets(S, close(1007)),
            by_us(1007),
            END,
        ),
        Cause(Misdeed.REFUSES, code=1007),
        "although nothing that was sent is against a rule; expected a text message of 18 octets",
    ),
    (
        played(
            "2.2",
            Octets(C, sent(9, b"Hello, world!")),
            server(10, b"Hello, world!"),
            server(10, b"Hello, world!"),
            *clean_end(),
        ),
        Cause(Misdeed.DIFFERS, detail="the same Pong twice"),
        "it is what came just before, once more",
    ),
    (samples.wrong_code, Cause(Misdeed.REFUSES, code=1002), "expected 1000 (normal closure)"),
    (
        samples.short,
        Cause(Misdeed.DIFFERS, detail="a message cut short"),
        "the message ends after 124 of 126",
    ),
]


@pytest.mark.parametrize(("play", "cause", "said"), TOLD)
def test_a_failure_has_a_cause_that_is_said(
    play: Callable[[], Judged], cause: Cause | None, said: str
) -> None:
    result = play()
    assert result.cause == cause
    assert result.failed is (cause is not None)
    assert said in causes.why(result)
    if cause is not None:
        assert causes.sentence(cause, S)


def test_what_had_to_be_refused_is_underlined_and_not_its_echo() -> None:
    result = TOLD[2][0]()
    shown = terminal.as_text(terminal.failure(result), 100).partition("wire log")[0]
    lines = shown.splitlines()
    at = next(number for number, line in enumerate(lines) if "TX OCTETS" in line)
    assert "RX OCTETS" not in shown
    assert lines[at + 1][lines[at + 2].index("^^") :].startswith("a0")  # the octet that can't follow ed
    assert any(isinstance(event, Violation) and event.side is S for event in result.events)


def test_failures_of_one_cause_are_told_once() -> None:
    bad = [replace(samples.wrong_code(), case=known()[f"1.1.{number}"]) for number in (3, 2, 1, 7)]
    other = replace(samples.short(), case=known()["1.2.3"])
    good = judge(known()["6.3.1"], TOLD[1][0]().trace, C)
    found = by_cause([*bad, good, other])
    assert [[result.case.id for result in failures.results] for failures in found] == [
        ["1.1.3", "1.1.2", "1.1.1", "1.1.7"],
        ["1.2.3"],
    ]
    assert found[0].example.case.id == "1.1.1"
    run = replace(samples.run(), results=(*bad, good, other))
    assert github.commands([run]).count("::error ") == 2
    assert "3 more cases for the same cause: 1.1.3 1.1.2 1.1.7" in junit.xml([run])
    assert markdown.summary([run]).count("\n| 1") == 2
    summed_up = " ".join(terminal.as_text(terminal.summary(run), 100).split())
    assert summed_up.count("although nothing that was sent is against a rule") == 1
