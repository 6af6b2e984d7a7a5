"""The logs of a stored run: as files, listed, decoded and judged."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests import journals
from tests.processes import ROOT, listening, replay

FAULTY = ROOT / "tests" / "peers" / "faulty.py"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run in which the second of three cases failed."""
    folder = tmp_path_factory.mktemp("runs") / "out"
    with listening(sys.executable, FAULTY, "--fault", "flips-one-octet") as port:
        words = ("--url", f"ws://127.0.0.1:{port}", "--out", folder, "--max-failures", "9")
        done = replay("run", *words, "1.1.1", "1.1.3", "1.2.1")
    assert done.returncode == 1, done.stdout + done.stderr
    return folder


def test_the_log_of_a_failure_is_there_as_a_file(run: Path) -> None:
    assert {path.name for path in run.iterdir()} == {"run.journal", "002-1.1.3.wirelog"}
    assert (run / "002-1.1.3.wirelog").read_bytes() == journals.text(run, 2)
    assert "FAILED" in replay("check", run / "002-1.1.3.wirelog").stdout
    assert "1 case: 1 OK" in replay("run", run / "002-1.1.3.wirelog").stdout


def test_all_logs_or_some_are_written_as_files(run: Path, tmp_path: Path) -> None:
    done = replay("convert", run, tmp_path / "deep" / "all")
    assert (done.returncode, done.stdout) == (0, f"{tmp_path / 'deep' / 'all'}: 3 logs\n")
    names = ["001-1.1.1.wirelog", "002-1.1.3.wirelog", "003-1.2.1.wirelog"]
    found = sorted((tmp_path / "deep" / "all").iterdir())
    assert [path.name for path in found] == names
    assert [path.read_bytes() for path in found] == [journals.text(run, number) for number in (1, 2, 3)]
    assert replay("convert", run, tmp_path / "some", "1.1.*", "!1.1.3").stdout.endswith(": 1 log\n")
    assert [path.name for path in (tmp_path / "some").iterdir()] == names[:1]


def test_what_can_not_be_converted_is_told(run: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for words, said in (
        ((run, tmp_path / "x", "1.1.2"), "no test case matches '1.1.2'"),
        ((tmp_path, tmp_path / "x"), "no wire log in"),
        ((run, tmp_path / "file" / "x"), "not a directory"),
    ):
        done = replay("convert", *words)
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "run.journal").write_bytes((run / "run.journal").read_bytes())
    journals.damage(copy, 1, b"HTTP/1.1 101")
    done = replay("convert", copy, tmp_path / "rest")
    assert (done.returncode, done.stdout.endswith(": 2 logs\n")) == (0, True)
    assert "passed over: 1.1.1: " in done.stderr or "skipped" in done.stderr
    assert replay("convert", copy, tmp_path / "none", "1.1.1").returncode == 2
    assert not (tmp_path / "none").exists()


def test_a_run_is_listed(run: Path) -> None:
    for folder in (run, run.parent, run / "run.journal"):
        lines = replay("show", folder).stdout.splitlines()
        assert lines[0].startswith("faulty · ws://127.0.0.1:")
        assert [line.split()[:2] for line in lines[-5:-2]] == [
            *(["OK", "1.1.1"], ["FAILED", "1.1.3"], ["OK", "1.2.1"])
        ]
        assert lines[-2:] == ["", "3 cases: 2 OK, 1 FAILED"]


def test_a_partial_run_is_listed_with_what_is_missing(run: Path, tmp_path: Path) -> None:
    last = journals.records(run)[-2]
    id = ("1.1.1", "1.1.3", "1.2.1")[last.number - 1]
    (tmp_path / "run.journal").write_bytes((run / "run.journal").read_bytes()[: last.at])
    lines = replay("show", tmp_path).stdout.splitlines()
    assert [line.split("  ")[0] for line in lines if f" {id} " in line] == ["not run"]
    assert lines[-1] == "a partial run with 2 of 3 cases: it was cut off, or is still running"
    done = replay("show", tmp_path, id)
    assert done.returncode == 2
    assert f"{id}: it was not run" in done.stderr


def test_the_log_of_a_case_is_decoded(run: Path) -> None:
    shown = replay("show", run, "1.1.3")
    assert shown.stdout == replay("show", run / "002-1.1.3.wirelog").stdout
    assert shown.stdout == replay("show", run / "run.journal", "1.1.3").stdout
    assert replay("show", run, "1.*").stdout.count("# case: ") == 3
    assert replay("show", "--json", run).stdout.count('"opened"') == 3
    assert "did you mean '1.1.3'?" in replay("show", run, "1.1.2").stderr


def test_all_its_logs_are_judged(run: Path) -> None:
    for folder in (run, run.parent):
        done = replay("check", folder)
        assert done.returncode == 1
        words = [line.split()[:2] for line in done.stdout.splitlines() if line.endswith((" ms", " s"))]
        assert words == [["OK", "1.1.1"], ["FAILED", "1.1.3"], ["OK", "1.2.1"]]


def test_a_run_without_files_is_played_from_those_that_are_converted(tmp_path: Path) -> None:
    assert replay("run", "1.1.1", "--out", tmp_path / "out").returncode == 0
    done = replay("run", tmp_path / "out")
    assert done.returncode == 2
    assert "help: `replay convert RUN DIR` writes the logs of a stored run as files" in done.stderr
    replay("convert", tmp_path / "out", tmp_path / "logs")
    assert replay("run", tmp_path / "logs").returncode == 0
