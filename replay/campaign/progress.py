"""The progress of a run, as a bar below its lines on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


KNOWN = 0.1
"""How much of a run has to be done before the rest of it can be estimated."""


def left(elapsed: float, done: float) -> str:
    """About how long a run still takes, if `done` of it (from 0 to 1) took `elapsed` seconds; empty while
    there is no estimate."""
    if not KNOWN <= done < 1:
        return ""
    minutes, seconds = divmod(round(elapsed / done - elapsed), 60)
    return f"about {minutes}:{seconds:02} left"


class Bar:
    """Cases done, time passed and time left; a case counts as much as it weighs."""

    def __init__(self, console: Console, weights: Sequence[int]) -> None:
        self._weights = weights
        self._done = 0
        self._progress: Any = None
        if not console.is_terminal:
            return
        from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeElapsedColumn
        from rich.text import Text

        class Left(ProgressColumn):
            max_refresh = 0.5

            def render(self, task: Any) -> Text:
                return Text(left(task.elapsed or 0, task.completed / task.total), style="dim")

        self._progress = Progress(
            BarColumn(),
            TextColumn("{task.description}", markup=False),
            TimeElapsedColumn(),
            Left(),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task(self._count, total=sum(weights))

    @property
    def _count(self) -> str:
        return f"{self._done}/{len(self._weights)}"

    def __enter__(self) -> Callable[[int], None]:
        """Returns a function to be called with the number of each case, counted from 0, once it is done.
        The first call shows the bar: until then there are no threads, so that processes can be forked."""
        return self._advance

    def _advance(self, number: int) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress.start()
            self._progress.update(self._task, advance=self._weights[number], description=self._count)

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()
