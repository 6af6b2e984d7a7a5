"""Puts the kept form of the bundled specs into the wheel, where replay may not be able to write it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PROGRAM = "from replay.suite.files import known; known(suite='all')"


class KeptCases(BuildHookInterface):
    """Lets replay read its specs as it does at a first start, and takes what it keeps of them."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files, unless this is an editable install, which makes its own."""
        if version == "editable":
            return
        self._folder = TemporaryDirectory()
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": self._folder.name}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        subprocess.run([sys.executable, "-c", PROGRAM], cwd=self.root, env=environment, check=True)
        for file in Path(self._folder.name).rglob("*.cases"):
            build_data["force_include"][str(file)] = f"replay/suite/__pycache__/{file.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Forget the files, once they are in the wheel."""
        if version != "editable":
            self._folder.cleanup()
