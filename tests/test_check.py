"""`replay check` of many files: every one is judged, whatever becomes of the others or of a process."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

import pytest

from replay.live import mapped
from tests.processes import ROOT, replay

REPLAY = (sys.executable, "-m", "replay")

GOOD = 'RX FRAME : OPCODE=1, PAYLOAD="Hello"\n'
MASKED = r"""# agent: masker
TX OCTETS: "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
           "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
           "Sec-WebSocket-Version: 13\r\n\r\n"
RX OCTETS: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
           "Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
RX FRAME : OPCODE=1, MASK=37fa213d, PAYLOAD="Hello"
"""
BROKEN = "RX OCTETS: 8\n"
HOSTILE = "\x1b[31mred\u202e.wirelog"

MANY = 2000

children_are_known = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with many good logs, and others among them."""
    folder = tmp_path_factory.mktemp("many")
    for number in range(MANY):
        (folder / f"{number:04}.wirelog").write_text(GOOD)
    (folder / "0700-masked.wirelog").write_text(MASKED)
    (folder / "0900-broken.wirelog").write_text(BROKEN)
    (folder / "1100-masked.wirelog").write_text(MASKED)
    (folder / HOSTILE).write_text(MASKED)
    return folder


def test_each_of_thousands_is_judged(many: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    done = replay("check", many, "--report", f"junit={report}")
    assert done.returncode == 2
    assert "\x1b" not in done.stdout + done.stderr
    assert "\u202e" not in done.stdout + done.stderr
    lines = re.findall(r"^(?:OK|FAILED) {4,}(\S+) ", done.stdout, re.MULTILINE)
    assert lines[:-1] == [f.stem for f in sorted(many.glob("[0-9]*")) if "broken" not in f.stem]
    assert lines[-1].startswith("\\x1b[31mred")
    assert done.stderr.count("error: ") == 1
    assert "0900-broken.wirelog:1:12: an odd number of hex digits" in done.stderr
    said = done.stdout.splitlines()
    assert said[-1] == f"{MANY + 3} logs: {MANY} OK, 3 FAILED; 1 file can't be read"
    assert any(re.fullmatch(r" +server-does-not-mask +3 +3", line) for line in said)
    assert any(re.fullmatch(r" +masker +3 +3", line) for line in said)
    assert any(re.fullmatch(rf" +\(unknown\) +{MANY} +-", line) for line in said)
    found = ElementTree.parse(report).getroot()
    assert found.attrib["tests"] == str(MANY + 4)  # one says what can't be read
    assert (found.attrib["failures"], found.attrib["errors"]) == ("3", "1")
    assert "0900-broken" in ElementTree.tostring(found.findall(".//error")[0], "unicode")


def test_the_same_by_one_process(many: Path) -> None:
    some = sorted(many.glob("0[79]0*"))
    alone, together = (replay("check", *some, "--jobs", jobs) for jobs in ("1", "2"))
    assert alone.stdout.count("\n") > len(some)
    assert (alone.stdout, alone.stderr) == (together.stdout, together.stderr)


def test_lines_of_json(many: Path) -> None:
    done = replay("check", "--json", "--quiet", *sorted(many.glob("0[79]0*")))
    assert done.returncode == 2
    told = [json.loads(line) for line in done.stdout.splitlines()]
    cases = [one for one in told if one["type"] == "case"]
    assert {one["counted"] for one in cases if one["agent"] == "masker"} == {"failed"}
    assert {one["cause"] for one in cases if one["agent"] == "masker"} == {"breaks:server-does-not-mask"}
    assert all(Path(one["path"]).is_file() for one in cases)
    runs = [one for one in told if one["type"] == "run"]
    assert sum(one["judged"] for one in runs) == len(cases)
    assert [one["trouble"] is not None for one in runs] == [False, False, True]


def test_a_failure_is_shown_in_full_once_for_each_cause(many: Path) -> None:
    masked = sorted(many.glob("*-masked*"))
    once, all_of_them = replay("check", *masked).stdout, replay("check", "-v", *masked).stdout
    assert once.count("  wire log") == 1
    assert once.lower().count("the server broke server-does-not-mask") == len(masked)
    assert len(re.findall(r"^ -->", all_of_them, re.MULTILINE)) == len(masked)


def test_logs_with_the_same_name_are_told_apart(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "log.wirelog").write_text(GOOD)
    report = tmp_path / "report.xml"
    assert replay("check", tmp_path, "--report", f"junit={report}").returncode == 0
    names = [case.attrib["name"] for case in ElementTree.parse(report).iter("testcase")]
    assert len(set(names)) == 2


def test_a_folder_of_files_needs_what_only_a_run_has(many: Path, tmp_path: Path) -> None:
    done = replay("check", many / "0000.wirelog", "--report", f"autobahn={tmp_path / 'reports'}")
    assert done.returncode == 2
    assert "which only a run keeps" in done.stderr


@pytest.mark.parametrize("name", ["missing.wirelog", "empty/"])
def test_what_is_not_there_stops_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "good.wirelog").write_text(GOOD)
    done = replay("check", tmp_path / name, tmp_path / "good.wirelog")
    assert done.returncode == 2
    assert done.stdout.startswith("OK            good")
    assert name.strip("/") in done.stderr


