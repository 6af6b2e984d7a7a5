"""Writes recorded logs again in canonical form. That takes longer than recording them, so it is the work of
a process of its own: `python -m replay.recording.canonical`, with the names of the files as its input."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

from replay import whole_file
from replay.source import Source, SourceError
from replay.trace.wirelog import parse, storable


def rewrite(path: Path) -> None:
    """Replace a log by its canonical form. Raises OSError and SourceError."""
    octets = storable(parse(Source.read(path)).trace)
    if octets is not None:
        whole_file.write(path, octets)


def main() -> None:
    """Rewrite each log. One that can't be, as when the disk is full, stays as it was recorded."""
    for name in sys.stdin:
        with suppress(OSError, SourceError):
            rewrite(Path(name.rstrip("\n")))


if __name__ == "__main__":
    main()
