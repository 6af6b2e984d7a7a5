from __future__ import annotations

import itertools
import sys
from random import Random
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.source import Source, SourceError
from replay.trace import literal
from tests.strategies import payloads


def parse(text: str, limit: int = literal.MAX_ENTRY) -> bytes:
    return literal.parse(Source("log", text).span(0, len(text)), limit)


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("", b""),
        ("81 00\t0A\n  ff", b"\x81\0\n\xff"),
        (r'"a\r\n\t\"\\\x00\xFF" 62', b'a\r\n\t"\\\0\xffb'),
        ('"µ"', b"\xc2\xb5"),
        ('(61 "bc")*3 64', b"abcabcabcd"),
        ("(fe)*0", b""),
        ("( fe ) * 2", b"\xfe\xfe"),
    ],
)
def test_what_a_literal_writes(text: str, octets: bytes) -> None:
    assert parse(text) == octets


@pytest.mark.parametrize(
    ("text", "message", "at"),
    [
        ("8", "odd number", 0),
        ("81 800 00", "odd number", 3),
        ("81 xx", "expected hex", 3),
        ('81 "ab', "quote", 3),
        (r'"a\q"', "escape", 2),
        (r'"a\x4"', "escape", 2),
        ('"a\ufffd"', "not valid UTF-8", 2),
        ("((00)*2)*2", "inside a repeat", 1),
        ("00 (11", "isn't closed", 3),
        ("00)*2", "has no '\\('", 2),
        ("(00)", "expected '\\*'", 3),
        ("()*3", "nothing to repeat", 0),
        ("(00)*999999999999", "999,999,999,999", 0),
        ("(00)*" + "9" * 6000, "far more", 0),
        ("00 ... 00", "end of an entry", 3),
    ],
)
def test_what_is_wrong_with_a_literal(text: str, message: str, at: int) -> None:
    with pytest.raises(SourceError, match=message) as error:
        parse(text)
    assert error.value.span is not None
    assert error.value.span.start == at


@pytest.mark.parametrize("text", ["(00)*6", "000000000000", '"abcdef"', "(00)*3 (00)*3"])
def test_the_bound_is_exact(text: str) -> None:
    assert len(parse(text, 6)) == 6
    with pytest.raises(SourceError, match="5"):
        parse(text, 5)


@given(payloads, st.booleans())
def test_what_is_written_reads_back(octets: bytes, text: bool) -> None:
    items = literal.items(octets, text=text)
    assert items is not None
    assert parse(" ".join(items)) == octets
    assert parse(literal.wrap("", items, 15)) == octets


@pytest.mark.parametrize(
    ("octets", "items"),
    [
        (b"", []),
        (b"\xfe" * 47, ["fe" * 47]),
        (b"\xfe" * 48, ["(fe)*48"]),
        (b"\x82\x7e\0\x7e" + b"\xfe" * 126, ["827e007e", "(fe)*126"]),
        (bytes(range(32)) * 2, [(bytes(range(32)) * 2).hex()]),
        (bytes(range(32)) * 3 + b"\0", [f"({bytes(range(32)).hex()})*3", "00"]),
        (bytes(512) + b"\1", ["(00)*512", "01"]),
        (b"a" + (b"a" * 40 + b"b") * 3, ["61", f"({'61' * 40}62)*3"]),
    ],
)
def test_one_rule_for_repeats(octets: bytes, items: list[str]) -> None:
    assert literal.items(octets) == items


