"""Failures as a terminal shows them, for the reports of a run: rendered while their octets are still
available."""

from __future__ import annotations

from msgspec.structs import replace

from replay import limits
from replay.verdict.result import Judged, Result


class Explainer:
    """Adds to failures how they are shown. Their total size is bounded."""

    def __init__(self) -> None:
        self._room = limits.ALL_EXPLAINED.default

    def __call__(self, result: Result) -> Result:
        if not isinstance(result, Judged) or not result.failed or self._room <= 0:
            return result
        from replay.report import terminal

        shown = terminal.as_text(terminal.failure(result)).strip("\n")
        if len(shown) > limits.EXPLAINED.default:
            shown = shown[: limits.EXPLAINED.default] + "…"
        self._room -= len(shown)
        return replace(result, shown=shown)
