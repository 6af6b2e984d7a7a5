"""Other programs that are asked for something, and end when they have said it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from tempfile import TemporaryFile

from replay.source import SourceError, printable, strerror


def lines_of(command: Sequence[str]) -> Iterator[str]:
    """What a command prints, line by line. Raises FileNotFoundError if there is no such program, and
    SourceError if it fails."""
    with TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True
            )
        except FileNotFoundError:
            raise
        except OSError as error:
            raise SourceError(None, f"{printable(command[0])}: {strerror(error)}") from None
        with process:
            assert process.stdout is not None
            try:
                yield from process.stdout
            except GeneratorExit:
                process.kill()
                raise
        if process.returncode:
            errors.seek(0)
            last = errors.read()[-2000:].decode("utf-8", "replace").strip().rpartition("\n")[2]
            raise SourceError(None, f"{printable(command[0])} failed: {printable(last)}")
