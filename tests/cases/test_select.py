"""One language of selection: ids, globs, exclusions, -k."""

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.cases.model import Case
from replay.cases.select import is_path, keyword, natural, numbered, select
from replay.source import SourceError

IDS = ["1.1.1", "1.1.2", "1.1.10", "1.2.1", "2.1", "2.10", "2.2", "5.1", "5.10", "13.1.1", "13.1.10"]
ORDER = ["1.1.1", "1.1.2", "1.1.10", "1.2.1", "2.1", "2.2", "2.10", "5.1", "5.10", "13.1.1", "13.1.10"]


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ([], ORDER),
        (["*"], ORDER),
        (["2.1"], ["2.1"]),
        (["1.1"], ["1.1.1", "1.1.2", "1.1.10"]),
        (["1"], ["1.1.1", "1.1.2", "1.1.10", "1.2.1"]),
        (["5.1*"], ["5.1", "5.10"]),
        (["13.*.1"], ["13.1.1"]),
        (["2.?"], ["2.1", "2.2"]),
        (["!1.*", "!13.*"], ["2.1", "2.2", "2.10", "5.1", "5.10"]),
        (["!1.1.10", "1.1.*"], ["1.1.1", "1.1.2"]),
        (["1.1.*", "!1.1.10"], ["1.1.1", "1.1.2"]),
        (["2.2", "1.2.1", "2.2"], ["1.2.1", "2.2"]),
        (["2.1", "!1.*"], ["2.1"]),
        (["2.1", "!2.1"], []),
    ],
)
def test_words(words: list[str], ids: list[str]) -> None:
    assert select(IDS, words) == ids


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("2.11", "did you mean '2.1"),
        ("9.*", "cases, from 1.1.1 to 13.1.10"),
        ("!1.1.11", "did you mean '1.1.1"),
        ("1.3.*", "did you mean '1."),
        ("[12].1", ""),
    ],
)
def test_a_word_that_fits_nothing_is_an_error(word: str, hint: str) -> None:
    with pytest.raises(
        SourceError, match=re.escape(f"no test case matches {word.lstrip('!')!r}")
    ) as caught:
        select(IDS, [word])
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("ids", "word", "hint"),
    [
        (
            ["1.1", "2.1", "4.1", "5.1", "6.1", "8.1", "9.1"],
            "3.*",
            "the suite has sections 1, 2, 4 to 6, 8 and 9",
        ),
        (["7.1"], "x", "the suite has sections 7"),
        (
            ["7.b.1", "7.2", "7.a", "7.3", "7.10", "7.4"],
            "7.x",
            "7 has the sections 7.2 to 7.4, 7.10, 7.a and 7.b",
        ),
        (["1.1.1", "1.1.3", "1.2.1"], "1.1.2*", "1.1 has the cases 1.1.1 and 1.1.3"),
        (["1.1.1", "1.1.3", "1.2.1"], "1.1.3.1", "1.1 has the cases 1.1.1 and 1.1.3"),
        (["1.1.1", "1.2"], "1.9.9", "1 has the sections 1.1 and 1.2"),
        (["1.1.1", "1.2.1", "2.2"], "1.2.7", "1.2 has only 1.2.1"),
    ],
)
def test_the_suite_says_what_it_has_instead(ids: list[str], word: str, hint: str) -> None:
    with pytest.raises(SourceError) as caught:
        select(ids, [word], numbered)
    assert caught.value.hint == hint


def test_cases_are_selected_as_cases() -> None:
    cases = [case("1.1.10", ""), case("1.1.2", "")]
    assert [found.id for found in select(cases, ["1.1.*"])] == ["1.1.2", "1.1.10"]
    with pytest.raises(SourceError, match="no test case matches"):
        select([], ["1.1"])


def test_a_glob_of_many_stars_is_quick() -> None:
    with pytest.raises(SourceError):
        select(["a" * 100], ["*a" * 40 + "*b"])


ids = st.from_regex(r"[0-9]{1,3}(\.[0-9a-b]{1,3}){0,3}", fullmatch=True)


@given(st.sets(ids, min_size=1), st.data())
def test_an_exclusion_takes_what_the_glob_takes(known: set[str], data: st.DataObject) -> None:
    glob = data.draw(st.sampled_from(sorted(known))).split(".")[0] + "*"
    inside, outside = select(known, [glob]), select(known, ["!" + glob])
    assert set(inside) | set(outside) == known
    assert not set(inside) & set(outside)
    assert select(known, ["*", "!" + glob]) == outside == select(known, ["!" + glob, "*"])


@given(st.lists(st.lists(st.integers(0, 10**6), min_size=1, max_size=4)))
def test_numeric_ids_sort_as_tuples(numbers: list[list[int]]) -> None:
    shown = [".".join(map(str, number)) for number in numbers]
    assert sorted(shown, key=natural) == [".".join(map(str, number)) for number in sorted(numbers)]


def case(id: str, title: str) -> Case:
    return Case(id, title, "1", (), ())


CASES = [
    case("1.1.1", "Text message"),
    case("1.2.1", "Binary message, chopped"),
    case("2.1", "Ping, text inside"),
]


