"""The verdicts of the original, case by case: tests/data/golden holds what it said of eight servers.

docs/autobahn.md lists when replay's verdict is another one, and why. None of that happens with these
eight, so none of it is allowed for; a faulty server shows each row.
"""

from __future__ import annotations

import json
import re
import sys
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.live.verdicts import LARGE, QUICK, Verdict, played, stored, told, unlike
from tests.processes import ROOT, listening, replay

pytestmark = pytest.mark.live

SERVERS = Path(__file__).parent / "servers"
FAULTY = ROOT / "tests" / "peers" / "faulty.py"
TABLES = sorted((ROOT / "tests" / "data" / "golden").glob("*.json"))
PAGE = ROOT / "docs" / "autobahn.md"


class Difference(NamedTuple):
    """A row of the table in docs/autobahn.md."""

    cases: tuple[str, ...]  # ids and globs
    when: str
    original: Verdict
    replay: Verdict


_VERDICT = r"([A-Z -]+) / ([A-Z -]+)"
_ROW = re.compile(rf"^\| ([\d.*, ]+) \| ([^|]+) \| {_VERDICT} \| {_VERDICT} \|", re.MULTILINE)
DIFFERENCES = [
    Difference(tuple(row[0].split(", ")), row[1], (row[2], row[3]), (row[4], row[5]))
    for row in _ROW.findall(PAGE.read_text())
]

SHOWN_BY = {
    "the content of an echo is not what was sent": "flips-one-octet",
    "more messages come back than were sent": "echoes-twice",
}
"""The fault of tests/peers/faulty.py that shows a difference."""


LUCK = {"picows-2.3.1": ("7.1.2",)}
"""What hangs on whether a server reads two writes, here two Closes, at once or one after the other."""


@pytest.mark.parametrize("table", TABLES, ids=lambda path: path.stem)
def test_the_verdicts_are_the_original_s(table: Path, tmp_path: Path) -> None:
    theirs = {case: (found[0], found[1]) for case, found in json.loads(table.read_text()).items()}
    with listening(*command(table.stem)) as port:
        url = f"ws://127.0.0.1:{port}"
        ours = played(url, QUICK, tmp_path / "quick")
        for part in () if ours.keys() >= theirs.keys() else LARGE:
            ours |= played(url, part, tmp_path / part[0])
    differ = [case for case in unlike(ours, theirs) if case not in LUCK.get(table.stem, ())]
    assert not differ, "\n".join([table.stem, *(told(case, ours=ours, theirs=theirs) for case in differ)])


def command(name: str) -> list[str | Path]:
    """How to start the server of a table, `variant-FAULT` or `LIBRARY-VERSION`."""
    library, of = name.split("-")
    if library == "variant":
        return [sys.executable, SERVERS / "sloppy_echo.py", of]
    assert version(library) == of, f"the table is of {library} {of}"
    return [sys.executable, SERVERS / f"{library}_echo.py"]


def test_each_difference_is_shown_by_a_fault() -> None:
    assert {row.when for row in DIFFERENCES} == SHOWN_BY.keys()


@pytest.mark.parametrize("row", DIFFERENCES, ids=lambda row: f"{row.when}, {row.cases[0]}")
def test_a_difference_is_as_the_page_says(row: Difference, tmp_path: Path) -> None:
    out = tmp_path / "run"
    cases = [case for case in row.cases if not case.startswith("9.")] or ["9.1.1"]
    with listening(sys.executable, FAULTY, "--fault", SHOWN_BY[row.when]) as port:
        done = replay("run", "--url", f"ws://127.0.0.1:{port}", "--out", out, *cases)
    found = stored(out)
    assert len(found) >= len(cases), done.stdout + done.stderr
    assert found == dict.fromkeys(found, row.replay)
