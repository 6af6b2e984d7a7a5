"""The answers of `replay report --serve`: the page, what is new, a case, a log."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from replay import limits
from replay.campaign import columns as run_columns
from replay.live.page_server import Answer
from replay.report.html import page
from replay.report.html.model import Column
from replay.source import SourceError
from replay.store import journal

TEXT, HTML, JSON = "text/plain; charset=utf-8", "text/html; charset=utf-8", "application/json"


class Desk:
    """Reads the folders again when something in them has changed."""

    def __init__(self, folders: Sequence[Path]) -> None:
        """Raises SourceError."""
        self._folders = folders
        self._stamp: tuple[int, ...] = ()
        self._columns: list[Column] = []
        self._logs: dict[str, Callable[[], bytes]] = {}
        self._read()

    def answer(self, target: str) -> Answer:
        """The answer to a GET of this target. It never raises an error that a folder or a target may
        cause."""
        path, _, rest = target.partition("?")
        query = dict(parse_qsl(rest))
        try:
            self._read()
            match path:
                case "/":
                    return Answer(200, HTML, page.served(self._columns).encode())
                case "/state":
                    return _json(page.state(self._columns))
                case "/case":
                    return self._case(query)
                case "/log":
                    return self._log(query)
        except (SourceError, OSError) as error:  # a folder is gone, or contains something else now
            return Answer(500, TEXT, str(error).encode("utf-8", "replace"))
        return Answer(404, TEXT, b"There is nothing here.")

    def _read(self) -> None:
        stamp = tuple(change for each in self._watched() for change in _stamp(each))
        if stamp != self._stamp or not self._columns:
            self._columns = run_columns.columns(self._folders, self._link)
            self._stamp = stamp

    def _watched(self) -> list[Path]:
        """Creating or renaming a file changes the time of its folder, and appending changes a journal."""
        inside = [path for folder in self._folders if folder.is_dir() for path in folder.iterdir()]
        folders = [folder for folder in (*self._folders, *inside) if folder.is_dir()]
        journals = [folder / journal.NAME for folder in folders]
        return [*folders, *(path for path in journals if path.is_file())]

    def _link(self, path: Path, read: Callable[[], bytes]) -> str:
        name = str(path)
        self._logs[name] = read
        return "log?" + urlencode({"name": name})

    def _case(self, query: Mapping[str, str]) -> Answer:
        number, id = query.get("column", ""), query.get("id", "")
        if not number.isdecimal() or int(number) >= len(self._columns):
            return Answer(404, TEXT, b"There is no such run.")
        told = self._columns[int(number)].told.get(id)
        if told is None:
            return Answer(404, TEXT, b"There is no such case.")
        return _json(told.detail(limits.PAGE_LOG.default))

    def _log(self, query: Mapping[str, str]) -> Answer:
        """A log with which a case has been shown, and no other file."""
        read = self._logs.get(query.get("name", ""))
        if read is None:
            return Answer(404, TEXT, b"There is no such log.")
        return Answer(200, TEXT, read())


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size


def _json(value: Any) -> Answer:
    return Answer(200, JSON, json.dumps(value, separators=(",", ":")).encode())
