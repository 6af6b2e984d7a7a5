"""A conversation over several connections: what their players share."""

from __future__ import annotations

from collections.abc import Callable

from replay.trace.model import BROKEN_BY, NAMES
from replay.values.names_text import write
from replay.values.shape import Names, Value


class Dialogue:
    """Each connection has some of the rounds. A round begins once all before it are over."""

    def __init__(self) -> None:
        self.number = 0  # of the round whose turn it is
        self.names: dict[str, Value] = {}  # what was captured on any of the connections
        self.broken_by: str | None = None  # the connection on which the conversation was broken off
        self._watching: list[Callable[[], object]] = []

    def watch(self, changed: Callable[[], object]) -> None:
        """Have this called whenever something has changed."""
        self._watching.append(changed)

    def advance(self, number: int, names: Names) -> None:
        """The rounds before this one are over."""
        self.number = number
        self.names |= names
        self._tell()

    def break_off(self, by: str) -> None:
        """The connection of this name has ended too soon."""
        if self.broken_by is None:
            self.broken_by = by
            self._tell()

    def _tell(self) -> None:
        for changed in self._watching:
            changed()


def told(dialogue: Dialogue, connection: str) -> tuple[tuple[str, str], ...]:
    """What the log of a connection has to say of the others, as header lines."""
    lines = ((NAMES, write(dialogue.names)),) if dialogue.names else ()
    by = dialogue.broken_by
    return lines if by in (None, connection) else (*lines, (BROKEN_BY, by))
