"""`replay run --update-specs`, with a room that answers what was said."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import ROOT, listening, replay

SPEC = """\
# Who is who.
section: room
cases:
  - {id: room.1, title: Ann, send: [text: ann], expect: [ok: [text: they said 'ann']]}
  - {id: room.2, title: Bob, send: [text: bob], expect: [ok: [text: they said 'rob']]}   # Robert
  - id: room.3
    title: Eve, and then Ann
    talk:
      - {send: [text: eve], expect: [text: they said 'mallory']}
      - send: [text: ann]
        expect:
          - text: who?
          - text: they said 'anna'
"""

UPDATED = (
    SPEC.replace("text: they said 'rob'", "text: \"they said 'bob'\"")
    .replace("text: they said 'mallory'", "text: \"they said 'eve'\"")
    .replace(
        "          - text: who?\n          - text: they said 'anna'",
        "          - text: \"they said 'ann'\"",
    )
)


@pytest.fixture(autouse=True)
def _no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[str]:
    with listening(sys.executable, ROOT / "tests/peers/room.py", tmp_path / "said") as port:
        yield f"ws://127.0.0.1:{port}"


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "room.yaml"
    path.write_text(SPEC)
    return path


def test_what_came_is_written_and_shown(room: str, spec: Path) -> None:
    done = replay("run", spec, "--url", room, "--update-specs")
    assert spec.read_text() == UPDATED
    assert (
        "+  - {id: room.2, title: Bob, send: [text: bob], expect: [ok: [text: \"they said 'bob'\"]]}"
        in done.stdout
    )
    assert "room.yaml: 4 changes" in done.stdout.replace("\n", " ")
    assert done.returncode == 0, done.stdout + done.stderr
    assert replay("run", spec, "--url", room).returncode == 0


def test_a_spec_that_passes_stays(room: str, spec: Path) -> None:
    spec.write_text(UPDATED)
    done = replay("run", spec, "--url", room, "--update-specs")
    assert done.returncode == 0
    assert "no spec was changed" in done.stdout
    assert spec.read_text() == UPDATED


def test_not_in_ci(room: str, spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    done = replay("run", spec, "--url", room, "--update-specs")
    assert done.returncode == 2
    assert "refused in CI" in done.stderr
    assert spec.read_text() == SPEC


def test_asking_without_updating(spec: Path) -> None:
    done = replay("run", spec, "--ask")
    assert done.returncode == 2
    assert "--ask needs --update-specs" in done.stderr


def test_a_file_that_cannot_be_written(room: str, spec: Path) -> None:
    folder = spec.parent / "read-only"
    folder.mkdir()
    link = folder / "x.yaml"
    link.symlink_to("/proc/version")
    done = replay("run", link, "--url", room, "--update-specs")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_server_that_is_not_there(spec: Path) -> None:
    done = replay("run", spec, "--url", "ws://127.0.0.1:1", "--update-specs")
    assert done.returncode == 3
    assert spec.read_text() == SPEC
