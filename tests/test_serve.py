"""`replay serve`: Autobahn's endpoints, several clients at once, and clients that do their worst."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import shlex
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import quote

import pytest
from websockets.sync.client import connect

from replay import limits
from replay.campaign.clients import Guests, Hosting
from replay.play.endpoint import Endpoint
from replay.play.player import Player
from replay.store import reader
from replay.suite.files import Item, known
from replay.trace.model import How
from replay.wire.handshake import encode_request
from tests.clients import ECHO, Served, serving
from tests.live.verdicts import stored
from tests.memory import REQUEST
from tests.play.test_recorded_server import GREETING
from tests.processes import replay

CASES = ("1.1.1", "1.1.2", "2.1")
OK = ("OK", "OK")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path, *CASES) as served:
        yield served


def asked(server: Served, octets: bytes) -> bytes:
    """All that comes back for these octets, until the server ends TCP."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(octets)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_driver_s_way_through(server: Served, tmp_path: Path) -> None:
    assert server.told("/getCaseCount") == "3"
    for number, case in enumerate(CASES, 1):
        info = json.loads(server.told(f"/getCaseInfo?case={number}"))
        assert info["id"] == case
        assert info["description"].startswith("replay sends a ")
        assert info == json.loads(server.told(f"/getCaseInfo?casetuple={case}"))
        server.visit(f"/runCase?case={number}&agent=me")
        assert json.loads(server.told(f"/getCaseStatus?case={number}&agent=me")) == {"behavior": "OK"}
    server.visit("/updateReports?agent=me&shutdownOnComplete=true")
    ended = server.ended()
    assert ended.status == 0
    assert "3 cases: 3 OK" in ended.stdout
    assert stored(tmp_path / "me") == dict.fromkeys(CASES, OK)
    again = replay("rejudge", tmp_path / "me")
    assert again.stdout == "3 cases rejudged: 3 agree, 0 differ, 0 unreadable\n"


def test_a_status_is_waited_for(server: Served) -> None:
    async def both() -> str:
        waiting = asyncio.create_task(server.one("/getCaseStatus?casetuple=2.1&agent=me"))
        await server.one("/runCase?casetuple=2.1&agent=me")
        return str((await waiting).entries)

    assert '{"behavior": "OK"}' in asyncio.run(both())


def test_a_later_result_takes_the_place_of_an_earlier_one(server: Served, tmp_path: Path) -> None:
    asked(server, encode_request("/runCase?case=1&agent=me", (("Host", "x"), ("Upgrade", "websocket"))))
    assert json.loads(server.told("/getCaseStatus?case=1&agent=me")) == {"behavior": "FAILED"}
    server.visit(*(f"/runCase?case={number}&agent=me" for number in (1, 2, 3)))
    server.visit("/stopServer")
    assert server.ended().status == 0
    assert stored(tmp_path / "me") == dict.fromkeys(CASES, OK)


def test_several_agents_at_once_and_their_names_are_data(server: Served, tmp_path: Path) -> None:
    names: dict[str, str | None] = {
        "A%20b%2F1.0": "A%20b%2F1.0",
        "a%20B%2F1.0": "a%20B%2F1.0-2",
        "..": "%2E%2E",
    }
    names |= {"%1B%5B31m%0A": "%1B%5B31m", "x" * 120: None, "%E2%80%AEevil": "%E2%80%AEevil"}
    server.visit(*(f"/runCase?casetuple={case}&agent={name}" for case in CASES for name in names))
    ended = server.interrupted()
    assert ended.status == 0, ended.stdout + ended.stderr
    assert not {"\x1b", "\u202e"} & set(ended.stdout)
    folders = {path.name for path in tmp_path.iterdir()}
    assert folders >= {folder for folder in names.values() if folder}
    assert len(folders) == len(names)
    assert all(stored(tmp_path / folder) == dict.fromkeys(CASES, OK) for folder in folders)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("/runCase?case=1", b"expected &agent="),
        ("/runCase?agent=me", b"expected ?case="),
        ("/runCase?case=4&agent=me", b"expected a case from 1 to 3"),
        ("/runcase?case=1&agent=me", b"expected /getCaseCount"),
    ],
)
def test_an_error_is_said_and_harms_nothing(server: Served, target: str, said: bytes) -> None:
    answer = asked(server, encode_request(target, REQUEST))
    assert answer.startswith(b"HTTP/1.1 40")
    assert said in answer
    server.visit("/runCase?case=1&agent=me")
    assert json.loads(server.told("/getCaseStatus?case=1&agent=me")) == {"behavior": "OK"}


