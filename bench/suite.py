"""Compares the cost of a run with replay and with kosoku, alternately and on the same running servers.

    python bench/suite.py                                   all servers, all sets, 5 rounds (an hour)
    python bench/suite.py --set light --server autobahn     a few minutes

Installs kosoku and the servers from PyPI into a cache. The Python that runs this needs replay, and the
system has to be Linux. Prints medians of the wall-clock time, processor time and peak memory of each
program, the processor time that the server spent meanwhile, and the ratios of replay to the best of
kosoku's settings. Programs that didn't run the same cases aren't compared; exit statuses don't matter.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from replay.source import SourceError
from replay.store.reader import load

ROOT = Path(__file__).parent.parent
BENCH, LIVE = ROOT / "bench" / "servers", ROOT / "tests" / "live" / "servers"
ENV = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

LIMIT = 900.0
"""Seconds after which a run is killed."""

KOSOKU = "kosoku==0.1.0"
LIBRARIES = ("websockets==17.4", "autobahn==26.10.2", "aiohttp==3.14.5")
SERVERS = {
    "websockets": (LIVE / "websockets_echo.py",),
    "autobahn": (BENCH / "autobahn_echo.py",),
    "aiohttp": (LIVE / "aiohttp_echo.py",),
    "nodrop": (LIVE / "sloppy_echo.py", "nodrop"),
}


@dataclass(frozen=True, slots=True)
class Set:
    """Cases to run, with the options that make replay do the same work as kosoku."""

    globs: tuple[str, ...]
    options: tuple[str, ...] = ()
    rival: bool = True  # kosoku runs these cases too, in a reasonable time


SETS = {
    "light": Set(tuple(f"{section}.*" for section in (1, 2, 3, 4, 5, 6, 7, 10))),
    "heavy": Set(("9.*",)),
    "deflate": Set(("12.*", "13.*"), ("--thorough",)),
    "whole": Set(("*",), rival=False),
}


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of a program took."""

    wall: float  # seconds
    cpu: float  # seconds, user and system, including all its children
    server: float  # seconds of processor time that the server spent meanwhile
    memory: int  # octets, at the peak
    cases: frozenset[str]


@dataclass(frozen=True, slots=True)
class Median:
    """Several runs of one program with the same settings."""

    wall: float
    cpu: float
    server: float
    memory: float
    cases: frozenset[str]  # those of every run


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is running."""

    port: int
    pid: int

    def cpu(self) -> float:
        """Seconds of processor time that it has spent so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Program:
    """A program to measure; `parallel` is kosoku's -p, or 0 for replay."""

    python: Path
    parallel: int = 0

    @property
    def name(self) -> str:
        return f"kosoku -p {self.parallel}" if self.parallel else "replay"

    def command(self, port: int, chosen_set: Set, out: Path) -> list[str]:
        if not self.parallel:
            run = ["-m", "replay", "run", "-q", "--url", f"ws://127.0.0.1:{port}", "--out", str(out)]
            return [str(self.python), *run, *chosen_set.options, *chosen_set.globs]
        chosen = [word for glob in chosen_set.globs for word in ("-i", glob)]
        kosoku = str(self.python.with_name("kosoku"))
        return [kosoku, "-p", str(self.parallel), "-o", str(out), *chosen, f"127.0.0.1:{port}"]

    def cases(self, out: Path) -> frozenset[str]:
        """The ids of the cases in the report of a complete run. Raises FileNotFoundError or SourceError
        without one."""
        if not self.parallel:
            run = load(out)
            return frozenset(case.id for case in run.cases if run.state == "complete")
        agents = json.loads((out / "index.json").read_text())
        return frozenset(case for agent in agents.values() for case in agent)


def installed(folder: Path, *requirements: str) -> Path:
    """The Python of a virtual environment with these packages, which is made unless it exists."""
    python, mark = folder / "bin" / "python", folder / "installed"
    if not (mark.exists() and mark.read_text().split() == list(requirements)):
        venv.create(folder, clear=True, with_pip=True)
        pip = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check", *requirements]
        subprocess.run(pip, env=ENV, check=True)
        mark.write_text("\n".join(requirements))
    return python


