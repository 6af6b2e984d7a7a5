"""What the reports of a run say of each case, taken down while its octets are still there."""

from __future__ import annotations

from dataclasses import replace

from replay import limits
from replay.cases.model import Behaviour
from replay.verdict.result import CaseResult


class Explainer:
    """Adds to results why they are what they are. What all of them take is bounded."""

    def __init__(self) -> None:
        self._room = limits.ALL_EXPLAINED.default

    def __call__(self, result: CaseResult) -> CaseResult:
        from replay.report import causes, terminal

        why = "" if result.behaviour is Behaviour.OK and not result.failed else causes.why(result)
        if not result.failed or self._room <= 0:
            return replace(result, why=why)
        shown = terminal.as_text(terminal.failure(result)).strip("\n")
        if len(shown) > limits.EXPLAINED.default:
            shown = shown[: limits.EXPLAINED.default] + "…"
        self._room -= len(shown)
        return replace(result, why=why, shown=shown)
