"""Values as they are compared and made: what fits, which names it gives, and where it differs."""

from __future__ import annotations

from itertools import permutations
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.trace.model import SECOND
from replay.values.equal import MAX_DEPTH
from replay.values.filling import fill
from replay.values.kinds import KINDS, MAKEABLE, Maker
from replay.values.matching import closest, differences, match
from replay.values.mismatch import Mismatch
from replay.values.shape import (
    Each,
    Exactly,
    Free,
    Fresh,
    Keyed,
    Known,
    Listed,
    Octets,
    Regex,
    Shape,
    Unordered,
    Value,
    binds,
    exactly,
    uses,
)

UUID = "9b2c2f70-6f0e-4b8a-9d0b-3f1f6c1f8f55"


def obj(others: bool = False, **items: Shape) -> Keyed:
    return Keyed(tuple(items.items()), others)


def apart(shape: Shape, value: Value, **names: Value) -> str:
    """What is said of the first difference."""
    found = match(shape, value, names)
    assert isinstance(found, Mismatch), found
    return str(found)


def bound(shape: Shape, value: Value, **names: Value) -> dict[str, Value]:
    found = match(shape, value, names)
    assert not isinstance(found, Mismatch), str(found)
    return found


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("uuid", [UUID, UUID.upper()], [UUID[:-1], UUID + "0", UUID.replace("-", ""), 7, None]),
        (
            "time",
            [
                "2027-01-31T09:30:00Z",
                "2027-01-31 09:30:00.123456+02:00",
                "2027-01-31T09:30",
                "2027-01-31t09:30:60,5z",
            ],
            ["2027-13-31T09:30:00Z", "2027-01-31", "2027-01-31T24:30:00Z", "yesterday", 1_700_000_000],
        ),
        (
            "epoch",
            [1_700_000_000, 1_700_000_000.25, 1_700_000_000_000],
            [0, 7, -1_700_000_000, 17_000_000_000, "1700000000", True, float("nan")],
        ),
        ("int", [0, -3, 10**30, 2.0], [2.5, "2", True, None, float("inf")]),
        ("number", [0, 2.5], ["2", False, None]),
        ("bool", [True, False], [0, 1, "true", None]),
        ("hex", ["00ff", "ABC"], ["", "0x00", "xyz", 0]),
        ("text", ["", "é"], [0, None, b"", []]),
        ("binary", [b"", b"\xff"], ["", None]),
        ("any", [None, 0, "", {}, [], b"", False], []),
    ],
)
def test_kinds(kind: str, good: list[Value], bad: list[Value]) -> None:
    for value in good:
        assert bound(Free(kind, "it"), value) == {"it": value}
    for value in bad:
        assert f"(<{kind}>), found " in apart(Free(kind), value)


def test_every_kind_says_what_it_is() -> None:
    for kind in KINDS.values():
        assert kind.about.endswith(".")
        assert kind.wants[0].islower() or kind.wants.startswith("a ")


@pytest.mark.parametrize("kind", MAKEABLE)
def test_a_fresh_value_is_of_its_kind_and_follows_from_the_seed(kind: str) -> None:
    for seed in range(200):
        first, again = (
            fill(Fresh(kind), {}, Maker(Random(seed), 1_800_000_000 * SECOND)) for _ in range(2)
        )
        assert first == again
        assert KINDS[kind].fits(first[0])


def test_a_fresh_time_is_the_moment_that_is_given() -> None:
    make = Maker(Random(1), 1_800_000_000_123_456)
    assert fill(Fresh("time"), {}, make)[0] == "2027-01-15T08:00:00.123Z"
    assert fill(Fresh("epoch"), {}, make)[0] == 1_800_000_000_123


def test_a_fresh_value_may_be_used_before_it_is_made() -> None:
    shape = obj(re=Known("id"), id=Fresh("uuid", "id"), room=Known("room"))
    value, names = fill(shape, {"room": "dev"}, Maker(Random(1), 0))
    assert isinstance(value, dict)
    assert value["re"] == value["id"] == names["id"]
    assert value["room"] == "dev"
    assert names.keys() == {"id"}


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        (Known("token"), "nothing has been captured as <token>"),
        (obj(a=Free("uuid")), "<uuid> can only be expected, not sent"),
        (obj(True, a=Exactly(1)), "{has: {a: 1}} can only be expected, not sent"),
        (Fresh("any"), "<new any> can't be made"),
    ],
)
def test_what_cannot_be_sent(shape: Shape, said: str) -> None:
    with pytest.raises(ValueError, match="^" + said.replace("{", r"\{") + "$"):
        fill(shape, {}, Maker(Random(1), 0))


