"""Which lines of a text are entries of a log, which continue one, and which are prose."""

from __future__ import annotations

import pytest

from replay.source import Source, SourceError
from replay.trace import lines
from replay.trace.model import Octets
from replay.trace.wirelog import Parsed, parse, read
from replay.wire.frame import encode, frame
from replay.wire.side import Side

ENTRY = "TX OCTETS: 8100"


def parsed(text: str) -> Parsed:
    return parse(Source("log", text))


def octets(text: str) -> list[bytes]:
    return [one.data for one in parsed(text).trace.entries if isinstance(one, Octets)]


def refused(text: str) -> tuple[str, str]:
    """What is said of a text, and of which characters."""
    with pytest.raises(SourceError) as error:
        read(Source("log", text))
    span = error.value.span
    return error.value.message, "" if span is None else text[span.start : span.end]


@pytest.mark.parametrize(
    "line",
    [
        "404 NOT FOUND is what I got",  # a number and capitals begin a mistyped entry only inside the log
        "LEDAY",  # has the letters of DELAY, in another order
        "TCP DROPPED, says the provider",  # too few words
        "Tx is ours",
        "  +1.5 seconds later",
        "> and so on",
    ],
)
def test_what_is_prose_outside_a_log(line: str) -> None:
    assert octets(f"{line}\n{ENTRY}") == [b"\x81\0"]
    assert octets(f"Notes\n{line}\n{ENTRY}") == [b"\x81\0"]
    assert octets(f"# a comment\n{line}\n{ENTRY}") == [b"\x81\0"]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("DLY 1 sec for TAG A", "DLY"),  # three letters of five: the least that is near enough
        ("+1.5 delai 1 sec", "delai"),
        ("12 Tcp Droped By Me", "Tcp Droped By Me"),
        ("rx octetts: 8100", "rx octetts"),
        ("TX OCTTES: 8100", "TX OCTTES"),
    ],
)
def test_what_is_a_mistyped_entry_on_either_side_of_a_log(line: str, shown: str) -> None:
    said = "expected an entry such as 'TX OCTETS: 8100' or 'TCP DROPPED BY PEER'"
    for text in (f"{line}\n{ENTRY}", f"Notes\n{line}\n{ENTRY}", f"Notes\n\n{ENTRY}\n\n{line}\n\nBye", line):
        assert refused(text) == (said, shown)


def test_a_numbered_line_in_capitals_between_a_log_and_prose_is_a_mistyped_entry() -> None:
    message, shown = refused(f"Notes\n\n000 {ENTRY}\n\n001 SOMETHING ELSE: 1\n\nBye")
    assert message.startswith("expected an entry")
    assert shown == "SOMETHING ELSE"
    assert octets(f"Notes\n\n000 {ENTRY}\n\n01 SOMETHING ELSE: 1\n\nBye") == [b"\x81\0"]


@pytest.mark.parametrize(
    ("text", "message", "shown"),
    [
        ("", "log: no wire log: it is empty", ""),
        ("\n# why\n\n", "log: no wire log: it is empty", ""),
        ("Dear all,\nbye", "no wire log in this text", "Dear all,"),
        ("\n  Dear all,\nbye", "no wire log in this text", "  Dear all,"),
        ("# case: 1\n6162", "expected an entry such as 'TX OCTETS: 8100' or 'TCP DROPPED BY PEER'", "6162"),
        (
            "# case: 1\nDear all,\nTX OCTETS: 81",
            "expected an entry such as 'TX OCTETS: 8100' or 'TCP DROPPED BY PEER'",
            "Dear all",
        ),
        (
            "FAILING CONNECTION\n6162",
            "expected an entry such as 'TX OCTETS: 8100' or 'TCP DROPPED BY PEER'",
            "6162",
        ),
        (
            "TX OCTETS: 81\n+1 ...",
            "expected an entry such as 'TX OCTETS: 8100' or 'TCP DROPPED BY PEER'",
            "+1 ...",
        ),
        ("# case: 1\n  6162", "an indented line continues an entry, but there is none above", "6162"),
        (
            "  TX OCTETS: 81\n# why\n  FAILING CONNECTION\n   61",
            "FAILING CONNECTION can't be continued here",
            "61",
        ),
        ("# recorder: sever\nTX OCTETS: 81", "recorder: expected 'client' or 'server'", "sever"),
        ("# recorder:\nTX OCTETS: 81", "recorder: expected 'client' or 'server'", "recorder"),
        ("\n \n# case: 1 \n# agent: x\n", "this log has header lines, but no entries", "# case: 1 "),
    ],
)
def test_what_is_said_of_a_line_and_where(text: str, message: str, shown: str) -> None:
    assert refused(text) == (message, shown)


