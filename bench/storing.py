"""Measures what it costs to store the results of a run, compared with writing two files for each result,
and with appending the logs alone.

    python bench/storing.py

Prints medians of processor time.
"""

from __future__ import annotations

import gc
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from replay import whole_file
from replay.report.verdict_words import in_words
from replay.store import journal
from replay.store.records import encode
from replay.store.writer import Store
from replay.suite.files import Item, bundled_items
from replay.trace.packed import pack
from replay.verdict.result import Logged, verdict_of
from tests.storing import CLIENT, played, run_of

SECTIONS = ("1", "2", "3", "4", "5", "6", "7", "10")
ROUNDS = 15


def kept(item: Item) -> Logged:
    """The result of a case that passes, as it is stored."""
    result = played(item)
    return Logged(**verdict_of(result), log=pack(result.trace))


def in_a_journal(folder: Path, items: Sequence[Item], results: Sequence[Logged]) -> None:
    store = Store.create(folder / "run", items, CLIENT)
    for number, result in enumerate(results):
        store.add(number, result)
    store.finish(run_of(results, len(results)))
    assert store.fault is None


def in_files(folder: Path, items: Sequence[Item], results: Sequence[Logged]) -> None:
    """A log and a verdict for each case, as in the older layout."""
    for number, result in enumerate(results):
        whole_file.write(folder / f"{number}.wirelog", result.log or b"")
        whole_file.write(folder / f"{number}.json", encode(in_words(result)))


def appended(folder: Path, items: Sequence[Item], results: Sequence[Logged]) -> None:
    """The logs alone."""
    at = os.open(folder / "logs", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for result in results:
        journal.append(at, result.log or b"")
    os.close(at)


WAYS: dict[str, Callable[[Path, Sequence[Item], Sequence[Logged]], None]] = {
    "one journal": in_a_journal,
    "two files each": in_files,
    "logs appended": appended,
}


def main() -> None:
    items = [item for item in bundled_items() if item.case.id.partition(".")[0] in SECTIONS]
    results = [kept(item) for item in items]
    gc.collect()
    gc.disable()
    spent: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(ROUNDS):
        for name, way in WAYS.items():
            with tempfile.TemporaryDirectory() as folder:
                before = time.process_time()
                way(Path(folder), items, results)
                spent[name].append(time.process_time() - before)
    least = statistics.median(spent["one journal"])
    print(f"{len(results)} results         CPU     ratio")
    for name, times in spent.items():
        median = statistics.median(times)
        print(f"  {name:<16} {1000 * median:>6.1f} ms {median / least:>6.2f} ×")


if __name__ == "__main__":
    main()