def test_a_request_that_breaks_a_rule_is_the_verdict(server: Served) -> None:
    faulty = tuple(line for line in REQUEST if line[0] != "Sec-WebSocket-Version")
    answer = asked(server, encode_request("/runCase?case=1&agent=me", faulty))
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"\r\nSec-WebSocket-Version: 13\r\n" in answer
    ended = server.interrupted()
    assert ended.status == 130
    assert "request-websocket-version" in ended.stdout


def test_a_browser_is_told_what_this_is(server: Served) -> None:
    answer = asked(server, b"GET / HTTP/1.1\r\nHost: localhost:1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"ws://localhost:1/runCase?case=1&agent=NAME" in answer


def fetched(server: Served, target: str, **headers: str) -> tuple[HTTPResponse, str]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", target, headers=headers)
    answer = connection.getresponse()
    return answer, answer.read().decode()


def test_the_page_may_run_its_own_script_alone(server: Served) -> None:
    answer, text = fetched(server, "/", Accept="text/html")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert f"connect-src 'self' ws://127.0.0.1:{server.port} " in policy
    for name in ("script", "style"):
        (found,) = re.findall(rf"<{name}>(.+?)</{name}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(found.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}';" in f"{policy};"
    assert not re.search(r"(src|href)=\"(?!data:)|url\(|@import|style=", text)


def test_what_the_page_is_told(server: Served) -> None:
    name = '"><img src=x onerror=alert(1)>'
    server.visit(f"/runCase?case=1&agent={quote(name, safe='')}")
    asked(server, encode_request("/runCase?case=3&agent=old", (("Host", "x"), ("Upgrade", "websocket"))))
    assert server.told("/getCaseStatus?case=3&agent=old") == '{"behavior": "FAILED"}'
    answer, text = fetched(server, "/progress")
    assert (answer.headers["Content-Type"], answer.headers["Cache-Control"]) == (
        "application/json; charset=utf-8",
        "no-store",
    )
    told = json.loads(text)
    assert [case for case, _ in told["cases"]] == list(CASES)
    first, second = told["agents"].values()
    assert (first["name"], first["marks"], first["judged"]) == (name, "o..", 1)
    assert (second["marks"], second["counts"], second["finished"]) == ("..f", {"FAILED": 1}, False)
    server.visit("/updateReports?agent=old")
    later = json.loads(fetched(server, f"/progress?since={told['revision']}")[1])
    assert "cases" not in later
    assert [(place, agent["finished"]) for place, agent in later["agents"].items()] == [("1", True)]
    failures = json.loads(fetched(server, "/failures?agent=old")[1])
    assert (failures["failures"][0]["id"], failures["more"]) == ("2.1", 0)
    assert failures["failures"][0]["why"].endswith("RFC 6455 §4.1: there is no Connection header")
    assert fetched(server, "/failures?agent=nobody")[0].status == 404


GARBAGE = {
    "http/1.0": b"GET /runCase?case=1&agent=old HTTP/1.0\r\n\r\n",
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    "octets": bytes(range(256)) * 300,
    "no host": b"GET /getCaseCount HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
    "endless head": b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000,
    "other method": encode_request("/getCaseCount", REQUEST).replace(b"GET", b"BREW"),
}


def test_clients_that_do_their_worst_disturb_nobody(server: Served, tmp_path: Path) -> None:
    head = encode_request("/runCase?case=1&agent=bad", REQUEST)
    flood = head + b"\x82\xfe\xff\xff" + bytes(4 + 65535)
    with ExitStack() as held:
        for _ in range(350):  # silent, half a head, and more than may be there at once
            connection = held.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            connection.sendall(b"GET /runCase?case=1")
        for octets in (*GARBAGE.values(), head, head[:40]):
            with socket.create_connection(("127.0.0.1", server.port)) as gone:
                gone.sendall(octets)
        flooding = held.enter_context(socket.create_connection(("127.0.0.1", server.port)))

        def send() -> None:
            try:
                flooding.sendall(flood)
                while True:
                    flooding.sendall(b"\x8a\x80" + bytes(4))
                    flooding.sendall(b"\x82\xfe\xff\xff" + bytes(4 + 65535))
            except OSError:
                return

        thread = threading.Thread(target=send)
        thread.start()
        server.visit(*(f"/runCase?case={number}&agent=good" for number in (1, 2, 3)))
        assert server.told("/getCaseCount") == "3"
        thread.join(timeout=30)
        assert not thread.is_alive()
    ended = server.interrupted()
    assert stored(tmp_path / "good") == dict.fromkeys(CASES, OK), ended.stdout
    assert stored(tmp_path / "bad")["1.1.1"][0] == "FAILED"


@pytest.mark.parametrize("octets", GARBAGE.values(), ids=GARBAGE)
def test_what_is_no_opening_is_answered(server: Served, octets: bytes) -> None:
    try:
        answer = asked(server, octets)
    except ConnectionResetError:  # more has come than was read
        answer = b"HTTP/1.1 400"
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 426"))


LINES = {
    "GET ws://localhost/getCaseCount HTTP/1.1": b"HTTP/1.1 101 ",
    "GET //getCaseCount HTTP/1.1": b"HTTP/1.1 101 ",
    "GET  /getCaseCount HTTP/1.1": b"illegal request line: 'GET  /getCaseCount HTTP/1.1'",
    "GET /getCaseCount HTTP/0.9": b"the version is HTTP/0.9",
    "get /getCaseCount HTTP/1.1": b"the method is 'get'",
    "GET * HTTP/1.1": b"the target is '*'",
    "GET ws://[::1/getCaseCount HTTP/1.1": b"the target of the request is not a URL",
    "GET /getCaseCount#here HTTP/1.1": b"the target is '/getCaseCount#here'",
    "GET /\0 HTTP/1.1": b"illegal request line",
    "PRI * HTTP/2.0": b"the method is 'PRI'",
    f"GET /?{'a=1&' * 50} HTTP/1.1": b"not a URL",
    "GET /runCase?case=1&agent=%0d%0aX:%20y HTTP/1.0": b"the version is HTTP/1.0",
}


def test_each_request_line_has_its_answer(server: Served) -> None:
    head = encode_request("/", REQUEST).partition(b"\r\n")[2]
    wrong = {
        line: answer
        for line, said in LINES.items()
        if said not in (answer := asked(server, line.encode() + b"\r\n" + head))
    }
    assert wrong == {}
    assert "X: y" not in server.interrupted().stdout.splitlines()


def test_two_hundred_at_once(tmp_path: Path) -> None:
    with serving(tmp_path, "1.1.1", "1.1.6", "5.3") as server:
        server.visit(*(f"/runCase?case={n % 3 + 1}&agent=agent{n}" for n in range(200)))
        ended = server.interrupted()
    folders = list(tmp_path.iterdir())
    assert len(folders) == 200
    verdicts = [verdict for folder in folders for verdict in stored(folder).values()]
    assert set(verdicts) == {OK}, ended.stdout


def test_the_end_by_interrupt_leaves_what_there_is(server: Served, tmp_path: Path) -> None:
    server.visit("/runCase?case=1&agent=me")
    ended = server.interrupted()
    assert ended.status == 130
    assert "1 of 3 cases run" in ended.stdout
    assert reader.load(tmp_path / "me").state == "interrupted"
    again = replay("rejudge", tmp_path / "me")
    assert again.stdout.splitlines()[0] == "1 case rejudged: 1 agree, 0 differ, 0 unreadable"


def test_an_agent_that_has_said_it_is_done_is_not_interrupted(server: Served) -> None:
    server.visit("/runCase?case=1&agent=me")
    server.visit("/updateReports?agent=me")
    assert server.interrupted().status == 0


def test_nobody_came(server: Served) -> None:
    ended = server.interrupted()
    assert (ended.status, ended.stderr) == (130, "")
    assert "0 of 3 cases run" in ended.stdout


def test_a_port_that_is_taken(server: Served) -> None:
    done = replay("serve", "--port", str(server.port), "1.1.1")
    assert done.returncode == 2
    assert "address already in use" in done.stderr
    assert "--port" in done.stderr


def driver(lines: str) -> str:
    """A command that runs these lines with U as the server's URL and `run(target)`."""
    program = (
        "import sys; from urllib.parse import urlsplit; from tests.clients import Served\n"
        "U = sys.argv[1]; run = Served(None, urlsplit(U).port).visit\n" + lines
    )
    return f"{shlex.join([sys.executable, '-c', program])} {{url}}"


def test_a_driver_is_started_and_its_end_is_the_end(tmp_path: Path) -> None:
    command = driver(
        "run('/runCase?case=1&agent=me', '/runCase?case=2&agent=me', '/updateReports?agent=me')"
    )
    done = replay("serve", "--port", "0", "--out", tmp_path, "--exec", command, "1.1.1", "1.1.2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert stored(tmp_path / "me") == {"1.1.1": OK, "1.1.2": OK}


def test_who_looks_on_keeps_no_driver_that_is_idle(tmp_path: Path) -> None:
    looks = "from urllib.request import urlopen\nwhile True: urlopen(f'http{U[2:]}/progress').read()"
    command = driver(looks)
    done = replay("serve", "--port", "0", "--out", tmp_path, "--idle", "0.5", "--exec", command, "1.1.1")
    assert "the client was idle for 0.5 s" in done.stderr


def test_a_driver_may_know_by_heart_where_to_connect(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    code = f"import socket; socket.create_connection(('127.0.0.1', {port})).close()"
    command = f"{sys.executable} -c {shlex.quote(code)}"
    done = replay("serve", "--port", str(port), "--out", tmp_path, "--exec", command, "1.1.1")
    assert done.returncode == 3
    assert "no client came for a case" in done.stderr


def test_the_last_words_of_a_driver_that_fails(tmp_path: Path) -> None:
    command = driver("run('/runCase?case=1&agent=me'); sys.exit('no more of this')")
    done = replay("serve", "--port", "0", "--out", tmp_path, "--exec", command, "1.1.1", "1.1.2")
    assert done.returncode == 3
    assert "the client ended with status 1" in done.stderr
    assert "no more of this" in done.stdout
    assert stored(tmp_path / "me") == {"1.1.1": OK}


def test_a_driver_that_does_nothing_is_ended(tmp_path: Path) -> None:
    words = ("--port", "0", "--out", tmp_path, "--idle", "0.3", "1.1.1")
    done = replay("serve", *words, "--exec", "echo waiting for {url}; sleep 60")
    assert done.returncode == 3
    assert "the client was idle for 0.3 s" in done.stderr
    assert "waiting for ws://127.0.0.1:" in done.stdout


def test_a_client_is_started_once_a_case(tmp_path: Path) -> None:
    done = replay("serve", "--port", "0", "--out", tmp_path, "--each", ECHO, "--agent", "e", *CASES)
    assert done.returncode == 0, done.stdout + done.stderr
    assert stored(tmp_path / "e") == dict.fromkeys(CASES, OK)


def test_the_demo(tmp_path: Path) -> None:
    done = replay("serve", "--port", "0", "--out", tmp_path, "--demo", "7.1.1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert stored(tmp_path / "websockets") == {"7.1.1": OK}


def test_a_log_is_served_the_seed_report_too(tmp_path: Path) -> None:
    report = "tests/fixtures/autobahn-case-1.2.3-report.txt"
    words = ("--port", "0", "--out", tmp_path, "--chop", "1", "--each", ECHO, report)
    done = replay("serve", *words, "traces/01-framing/1.1.2.wirelog", "traces/01-framing/1.2.3.wirelog")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 cases: 3 OK" in done.stdout
    assert stored(tmp_path / "client") == dict.fromkeys(("1.1.2", "1.2.3"), OK)
    again = replay("rejudge", tmp_path / "client")
    assert again.stdout == "3 cases rejudged: 3 agree, 0 differ, 0 unreadable\n"


BROKEN = {
    "echoes something else": "client.send('not this' if isinstance(message, str) else b'')",
    "says more than it has to": "client.send('and this'); client.send(message)",
    "says nothing": "pass",
    "goes away": "client.close(1001)",
    "crashes": "os._exit(1)",
}


@pytest.mark.parametrize("does", BROKEN.values(), ids=BROKEN)
def test_a_log_that_is_served_catches_a_broken_client(does: str, tmp_path: Path) -> None:
    program = (
        "import os, sys\nfrom websockets.sync.client import connect\n"
        f"with connect(sys.argv[1]) as client:\n    for message in client: {does}"
    )
    command = f"exec {shlex.join([sys.executable, '-c', program])} {{url}}"
    logs = [f"traces/01-framing/{case}.wirelog" for case in ("1.1.2", "1.2.2")]
    done = replay("serve", "--port", "0", "--out", tmp_path, "--each", command, *logs)
    assert done.returncode == 1, done.stdout + done.stderr
    found = stored(tmp_path / "client")
    assert [behaviour for behaviour, _ in found.values()] == ["FAILED", "FAILED"], found


def test_logs_are_played_one_after_the_other_where_they_were_recorded(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.wirelog").write_text(GREETING)
    with serving(tmp_path / "out", str(tmp_path), "--agent", "me") as server:
        for _ in range(2):
            with connect(f"ws://127.0.0.1:{server.port}/chat", compression=None) as client:
                client.send("Hello")
                assert client.recv() == "Hi!"
        server.visit("/updateReports?agent=me")
        ended = server.interrupted()
    assert ended.status == 0, ended.stdout
    assert stored(tmp_path / "out" / "me") == {"one": OK, "two": OK}


def test_a_log_that_lacks_octets_is_not_served(tmp_path: Path) -> None:
    log = tmp_path / "cut.wirelog"
    log.write_text("# recorder: server\nTX OCTETS: 8105 4865 ... +3 octets\n")
    done = replay("serve", "--port", "0", log)
    assert done.returncode == 2
    assert "octets of the server are missing here" in done.stderr


def test_a_client_that_does_not_come(tmp_path: Path) -> None:
    words = ("--port", "0", "--out", tmp_path, "-j", "1", "1.1.*")
    done = replay("serve", *words, "--each", "echo no such module; false {url}")
    assert done.returncode == 3
    assert "the client did not connect for 3 cases; for the last one, it ended with status 1" in done.stderr
    assert "no such module" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--exec", "a {url}", "--demo"), "--exec and --demo can't be used together"),
        (("--exec", "node driver.js"), "where to connect"),
        (("tests/vectors/no-such.wirelog",), "no-such.wirelog"),
        (("--host", "no such host"), "can't listen at"),
    ],
)
def test_a_bad_argument(words: tuple[str, ...], said: str) -> None:
    done = replay("serve", "--port", "0", *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_an_expected_verdict_of_one_agent(tmp_path: Path) -> None:
    expected = tmp_path / "expected.yaml"
    expected.write_text(
        "- case: '1.1.1'\n  verdict: FAILED / FAILED\n  reason: it says no word\n  agent: 'old*'\n"
    )
    faulty = encode_request("/runCase?case=1&agent=old-one", (("Host", "x"), ("Upgrade", "websocket")))
    with serving(tmp_path / "out", "--expected", str(expected), "1.1.1") as server:
        asked(server, faulty)
        server.visit("/runCase?case=1&agent=new")
        assert server.interrupted().status == 0


def test_where_the_results_are_if_nobody_says(tmp_path: Path) -> None:
    done = replay("serve", "--port", "0", "--demo", "7.1.1", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert stored(tmp_path / ".replay" / "clients" / "websockets") == {"7.1.1": OK}
    assert (tmp_path / ".replay" / ".gitignore").read_text() == "*\n"


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "me").mkdir()
    (tmp_path / "me" / "thesis.txt").write_text("mine")
    with serving(tmp_path, "1.1.1") as server:
        server.visit("/runCase?case=1&agent=me", "/runCase?case=1&agent=you")
        ended = server.interrupted()
    assert ended.status == 2
    assert "contains something other than a run; results are not stored" in ended.stderr
    assert [path.name for path in (tmp_path / "me").iterdir()] == ["thesis.txt"]
    assert stored(tmp_path / "you") == {"1.1.1": OK}


def guests(folder: Path, *cases: str) -> Guests:
    items = [Item(known()[case]) for case in cases]
    return Guests(items, Hosting(directory=folder), lambda *_: None, lambda _: None)


def came(host: Guests, target: str) -> Endpoint:
    visitor = host.visitor()
    visitor.connected(0)
    visitor.received(encode_request(target, REQUEST), 0)
    return visitor


def test_agents_are_bounded(tmp_path: Path) -> None:
    host = guests(tmp_path, "1.1.1")
    for number in range(limits.AGENTS.default):
        assert isinstance(came(host, f"/runCase?case=1&agent={number}").successor, Player)
    refused = came(host, "/runCase?case=1&agent=more").successor
    assert refused is not None
    assert refused.output[0].startswith(b"HTTP/1.1 503")
    assert isinstance(came(host, "/runCase?case=1&agent=0").successor, Player)


def test_a_client_waits_for_its_case_while_others_play_large_ones(tmp_path: Path) -> None:
    host = guests(tmp_path, "9.1.6", "1.1.1")
    visits = [came(host, f"/runCase?case=1&agent={number}") for number in range(6)]
    assert [visit.successor is not None for visit in visits] == [True] * 5 + [False]
    first = visits[0].successor
    assert first is not None
    first.ended(How.FIN, 1)
    assert host.left(first) == 0
    visits[5].wake(2)
    assert visits[5].successor is None
    host.judge(first, 1.0)
    host.judged(first)
    visits[5].wake(3)
    assert visits[5].successor is not None


def test_a_client_waits_while_too_many_cases_are_not_judged_yet(tmp_path: Path) -> None:
    host = guests(tmp_path, "1.1.1")
    over: list[Endpoint] = []
    for _ in range(limits.UNJUDGED.default):
        successor = came(host, "/runCase?case=1&agent=me").successor
        assert successor is not None
        successor.ended(How.FIN, 1)
        assert host.left(successor) == 0
        over.append(successor)
    late = came(host, "/runCase?case=1&agent=me")
    assert (late.done, late.successor) == (False, None)
    host.judge(over[0], 1.0)
    host.judged(over[0])
    late.wake(2)
    assert late.successor is not None
