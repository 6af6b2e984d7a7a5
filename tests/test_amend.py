"""Specs that are changed so that they expect what came."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from replay.amend.changes import changes, ignoring
from replay.amend.edits import edited
from replay.amend.model import Added, Replaced
from replay.cases.load import load
from replay.draft.yaml_text import value_text
from replay.play.actions import Options
from replay.play.endpoint import Limits
from replay.play.player import Player
from replay.play.script import script
from replay.source import Source
from replay.values.kinds import Maker
from replay.values.shape import exactly
from replay.verdict.judge import judge
from replay.verdict.result import Judged
from replay.wire.side import Side
from tests.memory import KEY, join, keys
from tests.test_conversation import IDS, SPEC, Application, but, sound
from tests.test_values_views import json_values

Said = dict[str, Any]
Answer = Callable[[Said], Iterable[Said | int]]

COMMENTED = SPEC.replace("    talk:\n", "    talk:   # what Ann does\n").replace(
    "        expect: [json: {type: welcome, user: ann, token: <text as token>}]\n",
    """        expect:
          - json:   # the token is new each time
              type: welcome
              user: ann   # as she said
              token: <text as token>
""",
)


def played(text: str, answer: Answer) -> Judged:
    (case,) = load(Source("chat.yaml", text))
    maker = Maker(random.Random(7), 0)
    own = Player(
        script(case, Side.CLIENT, Options(listens=True), Limits(), keys(Side.CLIENT), KEY, maker), Limits()
    )
    join(own, Application(Side.SERVER, answer))
    return judge(case, own.trace(), Side.CLIENT)


def updated(text: str, answer: Answer) -> str:
    """The spec once it passes."""
    for _ in range(20):
        result = played(text, answer)
        if not result.counts():
            return text
        wanted = changes(result)
        assert wanted, result.why
        text = edited(Source("chat.yaml", text), wanted)
    raise AssertionError(text)


FAULTS: list[tuple[Answer, str]] = [
    (but("welcome", lambda m: [m | {"user": "bob"}]), "user: bob"),
    (but("welcome", lambda m: [m | {"user": None}]), "user: null"),
    (but("welcome", lambda m: [m | {"roles": ["a", {"b": 1}]}]), "roles: [a, b: 1]"),
    (but("welcome", lambda m: [{"type": "welcome", "token": m["token"]}]), ""),
    (but("welcome", lambda m: [{"type": "topic", "name": "x"}, m]), "json: {type: topic, name: x}"),
    (but("welcome", lambda m: [m, {"type": "topic", "name": "x"}]), "json: {type: topic, name: x}"),
    (but("ack", lambda m: [m | {"re": 7}]), "re: 7"),
    (but("ack", lambda m: []), ""),
    (but("seen", lambda m: []), ""),
    (but("message", lambda m: [m | {"text": "hello\n"}]), 'text: "hello\\n"'),
    (but("message", lambda m: [m, {"type": "stored"}]), "json: {type: stored}"),
    (but("edited", lambda m: [{"type": "changed"}]), "json: {type: changed}"),
    (but("edited", lambda m: []), "expect: []"),
]


@pytest.mark.parametrize("spec", [SPEC, COMMENTED], ids=["short", "commented"])
@pytest.mark.parametrize(("answer", "new"), FAULTS)
def test_a_spec_is_changed_where_something_else_comes(answer: Answer, new: str, spec: str) -> None:
    for seed in range(4):
        IDS.seed(seed)
        text = updated(spec, answer)
        assert new in text
        assert text.count("#") >= spec.count("#") - 1  # that of the line that is gone
        before, after = spec.splitlines(), text.splitlines()
        assert len(set(before) - set(after)) <= 3, text
        IDS.seed(seed + 10)
        assert not played(text, answer).counts(), text
        IDS.seed(seed + 10)
        updated(text, sound)


def test_what_passes_is_not_changed() -> None:
    IDS.seed(2)
    assert changes(played(SPEC, sound)) == ()
    assert updated(SPEC, sound) == SPEC


def test_another_code() -> None:
    text = SPEC.replace(
        "close: {by: tester, code: 1000, clean: required}", "close: {by: testee, code: 4001} # why"
    )
    answer = but("edited", lambda m: [m, 4002])
    assert updated(text, answer) == text.replace("4001", "4002")


def test_a_matcher_or_an_ignored_event_instead() -> None:
    IDS.seed(1)
    (change,) = changes(played(SPEC, but("welcome", lambda m: [m | {"user": "bob"}])))
    assert isinstance(change, Replaced)
    assert change.wider == "<text>"
    assert change.said == '$.user: expected "ann", found "bob"'
    extra = played(SPEC, but("welcome", lambda m: [{"type": "topic", "name": "x"}, m]))
    (added,) = changes(extra)
    assert isinstance(added, Added)
    ignored = ignoring(added, extra.case)
    assert ignored is not None
    text = edited(Source("chat.yaml", SPEC), [ignored])
    assert "ignore:\n  - json: {type: heartbeat, t: <int>}\n  - json: {type: topic, name: x}\n" in text
    assert not played(text, but("welcome", lambda m: [{"type": "topic", "name": "x"}, m])).counts()


def test_a_server_that_leaves_changes_nothing() -> None:
    assert changes(played(SPEC, but("welcome", lambda m: [4000]))) == ()


ONE = """\
section: chat
ignore: [json: {has: {type: hello}}, json: {has: {type: heartbeat}}]
cases:
  - id: chat.1
    title: One value
    talk:
      - send: [json: {type: go}]
        expect:
          - json: {value: VALUE}   # this one
"""


@settings(deadline=None)
@example([None, {"": None}, {"": None}], [None, {}, {"": None}], False)
@example([None, 0, {}, {"": None}], [None, 0, {"": None, "0": None}, {"": None}], False)
@example([None, 0, {}], [None, 0, None], False)
@given(json_values, json_values, st.booleans())
def test_any_value_becomes_any_other(old: Any, new: Any, flow: bool) -> None:
    text = ONE.replace("VALUE", value_text(exactly(old)))
    if not flow:
        text = text.replace("- json: {value: ", "- json:\n              value: ").replace(
            "}   # this", "   # this"
        )
    answered = updated(text, lambda said: [{"value": new}])
    assert "# this one" in answered
    assert not played(answered, lambda said: [{"value": new}]).counts()
