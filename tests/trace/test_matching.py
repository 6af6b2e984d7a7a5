"""FRAME lines beside octets: which frame each belongs to, what stands for itself, what the errors say."""

from __future__ import annotations

import pytest

from replay.source import Source, SourceError
from replay.trace.model import Cut, Octets
from replay.trace.wirelog import Parsed, parse

A, B, C = (
    'RX FRAME : OPCODE=1, PAYLOAD="a"',
    'RX FRAME : OPCODE=1, PAYLOAD="b"',
    "RX FRAME : OPCODE=2, PAYLOAD=63",
)
TA, TB = (line.replace("RX", "TX").replace("PAYLOAD", "MASK=None, PAYLOAD") for line in (A, B))
DATA = {"a": "810161", "b": "810162", "c": "820163"}


def rx(frames: str) -> str:
    return "RX OCTETS: " + "".join(DATA[one] for one in frames)


def tx(frames: str) -> str:
    return rx(frames).replace("RX", "TX")


def parsed(*lines: str) -> Parsed:
    return parse(Source("log", "\n".join(lines)))


def entries(*lines: str) -> list[str]:
    """The octets of each entry."""
    return [one.data.hex() for one in parsed(*lines).trace.entries if isinstance(one, Octets)]


def refused(*lines: str) -> tuple[str, str | None, int]:
    """What is said of a log, the hint, and the line."""
    with pytest.raises(SourceError) as error:
        parsed(*lines)
    assert error.value.span is not None
    return error.value.message, error.value.hint, error.value.span.line


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ((rx("ab"), A, B), ["ab"]),
        ((rx("ab"), A), ["ab"]),
        ((rx("ab"), B), ["ab"]),
        ((rx("a"), rx("b"), A, B), ["a", "b"]),
        ((rx("a"), A, B), ["a", "b"]),
        ((rx("a"), A, A), ["a", "a"]),
        ((rx("a"), A, A, A), ["a", "a", "a"]),
        ((rx("aa"), A, A, A), ["aa", "a"]),
        ((A, rx("a")), ["a", "a"]),
        ((A, rx("a"), A), ["a", "a"]),
        ((rx("a"), "FAILING CONNECTION", A), ["a", "a"]),
        ((rx("a"), TA, A), ["a", "a", "a"]),
        ((rx("a"), "FAILING CONNECTION", rx("b"), B), ["a", "b"]),
        ((rx("a"), tx("b"), rx("b"), B), ["a", "b", "b"]),
        ((rx("abc"), C), ["abc"]),
        ((TA, tx("a")), ["a"]),
        ((TA, TB, tx("ab")), ["ab"]),
        ((TB, tx("ab")), ["ab"]),
        ((TA, TB, tx("a"), tx("b")), ["a", "b"]),
        ((TA, TB, tx("b")), ["a", "b"]),
        ((TA, TA, TA, tx("a")), ["a", "a", "a"]),
        ((tx("a"), TA), ["a", "a"]),
        ((TA, "FAILING CONNECTION", tx("a")), ["a", "a"]),
        ((TA, tx("a"), "FAILING CONNECTION", TA, tx("a")), ["a", "a"]),
        ((TA, rx("b"), tx("a")), ["a", "b", "a"]),
    ],
)
def test_a_line_stands_beside_its_octets_or_for_octets_of_its_own(
    lines: tuple[str, ...], found: list[str]
) -> None:
    assert entries(*lines) == ["".join(DATA[one] for one in each) for each in found]


WHOLE = 'RX FRAME : OPCODE=1, PAYLOAD="abcde"'
SHA = "0123456789abcdef" * 4
OWN = "delete the OCTETS line to let the FRAME line stand for its octets"
NONE = "correct or delete the FRAME line; to stand for octets of its own, it needs PAYLOAD="


