"""Values as a spec writes them."""

from __future__ import annotations

import json
import sys
from random import Random

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from replay.source import Source, SourceError
from replay.typed import yaml_text
from replay.typed.readers import Files
from replay.typed.schema import of
from replay.values.filling import fill
from replay.values.kinds import Maker
from replay.values.matching import match
from replay.values.reader import EXPECTED, SENT, WORDS, not_captured
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
    exactly,
)
from replay.values.written import escaped, short


def read(text: str, sent: bool = False) -> Shape:
    node = yaml_text.parse(Source("spec.yaml", text))
    return (SENT if sent else EXPECTED).read(node, Files())


def refused(text: str, sent: bool = False) -> str:
    with pytest.raises(SourceError) as error:
        read(text, sent)
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("null", None),
        ("no", "no"),
        ("~", "~"),
        ("True", "True"),
        ('"true"', "true"),
        ("'1'", "1"),
        ("|-\n  1", "1"),
        ("1", 1),
        ("-0", 0),
        ("1.50", 1.5),
        ("1e3", 1000.0),
        ("007", "007"),
        ("+1", "+1"),
        (".5", ".5"),
        ("1.", "1."),
        ("0x10", "0x10"),
        ("1:30", "1:30"),
        (".inf", ".inf"),
        ("NaN", "NaN"),
        ("2027-01-31", "2027-01-31"),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("'<<uuid>'", "<uuid>"),
        ("<<uuid>", "<uuid>"),
        ("<<<", "<<"),
        ("'<'", "<"),
        ("<>", "<>"),
        ("a <uuid>", "a <uuid>"),
        ("<b>bold</b>", "<b>bold</b>"),
        ("a < b", "a < b"),
    ],
)
@pytest.mark.parametrize("sent", [False, True])
def test_scalars(text: str, value: Value, sent: bool) -> None:
    assert read(text, sent) == exactly(value)


def test_a_number_keeps_its_type() -> None:
    assert type(fill(read("1.0", sent=True), {}, Maker(Random(1), 0))[0]) is float
    assert type(fill(read("1", sent=True), {}, Maker(Random(1), 0))[0]) is int


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("<uuid>", Free("uuid")),
        ("'<uuid>'", Free("uuid")),
        ("<uuid as id>", Free("uuid", "id")),
        ('"<text  as  ann-token>"', Free("text", "ann-token")),
        ("<id>", Known("id")),
        ("<ann-token>", Known("ann-token")),
        ("[1, <id>]", Listed((Exactly(1), Known("id")))),
        ("{a: <id>, has: 1}", Keyed((("a", Known("id")), ("has", Exactly(1))))),
        ("{}", Keyed(())),
        ("[]", Listed(())),
        ("{has: {a: 1}}", Keyed((("a", Exactly(1)),), True)),
        ("{has: {}}", Keyed((), True)),
        ("{has: {has: {}}}", Keyed((("has", Keyed(())),), True)),
        ("{unordered: [a, <int>]}", Unordered((Exactly("a"), Free("int")))),
        ("{each: {n: <int>}}", Each(Keyed((("n", Free("int")),)))),
        ("{regex: 'a+'}", Regex("a+")),
        ("{regex: 12}", Regex("12")),
        ("{hex: 01 ?? fF 0?}", Octets(b"\x01\0\xff\0", b"\xff\0\xff\xf0")),
        ("{hex: ''}", Octets(b"", b"")),
        ("{exactly: {has: <id>}}", Keyed((("has", Known("id")),))),
        ("{exactly: {exactly: {regex: a}}}", Keyed((("exactly", Regex("a")),))),
        ("{exactly: {has: 1, a: 2}}", Keyed((("has", Exactly(1)), ("a", Exactly(2))))),
        ('{"<uuid>": 1}', Keyed((("<uuid>", Exactly(1)),))),
        ('{"<<": 1}', Keyed((("<<", Exactly(1)),))),
    ],
)
def test_what_is_expected(text: str, shape: Shape) -> None:
    assert read(text) == shape


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("<new uuid>", Fresh("uuid")),
        ("'<new uuid as id>'", Fresh("uuid", "id")),
        ("{a: <id>, b: [<new int>]}", Keyed((("a", Known("id")), ("b", Listed((Fresh("int"),)))))),
        ("{hex: 01ff}", Octets(b"\x01\xff", b"\xff\xff")),
        ("{exactly: {has: 1}}", Keyed((("has", Exactly(1)),))),
        ("{has: 1, b: 2}", Keyed((("has", Exactly(1)), ("b", Exactly(2))))),
    ],
)
def test_what_is_sent(text: str, shape: Shape) -> None:
    assert read(text, sent=True) == shape


