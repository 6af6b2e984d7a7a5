"""The verdicts of whole runs against a server, and how two of them differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from replay.store import reader
from tests.processes import replay

Verdict = tuple[str, str]
"""Behaviour and closing."""

QUICK = ("1", "2", "3", "4", "5", "6", "7", "10")
LARGE = (
    *(("9.1", "9.2"), ("9.3", "9.4"), ("9.5", "9.6"), ("9.7", "9.8")),
    *(("12.1", "12.2"), ("12.3", "12.4", "12.5")),
    *(("13.1", "13.2"), ("13.3", "13.4"), ("13.5", "13.6", "13.7")),
)
"""Sections; those of large messages and of many, in parts, since they keep a server busy."""

LUCK = {"3.2", "3.3", "3.4", "4.1.3", "4.1.4", "4.1.5", "4.2.3", "4.2.4", "4.2.5", "5.15"}
"""Whether the echo comes before the failure is a race in the testee: OK or NON-STRICT."""


def played(url: str, sections: Sequence[str], folder: Path, *options: str) -> dict[str, Verdict]:
    """The verdicts on a server, by case; the run is stored in `folder`."""
    globs = [f"{section}.*" for section in sections]
    words = ["--url", url, "--out", str(folder), "--jobs", "16", *options, *globs]
    done = replay("run", *words, seconds=300)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return stored(folder)


def stored(folder: Path) -> dict[str, Verdict]:
    """What a stored run says, by case."""
    return {
        case.id: (case.verdict.behaviour.value, case.verdict.closing.value)
        for case in reader.load(folder).cases
        if case.verdict
    }


def unlike(ours: Mapping[str, Verdict], theirs: Mapping[str, Verdict]) -> list[str]:
    """The cases in which two runs differ by more than luck, in order."""
    return [
        case
        for case in sorted(ours.keys() | theirs.keys(), key=lambda case: [int(n) for n in case.split(".")])
        if ours.get(case) != theirs.get(case) and not _lucky(case, ours.get(case), theirs.get(case))
    ]


def _lucky(case: str, one: Verdict | None, other: Verdict | None) -> bool:
    if case not in LUCK or one is None or other is None:
        return False
    return one[1] == other[1] and {one[0], other[0]} == {"OK", "NON-STRICT"}


def told(case: str, **runs: Mapping[str, Verdict]) -> str:
    """What each of the runs named says of a case, for a message."""
    return f"{case}: " + ", ".join(
        f"{name} {' / '.join(run.get(case, ('none',)))}" for name, run in runs.items()
    )