@pytest.mark.parametrize(
    ("lines", "message", "hint", "line"),
    [
        (
            (rx("a"), B),
            "PAYLOAD contradicts the octets of line 1 at octet 0 of 1: expected 61, found 62",
            OWN,
            2,
        ),
        (
            (TB, tx("a")),
            "PAYLOAD contradicts the octets of line 2 at octet 0 of 1: expected 61, found 62",
            OWN,
            1,
        ),
        ((rx("a"), C), "OPCODE contradicts the octets of line 1: expected 1, found 2", OWN, 2),
        (
            (rx("a"), 'RX FRAME : OPCODE=1, PAYLOAD="ab"'),
            "PAYLOAD contradicts the octets of line 1: expected 1 octets, found 2",
            OWN,
            2,
        ),
        (
            ("TX FRAME : OPCODE=2", tx("a")),
            "OPCODE contradicts the octets of line 2: expected 1, found 2",
            NONE,
            1,
        ),
        (
            ("TX FRAME : OPCODE=1, FIN=False", tx("a")),
            "FIN contradicts the octets of line 2: expected True, found False",
            NONE,
            1,
        ),
        (
            ("TX FRAME : OPCODE=1, RSV=1", tx("a")),
            "RSV contradicts the octets of line 2: expected 0, found 1",
            NONE,
            1,
        ),
        (
            ("TX FRAME : OPCODE=1, PAYLOAD-LEN=0", tx("a")),
            "PAYLOAD-LEN contradicts the octets of line 2: expected 1, found 0",
            NONE,
            1,
        ),
        (
            ("TX FRAME : OPCODE=1, MASKED=True", tx("a")),
            "MASKED contradicts the octets of line 2: expected False, found True",
            NONE,
            1,
        ),
        (
            ("TX FRAME : OPCODE=1, MASK=01020304", tx("a")),
            "MASK contradicts the octets of line 2: expected None, found 01020304",
            NONE,
            1,
        ),
        (
            (rx("a"), "FAILING CONNECTION", rx("b"), A),
            "PAYLOAD contradicts the octets of line 3 at octet 0 of 1: expected 62, found 61",
            OWN,
            4,
        ),
        ((rx("ab"), A, C), "OPCODE contradicts the octets of line 1: expected 1, found 2", OWN, 3),
        ((rx("ab"), C, B), "OPCODE contradicts the octets of line 1: expected 1, found 2", OWN, 2),
        (
            (rx("aa"), B, B, A),
            "PAYLOAD contradicts the octets of line 1 at octet 0 of 1: expected 61, found 62",
            OWN,
            2,
        ),
        ((rx("a"), C, A), "OPCODE contradicts the octets of line 1: expected 1, found 2", OWN, 2),
        (
            (TA, TB.replace("OPCODE=1", "OPCODE=2"), tx("a")),
            "OPCODE contradicts the octets of line 3: expected 1, found 2",
            OWN,
            2,
        ),
    ],
)
def test_a_line_that_contradicts_its_octets(
    lines: tuple[str, ...], message: str, hint: str, line: int
) -> None:
    assert refused(*lines) == (message, hint, line)


def test_a_received_line_without_payload_is_only_warned_of() -> None:
    found = parsed(rx("a"), "RX FRAME : OPCODE=2")
    assert found.warnings == ("log:2:19: OPCODE contradicts the octets of line 1: expected 1, found 2",)
    found = parsed(rx("a"), "RX FRAME : OPCODE=1", "RX FRAME : OPCODE=1")
    assert found.warnings == ("log:3:1: no frame in the octets matches this line",)
    assert entries(rx("a"), "RX FRAME : OPCODE=1", "RX FRAME : OPCODE=1") == ["810161"]


