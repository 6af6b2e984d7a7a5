"""One harness for every decoder: the same octets, in every chopping, must mean the same."""

from __future__ import annotations

from collections.abc import Iterator


def every_chop(octets: bytes) -> Iterator[list[bytes]]:
    """Whole, octet by octet, in threes, and cut once at each place of the first 40."""
    yield [octets]
    for step in (1, 3):
        yield [octets[at : at + step] for at in range(0, len(octets), step)]
    for at in range(1, min(len(octets), 40)):
        yield [octets[:at], octets[at:]]
