"""`replay report`: from folders to one file, or to a page on loopback."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from replay.report.html.model import Column
from replay.stored import columns
from tests.processes import ROOT, replay
from tests.report.test_page import details

FAULTS = {
    "nothing": {},
    "no JSON": {"index.json": "{"},
    "a list": {"index.json": "[]"},
    "no agents": {"index.json": '{"one": 1}'},
    "another word": {"index.json": '{"one": {"1.1.1": {"behavior": "FINE", "behaviorClose": "OK"}}}'},
    "no verdicts": {"index.json": '{"one": {"1.1.1": []}}'},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "out"
    page = f"html={folder.parent / 'at-once.html'}"
    done = replay(
        "run", "-q", "--out", folder, "--report", page, "--open", "1.1.1", "1.2.3", "2.5", cwd=ROOT
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith(f"{(folder / 'report.html').as_uri()}\n")
    return folder


def autobahn(folder: Path) -> Path:
    """A report as Autobahn|Testsuite writes it: two agents, and the file of one case."""
    wirelog = [
        ["TO", [6, "8180faa0ba58"], False],
        ["KL", 1],
        ["RO", [2, "8100"]],
        ["TO", [8, "8882a1b2c3d4a25a"], False],
        ["RO", [4, "880203e8"]],
    ]
    case = {
        "agent": "old<b>",
        "id": "1.1.1",
        "isServer": False,
        "behavior": "OK",
        "behaviorClose": "OK",
        "description": "Send text message with payload 0.",
        "result": "Actual events match at least one expected.",
        "resultClose": "Connection was properly closed",
        "expected": {"OK": [["message", "", False]]},
        "wirelog": wirelog,
    }
    good = {"behavior": "OK", "behaviorClose": "OK", "duration": 2, "remoteCloseCode": 1000}
    index = {
        "old<b>": {"1.1.1": {**good, "reportfile": "old_case_1_1_1.json"}, "1.10": good, "1.9": good},
        "other": {
            "1.1.1": {**good, "behavior": "FAILED", "behaviorClose": "UNCLEAN", "duration": -7},
            "1.9": {**good, "reportfile": "../secret.json"},
        },
    }
    (folder / "index.json").write_text(json.dumps(index))
    (folder / "old_case_1_1_1.json").write_text(json.dumps(case))
    return folder


def read(*folders: Path) -> list[Column]:
    return columns(folders, str)


def test_a_stored_run_is_written_as_one_file(run: Path, tmp_path: Path) -> None:
    done = replay("report", run, "-o", tmp_path / "page.html", cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{tmp_path / 'page.html'}: 1 run, ")
    text = (tmp_path / "page.html").read_text("utf-8")
    found = details(text)
    assert found.keys() == {"0-0", "0-1", "0-2"}
    assert found["0-1"]["why"] == "what the case asks for"
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_a_run_writes_the_same_page_when_it_ends(run: Path) -> None:
    for file in (run / "report.html", run.parent / "at-once.html"):
        found = details(file.read_text("utf-8"))
        assert found.keys() == {"0-0", "0-1", "0-2"}
        assert "file" not in found["0-1"]


def test_a_run_is_told_by_its_folder_its_file_and_the_folder_around(run: Path) -> None:
    for given in (run, run / "run.json", run.parent):
        (column,) = read(given)
        assert column.counts == "3 cases: 3 OK"
        assert [told.code for told in column.told.values()] == [1000, 1000, 1002]
    assert [column.name for column in read(run, run)] == ["the built-in echo server · out"] * 2


def test_a_log_that_was_changed_is_not_shown(run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in run.glob("*.*"):
        (copy / file.name).write_bytes(file.read_bytes())
    (copy / "002-1.2.3.wirelog").write_text("000 TX OCTETS: 8100\n")
    (copy / "003-2.5.json").write_text("{")
    (column,) = read(copy)
    said = column.told["1.2.3"].detail(1000)
    assert "this is not the log that was stored" in said["fault"]
    assert column.told["2.5"].behaviour is None
    assert "damaged" in column.told["2.5"].detail(1000)["fault"]
    assert column.counts == "3 cases: 2 OK, 1 unreadable; closing: 1 FAILED"


def test_a_report_of_the_original_is_shown_as_far_as_it_goes(tmp_path: Path) -> None:
    old, other = read(autobahn(tmp_path))
    assert (old.name, other.name) == ("old<b>", "other")
    assert list(old.told) == ["1.1.1", "1.10", "1.9"]
    assert other.told["1.1.1"].duration is None
    said = old.told["1.1.1"].detail(2**16)
    assert said["closing"] == "OK: Connection was properly closed"
    assert ["description", "Send text message with payload 0."] in said["original"]
    assert [frame["said"] for frame in said["log"]["frames"]] == [
        "text 0",
        "text 0",
        "close 1000 (normal closure)",
        "close 1000 (normal closure)",
    ]
    for told in (old.told["1.9"], other.told["1.9"], other.told["1.1.1"]):
        assert "its own file isn't there" in told.detail(1000)["fault"]


@pytest.mark.parametrize("files", FAULTS.values(), ids=FAULTS)
def test_a_folder_with_something_else_is_an_error(files: dict[str, str], tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    done = replay("report", tmp_path, "-o", tmp_path / "page.html", cwd=ROOT)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert str(tmp_path) in done.stderr
    assert not (tmp_path / "page.html").exists()


def test_a_file_that_cannot_be_written_is_an_error(run: Path, tmp_path: Path) -> None:
    done = replay("report", run, "-o", tmp_path / "no" / "page.html", cwd=ROOT)
    assert done.returncode == 2
    assert "no such file or directory" in done.stderr


@pytest.fixture(scope="module")
def desk(run: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "replay", "report", "--serve", str(run)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        yield urlsplit(process.stdout.readline().split()[0]).netloc
        process.terminate()


def asked(desk: str, target: str, host: str | None = None, method: str = "GET") -> tuple[int, str]:
    connection = http.client.HTTPConnection(desk, timeout=20)
    connection.request(method, target, headers={"Host": host or desk})
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_what_is_served(desk: str, run: Path) -> None:
    status, text = asked(desk, "/")
    assert status == 200
    assert "connect-src &#39;self&#39;; " in text
    assert 'id="case-' not in text
    status, text = asked(desk, "/case?column=0&id=2.5")
    assert status == 200
    said = json.loads(text)
    assert said["file"][0] == str(run / "003-2.5.wirelog")
    status, text = asked(desk, "/" + said["file"][1])
    assert (status, text) == (200, (run / "003-2.5.wirelog").read_text())
    assert json.loads(asked(desk, "/state")[1])["columns"][0]["done"] == 3


@pytest.mark.parametrize(
    ("target", "host", "method", "status"),
    [
        ("/", "evil.example", "GET", 421),
        ("/", "127.0.0.1", "GET", 421),
        ("/", None, "POST", 405),
        ("/other", None, "GET", 404),
        ("/case?column=9&id=2.5", None, "GET", 404),
        ("/case?column=-1&id=2.5", None, "GET", 404),
        ("/case?column=0&id=nothing", None, "GET", 404),
        ("/log?name=/etc/passwd", None, "GET", 404),
        ("/log?name=..%2Frun.json", None, "GET", 404),
        ("//[", None, "GET", 404),
    ],
)
def test_what_is_not_served(desk: str, target: str, host: str | None, method: str, status: int) -> None:
    assert asked(desk, target, host, method)[0] == status
