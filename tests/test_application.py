"""Logs and specs of an application, which is no echo server: no canary, one by one, once."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from replay.wire.handshake import accept
from tests import journals
from tests.memory import KEY
from tests.processes import ROOT, listening, replay

SPEC = """
section: room
cases:
  - {id: room.1, title: Ann, send: [text: ann], expect: [ok: [text: they said 'ann']]}
  - {id: room.2, title: Bob, send: [text: bob], expect: [ok: [text: they said 'bob']]}
  - {id: room.3, title: Eve, send: [text: eve], expect: [ok: [text: they said 'mallory']]}
"""


def log(word: str, back: str) -> str:
    """Someone says a word of three letters, and hears this."""
    return rf"""# title: {word}
TX OCTETS: "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n"
RX OCTETS: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Accept: {accept(KEY)}\r\n\r\n"
TX OCTETS: 8183 00000000 "{word}"
RX OCTETS: 81{len(back):02x} "{back}"
TX OCTETS: 8882 00000000 03e8
RX OCTETS: 8802 03e8
TCP DROPPED BY PEER
"""


@pytest.fixture(params=["spec", "logs"])
def given(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """What is played: two who are heard, and one who is misheard."""
    folder = tmp_path / "given"
    folder.mkdir()
    if request.param == "spec":
        (folder / "room.yaml").write_text(SPEC)
    else:
        for word, heard in (("ann", "ann"), ("bob", "bob"), ("eve", "mallory")):
            (folder / f"{word}.wirelog").write_text(log(word, f"they said '{heard}'"))
    return folder


@pytest.fixture
def said(tmp_path: Path) -> Path:
    """What the server writes down."""
    return tmp_path / "said"


@pytest.fixture
def room(said: Path) -> Iterator[str]:
    with listening(sys.executable, ROOT / "tests/peers/room.py", said) as port:
        yield f"ws://127.0.0.1:{port}"


def test_they_are_played_one_by_one_and_once(given: Path, room: str, said: Path, tmp_path: Path) -> None:
    done = replay("run", "--url", room, "--out", tmp_path / "out", given)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "3 cases: 2 OK, 1 FAILED" in done.stdout
    assert "flaky" not in done.stdout
    assert said.read_text().split() == ["'ann'", "'bob'", "'eve'"]  # and no canary sang
    stored = "".join(journals.text(tmp_path / "out", number).decode() for number in (1, 2, 3))
    assert re.findall("# title: (.*)", stored.lower()) == ["ann", "bob", "eve"]


def test_side_by_side_and_again_if_that_is_asked_for(given: Path, room: str, said: Path) -> None:
    done = replay("run", "--url", room, "-j", "8", given)
    assert "flaky" in done.stdout
    assert len(said.read_text().split()) > 3


def test_where_a_case_needs_an_echo_the_canary_asks_for_one(room: str, said: Path, tmp_path: Path) -> None:
    spec = tmp_path / "echo.yaml"
    spec.write_text(SPEC.replace("ok: [text: they said 'ann']", "ok: [echo]").replace("ann", "Does"))
    for canary, status in ((), 1), (("--canary", "never"), 1):
        done = replay("run", "--url", room, *canary, spec)
        assert done.returncode == status, done.stdout
        assert ("'Does it echo?'" in said.read_text()) is not bool(canary)
        said.unlink()


def test_a_config_may_send_the_canary_away(room: str, said: Path, tmp_path: Path) -> None:
    (tmp_path / "replay.yaml").write_text(f"url: {room}\ncanary: never\ncases: [echo.yaml]\n")
    (tmp_path / "echo.yaml").write_text(SPEC.replace("text: they said 'ann'", "echo"))
    assert replay("run", cwd=tmp_path).returncode == 1
    assert "Does it echo?" not in said.read_text()


COUNTING = """\
import asyncio, json, sys
from websockets.asyncio.server import serve
visits = 0

async def count(connection):
    global visits
    visits += 1
    await connection.send(json.dumps({"visits": visits}))
    await connection.wait_closed()

async def main():
    async with serve(count, "127.0.0.1", int(sys.argv[1])) as server:
        await server.serve_forever()

asyncio.run(main())
"""
FRESH = """\
section: fresh
fresh: case
cases:
  - {id: fresh.1, title: The first visit, talk: [{expect: [json: {visits: 1}]}]}
  - {id: fresh.2, title: The first visit again, talk: [{expect: [json: {visits: 1}]}]}
"""


def test_a_server_is_started_anew_for_each_case_that_wants_it(tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(COUNTING)
    (tmp_path / "fresh.yaml").write_text(FRESH)
    (tmp_path / "same.yaml").write_text(FRESH.replace("fresh: case\n", ""))
    command = f"{sys.executable} server.py {{port}}"
    done = replay("run", "fresh.yaml", "--exec", command, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    done = replay("run", "same.yaml", "--exec", command, cwd=tmp_path)
    assert done.returncode == 1
    assert "1st event: json $.visits: expected 1, found 2" in done.stdout


def test_a_server_that_replay_did_not_start_is_not_started_anew(tmp_path: Path) -> None:
    (tmp_path / "fresh.yaml").write_text(FRESH)
    done = replay("run", "fresh.yaml", "--url", "ws://127.0.0.1:9", cwd=tmp_path)
    assert done.returncode == 2
    assert "fresh.yaml:4:10: the case wants the server to be started anew" in done.stderr
