"""A journal: one file to which records are appended. A record that isn't complete isn't read.

    replay journal 2
    run 0 812 0 5f0c11d2
    {"replay": "0.1.0", ...}

    case 2 531 96 9f3a1c02
    {"id": "1.1.2", ...}
    (96 octets)

The first line names the format. A record begins with a line that contains its kind, a number, the lengths
of its value and of its body in octets, and a CRC-32 of all that and of what follows the line. The value,
one line of JSON, and the body, which can be any octets, follow, each ended by a line feed.

A record that is cut off by the end of the file is ignored. A record with a wrong checksum is damaged; its
lengths still lead to the next one. If something else is found where a record should begin, the rest of the
file can't be read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO
from zlib import crc32

from msgspec import Struct

from replay.source import MAX_FILE, SourceError, file_error, printable

NAME = "run.journal"
VERSION = 2
FIRST_LINE = b"replay journal %d\n" % VERSION

_FORMAT = b"replay journal "
_HEAD = re.compile(rb"(([a-z]{1,8}) (\d{1,9}) (\d{1,12}) (\d{1,12})) ([0-9a-f]{8})\n")
_MOST_HEAD = 54
"""The length of the longest line with which a record may begin."""

_CHUNK = 2**20


class Body(Struct, frozen=True):
    """Where the body of a record is."""

    path: Path
    at: int
    size: int

    def read(self) -> bytes:
        """Raises SourceError."""
        name = printable(str(self.path))
        if self.size > MAX_FILE:
            raise SourceError(None, f"{name}: a record is larger than {MAX_FILE >> 20} MiB")
        try:
            with self.path.open("rb") as file:
                file.seek(self.at)
                octets = file.read(self.size)
        except OSError as error:
            raise file_error(self.path, error) from None
        if len(octets) < self.size:
            raise SourceError(None, f"{name}: it was replaced by another run")
        return octets


class JournalRecord(Struct, frozen=True):
    kind: str
    number: int
    value: bytes
    body: Body
    at: int  # the octet with which it begins
    whole: bool  # whether its checksum is right
    version: int = VERSION  # of the journal that it is in


Take = Callable[[JournalRecord], None]
"""Called with each record."""


def record(kind: str, number: int, value: bytes, body: bytes = b"") -> bytes:
    """The octets of a record."""
    said = b"%s %d %d %d" % (kind.encode(), number, len(value), len(body))
    sum = crc32(b"\n", crc32(body, crc32(b"\n", crc32(value, crc32(said)))))
    return b"%s %08x\n%s\n%s\n" % (said, sum, value, body)


def append(at: int, octets: bytes) -> None:
    """Write to the end of an open file, in one write if the system accepts it. Raises OSError."""
    left = memoryview(octets)
    while left:
        left = left[os.write(at, left) :]


def is_journal(path: Path) -> bool:
    """Whether a file is a journal of any version. Raises OSError."""
    if not path.is_file():  # opening a named pipe would wait for a writer
        return False
    with path.open("rb") as file:
        return file.read(len(_FORMAT)) == _FORMAT


def read(path: Path, take: Take) -> int | None:
    """Call `take` with each record of a journal, in order; their bodies are not read yet.

    Returns the offset from which on the file can't be read, or None if it could be read to its end. Takes
    time linear in the size of the file, and memory for one value. Raises SourceError."""
    try:
        with path.open("rb") as file:
            version = _version(path, file.read(len(FIRST_LINE)))
            return _read(path, file, version, os.fstat(file.fileno()).st_size, take)
    except OSError as error:
        raise file_error(path, error) from None


def _version(path: Path, first: bytes) -> int:
    """The version that the first line names. Raises SourceError."""
    name, lines = printable(str(path)), {_FORMAT + b"%d\n" % each: each for each in range(1, VERSION + 1)}
    if first in lines:
        return lines[first]
    if first.startswith(_FORMAT) and not any(line.startswith(first) for line in lines):
        hint = "read it with the version of replay that wrote it"
        raise SourceError(None, f"{name}: expected version {VERSION} of the format, or an older one", hint)
    raise SourceError(None, f"{name}: damaged, expected {FIRST_LINE.decode().strip()!r} as its first line")


def _read(path: Path, file: BinaryIO, version: int, size: int, take: Take) -> int | None:
    at = file.tell()
    while at < size:
        head = file.read(min(_MOST_HEAD, size - at))
        if (found := _HEAD.match(head)) is None:
            return None if len(head) < _MOST_HEAD and b"\n" not in head else at
        of_value, of_body = int(found[4]), int(found[5])
        start = at + found.end()
        body = Body(path, start + of_value + 1, of_body)
        if (end := body.at + of_body + 1) > size:
            return None
        if of_value > MAX_FILE:
            return at
        file.seek(start)
        value = file.read(of_value)
        sum = crc32(value, crc32(found[1]))
        for chunk in _chunks(file, of_body + 2):  # with the line feeds
            sum = crc32(chunk, sum)
        whole = sum == int(found[6], 16)
        take(JournalRecord(found[2].decode(), int(found[3]), value, body, at, whole, version))
        at = end
    return None


def _chunks(file: BinaryIO, size: int) -> Iterator[bytes]:
    while size and (chunk := file.read(min(size, _CHUNK))):
        size -= len(chunk)
        yield chunk
