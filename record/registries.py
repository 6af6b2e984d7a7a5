"""Installs a release of an engine into a cache, each into a folder of its own.

The folder gets its name when it is complete, so an interrupted installation begins anew. Debian's packages
belong to the machine, and are only looked for.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from record.engines import FOLDERS, Engine, Role

SECONDS = 900
"""For one installation or one step of a build."""


class NotInstalled(Exception):
    """A release that can't be had here, and why."""


@dataclass(frozen=True, slots=True)
class Installed:
    """A release that can be started."""

    engine: Engine
    release: str
    env: Mapping[str, str]
    places: Mapping[str, str]  # what stands in commands for the interpreter and for folders

    def command(self, role: Role, **words: str) -> str:
        return self.engine.command(role).format(**self.places, **words)


def install(engine: Engine, release: str | None, cache: Path) -> Installed:
    """`release` is None for Debian, which has one. Raises NotInstalled."""
    cache.mkdir(parents=True, exist_ok=True)
    version = _debian(engine) if release is None else release
    folder = cache / f"{engine.registry}-{engine.package}-{version}"
    python = _python(cache) if engine.registry == "PyPI" else Path(sys.executable)
    if not folder.exists():
        with _completed(folder) as unfinished:
            _fill(unfinished, engine, version, python)
    places = {**_folders(), "python": str(python), "built": str(folder)}
    return Installed(engine, version, _environment(engine, folder), places)


@contextmanager
def _completed(folder: Path) -> Iterator[Path]:
    """A folder to fill, which gets its name when that is done."""
    unfinished = Path(tempfile.mkdtemp(dir=folder.parent, prefix="unfinished-"))
    try:
        yield unfinished
        with suppress(OSError):  # another process may have been first
            unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _fill(folder: Path, engine: Engine, version: str, python: Path) -> None:
    """Raises NotInstalled."""
    packages = [f"{engine.package}{'@' if engine.registry == 'npm' else '=='}{version}", *engine.beside]
    if engine.registry == "PyPI":
        _run([python, "-m", "pip", "install", "-q", "--target", folder, *packages])
    elif engine.registry == "npm":
        _run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", folder, *packages])
    for step in engine.build:
        _run(shlex.split(step.format(built=folder, **_folders())))


def _folders() -> dict[str, str]:
    return {name: str(folder) for name, folder in FOLDERS.items()}


def _environment(engine: Engine, folder: Path) -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    if engine.registry == "PyPI":
        env["PYTHONPATH"] = f"{folder}{os.pathsep}{FOLDERS['peers']}"
    elif engine.registry == "npm":
        modules = folder / "node_modules"
        env |= {"NODE_PATH": str(modules), "PATH": f"{modules / '.bin'}{os.pathsep}{env['PATH']}"}
    return env


def _python(cache: Path) -> Path:
    """An interpreter that has no packages of its own."""
    folder = cache / "python"
    if not folder.exists():
        with _completed(folder) as unfinished:
            _run([sys.executable, "-m", "venv", unfinished])
    return folder / "bin" / "python"


def _debian(engine: Engine) -> str:
    """The release that is installed here."""
    packages = [engine.package, *engine.beside]
    query = ["dpkg-query", "-W", "-f", "${Package} ${Version} ${db:Status-Status}\n", *packages]
    try:
        said = subprocess.run(query, capture_output=True, text=True).stdout
    except FileNotFoundError:
        raise NotInstalled("this is not Debian") from None
    found = {
        name: version
        for name, version, status in map(str.split, said.splitlines())
        if status == "installed"
    }
    if not found.keys() >= set(packages):
        raise NotInstalled(f"needs `apt-get install {' '.join(packages)}`")
    return found[engine.package].rpartition(":")[2]


def _run(command: Sequence[str | Path]) -> None:
    """Raises NotInstalled."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=SECONDS
        )
    except FileNotFoundError:
        raise NotInstalled(f"{command[0]} is not installed") from None
    except subprocess.TimeoutExpired:
        raise NotInstalled(f"{Path(command[0]).name} took longer than {SECONDS} s") from None
    if done.returncode:
        said = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        why = next((line for line in said if "error" in line.lower()), said[0] if said else "")
        raise NotInstalled(f"{Path(command[0]).name} failed: {why.strip()[:160]}")
