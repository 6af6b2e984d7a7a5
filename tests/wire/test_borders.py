"""The form of a length at its borders, and the names of reserved bits, against literal octets.

What encodes and what judges share one function for the form, so that no round trip would notice its faults.
"""

from __future__ import annotations

import pytest

from replay.protocol.frame_rules import header_breaches
from replay.wire.frame import Opcode, decode_header, encode, encode_header, encode_message, frame, reserved
from replay.wire.side import Side

SHORTEST = [
    (0, "8200"),
    (1, "8201"),
    (125, "827d"),
    (126, "827e007e"),
    (127, "827e007f"),
    (65535, "827effff"),
    (65536, "827f0000000000010000"),
    (65537, "827f0000000000010001"),
]
LONGER = [
    (0, "827e0000"),
    (125, "827e007d"),
    (0, "827f0000000000000000"),
    (126, "827f000000000000007e"),
    (65535, "827f000000000000ffff"),
]


@pytest.mark.parametrize(("length", "octets"), SHORTEST)
def test_a_length_is_written_in_the_fewest_octets(length: int, octets: str) -> None:
    header = frame(2, length=length).header
    assert encode_header(header).hex() == octets
    (message,) = encode_message(2, bytes(length), None, bytes).single()
    assert message == bytes.fromhex(octets) + bytes(length) == encode(frame(2, bytes(length)))


@pytest.mark.parametrize(("length", "octets"), [*SHORTEST, *LONGER])
def test_a_length_in_more_octets_than_it_needs_is_a_breach_and_no_other_is(
    length: int, octets: str
) -> None:
    found = decode_header(bytes.fromhex(octets))
    assert found is not None
    assert found[0].length == length
    broken = [breach.rule for breach in header_breaches(found[0], Side.SERVER, False, False)]
    assert broken == ([] if (length, octets) in SHORTEST else ["minimal-length"])


@pytest.mark.parametrize(
    ("octets", "broken"), [("827f7fffffffffffffff", False), ("827f8000000000000000", True)]
)
def test_the_first_bit_of_a_length_of_64_bits_is_0(octets: str, broken: bool) -> None:
    found = decode_header(bytes.fromhex(octets))
    assert found is not None
    rules = [breach.rule for breach in header_breaches(found[0], Side.SERVER, False, False)]
    assert rules == (["length-below-2-63"] if broken else [])


@pytest.mark.parametrize(
    ("bits", "said"),
    [
        (4, "RSV1"),
        (2, "RSV2"),
        (1, "RSV3"),
        (6, "RSV1 and RSV2"),
        (5, "RSV1 and RSV3"),
        (3, "RSV2 and RSV3"),
        (7, "RSV1, RSV2 and RSV3"),
    ],
)
def test_reserved_bits_are_counted_from_the_left(bits: int, said: str) -> None:
    assert reserved(bits) == said


@pytest.mark.parametrize(
    ("header", "octets"),
    [
        (frame(2, b"").header, "8200"),
        (frame(1, b"a", fin=False).header, "0101"),
        (frame(10, b"", rsv=4).header, "ca00"),
        (frame(9, b"", rsv=2).header, "a900"),
        (frame(15, b"", rsv=1).header, "9f00"),
        (frame(8, b"ab", key=b"\1\2\3\4").header, "888201020304"),
    ],
)
def test_each_bit_of_a_header_has_its_place(header: object, octets: str) -> None:
    found = decode_header(bytes.fromhex(octets))
    assert found == (header, len(octets) // 2)


def test_the_opcodes_are_those_of_the_rfc() -> None:
    assert {opcode.name: opcode.value for opcode in Opcode} == {
        "CONTINUATION": 0x0,
        "TEXT": 0x1,
        "BINARY": 0x2,
        "CLOSE": 0x8,
        "PING": 0x9,
        "PONG": 0xA,
    }


@pytest.mark.parametrize("opcode", [Opcode.CLOSE, Opcode.PING, Opcode.PONG])
@pytest.mark.parametrize(("length", "broken"), [(0, False), (125, False), (126, True), (65536, True)])
def test_a_control_frame_has_125_octets_at_most(opcode: int, length: int, broken: bool) -> None:
    header = frame(opcode, bytes(length)).header
    rules = [breach.rule for breach in header_breaches(header, Side.SERVER, False, False)]
    assert rules == ["control-length"] * broken