@pytest.mark.parametrize(
    ("text", "place", "said", "help"),
    [
        ("{a: <uid as id>}", "1:6", "unknown matcher 'uid'", "did you mean 'uuid'?"),
        ("{a: <zzz as id>}", "1:6", "unknown matcher 'zzz'", "expected one of bool, epoch, int"),
        (
            "'<uuid as text>'",
            "1:11",
            "'text' can't be a name: it has a meaning of its own",
            "choose another",
        ),
        ("<uuid as new>", "1:10", "'new' can't be a name", "choose another"),
        ("<uuid as 1a>", "1:10", "'1a' can't be a name", "a name is a letter, then"),
        ("<new uuid>", "1:1", "<new …> is for what is sent", "<uuid as name> captures what comes"),
        ("<new uuid as id>", "1:1", "<new …> is for what is sent", "<uuid as id> captures what comes"),
        ("</a.*b/>", "1:1", "'</a.*b/>' is neither a matcher nor a name", 'is written {regex: "a.*b"}'),
        ("<br/>", "1:1", "'<br/>' is neither a matcher nor a name", "is written '<<br/>'"),
        ("<a b c>", "1:1", "'<a b c>' is neither", "is written '<<a b c>'"),
        ("<new>", "1:1", "'<new>' is neither", "a new value is <new uuid>"),
        ("{a: }", "1:5", "expected a JSON value, found nothing", "write null, or '' for an empty text"),
        ("{has: [a]}", "1:7", "expected the keys that the object has to have, found a list", ""),
        ("{unordered: a}", "1:13", "expected a list of items, which may come in any order, found 'a'", ""),
        ("{regex: [a]}", "1:9", "expected a regular expression, found a list", ""),
        ("{regex: 'a('}", "1:9", "not a regular expression of RE2: missing )", "neither backreferences"),
        (
            r"{regex: '(a)\1'}",
            "1:9",
            "not a regular expression of RE2: invalid escape",
            "neither backreferences",
        ),
        ("{hex: 01 2x}", "1:11", "'x' is not a hex digit", "?? stands for any octet"),
        ("{hex: 01 2 }", "1:10", "a hex digit is missing", ""),
        ("{hex: [1]}", "1:7", "expected octets in hex, found a list", ""),
        ("{exactly: 1}", "1:11", "expected an object that has only the key of a word, found '1'", ""),
        ("1e999", "1:1", "the number is too large for a double", ""),
        ("9" * 1001, "1:1", "a number can't have more than 1000 digits", ""),
        ("a: &x {b: 1}\nc: {<<: *x}", "2:5", "the merge key of YAML can't be used", "repeat the keys"),
    ],
)
def test_mistakes_in_what_is_expected(text: str, place: str, said: str, help: str) -> None:
    message = refused(text)
    assert message.startswith(f"spec.yaml:{place}: {said}")
    assert help in message.partition("\n  help: ")[2]


