"""The folder of a run: names that are safe, files that are whole, and whose folder it is."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from replay import limits, whole_file
from replay.source import SourceError, printable, read_octets
from replay.store import RUN

CLIENTS, SERVERS = Path(".replay", "clients"), Path(".replay", "servers")
"""Where the runs of clients are, one a name, and those of several servers, if nobody says where."""

NEXT, LAST, PREVIOUS, REMOVED = (Path(".replay", name) for name in ("next", "last", "previous", "removed"))
"""Where a run is begun if nobody says where, where it goes on, where the one before is kept, and one on
its way out."""

MAX_NAME = limits.NAME.default
"""Characters of the part of a file's name that comes from outside."""

NAME = re.compile(r"(?:sources/)?(?!\.)[A-Za-z0-9._%-]{1,120}")
"""The names that files of a store may have, seen from its folder."""

_OURS = re.compile(r"\d+-[A-Za-z0-9._%-]*|\.tmp-[A-Za-z0-9._%-]*")


def safe_name(text: str) -> str:
    """Any text as a part of a file's name: what isn't a letter, a digit or one of ._- is written %XX.

    Cut behind MAX_NAME characters, with a hash of the whole. Never begins or ends with a dot. It is
    not unique, and may be a name that a system reserves: a number in front of it mends both.
    """
    octets = text.encode("utf-8", "surrogatepass")
    name = re.sub(rb"[^A-Za-z0-9._-]", lambda found: f"%{found[0][0]:02X}".encode(), octets).decode()
    name = re.sub(r"\A\.|\.\Z", "%2E", name)
    if len(name) <= MAX_NAME:
        return name
    digest = hashlib.sha256(octets).hexdigest()[:16]
    return re.sub(r"%.?\Z", "", name[: MAX_NAME - len(digest) - 1]) + "-" + digest


def folder_name(agent: str, taken: set[str]) -> str:
    """A folder's name for an agent, unlike those that are taken, also where case means nothing; it is
    then one of them."""
    folder, number = safe_name(agent), 1
    while folder.lower() in taken:
        number += 1
        folder = f"{safe_name(agent)}-{number}"
    taken.add(folder.lower())
    return folder


class Folder:
    """A folder to write to. Where the system can, a run goes on in its own folder when another run
    in the same place moves that."""

    def __init__(self, directory: Path) -> None:
        """Raises OSError."""
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._at: int | None = None
        if os.open in os.supports_dir_fd:
            self._at = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)

    def write(self, name: str, octets: bytes) -> None:
        """All of a file or nothing. Raises OSError."""
        whole_file.write(self._path(name), octets, self._at)

    def claim(self) -> None:
        """No other program may write a run here while this one does, where the system can hold it to that.

        Raises SourceError if one does already.
        """
        if self._at is None:
            return
        import fcntl

        try:
            fcntl.flock(self._at, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            said = f"{printable(str(self._directory))}: another replay is writing its results there"
            hint = "give each of them a folder of its own, or wait"
            raise SourceError(None, said, hint, about="out") from None
        except OSError:  # some network file systems have no locks
            return

    def remove(self, name: str) -> None:
        """Remove a file, if it is there. Raises OSError."""
        with suppress(FileNotFoundError):
            os.unlink(self._path(name), dir_fd=self._at)

    def clear(self) -> None:
        """Remove the files of an earlier run, but run.json and what isn't replay's. Raises OSError."""
        sources = self._directory / "sources"
        for folder in (self._directory, sources):
            if folder is sources and (folder.is_symlink() or not folder.is_dir()):
                continue
            for file in folder.iterdir():
                if _OURS.fullmatch(file.name):
                    file.unlink()
        with suppress(OSError):  # something of somebody else's is in it, or it isn't there
            sources.rmdir()

    def sources(self) -> None:
        """Make the folder for sources. Raises OSError."""
        (self._directory / "sources").mkdir(exist_ok=True)

    def move(self, directory: Path) -> None:
        """Give the folder another name. Raises OSError."""
        self._directory.rename(directory)
        self._directory = directory

    def place(self) -> Path | None:
        """Where it is now, since another run may have moved it; None: nobody knows."""
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
    """The folder for a new run, with its run.json and no file of another run; None: LAST, and the
    run that is there is kept as PREVIOUS.

    Raises SourceError if something is there but no run, and leaves it alone; OSError.
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
        folder.write("run.json", run)  # first of all: whose folder it is, and that it has no case yet
        folder.clear()
        return folder
    own()
    with _alone(LAST.parent):
        _check(LAST)
        _check(PREVIOUS)
        shutil.rmtree(NEXT, ignore_errors=True)
        folder = Folder(NEXT)
        try:
            folder.write("run.json", run)
            _rotate(folder)
        except OSError:
            folder.close()
            raise
    return folder


def own() -> Path:
    """Make the folder of all runs for which nobody said where; no repository takes it in.

    Raises OSError.
    """
    LAST.parent.mkdir(exist_ok=True)
    if not (ignore := LAST.parent / ".gitignore").exists():
        ignore.write_text("*\n")
    return LAST.parent


def _check(directory: Path) -> None:
    """Raises SourceError unless a folder is missing, empty, or holds a run; OSError."""
    try:
        with os.scandir(directory) as entries:
            names = {entry.name for entry in entries}
    except FileNotFoundError:
        return
    except NotADirectoryError:
        raise SourceError(None, f"{printable(str(directory))} is no folder", about="out") from None
    if not all(map(whole_file.PART.fullmatch, names)) and not _holds_run(directory):
        hint = "name a new or an empty folder, or one that holds a run; nothing was touched"
        said = f"{printable(str(directory))} holds something other than a run"
        raise SourceError(None, said, hint, about="out")


def _rotate(folder: Folder) -> None:
    """LAST becomes PREVIOUS, `folder` LAST, and what was PREVIOUS goes. Only renames stand between two
    runs, so that whenever it is cut off, at most an instant lacks a LAST."""
    shutil.rmtree(REMOVED, ignore_errors=True)
    if _holds_run(LAST):
        if PREVIOUS.exists():
            PREVIOUS.rename(REMOVED)
        LAST.rename(PREVIOUS)
    folder.move(LAST)
    shutil.rmtree(REMOVED, ignore_errors=True)


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """One program at a time, where the system can hold it to that."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    at = os.open(directory, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network file systems have no locks
            fcntl.flock(at, fcntl.LOCK_EX)
        yield
    finally:
        os.close(at)


def _holds_run(directory: Path) -> bool:
    file = directory / "run.json"
    if not file.is_file():  # a named pipe would wait for somebody who writes to it
        return False
    try:
        run = json.loads(read_octets(file, limits.FILE.default))
    except (FileNotFoundError, ValueError, RecursionError):
        return False
    return isinstance(run, dict) and run.get("format") == RUN
