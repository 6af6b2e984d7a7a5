"""Measures the start-up time of `replay --help` and of a whole run, compared with `python -c pass`.

    python bench/startup.py [--rounds 11]

Prints medians of wall-clock time, and how much longer each command takes than the bare interpreter. The
commands are run alternately, after a first round that compiles the modules. The Python that runs this needs
replay.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
REPLAY = str(Path(sysconfig.get_path("scripts")) / "replay")

COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "replay --help": [REPLAY, "--help"],
    "replay run -q traces/": [REPLAY, "run", "-q", "traces/"],
}


def seconds(command: list[str]) -> float:
    """How long a command takes. It has to succeed."""
    start = time.perf_counter()
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=11, help="runs of each command (default: 11)")
    chosen = parser.parse_args()
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        print("PYTHONDONTWRITEBYTECODE is set, so replay may be compiled anew at each start")
    for command in COMMANDS.values():
        seconds(command)
    measured: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(chosen.rounds):
        for name, command in COMMANDS.items():
            measured[name].append(seconds(command))
    medians = {name: statistics.median(times) for name, times in measured.items()}
    base = next(iter(medians.values()))
    for name, median in medians.items():
        more = (median - base) * 1000
        print(f"{name:<22} {median * 1000:6.0f} ms   {more:+6.0f} ms   × {median / base:.1f}")


if __name__ == "__main__":
    main()
