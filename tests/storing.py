"""Results to store, and programs that store one, to be watched or ended from outside.

python -m tests.storing starting|storing|racing|full FOLDER
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

from msgspec.structs import asdict, replace

from replay.play.endpoint import Limits
from replay.store.writer import About, Store
from replay.suite.files import Item, bundled_items
from replay.trace.model import Trace
from replay.verdict.judge import judge
from replay.verdict.result import Fresh, Judged, RunResult
from replay.wire.side import Side
from tests.memory import flawless, join, player

CLIENT = About(Side.CLIENT, "ws://127.0.0.1:9001", 7, asdict(Limits()))


def played(item: Item, tester: Side = Side.CLIENT) -> Judged:
    own = player(item.case, tester)
    join(own, flawless(item.case, tester))
    return judged(item, own.trace((("case", item.case.id), ("seed", "7"))), tester)


def judged(item: Item, trace: Trace, tester: Side = Side.CLIENT) -> Judged:
    return replace(judge(item.case, trace, tester, item.notes), path=item.path)


def run_of(results: Iterable[Fresh], planned: int, *, interrupted: bool = False) -> RunResult:
    found = tuple(results)
    return RunResult("an agent", CLIENT.address, found, 7, 1.5, planned=planned, interrupted=interrupted)


def starting(folder: Path) -> None:
    """Begins a run in the default folder, and adds its first result when it is told to."""
    os.chdir(folder)
    store = Store.create(None, bundled_items(), CLIENT)
    sys.stdin.readline()
    store.add(0, played(bundled_items()[0]))
    store.finish(run_of([], len(bundled_items()), interrupted=True))
    print(store.fault)


def storing(folder: Path) -> None:
    """Stores one run after the other, and waits before each step."""

    def step() -> None:
        print("step", flush=True)
        sys.stdin.readline()

    chosen = bundled_items()[:9]
    results = [played(item) for item in chosen]
    while True:
        step()
        store = Store.create(folder, chosen, CLIENT)
        for number, result in enumerate(results):
            step()
            store.add(number, result)
        store.close()


def racing(folder: Path) -> None:
    """Stores one run after the other, and says so at each step."""
    chosen = bundled_items()[:9]
    results = [played(item) for item in chosen]
    while True:
        store = Store.create(folder, chosen, CLIENT)
        for number, result in enumerate(results):
            print("step", flush=True)
            store.add(number, result)
        store.close()


def full(folder: Path) -> None:
    """Finds the disk full between the sixth result and the eighth."""
    import resource  # which not every system has

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    chosen = bundled_items()[:9]
    results = [played(item) for item in chosen]
    store = Store.create(folder, chosen, CLIENT)
    for number, result in enumerate(results):
        if number == 5:
            most = (folder / "run.journal").stat().st_size + 300
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
        if number == 7:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        store.add(number, result)
    store.finish(run_of(results, 9))
    print(store.fault)


if __name__ == "__main__":
    {"starting": starting, "storing": storing, "racing": racing, "full": full}[sys.argv[1]](
        Path(sys.argv[2])
    )
