"""The JSON Schema of specs. What depends on two places (a unique id, the echo of something, a name from the
matrix) is checked by the loader only."""

from __future__ import annotations

from replay.cases import load
from replay.typed.schema import NAMES, Schema, document


def schema() -> Schema:
    """The schema of specs."""
    needed: list[Schema] = [
        {"anyOf": [{"required": [key]}, {"properties": {"cases": {"items": {"required": [key]}}}}]}
        for key in load.NEEDED
    ]
    return document("A spec of replay", load.FILE) | {"allOf": needed, "$defs": NAMES}
