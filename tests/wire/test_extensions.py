"""The grammar of Sec-WebSocket-Extensions: what it says comes back, and what breaks it has its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.wire.extensions import (
    Extension,
    ExtensionsError,
    Parameter,
    head_extensions,
    parse_extensions,
    write_extensions,
)
from replay.wire.handshake import Request, encode_request, parse_head
from replay.wire.side import Side

tokens = st.text("!#$%&'*+-.^_`|~09azAZ", min_size=1, max_size=8)
extensions = st.builds(
    Extension,
    tokens,
    st.lists(st.builds(Parameter, tokens, st.none() | tokens), max_size=4).map(tuple),
)
spaces = st.text(" \t", max_size=2)


@given(st.lists(extensions, min_size=1, max_size=4).map(tuple))
def test_what_is_written_is_read(listed: tuple[Extension, ...]) -> None:
    assert parse_extensions(write_extensions(listed)) == listed


@given(st.lists(extensions, min_size=1, max_size=4).map(tuple), st.data())
def test_it_is_read_in_any_spelling(listed: tuple[Extension, ...], data: st.DataObject) -> None:
    def spaced(*words: str) -> str:
        return "".join(word + data.draw(spaces) for word in words)

    def quoted(value: str) -> str:
        kept = [("\\" if data.draw(st.booleans()) else "") + char for char in value]
        return f'"{"".join(kept)}"' if data.draw(st.booleans()) else value

    text = data.draw(spaces)
    for extension in listed:
        text += spaced(*[","] * data.draw(st.integers(1, 2)), extension.name)
        for name, value in ((p.name, p.value) for p in extension.parameters):
            text += spaced(";", name, *(["=", quoted(value)] if value is not None else []))
    read = parse_extensions(text)
    assert read == listed
    for extension in read:
        assert text.startswith(extension.name, extension.at)
        assert all(text.startswith(parameter.name, parameter.at) for parameter in extension.parameters)


@given(st.text('ab=;,"\\ \t@\u00e9', max_size=12))
def test_any_text_is_read_or_has_a_fault_with_a_place(text: str) -> None:
    try:
        read = parse_extensions(text)
    except ExtensionsError as error:
        found = 0 <= error.at <= len(text)
    else:
        found = parse_extensions(write_extensions(read)) == read
    assert found


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        ("", 0, "it names no extension"),
        (" , ,", 0, "it names no extension"),
        ("a;", 2, "expected the name of a parameter, found the end"),
        ("a; ;b", 3, "expected the name of a parameter, found ';'"),
        ("a, ;b", 3, "expected the name of an extension, found ';'"),
        ("a b", 2, "expected ',' or ';', found 'b'"),
        ("a=b", 1, "expected ',' or ';', found '='"),
        ("a; b=", 5, "expected the value of a parameter, found the end"),
        ("a; b=,c", 5, "expected the value of a parameter, found ','"),
        ("a; b=(c)", 5, "expected the value of a parameter, found '('"),
        ('a; b="c', 5, "a quoted value is not closed"),
        ('a; b="c\\"', 5, "a quoted value is not closed"),
        ('a; b=""', 5, "the quoted value '' is not a token"),
        ('a; b="c d"', 5, "the quoted value 'c d' is not a token"),
        ('a; "b"', 3, "expected the name of a parameter, found '\"'"),
        ("é", 0, "expected the name of an extension, found 'é'"),
    ],
)
def test_each_fault_has_a_place_and_a_sentence(text: str, at: int, said: str) -> None:
    with pytest.raises(ExtensionsError) as raised:
        parse_extensions(text)
    assert (raised.value.at, str(raised.value)) == (at, said)


def test_what_stands_twice_stays_twice() -> None:
    read = parse_extensions("a; b; b=1, a")
    assert read == (Extension("a", (Parameter("b"), Parameter("b", "1"))), Extension("a"))


def head(*values: str) -> Request:
    lines = [("Host", "x"), *(("sec-websocket-extensions", value) for value in values), ("X", "a; b=1")]
    found = parse_head(Side.CLIENT, encode_request("/", lines))
    assert isinstance(found, Request)
    return found


@pytest.mark.parametrize("values", [["a; b=1, cc", "dd; ee; f"], ["a; b=1", "cc", " dd; ee;\tf"]])
def test_the_lines_of_a_head_are_one_list_with_places_in_the_head(values: list[str]) -> None:
    asked = head(*values)
    read = head_extensions(asked)
    assert ", ".join(map(str, read)) == "a; b=1, cc, dd; ee; f"
    for extension in read:
        names = [(extension.name, extension.at), *((one.name, one.at) for one in extension.parameters)]
        for name, at in names:
            assert asked.octets.startswith(name.encode(), at)
            assert asked.octets.count(b"\n", 0, at) >= 2


def test_a_head_without_such_a_line_names_none() -> None:
    assert head_extensions(head()) == ()
    assert head_extensions(head("a")) == (Extension("a"),)


@pytest.mark.parametrize(
    ("values", "wrong"),
    [(["a", "b=c"], b"=c"), (["a (", "b"], b"("), (["a", "b;"], b"\r\nX: "), ([","], b",")],
)
def test_a_fault_of_a_head_has_its_place_in_the_head(values: list[str], wrong: bytes) -> None:
    asked = head(*values)
    with pytest.raises(ExtensionsError) as raised:
        head_extensions(asked)
    assert asked.octets.startswith(wrong, raised.value.at)