def test_names_that_a_shape_uses_and_gives() -> None:
    shape = obj(
        a=Listed((Known("x"), Free("uuid", "y"))), b=Each(Unordered((Fresh("hex", "z"), Known("x"))))
    )
    assert list(uses(shape)) == ["x"]
    assert list(binds(shape)) == ["y", "z"]


@pytest.mark.parametrize(
    ("shape", "value", "said"),
    [
        (Exactly(1), True, "$: expected 1, found true"),
        (Exactly(1), 2, "$: expected 1, found 2"),
        (Exactly("1"), 1, '$: expected "1", found 1'),
        (Exactly(None), False, "$: expected null, found false"),
        (
            Exactly(2**60),
            float(2**60) + 1000.0,
            "$: expected 1152921504606846976, found 1.152921504606848e+18",
        ),
        (obj(a=obj(b=Exactly(1))), {"a": {"b": 2}}, "$.a.b: expected 1, found 2"),
        (obj(a=obj(b=Exactly(1))), {"a": [1]}, "$.a: expected {b: 1}, found [1]"),
        (obj(a=Exactly(1)), {}, "$.a: is missing, expected 1"),
        (obj(a=Exactly(1)), {"a": 1, "b c": 2}, '$["b c"]: wasn\'t expected'),
        (Listed((Exactly(1), Exactly(2))), [1], "$[1]: is missing, expected 2"),
        (Listed((Exactly(1), Exactly(2))), [2], "$[0]: is missing, expected 1"),
        (Listed((Exactly(1), Exactly(3))), [1, 2, 3], "$[1]: wasn't expected"),
        (Listed((Exactly(1), Exactly(3))), [1, 2], "$[1]: expected 3, found 2"),
        (Each(Free("int")), [1, 2, "3"], '$[2]: expected a whole number (<int>), found "3"'),
        (Each(Free("int")), {}, "$: expected {each: <int>}, found {}"),
        (Regex("a+"), "aab", '$: expected a text that matches "a+", found "aab"'),
        (Regex("a+"), 7, '$: expected a text that matches "a+", found 7'),
        (Regex("."), "\ud800", '$: expected a text that matches ".", found "\\ud800"'),
        (Octets(b"\1\0\3", b"\xff\0\xff"), b"\1\2\4", "$: expected 03 as octet 2, found 04"),
        (
            Octets(b"\1\0", b"\xff\0"),
            b"\1",
            '$: expected 2 octets, {hex: "01 ??"}, found 1, {hex: "01"}',
        ),
        (Known("gone"), 1, "$: nothing has been captured as <gone> yet"),
        (Known("id"), "b", '$: expected "a", the value of <id>, found "b"'),
        (Free("text", "id"), "b", '$: expected "a", the value of <id>, found "b"'),
    ],
)
def test_where_and_how_a_value_differs(shape: Shape, value: Value, said: str) -> None:
    assert apart(shape, value, id="a") == said


def test_numbers_are_equal_by_value() -> None:
    assert bound(Exactly(1), 1.0) == {}
    assert bound(Exactly(2**80), float(2**80)) == {}
    assert "found" in apart(Exactly(2**53 + 1), float(2**53))
    assert bound(Exactly(float("nan")), float("nan")) == {}


def test_the_order_of_keys_and_further_keys_can_be_free() -> None:
    assert bound(obj(a=Exactly(1), b=Exactly(2)), {"b": 2, "a": 1}) == {}
    assert bound(obj(True, a=Exactly(1)), {"b": 2, "a": 1}) == {}


def test_a_name_stands_for_one_value() -> None:
    shape = Listed((Free("text", "id"), Known("id"), Free("any", "id")))
    assert bound(shape, ["a", "a", "a"]) == {"id": "a"}
    assert apart(shape, ["a", "b", "a"]) == '$[1]: expected "a", the value of <id>, found "b"'
    assert apart(shape, ["a", "a", 1]) == '$[2]: expected "a", the value of <id>, found 1'
    assert apart(obj(a=Known("id")), {"a": {"x": [1]}}, id={"x": [True]}).startswith(
        "$.a: expected {x: [true]}"
    )


def test_a_name_may_be_used_before_it_is_given() -> None:
    shape = obj(re=Known("id"), id=Free("uuid", "id"))
    assert bound(shape, {"re": UUID, "id": UUID}) == {"id": UUID}
    assert "the value of <id>" in apart(shape, {"re": "x", "id": UUID})


def test_all_differences() -> None:
    shape = obj(a=Exactly(1), b=Listed((Exactly(1), Exactly(2))), c=Exactly(3))
    found = [each.path for each in differences(shape, {"a": 2, "b": [2, 1], "d": 0}, {})]
    assert found == ["$.a", "$.b[0]", "$.b[1]", "$.c", "$.d"]