class Checking:
    """A command that has shown its first line, and goes on as more of them are read."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        self.process = process
        self._first = process.stdout.readline()
        assert self._first.startswith((b"OK", b"FAILED"))

    @property
    def children(self) -> list[int]:
        number = self.process.pid
        return list(map(int, Path(f"/proc/{number}/task/{number}/children").read_text().split()))

    def rest(self) -> tuple[str, str]:
        """All that it shows, and its errors."""
        shown, errors = self.process.communicate()
        return (self._first + shown).decode(), errors.decode()


@contextmanager
def checking(*words: str | Path) -> Iterator[Checking]:
    command = [*REPLAY, "check", *map(str, words)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
    ) as process:
        yield Checking(process)


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_was_done_before_an_interrupt_counts(
    many: Path, tmp_path: Path, jobs: str, number: signal.Signals
) -> None:
    report = tmp_path / "report.xml"
    with checking(many, "--jobs", jobs, "--report", f"junit={report}") as started:
        started.process.send_signal(number)
        shown, errors = started.rest()
    assert started.process.returncode == 130, errors
    assert "Traceback" not in errors
    assert "interrupted" in errors
    last = re.fullmatch(r"(\d+) logs?: .*", shown.splitlines()[-1])
    assert last is not None
    assert 1 <= int(last[1]) < MANY
    assert int(last[1]) == len(re.findall(r"^(?:OK|FAILED) {4,}\S+ ", shown, re.MULTILINE))
    assert ElementTree.parse(report).find(".//error") is not None


@children_are_known
def test_a_process_that_is_killed_loses_nothing(many: Path) -> None:
    with checking(many, "--jobs", "2") as started:
        os.kill(started.children[0], signal.SIGKILL)
        shown, errors = started.rest()
    assert shown.splitlines()[-1] == f"{MANY + 3} logs: {MANY} OK, 3 FAILED; 1 file can't be read"
    assert "Traceback" not in errors


@children_are_known
def test_no_process_outlives_the_one_that_started_it(many: Path) -> None:
    with checking(many, "--jobs", "2") as started:
        assert len(started.children) == 2
        started.process.kill()
        started.rest()  # ends when none of them holds the pipe any more


def deadly(number: int) -> int:
    """Kills its process for one number."""
    if number == 13:
        os._exit(1)
    return number


def test_a_value_of_which_processes_die_stops_no_other() -> None:
    with mapped.processes(2) as pool:
        found = dict(mapped.Mapped(pool, deadly, range(40)))
    assert isinstance(found.pop(13), mapped.Lost)
    assert found == {number: number for number in range(40) if number != 13}


def test_a_cluster_that_is_not_there() -> None:
    pytest.importorskip("distributed")
    done = replay("check", "--dask", "tcp://127.0.0.1:9", "traces/02-pings")
    assert done.returncode == 2
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.live
def test_a_dask_worker_that_is_killed_loses_nothing(many: Path, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    some = sorted(many.glob("0[79]*"))
    report = tmp_path / "report.xml"
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
    ) as cluster:
        words = ("--dask", cluster.scheduler_address, "--report", f"junit={report}")
        with checking(*some, *words) as started:  # the first lines are there before the last file is judged
            os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)
            shown, errors = started.rest()
    assert shown.splitlines()[-1] == "201 logs: 200 OK, 1 FAILED; 1 file can't be read"
    assert "Traceback" not in errors
    lines = re.findall(r"^(?:OK|FAILED) {4,}(\S+) ", shown, re.MULTILINE)
    assert lines == [f.stem for f in some if "broken" not in f.stem]
    assert ElementTree.parse(report).getroot().attrib["tests"] == str(len(some))
