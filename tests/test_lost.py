"""Conversations in which the connection is lost, with the chat of the examples."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from replay.cases.connect import Connect
from replay.cases.load import load
from replay.source import Source, SourceError
from replay.values.shape import Names
from tests.processes import ROOT, replay

CHAT = ROOT / "examples/chat"
SPEC = CHAT / "specs/lost.yaml"


def run(server: Path) -> tuple[int, str]:
    done = replay("run", SPEC, "--exec", f"{sys.executable} {server} {{port}}")
    return done.returncode, done.stdout + done.stderr


def test_what_was_missed_comes_again() -> None:
    status, said = run(CHAT / "server.py")
    assert status == 0, said
    for id in ("lost.resume.1", "lost.resume.2", "lost.resume.3", "lost.slow"):
        assert id in said
    assert "4 cases: 4 OK" in said


@pytest.mark.live
@pytest.mark.parametrize(
    ("old", "new", "id", "named"),
    [
        ('[said["last"] :]', '[said["last"] + 1 :]', "lost.resume.2", "$.missed: expected 1, found 0"),
        ('said["last"] :]', '2:]', "lost.resume.2", "$.missed"),
        ('said["token"] in tokens', 'tokens.pop(said["token"], None)', "lost.resume.2", ""),
        ("for message in missed:", "for message in missed[:1]:", "lost.resume.3", "message"),
        ("for message in missed:", "for message in reversed(missed):", "lost.resume.3", "$.seq"),
    ],
)  # fmt: skip
def test_a_server_that_forgets_is_caught(old: str, new: str, id: str, named: str, tmp_path: Path) -> None:
    text = (CHAT / "server.py").read_text()
    assert old in text
    (tmp_path / "server.py").write_text(text.replace(old, new))
    shutil.copy(CHAT / "index.html", tmp_path)
    status, said = run(tmp_path / "server.py")
    assert status == 1, said
    assert id in said
    assert named in said


STALLING = """\
import asyncio, socket, sys
from websockets.asyncio.server import serve

async def flood(connection):
    own = connection.transport.get_extra_info("socket")
    own.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**16)
    await connection.recv()
    at = asyncio.get_running_loop().time
    begun = at()
    for _ in range(48):
        await connection.send(bytes(2**16))
    await connection.send("slow" if at() - begun > 0.5 else "fast")

async def main():
    async with serve(flood, "127.0.0.1", int(sys.argv[1]), compression=None) as server:
        await server.serve_forever()

asyncio.run(main())
"""


def test_nothing_is_read_while_it_stalls(tmp_path: Path) -> None:
    """The server has more to send than the buffers on the way can hold."""
    (tmp_path / "server.py").write_text(STALLING)
    for step, word in (("stall", "slow"), ("pause", "fast")):
        (tmp_path / "x.yaml").write_text(
            f"""
section: x
patience: 10 s
cases:
  - id: x.1
    title: A flood
    send: [text: go, {step}: 1 s]
    expect: [ok: [some: {{event: octets: <binary>, times: 48}}, text: {word}]]
    close: {{by: either, code: 1000, clean: optional}}
""".replace("event: octets: <binary>", "event: {octets: <binary>}")
        )
        command = f"{sys.executable} {tmp_path / 'server.py'} {{port}}"
        done = replay("run", tmp_path / "x.yaml", "--exec", command)
        assert done.returncode == 0, done.stdout + done.stderr


TALK = """
section: x
cases:
  - id: x.1
    title: X
    talk:
"""


@pytest.mark.parametrize(
    ("rounds", "said"),
    [
        ("      - reconnect: none\n", "there is no connection yet that could be made again"),
        (
            "      - send: [text: a]\n      - reconnect: {path: /<token>}\n",
            "nothing has captured the name 'token' here",
        ),
        (
            "      - {as: a, send: [text: a]}\n"
            "      - {as: a, reconnect: none}\n"
            "    connections: {a: none}\n",
            "a connection can't be made again where 'connections' names them all",
        ),
        ("      - send: [stall: soon]\n", "expected a duration"),
    ],
)
def test_what_cannot_be(rounds: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        load(Source("x.yaml", TALK + rounds))


def test_a_captured_value_can_break_neither_path_nor_header() -> None:
    names: Names = {"a": "x\r\nHost: evil /?é", "n": 7, "o": {"b": [1]}}
    made = Connect("/chat/<a>?n=<n>&other=<b>", (("X-A", "<a>!"), ("X-O", "<o>"))).knowing(names)
    assert made.path == "/chat/x%0D%0AHost%3A%20evil%20%2F%3F%C3%A9?n=7&other="
    assert made.headers == (("X-A", "xHost: evil /?é!"), ("X-O", '{"b": [1]}'))
