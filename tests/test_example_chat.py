"""The chat of the examples is what its README says: a project with pytest, specs and cassettes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import ROOT, replay

CHAT = ROOT / "examples/chat"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return shutil.copytree(CHAT, tmp_path / "chat", ignore=shutil.ignore_patterns("__pycache__", ".*"))


def run_pytest(project: Path, **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT), "CI": "true", **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


def has_ws() -> bool:
    tried = subprocess.run(["sh", "-c", "node -e 'require(\"ws\")'"], cwd=CHAT, capture_output=True)
    return tried.returncode == 0


def test_its_tests_pass(project: Path) -> None:
    status, said = run_pytest(project)
    assert status == 0, said
    assert "7 passed" in said


@pytest.mark.live
def test_they_fail_if_server_or_client_change(project: Path) -> None:
    server, client = project / "server.py", project / "client.py"
    server.write_text(server.read_text().replace('said["last"] :]', 'said["last"] + 1 :]'))
    client.write_text(client.read_text().replace('"say", room', '"shout", room'))
    status, said = run_pytest(project)
    assert status == 1
    assert "lost.resume.2" in said
    assert "$.missed: expected 1, found 0" in said
    assert '$.type: expected "say", found "shout"' in said
    assert "3 failed" in said or "2 failed" in said


@pytest.mark.live
@pytest.mark.skipif(not has_ws(), reason="Node with the library ws is not installed")
def test_both_servers_pass_the_same_specs() -> None:
    python = f"{sys.executable} server.py {{port}}"
    for command in (python, "node server.js {port}"):
        done = replay("run", "specs/", "--exec", command, cwd=CHAT)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "5 cases: 5 OK" in done.stdout


def test_its_workflow_and_config_are_valid() -> None:
    import yaml

    steps = yaml.safe_load((CHAT / "ci.yaml").read_text())["jobs"]["test"]["steps"]
    assert any("replay run" in step.get("run", "") for step in steps)
    done = replay("list", "specs/", cwd=CHAT)
    assert done.returncode == 0
    assert "chat.1" in done.stdout
