"""What looks a little like the columns of a dump, and is octets nevertheless."""

from __future__ import annotations

import pytest

from replay.source import Source, SourceError
from replay.trace.model import Cut, Octets
from replay.trace.wirelog import parse


def entry(literal: str) -> Octets:
    (found,) = parse(Source("log", f"TX OCTETS: {literal}\n")).trace.entries
    assert isinstance(found, Octets)
    return found


@pytest.mark.parametrize(
    ("literal", "octets"),
    [
        ("81 85 37 fa 21 3d 7f", "818537fa213d7f"),
        ("00000000 0102", "000000000102"),  # a key of zeros and a payload
        ("0000 8182 37fa", "0000818237fa"),
        ("8180  12 34 56 78", "818012345678"),
        ("82fe007e  32 45 eb 4b", "82fe007e3245eb4b"),
        ("00000000 00000001", "0000000000000001"),
        ("8185 37fa213d\n           0008 aa bb", "818537fa213d0008aabb"),
        ('"GET / HTTP/1.1\\r\\n"   0d0a', "474554202f20485454502f312e310d0a0d0a"),
        ("(ccbb15b5)*2   ccbb", "ccbb15b5ccbb15b5ccbb"),
    ],
)
def test_what_are_octets(literal: str, octets: str) -> None:
    assert entry(literal).data.hex() == octets


@pytest.mark.parametrize("literal", ["81 85 ...", "8185 ...", "818537fa   ..."])
def test_a_cut_is_a_cut(literal: str) -> None:
    assert entry(literal).cut == Cut()


def test_a_list_of_any_length_is_refused() -> None:
    with pytest.raises(SourceError, match="expected hex digits"):
        entry("0x81, " * 100_000)


def said(literal: str) -> tuple[str, str | None, str]:
    """What an error says of this literal, its hint, and the characters that it shows."""
    text = f"TX OCTETS: {literal}"
    with pytest.raises(SourceError) as error:
        parse(Source("log", text))
    span = error.value.span
    assert span is not None
    return error.value.message, error.value.hint, text[span.start : span.end]


OFFSET = "expected octets, found the offset column of a hex dump"
COLUMN = "expected octets, found what may be the text column of a hex dump"
WORDS = "this dump has words whose octets may be swapped; `xxd -p` or `hexdump -C` prints octets"
ROW = " ".join(f"{number:02x}" for number in range(16))


@pytest.mark.parametrize(
    ("literal", "message", "hint", "shown"),
    [
        ("0000: 8182 37fa", OFFSET, "write only the octets: 81 82 37 fa", "0000:"),
        ("0x0010 81 82", OFFSET, "write only the octets: 81 82", "0x0010"),
        ("0x0010: 81 82", OFFSET, "write only the octets: 81 82", "0x0010:"),
        ("00000000  81 82 37 fa", OFFSET, "write only the octets: 81 82 37 fa", "00000000"),
        ("00000010  81 82", OFFSET, "write only the octets: 81 82", "00000010"),
        ("00000008\t81 82", OFFSET, "write only the octets: 81 82", "00000008"),
        ("000008 81 82", OFFSET, "write only the octets: 81 82", "000008"),
        ("0008 81 82  ..", OFFSET, "write only the octets: 81 82", "0008"),
        ("81 82\n  00000002 37 fa", OFFSET, "write only the octets: 37 fa", "00000002"),
        ("8182\n6162\n  00000004 37 fa", OFFSET, "write only the octets: 37 fa", "00000004"),
        ("8182\n  00000002 37 fa", OFFSET, "write only the octets: 37 fa", "00000002"),
        ("81\n  8200\n  00000003 37 fa", OFFSET, "write only the octets: 37 fa", "00000003"),
        (f"00000000  {ROW}  ................", OFFSET, f"write only the octets: {ROW}", "00000000"),
        ("81 82  ..", COLUMN, "write only the octets: 81 82; add ' ...' if the log was cut off here", ".."),
        (
            "61 7e 1f 7f  a~..",
            COLUMN,
            "write only the octets: 61 7e 1f 7f; add ' ...' if the log was cut off here",
            "a~..",
        ),
        ("20 21  x", COLUMN, "write only the octets: 20 21", "x"),
        (
            "81 82\n  61 62  ab",
            COLUMN,
            "write only the octets: 61 62; add ' ...' if the log was cut off here",
            "ab",
        ),
        (
            "10000001 10000010",
            "expected hex digits, found binary digits",
            "in hex digits: 81 82",
            "10000001 10000010",
        ),
        ("12:00:01 81", "expected octets, found a time", None, "12:00:01"),
        ("+1.204 8100", "expected octets, found a time", None, "+1.204"),
        ("1.204", "expected octets, found a time", None, "1.204"),
        ("81\n  12:00:01 zz", "expected octets, found a time", None, "12:00:01"),
        ("0000010 8182 37fa", OFFSET, WORDS, "0000010"),
        ("0000010  8182  ab", OFFSET, WORDS, "0000010"),
        ("00010 81 82", OFFSET, "write only the octets: 81 82", "00010"),
    ],
)
def test_a_dump_is_refused_and_shown_as_octets(
    literal: str, message: str, hint: str | None, shown: str
) -> None:
    found = said(literal)
    assert (found[0], found[2]) == (message, shown)
    if hint is not None:
        assert found[1] == hint


@pytest.mark.parametrize(
    ("literal", "what", "octets"),
    [
        ("0x81, 0x5, 0xff", "a list of numbers", "81 05 ff"),
        ("{0x81, 0x82};", "a list of numbers", "81 82"),
        ("0x8185", "one number", "81 85"),
        (r"\x81\x85", "escapes of another language", "81 85"),
        (r"b'\x81\x85'", "escapes of another language", "81 85"),
        ("bytes.fromhex('8185')", "hex in quotes", "81 85"),
        ("'8185'", "hex in quotes", "81 85"),
        ("8a:85", "marks between octets", "8a 85"),
        ("81-85-ff,", "marks between octets", "81 85 ff"),
        ("[129, 133, 255]", "decimal numbers", "81 85 ff"),
        ("129, 133, 7", "decimal numbers", "81 85 07"),
        (", ".join(["0x81"] * 16), "a list of numbers", " ".join(["81"] * 16)),
        (", ".join(["0x81"] * 17), "a list of numbers", " ".join(["81"] * 16) + " …"),
        ("0x" + "81" * 199, "one number", " ".join(["81"] * 16) + " …"),
    ],
)
def test_octets_of_another_language_are_named_and_shown(literal: str, what: str, octets: str) -> None:
    assert said(literal) == (
        f'expected hex digits, "text" or (items)*n, found {what}',
        f"in hex digits: {octets}",
        literal,
    )


@pytest.mark.parametrize(
    "literal",
    [
        "00000008 8182 37fa",  # one space behind what may be octets themselves
        "00000000  8182",
        "00000009  81 82",  # no offset that a dump begins a line with
        "10000008  81 82",
        "0004 81 82",
        "0008 81 82",
        "81 82\n  00000003 37 fa",
        "00000001 00000010 2a",
        "00000000 00000010",
        "00000000",
        f"{ROW}  {ROW}",
        "81 82" + " " * 400 + "00000000",
        "00000000" + " " * 395 + "81 82",
    ],
)
def test_what_only_resembles_a_dump(literal: str) -> None:
    assert entry(literal).data == bytes.fromhex(literal)
