"""Where the config of a folder may be. Where there is none, nothing has to be imported that reads one."""

from __future__ import annotations

import os
from pathlib import Path

from replay.source import Source

YAML = "replay.yaml"
TOML = "pyproject.toml"


def places(start: Path) -> list[Path]:
    """The folders in which the config of a folder may be, nearest first: the folder itself, and those above
    it up to the root of its repository, as far as they have a file with the right name.

    Outside a repository only the folder itself counts: a folder above it may be anybody's. Raises
    SourceError for a file that can't be read.
    """
    start = start.absolute()
    folders = [start, *start.parents]
    roots = [number for number, folder in enumerate(folders) if (folder / ".git").exists()]
    return [folder for folder in folders[: roots[0] + 1 if roots else 1] if _may_hold(folder)]


def _may_hold(folder: Path) -> bool:
    if (folder / YAML).is_file():
        return True
    return (folder / TOML).is_file() and mentions_replay(Source.read(shown(folder / TOML)))


def mentions_replay(pyproject: Source) -> bool:
    """Whether a pyproject.toml is worth parsing. A file that doesn't mention replay may be anything."""
    return "replay" in pyproject.text


def shown(path: Path) -> Path:
    """The path as seen from the current folder."""
    return Path(os.path.relpath(path))