@pytest.mark.parametrize(
    ("lines", "data", "cut"),
    [
        (("RX OCTETS: 8105 6162 ...", 'RX FRAME : OPCODE=1, PAYLOAD="abcde"'), "81056162636465", None),
        (
            ("RX OCTETS: 8105 6162 ... +3 octets", 'RX FRAME : OPCODE=1, PAYLOAD="abcde"'),
            "81056162636465",
            None,
        ),
        (("RX OCTETS: 8105 6162 ... +2 octets", "RX FRAME : OPCODE=1"), "81056162", Cut(2)),
        ((f"RX OCTETS: 8105 6162 ... sha256={SHA}", WHOLE), "81056162636465", None),
        ((f"RX OCTETS: 8105 6162 ... +3 octets sha256={SHA}", WHOLE), "81056162636465", None),
        ((f"RX OCTETS: 8105 6162 ... +4 octets sha256={SHA}", WHOLE), "81056162", Cut(4, SHA)),
        (
            (f"RX OCTETS: 8105 6162 ... +3 octets sha256={SHA}", "RX FRAME : OPCODE=1, PAYLOAD-LEN=5"),
            "81056162",
            Cut(3, SHA),
        ),
        (("RX OCTETS: 8105 6162 ...", "RX FRAME : OPCODE=1"), "81056162", Cut()),
        (("RX OCTETS: 8105 6162 ...", "RX FRAME : OPCODE=1, PAYLOAD-LEN=5"), "81056162", Cut(3)),
    ],
)
def test_a_line_completes_octets_that_were_cut(lines: tuple[str, ...], data: str, cut: Cut | None) -> None:
    (one,) = (one for one in parsed(*lines).trace.entries if isinstance(one, Octets))
    assert (one.data.hex(), one.cut) == (data, cut)


def test_beside_octets_that_are_missing_a_line_is_not_compared() -> None:
    said = "this line is not compared, as octets next to it are missing"
    digest = " ... +9 octets sha256=" + "0" * 64
    for lines, told in (((A, C), ["log:3:1"]), ((A, "RX FRAME : OPCODE=2"), []), ((A,), [])):
        warnings = parsed(rx("a") + digest, *lines).warnings
        assert [one for one in warnings if said in one] == [f"{place}: {said}" for place in told]


KEY = "expected MASK= in the client's FRAME line without OCTETS next to it"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("TX FRAME : OPCODE=1, MASK=None", "this FRAME line has neither PAYLOAD= nor OCTETS next to it"),
        ("TX FRAME : MASK=None, PAYLOAD=61", "expected OPCODE= in a FRAME line without OCTETS next to it"),
        ("TX FRAME : OPCODE=1, PAYLOAD=61", KEY),
        ("RX FRAME : OPCODE=1, MASKED=True, PAYLOAD=61", KEY),
        (
            "TX FRAME : OPCODE=1, MASKED=True, MASK=None, PAYLOAD=61",
            "MASKED=True and MASK contradict each other",
        ),
        (
            "TX FRAME : OPCODE=1, MASKED=False, MASK=01020304, PAYLOAD=61",
            "MASKED=False and MASK contradict each other",
        ),
        ("TX FRAME : OPCODE=16, MASK=None, PAYLOAD=61", "OPCODE: expected 0 to 15, found 16"),
        ("TX FRAME : OPCODE=1, RSV=8, MASK=None, PAYLOAD=61", "RSV: expected 0 to 7, found 8"),
        (
            "TX FRAME : OPCODE=1, PAYLOAD-LEN=2, MASK=None, PAYLOAD=61",
            "PAYLOAD-LEN=2, but PAYLOAD has 1 octets",
        ),
    ],
)
def test_what_a_line_alone_has_to_say(line: str, message: str) -> None:
    assert refused(line)[0] == message


@pytest.mark.parametrize(
    ("line", "octets"),
    [
        ("RX FRAME : OPCODE=1, PAYLOAD=61", "810161"),
        ("RX FRAME : OPCODE=1, MASKED=False, PAYLOAD=61", "810161"),
        ("TX FRAME : OPCODE=15, RSV=7, MASK=None, PAYLOAD=", "ff00"),
        ("TX FRAME : OPCODE=0, FIN=False, RSV=0, MASKED=True, MASK=01020304, PAYLOAD=60", "00810102030461"),
        ("TX FRAME : OPCODE=1, PAYLOAD-LEN=1, MASK=None, PAYLOAD=61", "810161"),
    ],
)
def test_the_octets_that_a_line_alone_stands_for(line: str, octets: str) -> None:
    assert entries(line) == [octets]
    (one,) = parsed(line).trace.entries
    assert one.span is not None
    assert line[one.span.start : one.span.end] == line[line.rindex("PAYLOAD=") :].rstrip()
