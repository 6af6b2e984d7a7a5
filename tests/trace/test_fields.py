"""The fields of a log's line: what each reads, and what is said of one that is wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from replay.source import Source, SourceError
from replay.trace import fields
from replay.trace.fields import Value

READERS: dict[str, Callable[[str], Value]] = {
    "NUMBER": fields.number,
    "MAYBE": fields.optional,
    "TRUTH": fields.truth,
    "KEY": fields.key,
    "DIGEST": fields.digest,
}
SHA = "0123456789abcdef" * 4


def read(text: str, last: str | None = "PAYLOAD") -> dict[str, tuple[Value, str]]:
    """Each value with the text that it was read from."""
    source = Source("log", f"x {text}")
    found = fields.read(source.span(2, len(source.text)), READERS, 100, last)
    return {name: (one.value, source.text[one.span.start : one.span.end]) for name, one in found.items()}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NUMBER=0", 0),
        ("NUMBER=9999999999999999999", 10**19 - 1),
        ("MAYBE=None", None),
        ("MAYBE=7", 7),
        ("TRUTH=True", True),
        ("TRUTH=False", False),
        ("KEY=None", None),
        ("KEY=01020304", b"\1\2\3\4"),
        ("KEY=3031303230333034", b"\1\2\3\4"),  # hexed twice
        (f"DIGEST={SHA}", SHA),
        ("PAYLOAD=ab cd", b"\xab\xcd"),
        ("NUMBER = 5", 5),
    ],
)
def test_what_a_field_reads(text: str, value: Value) -> None:
    ((found, shown),) = read(text).values()
    assert found == value
    assert shown == text.partition("=")[2].strip()


def test_fields_stand_in_any_order_with_commas_between_and_the_last_takes_the_rest() -> None:
    found = read('TRUTH=True ,NUMBER=1,\n  KEY=None, PAYLOAD="a, b=c" 00  ')
    assert {name: value for name, (value, _) in found.items()} == {
        "TRUTH": True,
        "NUMBER": 1,
        "KEY": None,
        "PAYLOAD": b"a, b=c\0",
    }
    assert found["PAYLOAD"][1] == '"a, b=c" 00'
    assert read("") == {}
    assert read("NUMBER=1,") == {"NUMBER": (1, "1")}


@pytest.mark.parametrize(
    ("text", "said", "column"),
    [
        ("NUMBER=", "NUMBER: expected a whole number, found ''", 10),
        ("NUMBER=-1", "NUMBER: expected a whole number, found '-1'", 10),
        ("NUMBER=10000000000000000000", "NUMBER: expected a whole number", 10),
        ("NUMBER=²", "NUMBER: expected a whole number", 10),
        ("MAYBE=none", "MAYBE: expected a whole number, found 'none'", 9),
        ("TRUTH=true", "TRUTH: expected True or False, found 'true'", 9),
        ("KEY=010203", "KEY: expected 8 hex digits or None, found '010203'", 7),
        ("KEY=0102030405", "KEY: expected 8 hex digits or None", 7),
        ("KEY=30313032303330", "KEY: expected 8 hex digits or None", 7),
        ("KEY=zz", "KEY: expected 8 hex digits or None", 7),
        (f"DIGEST={SHA[1:]}", "DIGEST: expected 64 hex digits (0-9, a-f)", 10),
        (f"DIGEST={SHA.upper()}", "DIGEST: expected 64 hex digits (0-9, a-f)", 10),
        ("NUMBER=1, NUMBER=2", "the field 'NUMBER' appears twice", 13),
        ("NUMBER=1 MAYBE=2", "expected ',' after NUMBER=1", 11),
        ("NUMBER", "expected a field such as 'OPCODE=1'", 3),
        ("NUMBRE=1", "unknown field 'NUMBRE'", 3),
        ("x=1", "unknown field 'x'", 3),
    ],
)
def test_a_field_that_is_wrong_has_its_place(text: str, said: str, column: int) -> None:
    with pytest.raises(SourceError) as raised:
        read(text)
    assert raised.value.message.startswith(said)
    assert raised.value.span is not None
    assert raised.value.span.start == column - 1


def test_a_field_that_is_unknown_has_a_hint() -> None:
    with pytest.raises(SourceError) as raised:
        read("NUMBRE=1")
    assert "NUMBER" in str(raised.value.hint)
    with pytest.raises(SourceError) as raised:
        read("x=1")
    assert raised.value.hint == "known fields are NUMBER, MAYBE, TRUTH, KEY, DIGEST, PAYLOAD"
    with pytest.raises(SourceError) as raised:
        read("x=1", None)
    assert raised.value.hint == "known fields are NUMBER, MAYBE, TRUTH, KEY, DIGEST"


@pytest.mark.parametrize(
    ("text", "microseconds", "shown"),
    [
        ("0", 0, "0.000000"),
        ("1", 1_000_000, "1.000000"),
        ("1.5", 1_500_000, "1.500000"),
        ("0.000001", 1, "0.000001"),
        ("0.0000014", 1, "0.000001"),
        ("0.0000015", 2, "0.000002"),
        ("0.9999995", 1_000_000, "1.000000"),
        ("12.3456789", 12_345_679, "12.345679"),
        ("999999999999.999999", 999_999_999_999_999_999, "999999999999.999999"),
    ],
)
def test_seconds_are_read_as_microseconds(text: str, microseconds: int, shown: str) -> None:
    assert fields.seconds(Source("log", text).span(0, len(text))) == microseconds
    assert fields.show_seconds(microseconds) == shown


@pytest.mark.parametrize("text", ["", "1.", ".5", "-1", "1e3", "1,5", "1000000000000", "٣"])
def test_what_are_no_seconds_is_told(text: str) -> None:
    with pytest.raises(SourceError, match=r"expected seconds such as 1\.000000, found"):
        fields.seconds(Source("log", text).span(0, len(text)))
