"""`replay init`: what it writes is valid, runs, and takes the place of nothing."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
import yaml

from replay.commands import scaffold
from replay.commands.scaffold import COMMANDS, CONFIG, GITHUB, GITLAB, GITLAB_JOB, Start
from tests.processes import ROOT, replay

FAULTY = f"{sys.executable} {ROOT / 'tests/peers/faulty.py'} --fault none --port {{port}}"
PINNED = "autobahn@2026.11"
HOSTILE = """node 'a "b".js' ${{ x }} $HOME \\ é: # {port} {url}"""


def init(folder: Path, *words: str, status: int = 0) -> str:
    done = replay("init", *words, cwd=folder)
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def valid(kind: str, texts: list[str], folder: Path) -> None:
    """By the schema that the CI's own makers publish."""
    files = [folder / f"{number}.yml" for number in range(len(texts))]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text)
    words = [
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        f"vendor.{kind}",
        "--data-transform",
        "gitlab-ci",
    ]
    done = subprocess.run([sys.executable, *words, *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_what_is_written_for_a_server_runs(tmp_path: Path) -> None:
    said = init(tmp_path, "--exec", FAULTY)
    assert said.startswith(f"wrote {CONFIG}\nwrote {GITHUB}\ntry it: replay run\n")
    assert "isn't on PyPI yet" in said  # on standard error
    job = yaml.safe_load((tmp_path / GITHUB).read_text())["jobs"]["replay"]
    runs = [step["run"].strip() for step in job["steps"] if "run" in step]
    command = runs[-1]
    assert command == "replay run --out replay-results"
    done = replay(*command.split()[1:], "1.1.1", "2.1", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 cases: 2 OK · ws://127.0.0.1" in done.stdout
    assert (tmp_path / "replay-results" / "run.journal").is_file()


def test_what_is_written_for_a_client_runs(tmp_path: Path) -> None:
    said = init(
        tmp_path, "--client", "--exec", f"{sys.executable} -m replay.live.demo {{url}}", "--ci", "gitlab"
    )
    assert "\ntry it: replay serve\n" in said
    (script,) = yaml.safe_load((tmp_path / GITLAB_JOB).read_text())["websocket"]["script"]
    done = replay(*script.split()[1:], "--port", "0", "1.1.1", "2.1", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 cases: 2 OK" in done.stdout
    assert (tmp_path / "replay.xml").is_file()


COMMON = [*COMMANDS.values(), HOSTILE, "python a.py {url} {port}", "go run . {port} {url}"]


def test_workflows_are_valid_and_hold_the_command(tmp_path: Path) -> None:
    present = frozenset({"package.json", "requirements.txt", "go.mod"})
    of_github, of_gitlab = [], [scaffold.INCLUDE]
    for command, tested in product(COMMON, ("server", "client")):
        github = scaffold.files(Start(tested, command, "github", PINNED), present)
        gitlab = scaffold.files(Start(tested, command, "gitlab", PINNED), present)
        of_github.append(github[GITHUB])
        of_gitlab.append(gitlab[GITLAB_JOB])
        assert scaffold.files(Start(tested, command, "none", PINNED), present).keys() <= {CONFIG}
        said = yaml.safe_load(github[CONFIG])
        started = {"exec" if tested == "server" else "each": command, "suite": PINNED}
        assert said == (started if tested == "server" else {"serve": started})
    valid("github-workflows", of_github, tmp_path)
    valid("gitlab-ci", of_gitlab, tmp_path)


@pytest.mark.parametrize(
    ("command", "files", "expected"),
    [
        ("node a.js {port}", ["package.json", "package-lock.json"], "npm ci"),
        ("/usr/bin/python3 a.py {port}", ["requirements.txt"], "pip install -r requirements.txt"),
        ("cargo run {port}", ["Cargo.toml"], "cargo build --release"),
        ("./a {port}", ["package.json"], "# Add the commands that build the server here."),
    ],
)
def test_what_the_command_needs_is_installed(command: str, files: list[str], expected: str) -> None:
    for ci, name in (("github", GITHUB), ("gitlab", GITLAB_JOB)):
        assert expected in scaffold.files(Start("server", command, ci, PINNED), frozenset(files))[name]


def test_no_file_is_overwritten_unless_it_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / CONFIG).write_text("url: ws://127.0.0.1:1\n")
    (tmp_path / GITLAB).write_text("stages: [test]\n")
    assert "already there: replay.yaml" in init(tmp_path, "--ci", "gitlab", status=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == [GITLAB, CONFIG]
    said = init(tmp_path, "--ci", "gitlab", "--force")
    assert f"add to {GITLAB}:\n{scaffold.INCLUDE}" in said
    assert "replace './my-server --port {port}' by the command of your server" in said
    assert (tmp_path / GITLAB).read_text() == "stages: [test]\n"
    assert "exec:" in (tmp_path / CONFIG).read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--exec", "./a"], "--exec doesn't tell the server where to listen"),
        (["--client", "--exec", "./a"], "--exec doesn't tell the client where to connect"),
        (["--exec", "./a {port}\n"], "--exec: expected a command on one line"),
        (["--ci", "svn"], "'svn' is not one of 'github', 'gitlab', 'none'"),
    ],
)
def test_what_makes_no_sense_is_said_and_nothing_is_written(
    tmp_path: Path, words: list[str], said: str
) -> None:
    assert said in init(tmp_path, *words, status=2)
    assert not list(tmp_path.iterdir())


def test_a_config_in_pyproject_is_not_doubled(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.replay]\njobs = 1\n")
    assert "there already is a config: pyproject.toml" in init(tmp_path, status=2)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pty")
def test_on_a_terminal_it_asks(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "replay", "init"], cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        os.write(ours, b"client\nnode my.js {url}\n\n")
        assert process.wait(timeout=60) == 0
        os.close(ours)
    assert 'each: "node my.js {url}"' in (tmp_path / CONFIG).read_text()
    assert "replay serve --out replay-results" in (tmp_path / GITHUB).read_text()


def test_the_workflow_installs_what_there_is(tmp_path: Path) -> None:
    for present, words, installed in (
        ([], [], "pip install wire-replay"),
        ([], ["--install", "git+https://a.b/c@v1#egg=x: y"], "pip install 'git+https://a.b/c@v1#egg=x: y'"),
        (["wire_replay-0.9.0-py3-none-any.whl"], [], "pip install ./wire_replay-0.9.0-py3-none-any.whl"),
        (["wire_replay-0.10.0-py3-none-any.whl"], [], "pip install ./wire_replay-0.10.0-py3-none-any.whl"),
        ([], ["--install", "./x.whl[tls]"], "pip install './x.whl[tls]'"),
    ):
        for name in present:
            (tmp_path / name).touch()
        said = init(tmp_path, *words, "--ci", "github", "--force")
        assert ("isn't on PyPI yet" in said) == (installed == "pip install wire-replay")
        steps = yaml.safe_load((tmp_path / GITHUB).read_text())["jobs"]["replay"]["steps"]
        assert installed in [step.get("run") for step in steps]
        init(tmp_path, *words, "--ci", "gitlab", "--force")
        job = yaml.safe_load((tmp_path / GITLAB_JOB).read_text())["websocket"]
        assert installed in job["before_script"]
    assert "--install: expected" in init(tmp_path, "--install", " ", "--force", status=2)
