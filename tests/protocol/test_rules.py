"""Each row of the rule table is broken by a wire log that bears its name, at the octet it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from replay.protocol.events import Violation
from replay.protocol.interpreter import Interpreter, has_opening, observe
from replay.protocol.rules import RULES, TOLD
from replay.source import Source
from replay.trace.model import Octets, Trace
from replay.trace.wirelog import parse
from replay.wire.side import Side

VECTORS = Path(__file__).parent.parent / "vectors"


def read(rule: str) -> Trace:
    return parse(Source.read(VECTORS / f"{rule}.wirelog")).trace


def first(trace: Trace) -> Violation:
    """The first breach of the side that the log says."""
    side = Side((trace.header("breaks") or "").partition(" ")[0])
    return next(event for event in observe(trace) if isinstance(event, Violation) and event.side is side)


@pytest.mark.parametrize("rule", TOLD)
def test_the_rule_s_vector_breaks_it(rule: str) -> None:
    trace = read(rule)
    found = first(trace)
    assert found.rule == rule
    assert f"{found.side.value} {found.start}" == trace.header("breaks")
    assert RULES[rule].binds in (None, found.side)


def test_each_vector_names_a_rule() -> None:
    assert {path.stem for path in VECTORS.glob("*.wirelog")} == set(TOLD)


@pytest.mark.parametrize("rule", TOLD)
def test_chopping_changes_no_breach(rule: str) -> None:
    trace = read(rule)
    whole = [(e.rule, e.side, e.start, e.detail) for e in observe(trace) if isinstance(e, Violation)]
    for step in (1, 2, 5):
        interpreter = Interpreter(trace.recorder, opened=not has_opening(trace))
        chopped = []
        for entry in trace.entries:
            entries = [entry]
            if isinstance(entry, Octets):
                parts = [entry.data[at : at + step] for at in range(0, len(entry.data), step)]
                entries = [Octets(entry.side, part) for part in parts]
            for part in entries:
                chopped += [e for e in interpreter.feed(part) if isinstance(e, Violation)]
        got = [(e.rule, e.side, e.start, e.detail) for e in chopped]
        if rule != "frame-before-opening":  # it says how much had come by then
            assert got == whole


def test_the_table_is_in_order() -> None:
    for rule in RULES.values():
        assert rule.sentence.endswith(".")
        assert rule.code in (None, 1002, 1007)
        for section in rule.sections:
            known = r"\d(\.\d)*|10\.[347]|11\.3\.[1-5]|11\.4" if rule.rfc == 6455 else r"\d+(\.\d+)*"
            assert re.fullmatch(known, section)
        assert rule.reference.startswith(f"RFC {rule.rfc} §{rule.sections[0]}")
