"""Messages as values."""

from __future__ import annotations

import math
from importlib.metadata import EntryPoint, EntryPoints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.source import SourceError
from replay.values import views
from replay.values.equal import same
from replay.values.shape import Value
from replay.values.views import View, view

json_values: st.SearchStrategy[Value] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=15,
)


@given(json_values)
def test_json_is_read_as_it_was_written(value: Value) -> None:
    text, octets = view("json").encode(value)
    assert text
    assert same(view("json").decode(text, octets), value)


@pytest.mark.parametrize(
    ("value", "octets"),
    [
        ({"a": [1, 1.5, True, None], "é": "ü\n"}, '{"a":[1,1.5,true,null],"é":"ü\\n"}'.encode()),
        ("\ud800é", b'"\\ud800\\u00e9"'),
        (10**40, b"1" + b"0" * 40),
    ],
)
def test_json_is_written_short(value: Value, octets: bytes) -> None:
    assert view("json").encode(value) == (True, octets)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not JSON: the text ends too early, at character 1"),
        ("{", "is not JSON: the text ends too early, at character 2"),
        ("hello", "is not JSON: expecting value, at character 1"),
        ("[1] 2", "is not JSON: extra data, at character 5"),
        ("[NaN]", "is not JSON: NaN is not a JSON value, at character 2"),
        ('{"a":1,"a":2}', "is not JSON: duplicate key 'a'"),
        ("[" * 5000 + "]" * 5000, "is "),
        ("[" * 101 + "]" * 101, "is JSON that is nested deeper than 100 levels"),
        ("[1e400]", "is JSON with a number that is too large for a double"),
        ("9" * 2000, "is not JSON: a number of 2,000 digits; at most 1000 are allowed, at character 1"),
    ],
)
def test_what_is_not_json(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"^is ") as error:
        view("json").decode(True, text.encode())
    assert str(error.value).startswith(said)


def test_json_is_a_text_in_utf8() -> None:
    with pytest.raises(ValueError, match=r"^is a binary message, not a text$"):
        view("json").decode(False, b"{}")
    with pytest.raises(ValueError, match=r"^isn't UTF-8$"):
        view("json").decode(True, b'"\xff"')


@pytest.mark.parametrize(
    ("value", "said"), [({"a": [b"x"]}, "binary data"), ([math.nan], "nan"), (math.inf, "inf")]
)
def test_what_json_cannot_express(value: Value, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        view("json").encode(value)


ROT = View("rot13", lambda text, octets: octets.decode("rot13"), lambda value: (True, b""))


def test_a_plug_in_adds_a_view(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [EntryPoint("rot13", f"{__name__}:ROT", views.GROUP), EntryPoint("bad", "os:sep", views.GROUP)]
    points.append(EntryPoint("gone", "no_such_module:VIEW", views.GROUP))
    monkeypatch.setattr(views, "entry_points", lambda group: EntryPoints(points))
    assert "rot13" in views.names()
    with pytest.raises(SourceError) as unknown:
        view("rot14")
    assert unknown.value.hint == "did you mean 'rot13'?"
    with pytest.raises(SourceError, match="'bad' isn't a replay"):
        view("bad")
    with pytest.raises(SourceError, match="'gone' can't be loaded: No module named 'no_such_module'"):
        view("gone")
