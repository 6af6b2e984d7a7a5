"""The octets of a file or of standard input, read as a stream; what gzip compressed is decompressed."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from replay.source import MAX_FILE, Source, file_error, open_octets

HEAD = 64 * 2**10
"""Octets from which a format is known."""

_BLOCK = 2**20
_GZIP = b"\x1f\x8b\x08"
_TRAILED = 16 + zlib.MAX_WBITS  # with the header and trailer of gzip


class Content:
    """The octets of one file. Its first ones are in `head`; all of them can be read once."""

    def __init__(self, name: str, blocks: Iterable[bytes]) -> None:
        """`name`: as the user knows it."""
        self.name = name
        self._blocks = iter(blocks)
        self.head = b""
        while len(self.head) < HEAD and (block := next(self._blocks, b"")):
            self.head += block

    @classmethod
    def open(cls, path: str) -> Content:
        """The content of a file or (`-`) of standard input. Raises SourceError."""
        return cls.of(path, _read(path))

    @classmethod
    def of(cls, name: str, blocks: Iterable[bytes]) -> Content:
        """The content of these octets, decompressed if they are those of a gzip file."""
        content = cls(name, blocks)
        return cls(name, _inflated(content.blocks())) if content.head.startswith(_GZIP) else content

    def blocks(self) -> Iterator[bytes]:
        """All octets, in blocks of any size. Raises SourceError."""
        if self.head:
            yield self.head
        yield from self._blocks

    def source(self) -> Source:
        """All of it as text. Raises SourceError, also if it is larger than MAX_FILE."""
        octets = bytearray()
        for block in self.blocks():
            octets += block
            if len(octets) > MAX_FILE:
                break
        return Source.decode(self.name, bytes(octets))


def _read(path: str) -> Iterator[bytes]:
    try:
        file = sys.stdin.buffer if path == "-" else open_octets(Path(path))
        try:
            while block := file.read(_BLOCK):
                yield block
        finally:
            if path != "-":
                file.close()
    except OSError as error:
        raise file_error(Path(path), error) from None


def _inflated(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The content of a gzip file, which may have several members and may end too early."""
    inflater = zlib.decompressobj(_TRAILED)
    for block in blocks:
        while block:
            try:
                data = inflater.decompress(block, _BLOCK)
            except zlib.error:  # damaged, or followed by something else: what came before counts
                return
            if data:
                yield data
            block = inflater.unconsumed_tail
            if inflater.eof:
                block = inflater.unused_data.lstrip(b"\0")
                inflater = zlib.decompressobj(_TRAILED)
