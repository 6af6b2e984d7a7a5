"""What binary messages have in common: which of their octets stay the same."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator, Sequence

from replay.values.shape import Octets

_SINCE, _UNTIL = 1_577_836_800, 2_524_608_000  # 2020 and 2050, in seconds since 1970


def _is_moment(number: float) -> bool:
    """Whether a number is a time of these years, in seconds, milliseconds, microseconds, or nanoseconds."""
    return any(_SINCE * unit <= number < _UNTIL * unit for unit in (1, 10**3, 10**6, 10**9))


def _is_measure(number: float) -> bool:
    """Whether a floating-point number is one that people compute with."""
    return math.isfinite(number) and 1e-6 < abs(number) < 1e12


_FIELDS: tuple[tuple[str, int, int, Callable[[float], bool]], ...] = (
    (">Q", 6, 2, _is_moment),
    ("<Q", 6, 2, _is_moment),
    (">d", 2, 4, _is_measure),
    ("<d", 2, 4, _is_measure),
)
"""Numbers in binary messages: the format, how many of the highest octets may have stayed the same, how many
octets have to differ, and what the number says."""


def common(values: Sequence[bytes]) -> Octets | None:
    """The octets that stay the same; None if not even their number does.

    Where the low octets of a number differ, its high ones may differ the next time: those of a time or of a
    floating-point number are free as well.
    """
    if len({len(each) for each in values}) > 1:
        return None
    fixed = [len(set(column)) == 1 for column in zip(*values, strict=True)]
    for begin, end in _numbers(values, fixed):
        fixed[begin:end] = [False] * (end - begin)
    mask = bytes(0xFF if each else 0 for each in fixed)
    return Octets(bytes(octet & bit for octet, bit in zip(values[0], mask, strict=True)), mask)


def _numbers(values: Sequence[bytes], fixed: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Where the numbers begin and end whose highest octets happened to be the same."""
    for code, most, least, fits in _FIELDS:
        size = struct.calcsize(code)
        for begin in range(len(fixed) - size + 1):
            within = fixed[begin : begin + size]
            highest_first = within if code[0] == ">" else within[::-1]
            same = next((number for number, one in enumerate(highest_first) if not one), size)
            if not 0 < same <= most or size - sum(within) < least:
                continue
            if all(fits(struct.unpack_from(code, each, begin)[0]) for each in values):
                yield begin, begin + size
