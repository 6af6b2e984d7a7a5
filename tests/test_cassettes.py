"""Cassettes: recorded once against the chat of the examples, and played to its client ever after."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.processes import ROOT

CLIENT = '''\
import json, uuid
from websockets.sync.client import connect

def talk(url, texts, user="ann"):
    """Say these texts, and return those that came back."""
    with connect(url, additional_headers={"Authorization": "Bearer secret-7"}) as connection:
        def until(kind):
            while True:
                said = json.loads(connection.recv(timeout=5))
                if said["type"] == kind:
                    return said

        def say(kind, **values):
            connection.send(json.dumps({"type": kind, "id": str(uuid.uuid4()), **values}))

        until("hello")
        say("login", user=user)
        until("welcome")
        say("join", room="dev")
        until("joined")
        came = []
        for text in texts:
            say("say", room="dev", text=text)
            came.append(until("message")["text"])
        return came
'''

TEST = """\
import os
from client import talk

def test_what_is_said_comes_back(replay_cassette):
    with replay_cassette(os.environ.get("CHAT")) as url:
        assert talk(url, ["Hello", "é"], os.environ.get("WHO", "ann")) == ["Hello", "é"]

def test_twice(replay_cassette):
    with replay_cassette(os.environ.get("CHAT"), name="two visits") as url:
        assert talk(url, ["one"]) == ["one"]
        if "ONCE" not in os.environ:
            assert talk(url, ["two"]) == ["two"]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "client.py").write_text(CLIENT)
    (tmp_path / "test_client.py").write_text(TEST)
    return tmp_path


@contextmanager
def chat() -> Iterator[int]:
    """The chat, listening on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, ROOT / "examples/chat/server.py", str(port)])
    try:
        for _ in range(2000):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            select.select([], [], [], 0.01)
        yield port
    finally:
        server.kill()
        server.wait()


def run(project: Path, *words: str, **environment: str) -> tuple[int, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("CI", "CHAT")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", project, *words],
        cwd=project,
        env=kept | environment | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.live
def test_once_recorded_it_is_played_without_the_server(project: Path) -> None:
    with chat() as port:
        status, said = run(project, CHAT=f"ws://127.0.0.1:{port}/chat?room=dev")
        assert status == 0, said
    names = {path.name for path in (project / "cassettes").iterdir()}
    assert names == {"test_what_is_said_comes_back.yaml", "two-visits.yaml"}
    kept = "".join(path.read_text() for path in (project / "cassettes").iterdir())
    assert "secret-7" not in kept
    status, said = run(project, CI="true")
    assert status == 0, said
    status, said = run(project, WHO="bob")
    assert status == 1
    assert '$.user: expected "ann", found "bob"' in said
    assert "test_twice" not in said
    status, said = run(project, ONCE="1")
    assert "the client made 1 of the 2 connections that are in" in said


def test_in_ci_nothing_is_recorded(project: Path) -> None:
    status, said = run(project, "-k", "back", CI="true", CHAT="ws://127.0.0.1:1")
    assert status == 1
    assert "in CI nothing is recorded" in said
    assert not (project / "cassettes").exists()


def test_without_cassette_and_url_it_says_what_to_do(project: Path) -> None:
    status, said = run(project, "-k", "back")
    assert status == 1
    assert "give the URL of the server to record it" in said
