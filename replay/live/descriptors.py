"""File descriptors, which are limited: how many connections they allow, and what to do if none is left."""

from __future__ import annotations

import asyncio
import errno
from pathlib import Path
from typing import Any

from replay import limits

EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
"""The errors that mean that replay itself has run out of descriptors or memory."""


def spare_connections(each: int) -> int:
    """How many connections of `each` descriptors may be open at once, with some to spare for files; at
    least one."""
    try:
        import resource

        most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        used = len(list(Path("/dev/fd").iterdir()))
    except (ImportError, OSError):  # the system has no such limit, or doesn't list what is open
        return limits.MOST_JOBS.default
    if most == resource.RLIM_INFINITY:
        return limits.MOST_JOBS.default
    return max(1, (most - used - limits.SPARE.default) // each)


def allow_all() -> None:
    """Allow this process, and those that it starts, as many descriptors as the system lets it have."""
    try:
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    except (ImportError, OSError, ValueError):  # there is no such limit, or the system has a lower one
        return


def pass_over_exhaustion(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """For `set_exception_handler`: ignore that no descriptors are left, as the loop tries again to accept
    the connection."""
    error = context.get("exception")
    if not (isinstance(error, OSError) and error.errno in EXHAUSTED):
        loop.default_exception_handler(context)
