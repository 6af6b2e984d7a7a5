"""The folder of a run: safe names, complete files, and protection of folders that belong to others."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from replay import limits, whole_file
from replay.source import SourceError, printable
from replay.store import journal, old_layout

CLIENTS, SERVERS = Path(".replay", "clients"), Path(".replay", "servers")
"""The default folders for the runs of clients, one for each name, and for those of several servers."""

NEXT, LAST, PREVIOUS, REMOVED = (Path(".replay", name) for name in ("next", "last", "previous", "removed"))
"""Where a run begins by default, where it is moved to, where the previous one is kept, and one that is
being removed."""

RUN_FILES = (journal.NAME, old_layout.RUN_FILE)
"""The files that identify the folder of a run: of today's layout, and of the older one."""

MAX_NAME = limits.NAME.default
"""How many characters of a file's name may come from outside."""

_OURS = re.compile(r"\d+-[A-Za-z0-9._%-]*|\.tmp-[A-Za-z0-9._%-]*")


def safe_name(text: str) -> str:
    """Any text as a part of a file's name: characters other than letters, digits and ._- are written as
    %XX.

    It is cut after MAX_NAME characters, with a hash of the whole, and never begins or ends with a dot. It
    is not unique, and may be a name that the system reserves: a number before it solves both.
    """
    octets = text.encode("utf-8", "surrogatepass")
    name = re.sub(rb"[^A-Za-z0-9._-]", lambda found: f"%{found[0][0]:02X}".encode(), octets).decode()
    name = re.sub(r"\A\.|\.\Z", "%2E", name)
    if len(name) <= MAX_NAME:
        return name
    digest = hashlib.sha256(octets).hexdigest()[:16]
    return re.sub(r"%.?\Z", "", name[: MAX_NAME - len(digest) - 1]) + "-" + digest


def folder_name(agent: str, taken: set[str]) -> str:
    """The name of a folder for an agent. It differs from the names that are taken, even if case is ignored,
    and is added to them."""
    folder, number = safe_name(agent), 1
    while folder.lower() in taken:
        number += 1
        folder = f"{safe_name(agent)}-{number}"
    taken.add(folder.lower())
    return folder


def log_name(number: int, id: str, count: int) -> str:
    """The name of the file with the log of a case, which is one of `count`."""
    return f"{number:0{max(3, len(str(count)))}d}-{safe_name(id)}.wirelog"


