"""What the bundled cases say beside what they send (which test_wire.py compares with Autobahn)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from replay.cases.model import Behaviour, Case, Closing, EventKind, Patience, Profile
from replay.cases.select import select
from replay.cases.step import SendFrame
from replay.protocol.rules import RULES
from replay.suite.files import bundled_items, known
from replay.trace.model import SECOND

CASES = known()
DISPUTED = [case for case in CASES.values() if case.disputed is not None]


def test_titles_tell_the_cases_apart_and_fit_in_a_line() -> None:
    titles = [case.title for case in CASES.values()]
    assert len(set(titles)) == len(titles)
    assert not [title for title in titles if title.endswith(".") or len(title) > 108]


def test_ids_begin_with_their_section() -> None:
    assert not [id for id, case in CASES.items() if not f"{id}.".startswith(f"{case.section}.")]


def test_files_are_named_after_their_section() -> None:
    for case in CASES.values():
        assert case.span is not None
        assert Path(case.span.source.name).stem.partition("-")[0] == case.section


@pytest.mark.parametrize(
    "words",
    [[], ["1.1.1"], ["6"], ["1*"], ["*.1"], ["?.2", "!4"], ["7.*", "!7.1", "!9"], ["!9.*", "!1?.*"]],
)
def test_what_words_select_is_found_without_the_other_specs(words: list[str]) -> None:
    assert [item.case for item in bundled_items(False, words)] == select(CASES.values(), words)


def test_rules_are_rows() -> None:
    assert {case.rule for case in CASES.values()} <= {*RULES, None}


@pytest.mark.parametrize("profile", Profile)
def test_the_best_verdict_stands_first(profile: Profile) -> None:
    order = list(Behaviour)
    for id, case in CASES.items():
        verdicts = [order.index(outcome.verdict) for outcome in case.under(profile).outcomes]
        assert verdicts == sorted(verdicts), id


def test_no_outcome_stands_twice() -> None:
    for id, case in CASES.items():
        for profile in Profile:
            patterns = [outcome.patterns for outcome in case.under(profile).outcomes]
            assert len(set(patterns)) == len(patterns), (id, profile)


@pytest.mark.parametrize("case", DISPUTED, ids=lambda case: case.id)
def test_a_dispute_names_a_section_and_changes_something(case: Case) -> None:
    assert case.disputed is not None
    assert re.search(r"(RFC 6455|RFC 7692) §\d", case.disputed.why)
    argued = case.under(Profile.RFC)
    assert (argued.outcomes, argued.closing) != (case.outcomes, case.closing)


def test_no_case_takes_a_code_for_prescribed() -> None:
    for id, case in CASES.items():
        for closing in (case.closing, case.under(Profile.RFC).closing):
            assert closing is not None
            assert closing.usual, id
            assert closing.takes(1008, Profile.RFC), id
            assert not closing.takes(1006, Profile.RFC), id


@pytest.mark.parametrize("section", ["1.1", "1.2"])
def test_messages_are_echoed_whole(section: str) -> None:
    for number in range(1, 9):
        case = CASES[f"{section}.{number}"]
        (step,), (outcome,) = case.steps, case.outcomes
        assert isinstance(step, SendFrame)
        (pattern,) = outcome.patterns
        assert outcome.verdict is Behaviour.OK
        assert pattern.kind is (EventKind.TEXT if section == "1.1" else EventKind.BINARY)
        assert pattern.payload == step.payload
        assert case.patience == Patience((10 if number > 5 else 1) * SECOND, "fail")
        assert case.closing == Closing()


def test_pings_are_answered_in_order() -> None:
    for id, case in CASES.items():
        if not id.startswith("2.") or id == "2.5":
            continue
        pings = [step.payload for step in case.steps if isinstance(step, SendFrame) and step.opcode == 9]
        (outcome,) = case.outcomes
        assert [(p.kind, p.payload) for p in outcome.patterns] == [(EventKind.PONG, ping) for ping in pings]
        seconds = {"2.6": 2, "2.10": 3, "2.11": 3}.get(id, 1)
        assert (case.patience, case.closing) == (Patience(seconds * SECOND, "close"), Closing())


def test_too_long_a_ping_is_a_breach() -> None:
    case = CASES["2.5"]
    assert [outcome.patterns for outcome in case.outcomes] == [()]
    assert case.closing == Closing("testee", (1002, None), clean=False)
    assert case.patience == Patience(SECOND, "fail")
    assert case.rule == "control-length"
