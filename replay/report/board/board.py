"""What the page shows of the clients, as JSON: a mark for each case, and why those that failed did.

What is asked for often costs little: the part of an agent is made anew only if it has changed, and
whoever says what he has seen gets what is new.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from replay import limits
from replay.cases.model import Behaviour
from replay.report import words
from replay.report.tally import VERDICTS
from replay.verdict.result import GOOD, CaseResult

MARKS = {
    Behaviour.OK: "o",
    Behaviour.NON_STRICT: "n",
    Behaviour.INFORMATIONAL: "i",
    Behaviour.UNIMPLEMENTED: "u",
    Behaviour.FAILED: "f",
}
NONE, CLOSING, EXPECTED, NO_VERDICT = ".", "c", "e", "q"
"""A case that isn't over; one that only ends as it shouldn't; one that fails as expected; one that was
played and is unjudged."""


def mark(result: CaseResult) -> str:
    """The letter of a verdict."""
    if result.unjudged is not None:
        return NO_VERDICT
    if result.is_expected and result.failed:
        return EXPECTED
    if result.closing not in GOOD and result.behaviour is not Behaviour.FAILED:
        return CLOSING
    return MARKS[result.behaviour]


class _Agent:
    def __init__(self, name: str, cases: int) -> None:
        self.name = name
        self.finished = False
        self.revision = 0  # of the last change
        self.failures: dict[int, dict[str, str]] = {}
        self.verdicts: dict[int, str] = {}
        self._marks = [NONE] * cases
        self._shown = (-1, "")

    def add(self, number: int, result: CaseResult) -> None:
        self._marks[number] = mark(result)
        self.verdicts[number] = result.word
        self.failures.pop(number, None)
        if result.failed:
            self.failures[number] = {
                "id": result.case.id,
                "mark": self._marks[number],
                "verdict": f"{result.behaviour.value} / {result.closing.value}",
                "why": result.why,
            }

    def shown(self) -> str:
        revision, text = self._shown
        if revision != self.revision:
            revision, verdicts = self.revision, Counter(list(self.verdicts.values()))
            marks = "".join(self._marks)
            said = {
                "name": self.name,
                "finished": self.finished,
                "judged": verdicts.total(),
                "counts": {word: verdicts[word] for word in VERDICTS if verdicts[word]},
                "closing": marks.count(CLOSING),
                "expected": marks.count(EXPECTED),
                "marks": marks,
            }
            text = json.dumps(said, separators=(",", ":"))
            self._shown = revision, text
        return text


class Board:
    """All agents. Results may be added in a thread of their own."""

    def __init__(self, cases: Sequence[tuple[str, str]]) -> None:
        """`cases`: id and title of each."""
        self._cases = cases
        self._agents: dict[str, _Agent] = {}
        self._revision = 0

    def came(self, agent: str) -> None:
        """An agent is there."""
        if agent not in self._agents:
            self._agents[agent] = _Agent(agent, len(self._cases))
            self._touch(self._agents[agent])

    def add(self, agent: str, number: int, result: CaseResult) -> None:
        """A result of an agent that came; the later one of a case counts."""
        self._agents[agent].add(number, result)
        self._touch(self._agents[agent])

    def finish(self, agent: str) -> None:
        """It has said that it is done."""
        if agent in self._agents:
            self._agents[agent].finished = True
            self._touch(self._agents[agent])

    def _touch(self, agent: _Agent) -> None:
        self._revision += 1
        agent.revision = self._revision

    def progress(self, since: int) -> str:
        """The agents that have changed since that revision; of 0, the cases and all agents."""
        revision, agents = self._revision, list(self._agents.values())
        parts = [f'"{n}":{agent.shown()}' for n, agent in enumerate(agents) if agent.revision > since]
        said = {"cases": self._cases, "sections": words.SECTIONS}
        once = json.dumps(said, separators=(",", ":"))[1:-1] + "," if since == 0 else ""
        return f'{{"revision":{revision},{once}"agents":{{{",".join(parts)}}}}}'

    def failures(self, agent: str) -> str | None:
        """Which cases of an agent failed, and why; None: there is none of that name."""
        if agent not in self._agents:
            return None
        found = sorted(self._agents[agent].failures.items())
        said: list[Any] = [failure for _, failure in found[: limits.TOLD.default]]
        return json.dumps({"failures": said, "more": len(found) - len(said)}, separators=(",", ":"))
