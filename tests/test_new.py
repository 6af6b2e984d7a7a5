"""`replay new` with the chat of the examples: its spec passes, and catches what a server does wrong."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.processes import ROOT, listening, replay

CHAT = ROOT / "examples/chat"
LOG = CHAT / "traces/chat.wirelog"

FAULTS = [
    ("hello", 'send(connection, "hello", ', 'send(connection, "hi", ', '"hello"'),
    ("session", "secrets.token_hex(8)", "secrets.token_hex(4)", "$.session"),
    (
        "twice",
        'await send(connection, "hello"',
        'for _ in "ab": await send(connection, "hello"',
        '"welcome"',
    ),
    ("user", '"welcome", user=user', '"welcome", user=user.title()', '$.user: expected "ann", found "Ann"'),
    ("token", "token=token)", 'token="")', "$.token"),
    ("silent", 'await send(connection, "welcome"', 'send(connection, "welcome"', "nothing"),
    ("re", '"joined", re=said["id"]', '"joined", re=str(uuid.uuid4())', "$.re"),
    ("room", 'room=said["room"], members', 'room="lobby", members', "$.room"),
    ("members", '[*members, "bot"]', "[*members]", "$.members"),
    ("nobody", "members=names)", "members=None)", "$.members"),
    ("more", 'room=said["room"], members', 'seq=1, room=said["room"], members', "$.seq"),
    ("seq", '"seq": len(messages) + 1', '"seq": str(len(messages) + 1)', "$.seq"),
    ("id", '"id": str(uuid.uuid4())', '"id": secrets.token_hex(16)', "<uuid as message>"),
    ("from", '"from": user', '"from": None', "$.from"),
    (
        "text",
        '"text": said["text"]',
        '"text": said["text"].lower()',
        '$.text: expected "Hello", found "hello"',
    ),
    ("ascii", '"text": said["text"]', '"text": said["text"].replace("é", "?")', "$.text"),
    ("key", '"at": now(),', '"when": now(),', "$.at"),
    ("form", '"at": now(),', '"at": datetime.now().ctime(),', "$.at"),
    ("other", 'message=message["id"])', "message=str(uuid.uuid4()))", "$."),
    ("no ack", 'sending.append(send(connection, "ack"', '(send(connection, "ack"', '"ack"'),
    ("no message", "for member in members]", "for member in []]", '"message"'),
    ("code", 'close(1000, "bye")', 'close(1001, "bye")', "1001"),
]
"""Small changes of the server: what is changed, and what the failure has to name."""


def run(server: Path, spec: Path = CHAT / "specs/chat.yaml") -> tuple[int, str]:
    done = replay("run", spec, "--exec", f"{sys.executable} {server} {{port}}")
    return done.returncode, done.stdout + done.stderr


def test_the_spec_of_the_example_passes() -> None:
    status, said = run(CHAT / "server.py")
    assert status == 0, said


@pytest.mark.live
@pytest.mark.parametrize(("name", "old", "new", "named"), FAULTS, ids=[fault[0] for fault in FAULTS])
def test_a_small_change_of_the_server_is_named(
    name: str, old: str, new: str, named: str, tmp_path: Path
) -> None:
    changed(tmp_path, old, new)
    status, said = run(tmp_path / "server.py")
    assert status == 1, said
    assert named in said


def changed(folder: Path, old: str, new: str) -> None:
    text = (CHAT / "server.py").read_text()
    assert old in text
    (folder / "server.py").write_text(text.replace(old, new))
    shutil.copy(CHAT / "index.html", folder)


def test_a_change_of_the_server_is_named(tmp_path: Path) -> None:
    changed(tmp_path, '"text": said["text"]', '"text": said["text"].lower()')
    status, said = run(tmp_path / "server.py")
    assert status == 1, said
    assert '$.text: expected "Hello", found "hello"' in said


@pytest.mark.live
def test_a_spec_that_is_drafted_passes_and_catches(tmp_path: Path) -> None:
    spec = tmp_path / "specs/chat.yaml"
    command = f"{sys.executable} {CHAT / 'server.py'} {{port}}"
    done = replay("new", LOG, "--exec", command, "-o", spec)
    assert done.returncode == 0, done.stderr
    assert "the spec passes, 3 times out of 3" in done.stderr
    for _ in range(10):
        status, said = run(CHAT / "server.py", spec)
        assert status == 0, said
    missed = []
    for name, old, new, named in FAULTS:
        changed(tmp_path, old, new)
        status, said = run(tmp_path / "server.py", spec)
        if status != 1 or named not in said:
            missed.append(name)
    assert len(missed) <= len(FAULTS) // 20, missed


def test_one_recording_without_a_server_says_too_little() -> None:
    done = replay("new", LOG)
    assert done.returncode == 2
    assert "one session doesn't show what may differ" in done.stderr
    assert "give --url or --exec" in done.stderr


def test_two_recordings_need_no_server(tmp_path: Path) -> None:
    other = tmp_path / "other.wirelog"
    text = LOG.read_text()
    assert "a91b" not in text
    other.write_text(text)
    done = replay("new", LOG, other)
    assert done.returncode == 0, done.stderr
    assert "section: chat\n" in done.stdout
    assert "- json: {type: login" in done.stdout.replace("[json", "- json")


def test_a_server_that_is_not_there() -> None:
    done = replay("new", LOG, "--url", "ws://127.0.0.1:1")
    assert done.returncode == 3
    assert "127.0.0.1:1" in done.stderr
    assert not done.stdout


def test_a_server_that_takes_no_session(tmp_path: Path) -> None:
    hello = 'await send(connection, "hello"'
    changed(tmp_path, hello, f'await connection.close(1013, "busy"); {hello}')
    done = replay(
        "new",
        LOG,
        "--exec",
        f"{sys.executable} {tmp_path / 'server.py'} {{port}}",
        "--times",
        "2",
        "-o",
        tmp_path / "x.yaml",
    )
    assert done.returncode == 1
    assert (
        "the server sent a Close frame with code 1013 after 0 of the 5 messages that the client sends"
        in done.stderr
    )


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    spec = tmp_path / "chat.yaml"
    spec.write_text("mine")
    done = replay("new", LOG, "--url", "ws://127.0.0.1:1", "-o", spec)
    assert done.returncode == 2
    assert "is there already; --force overwrites it" in done.stderr
    assert spec.read_text() == "mine"


@pytest.mark.parametrize("broken", ["", "TX OCTETS: 81", "not a log"])
def test_what_is_no_recording(broken: str, tmp_path: Path) -> None:
    log = tmp_path / "x.wirelog"
    log.write_text(broken)
    done = replay("new", log, "--url", "ws://127.0.0.1:1")
    assert done.returncode == 2
    assert "x.wirelog" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_connection_that_was_refused(tmp_path: Path) -> None:
    log = tmp_path / "refused.wirelog"
    log.write_text(
        r"""TX OCTETS: "GET /x HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Key: D+fcK/QqRpDx3yz323ge5w==\r\nSec-WebSocket-Version: 13\r\n\r\n"
RX OCTETS: "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
TCP DROPPED BY PEER
"""
    )
    with listening(sys.executable, ROOT / "tests/peers/room.py", tmp_path / "said") as port:
        done = replay("new", log, "--url", f"ws://127.0.0.1:{port}", "--times", "2")
    assert done.returncode == 1  # this server opens the connection
    assert "expect: [refused: {status: 403}]" in done.stdout
