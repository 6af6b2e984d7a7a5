"""Measures how long `--suite rfc` takes beside the light set: Autobahn's sections 1 to 7, and 10.

    python bench/rfc.py [--rounds 3] [--url ws://127.0.0.1:9001]

Prints medians of time and of processor time, of replay and its workers, and the ratios. The two are run
by turns, after a first round that compiles the modules and keeps the cases. Without --url, the server is
one of the library websockets. The Python that runs this needs replay and websockets.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.processes import listening  # noqa: E402

REPLAY = str(Path(sysconfig.get_path("scripts")) / "replay")
SERVER = ROOT / "tests" / "live" / "servers" / "websockets_echo.py"
SETS = {
    "light": ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*"],
    "rfc": ["--suite", "rfc"],
}


def seconds(words: list[str], url: str, folder: str) -> tuple[float, float]:
    """The time and the processor time of a run, whatever its verdicts are."""
    began = time.monotonic()
    command = [REPLAY, "run", "-q", "--url", url, *words]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise subprocess.CalledProcessError(process.returncode, command)
    return time.monotonic() - began, used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3, help="runs of each set (default: 3)")
    parser.add_argument("--url", help="the server (default: one of the library websockets)")
    chosen = parser.parse_args()
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in SETS}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        url = chosen.url or f"ws://127.0.0.1:{stack.enter_context(listening(sys.executable, SERVER))}"
        for number in range(chosen.rounds + 1):
            for name, words in SETS.items():
                taken = seconds(words, url, folder)
                if number:
                    found[name].append(taken)
    wall, cpu = ({name: statistics.median(one[n] for one in found[name]) for name in SETS} for n in (0, 1))
    print(f"{'':<8} {'time':>9} {'processor':>10}")
    for name in SETS:
        print(f"{name:<8} {wall[name]:7.2f} s {cpu[name]:8.2f} s")
    print(f"{'ratio':<8} {wall['rfc'] / wall['light']:7.2f} × {cpu['rfc'] / cpu['light']:8.2f} ×")


if __name__ == "__main__":
    main()