@pytest.mark.parametrize(
    ("text", "place", "said", "help"),
    [
        ("{a: <uuid>}", "1:5", "<uuid> is for what is expected, not for what is sent", "write <new uuid>"),
        ("<any>", "1:1", "<any> is for what is expected", "write a value, or <name>"),
        ("<new uid>", "1:6", "unknown matcher 'uid'", "did you mean 'uuid'?"),
        ("<new any>", "1:6", "there is no new value of the kind 'any'", "expected one of epoch, int"),
        ("{has: {a: 1}}", "1:2", "'has' is for what is expected", "written {exactly: {has: …}}"),
        (
            "{unordered: []}",
            "1:2",
            "'unordered' is for what is expected",
            "written {exactly: {unordered: …}}",
        ),
        ("{hex: 01 ??}", "1:10", "what is sent has to be known", ""),
    ],
)
def test_mistakes_in_what_is_sent(text: str, place: str, said: str, help: str) -> None:
    message = refused(text, sent=True)
    assert message.startswith(f"spec.yaml:{place}: {said}")
    assert help in message.partition("\n  help: ")[2]


def test_a_name_that_nothing_has() -> None:
    assert not_captured("uid", None, []).hint == "did you mean 'uuid'?"
    assert not_captured("massage", None, ["message"]).hint == "did you mean 'message'?"
    assert not_captured("br", None, ["message"]).hint == "a text that is '<br>' is written '<<br>'"


def test_a_regular_expression_without_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "re2", None)
    message = refused("{regex: a}")
    assert "a regular expression needs the library google-re2" in message
    assert "help: pip install 'wire-replay[apps]'" in message


def test_a_shape_knows_its_place() -> None:
    shape = read("a:\n  - <uuid as id>\n  - {b: 1}\n")
    assert isinstance(shape, Keyed)
    inner = shape.items[0][1]
    assert isinstance(inner, Listed)
    assert [str(item.span) for item in inner.items] == ["spec.yaml:2:5", "spec.yaml:3:5"]


def test_editors_take_any_value() -> None:
    assert of(EXPECTED).keys() == of(SENT).keys() == {"description"}


def test_every_word_is_read_and_described() -> None:
    for name, word in WORDS.items():
        assert word.about.endswith(".")
        assert f"'{name}' is for what" in refused(f"{{{name}: a}}", sent=True) or word.sent


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{type: hello, id: <uuid>}", '{type: "hello", id: <uuid>}'),
        ("{has: {a b: <id>}}", '{has: {"a b": <id>}}'),
        ("{each: {unordered: [1, null, true, 1.5]}}", "{each: {unordered: [1, null, true, 1.5]}}"),
        ("{regex: '\\d+'}", '{regex: "\\\\d+"}'),
        ("{hex: 01??f?}", '{hex: "01 ?? f?"}'),
        ("<<uuid>", '"<<uuid>"'),
        ('"\\u202e\\n"', '"\\u202e\\n"'),
    ],
)
def test_a_shape_on_one_line(text: str, shown: str) -> None:
    assert short(read(text)) == shown


def test_a_long_shape_is_cut() -> None:
    assert short(exactly([*range(10**6)]), 20) == "[0, 1, 2, 3, 4, 5, …"
    assert len(short(exactly({"a" * 10**6: "b" * 10**6}), 80)) == 80


@given(st.text(max_size=6) | st.sampled_from(["<uuid>", "<<", "<", "<<a>", "<a>b", "<new x>"]))
def test_an_escaped_text_is_read_as_it_was(text: str) -> None:
    quoted = json.dumps(escaped(text))
    try:
        expected = yaml.safe_load(quoted)
    except yaml.YAMLError:
        return
    if expected == escaped(text):
        assert read(quoted) == Exactly(text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
        ),
        max_leaves=12,
    )
)
def test_json_is_read_as_it_is(value: Value) -> None:
    shape = read(json.dumps(value))
    assert match(shape, value, {}) == {}
    assert fill(read(json.dumps(value), sent=True), {}, Maker(Random(1), 0)) == (value, {})
