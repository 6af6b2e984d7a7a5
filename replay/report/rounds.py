"""In words, the cases that play fewer rounds than they have, and how many."""

from __future__ import annotations

from collections.abc import Sequence

from replay.cases.model import Case
from replay.report import safe, words

MOST_SECTIONS = 4
"""The most sections that are listed."""


def rounds(case: Case) -> str:
    """'25 of 1000 messages'; empty if the case has no rounds, or plays all of them."""
    repeat = case.rounds
    if repeat is None or repeat.of is None or repeat.times >= repeat.of:
        return ""
    what = "messages" if len(repeat.steps) == 1 else "rounds"
    return f"{repeat.times} of {repeat.of} {what}"


def shortened(cases: Sequence[Case]) -> str:
    """A sentence about which of these cases played fewer rounds, by section; empty if none did."""
    few = [case.id for case in cases if rounds(case)]
    if not few:
        return ""
    sections = list(dict.fromkeys(f"{id.split('.')[0]}.*" for id in few))
    listed = safe.escape(", ".join(sections[:MOST_SECTIONS]), 200)
    listed += ", …" if len(sections) > MOST_SECTIONS else ""
    played = words.count(len(few), "case")
    return f"not all messages of {played} in {listed} were sent; --thorough sends them all"
