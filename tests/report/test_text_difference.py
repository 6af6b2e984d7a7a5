"""Two texts that differ, in the words in which a person reads them."""

from __future__ import annotations

import json

import pytest

from replay.cases.difference import Difference, first_difference
from replay.cases.model import EventKind, Pattern
from replay.cases.payload import Payload
from replay.protocol.events import Message
from replay.report import text_difference
from replay.wire.side import Side


def shown(expected: str, observed: str, width: int = 80) -> list[str]:
    want, got = expected.encode(), observed.encode()
    message = Message(side=Side.SERVER, entry=0, start=0, end=0, text=True, data=got, parts=())
    found = Difference(
        0, Pattern(EventKind.TEXT, Payload(want)), message, "payload", first_difference(want, got)
    )
    return [line.plain for line in text_difference.lines(found, width)]


ONE = {"id": "1", "items": [{"name": f"item {n}", "price": n * 100} for n in range(8)], "done": True}


def test_json_that_differs_at_one_place_is_told_by_where_that_is() -> None:
    other = json.loads(json.dumps(ONE))
    other["items"][5]["name"] = 'item "five"'
    expected, observed, marks, said = shown(json.dumps(ONE), json.dumps(other))
    assert len(json.dumps(ONE)) > 290
    assert expected.startswith("  expected  …")
    assert expected.endswith("…")
    assert max(map(len, (expected, observed, said))) <= 80
    assert '"name": "item 5"' in expected
    assert '"name": "item \\\\"five\\\\""' in observed.replace('\\"', '\\\\"')
    at = observed.index('\\"five')
    assert marks[at] == "^"
    assert not marks[:at].strip()
    assert said == '  JSON      $.items[5].name is "item \\"five\\"", expected "item 5"'


@pytest.mark.parametrize(
    ("expected", "observed", "said"),
    [
        ('{"a":1}', '{"a": 1}', "the same; spaces, escapes or the order of keys differ"),
        ('{"a":1}', '{"b":1}', '$ lacks "a"'),
        ('{"a":1}', '{"a":1,"b":2}', '$ has "b", which wasn\'t expected'),
        ("[1,2]", "[1,2,3]", "$ has 3 items, expected 2"),
        ('42["say",{"n":1}]', '42["say",{"n":2}]', "$[1].n is 2, expected 1"),
        ("[1]", "[true]", "$[0] is true, expected 1"),
        ('{"a":{"b":[null]}}', '{"a":{"b":[0]}}', "$.a.b[0] is 0, expected null"),
    ],
)
def test_json(expected: str, observed: str, said: str) -> None:
    assert shown(expected, observed)[3:] == [f"  JSON      {said}"]


def test_texts() -> None:
    assert shown("they said 'ann'", "they said 'bob'") == [
        "  expected  they said 'ann'",
        "  observed  they said 'bob'",
        "                       ^^^ character 12",
    ]
    assert shown("more", "more to come")[2] == "                ^^^^^^^^ character 5"
    assert shown("née", "nêe")[2] == "             ^ character 2"


@pytest.mark.parametrize("size", [10**3, 10**6])
def test_long_texts_are_shown_around_the_place(size: int) -> None:
    lines = shown("a" * size + "b" + "c" * size, "a" * size + "x" + "c" * size, 60)
    assert "ab" in lines[0]
    assert "ax" in lines[1]
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("text", ["[" * 100_000, "[" * 90 + "1" + "]" * 90, '{"a":' + "9" * 5000 + "}"])
def test_hostile_json_breaks_nothing(text: str) -> None:
    assert len(shown(text + " ", text)) >= 3


def test_what_a_peer_sends_has_no_effect_on_the_terminal() -> None:
    assert "\x1b" not in "".join(shown("plain", "pl\x1b[31min"))


@pytest.mark.parametrize("length", [20, 60, 66, 67, 68, 69, 90, 300])
@pytest.mark.parametrize("width", [40, 80, 100])
def test_the_mark_is_seen_wherever_in_the_line_it_stands(length: int, width: int) -> None:
    _, observed, marks = shown("*" * length + "x", "*" * length + "z", width)
    assert marks.index("^") == observed.index("z")
    assert f"character {length + 1}" in marks
    assert max(map(len, (observed, marks))) <= width
