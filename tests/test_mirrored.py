"""The server's part of a recording, as a spec with which clients are tested."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from replay.cases.load import load
from replay.draft.mirrored import mirrored
from replay.draft.yaml_text import Head, written
from replay.source import Source, SourceError
from tests.processes import ROOT, replay
from tests.test_cassettes import CLIENT
from tests.test_drafts import Given, id_of, session

LOG = ROOT / "examples/chat/traces/chat.wirelog"


def spec(*lines: Given) -> str:
    found = mirrored(session(*lines))
    text = written(Head("x", "x", found.guesses, testee="client"), found)
    assert len(load(Source("x.yaml", text))) == 1
    return text


def test_what_the_client_makes_is_captured_and_what_the_server_makes_is_made_anew() -> None:
    text = spec(
        ("<", {"type": "hello", "session": id_of(1)}),
        (">", {"type": "say", "id": id_of(2), "at": "2026-12-01T10:00:00Z", "nonce": "a81bc81bdead4e5dab"}),
        ("<", {"type": "ack", "re": id_of(2), "message": id_of(3), "token": "a81bc81bdead4e5dac"}),
        (">", {"type": "edit", "message": id_of(3), "token": "a81bc81bdead4e5dac"}),
    )
    assert "- send: [json: {type: hello, session: <new uuid>}]" in text
    assert "expect: [json: {type: say, id: <uuid as say-id>, at: <time>, nonce: <text>}]" in text
    assert "re: <say-id>, message: <new uuid as message>, token: a81bc81bdead4e5dac" in text
    assert "expect: [json: {type: edit, message: <message>, token: a81bc81bdead4e5dac}]" in text
    assert "close: {by: testee, codes: any, clean: optional}" in text


def test_pings_of_the_client_are_answered() -> None:
    text = spec(
        (">", {"type": "ping", "n": 1}),
        ("<", {"type": "pong"}),
        (">", {"type": "go"}),
        ("<", {"type": "gone"}),
        (">", {"type": "ping", "n": 2}),
        ("<", {"type": "pong"}),
    )
    assert (
        "answer:\n  - {to: {json: {type: ping, n: <number>}}, send: {json: {type: pong}}}"
        in text.replace('"n"', "n")
    )
    assert text.count("ping") == 2


def test_answers_to_pings_of_the_server_are_expected() -> None:
    text = spec(("<", {"type": "ping"}), (">", {"type": "pong"}), ("<", {"type": "bye"}))
    assert "send: [json: {type: ping}]\n        expect: [json: {type: pong}]" in text


RUN = (
    CLIENT
    + """
import sys
talk(sys.argv[1] + "/a/path?of=its-own", ["Hello", "How are you, é?"], *sys.argv[2:])
"""
)


@pytest.mark.parametrize(("who", "status"), [("ann", 0), ("bob", 1)])
def test_a_client_with_a_path_of_its_own(who: str, status: int, tmp_path: Path) -> None:
    (tmp_path / "client.py").write_text(
        RUN.replace("        return came", '        say("bye")\n        return came')
    )
    made = replay("new", LOG, LOG, "--for", "client", "-o", tmp_path / "mock.yaml")
    assert made.returncode == 0, made.stderr
    command = f"{sys.executable} {tmp_path / 'client.py'} {{origin}} {who}"
    done = replay("serve", tmp_path / "mock.yaml", "--port", "0", "--each", command)
    assert done.returncode == status, done.stdout + done.stderr
    assert ("2 cases: 2 OK" in done.stdout) is (status == 0)
    assert ('$.user: expected "ann", found "bob"' in done.stdout) is bool(status)


def test_no_server_is_needed() -> None:
    done = replay("new", LOG, "--for", "client", "--url", "ws://127.0.0.1:1")
    assert done.returncode == 2
    assert "--for client takes recordings only, and no server" in done.stderr


LOSSY = """\
section: again
cases:
  - {id: again.1, title: The server is busy, reject: 503}
  - id: again.2
    title: The connection is lost after the login
    testee: client
    talk:
      - send: [json: {type: hello}]
        expect: [json: {type: login, user: <text>}]
      - send: [json: {type: welcome, token: t-1}, drop: rst]
  - id: again.3
    title: The client resumes
    testee: client
    talk:
      - send: [json: {type: hello}]
        expect: [json: {type: resume, token: t-1}]
      - send: [json: {type: resumed}]
        expect: [json: {type: bye}]
    close: {by: either, codes: any, clean: optional}
"""

COMES_BACK = """\
import asyncio,sys,json
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus,ConnectionClosed
async def main():
    token=None
    for n in range(5):
        try:
            async with connect(sys.argv[1]+"/chat") as ws:
                await ws.recv()
                login={"type":"login","user":"ann"}
                await ws.send(json.dumps({"type":"resume","token":token} if token else login))
                d=json.loads(await ws.recv())
                token=d.get("token",token)
                if d["type"]=="resumed": await ws.send(json.dumps({"type":"bye"})); break
                await ws.recv()
        except (InvalidStatus,ConnectionClosed) as e: print(repr(e)[:60]); await asyncio.sleep(.1)
asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("", "", ""),
        ('"token":token}', '"token":token+"x"}', '$.token: expected "t-1", found "t-1x"'),
        ("range(5)", "range(2)", "2 of 3 cases run"),
        ("if token else", "if n > 5 else", '$.type: expected "resume", found "login"'),
    ],
)
def test_a_client_that_comes_back(old: str, new: str, named: str, tmp_path: Path) -> None:
    (tmp_path / "lossy.yaml").write_text(LOSSY)
    (tmp_path / "client.py").write_text(COMES_BACK.replace(old, new) if old else COMES_BACK)
    command = f"{sys.executable} {tmp_path / 'client.py'} {{origin}}"
    done = replay("serve", tmp_path / "lossy.yaml", "--port", "0", "--exec", command)
    assert named in done.stdout
    assert ("3 cases: 3 OK" in done.stdout) is (not named)
    assert done.returncode == bool(named) or "2 of 3" in named


@pytest.mark.parametrize("more", ["send: []", "talk: []", "expect: [ok: []]"])
def test_a_connection_that_is_refused_has_no_conversation(more: str) -> None:
    with pytest.raises(SourceError):
        load(Source("x.yaml", f"section: x\ncases:\n  - {{id: x.1, title: x, reject: 503, {more}}}\n"))
