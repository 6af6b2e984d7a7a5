"""What was captured, as a line of JSON in a log. Binary data is an object whose only key is hex."""

from __future__ import annotations

import json
from typing import Any

from replay.values.shape import Names, Value


def write(names: Names) -> str:
    """On one line."""
    return json.dumps(names, separators=(",", ":"), default=lambda octets: {"hex": octets.hex()})


def read(text: str) -> dict[str, Value]:
    """The names in a line that `write` has made; none if it is another one."""
    try:
        found = json.loads(text, object_hook=_octets)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _octets(found: dict[str, Any]) -> Value:
    digits = found.get("hex")
    return bytes.fromhex(digits) if found.keys() == {"hex"} and isinstance(digits, str) else found
