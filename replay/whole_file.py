"""All of a file or nothing: it is written beside its place, and moved there once it is whole."""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress

PART = re.compile(r"\.tmp-.*")
"""The names of files that are being written, or were when replay was killed."""

_KEPT = 40
"""Characters of the file's own name in that of its part: names have an end."""


def write(path: str | os.PathLike[str], octets: bytes, at: int | None = None) -> None:
    """Write a file, in place of the one that is there, whose permissions it keeps.

    `at`: an open folder, from which a relative path starts; nothing is written outside it, so that a link
    in it gives way, where any other link is followed. Raises OSError; nothing is left behind then, nor
    when it is interrupted.
    """
    path = os.path.realpath(path) if at is None else path
    folder, name = os.path.split(os.fspath(path))
    part = os.path.join(folder, f".tmp-{os.getpid()}-{name[-_KEPT:]}")  # noqa: PTH118
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(part, flags, 0o666, dir_fd=at), "wb") as file:
            file.write(octets)
        with suppress(FileNotFoundError):
            os.chmod(part, stat.S_IMODE(os.stat(path, dir_fd=at).st_mode), dir_fd=at)
        os.replace(part, path, src_dir_fd=at, dst_dir_fd=at)
    except BaseException:
        with suppress(OSError):
            os.unlink(part, dir_fd=at)
        raise
