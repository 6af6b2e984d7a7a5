"""Axes multiply, labels are parts of ids, and what is put in keeps its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.cases import matrix as axes
from replay.cases.load import load
from replay.cases.model import Case
from replay.cases.payload import Payload
from replay.cases.step import SendFrame
from replay.source import Source, SourceError


def spec(matrix: str, id: str, send: str, title: str = "T") -> Source:
    head = f'section: "1"\ncases:\n  - id: {id}\n    title: {title}\n    matrix: {matrix}\n'
    return Source("s.yaml", f"{head}    send: {send}\n    expect: [{{ok: []}}]\n")


def frames(case: Case) -> list[SendFrame]:
    return [step for step in case.steps if isinstance(step, SendFrame)]


labels = st.lists(st.from_regex(r"[0-9a-z]{1,4}", fullmatch=True), min_size=1, max_size=6, unique=True)


@given(labels, labels)
def test_axes_multiply_in_order(first: list[str], second: list[str]) -> None:
    a = ", ".join(f'"{label}": {{size: {at}}}' for at, label in enumerate(first))
    b = ", ".join(f'"{label}": {{unit: u{label}}}' for label in second)
    cases = load(spec(f"{{a: {{{a}}}, b: {{{b}}}}}", "x.$a.$b", "[text: {utf8: $unit, size: $size}]"))
    assert [case.id for case in cases] == [f"x.{x}.{y}" for x in first for y in second]
    got = [frames(case)[0].payload for case in cases]
    assert got == [Payload(f"u{y}".encode(), at) for at in range(len(first)) for y in second]


def test_names_in_texts_whole_values_and_dollar_signs() -> None:
    matrix = "{n: {1: {payload: {hex: fe, size: 2}, word: a}, 2: {payload: $$x, word: $$}}}"
    first, second = load(spec(matrix, "1.$n", "[text: $payload, text: '$n$word$$n']", "case $n, $$1"))
    assert [frame.payload for frame in frames(first)] == [Payload(b"\xfe", 2), Payload(b"1a$n")]
    assert [frame.payload for frame in frames(second)] == [Payload(b"$x"), Payload(b"2$$n")]
    assert (first.title, second.title) == ("case 1, $1", "case 2, $1")


@pytest.mark.parametrize(
    ("matrix", "send", "place"),
    [
        ("{n: {1: {size: x}}}", "[text: {utf8: a, size: $size}]", "s.yaml:5:28: expected a size"),
        ("{n: {1: {hex: 0g}}}", "[text: {hex: $hex}]", "s.yaml:5:28: 'g' is not a hex digit"),
        ("{n: {1: {hex: 0g}}}", "[text: {hex: fe$hex}]", "s.yaml:6:24: 'g' is not a hex digit"),
        ("{n: {1: {list: [a]}}}", "[text: a$list]", "s.yaml:6:19: '$list' is a list"),
        ("{n: {1: {a: $n}}}", "[]", "s.yaml:5:25: unknown name '$n'"),
        ("{n: {1: a}}", "[]", "s.yaml:5:21: expected a row"),
        ("{n: {1: {a: 1}, 2: {}}}", "[]", "s.yaml:5:29: the column 'a' is missing from the row '2'"),
        ("{n-m: {1: {}}}", "[]", "s.yaml:5:14: 'n-m' can't be used as a name"),
        ("[a]", "[]", "s.yaml:5:13: expected a mapping of axes"),
    ],
)
def test_errors_stand_in_the_row_or_in_the_template(matrix: str, send: str, place: str) -> None:
    with pytest.raises(SourceError) as caught:
        load(spec(matrix, "1.$n", send))
    assert str(caught.value).startswith(place)


def test_a_dollar_sign_is_itself_where_there_is_no_matrix() -> None:
    query = '{"query":"query Q($id: ID!){user(id:$id)}","$ref":"$$"}'
    text = f"section: app\ncases:\n  - {{id: a, title: $size, send: [text: '{query}'], expect: [ok: []]}}\n"
    (case,) = load(Source("s.yaml", text))
    (frame,) = frames(case)
    assert (case.title, frame.payload) == ("$size", Payload(query.encode()))


def test_a_matrix_yields_so_many_cases_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = "{n: {1: {}, 2: {}}, m: {1: {}, 2: {}, 3: {}}}"
    monkeypatch.setattr(axes, "MAX_CASES", 6)
    assert len(load(spec(matrix, "1.$n.$m", "[]"))) == 6
    monkeypatch.setattr(axes, "MAX_CASES", 5)
    with pytest.raises(SourceError) as caught:
        load(spec(matrix, "1.$n.$m", "[]"))
    assert str(caught.value).startswith("s.yaml:5:14: the matrix yields 6 cases; at most 5 are allowed")


@pytest.mark.parametrize(
    ("matrix", "send", "hint", "shown"),
    [
        ("{n: {1: {size: 1}}}", "[text: {utf8: a, size: $sise}]", "did you mean 'size'?", "$sise"),
        (
            "{n: {1: {size: 1}}}",
            "[text: a$qqqqqqqq]",
            "a name is an axis or a column of the matrix; write '$$' for a dollar sign",
            "$qqqqqqqq",
        ),
        ("{n: {1: {size: 1}, 2: {sise: 1}}}", "[]", "did you mean 'size'?", "sise"),
        ("{n: {1: {'a b': 1}}}", "[]", "use letters, digits and '_'", "'a b'"),
        ("{1n: {1: {}}}", "[]", "use letters, digits and '_'", "1n"),
        ("{n: {1: {}}, n2: {1: {n: 1}}}", "[]", None, "n"),
    ],
)
def test_what_a_name_of_the_matrix_may_be(matrix: str, send: str, hint: str | None, shown: str) -> None:
    source = spec(matrix, "1.$n", send)
    with pytest.raises(SourceError) as caught:
        load(source)
    span = caught.value.span
    assert span is not None
    assert (caught.value.hint, source.text[span.start : span.end]) == (hint, shown)