def test_the_closest_alternative() -> None:
    shapes = [
        obj(type=Exactly("presence"), user=Exactly("ann"), id=Free("uuid")),
        obj(type=Exactly("motd"), text=Exactly("hello"), id=Free("uuid")),
    ]
    assert closest(shapes, {"id": UUID, "type": "motd", "text": "bye"}, {}) == 1
    assert closest(shapes, {"id": UUID, "type": "presence", "user": "bob"}, {}) == 0


# Lists in any order.


def test_any_order() -> None:
    shape = Unordered((Exactly("a"), Free("int"), Free("any"), obj(True, x=Exactly(1))))
    assert bound(shape, [{"x": 1}, 7, "b", "a"]) == {}
    assert bound(shape, [{"x": 1}, "a", {"x": 1, "y": 1}, 7]) == {}


@pytest.mark.parametrize(
    ("shapes", "value", "said"),
    [
        ([Exactly("a"), Exactly("b")], ["b", "c"], '$[1]: expected "a", found "c"'),
        ([Exactly("a"), Exactly("b")], ["b"], '$: has no item "a"'),
        ([Exactly("a"), Exactly("b")], ["b", "x", "a"], "$[1]: wasn't expected"),
        ([Exactly(1), Exactly(1)], [1, True], "$[1]: expected 1, found true"),
        (
            [Free("int"), Free("int"), Free("text")],
            ["a", "b", 1],
            '$[1]: expected a whole number (<int>), found "b"',
        ),
        (
            [obj(n=Exactly("a"), id=Free("uuid")), obj(n=Exactly("b"), id=Free("uuid"))],
            [{"n": "b", "id": 7}, {"n": "a", "id": 8}],
            "$[1].id: expected a UUID (<uuid>), found 8",
        ),
        ([Exactly("a")], {"a": 1}, '$: expected {unordered: ["a"]}, found {a: 1}'),
    ],
)
def test_how_a_list_in_any_order_differs(shapes: list[Shape], value: Value, said: str) -> None:
    assert apart(Unordered(tuple(shapes)), value) == said


def test_an_assignment_is_found_even_if_others_have_to_move() -> None:
    shapes = (Free("any"), Free("text"), Free("hex"), Regex("a.*"))
    fitting: list[Value] = [["ab", "b!", "cc", 7], ["cc", 7, "b!", "a"], ["a!", "x", "0", None]]
    for value in fitting:
        assert bound(Unordered(shapes), value) == {}
    assert "found" in apart(Unordered(shapes), ["b!", "c!", "cc", 7])


def test_names_in_lists_of_any_order() -> None:
    shape = obj(
        all=Unordered((obj(id=Free("int", "a"), n=Exactly(1)), obj(id=Free("int", "b"), n=Free("int")))),
        last=Known("b"),
    )
    assert bound(shape, {"all": [{"id": 5, "n": 1}, {"id": 6, "n": 1}], "last": 5}) == {"a": 6, "b": 5}
    assert bound(shape, {"all": [{"id": 5, "n": 1}, {"id": 6, "n": 1}], "last": 6}) == {"a": 5, "b": 6}
    assert "the value of <b>" in apart(shape, {"all": [{"id": 5, "n": 1}, {"id": 6, "n": 1}], "last": 7})


def test_names_in_two_lists_are_settled_together() -> None:
    pair = Unordered((Free("int", "a"), Free("int", "b")))
    shape = Listed((pair, Listed((Known("a"), Known("b"))), Unordered((pair, Listed((Known("b"),))))))
    assert bound(shape, [[1, 2], [2, 1], [[1], [2, 1]]]) == {"a": 2, "b": 1}
    assert isinstance(match(shape, [[1, 2], [2, 1], [[2], [2, 1]]], {}), Mismatch)


def test_many_interchangeable_items_with_names() -> None:
    shapes = tuple(obj(id=Free("int", f"n{number}")) for number in range(100))
    value: Value = [{"id": number} for number in range(100)]
    assert sorted(bound(Unordered(shapes), value).values(), key=str) == sorted(range(100), key=str)
    known = tuple(obj(id=Known(f"n{number}")) for number in range(50))
    names: dict[str, Value] = {f"n{number}": number for number in range(50)}
    assert len(match(Unordered(shapes[50:] + known), value, names)) == 50  # type: ignore[arg-type]


def test_names_from_a_later_list_are_used_first() -> None:
    names = [f"n{number}" for number in range(12)]
    shape = Listed(
        (Unordered(tuple(Free("int", name) for name in names)), Unordered((Listed((Known(names[-1]),)),)))
    )
    assert bound(shape, [list(range(12)), [[0]]])["n11"] == 0
    assert "the value of <n11>" in apart(shape, [list(range(12)), [[99]]])


