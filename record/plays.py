"""Plays a suite with one release in one role, and keeps the run where the tables look for it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from record.engines import VISITS, Engine, Role
from record.registries import Installed
from replay.store.folder import safe_name

SUITES = {"rfc": (), "autobahn": ("!9.*", "!12.*", "!13.*")}
"""The suites, and what is left out of each unless the whole of it is asked for."""

PATIENCE = 1200
"""Seconds after which a run is interrupted. What it has found by then is kept."""


@dataclass(frozen=True, slots=True)
class Play:
    """What one row of the tables is about."""

    engine: Engine
    release: str
    role: Role
    suite: str

    @property
    def name(self) -> str:
        """The name of the agent."""
        return f"{self.engine.slug}-{self.release}"

    def folder(self, out: Path) -> Path:
        """Where its run is."""
        return out / "runs" / self.suite / self.role / safe_name(self.name)

    def fault(self, out: Path) -> Path:
        """A file that says why there is no run, or why it isn't complete; absent if all went well."""
        return self.folder(out).with_name(f"{safe_name(self.name)}.fault")

    def is_there(self, out: Path) -> bool:
        """Whether its run is complete."""
        return self.folder(out).is_dir() and not self.fault(out).exists()


def play(installed: Installed, about: Play, out: Path, whole: bool) -> str | None:
    """Play a suite, and return what went wrong with the run itself, or None.

    Raises KeyboardInterrupt; the run so far is kept then.
    """
    folder, fault = about.folder(out), about.fault(out)
    folder.parent.mkdir(parents=True, exist_ok=True)
    fault.write_text("interrupted\n", encoding="utf-8")
    words = [*_words(installed, about, folder), *(() if whole else SUITES[about.suite])]
    process = subprocess.Popen(
        [sys.executable, "-m", "replay", *words],
        env=installed.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        _, said = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        process.communicate()
        return f"interrupted after {PATIENCE} s"
    except KeyboardInterrupt:  # the process has got it as well
        process.communicate()
        raise
    if process.returncode in (0, 1):
        return None
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[0].rpartition(": ")[2] if lines else f"replay ended with the status {process.returncode}"


def _words(installed: Installed, about: Play, folder: Path) -> Sequence[str | Path]:
    """What replay is asked to do."""
    suite = ("-q", "--suite", about.suite)
    if about.role == "server":
        start = f"exec {installed.command('server', port='{port}')}"
        return ("run", *suite, "--agent", about.name, "--out", folder, "--exec", start)
    start = f"exec {installed.command('client', url='{url}', agent=about.name)}"
    serve = ("serve", *suite, "--port", "0", "--out", folder.parent)
    if about.engine.command("client").startswith(VISITS):
        return (*serve, "--exec", start)
    return (*serve, "--agent", about.name, "--each", start)
