"""A log on standard input, however much comes."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

_MOST = 3 * 2**29


def test_what_is_endless_is_refused_in_bounded_memory() -> None:
    with Path("/dev/zero").open("rb") as endless:
        done = subprocess.run(
            [sys.executable, "-m", "replay", "show", "-"],
            stdin=endless,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (_MOST, _MOST)),
        )
    assert done.returncode == 2, done.stderr
    assert "-: the file is larger than 256 MiB" in done.stderr