def test_too_many_ways_are_said_to_be_too_many() -> None:
    shape = Unordered(tuple(Free("int", f"n{number}") for number in range(500)))
    said = "$: its lists in any order would take more than 200,000 comparisons"
    assert apart(shape, list(range(500))) == said


# Properties.

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.binary(max_size=3)
)
values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=15,
)


@given(values, st.randoms())
def test_the_shape_of_a_value_is_that_value(value: Value, chance: Random) -> None:
    shape = exactly(value)
    assert bound(shape, value) == {}
    assert fill(shape, {}, Maker(chance, 0)) == (value, {})


@given(values, st.data())
def test_a_change_is_found_and_its_path_is_named(value: Value, data: st.DataObject) -> None:
    steps = data.draw(st.sampled_from(sorted(places(value), key=repr)))
    changed = put(value, steps, NEW)
    found = match(exactly(value), changed, {})
    assert isinstance(found, Mismatch)
    assert found.at == steps
    assert list(differences(exactly(value), changed, {})) == [found]


@given(st.lists(values, max_size=6), st.randoms())
def test_any_order_takes_every_order_and_no_other_item(items: list[Value], chance: Random) -> None:
    shape = Unordered(tuple(Free("any") if chance.random() < 0.2 else exactly(item) for item in items))
    mixed = list(items)
    chance.shuffle(mixed)
    assert bound(shape, mixed) == {}
    assert isinstance(match(shape, [*mixed, None], {}), Mismatch)
    if mixed:
        assert isinstance(match(shape, mixed[1:], {}), Mismatch)


NEW = "none of the values"


def places(value: Value, *above: Any) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = [above]
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for step, each in inner:
            found += places(each, *above, step)
    return found


def put(value: Any, steps: tuple[Any, ...], new: Value) -> Any:
    if not steps:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[steps[0]] = put(copy[steps[0]], steps[1:], new)
    return copy


# Lists in any order, compared with all ways to pair the items.

items: st.SearchStrategy[Shape] = st.sampled_from(
    [
        *(Exactly(1), Exactly("a"), Free("int"), Free("text"), Free("any"), Known("x"), Known("given")),
        *(Free("int", "x"), Free("any", "y"), Listed((Free("int", "x"),)), Listed((Free("any"),))),
        *(Listed((Free("any", "y"), Free("int"))), Keyed((("k", Free("any", "x")),), others=True)),
    ]
)
observed: st.SearchStrategy[Value] = st.sampled_from(
    [1, 2, "a", "b", [1], [2], ["a"], [1, 2], {"k": 1}, {"k": "a"}]
)


def pairings(shapes: list[Shape], values: list[Value]) -> bool:
    """Whether any order of the values fits the shapes, tried one after the other."""
    if len(shapes) != len(values):
        return False
    known: dict[str, Value] = {"given": "b"}
    return any(
        not isinstance(match(Listed(tuple(shapes)), list(order), known), Mismatch)
        for order in permutations(values)
    )


@settings(max_examples=300)
@given(st.lists(items, min_size=1, max_size=5), st.lists(observed, min_size=1, max_size=5))
def test_a_list_in_any_order_fits_if_any_pairing_does(shapes: list[Shape], found: list[Value]) -> None:
    got = match(Unordered(tuple(shapes)), found, {"given": "b"})
    assert isinstance(got, Mismatch) is not pairings(shapes, found)
    assert str(got)


@settings(max_examples=300)
@given(st.lists(items, min_size=2, max_size=4), st.lists(observed, min_size=2, max_size=4), st.data())
def test_so_do_two_lists_that_share_names(
    shapes: list[Shape], found: list[Value], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(1, len(shapes) - 1))
    shape = Listed((Unordered(tuple(shapes[:cut])), Unordered(tuple(shapes[cut:]))))
    value: Value = [found[:cut], found[cut:]]
    known: dict[str, Value] = {"given": "b"}
    expected = any(
        not isinstance(match(Listed(tuple(shapes)), [*one, *other], known), Mismatch)
        for one in permutations(found[:cut])
        for other in permutations(found[cut:])
        if len(found) == len(shapes)
    )
    assert isinstance(match(shape, value, known), Mismatch) is not expected


# What is hostile.


def test_a_value_that_is_nested_too_deep() -> None:
    deep: Value = []
    for _ in range(100_000):
        deep = [deep]
    assert apart(Free("any"), deep) == f"$: is nested deeper than {MAX_DEPTH} levels"
    assert closest([Exactly(1), Free("any")], deep, {}) == 0
    fine: Value = []
    for _ in range(MAX_DEPTH - 1):
        fine = [fine]
    assert bound(exactly(fine), fine) == {}


def test_numbers_of_many_digits_are_shown_short() -> None:
    assert len(apart(Exactly("x"), 10**5000)) < 200
