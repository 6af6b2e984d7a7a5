"""Prints lines without waiting for whoever reads them: a pipe that nobody empties, or a terminal that was
halted, must not hold up what is passed on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue


class Printing:
    """A thread that prints."""

    def __init__(self, show: Callable[[str, bool], None]) -> None:
        """`show` prints a line, to standard error if the flag is set."""
        self._show = show
        self._lines: SimpleQueue[tuple[str, bool] | None] = SimpleQueue()
        self._fault: OSError | None = None
        self._thread = threading.Thread(target=self._print, daemon=True)
        self._thread.start()

    def say(self, line: str, err: bool = False) -> None:
        """Print a line when its turn comes."""
        self._lines.put((line, err))

    def end(self) -> None:
        """Wait until all is printed. Raises OSError if it couldn't be."""
        self._lines.put(None)
        self._thread.join()
        if self._fault is not None:
            raise self._fault

    def _print(self) -> None:
        while (line := self._lines.get()) is not None:
            if self._fault is None:
                try:
                    self._show(*line)
                except OSError as error:
                    self._fault = error