@contextmanager
def serving(command: Sequence[str | Path]) -> Iterator[Server]:
    """Run a server that prints 'listening on PORT' until the block ends."""
    with subprocess.Popen(
        list(map(str, command)),
        env=ENV,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            words = process.stdout.readline().split()
            if words[:2] != ["listening", "on"]:
                sys.exit(f"{' '.join(map(str, command))} doesn't listen")
            yield Server(int(words[2]), process.pid)
        finally:
            process.terminate()


def measured(program: Program, server: Server, chosen_set: Set) -> Run:
    """Run a program once. If it leaves no report, it counts as having run no case."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as words:
        out = Path(folder) / "out"
        spent, start = server.cpu(), time.perf_counter()
        process = subprocess.Popen(
            program.command(server.port, chosen_set, out),
            cwd=ROOT,
            env=ENV,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=words,
        )
        limit = threading.Timer(LIMIT, os.kill, (process.pid, signal.SIGKILL))
        limit.start()
        _, status, usage = os.wait4(process.pid, 0)
        limit.cancel()
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        try:
            cases = program.cases(out)
        except (FileNotFoundError, SourceError):
            words.seek(0)
            print(f"{program.name} left no report; its last output:", words.read()[-500:], file=sys.stderr)
            cases = frozenset()
    cpu = usage.ru_utime + usage.ru_stime
    return Run(wall, cpu, server.cpu() - spent, usage.ru_maxrss * 1024, cases)


def rounds(
    programs: Sequence[Program], server: Server, chosen_set: Set, times: int
) -> dict[str, list[Run]]:
    """Run each program this many times, alternately."""
    runs: dict[str, list[Run]] = {program.name: [] for program in programs}
    for _ in range(times):
        for program in programs:
            runs[program.name].append(measured(program, server, chosen_set))
    return runs


def median(runs: Sequence[Run]) -> Median:
    return Median(
        statistics.median(run.wall for run in runs),
        statistics.median(run.cpu for run in runs),
        statistics.median(run.server for run in runs),
        statistics.median(run.memory for run in runs),
        frozenset.intersection(*(run.cases for run in runs)),
    )


def table(title: str, medians: dict[str, Median]) -> Iterator[str]:
    """A line for each program, then the ratios, or why there are none."""
    yield f"{title:<22} cases     wall      CPU   server   memory"
    for name, row in medians.items():
        yield (
            f"  {name:<20} {len(row.cases):>5} {row.wall:>6.2f} s {row.cpu:>6.2f} s "
            f"{row.server:>6.2f} s {row.memory / 2**20:>4.0f} MiB"
        )
    replay = medians["replay"]
    yield f"  replay to the server: {'':>17} {replay.cpu / replay.server:>6.2f} ×"
    others = [row for row in medians.values() if row is not replay]
    if not others:
        return
    if unlike := {len(row.cases) for row in others if row.cases != replay.cases}:
        counts = " and ".join(map(str, sorted(unlike)))
        yield f"  not compared: replay ran {len(replay.cases)} cases, kosoku {counts}, not the same ones"
        return
    wall = replay.wall / min(row.wall for row in others)
    cpu = replay.cpu / min(row.cpu for row in others)
    memory = replay.memory / min(row.memory for row in others)
    yield f"  replay to kosoku's best: {wall:>7.2f} × {cpu:>6.2f} × {'':>8} {memory:>6.2f} ×"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="runs of each program (default: 5)")
    parser.add_argument(
        "--set",
        choices=SETS,
        action="append",
        help="light: sections 1-7 and 10; heavy: 9; deflate: 12 and 13 with all messages; whole: all "
        "cases with default options, by replay only (default: all sets)",
    )
    parser.add_argument("--server", choices=SERVERS, action="append", help="default: all")
    parser.add_argument("-p", type=int, nargs="+", default=[1, 8, 32], help="of kosoku (default: 1 8 32)")
    parser.add_argument(
        "--cache", type=Path, default=ROOT / ".cache" / "bench", help="folder for the packages"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results of each run to FILE")
    return parser.parse_args()


def main() -> None:
    chosen = arguments()
    kosoku = installed(chosen.cache / "kosoku", KOSOKU)
    python = installed(chosen.cache / "servers", *LIBRARIES)
    programs = [Program(Path(sys.executable)), *(Program(kosoku, parallel) for parallel in chosen.p)]
    document = []
    for name in chosen.server or SERVERS:
        with serving((python, *SERVERS[name])) as server:
            for program in programs[:2]:  # compiles the modules, and warms up the server
                measured(program, server, Set(("1.*",)))
            for which in chosen.set or SETS:
                which_set = SETS[which]
                runs = rounds(
                    programs if which_set.rival else programs[:1], server, which_set, chosen.rounds
                )
                print(
                    *table(f"{name}, {which}", {key: median(of) for key, of in runs.items()}),
                    "",
                    sep="\n",
                    flush=True,
                )
                document += [
                    {"server": name, "set": which, "program": key, **asdict(run), "cases": len(run.cases)}
                    for key, of in runs.items()
                    for run in of
                ]
    if chosen.json:
        machine = {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "system": platform.platform(),
        }
        chosen.json.write_text(json.dumps({"machine": machine, "runs": document}, indent=1) + "\n")


if __name__ == "__main__":
    main()
