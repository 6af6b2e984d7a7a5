"""The file of one connection: written entry by entry, so that it is whole up to the last of them however
the recorder ends."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from replay import limits
from replay.source import MAX_FILE, printable, strerror
from replay.trace import streamed
from replay.trace.lines import MAX_ENTRIES
from replay.trace.model import Entry, Logging

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_NUMBERED = re.compile(r".*?(\d+)\.wirelog")
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0)
_LAST = 1000
"""Octets that are left for the last line of a log that is full, and for notes."""
_FULL = f"it would be larger than replay reads: {MAX_ENTRIES:,} entries, {MAX_FILE >> 20} MiB"


def slug(target: str) -> str:
    """The path of a target as the beginning of a file's name; empty for /."""
    path = target.partition("?")[0].partition("#")[0]
    return _UNSAFE.sub("-", path).strip("-.")[: limits.NAME.default]


class Folder:
    """Where logs go. Each is named after its path and a number that goes on from that of the last one."""

    def __init__(self, path: Path) -> None:
        """Make the folder. Raises OSError."""
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        found = (_NUMBERED.fullmatch(file.name) for file in path.iterdir())
        self._last = max((int(one[1]) for one in found if one), default=0)

    def new(self, target: str) -> tuple[Path, int]:
        """A new file, open for appending. Raises OSError."""
        while True:
            self._last += 1
            name = "-".join(filter(None, (slug(target), f"{self._last:03d}")))
            path = self.path / f"{name}.wirelog"
            with suppress(FileExistsError):  # another recorder was faster
                return path, os.open(path, _FLAGS, 0o666)


class LogFile:
    """The log of one connection, whose file is made with its first entry. What can't be written is said in
    `fault`; what was written before stays."""

    def __init__(self, folder: Folder, target: str, headers: Sequence[tuple[str, str]]) -> None:
        self.path: Path | None = None
        self.fault: str | None = None
        self._folder, self._target = folder, target
        self._text = streamed.head(headers)  # to be written before the next line
        self._file: int | None = None
        self._size = 0
        self._count = 0

    def record(self, entry: Entry) -> None:
        """Write an entry."""
        if self.fault is not None:
            return
        text = self._text + streamed.line(self._count, entry)
        if self._count + 2 > MAX_ENTRIES or self._size + len(text) + _LAST > MAX_FILE:
            text, self.fault = self._text + streamed.line(self._count, Logging(False)), _FULL
        try:
            if self._file is None:
                self.path, self._file = self._folder.new(self._target)
            self._append(text.encode())
        except OSError as error:
            place = self.path if self.path is not None else self._folder.path
            self.fault = f"{printable(str(place))}: {strerror(error)}"
            self.close()
        self._text = ""
        self._count += 1

    def note(self, name: str, value: str) -> None:
        """Add a header line, which may stand anywhere in a log."""
        if self._file is not None and self.fault is None:
            with suppress(OSError):
                self._append(streamed.header(name, value).encode())

    def _append(self, octets: bytes) -> None:
        """Write all of these octets, or none. Raises OSError."""
        assert self._file is not None
        at = 0
        try:
            while at < len(octets):
                at += os.write(self._file, memoryview(octets)[at:])
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._file, self._size)
            raise
        self._size += at

    @property
    def size(self) -> int:
        """The octets of the file."""
        return self._size

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
