"""The wheel, installed on its own: it carries the suite and needs nothing of the checkout."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import venv
import zipfile
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from replay.suite.files import known
from tests.processes import ROOT

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*build, str(ROOT)], check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of commands of a venv that holds the wheel and what it depends on."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", str(wheel)]
    subprocess.run(pip, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    return folder / "bin"


def run(command: Path, *arguments: str, cwd: Path) -> str:
    """The output of an installed command that sees neither the checkout nor its environment."""
    environment = {name: os.environ[name] for name in ("HOME", "TMPDIR") if name in os.environ}
    done = subprocess.run(
        [command, *arguments],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_is_typed_and_carries_the_suite(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    names = set(archive.namelist())
    assert "replay/py.typed" in names
    (points,) = (name for name in names if name.endswith("/entry_points.txt"))
    assert b"[pytest11]\nreplay = replay.pytest_plugin" in archive.read(points)
    assert {f"replay/report/board/page.{kind}" for kind in ("html", "css", "js")} <= names
    for top, folder in (
        (ROOT, "specs"),
        (ROOT, "specs/corpora"),
        (ROOT, "traces"),
        (ROOT / "docs", "drivers"),
    ):
        stand = {path.relative_to(top).as_posix() for path in (top / folder).rglob("*") if path.is_file()}
        assert stand
        assert {f"replay/bundled/{name}" for name in stand} <= names
        changed = [
            name for name in stand if archive.read(f"replay/bundled/{name}") != (top / name).read_bytes()
        ]
        assert not changed


def test_what_is_published_is_as_pypi_wants_it(wheel: Path) -> None:
    """And the sdist beside it, from which the wheel was built."""
    (sdist,) = wheel.parent.glob("*.tar.gz")
    check = [sys.executable, "-m", "twine", "check", "--strict", str(wheel), str(sdist)]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_list_names_the_bundled_cases(installed: Path, tmp_path: Path) -> None:
    listed = run(installed / "replay", "list", cwd=tmp_path)
    assert set(re.findall(r"^\d+(?:\.\d+)+\b", listed, re.MULTILINE)) == known().keys()


def test_its_cases_are_there_without_reading_yaml(installed: Path, tmp_path: Path) -> None:
    """Also where replay may write nothing."""
    program = (
        "import sys; from replay.suite.files import known; "
        "print(len(known(suite='all')), 'yaml' in sys.modules)"
    )
    assert run(installed / "python", "-B", "-c", program, cwd=tmp_path).split() == [
        str(len(known(suite="all"))),
        "False",
    ]


def test_the_version_of_the_suite_is_in_it(installed: Path, tmp_path: Path) -> None:
    assert f"({len(known())} cases)" in run(installed / "replay", "--version", cwd=tmp_path)


def test_run_is_green_by_itself(installed: Path, tmp_path: Path) -> None:
    some = ("1.*", "5.*", "7.*", "9.1.1", "12.1.1", "13.7.1")
    wanted = sum(any(fnmatch(id, glob) for glob in some) for id in known())
    assert re.search(rf"\b{wanted} cases\b", run(installed / "replay", "run", *some, cwd=tmp_path))


def test_it_writes_a_report(installed: Path, tmp_path: Path) -> None:
    run(installed / "replay", "run", "-q", "1.1.1", cwd=tmp_path)
    assert "1 run" in run(installed / "replay", "report", cwd=tmp_path)
    assert "1.1.1" in (tmp_path / "replay-report.html").read_text("utf-8")


def test_the_longer_name_of_the_command(installed: Path, tmp_path: Path) -> None:
    assert "Usage:" in run(installed / "wire-replay", "--help", cwd=tmp_path)


def test_what_the_docs_say_of_it_holds(wheel: Path, installed: Path, tmp_path: Path) -> None:
    """docs/install.md, and what `replay init` writes for a project that holds the wheel."""
    assert "pip install dist/wire_replay-*.whl" in (ROOT / "docs" / "install.md").read_text("utf-8")
    assert fnmatch(wheel.name, "wire_replay-*.whl")
    shutil.copy(wheel, tmp_path)
    run(installed / "replay", "init", "--exec", "./server {port}", "--ci", "github", cwd=tmp_path)
    job = yaml.safe_load((tmp_path / ".github/workflows/websocket.yml").read_text())["jobs"]["replay"]
    (install,) = (
        shlex.split(step["run"]) for step in job["steps"] if step.get("run", "").startswith("pip")
    )
    fresh = tmp_path / "fresh"
    venv.create(fresh, with_pip=True)
    pip = [str(fresh / "bin" / "python"), "-m", *install, "--quiet", "--disable-pip-version-check"]
    subprocess.run(pip, cwd=tmp_path, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    assert "1 case: 1 OK" in run(fresh / "bin" / "replay", "run", "1.1.1", "--out", "o", cwd=fresh)
