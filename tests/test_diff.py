"""`replay diff`: what counts as worse, what is shown of it, and what it reads."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from replay.cases.model import Behaviour as B
from replay.report import changes
from replay.report.layout import as_text
from replay.trace.model import SECOND
from replay.verdict.change import Change, Comparison, Known, Run, compare
from replay.verdict.result import ClosingVerdict as C
from tests import journals
from tests.processes import ROOT, listening, replay
from tests.report.samples import HOSTILE

FAULTY = ROOT / "tests" / "peers" / "faulty.py"


def known(said: str, id: str = "1.1.1", took: int | None = None, title: str = "a title") -> Known:
    behaviour, _, closing = said.partition(" / ")
    return Known(id, title, B(behaviour), C(closing or "OK"), took, lambda: None)


def compared(was: list[Known], now: list[Known], partial: str | None = None) -> Comparison:
    before = Run("a", {case.id: case for case in was})
    after = Run("b", {case.id: case for case in now}, "an agent", partial)
    return Comparison(before, after, tuple(compare(before, after)))


@pytest.mark.parametrize(
    ("was", "now", "change"),
    [
        ("OK", "OK", Change.SAME),
        ("OK", "INFORMATIONAL", Change.OTHER),
        ("OK", "NON-STRICT", Change.WORSE),
        ("OK", "OK / UNCLEAN", Change.WORSE),
        ("NON-STRICT", "UNIMPLEMENTED", Change.OTHER),
        ("UNIMPLEMENTED", "OK", Change.BETTER),
        ("FAILED", "OK / WRONG CODE", Change.OTHER),
        ("FAILED / UNCLEAN", "NON-STRICT", Change.BETTER),
    ],
)
def test_how_a_verdict_changes(was: str, now: str, change: Change) -> None:
    found = compared([known(was)], [known(now)])
    assert [one.change for one in found.cases] == [change]
    assert found.worse is (change is Change.WORSE)


def test_a_case_that_is_gone_is_worse_only_if_the_run_was_cut_off() -> None:
    was, now = [known("OK"), known("OK", "1.1.2")], [known("OK"), known("FAILED", "1.1.10")]
    found = compared(was, now)
    assert [one.change for one in found.cases] == [Change.SAME, Change.GONE, Change.NEW]
    assert not found.worse
    assert compared(was, now, "interrupted").worse
    assert not compared(now, now, "interrupted").worse


@pytest.mark.parametrize(
    ("was", "now", "moved"),
    [
        (None, 5, None),
        (100, 199, None),
        (100, 201, 101),
        (1000, 1900, None),
        (1000, 2100, 1100),
        (500, 90, -410),
    ],
)
def test_a_duration_moves_by_a_tenth_of_a_second_and_by_half(
    was: int | None, now: int, moved: int | None
) -> None:
    thousand = SECOND // 1000
    (one,) = compared(
        [known("OK", took=None if was is None else was * thousand)], [known("OK", took=now * thousand)]
    ).cases
    assert one.moved == (None if moved is None else moved * thousand)


def test_what_is_shown_is_escaped_and_as_wide_as_the_terminal() -> None:
    cases = [known("FAILED", f"{HOSTILE}{n}", SECOND * 9, HOSTILE * 3) for n in range(99)]
    found = compared([known("OK", case.id, 1) for case in cases], cases, HOSTILE)
    shown = as_text(changes.summary(found), 80)
    shown += as_text(changes.line(found.cases[0], 80), 80)
    assert all(len(line) <= 80 and line.isprintable() for line in shown.splitlines())
    assert "… and 39 more" in shown


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    for fault in ("none", "flips-one-octet", "wrong-close-code"):
        with listening(sys.executable, FAULTY, "--fault", fault) as port:
            url = f"ws://127.0.0.1:{port}"
            replay("run", "-q", "--url", url, "--out", folder / fault, "1.1.1", "1.1.3", "2.1")
    return folder


def logs(run: Path) -> Path:
    """The folder to which the logs of a run are written."""
    assert replay("convert", run, run / "logs").returncode == 0
    return run / "logs"


def test_a_run_that_got_worse_shows_events_and_octets(runs: Path) -> None:
    done = replay("diff", runs / "none", runs / "flips-one-octet")
    assert done.returncode == 1, done.stderr
    assert "the message differs at offset 124 of 126" in done.stdout
    assert "before (expected)" in done.stdout
    assert "^^ offset 128 of 130" in done.stdout
    assert "3 cases: 1 worse, 2 same" in done.stdout
    done = replay("diff", "-q", runs / "flips-one-octet", runs / "none")
    assert done.returncode == 0
    assert "1 better, 2 same" in done.stdout
    assert "offset" not in done.stdout


def test_a_close_code_is_told(runs: Path) -> None:
    done = replay("diff", runs / "none", runs / "wrong-close-code", "-q")
    assert "3 cases: 3 worse" in done.stdout
    log = logs(runs / "none") / "001-1.1.1.wirelog"
    done = replay("diff", log, runs / "wrong-close-code" / "001-1.1.1.wirelog")
    assert done.returncode == 1
    assert "the server closed with code 1001; in the log with code 1000" in done.stdout


def test_events_that_differ_under_the_same_verdict_are_told(tmp_path: Path) -> None:
    log = (ROOT / "examples/pytest/tests/traces/greeting.wirelog").read_text()
    (tmp_path / "a.wirelog").write_text(log)
    (tmp_path / "b.wirelog").write_text(log.replace('PAYLOAD="Hello"\nTX', 'PAYLOAD="Help!"\nTX'))
    done = replay("diff", tmp_path / "a.wirelog", tmp_path / "b.wirelog")
    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith("events  b        as recorded  ")
    assert "the message differs at offset 3 of 5" in done.stdout


def test_reports_of_autobahn_are_read(runs: Path, golden: Path) -> None:
    done = replay("diff", golden / "index.json", golden)
    assert done.returncode == 0, done.stderr
    assert "2 cases: 2 same" in done.stdout
    done = replay("diff", golden, runs / "none", "-q")
    assert "1 better, 2 new, 1 gone" in done.stdout
    done = replay("diff", golden / "one.json", runs / "none")
    assert done.returncode == 0
    assert "FAILED → OK" in done.stdout
    assert "1 case: 1 better" in done.stdout


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    """A report folder as Autobahn writes it, with the report of one of two cases."""
    verdict = {"behavior": "FAILED", "behaviorClose": "OK", "duration": 1001, "reportfile": "one.json"}
    cases = {"1.1.1": verdict, "9.1.1": verdict | {"reportfile": "../../etc/passwd"}}
    (tmp_path / "index.json").write_text(json.dumps({"an agent": cases}))
    (tmp_path / "one.json").write_text(json.dumps(verdict | {"id": "1.1.1", "description": "Nothing"}))
    return tmp_path


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.json", "{", "a.json:1:2: not JSON"),
        ("a.json", "[]", "expected the folder of a run"),
        ("a.json", "{}", "there is no agent in this file"),
        ("a.json", '{"a": {"1.1.1": {"behavior": "GOOD"}}}', "a.json:1:8: 'behavior' is 'GOOD'"),
        ("a.json", '{"a": {}, "b": {}}', "has several agents: a, b"),
        ("a.json", '{"a": {"77": {"behavior": "OK"}}}', None),
        ("a.json", '{"a": {"77": {"behavior": "OK", "duration": 1e999}}}', None),
        ("a.json", "[" * 10**5, "a.json: nested too deep"),
        ("a.txt", "hello", "no wire log in this text"),
        ("run.json", "{}", 'expected JSON with the format "replay run"'),
        ("run.journal", "{}", "expected 'replay journal 2' as its first line"),
    ],
)
def test_what_cannot_be_compared(
    tmp_path: Path, runs: Path, name: str, text: str, said: str | None
) -> None:
    (tmp_path / name).write_text(text)
    done = replay("diff", tmp_path / name, runs / "none")
    assert "Traceback" not in done.stderr
    assert done.returncode == (0 if said is None else 2), done.stdout
    assert (said or "") in done.stderr


def test_a_log_that_is_gone_is_said_to_be_unseen(runs: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(runs / "none", tmp_path / "copy")
    journals.change(copy, "case", 1, log=lambda log: b"")
    journals.change(copy, "case", 2, log=lambda log: b"what?\n")
    done = replay("diff", runs / "none", copy)
    assert done.returncode == 0
    assert "3 cases: 3 same" in done.stdout
    assert "unseen" in done.stdout


def test_a_case_without_a_verdict_in_one_run_is_missing_there(tmp_path: Path) -> None:
    """The server wasn't reached: that is no other run."""
    here, gone = tmp_path / "here", tmp_path / "gone"
    assert replay("run", "1.1.1", "1.1.2", "--out", here).returncode == 0
    assert replay("run", "1.1.1", "--url", "ws://127.0.0.1:9", "--out", gone).returncode == 3
    one = logs(here) / "001-1.1.1.wirelog"
    for before in (here, one):
        done = replay("diff", before, gone)
        assert (done.returncode, "gone" in done.stdout) == (1, True)
        assert "could not be reached" in " ".join(done.stdout.split())
    back = replay("diff", gone, one)
    assert (back.returncode, "1 new" in back.stdout) == (0, True)
    other = logs(here) / "002-1.1.2.wirelog"
    assert "have no test case in common" in replay("diff", other, gone).stderr
    neither = replay("diff", gone, gone)
    assert (neither.returncode, "neither" in neither.stderr) == (2, True)
