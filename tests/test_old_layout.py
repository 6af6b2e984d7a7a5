"""Runs that a replay stored before there were journals: a folder with a log and a JSON for each case."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from replay.campaign.columns import columns
from replay.campaign.rejudged import rejudge
from replay.cases.model import Behaviour, Profile
from replay.commands import compared
from replay.source import SourceError
from replay.store.reader import load
from replay.wire.side import Side
from tests.processes import ROOT, replay

OLD_RUNS = ROOT / "tests" / "data" / "old_runs"


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A run of three cases of the suite; 1.1.3 failed."""
    return Path(shutil.copytree(OLD_RUNS / "suite", tmp_path / "suite"))


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A run of a spec that names a payload, of a log, and of a log that names a case."""
    return Path(shutil.copytree(OLD_RUNS / "files", tmp_path / "files"))


def change(path: Path, **fields: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_what_is_stored_is_read_back(suite: Path) -> None:
    run = load(suite)
    assert (run.state, run.partial, run.damage, run.version) == ("complete", None, None, "0.1.0")
    assert (run.tester, run.agent, run.seed, run.profile) == (Side.CLIENT, "faulty", 7, Profile.AUTOBAHN)
    assert (run.thorough, run.unreached, run.sources) == (False, None, ())
    assert [(case.number, case.id, case.of) for case in run.cases] == [
        *((1, "1.1.1", "suite"), (2, "1.1.3", "suite"), (3, "1.2.1", "suite"))
    ]
    bad = run.cases[1].verdict
    assert bad is not None
    assert (bad.behaviour, bad.failed, bad.close_code) == (Behaviour.FAILED, True, 1000)
    assert bad.divergence is not None
    assert bad.divergence.words.startswith("1st event: the message differs at offset 124 of 126")
    assert bad.cause is not None
    assert bad.cause.why == bad.divergence.words
    assert bad.again is not None


@pytest.mark.parametrize("name", ["suite", "files"])
def test_it_is_judged_again_shown_and_compared(name: str, request: pytest.FixtureRequest) -> None:
    folder: Path = request.getfixturevalue(name)
    assert [one.agrees for one in rejudge(load(folder))] == [True] * 3
    (column,) = columns([folder], lambda path, read: str(path))
    for case, told in zip(load(folder).cases, column.told.values(), strict=True):
        said = told.detail(2**16)
        assert said["log"]["frames"]
        assert case.log is not None
        assert said["file"][0] == str(case.log.file)
        assert case.log.file.is_file()
    was, now = compared.pair(folder, folder)
    assert was == now or was.cases.keys() == now.cases.keys()
    shown = replay("show", folder)
    assert (shown.returncode, shown.stdout.count("FAILED  ")) == (0, 1 if name == "suite" else 2)
    assert replay("show", folder, load(folder).cases[0].id).stdout.startswith("# case: ")
    assert replay("check", folder).returncode == 1


def test_one_case_of_it_is_compared(suite: Path) -> None:
    done = replay("diff", suite / "001-1.1.1.json", suite / "002-1.1.3.json")
    assert done.returncode == 1
    assert "OK → FAILED" in done.stdout


def test_results_that_are_missing_make_it_partial(suite: Path) -> None:
    (suite / "002-1.1.3.json").unlink()
    assert load(suite).partial == "a partial run with 2 of 3 cases: some of its results are missing"
    change(suite / "run.json", state="running")
    assert load(suite).partial == "a partial run with 2 of 3 cases: it was cut off, or is still running"


def test_a_log_that_was_changed_is_not_judged(suite: Path) -> None:
    log = suite / "001-1.1.1.wirelog"
    log.write_bytes(log.read_bytes() + b"\n")
    changed, same, _ = rejudge(load(suite))
    assert changed.result is None
    assert changed.fault is not None
    assert "the log has been changed since it was stored" in changed.fault
    assert same.agrees


@pytest.mark.parametrize(
    ("key", "value", "wants"),
    [
        ("state", "done", "state: invalid enum value 'done'"),
        ("state", 1, "state: expected str, got int"),
        ("cases", [], "expected 'cases' to be at least one case"),
        ("cases", [1], "cases[0]: expected object, got int"),
        ("tester", "peer", "tester: invalid enum value 'peer'"),
        ("profile", "x", "profile: invalid enum value 'x'"),
        ("seed", True, "seed: expected int | null, got bool"),
        ("seed", "7", "seed: expected int | null, got str"),
        ("limits", None, "limits: expected object, got null"),
        ("replay", None, "replay: expected str, got null"),
        ("sources", [{"name": "x", "file": "../x"}], "the name of a file of the store"),
        ("sources", [{"name": "x", "file": ".x"}], "the name of a file of the store"),
        ("sources", [{"name": "x", "file": "x" * 121}], "the name of a file of the store"),
        ("sources", [{"name": "x", "file": "x", "files": {"y": "/y"}}], "the name of a file of the store"),
    ],
)
def test_a_field_that_is_damaged_is_named(suite: Path, key: str, value: object, wants: str) -> None:
    change(suite / "run.json", **{key: value})
    with pytest.raises(SourceError) as raised:
        load(suite)
    assert "run.json: damaged, " in str(raised.value)
    assert wants in str(raised.value)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"of": "else"}, "cases[1].of: invalid enum value 'else'"),
        ({"of": "suite", "source": 0}, "expected 'source' to be the number of a source"),
        ({"of": "spec", "source": None}, "expected 'source' to be the number of a source"),
        ({"of": "spec", "source": 1}, "expected 'source' to be the number of a source"),
        ({"of": "log", "source": -1}, "expected 'source' to be the number of a source"),
        ({"file": "a/b"}, "expected 'file' to be the name of a file of the store"),
        ({"file": "../a"}, "expected 'file' to be the name of a file of the store"),
    ],
)
def test_a_case_of_a_plan_that_is_damaged_is_named(suite: Path, fields: dict[str, Any], said: str) -> None:
    run = json.loads((suite / "run.json").read_text())
    run["sources"] = [{"name": "x", "file": "sources/1-x"}]
    run["cases"][1] |= fields
    (suite / "run.json").write_text(json.dumps(run))
    with pytest.raises(SourceError, match="damaged") as raised:
        load(suite)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"format": "replay run"}, 'expected JSON with the format "replay case"'),
        ({"version": 2}, "expected version 1 of the format"),
        ({"behaviour": "FINE"}, "behaviour: invalid enum value 'FINE'"),
        ({"log": "../001-1.1.1.wirelog"}, "the name of a file of the store"),
        ({"duration": "long"}, "duration: expected int | null, got str"),
    ],
)
def test_a_case_that_is_damaged_is_named(suite: Path, fields: dict[str, Any], said: str) -> None:
    change(suite / "001-1.1.1.json", **fields)
    case, other, _ = load(suite).cases
    assert case.fault is not None
    assert "001-1.1.1.json" in case.fault
    assert said in case.fault
    assert other.verdict is not None


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"format": "replay case"}', "\0"])
def test_a_run_that_is_no_json_is_an_error(suite: Path, text: str) -> None:
    (suite / "run.json").write_text(text)
    with pytest.raises(SourceError, match=r"run\.json"):
        load(suite)


@pytest.mark.parametrize("octets", [b"", b"\xff\0" * 9, b'{"format": "replay case", "version": 1}'])
def test_a_case_that_is_no_json_is_unreadable_and_the_others_are_not(suite: Path, octets: bytes) -> None:
    (suite / "002-1.1.3.json").write_bytes(octets)
    again = list(rejudge(load(suite)))
    assert [one.agrees for one in again] == [True, False, True]
    assert again[1].fault is not None
    assert "002-1.1.3" in again[1].fault


def test_a_log_or_source_that_is_gone_makes_its_case_unreadable(suite: Path, files: Path) -> None:
    (suite / "002-1.1.3.wirelog").unlink()
    assert [one.agrees for one in rejudge(load(suite))] == [True, False, True]
    (files / "sources" / "3-hello.bin").unlink()
    assert [one.agrees for one in rejudge(load(files))] == [True, False, True]