@given(
    st.binary(min_size=1, max_size=512), st.binary(max_size=40), st.binary(max_size=40), st.integers(3, 6)
)
def test_every_long_enough_run_is_found(unit: bytes, before: bytes, after: bytes, count: int) -> None:
    run = unit * (count + 48 // len(unit))
    items = literal.items(before + run + after)
    assert items is not None
    assert any(")*" in item for item in items)


def test_text_is_quoted_only_if_all_of_it_is_printable() -> None:
    assert literal.items(b"Hello", text=True) == ['"Hello"']
    assert literal.items(b"Hello\0", text=True) == ["48656c6c6f00"]
    assert literal.items(b"ab" * 40 + b"c", text=True) == ['("ab")*40', '"c"']


def test_a_long_payload_is_left_out_unless_it_repeats() -> None:
    assert literal.items(bytes(range(256)), most=255) is None
    assert literal.items(bytes(range(256)), most=256) == [bytes(range(256)).hex()]
    assert literal.items(bytes(10000), most=10) == ["(00)*10000"]


@pytest.mark.parametrize(
    ("text", "offset", "shown"),
    [
        ("8100 ff", 2, "ff"),
        ("8100\n   ff", 2, "ff"),
        (r'"a\r\x41µ"', 1, r"\r"),
        (r'"a\r\x41µ"', 2, r"\x41"),
        ('"aµb"', 2, "µ"),
        ('"aµb"', 3, "b"),
        ("00 (0102)*3 ff", 4, "02"),
        ("00 (0102)*3 ff", 7, "ff"),
        ('(00 "ab")*2', 4, "a"),
        ("8100", 9, "8100"),
        ("PAYLOAD=8100", 0, "PAYLOAD=8100"),
    ],
)
def test_the_characters_of_an_octet(text: str, offset: int, shown: str) -> None:
    found = literal.locate(Source("log", text).span(0, len(text)), offset)
    assert text[found.start : found.end] == shown


@given(payloads.filter(bool), st.data())
def test_every_octet_is_found_where_it_was_written(octets: bytes, data: st.DataObject) -> None:
    items = literal.items(octets, text=True)
    assert items is not None
    text = " ".join(items)
    offset = data.draw(st.integers(0, len(octets) - 1))
    found = literal.locate(Source("log", text).span(0, len(text)), offset)
    shown = text[found.start : found.end]
    wrote = parse(f'"{shown}"') if '"' in text else bytes.fromhex(shown)
    assert wrote == octets[offset : offset + 1]


@given(st.text())
def test_any_text_can_be_quoted(text: str) -> None:
    quoted = literal.quote_text(text)
    assert literal.parse_text(Source("log", quoted).span(0, len(quoted))) == text
    assert quoted.isprintable()


def test_runs_that_nearly_repeat_are_passed_over_quickly() -> None:
    """Nearly a repeat at each place: a run is one octet short of 48, and the same letters come again at
    many distances. Places that are looked at are counted, not time."""
    random = Random(1)
    short = b"".join(b"a" * 46 + bytes([random.randrange(98, 250)]) for _ in range(1000))
    thue = bytes(bin(number).count("1") & 1 for number in range(40_000))
    for octets in (short, thue, random.randbytes(40_000)):
        whole, half = ends_of_runs(octets), ends_of_runs(octets[: len(octets) // 2])
        assert whole <= 2.1 * half + 10
        assert whole <= len(octets) / 4


def ends_of_runs(octets: bytes) -> int:
    """How many runs are followed to their end, to write these octets."""
    calls = 0

    def count(frame: FrameType, event: str, arg: object) -> None:
        nonlocal calls
        calls += event == "call" and frame.f_code.co_name == "_end_of_run"

    sys.setprofile(count)
    try:
        literal.items(octets)
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("81 800 00", "800"),
        ("81 xyz(00)*2", "xyz"),
        ('81 xyz"a"', "xyz"),
        ("81 x\n00", "x"),
        ("81 x", "x"),
        ('81 "ab', ""),
        (r'00 "a\qb"', r"\q"),
        (r'00 "a\x4"', r"\x"),
        ('"aé\ufffdb"', "\ufffd"),
        ("00 ( (00)*2)*2", "("),
        ("00 (11 22", "("),
        ("00 )*2 11", ")*2"),
        ("00 (00) 11", ")"),
        ("00 ( )*3 11", "( )*3"),
        ("00 (00)*999999999 11", "(00)*999999999"),
        ("81 ... 00", "..."),
        ("00 (0000)*3 (00)*3 11", ")*3"),
        ("0000000000 0000 (00)*3 00", ")*3"),
    ],
)
def test_which_characters_an_error_shows(text: str, shown: str) -> None:
    source = Source("log", f"x {text} y")
    with pytest.raises(SourceError) as error:
        literal.parse(source.span(2, 2 + len(text)), 8)
    assert error.value.span is not None
    assert source.text[error.value.span.start : error.value.span.end].removesuffix(" y") == shown


@pytest.mark.parametrize(
    ("count", "size"),
    [
        ("9" * 18, "1,999,999,999,999,999,998"),
        ("0" * 30 + "9" * 18, "1,999,999,999,999,999,998"),
        ("9" * 19, "far more"),
        ("0000000000000000000005", "10"),
    ],
)
def test_the_size_of_a_repeat_is_told_before_it_is_expanded(count: str, size: str) -> None:
    with pytest.raises(SourceError) as error:
        parse(f"(0000)*{count}", 9)
    said = f"this repeat expands to {size} octets, but at most 9 are allowed here"
    assert error.value.message == said
    assert parse("(0000)*00000000000000000000000004", 9) == bytes(8)


def test_hex_that_is_too_long_is_told_with_its_size() -> None:
    with pytest.raises(SourceError) as error:
        parse("00 (00)*1001 " + "11" * 200, 1200)
    assert error.value.message == "too many octets: 1,202, but at most 1,200 are allowed here"


NOISE = Random(3).randbytes(2000)


@pytest.mark.parametrize("unit", [1, 2, 3, 15, 16, 17, 24, 31, 32, 33, 40, 100, 255, literal.MAX_UNIT])
@pytest.mark.parametrize("before", [0, 1, 15, 16, 17, 40])
def test_a_run_is_found_wherever_it_begins_and_whatever_its_unit(unit: int, before: int) -> None:
    """It begins with the first octet of its first unit and ends with the last of its last whole one."""
    some, count = NOISE[:unit], max(3, -(-48 // unit))
    head = NOISE[1000 : 1000 + before]
    for times, rest in itertools.product((count, count + 1, count + 5), (0, unit - 1)):
        octets = head + some * times + some[:rest] + b"\0\1"
        found = [*([head.hex()] if head else []), f"({some.hex()})*{times}", (some[:rest] + b"\0\1").hex()]
        assert literal.items(octets) == found
        assert literal.items(octets[:-2] if not rest else octets) == (found if rest else found[:-1])
    short = head + (some * count)[: max(48, 3 * unit) - 1] + b"\0"
    assert literal.items(short) == [short.hex()]


def test_a_unit_may_have_so_many_octets_and_no_more() -> None:
    unit = NOISE[: literal.MAX_UNIT + 1]
    assert literal.items(unit * 3) == [(unit * 3).hex()]
    assert literal.items(unit[1:] * 3) == [f"({unit[1:].hex()})*3"]


@given(payloads, st.data())
def test_a_part_of_octets_is_written_as_if_it_were_alone(octets: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(octets)))
    stop = data.draw(st.integers(start, len(octets)))
    most = data.draw(st.none() | st.integers(0, 200))
    alone = literal.items(octets[start:stop], text=True, most=most)
    assert literal.items(octets, start, stop, text=True, most=most) == alone


@pytest.mark.parametrize(
    ("octets", "written"),
    [
        (NOISE[:20], 20),
        (NOISE[:15] + b"a" * 100, 16),
        (NOISE[:16] + b"a" * 100, 17),
        (NOISE[:31] + b"a" * 100, 32),
        (b"a" * 100 + NOISE[:7], 8),
        (NOISE[:10] + b"ab" * 50 + NOISE[10:30] + b"c" * 60 + NOISE[30:35], 10 + 2 + 20 + 1 + 5),
    ],
)
def test_how_many_octets_are_written_out_is_exact(octets: bytes, written: int) -> None:
    assert literal.items(octets, most=written) == literal.items(octets)
    assert literal.items(octets, most=written - 1) is None


@pytest.mark.parametrize(
    ("items", "lines"),
    [
        ([], ["head:"]),
        (["81"], ["head: 81"]),
        (["8" * 94], ["head: " + "8" * 94]),
        (["8" * 114], ["head: " + "8" * 114]),
        (["8" * 116], ["head: " + "8" * 94, "      " + "8" * 22]),
        (["8" * 94, "00"], ["head: " + "8" * 94, "      00"]),
        (["81", "0" * 60, "1" * 60], ["head: 81 " + "0" * 60, "      " + "1" * 60]),
        (["81", "0" * 92, "11"], ["head: 81", "      " + "0" * 92, "      11"]),
        (["81", "0" * 94, "11"], ["head: 81", "      " + "0" * 94, "      11"]),
        (["81", "0" * 96], ["head: 81 " + "0" * 90, "      000000"]),
        (
            ["8" * 70, f"({'1' * 120})*3", "22"],
            ["head: " + "8" * 70 + " (" + "1" * 22, "      " + "1" * 94, "      1111)*3 22"],
        ),
        (["8" * 88, "1" * 120], ["head: " + "8" * 88, "      " + "1" * 94, "      " + "1" * 26]),
        (["8" * 90, '"text"'], ["head: " + "8" * 90, '      "text"']),
        (['"' + "t" * 112 + '"', "00"], ['head: "' + "t" * 112 + '"', "      00"]),
        (['"' + "t" * 113 + '"', "00"], ["head:", '      "' + "t" * 113 + '"', "      00"]),
        (["8" * 90, "... +1 octets"], ["head: " + "8" * 90, "      ... +1 octets"]),
    ],
)
def test_where_a_literal_is_broken_into_lines(items: list[str], lines: list[str]) -> None:
    assert literal.wrap("head: ", items, 6).split("\n") == lines
