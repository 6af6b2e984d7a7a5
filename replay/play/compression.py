"""Compresses what a tester sends (RFC 7692 §7.2.1), once for all connections that send the same."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from replay import limits
from replay.cases.payload import Payload
from replay.protocol.negotiation import Agreed
from replay.wire.deflate import Deflater
from replay.wire.side import Side

MOST = limits.COMPRESSED.default
"""Compressed octets that are kept of one series."""


class Compression:
    """Compresses the messages of one side of one connection, in the order in which they are sent."""

    def __init__(self, terms: Agreed, side: Side) -> None:
        self._bits, self._keeps = terms.window(side), terms.keeps_context(side)
        self._deflater = Deflater(self._bits, self._keeps)

    def message(self, octets: bytes) -> bytes:
        """The payload of a compressed message."""
        return self._deflater.message(octets)

    def rounds(self, payload: Payload, text: bool) -> Iterator[bytes]:
        """The compressed payload of each round, on a connection that sends nothing else."""
        return _series(payload, text, self._bits, self._keeps).messages()


class _Series:
    """The compressed slices of a payload, from its start. They are kept for other connections."""

    def __init__(self, payload: Payload, text: bool, bits: int, keeps: bool) -> None:
        self._payload, self._text, self._bits, self._keeps = payload, text, bits, keeps
        self._deflater = Deflater(bits, keeps)
        self._made: list[bytes] = []
        self._size = 0

    def messages(self) -> Iterator[bytes]:
        number = 0
        while number < len(self._made) or self._size < MOST:
            if number == len(self._made):
                self._made.append(self._deflater.message(self._slice(number)))
                self._size += len(self._made[-1])
            yield self._made[number]
            number += 1
        deflater = Deflater(self._bits, self._keeps, before=self._before(number))
        while True:
            yield deflater.message(self._slice(number))
            number += 1

    def _before(self, number: int) -> bytes:
        """The contents of the window when this message is compressed."""
        octets, size = b"", 1 << self._bits if self._keeps else 0
        while number and len(octets) < size:
            number -= 1
            octets = self._slice(number) + octets
        return octets[-size:] if size else b""

    def _slice(self, number: int) -> bytes:
        return self._payload.of_round(number, self._text).octets


@lru_cache(maxsize=limits.SERIES.default)
def _series(payload: Payload, text: bool, bits: int, keeps: bool) -> _Series:
    return _Series(payload, text, bits, keeps)
