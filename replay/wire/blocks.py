"""DEFLATE blocks (RFC 1951) of one direction, as they come in, by zlib: any number of messages of them,
the window that they refer to, and how a message ends (RFC 7692 §7.2.2)."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Sequence
from importlib import import_module
from typing import Any

library: Any
try:  # the same to the octet and to the word, in four fifths of the time, if the extra `speed` is installed
    library = import_module("zlib_ng.zlib_ng")
except ImportError:
    library = zlib

Broken: type[Exception] = library.error
"""Raised where octets are no DEFLATE data, or a distance is too far."""

TAIL = b"\x00\x00\xff\xff"
"""How an empty stored block ends; a sender cuts it, a receiver appends it (§7.2.1, §7.2.2)."""

EXACT = 2**10
"""Octets of output, behind the first window of them, in which each distance is held against the window
exactly. Behind those one that is too far by less than half of it may pass."""

PIECE = 64
"""Octets that go to zlib at once where it is asked for one: what it leaves of them is copied each time."""

_PROBE = b"\x01\x01\x00\xfe\xff!"
"""A final stored block: at a block's border, and nowhere else, it gives '!' and ends the data."""


class Past:
    """The last octets of output, a window of them or a little more, by reference."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.chunks: deque[bytes] = deque()
        self.held = 0

    def add(self, data: bytes) -> None:
        if not data:
            return
        data = data[-self._size :]
        self.chunks.append(data)
        self.held += len(data)
        while self.held - len(self.chunks[0]) >= self._size:
            self.held -= len(self.chunks.popleft())

    def add_joined(self, parts: Sequence[bytes]) -> None:
        """No more of them are joined than a window holds."""
        first, room = len(parts), self._size
        while first and room > 0:
            first -= 1
            room -= len(parts[first])
        self.add(b"".join(parts[first:]))

    def octets(self) -> bytes:
        """A window of them at the most, joined once."""
        joined = b"".join(self.chunks)[-self._size :]
        self.chunks, self.held = deque((joined,)), len(joined)
        return joined

    def copy(self) -> Past:
        past = Past(self._size)
        past.chunks, past.held = self.chunks.copy(), self.held
        return past


class Blocks:
    """DEFLATE blocks as they come in; behind a final one more may come (§7.2.3.4).

    zlib sees a distance that goes beyond its window and the output of the call in hand, so only
    calls for one octet tell each distance exactly.
    """

    def __init__(self, window_bits: int, past: Past, exact: int) -> None:
        self._bits = window_bits
        self._before = past
        self.now = Past(1 << window_bits)
        self.exact = exact
        self._step = 1 << window_bits - 1
        self._free = (1 << window_bits) - past.held  # octets before any distance can be too far
        self._zlib = library.decompressobj(-window_bits, zdict=past.octets())

    def copy(self) -> Blocks:
        copied = Blocks.__new__(Blocks)
        copied.__dict__.update(self.__dict__, now=self.now.copy(), _zlib=self._zlib.copy())
        return copied

    def settle(self) -> None:
        """The message is over: what it gave is past."""
        for data in self.now.chunks:
            self._before.add(data)
        self.now = Past(1 << self._bits)

    def take(self, octets: bytes, most: int) -> bytes:
        """What comes out of them, cut off at `most` octets. Raises Broken; then all is lost."""
        made: list[bytes] = []
        if self._bits == 15 and not self._zlib.eof:
            data: bytes = self._zlib.decompress(octets, most)
            self.now.add(data)
            octets = self._zlib.unused_data
            if not octets:
                return data
            most -= len(data)
            made.append(data)
        self.take_slowly(octets, most, made)
        return b"".join(made)

    def take_slowly(self, octets: bytes, most: int, made: list[bytes]) -> None:
        """The same in small steps; what came out before a Broken stands in `made`."""
        at, seen = 0, len(made)
        while at < len(octets) and most:
            if self._zlib.eof:
                self.now.add_joined(made[seen:])
                seen = len(made)
                self._zlib = library.decompressobj(-self._bits, zdict=self._window())
            size = PIECE if self.exact > 0 else 4 * self._step
            piece = octets[at : at // size * size + size]
            most -= self._steps(piece, most, made)
            at += len(piece) - len(self._zlib.unused_data)
        self.now.add_joined(made[seen:])

    def _steps(self, piece: bytes, most: int, made: list[bytes]) -> int:
        """Inflate it as far as `most` allows, in steps as large as may be; how much came out."""
        stream, left, more = self._zlib, most, True
        decompress, keep = stream.decompress, made.append
        while more and left:
            if self._free > 0:
                step, times = min(self._free, left), 1
            elif self.exact > 0:
                step, times = 1, min(self.exact, left)
            else:
                step = min(self._step, left)
                times = left // step
            before = len(made)
            for _ in range(times):
                data = decompress(piece, step)
                keep(data)
                if len(data) < step or stream.eof:
                    more = False
                    break
                piece = stream.unconsumed_tail
            came = (len(made) - before - 1) * step + len(data)
            self.exact -= came if self._free <= 0 else 0
            self._free -= came
            left -= came
        return most - left

    def _window(self) -> bytes:
        if self.now.held >= 1 << self._bits:
            return self.now.octets()
        return (self._before.octets() + self.now.octets())[-(1 << self._bits) :]

    @property
    def final(self) -> bool:
        """Whether the octets so far end with a final block, so that others may begin behind it."""
        return bool(self._zlib.eof)

    def end(self) -> bool:
        """Append the four octets; whether the data ends with them, or with a final block. If it doesn't,
        they stay where they are, in the block that has begun."""
        if self._zlib.eof:
            return True
        try:
            if self._zlib.decompress(TAIL, 1):
                return False
            if self._zlib.eof:
                return not self._zlib.unused_data
            probe = self._zlib.copy()
            return probe.decompress(_PROBE, 2) == b"!" and probe.eof and not probe.unused_data
        except Broken:
            return False
