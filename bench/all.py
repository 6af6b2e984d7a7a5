"""Measures everything that has a goal, and prints it as one table with the goals beside it.

    python bench/all.py [--rounds 3]            about five minutes

What is compared is run by turns. The Python that runs this needs replay, and the system has to be Linux.
The first time, kosoku and the servers are installed from PyPI into a cache.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench import startup
from bench.suite import (
    ENV,
    KOSOKU,
    LIBRARIES,
    ROOT,
    SERVERS,
    SETS,
    Median,
    Program,
    Server,
    Set,
    installed,
    measured,
    median,
    rounds,
    serving,
)

PARALLEL = (1, 8, 32)
"""The settings of kosoku's -p, of which the best counts."""

QUICK = PARALLEL[1:]
"""Those for a server that lets each case run into a time limit: one case after the other takes minutes."""

SAMPLES = 0.02
"""Seconds between two looks at the memory of a run."""

MIB = 2**20

LINE = "{:<50} {:>10} {:>8} {:>10} {:>8} {}"
"""A line of the table."""


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement of replay, what it is compared with, and the goal."""

    what: str
    replay: float
    other: float | None  # None: there is nothing to compare it with
    goal: float
    form: Literal["ratio", "more", "alone"]
    unit: str = "s"

    @property
    def found(self) -> float:
        """The number that the goal is about."""
        if self.other is None or self.form == "alone":
            return self.replay
        return self.replay / self.other if self.form == "ratio" else self.replay - self.other

    def __str__(self) -> str:
        sign = "+" if self.form == "more" else ""
        unit = "×" if self.form == "ratio" else self.unit
        replay = f"{self.replay:.2f} {self.unit}"
        other = "" if self.other is None else f"{self.other:.2f} {self.unit}"
        found = f"{sign}{self.found:.2f} {unit}"
        goal = f"{sign}{self.goal:g} {unit}"
        said = "" if self.found <= self.goal else "missed"
        return LINE.format(self.what, replay, other, found, goal, said).rstrip()


def starts() -> Iterator[Row]:
    """What each command costs before it does anything."""
    found = startup.medians(startup.ROUNDS)
    bare, click = found[startup.BARE], found[startup.CLICK]
    yield Row("replay --help, CPU, to import click", found["replay --help"], click, 1.3, "ratio")
    yield Row("replay list, CPU, more than bare Python", found["replay list"], bare, 0.15, "more")
    yield Row("replay run 1.1.1, CPU, more than bare Python", found["replay run 1.1.1"], bare, 0.25, "more")


def rivals(medians: dict[str, Median], what: str, wall: float | None, cpu: float | None) -> Iterator[Row]:
    """replay to the best of kosoku's settings, by wall-clock time and by processor time."""
    replay = medians["replay"]
    others = [row for name, row in medians.items() if name != "replay"]
    if any(row.cases != replay.cases for row in others):
        print(f"{what}: not compared, as the programs didn't run the same cases", file=sys.stderr)
        return
    if wall is not None:
        best = min(row.wall for row in others)
        yield Row(f"{what}, wall, to kosoku's best", replay.wall, best, wall, "ratio")
    if cpu is not None:
        best = min(row.cpu for row in others)
        yield Row(f"{what}, CPU, to kosoku's best", replay.cpu, best, cpu, "ratio")


def tree(pid: int) -> list[int]:
    """This process and those that it has started."""
    with suppress(OSError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *(each for child in children for each in tree(int(child)))]
    return []


def held(pid: int) -> int:
    """The octets of memory that a process holds; those of a shared page are divided among its holders."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def peak(program: Program, server: Server, chosen_set: Set, out: Path) -> int:
    """The most memory that all processes of a run held together. It is stored in `out`."""
    command = program.command(server.port, chosen_set, out)
    most = 0
    with subprocess.Popen(command, cwd=ROOT, env=ENV, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            most = max(most, sum(map(held, tree(process.pid))))
            time.sleep(SAMPLES)
    return most


def report(python: Path, run: Path, times: int) -> float:
    """The processor time of a page of a stored run."""
    command = [str(python), "-m", "replay", "report", str(run), "--out", str(run.with_suffix(".html"))]
    return statistics.median(startup.seconds(command, str(ROOT)) for _ in range(times))


def suites(python: Path, cache: Path, times: int) -> Iterator[Row]:
    """Runs of the suite, and what becomes of them."""
    replay = Program(python)
    kosoku = installed(cache / "kosoku", KOSOKU)
    libraries = installed(cache / "servers", *LIBRARIES)
    programs = [replay, *(Program(kosoku, parallel) for parallel in PARALLEL)]
    quick = [program for program in programs if program.parallel in (0, *QUICK)]

    def runs(of: Sequence[Program], server: Server, which: str) -> dict[str, Median]:
        found = rounds(of, server, SETS[which], times)
        return {name: median(each) for name, each in found.items()}

    with serving((libraries, *SERVERS["websockets"])) as server:
        for program in programs[:2]:  # compiles the modules, and warms up the server
            measured(program, server, Set(("1.*",)))
        yield from rivals(runs(programs, server, "light"), "sections 1 to 7 and 10", 0.55, 1.5)
        yield from rivals(runs(programs, server, "heavy"), "section 9", 1.2, 1.3)
        whole = runs([replay], server, "whole")["replay"]
        yield Row("all 517, CPU, to the server's", whole.cpu, whole.server, 1.5, "ratio")
        with tempfile.TemporaryDirectory() as folder:
            both = Set((*SETS["light"].globs, *SETS["heavy"].globs))
            most = peak(replay, server, both, Path(folder, "both"))
            yield Row("sections 1 to 10, memory", most / MIB, None, 160, "alone", "MiB")
            peak(replay, server, SETS["whole"], Path(folder, "whole"))
            took = report(python, Path(folder, "whole"), times)
        yield Row("replay report of all 517, CPU", took, None, 3, "alone")
    with serving((libraries, *SERVERS["nodrop"])) as server:
        yield from rivals(runs(quick, server, "light"), "1 to 7 and 10, time limits", 0.8, None)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3, help="runs of each program (default: 3)")
    parser.add_argument(
        "--cache", type=Path, default=ROOT / ".cache" / "bench", help="folder for the packages"
    )
    chosen = parser.parse_args()
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        print("PYTHONDONTWRITEBYTECODE is set, so replay may be compiled anew at each start")
    print(LINE.format("", "replay", "other", "found", "at most", "").rstrip())
    for row in starts():
        print(row)
    for row in suites(Path(sys.executable), chosen.cache, chosen.rounds):
        print(row, flush=True)


if __name__ == "__main__":
    main()