def test_what_a_misspelled_recorder_is_nearest_to() -> None:
    with pytest.raises(SourceError) as error:
        parsed("# recorder: sever\nTX OCTETS: 81")
    assert error.value.hint == "did you mean 'server'?"


@pytest.mark.parametrize(
    "text",
    [
        "\nTX OCTETS: 8100\n",
        "\ufeffTX OCTETS: 8100",
        "\ufeff\nTX OCTETS: 8100",
        "\ufeff\r\n\r\nTX OCTETS: 8100\r\n\r\n",
        "\rTX OCTETS: 81\r           00\r",
        "TX OCTETS: 81\n\n \n00",
        "TX OCTETS: 81\n  # a comment: 1\n  00",
        "Notes\nTX OCTETS: 81\n00\nBye",
        "Notes\nTX OCTETS: 81\n 00\nBye",
        "Notes\nTX OCTETS: 81\n\t00\n\n Bye",
        "Notes\n  # why\n\nTX OCTETS: 8100\n\nBye",
        "  TX OCTETS: 81\n  00\n",
        "  TX OCTETS: 81\n   00\n",
    ],
)
def test_how_one_entry_may_be_written(text: str) -> None:
    assert octets(text) == [b"\x81\0"]


def test_headers_are_those_of_the_log() -> None:
    text = (
        '# agent: x/1 \n#case:\n# not a header\n# "two words": "a\\tb"\n# recorder: server\nTX OCTETS: 81\n'
    )
    trace = parsed(text).trace
    assert trace.headers == (("agent", "x/1"), ("case", ""), ("two words", "a\tb"))
    assert trace.recorder is Side.SERVER
    text = f"Notes\n# of mine: 1\nmore notes\n# case: 1\n\n{ENTRY}\n# agent: x\n{ENTRY}\n# after: 2\n\nBye"
    assert parsed(text).trace.headers == (("case", "1"), ("agent", "x"))


def test_a_log_has_as_many_entries_as_the_limit_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_ENTRIES", 3)
    assert len(octets(f"{ENTRY}\n" * 3)) == 3
    assert refused(f"{ENTRY}\n" * 4) == ("too many entries: a log may have 3", "TX OCTETS")


@pytest.mark.parametrize("marks", [">", "> ", "> > "])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_places_in_a_quoted_log_are_those_of_the_file(bom: str, marks: str) -> None:
    text = f"{bom}{marks}# case: 1\n{marks.rstrip()}\n{marks}TX OCTETS: 8100 zz\n"
    with pytest.raises(SourceError) as error:
        parsed(text)
    span = error.value.span
    assert span is not None
    assert text[span.start : span.end] == "zz"
    assert (span.line, span.column) == (3, len(marks) + 17)


@pytest.mark.parametrize(
    ("shown", "size", "known"),
    [
        (["a" * 399], 399, True),
        (["a" * 400], 400, True),
        (["a" * 401], 401, False),
        (["a" * 399, "a"], 400, True),
        (["a" * 399, "aa"], 401, True),
        (["a" * 400, "a"], 401, False),
        (["a" * 200, "", "a" * 100], 300, True),
        (["0x" + "61" * 100], 100, True),
    ],
)
def test_a_payload_below_the_line_of_a_report_restores_what_was_cut(
    shown: list[str], size: int, known: bool
) -> None:
    whole = encode(frame(1, b"a" * size))
    text = (
        f"tiny/0.1 - Case 1.1.1 : Pass\n\n000 RX OCTETS: {whole[:64].hex()} ...\n"
        f"001 RX FRAME : OPCODE=1, FIN=True, RSV=0, PAYLOAD-LEN={size}, MASKED=False, MASK=None\n"
        + "".join(f"               {line}\n" for line in shown)
        + "002 TCP DROPPED BY PEER\n"
    )
    (one,) = (one for one in parsed(text).trace.entries if isinstance(one, Octets))
    assert (one.cut is None) is known
    assert (one.data == whole) is known
