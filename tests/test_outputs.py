"""--report and --json, as a person and a CI use them."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import signal
import socket
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import jsonschema
import pytest

from replay.report.formats import FORMATS
from replay.report.json_lines import schema
from tests.clients import serving
from tests.memory import REQUEST
from tests.processes import ROOT, listening, replay

FAULTY = ROOT / "tests" / "peers" / "faulty.py"
NOBODY = "ws://127.0.0.1:9"
"""The port `discard`, where nobody listens."""


def _all(folder: Path) -> list[str]:
    return [word for name in FORMATS for word in ("--report", f"{name}={folder / 'deep' / name}")]


def test_every_format_at_once(tmp_path: Path) -> None:
    ran = replay("run", "1.1.*", "7.1.6", "--agent", "mine", *_all(tmp_path))
    assert (ran.returncode, ran.stderr) == (0, "")
    folder = tmp_path / "deep"
    assert {path.name for path in folder.iterdir()} == set(FORMATS)
    assert ET.parse(folder / "junit").getroot().get("tests") == "9"
    index = json.loads((folder / "autobahn" / "index.json").read_text())["mine"]
    assert list(index) == [*(f"1.1.{n}" for n in range(1, 9)), "7.1.6"]
    for id, row in index.items():
        case = json.loads((folder / "autobahn" / row["reportfile"]).read_text())
        same = ("behavior", "behaviorClose", "duration", "remoteCloseCode")
        assert {name: case[name] for name in same} == {name: row[name] for name in same}
        assert (case["id"], case["agent"], case["started"][:2]) == (id, "mine", "20")
    assert len(list((folder / "autobahn").iterdir())) == 10
    assert json.loads((folder / "autobahn" / "mine_case_7_1_6.json").read_text())["case"] == 215


def test_help_names_all_formats() -> None:
    shown = replay("run", "--help").stdout
    assert [name for name in FORMATS if not re.search(rf"\b{name}\b", shown)] == []


def test_a_failure_is_explained_in_each() -> None:
    with listening(sys.executable, FAULTY, "--fault", "flips-one-octet") as port:
        ran = replay(
            "run", "1.2.3", "--url", f"ws://127.0.0.1:{port}", "--report", "junit=-", "--seed", "7"
        )
    assert ran.returncode == 1
    (failure,) = ET.fromstring(ran.stdout).iter("failure")
    assert failure.get("type") == "FAILED"
    assert "differs at offset" in (failure.get("message") or "")
    assert failure.text is not None
    assert failure.text.startswith("FAILED 1.2.3")
    assert failure.text.endswith(f"again: replay run --url ws://127.0.0.1:{port} --seed 7 1.2.3")
    assert "1 case: 1 FAILED" in ran.stderr  # what a person reads


def test_a_server_that_never_says_its_name_has_one_that_lasts(tmp_path: Path) -> None:
    """Of its command or its address, without a port that is another one in each run."""
    words = ["run", "7.3.1", *_all(tmp_path)]
    reports = tmp_path / "deep"
    command = f"{shlex.join([sys.executable, str(FAULTY)])} --fault answers-404 --port {{port}}"
    program = f"{Path(sys.executable).name} faulty.py answers-404"
    with listening(sys.executable, FAULTY, "--fault", "answers-404") as port:
        for own, name, file in (
            (["--exec", command], program, "python"),
            (["--url", f"ws://127.0.0.1:{port}/a"], "ws://127.0.0.1/a", "ws"),
        ):
            assert replay(*words, *own).returncode == 1
            (suite,) = ET.parse(reports / "junit").getroot()
            assert suite.get("name") == name
            classes = {each.get("classname") for each in suite.iter("testcase")}
            assert classes == {f"{name.replace('.', '_')}.section 7_3"}
            (row,) = json.loads((reports / "autobahn" / "index.json").read_text())[name].values()
            case = json.loads((reports / "autobahn" / row["reportfile"]).read_text())
            assert (case["agent"], case["behaviorClose"]) == (name, "FAILED")
            assert row["reportfile"].startswith(file)
            (issue,) = json.loads((reports / "gitlab").read_text())
            known = f"{name}\0007.3.1\0websocket-suite/7.3.1"
            assert issue["fingerprint"] == hashlib.sha256(known.encode()).hexdigest()


def test_a_stored_run_is_reported_the_same(tmp_path: Path) -> None:
    with listening(sys.executable, FAULTY, "--fault", "wrong-close-code") as port:
        url = f"ws://127.0.0.1:{port}"
        words = ("run", "1.1.1", "1.2.3", "7.1.6", "--url", url, "--out", tmp_path / "out")
        assert replay(*words, *_all(tmp_path / "run")).returncode == 1
    again = replay("rejudge", tmp_path / "out", *_all(tmp_path / "again"), "--json")
    assert again.returncode == 0, again.stderr
    assert again.stderr == "3 cases rejudged: 3 agree, 0 differ, 0 unreadable\n"
    was, now = (tmp_path / name / "deep" for name in ("run", "again"))
    for name in ("shields", "badge", "autobahn/index.json"):
        assert (was / name).read_text() == (now / name).read_text()
    assert _messages(was) == _messages(now) != []
    counted = [json.loads(line).get("counted") for line in again.stdout.splitlines()]
    assert counted[:3] == ["failed", "failed", "passed"]


def _messages(folder: Path) -> list[str | None]:
    return [one.get("message") for one in ET.parse(folder / "junit").getroot().iter("failure")]


def test_json_lines_come_as_results_do() -> None:
    ran = replay("run", "--json", "1.1.1", "1.1.2", "--seed", "1")
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [line["type"] for line in lines] == ["case", "case", "run"]
    assert {line["id"] for line in lines[:2]} == {"1.1.1", "1.1.2"}
    assert (lines[2]["state"], lines[2]["status"], lines[2]["judged"]) == ("complete", 0, 2)
    described = json.loads(replay("schema", "json").stdout)
    assert described == schema()
    for line in lines:
        jsonschema.validate(line, described)
    assert "2 cases: 2 OK" in ran.stderr


def test_a_server_that_is_not_there_is_reported(tmp_path: Path) -> None:
    ran = replay("run", "1.1.*", "--url", NOBODY, *_all(tmp_path), "--json")
    assert ran.returncode == 3
    folder = tmp_path / "deep"
    (error,) = ET.parse(folder / "junit").getroot().iter("error")
    assert "not reached" in (error.get("message") or "")
    assert "\nBail out! not reached" in (folder / "tap").read_text()
    assert (folder / "github").read_text().startswith("::error title=replay::not reached")
    assert "**not reached" in (folder / "markdown").read_text()
    assert json.loads((folder / "shields").read_text())["message"] == "not reached"
    assert json.loads((folder / "gitlab").read_text())[0]["severity"] == "blocker"
    assert json.loads((folder / "autobahn" / "index.json").read_text()) == {NOBODY: {}}
    (line,) = ran.stdout.splitlines()
    assert (json.loads(line)["state"], json.loads(line)["status"]) == ("unreached", 3)


def test_interrupted_it_is_partial_and_says_so(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "replay", "run", "--json", "--out", str(tmp_path / "out")]
    words = ["9.*", "1.1.1", "-j", "1", "--report", f"junit={tmp_path / 'junit'}"]
    with subprocess.Popen(
        [*command, *words, "--report", f"autobahn={tmp_path}"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        last = json.loads(process.stdout.read().splitlines()[-1])
    assert process.returncode == 130
    assert (first["type"], last["type"], last["state"], last["status"]) == (
        "case",
        "run",
        "interrupted",
        130,
    )
    root = ET.parse(tmp_path / "junit").getroot()
    assert [error.get("message") for error in root.iter("error")] == [last["trouble"]]
    assert last["trouble"].startswith("interrupted; ")
    (index,) = json.loads((tmp_path / "index.json").read_text()).values()
    assert len(index) == last["judged"] > 0
    assert (tmp_path / index[first["id"]]["reportfile"]).is_file()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".tmp")]


def test_on_github_it_shows_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("# before\n")
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    with listening(sys.executable, FAULTY, "--fault", "flips-one-octet") as port:
        ran = replay("run", "1.2.3", "--url", f"ws://127.0.0.1:{port}")
    assert ran.returncode == 1
    shown = [line for line in ran.stdout.splitlines() if line.startswith("::")]
    # In between nothing is a command, whatever the server says.
    assert shown[0].startswith("::stop-commands::replay-")
    assert shown[1] == f"::{shown[0].rpartition(':')[2]}::"
    assert shown[2].startswith("::error title=1.2.3 FAILED::")
    assert ran.stdout.index(shown[0]) == 0
    assert shown[-1].startswith("::notice title=replay::1 case: 1 FAILED")
    text = summary.read_text()
    assert text.startswith("# before\n")
    assert "| 1.2.3 " in text
    summary.write_text("x" * 2**20)
    replay("run", "1.2.3")
    assert summary.stat().st_size == 2**20  # more would lose the whole of it


def test_clients_are_reported_side_by_side(tmp_path: Path) -> None:
    echo = ROOT / "tests" / "live" / "clients" / "websockets_driver.py"
    ran = replay(
        *("serve", "1.1.1", "1.1.2", "--port", "0", "--json", "--out", tmp_path / "out"),
        *("--exec", f"{sys.executable} {echo} {{url}} Some-Client", *_all(tmp_path)),
    )
    assert ran.returncode == 0, ran.stderr
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [line["agent"] for line in lines] == ["Some-Client"] * 3
    folder = tmp_path / "deep" / "autobahn"
    assert {path.name for path in folder.iterdir()} == {
        *("index.json", "some_client_case_1_1_1.json", "some_client_case_1_1_2.json"),
    }
    case = json.loads((folder / "some_client_case_1_1_2.json").read_text())
    assert (case["isServer"], case["case"], case["behavior"]) == (True, 2, "OK")
    assert "listening at" in ran.stderr


def test_a_driver_finds_its_reports_when_it_has_asked_for_them(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    with serving(tmp_path / "out", "1.1.1", "1.1.2", "--report", f"autobahn={folder}") as server:
        for agent in ("one", "two"):
            server.visit(*(f"/runCase?case={number}&agent={agent}" for number in (1, 2)))
            server.visit(f"/updateReports?agent={agent}")
            index = json.loads((folder / "index.json").read_text())
            assert list(index[agent]) == ["1.1.1", "1.1.2"]
            assert (folder / index[agent]["1.1.2"]["reportfile"]).is_file()
        assert list(index) == ["one", "two"]
        assert server.interrupted().status == 0


def test_a_report_is_there_before_the_client_hears_of_it(tmp_path: Path) -> None:
    """It leaves with the first octet of the answer."""
    folder = tmp_path / "reports"
    with serving(tmp_path / "out", "1.1.1", "--report", f"autobahn={folder}") as server:
        server.visit("/runCase?case=1&agent=me")
        lines = [
            "GET /updateReports?agent=me HTTP/1.1",
            *(f"{name}: {value}" for name, value in REQUEST),
            "",
        ]
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall("\r\n".join([*lines, ""]).encode())
            assert client.recv(1) == b"H"
            assert json.loads((folder / "index.json").read_text())["me"]["1.1.1"]["behavior"] == "OK"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--report", "xunit=a"], "unknown report format 'xunit'; did you mean 'junit'?"),
        (["--report", "a.html"], "'a.html': expected FORMAT=FILE, such as html=a.html"),
        (["--report", "a/b.xml"], "'a/b.xml': expected FORMAT=FILE, such as junit=a/b.xml"),
        (["--report", "junit"], "'junit': expected junit=FILE, or junit=-"),
        (["--report", "junit=."], "--report junit=.: expected a file, found a folder"),
        (
            ["--report", "autobahn=pyproject.toml"],
            "--report autobahn=pyproject.toml: expected a folder, found a file",
        ),
        (["--report", "autobahn=-"], "autobahn is a folder of files, and can't go to standard output"),
        (["--report", "tap=-", "--json"], "tap and json can't both go to standard output"),
        (["--report", "tap=pyproject.toml/x"], "--report tap=pyproject.toml/x: file exists"),
    ],
)
def test_a_mistake_is_said_before_anything_is_played(words: list[str], said: str) -> None:
    ran = replay("run", "1.1.1", *words)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert said in ran.stderr


def test_what_can_not_be_written_is_said(tmp_path: Path) -> None:
    ran = replay("run", "1.1.1", "--report", "junit=/dev/full", "--report", f"tap={tmp_path / 'tap'}")
    assert ran.returncode == 2
    assert "error: /dev/full: no space left on device" in ran.stderr
    assert (tmp_path / "tap").exists()
