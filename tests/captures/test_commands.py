"""A recording with several connections, as the commands take it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.processes import replay


def entry(path: str, words: list[str]) -> dict[str, object]:
    """A connection of a HAR on which words were echoed."""
    messages = [
        {"type": kind, "time": 1796029200 + number, "opcode": 1, "data": word}
        for number, word in enumerate(words)
        for kind in ("send", "receive")
    ]
    return {
        "startedDateTime": "2026-11-30T09:00:00.000Z",
        "request": {"method": "GET", "url": f"ws://localhost:9001{path}", "headers": []},
        "response": {"status": 101, "headers": []},
        "_webSocketMessages": messages,
    }


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A HAR with two connections."""
    entries = [entry("/a", ["Hello"]), entry("/b", ["one", "two"])]
    file = tmp_path / "two.har"
    file.write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}), encoding="utf-8")
    return file


@pytest.mark.parametrize("command", ["run", "serve"])
def test_what_plays_one_connection_lists_them_and_asks_for_one(command: str, two: Path) -> None:
    done = replay(command, "two.har", cwd=two.parent)
    assert done.returncode == 2
    said = done.stderr.splitlines()
    assert said[0] == "error: two.har: 2 connections in this file, of which one is needed"
    assert [line.split()[-3:] for line in said[2:4]] == [["/a", "2", "301"], ["/b", "4", "311"]]
    assert said[4] == "  help: choose one: two.har#2, or --connection 2"


@pytest.mark.parametrize("words", [("two.har#2",), ("two.har", "--connection", "2")])
def test_a_connection_is_chosen_by_its_number(words: tuple[str, ...], two: Path) -> None:
    shown = replay("show", *words, cwd=two.parent)
    assert shown.returncode == 0, shown.stderr
    assert "GET /b HTTP/1.1" in shown.stdout
    assert "GET /a HTTP/1.1" not in shown.stdout
    done = replay("run", *words, cwd=two.parent)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "OK            two#2" in done.stdout


def test_what_reads_takes_all_of_them(two: Path) -> None:
    shown = replay("show", "two.har", cwd=two.parent)
    assert [word in shown.stdout for word in ("GET /a HTTP/1.1", "GET /b HTTP/1.1")] == [True, True]
    checked = replay("check", "two.har", cwd=two.parent)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert checked.stdout.splitlines()[-1] == "2 logs: 2 OK"


@pytest.mark.parametrize("words", [("two.har#3",), ("two.har", "--connection", "3")])
@pytest.mark.parametrize("command", ["show", "check", "run", "serve"])
def test_a_connection_that_is_not_there_is_an_error(
    command: str, words: tuple[str, ...], two: Path
) -> None:
    done = replay(command, *words, cwd=two.parent)
    assert done.returncode == 2
    assert "two.har: there is no connection 3: the file has 2 connections" in done.stderr


def test_several_connections_become_files_in_a_folder(two: Path) -> None:
    done = replay("convert", "two.har", "one.wirelog", cwd=two.parent)
    assert done.returncode == 2
    assert "2 logs can't be in one file of this format; name a folder" in done.stderr
    done = replay("convert", "two.har", "logs/", cwd=two.parent)
    assert done.returncode == 0, done.stderr
    assert len(list((two.parent / "logs").iterdir())) == 2
    assert done.stderr.count("warning: ") == 1


MIDSTREAM = "81 05 48 65 6c 6c 6f 88 02 03 e8\n"


def test_what_begins_behind_the_handshake_is_read_as_it_is_told(tmp_path: Path) -> None:
    """The octets alone don't say who sent them, nor that they are frames."""
    (tmp_path / "frames.hex").write_text(f"< {MIDSTREAM}", encoding="utf-8")
    done = replay("show", "frames.hex", "--as", "client", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "server  text" in done.stdout
    assert '"Hello"' in done.stdout
