"""Places in a value, written as JSON paths (RFC 9535)."""

from __future__ import annotations

import json
import re
from collections import deque
from typing import TypeAlias

from replay.source import printable

Step: TypeAlias = str | int
"""A key of an object or an index of a list."""

Place: TypeAlias = "tuple[Place, Step] | None"
"""The place above and one step from it; None is the whole value."""

_BARE = re.compile(r"[^\W\d]\w*")


def steps(place: Place) -> tuple[Step, ...]:
    """All steps to a place."""
    found: deque[Step] = deque()
    while place is not None:
        place, step = place
        found.appendleft(step)
    return tuple(found)


def path(steps: tuple[Step, ...]) -> str:
    """A place as '$.members[2].id'; a key that isn't a word is quoted."""
    return "$" + printable("".join(map(_written, steps)))


def _written(step: Step) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _BARE.fullmatch(step) else f"[{json.dumps(step, ensure_ascii=False)}]"
