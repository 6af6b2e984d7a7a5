"""File descriptors, of which a system gives a program only so many: what is done where none is left."""

from __future__ import annotations

import asyncio
import errno
from pathlib import Path
from typing import Any

from replay import limits

EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
"""What the system says where replay itself has no descriptors or memory left."""


def spare_connections(each: int) -> int:
    """How many connections may be open at once, of so many descriptors each, so that some are left for
    files; at least one."""
    try:
        import resource

        most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        used = len(list(Path("/dev/fd").iterdir()))
    except (ImportError, OSError):  # no such limit, or nobody says how many there are
        return limits.MOST_JOBS.default
    if most == resource.RLIM_INFINITY:
        return limits.MOST_JOBS.default
    return max(1, (most - used - limits.SPARE.default) // each)


def pass_over_exhaustion(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """For `set_exception_handler`: the loop tries again to accept a connection for which there were no
    descriptors."""
    error = context.get("exception")
    if not (isinstance(error, OSError) and error.errno in EXHAUSTED):
        loop.default_exception_handler(context)
