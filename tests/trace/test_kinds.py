"""Each kind of line: how it is written, and what is said of one that is wrong."""

from __future__ import annotations

import pytest

from replay.source import Source, SourceError
from replay.trace.kinds import KINDS, build, is_plain, suggest, write
from replay.trace.lines import scan, split
from replay.trace.model import Cut, Digest, Drop, Entry, How, Logging, Octets, Timer, Unreached, Wait
from replay.trace.wirelog import parse
from replay.wire.side import Side

C, S = Side.CLIENT, Side.SERVER
SHA = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("entry", "words", "tail"),
    [
        (Octets(C, b""), "TX OCTETS: ", []),
        (Octets(S, b"", cut=Cut()), "RX OCTETS: ", ["..."]),
        (Octets(C, b"", cut=Cut(7), chop=2), "TX OCTETS: ", ["CHOP=2", "... +7 octets"]),
        (Octets(S, b"", cut=Cut(0)), "RX OCTETS: ", ["... +0 octets"]),
        (Octets(S, b"", cut=Cut(7, SHA)), "RX OCTETS: ", [f"... +7 octets sha256={SHA}"]),
        (Octets(S, b"", cut=Cut(None, SHA)), "RX OCTETS: ", [f"... sha256={SHA}"]),
        (Digest(S, 1, 5, SHA), f"RX MESSAGE : OPCODE=1, LEN=5, SHA256={SHA}", []),
        (Digest(C, 2, 0, SHA), f"TX MESSAGE : OPCODE=2, LEN=0, SHA256={SHA}", []),
        (Timer(Wait.DELAY, False, 1, "A"), "DELAY 0.000001 sec for TAG A", []),
        (Timer(Wait.DELAY, False, 0), "DELAY 0.000000 sec for TAG None", []),
        (Timer(Wait.DELAY, True, None, "None"), 'DELAY TIMEOUT on TAG "None"', []),
        (Timer(Wait.DELAY, True, 1, "a b"), "DELAY TIMEOUT AFTER 0.000001 sec on TAG a b", []),
        (Timer(Wait.DELAY, True, 1, " a"), 'DELAY TIMEOUT AFTER 0.000001 sec on TAG " a"', []),
        (Timer(Wait.FAIL, False, 1), "FAIL CONNECTION AFTER 0.000001 sec", []),
        (Timer(Wait.FAIL, True, 0), "FAILING CONNECTION AFTER 0.000000 sec", []),
        (Timer(Wait.FAIL, True), "FAILING CONNECTION", []),
        (Timer(Wait.EVENTS, False, 1), "AWAIT EVENTS 0.000001 sec", []),
        (Timer(Wait.EVENTS, True, 1), "EVENTS TIMEOUT AFTER 0.000001 sec", []),
        (Timer(Wait.LIMIT, True, 1), "LIMIT REACHED AFTER 0.000001 sec", []),
        (Drop(C), "TCP DROPPED BY ME", []),
        (Drop(S, How.RST), "TCP DROPPED BY PEER (RST)", []),
        (Drop(S, How.FIN), "TCP DROPPED BY PEER (FIN)", []),
        (Unreached("no route"), 'TCP NOT CONNECTED: "no route"', []),
        (Logging(True), "WIRELOG ENABLED", []),
        (Logging(False), "WIRELOG DISABLED", []),
    ],
)
def test_what_is_written_is_read_again(entry: Entry, words: str, tail: list[str]) -> None:
    assert write(entry, C) == (words, tail)
    source = Source("log", words + " ".join(tail))
    (line,) = scan(source, split(source)).words
    assert build(line, 100) == entry


