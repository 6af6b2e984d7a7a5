"""Programs that tests start: replay's own commands, and peers that say when they listen."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent.parent


def replay(
    *arguments: str | Path, cwd: Path = ROOT, seconds: float = 60
) -> subprocess.CompletedProcess[str]:
    """`python -m replay …`, as a person without a terminal would run it; what a run stores is removed."""
    with TemporaryDirectory() as folder:
        words = list(map(str, arguments))
        if words[0] == "run" and "--out" not in words:
            words[1:1] = ["--out", folder]
        return subprocess.run(
            [sys.executable, "-m", "replay", *words],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )


@contextmanager
def listening(*command: str | Path, env: Mapping[str, str] | None = None) -> Iterator[int]:
    """Run a server that prints 'listening on PORT' until the block ends; yields the port."""
    with subprocess.Popen(
        list(map(str, command)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **(env or {})},
    ) as process:
        try:
            assert process.stdout is not None
            words = process.stdout.readline().split()
            assert words[:2] == ["listening", "on"], f"{command} doesn't listen"
            yield int(words[2])
        finally:
            process.terminate()


_WORDS = "OK|NON-STRICT|INFORMATIONAL|UNIMPLEMENTED|FAILED BY CLIENT|FAILED|WRONG CODE|UNCLEAN"
_HEADING = rf"({_WORDS})"
_BESIDE = rf"(?: +closing ({_WORDS})| +behaviour ({_WORDS}))?"
_LINE = re.compile(rf"^(?:closing )?{_HEADING} +(\d+(?:\.\d+)+) .*?{_BESIDE}(?: +\d+ of \d+)? +[\d.]+ m?s$")


def verdicts(output: str) -> dict[str, tuple[str, str]]:
    """Behaviour and closing by case, from the lines of a run."""
    lines = [match for line in output.splitlines() if (match := _LINE.match(line))]
    return {line[2]: (line[4], line[1]) if line[4] else (line[1], line[3] or "OK") for line in lines}
