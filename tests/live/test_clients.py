"""The verdicts of the original on clients, case by case: tests/data/golden/clients holds what it said."""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.live.verdicts import LUCK, stored, told, unlike
from tests.processes import ROOT, replay

pytestmark = pytest.mark.live

DRIVERS = Path(__file__).parent / "clients"
TABLES = sorted((ROOT / "tests" / "data" / "golden" / "clients").glob("*.json"))

FOLDERS = [f"traces/{name}" for name in ("01-framing", "02-pings", "05-fragmentation", "07-closing")]


@pytest.mark.parametrize("table", TABLES, ids=lambda path: path.stem)
def test_the_verdicts_are_the_original_s(table: Path, tmp_path: Path) -> None:
    library, of = table.stem.split("-")
    assert version(library) == of, f"the table is of {library} {of}"
    theirs = {case: (found[0], found[1]) for case, found in json.loads(table.read_text()).items()}
    command = f"exec {sys.executable} {DRIVERS / f'{library}_driver.py'} {{url}} {library}"
    words = ("--port", "0", "--out", tmp_path, "--exec", command, *theirs)
    done = replay("serve", *words, seconds=600)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    ours = stored(tmp_path / library)
    differ = unlike(ours, theirs)
    assert not differ, "\n".join([table.stem, *(told(case, ours=ours, theirs=theirs) for case in differ)])


def test_the_traces_served_say_of_it_what_the_cases_do(tmp_path: Path) -> None:
    (table,) = (table for table in TABLES if table.stem.startswith("websockets"))
    command = f"exec {sys.executable} {DRIVERS / 'websockets_driver.py'} {{url}} websockets"
    done = replay("serve", "--port", "0", "--out", tmp_path, "--exec", command, *FOLDERS, seconds=120)
    ours = stored(tmp_path / "websockets")
    assert len(ours) == 84, done.stdout + done.stderr
    well = {case for case, found in json.loads(table.read_text()).items() if found[:2] == ["OK", "OK"]}
    assert {case for case in well - LUCK if ours.get(case, ("OK", "OK")) != ("OK", "OK")} == set()
    assert {case for case, found in ours.items() if "FAILED" in found} == {"7.1.5"}
