"""Autobahn's fuzzingclient.json and fuzzingserver.json, and `replay wstest`, its command line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from replay.config import autobahn as autobahn_config
from replay.config.keys import ConfiguredServer
from replay.source import Source, SourceError
from tests.clients import Served
from tests.live.verdicts import stored
from tests.processes import ROOT, listening, replay, running

OK = ("OK", "OK")
FAULTY = ROOT / "tests" / "peers" / "faulty.py"

CLIENT = {
    "options": {"failByDrop": False},
    "outdir": "./reports/servers",
    "servers": [
        {"agent": "AutobahnPython", "url": "ws://127.0.0.1:9001/ws", "options": {"version": 18}},
        {
            "agent": "tls",
            "url": "wss://localhost",
            "origin": "http://a",
            "protocols": ["x", "y"],
            "hostname": "b",
        },
    ],
    "cases": ["*"],
    "exclude-cases": [],
    "exclude-agent-cases": {},
}
SERVER = {
    "url": "ws://localhost:9002",
    "options": {"failByDrop": False},
    "outdir": "./reports/clients",
    "webport": 8080,
    "cases": ["*"],
    "exclude-cases": [],
    "exclude-agent-cases": {},
}


def read(values: Any, **given: Any) -> Any:
    """The config of a file with these values, or this text."""
    text = values if isinstance(values, str) else json.dumps(values, indent="\t")
    return autobahn_config.of(Path("a.json"), Source("a.json", text), **given)


def cases(*patterns: str, without: tuple[str, ...] = ()) -> tuple[str, ...]:
    return tuple(read(CLIENT | {"cases": patterns, "exclude-cases": without}).run.cases)


def test_a_fuzzingclient() -> None:
    config = read(CLIENT)
    assert config.servers == (
        ConfiguredServer("AutobahnPython", {"url": "ws://127.0.0.1:9001/ws"}),
        ConfiguredServer(
            "tls",
            {
                "url": "wss://localhost",
                "insecure": True,
                "origin": "http://a",
                "subprotocol": ("x", "y"),
                "sni": "b",
            },
        ),
    )
    assert config.run.options == {"out": "./reports/servers", "report": ("autobahn=./reports/servers",)}
    assert (len(config.run.cases), config.warnings) == (517, ())


def test_a_fuzzingserver() -> None:
    config = read(SERVER)
    assert config.serve.options == {
        "host": "localhost",
        "port": 9002,
        "tls": False,
        "out": "./reports/clients",
        "report": ("autobahn=./reports/clients",),
    }
    assert config.warnings == ("a.json:7:2: 'webport' means nothing to replay",)
    secure = read(SERVER | {"url": "wss://0.0.0.0", "cert": "c.pem", "key": "k.pem"}).serve.options
    assert [secure[key] for key in ("port", "tls", "cert", "key")] == [443, True, "c.pem", "k.pem"]
    assert read(SERVER, url="ws://h:1").serve.options["host"] == "h"


def test_globs_are_the_original_s() -> None:
    assert cases("5.1*") == ("5.1", *(f"5.{n}" for n in range(10, 20)))
    assert cases("13.1.1*", without=("13.1.1",))[0] == "13.1.10"
    assert len(cases("13.*.1")) == 7 * 10  # no end anchor
    assert not any(id.startswith(("12", "13")) for id in cases("*", without=("1[1-4].*",)))
    assert cases("2.1", "1.1.1") == ("1.1.1", "2.1")


def test_what_isnt_for_an_agent_is_anchored() -> None:
    config = read(CLIENT | {"exclude-agent-cases": {"Auto*": ["5.1*", "7.1.1"], "tls": ["1.*.1"]}})
    assert config.not_for("AutobahnPython") == {*cases("5.1*"), "7.1.1"}
    assert config.not_for("tls") == {"1.1.1", "1.2.1"}
    assert config.not_for("TLS") == config.not_for("") == frozenset()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"options": {"failByDrop": True}}, "the option 'failByDrop' means nothing to replay"),
        ({"options": {"autoPingInterval": 3}}, "the option 'autoPingInterval' means nothing to replay"),
        ({"exclude-case": []}, "'exclude-case' means nothing to replay; did you mean 'exclude-cases'?"),
        ({"cases": ["1.*", "11.*"]}, "no test case matches '11.*'"),
        ({"exclude-cases": ["1.1.99"]}, "there is no test case '1.1.99'"),
    ],
)
def test_what_has_no_meaning_is_a_warning(more: dict[str, Any], said: str) -> None:
    (warning,) = read(CLIENT | more).warnings
    assert warning.endswith(f": {said}")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ('{\n "servers": [] // none\n}', "2:16: not JSON: expecting ',' delimiter"),
        ('{"cases": ["1.*"],\n}', "1:18: not JSON: expected a value after this comma"),
        ("[]", "1:1: expected a config of Autobahn"),
        (CLIENT | {"cases": ["1.1.99"]}, "26:3: there is no test case '1.1.99'"),
        (CLIENT | {"cases": ["1.(*"]}, "26:3: not a valid pattern: missing ), unterminated subpattern"),
        (CLIENT | {"cases": [1]}, "26:3: expected an id or a glob, in quotes, found '1'"),
        (CLIENT | {"cases": ["1.*"], "exclude-cases": ["*"]}, "25:11: no test case is selected"),
        (CLIENT | {"servers": []}, "6:13: there are no servers to test"),
        (CLIENT | {"servers": [{"agent": "x"}]}, "7:3: a server needs 'url'"),
        (CLIENT | {"servers": [{"url": "http://x"}]}, "8:11: expected ws://HOST"),
        ({"servers": [{"url": "ws://x"}]}, "1:1: a fuzzingclient needs 'cases'"),
        (SERVER | {"url": "ws://x:99999"}, "2:9: a port is a number from 0 to 65535"),
    ],
)
def test_faults_are_said_where_they_stand(values: Any, said: str) -> None:
    with pytest.raises(SourceError) as caught:
        read(values)
    assert str(caught.value).startswith(f"a.json:{said}")


@pytest.fixture
def port() -> Iterator[int]:
    with listening(sys.executable, FAULTY) as found:
        yield found


def write(path: Path, values: dict[str, Any]) -> Path:
    path.write_text(json.dumps(values))
    return path


def test_servers_side_by_side(tmp_path: Path, port: int) -> None:
    with listening(sys.executable, FAULTY, "--fault", "wrong-close-code") as other:
        servers = [{"agent": "good", "url": f"ws://127.0.0.1:{port}"}]
        servers += [{"agent": "bad/2", "url": f"ws://127.0.0.1:{other}"}]
        more = {"servers": servers, "cases": ["1.1.*"], "exclude-agent-cases": {"bad*": ["1.1.8"]}}
        write(tmp_path / "fuzzingclient.json", CLIENT | more)
        done = replay("wstest", "-m", "fuzzingclient", "-s", "fuzzingclient.json", cwd=tmp_path)
        ended = replay("wstest", "-m", "fuzzingclient", "--exit-zero", cwd=tmp_path)
    assert (done.returncode, ended.returncode) == (1, 0), done.stdout + done.stderr
    table = [line.split() for line in done.stdout.splitlines()]
    table = table[table.index(["case", "good", "bad/2"]) :]
    assert ["1.1.7", "OK", "OK", "/", "WRONG", "CODE"] in table
    assert ["1.1.8", "OK", "-"] in table
    folder = tmp_path / "reports" / "servers"
    assert stored(folder / "good") == dict.fromkeys((f"1.1.{n}" for n in range(1, 9)), OK)
    assert "1.1.8" not in stored(folder / "bad%2F2")
    index = json.loads((folder / "index.json").read_text())
    assert {agent: len(results) for agent, results in index.items()} == {"good": 8, "bad/2": 7}


def test_a_server_that_is_not_there_hinders_no_other(tmp_path: Path, port: int) -> None:
    servers = [
        {"agent": "gone", "url": "ws://127.0.0.1:1"},
        {"agent": "b", "url": f"ws://127.0.0.1:{port}"},
    ]
    file = write(tmp_path / "a.json", CLIENT | {"servers": servers, "cases": ["1.1.1"]})
    done = replay("run", "--config", file, "--out", tmp_path / "out", cwd=tmp_path)
    assert done.returncode == 3
    assert "nothing listens at ws://127.0.0.1:1 (connection refused)" in done.stderr
    assert stored(tmp_path / "out" / "b") == {"1.1.1": OK}


def test_one_of_them_by_the_command_line(tmp_path: Path, port: int) -> None:
    file = write(tmp_path / "a.json", CLIENT | {"cases": ["1.1.1"]})
    done = replay("run", "--config", file, "--url", f"ws://127.0.0.1:{port}", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 case: 1 OK" in done.stdout


def test_without_a_file_the_defaults_are_taken(tmp_path: Path) -> None:
    done = replay("wstest", "-m", "fuzzingclient", "-w", "ws://127.0.0.1:1", cwd=tmp_path)
    assert done.returncode == 3
    assert "there is no fuzzingclient.json in this folder; Autobahn's defaults are used" in done.stderr
    assert "0 of 517 cases run" in done.stdout
    assert (tmp_path / "reports" / "servers" / "index.json").is_file()
    assert not (tmp_path / "fuzzingclient.json").exists()


def test_a_fuzzingserver_serves(tmp_path: Path) -> None:
    more = {"url": "ws://127.0.0.1:0", "cases": ["1.1.*"], "exclude-agent-cases": {"picky": ["1.1.2"]}}
    write(tmp_path / "fuzzingserver.json", SERVER | more)
    with running("wstest", "-m", "fuzzingserver", cwd=tmp_path) as process:
        first = process.stdout.readline()
        server = Served(process, int(first.split(":")[2]))
        assert server.told("/getCaseCount") == "8"
        asked = [f"/runCase?case={n}&agent={name}" for n in range(1, 9) for name in ("picky", "other")]
        server.visit(*asked, "/updateReports?agent=other")
        ended = server.interrupted()
    assert ended.status == 0, ended.stdout + ended.stderr
    index = json.loads((tmp_path / "reports" / "clients" / "index.json").read_text())
    assert {agent: len(results) for agent, results in index.items()} == {"picky": 7, "other": 8}
    assert "1.1.2" not in stored(tmp_path / "reports" / "clients" / "picky")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("wstest",), "-m MODE is missing"),
        (("wstest", "-m", "testeeserver"), "unknown mode 'testeeserver': replay has no echo server"),
        (("wstest", "-m", "fuzingclient"), "did you mean 'fuzzingclient'?"),
        (("wstest", "-m", "fuzzingclient", "-s", "no.json"), "no.json: no such file"),
        (("wstest", "-m", "fuzzingclient", "-w", "http://a"), "--wsuri: expected ws://"),
        (("run", "--config", "server.json"), "server.json is for `replay serve`, not for `run`"),
        (("serve", "--config", "client.json"), "client.json is for `replay run`, not for `serve`"),
    ],
)
def test_a_bad_argument(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    write(tmp_path / "server.json", SERVER)
    write(tmp_path / "client.json", CLIENT)
    done = replay(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_its_version() -> None:
    assert "with the cases of Autobahn|Testsuite 25.10.1" in replay("wstest", "-a").stdout
