"""Checks whether the tests of a folder notice small mistakes in it: makes random mutants, prints survivors.

    python bench/mutants.py wire                      30 mutants of replay/wire
    python bench/mutants.py play --mutants 40 --seed 7
    python bench/mutants.py                           30 mutants of each core folder (about two hours)

It works in a copy of the tree. First it runs the tests of a folder without a mutant, to record which of
them reach the lines of each mutant. For each mutant, only these run: the first case of each test function,
then the second of each, and so on. A survivor is printed as file:line, with the line before and after the
edit. Mutants that behave exactly like the original are listed in bench/equivalent.txt, each with a reason,
and don't count.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.mutations import Mutation, mutations

ROOT = Path(__file__).parent.parent
EQUIVALENT = ROOT / "bench" / "equivalent.txt"
NOT_COPIED = (".venv*", ".git", ".cache", ".*_cache", ".hypothesis", "__pycache__", "build", "dist")

TESTS = {
    "wire": ["tests/wire"],
    "trace": ["tests/trace"],
    "protocol": ["tests/protocol", "tests/verdict/test_unseen.py"],
    "cases": ["tests/cases", "tests/play/test_words.py", "tests/play/test_recorded_server.py"],
    "play": ["tests/play"],
    "verdict": [
        "tests/verdict",
        "tests/play/test_own_log.py",
        "tests/play/test_recorded_refusal.py",
    ],
    "store": ["tests/test_store.py", "tests/test_store_files.py"],
}
"""The core folders, and the tests for each."""

MOST = 120
"""If a test function has more cases than this, this many of them are run, evenly spaced."""

SECONDS = 30
"""Seconds that the tests for one mutant may take together; no further ones are tried."""


class Mutant(NamedTuple):
    path: str
    by: Mutation

    @property
    def edit(self) -> str:
        return f"{self.path}: {self.by.was} -> {self.by.becomes}"


def mutants_of(folder: str) -> list[Mutant]:
    return [
        Mutant(str(path.relative_to(ROOT)), by)
        for path in sorted((ROOT / "replay" / folder).glob("*.py"))
        for by in mutations(path.read_bytes())
    ]


def equivalent() -> set[str]:
    """The edits that make no difference: the lines of the file, except for empty ones and comments."""
    return {line for line in EQUIVALENT.read_text().splitlines() if line and not line.startswith("#")}


class Tried:
    """The tests of a folder, in a copy of the tree: how long each takes, and which mutants it reaches."""

    def __init__(self, tree: Path, folder: str, mutants: Sequence[Mutant]) -> None:
        self._tree, self._tests = tree, TESTS[folder]
        lines: dict[str, list[tuple[int, int, int]]] = {}
        for number, mutant in enumerate(mutants):
            if mutant.by.reach:
                lines.setdefault(str(tree / mutant.path), []).append((number, *mutant.by.reach))
        (tree / "lines.json").write_text(json.dumps(lines))
        noting = ["--reach-most", str(MOST), "--reach-lines", "lines.json", "--reach-noted", "noted.json"]
        done = self._pytest([*noting, *self._tests], 3600)
        if done is None or done.returncode:
            sys.exit(
                f"without a mutant, the tests of {folder} fail or take an hour:\n{done and done.stdout}"
            )
        self._noted: dict[str, tuple[float, list[int]]] = json.loads((tree / "noted.json").read_text())

    def killed(self, number: int, mutant: Mutant) -> bool:
        chosen = self._chosen(None if mutant.by.reach is None else number)
        if not chosen:
            return False
        path = self._tree / mutant.path
        sound = path.read_bytes()
        (self._tree / "only.json").write_text(json.dumps(list(chosen)))
        files = sorted({name.partition("::")[0] for name in chosen})
        try:
            self._write(path, mutant.by.source)
            done = self._pytest(["--reach-only", "only.json", *files], 60 + 10 * sum(chosen.values()))
        finally:
            self._write(path, sound)
        if done is not None and done.returncode not in (0, 1, 2):
            sys.exit(f"pytest ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done is None or done.returncode != 0

    def _chosen(self, number: int | None) -> dict[str, float]:
        """The tests that reach a mutant (None: all), with their times; the first case of each function
        first, but tests that take more than a second last, so that they leave time for the others."""
        some = {name: time for name, (time, met) in self._noted.items() if number is None or number in met}
        if not some and number is not None:
            return self._chosen(None)  # the line runs while tests are collected, or never
        before: Counter[str] = Counter()
        ranked = []
        for name in sorted(some, key=lambda name: some[name]):
            function = name.partition("[")[0]
            ranked.append((some[name] > 1, before[function], some[name], name))
            before[function] += 1
        chosen: dict[str, float] = {}
        for *_, time, name in sorted(ranked):
            chosen[name] = time
            if sum(chosen.values()) > SECONDS:
                break
        return chosen

    def _write(self, path: Path, source: bytes) -> None:
        """Write a version of a file with its own modification time, as Python recognizes stale bytecode by
        that, in seconds."""
        at = int(path.stat().st_mtime) + 1
        path.write_bytes(source)
        os.utime(path, (at, at))

    def _pytest(self, arguments: list[str], timeout: float) -> subprocess.CompletedProcess[str] | None:
        shutil.rmtree(self._tree / ".hypothesis", ignore_errors=True)
        options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "bench.reach", "--hypothesis-seed=0"]
        environment = {**os.environ, "PYTHONPATH": str(self._tree)}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        try:
            return subprocess.run(
                [sys.executable, "-m", "pytest", *options, *arguments],
                cwd=self._tree,
                env=environment,
                timeout=timeout,
                capture_output=True,
                text=True,
            )
        except subprocess.TimeoutExpired:
            return None


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folders", nargs="*", metavar="FOLDER", help=f"{', '.join(TESTS)}; default: all")
    parser.add_argument("--mutants", type=int, default=30, help="mutants of each folder (default: 30)")
    parser.add_argument("--seed", type=int, default=0, help="chooses the mutants (default: 0)")
    chosen = parser.parse_args()
    if unknown := set(chosen.folders) - set(TESTS):
        parser.error(f"no tests are known for {', '.join(sorted(unknown))}; see TESTS in {__file__}")
    known = equivalent()
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(*NOT_COPIED))
        for name in chosen.folders or TESTS:
            found = mutants_of(name)
            own = {line for line in known if line.startswith(f"replay/{name}/")}
            for gone in sorted(own - {mutant.edit for mutant in found}):
                print(f"{EQUIVALENT.name}: this mutant no longer exists: {gone}")
            drawn = random.Random(chosen.seed).sample(found, min(chosen.mutants, len(found)))
            mutants = [mutant for mutant in drawn if mutant.edit not in known]
            tried = Tried(tree, name, mutants)
            survivors = 0
            for number, mutant in enumerate(mutants):
                if not tried.killed(number, mutant):
                    survivors += 1
                    print(
                        f"{mutant.path}:{mutant.by.line}: {mutant.by.was} -> {mutant.by.becomes}",
                        flush=True,
                    )
            left_out = f", {len(drawn) - len(mutants)} equivalent" if len(drawn) > len(mutants) else ""
            print(f"{name}: {survivors} of {len(mutants)} survive{left_out}", flush=True)


if __name__ == "__main__":
    main()
