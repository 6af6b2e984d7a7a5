"""Conversations over several connections, against a chat that broadcasts."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from replay.cases.load import load
from replay.source import Source, SourceError
from tests.processes import replay

CHAT = """\
import asyncio, json, sys, uuid
from websockets.asyncio.server import serve
fault = sys.argv[2] if len(sys.argv) > 2 else ""
room = []

async def chat(connection):
    async for message in connection:
        said = json.loads(message)
        if said["type"] == "join":
            room.append(connection)
            await connection.send(json.dumps({"type": "joined", "user": said["user"]}))
        elif fault == "closes":
            await connection.close(1011)
        else:
            sent = {"type": "message", "id": str(uuid.uuid4()), "text": said["text"]}
            for one in room[:1] if fault == "deaf" else room:
                if fault == "other" and one is not connection:
                    sent["id"] = str(uuid.uuid4())
                await one.send(json.dumps(sent))
            await connection.send(json.dumps({"type": "ack", "id": sent["id"]}))

async def main():
    async with serve(chat, "127.0.0.1", int(sys.argv[1])) as server:
        await server.serve_forever()

asyncio.run(main())
"""
SPEC = """\
section: chat
fresh: case
cases:
  - id: chat.two
    title: What Ann says, Bob hears
    connections: {ann: none, bob: {header: {X-User: bob}}}
    talk:
      - {as: ann, send: [json: {type: join, user: ann}], expect: [json: {type: joined, user: ann}]}
      - {as: bob, send: [json: {type: join, user: bob}], expect: [json: {type: joined, user: bob}]}
      - as: ann
        send: [json: {type: say, text: Hello}]
        expect: [json: {type: message, id: <uuid as message>, text: Hello}, json: {has: {type: ack}}]
      - {as: bob, expect: [json: {type: message, id: <message>, text: Hello}]}
      - as: bob
        send: [json: {type: say, text: Hi}]
        expect: [json: {type: message, id: <uuid as other>, text: Hi}, json: {has: {type: ack}}]
      - {as: ann, expect: [json: {type: message, id: <other>, text: Hi}]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "chat.py").write_text(CHAT, encoding="utf-8")
    (tmp_path / "chat.yaml").write_text(SPEC, encoding="utf-8")
    return tmp_path


def command(fault: str = "") -> str:
    return f"{sys.executable} chat.py {{port}} {fault}"


def listed(output: str) -> dict[str, str]:
    """The verdicts by id."""
    return {id: verdict for verdict, id in re.findall(r"(?m)^(\w+) +(chat\.two\.\w+) ", output)}


def test_what_is_said_on_one_connection_comes_on_the_other(folder: Path) -> None:
    for _ in range(3):
        done = replay("run", "chat.yaml", "--exec", command(), "--out", "run", cwd=folder)
        assert done.returncode == 0, done.stdout + done.stderr
        assert listed(done.stdout) == {"chat.two.ann": "OK", "chat.two.bob": "OK"}
    done = replay("rejudge", "run", cwd=folder)
    assert done.returncode == 0
    assert "2 agree, 0 differ" in done.stdout


@pytest.mark.parametrize(
    ("fault", "ann", "bob", "said"),
    [
        ("deaf", None, "FAILED", "Round 2, 1st event: expected the message json"),
        ("other", None, "FAILED", "Round 2, 1st event: json $.id: expected"),
        ("closes", "FAILED", "unjudged", "The server closed the connection with 1011"),
    ],
)
def test_a_fault_is_told_of_the_connection_that_has_it(
    fault: str, ann: str | None, bob: str, said: str, folder: Path
) -> None:
    done = replay("run", "chat.yaml", "--exec", command(fault), "--out", "run", cwd=folder)
    assert done.returncode == 1, done.stdout + done.stderr
    lines = listed(done.stdout)
    assert lines["chat.two.bob"] == bob
    assert lines["chat.two.ann"] == (ann or "unjudged")
    assert said in done.stdout
    assert "chat.yaml 'chat.two.*'" in " ".join(done.stdout.split())
    done = replay("rejudge", "run", cwd=folder)
    assert "2 agree, 0 differ" in done.stdout


def test_all_connections_have_to_be_chosen(folder: Path) -> None:
    done = replay("run", "chat.yaml", "chat.two.ann", "--exec", command(), cwd=folder)
    assert done.returncode == 2
    assert "chat.two.ann is one of several connections, of which some aren't chosen" in done.stderr
    assert "choose all of them: 'chat.two.*'" in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SPEC.replace("- {as: bob, expect", "- {expect"), "the round doesn't say on which connection"),
        (SPEC.replace("as: bob", "as: bop"), "there is no connection 'bop'"),
        (SPEC.replace("ann: none,", "ann: none, eve: none,"), "no round is on the connection 'eve'"),
        (re.sub("    connections.*\n", "", SPEC), "there is no connection 'ann'"),
        (SPEC.replace("<message>", "<massage>"), "nothing"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_refused_at_its_place(text: str, said: str) -> None:
    with pytest.raises(SourceError) as caught:
        load(Source("chat.yaml", text))
    assert caught.value.message.startswith(said)
    assert caught.value.span is not None