class Folder:
    """A folder to write to. If the system supports it, a run continues in its own folder when another run
    in the same place moves that folder."""

    def __init__(self, directory: Path) -> None:
        """Raises OSError."""
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._at: int | None = None
        if os.open in os.supports_dir_fd:
            self._at = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)

    def write(self, name: str, octets: bytes) -> None:
        """Write a file completely or not at all. Raises OSError."""
        whole_file.write(self._path(name), octets, self._at)

    def opened(self, name: str) -> int:
        """Open an existing file to append to it. Raises OSError."""
        flags = os.O_WRONLY | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        return os.open(self._path(name), flags, dir_fd=self._at)

    def claim(self) -> None:
        """Keep other programs from writing a run here while this one does, if the system supports locks.

        Raises SourceError if another program is already writing one.
        """
        if self._at is None:
            return
        import fcntl

        try:
            fcntl.flock(self._at, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            said = f"{printable(str(self._directory))}: another replay process is storing its results here"
            hint = "wait for it to end, or give each of them a folder of its own"
            raise SourceError(None, said, hint, about="out") from None
        except OSError:  # some network file systems don't support locks
            return

    def remove(self, name: str) -> None:
        """Remove a file if it exists. Raises OSError."""
        with suppress(FileNotFoundError):
            os.unlink(self._path(name), dir_fd=self._at)

    def clear(self) -> None:
        """Remove the files of an earlier run except its journal and what isn't replay's. Raises OSError."""
        if old_layout.is_run(self._directory):
            (self._directory / old_layout.RUN_FILE).unlink()
        sources = self._directory / "sources"
        for folder in (self._directory, sources):
            if folder is sources and (folder.is_symlink() or not folder.is_dir()):
                continue
            for file in folder.iterdir():
                if _OURS.fullmatch(file.name):
                    file.unlink()
        with suppress(OSError):  # it doesn't exist, or contains somebody else's files
            sources.rmdir()

    def move(self, directory: Path) -> None:
        """Rename the folder. Raises OSError."""
        self._directory.rename(directory)
        self._directory = directory

    def place(self) -> Path | None:
        """Where the folder is now, since another run may have moved it; None if that is unknown."""
        if self._at is None:
            return self._directory
        for path in (self._directory, PREVIOUS):
            with suppress(OSError):
                if os.path.samestat(os.fstat(self._at), path.stat()):
                    return path
        return None

    def close(self) -> None:
        if self._at is not None:
            os.close(self._at)
            self._at = None

    def _path(self, name: str) -> str:
        return name if self._at is not None else str(self._directory / name)


def begin(directory: Path | None, run: bytes) -> Folder:
    """The folder for a new run, with the beginning of its journal and no file of another run. None means
    LAST; the run that is there is kept as PREVIOUS.

    Raises SourceError if the folder contains something other than a run, which is left alone; OSError.
    """
    if directory is not None:
        _check(directory)
        if not {CLIENTS, SERVERS}.isdisjoint(directory.parents):
            own()
        folder = Folder(directory)
        try:
            folder.claim()
        except SourceError:
            folder.close()
            raise
        folder.write(journal.NAME, run)  # first, since it claims the folder and says that no case has run
        folder.clear()
        return folder
    own()
    with _alone(LAST.parent):
        _check(LAST)
        _check(PREVIOUS)
        shutil.rmtree(NEXT, ignore_errors=True)
        folder = Folder(NEXT)
        try:
            folder.write(journal.NAME, run)
            _rotate(folder)
        except OSError:
            folder.close()
            raise
    return folder


def holds_run(directory: Path) -> bool:
    """Whether a run is stored in a folder, even if it can't be read. Raises OSError."""
    return journal.is_journal(directory / journal.NAME) or old_layout.is_run(directory)


def run_folder(path: Path) -> Path:
    """The folder of a run, named by itself or by the file in it that identifies it."""
    return path.parent if path.name in RUN_FILES and path.is_file() else path


def own() -> Path:
    """Create the default folder for runs, which tells git to ignore it.

    Raises OSError.
    """
    LAST.parent.mkdir(exist_ok=True)
    if not (ignore := LAST.parent / ".gitignore").exists():
        ignore.write_text("*\n")
    return LAST.parent


def _check(directory: Path) -> None:
    """Raises SourceError unless the folder is missing, is empty or contains a run; OSError."""
    try:
        with os.scandir(directory) as entries:
            names = {entry.name for entry in entries}
    except FileNotFoundError:
        return
    except NotADirectoryError:
        raise SourceError(None, f"{printable(str(directory))} is not a folder", about="out") from None
    if not all(map(whole_file.PART.fullmatch, names)) and not holds_run(directory):
        hint = "name a new or empty folder, or one that contains a run; nothing was changed"
        said = f"{printable(str(directory))} contains something other than a run"
        raise SourceError(None, said, hint, about="out")


def _rotate(folder: Folder) -> None:
    """Make LAST the new PREVIOUS, and `folder` the new LAST; the old PREVIOUS is removed. A run that ended
    without a result, since the server wasn't there, doesn't take the place of one that has some. There are
    only renames in between, so that if this is cut off, LAST is missing for an instant at most."""
    shutil.rmtree(REMOVED, ignore_errors=True)
    if holds_run(LAST):
        kept = REMOVED if PREVIOUS.exists() and _came_to_nothing(LAST) else PREVIOUS
        if kept.exists():
            kept.rename(REMOVED)
        LAST.rename(kept)
    folder.move(LAST)
    shutil.rmtree(REMOVED, ignore_errors=True)


class _HasResults(Exception):
    """A journal has a case."""


def _came_to_nothing(directory: Path) -> bool:
    """Whether the run in a folder has ended without a result."""
    kinds: set[str] = set()

    def take(found: journal.JournalRecord) -> None:
        if found.kind == "case":
            raise _HasResults
        kinds.add(found.kind)

    with suppress(SourceError, _HasResults):
        journal.read(directory / journal.NAME, take)
        return "end" in kinds
    return False


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Let one program at a time do this, if the system supports locks."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    at = os.open(directory, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network file systems don't support locks
            fcntl.flock(at, fcntl.LOCK_EX)
        yield
    finally:
        os.close(at)
