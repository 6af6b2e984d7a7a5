"""Streaming decompression of the DEFLATE blocks (RFC 1951) that one side sends, by zlib: any number of
messages, the window that they refer back to, and how a message ends (RFC 7692 §7.2.2)."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Sequence
from importlib import import_module
from typing import Any

library: Any
try:  # from the extra `speed`: the same output and the same error messages in four fifths of the time
    library = import_module("zlib_ng.zlib_ng")
except ImportError:
    library = zlib

Broken: type[Exception] = library.error
"""Raised if octets aren't DEFLATE data, or a distance goes back too far."""

TAIL = b"\x00\x00\xff\xff"
"""The end of an empty stored block; a sender removes it, a receiver appends it (§7.2.1, §7.2.2)."""

EXACT = 2**10
"""After the first window, each distance is checked exactly for this many octets of output. Later on, a
distance that exceeds the window by less than half of its size may go unnoticed."""

PIECE = 64
"""Octets passed to zlib at once while it is asked for output octet by octet; kept small because zlib
copies the input that it hasn't used after each call."""

_PROBE = b"\x01\x01\x00\xfe\xff!"
"""A final stored block. Only between two blocks does it inflate to '!' and end the data."""


class Past:
    """The last octets of output: at least a window of them. The chunks aren't copied."""

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
        """Add these parts, joining only as many as a window can hold."""
        first, room = len(parts), self._size
        while first and room > 0:
            first -= 1
            room -= len(parts[first])
        self.add(b"".join(parts[first:]))

    def octets(self) -> bytes:
        """The last octets as one chunk, no more than a window of them."""
        joined = b"".join(self.chunks)[-self._size :]
        self.chunks, self.held = deque((joined,)), len(joined)
        return joined

    def copy(self) -> Past:
        past = Past(self._size)
        past.chunks, past.held = self.chunks.copy(), self.held
        return past


class Blocks:
    """Decompresses DEFLATE blocks as they arrive; more may follow a final block (§7.2.3.4).

    zlib only notices a distance that exceeds its window together with the output of the current call, so
    only calls that ask for a single octet check each distance exactly.
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
        """End the message: its output now counts as the window of the next one."""
        for data in self.now.chunks:
            self._before.add(data)
        self.now = Past(1 << self._bits)

    def take(self, octets: bytes, most: int) -> bytes:
        """Inflate `octets`, to at most `most` octets. Raises Broken, after which the state is of no use."""
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
        """Like `take`, in small steps; if Broken is raised, `made` holds the output up to there."""
        at, seen = 0, len(made)
        while at < len(octets) and most:
            if self._zlib.eof:
                self.now.add_joined(made[seen:])
                seen = len(made)
                self._zlib = library.decompressobj(-self._bits, zdict=self._window())
            size = PIECE if self._free <= 0 < self.exact else 4 * self._step
            piece = octets[at : at // size * size + size]
            most -= self._steps(piece, most, made)
            at += len(piece) - len(self._zlib.unused_data)
        self.now.add_joined(made[seen:])

    def _steps(self, piece: bytes, most: int, made: list[bytes]) -> int:
        """Inflate it as far as `most` allows, in steps as large as are safe; returns the output's size."""
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
        """Whether the octets so far end with a final block, after which others may begin."""
        return bool(self._zlib.eof)

    def end(self) -> bool:
        """Append TAIL; whether the data then ends between two blocks, or had ended with a final block. If
        not, the four octets remain part of the unfinished block."""
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
