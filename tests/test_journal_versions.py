"""A run with cases that passed, failed, were left unjudged and are missing, as each version of the journal
has it: every reader says the same of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from replay.campaign.columns import columns
from replay.store import journal
from replay.store.reader import load
from tests.processes import ROOT, replay

RUNS = ROOT / "tests" / "data" / "old_runs"
OLD, NEW = RUNS / "journal_1", RUNS / "journal_2"

READERS: dict[str, tuple[str | Path, ...]] = {
    "list": ("show", "run"),
    "show": ("show", "run", "1.*"),
    "show in full": ("show", "-v", "run", "1.1.3"),
    "show as JSON": ("show", "--json", "run"),
    "rejudge": ("rejudge", "run"),
    "rejudge for programs": ("rejudge", "--json", "run"),
    "check": ("check", "run"),
    "diff": ("diff", "run", ROOT / "traces"),
    "diff with a run": ("diff", RUNS / "suite", "run"),
    "convert": ("convert", "run", "logs"),
}


def told(version: Path, folder: Path, words: tuple[str | Path, ...]) -> tuple[object, ...]:
    """What a command says of a run, and the files that it writes."""
    shutil.copytree(version, folder / "run")
    done = replay(*words, cwd=folder)
    files = {path.name: path.read_bytes() for path in folder.glob("logs/*")}
    shutil.rmtree(folder)
    return done.returncode, done.stdout, done.stderr, files


@pytest.mark.parametrize("name", READERS)
def test_every_command_says_the_same_of_it(name: str, tmp_path: Path) -> None:
    was, now = (told(version, tmp_path / "here", READERS[name]) for version in (OLD, NEW))
    assert was == now
    assert was[0] in (0, 1) or name == "diff"


def test_the_page_says_the_same_of_it() -> None:
    said = []
    for version in (OLD, NEW):
        (column,) = columns([version], lambda path, read: path.name)
        details = {id: case.detail(2**16) for id, case in column.told.items()}
        for detail in details.values():
            detail["commands"] = [each.replace(version.name, "") for each in detail["commands"]]
            detail.pop("file", None)
        said.append((column.counts, column.waiting, details))
    assert said[0] == said[1]
    assert [*said[0][1]] == ["1.1.2"]
    assert said[0][0] == "3 cases: 1 OK, 1 FAILED, 1 unjudged; closing: 1 FAILED"


def test_the_traces_are_the_same() -> None:
    assert [path.read_bytes()[:17] for path in (OLD / journal.NAME, NEW / journal.NAME)] == [
        b"replay journal 1\n",
        b"replay journal 2\n",
    ]
    was, now = ([case.observed() for case in load(version).cases if case.verdict] for version in (OLD, NEW))
    assert was == now
    assert len(was) == 3
