"""Writes a file completely or not at all: into a temporary file beside it, which replaces it once it is
complete."""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress

PART = re.compile(r"\.tmp-.*")
"""The names of temporary files that are being written, or were left behind when replay was killed."""

_KEPT = 40
"""How many characters of the file's name its temporary name keeps: file systems limit the length of a
name."""


def write(path: str | os.PathLike[str], octets: bytes, at: int | None = None) -> None:
    """Write a file, replacing one that exists and keeping its permissions.

    `at` is an open folder to which the path is relative. Nothing is written outside that folder: a symbolic
    link in it is replaced, where otherwise links are followed. Raises OSError; then, and when interrupted,
    it leaves no temporary file behind.
    """
    path = os.path.realpath(path) if at is None else path
    folder, name = os.path.split(os.fspath(path))
    part = os.path.join(folder, f".tmp-{os.getpid()}-{name[-_KEPT:]}")  # noqa: PTH118  # relative to `at`
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
