"""Measures the start-up time of replay: --help, a list of the cases, a run of one case and one of many.

    python bench/startup.py [--rounds 11]

Prints medians of processor time, user and system, and how each relates to the bare interpreter and to
`import click`, below which no command line made with click can start. The commands are run alternately,
after a first round that compiles the modules and keeps the cases. They are run in an empty folder, as a
config costs more. The Python that runs this needs replay.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
REPLAY = str(Path(sysconfig.get_path("scripts")) / "replay")

ROUNDS = 11

BARE, CLICK = "python -c pass", "python -c 'import click'"
COMMANDS = {
    BARE: [sys.executable, "-c", "pass"],
    CLICK: [sys.executable, "-c", "import click"],
    "replay --help": [REPLAY, "--help"],
    "replay list": [REPLAY, "list"],
    "replay run 1.1.1": [REPLAY, "run", "1.1.1"],
    "replay run -q traces/": [REPLAY, "run", "-q", str(ROOT / "traces")],
}


def seconds(command: list[str], folder: str) -> float:
    """The processor time of a command and its children. It has to succeed."""
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return used.ru_utime + used.ru_stime


def medians(rounds: int) -> dict[str, float]:
    """The processor time of each command, run so many times by turns after a first round."""
    measured: dict[str, list[float]] = {name: [] for name in COMMANDS}
    with tempfile.TemporaryDirectory() as folder:
        for command in COMMANDS.values():
            seconds(command, folder)
        for _ in range(rounds):
            for name, command in COMMANDS.items():
                measured[name].append(seconds(command, folder))
    return {name: statistics.median(times) for name, times in measured.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="runs of each command (default: 11)")
    chosen = parser.parse_args()
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        print("PYTHONDONTWRITEBYTECODE is set, so replay may be compiled anew at each start")
    found = medians(chosen.rounds)
    print(f"{'':<24} {'median':>9} {'more':>9} {'× python':>9} {'× click':>9}")
    for name, median in found.items():
        more, bare, click = median - found[BARE], median / found[BARE], median / found[CLICK]
        print(f"{name:<24} {median * 1000:6.0f} ms {more * 1000:6.0f} ms {bare:9.1f} {click:9.2f}")


if __name__ == "__main__":
    main()
