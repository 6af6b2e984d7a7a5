"""The page of one or several runs. It is always made from what is stored of each case, whoever asks for it
and when."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import quote

from replay import whole_file
from replay.campaign import columns as run_columns
from replay.campaign.columns import Link
from replay.campaign.progress import Bar
from replay.report.html import model, page
from replay.report.html.model import Column
from replay.source import SourceError
from replay.verdict.result import RunResult


def of(runs: Sequence[RunResult], folder: Path) -> list[Column]:
    """Runs that have just ended, for a page in a folder. A run that isn't stored has only its verdicts."""
    return [_column(run, beside(folder)) for run in runs]


def _column(run: RunResult, link: Link) -> Column:
    if run.stored is not None:
        try:
            return run_columns.column(run, run.stored, link)
        except SourceError:  # another run has replaced it in the meantime
            pass
    return model.column(run)


def drawn(columns: Sequence[Column]) -> str:
    """The page. It takes some time: on a terminal, a bar shows how much is left."""
    from rich.console import Console

    sizes = [told.size + 4096 for told in page.taken(columns)]
    with Bar(Console(stderr=True), sizes) as advance:
        return page.page(columns, advance)


def write(columns: Sequence[Column], output: Path) -> None:
    """Write the page completely or not at all. Raises OSError."""
    output.parent.stat()  # fail before the page is rendered
    whole_file.write(output, drawn(columns).encode("utf-8", "replace"))


def beside(folder: Path) -> Link:
    """The address of a file as seen from a page in this folder, if the file is there."""
    folder = folder.resolve()

    def link(path: Path, read: Callable[[], bytes]) -> str | None:
        if not path.is_file():
            return None
        try:
            return quote(Path(os.path.relpath(path.resolve(), folder)).as_posix())
        except ValueError:  # on another drive
            return path.resolve().as_uri()

    return link