@pytest.mark.parametrize(
    ("expression", "ids"),
    [
        ("text", ["1.1.1", "2.1"]),
        ("TEXT and not ping", ["1.1.1"]),
        ("ping or binary", ["1.2.1", "2.1"]),
        ("not (ping or binary)", ["1.1.1"]),
        ("not not ping", ["2.1"]),
        ("binary or text and ping", ["1.2.1", "2.1"]),
        ("1.2", ["1.2.1"]),
        ("'text message'", ["1.1.1"]),
        ('"and"', []),
        ("message,", ["1.2.1"]),
    ],
)
def test_keyword(expression: str, ids: list[str]) -> None:
    assert [found.id for found in keyword(CASES, expression)] == ids


@pytest.mark.parametrize(
    ("expression", "place"),
    [
        ("", "-k:1:1: expected a word here"),
        ("text ping", "-k:1:6: expected 'and' or 'or', found 'ping'"),
        ("text and", "-k:1:9: expected a word here"),
        ("or text", "-k:1:1: expected a word, found 'or'"),
        ("(text", "-k:1:6: expected ')' here"),
        ("text)", "-k:1:5: expected 'and' or 'or', found ')'"),
        ("a or 'text", "-k:1:6: this quote is never closed"),
        ("(" * 1000, "-k:1:52: the brackets are nested"),
    ],
)
def test_a_bad_expression_shows_where(expression: str, place: str) -> None:
    with pytest.raises(SourceError) as caught:
        keyword(CASES, expression)
    assert str(caught.value).startswith(place)


@given(st.text(max_size=40))
def test_any_expression_is_read_or_refused(expression: str) -> None:
    with contextlib.suppress(SourceError):
        assert set(map(id, keyword(CASES, expression))) <= set(map(id, CASES))


def test_paths_are_told_by_their_looks() -> None:
    assert [
        word for word in ("specs/a", "a.yaml", "x.wirelog", "-", ".", "1.1", "1.*", "!9.*") if is_path(word)
    ] == [
        "specs/a",
        "a.yaml",
        "x.wirelog",
        "-",
        ".",
    ]


@pytest.mark.parametrize(
    ("word", "path"),
    [
        ("..", True),
        ("a.yml", True),
        ("a\\b", True),
        ("/", True),
        ("...", False),
        ("yaml", False),
        ("a.txt", False),
    ],
)
def test_what_looks_like_a_path(word: str, path: bool) -> None:
    assert is_path(word) is path


@pytest.mark.parametrize(
    ("ids", "word", "hint"),
    [
        ([], "1", "there are no test cases at all"),
        (["1.1.1", "1.1.10", "1.1.2"], "zzzzzz", "there are 3 test cases, from 1.1.1 to 1.1.10"),
        (["12.1.1", "13.1.1"], "12.1.2", "did you mean '12.1.1'?"),
        (["12.1.1", "12.2.1"], "12.1.*.1", "did you mean '12.1.1'?"),
        (["abc.def.1"], "abd", "did you mean 'abc'?"),
        (["abc.def.1"], "abc.dee", "did you mean 'abc.def'?"),
    ],
)
def test_what_is_near_to_a_word(ids: list[str], word: str, hint: str) -> None:
    with pytest.raises(SourceError) as caught:
        select(ids, [word])
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("ids", "ordered"),
    [
        (["1.10", "1.9", "1.a", "1"], ["1", "1.9", "1.10", "1.a"]),
        (["01", "1", "001"], ["001", "01", "1"]),
        (["b", "a", "10", "9"], ["9", "10", "a", "b"]),
        (["1.1.1", "1.1"], ["1.1", "1.1.1"]),
    ],
)
def test_the_natural_order(ids: list[str], ordered: list[str]) -> None:
    assert sorted(ids, key=natural) == ordered


@pytest.mark.parametrize(
    ("expression", "place"),
    [
        ("a  )", "-k:1:4: expected 'and' or 'or', found ')'"),
        ("a and  ", "-k:1:8: expected a word here"),
        ("a or ' b' 'c'", "-k:1:11: expected 'and' or 'or', found 'c'"),
        ("a or not", "-k:1:9: expected a word here"),
        ("a and and", "-k:1:7: expected a word, found 'and'"),
        ("(a or b", "-k:1:8: expected ')' here"),
        ("(a b)", "-k:1:4: expected ')', found 'b'"),
        ('   "a', "-k:1:4: this quote is never closed"),
        ("(" * 51, "-k:1:52: the brackets are nested deeper than 50 levels here"),
    ],
)
def test_where_an_expression_is_wrong(expression: str, place: str) -> None:
    with pytest.raises(SourceError) as caught:
        keyword(CASES, expression)
    assert str(caught.value).splitlines()[0] == place


@pytest.mark.parametrize(
    ("expression", "ids"),
    [
        ("(" * 50 + "ping" + ")" * 50, ["2.1"]),
        ("(ping) or (binary) or (2.1)", ["1.2.1", "2.1"]),
        ("message and text and 1.1.1", ["1.1.1"]),
        ("text and message and ping", []),
        ("not not not ping", ["1.1.1", "1.2.1"]),
        ("'or' or ping", ["2.1"]),
        ("not 'not'", ["1.1.1", "1.2.1", "2.1"]),
        ("not ping and text", ["1.1.1"]),
        ("  ping  ", ["2.1"]),
        ("'TEXT I'", ["2.1"]),
        ("''", ["1.1.1", "1.2.1", "2.1"]),
    ],
)
def test_what_an_expression_means(expression: str, ids: list[str]) -> None:
    assert [found.id for found in keyword(CASES, expression)] == ids
