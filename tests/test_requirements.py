"""Each requirement of the RFCs has the rules that stand for it, or a reason why there is none."""

from __future__ import annotations

import pytest

from replay.protocol.rules import RULES, TOLD
from replay.wire.side import Side
from tests.rules import Requirement, every_case, requirements

ALL = requirements()

BOUND = {
    "client": frozenset({Side.CLIENT}),
    "server": frozenset({Side.SERVER}),
    "both": frozenset(Side),
    "proxy": frozenset(),
}


def bound(rule: str) -> frozenset[Side]:
    """The sides that a rule binds."""
    side = RULES[rule].binds
    return frozenset(Side) if side is None else frozenset({side})


def test_ids_are_unique() -> None:
    assert len({one.id for one in ALL}) == len(ALL)


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.id)
def test_a_requirement_has_rules_or_a_reason(one: Requirement) -> None:
    assert bool(one.rows) != (one.none is not None)
    assert set(one.rows) <= RULES.keys()
    assert (one.statement is None) == (one.id in RULES)
    assert one.statement is None or one.statement.endswith(".")
    assert one.binds != "proxy" or one.none == "proxy"


@pytest.mark.parametrize("one", [one for one in ALL if one.rows], ids=lambda one: one.id)
def test_the_rules_of_a_requirement_bind_whom_it_binds(one: Requirement) -> None:
    sides = frozenset().union(*map(bound, one.rows))
    # What one side may do concerns the other, which has to put up with it.
    assert BOUND[one.binds] <= sides or one.level == "MAY"
    assert one.id not in RULES or RULES[one.id].level.upper() == one.level


def test_each_rule_stands_for_a_requirement() -> None:
    assert {row for one in ALL for row in one.rows} == RULES.keys()


def test_only_a_rule_that_octets_break_can_need_a_case_as_well() -> None:
    assert all(set(one.rows) <= TOLD.keys() for one in ALL if one.by_case)


def test_a_case_of_one_side_is_about_a_rule_that_binds_it() -> None:
    cases = [case for case in every_case() if case.rule is not None and case.testee is not None]
    assert [case.id for case in cases if case.rule and case.testee not in bound(case.rule)] == []
