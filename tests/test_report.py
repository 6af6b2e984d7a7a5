"""`replay report`: from folders to one file, or to a page on loopback."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from replay.campaign.columns import columns
from replay.report.html.model import Column
from replay.verdict.stored_verdict import CauseWords
from tests import journals
from tests.clients import ECHO
from tests.processes import ROOT, listening, replay, running
from tests.report.test_page import details

FAULTY = ROOT / "tests" / "peers" / "faulty.py"

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
    return columns(folders, lambda path, read: str(path))


def test_a_stored_run_is_written_as_one_file(run: Path, tmp_path: Path) -> None:
    done = replay("report", run, "-o", tmp_path / "page.html", cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{tmp_path / 'page.html'}: 1 run, ")
    text = (tmp_path / "page.html").read_text("utf-8")
    found = details(text)
    assert found.keys() == {"0-0", "0-1", "0-2"}
    assert found["0-1"]["why"] == "what the case asks for"
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def cause(column: Column, id: str) -> CauseWords | None:
    """The cause of a failure, as it is stored."""
    verdict = column.told[id].verdict
    return None if verdict is None else verdict.cause


def same_page(folder: Path, *runs: Path) -> dict[str, Any]:
    """What is in the page that a run has written into `folder`, if `replay report` writes the same."""
    done = replay("report", *runs, "--out", folder / "later.html", cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert (folder / "later.html").read_text("utf-8") == (folder / "page.html").read_text("utf-8")
    return details((folder / "page.html").read_text("utf-8"))


def test_a_run_that_fails_writes_the_page_that_report_writes(tmp_path: Path) -> None:
    expected, page = tmp_path / "expected.yaml", f"html={tmp_path / 'page.html'}"
    expected.write_text('- {case: "1.2.3", verdict: FAILED, reason: known}\n')
    with listening(sys.executable, FAULTY, "--fault", "flips-one-octet") as port:
        words = ("--url", f"ws://127.0.0.1:{port}", "--expected", expected, "--seed", "7")
        done = replay(
            *("run", "-q", "--open", "1.1.1", "1.1.3", "1.2.3", "7.3.2", *words),
            *("--report", page, "--out", tmp_path / "out"),
        )
    assert (done.returncode, done.stderr) == (1, "")
    found = same_page(tmp_path, tmp_path / "out")
    assert found.keys() == details((tmp_path / "out" / "report.html").read_text("utf-8")).keys()
    for key in ("0-1", "0-2"):
        assert found[key]["apart"][0] == "server"
        assert found[key]["log"]["frames"]
        assert [bool(lines) for lines in found[key]["octets"]] == [True, True]
    assert found["0-2"]["expected"].startswith("expected: known")
    (column,) = read(tmp_path / "out")
    failures = {id: cause(column, id) is not None and told.counts for id, told in column.told.items()}
    assert failures == {"1.1.1": False, "1.1.3": True, "1.2.3": False, "7.3.2": True}
    journals.says(tmp_path / "out", "case", 2, cause=None)
    assert cause(read(tmp_path / "out")[0], "1.1.3") is None
    again, shows = found["0-1"]["commands"]
    assert again.startswith(f"replay run --url ws://127.0.0.1:{port} ")
    assert shows == f"replay show {tmp_path / 'out'} 1.1.3"
    assert found["0-1"]["file"][0] == str(tmp_path / "out" / "002-1.1.3.wirelog")
    assert (
        replay("show", tmp_path / "out", "1.1.3").stdout == replay("show", found["0-1"]["file"][0]).stdout
    )


@pytest.mark.parametrize("fault", ["answers-404", "no-upgrade", "masks-frames", "close-of-one-octet"])
def test_it_does_so_whatever_is_wrong(tmp_path: Path, fault: str) -> None:
    with listening(sys.executable, FAULTY, "--fault", fault) as port:
        words = ("--url", f"ws://127.0.0.1:{port}", "--out", tmp_path / "out")
        replay("run", "-x", "7.3.1", "7.1.1", *words, "--report", f"html={tmp_path / 'page.html'}")
    assert all("log" in each for each in same_page(tmp_path, tmp_path / "out").values())


def test_so_do_runs_against_several_servers(tmp_path: Path) -> None:
    config = tmp_path / "replay.yaml"
    words = f"{sys.executable} {FAULTY} --port {{port}} --fault"
    rows = "".join(f"- agent: {name}\n  exec: {words} {name}\n" for name in ("flips-one-octet", "none"))
    config.write_text(f"servers:\n{rows}report: [html=page.html]\nout: out\n")
    done = replay("run", "1.1.3", "1.1.1", "--out", tmp_path / "out", cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    found = same_page(tmp_path, tmp_path / "out")
    assert [("octets" in each, bool(each["log"]["frames"])) for each in found.values()] == [
        *((False, True), (True, True), (False, True), (False, True))
    ]


def test_so_do_clients(tmp_path: Path) -> None:
    spec = tmp_path / "greetings.yaml"
    cases = "".join(
        f'  - {{id: "my.{n}", title: Greeting, send: [text: Hello], expect: [ok: [text: {said}]]}}\n'
        for n, said in ((1, "Hello"), (2, "Hallo"))
    )
    spec.write_text(f'section: "my"\ncases:\n{cases}')
    words = ("--port", "0", "--out", tmp_path / "out", "--report", f"html={tmp_path / 'page.html'}")
    done = replay("serve", "-q", spec, "--each", ECHO, *words)
    assert done.returncode == 1, done.stdout + done.stderr
    good, bad = same_page(tmp_path, tmp_path / "out").values()
    assert good["log"]["frames"]
    assert bad["apart"][0] == "client"
    assert bad["commands"][0].startswith("replay serve")


def test_a_run_that_can_not_be_stored_is_shown_without_logs(tmp_path: Path) -> None:
    (tmp_path / ".replay").write_text("in the way")
    done = subprocess.run(
        [sys.executable, "-m", "replay", "run", "1.1.1", "--report", "html=page.html"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (said,) = details((tmp_path / "page.html").read_text("utf-8")).values()
    assert "was not stored" in said["fault"]
    assert dict(said["stored"])["why"] == "what the case asks for"


def test_a_run_is_told_by_its_folder_its_file_and_the_folder_around(run: Path) -> None:
    for given in (run, run / "run.journal", run.parent):
        (column,) = read(given)
        assert column.counts == "3 cases: 3 OK"
        codes = [told.verdict and told.verdict.close_code for told in column.told.values()]
        assert codes == [1000, 1000, 1002]
    assert [column.name for column in read(run, run)] == ["the built-in echo server · out"] * 2


def test_what_is_damaged_is_not_shown(run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "run.journal").write_bytes((run / "run.journal").read_bytes())
    journals.change(copy, "case", 2, log=lambda log: b"000 TX OCTETS: 81 what?\n")
    journals.damage(copy, 3, b"HTTP/1.1 101")
    (column,) = read(copy)
    said = column.told["1.2.3"].detail(1000)
    assert said["fault"].startswith("The log can't be shown: ")
    assert "run.journal (1.2.3): damaged, this is not a stored log" in said["fault"]
    assert column.told["2.5"].verdict is None
    assert "damaged" in column.told["2.5"].detail(1000)["fault"]
    assert column.counts == "3 cases: 2 OK, 1 unreadable; closing: 1 FAILED"


def test_a_report_of_the_original_is_shown_as_far_as_it_goes(tmp_path: Path) -> None:
    old, other = read(autobahn(tmp_path))
    assert (old.name, other.name) == ("old<b>", "other")
    assert list(old.told) == ["1.1.1", "1.10", "1.9"]
    assert other.told["1.1.1"].verdict is not None
    assert other.told["1.1.1"].verdict.duration is None
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
        assert "the file of the case is missing" in told.detail(1000)["fault"]


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
    with running("report", "--serve", run) as process:
        yield urlsplit(process.stdout.readline().split()[0]).netloc


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
    assert (status, text) == (200, journals.text(run, 3).decode())
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
        ("/log?name=..%2Frun.journal", None, "GET", 404),
        ("//[", None, "GET", 404),
    ],
)
def test_what_is_not_served(desk: str, target: str, host: str | None, method: str, status: int) -> None:
    assert asked(desk, target, host, method)[0] == status