@pytest.mark.parametrize(
    ("text", "octets", "chop"),
    [
        ("010203 CHOP=1", b"\1\2\3", 1),
        ("010203 CHOP=02", b"\1\2\3", 2),
        ("010203 CHOP=3", b"\1\2\3", None),  # it is one write
        ("010203 CHOP=9999999999999999999", b"\1\2\3", None),
        ("01\n  0203\n  CHOP = 2", b"\1\2\3", 2),
        ('"a CHOP=1"', b"a CHOP=1", None),
        ('"a CHOP=1" CHOP=4', b"a CHOP=1", 4),
        ('"" CHOP=4', b"", None),
        ("CHOP=4", b"", None),
    ],
)
def test_a_run_says_how_long_its_writes_are(text: str, octets: bytes, chop: int | None) -> None:
    (one,) = parse(Source("log", f"TX OCTETS: {text}\n")).trace.entries
    assert isinstance(one, Octets)
    assert (one.data, one.chop) == (octets, chop)


@pytest.mark.parametrize("count", [100, 132, 133, 134, 200])
@pytest.mark.parametrize("cut", ["...", "... +7 octets", f"... +7 octets sha256={SHA}"])
def test_a_cut_stands_behind_any_number_of_octets(count: int, cut: str) -> None:
    (one,) = parse(Source("log", f"RX OCTETS: {'00 ' * count}\n   {cut}\n")).trace.entries
    assert isinstance(one, Octets)
    assert one.data == bytes(count)
    assert one.cut == Cut(7 if "+" in cut else None, SHA if "sha" in cut else None)
    assert one.span is not None
    assert one.span.end - one.span.start == 3 * count - 1


@pytest.mark.parametrize(
    ("text", "message", "shown"),
    [
        ("TX MESSAGE : OPCODE=1, LEN=5", "expected SHA256= in a MESSAGE line", "TX MESSAGE"),
        (f"RX MESSAGE : OPCODE=1, SHA256={SHA}", "expected LEN= in a MESSAGE line", "RX MESSAGE"),
        ("FAIL CONNECTION AFTER x sec", "expected seconds such as 1.000000, found 'x'", "x"),
        ("FAIL CONNECTION AFTER 1", "expected 'FAIL CONNECTION AFTER 1.000000 sec'", "AFTER 1"),
        ("DELAY 1 for TAG A", "expected 'DELAY 1.000000 sec'", "1 for TAG A"),
        ("AWAIT EVENTS 1 second", "expected 'AWAIT EVENTS 1.000000 sec'", "1 second"),
        ("DELAY TIMEOUT AFTER", "expected 'DELAY TIMEOUT on TAG A'", "AFTER"),
        ("EVENTS TIMEOUT AFTER", "expected 'EVENTS TIMEOUT AFTER 1.000000 sec'", "AFTER"),
        ("TCP DROPPED BY ME (X)", "expected '(FIN)', '(RST)' or nothing", "(X)"),
        ("WIRELOG ENABLED (x)", "expected nothing more on this line", "(x)"),
        ('TCP NOT CONNECTED: "a', "this quote isn't closed on its line", ""),
        ("# case: 1\nTX FRAME OPCODE=1", "expected ':' after TX FRAME", "TX FRAME"),
        ("# case: 1\nTX OCTETS 81", "expected ':' after TX OCTETS", "TX OCTETS"),
    ],
)
def test_what_is_wrong_with_a_line(text: str, message: str, shown: str) -> None:
    with pytest.raises(SourceError) as error:
        parse(Source("log", text))
    assert error.value.message == message
    assert error.value.span is not None
    assert text[error.value.span.start : error.value.span.end] == shown


def test_the_form_of_each_kind_is_one_of_its_lines() -> None:
    for kind, about in KINDS.items():
        assert about.form.startswith(kind)
        if "MESSAGE" not in kind and "FRAME" not in kind:
            assert len(parse(Source("log", about.form)).trace.entries) == 1


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("a", True),
        ("a b", True),
        ("", False),
        (" a", False),
        ("a ", False),
        ('"a', False),
        ('a"', True),
        ("a\tb", False),
        ("\ufffd", False),
        ("é", True),
    ],
)
def test_what_may_stand_without_quotes(text: str, plain: bool) -> None:
    assert is_plain(text) is plain


def test_the_kind_that_was_meant() -> None:
    assert suggest("tx octet") == "did you mean 'TX OCTETS'?"
    assert suggest("something else entirely") is None
