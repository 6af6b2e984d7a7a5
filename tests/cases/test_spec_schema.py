"""The schema says the same as the loader, as far as a schema can: of what YAML makes of a text."""

import copy
import itertools
import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft202012Validator

from replay.cases.load import load
from replay.cases.spec_schema import schema
from replay.source import Source, SourceError
from replay.suite.files import bundled
from replay.typed.schema import of
from tests import test_docs
from tests.cases import test_load

SCHEMA = schema()
VALIDATOR = Draft202012Validator(SCHEMA)

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # there is a faster one where libyaml is

SPECS = sorted(bundled("specs").rglob("*.yaml"))
BAD = sorted((Path(__file__).parents[1] / "outcome" / "spec_error").glob("*.yaml"))

UNSEEN = {
    "code-points-beyond": "a comparison",
    "code-points-descend": "a comparison",
    "await-without-end": "two places",
    "chop-and-cut": "two keys",
    "drop-then-send": "two places",
    "joined-to-nothing": "two places",
    "pause-in-one-write": "two keys",
    "data-too-long": "two places",
    "data-without-frame": "two places",
    "dispute-no-such-pause": "two places",
    "duplicate-id": "two places",
    "duplicate-key": "YAML keeps the last; an editor says it by itself",
    "echo-of-nothing": "two places",
    "echo-unfilled": "two places",
    "echo-unfinished": "two places",
    "empty-payload-repeated": "two keys",
    "frame-inside-a-frame": "two places",
    "length-does-not-fit": "two keys",
    "matrix-bad-value": "two places",
    "matrix-column-twice": "two places",
    "matrix-equal-ids": "two places",
    "matrix-ragged": "two places",
    "matrix-too-many": "a product",
    "matrix-unknown-name": "two places",
    "name-in-a-repeat": "two places",
    "next-outside-a-repeat": "two places",
    "next-too-many": "two keys",
    "no-named-echo": "two places",
    "no-such-echo": "two places",
    "no-such-pause": "two places",
    "not-a-flag": "YAML 1.1 makes a boolean of it; in an editor, YAML 1.2, it's a text and refused",
    "null-payload": "nothing, and the text `null`, are one value of YAML",
    "second-pause-of-a-tag": "two places",
    "second-step-of-a-name": "two places",
    "slice-not-utf8": "two keys",
    "slice-too-long": "two keys",
    "too-large": "a number in a text",
    "trace-missing": "a file",
}
"""Bad specs that no schema refuses, and why."""

NO_VALUE = {
    "alias-of-itself",
    "syntax",
    "tab",
    "tag",
    "tag-of-a-text",
    "two-documents",
    "unknown-alias",
    "yaml-begins-with-at",
    "yaml-begins-with-star",
    "yaml-bracket-too-many",
    "yaml-colon-in-a-value",
    "yaml-escape",
    "yaml-indented-too-deep",
    "yaml-key-without-colon",
    "yaml-list-among-keys",
    "yaml-list-on-the-line",
    "yaml-out-of-line",
    "yaml-quote-never-closed",
    "yaml-quote-not-closed",
    "yaml-quotes-in-quotes",
    "yaml-text-behind-block",
}
"""Bad specs of which YAML makes no value that could be checked."""


def seen(value: Any) -> Any:
    """What YAML has read, as JSON: keys are texts, and so is what JSON has no type for."""
    match value:
        case dict():
            return {str(key): seen(inner) for key, inner in value.items()}
        case list():
            return [seen(inner) for inner in value]
        case date():
            return str(value)
    return value


def errors(text: str) -> list[str]:
    found = VALIDATOR.iter_errors(seen(yaml.load(text, LOADER)))
    return [f"{error.json_path}: {error.message}" for error in found]


def loads(text: str) -> bool:
    try:
        load(
            Source("s.yaml", text),
            octets=lambda name, span: b"x",
            read=lambda name, span: test_load.recorded(),
        )
    except SourceError:
        return False
    return True


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    Draft7Validator.check_schema(SCHEMA)  # of older editors; what it uses means the same there
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


def test_no_pattern_is_pythons_own() -> None:
    text = json.dumps(SCHEMA)
    assert not [word for word in ("(?P", "(?s", "(?i", "\\\\Z", "\\\\A", "(?<") if word in text]


def test_every_key_says_what_it_is() -> None:
    tables = [node for node in nodes(SCHEMA) if node.get("additionalProperties") is False]
    assert tables
    assert [
        key for node in tables for key, row in node["properties"].items() if not row["description"]
    ] == []


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """The mappings inside a value."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(inner)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_bundled_specs_are_accepted(path: Path) -> None:
    assert errors(path.read_text("utf-8")) == []


EXAMPLES = [block for block in test_docs.BLOCKS if block.kind == "yaml"]


@pytest.mark.parametrize("block", EXAMPLES, ids=str)
def test_examples_of_the_docs_are_accepted(block: test_docs.Block) -> None:
    assert errors(test_docs._spec(block)) == []


def words(test: Any) -> list[str]:
    return [word for mark in test.pytestmark for word, _ in mark.args[1]]


@pytest.mark.parametrize(
    "text",
    [
        *(test_load.spec(f"\n      - {word}").text for word in words(test_load.test_steps)),
        *(test_load.spec(more=f"close: {word}").text for word in words(test_load.test_closing)),
        *(test_load.spec(more=f"patience: {word}").text for word in words(test_load.test_patience)),
        test_load.spec("{trace: a/b.wirelog}", "[{ok: [echo, still-open: A]}]").text,
        test_load.spec("[binary: {file: x.bin, size: 5}]").text,
        test_load.spec("[text: &p {utf8: a, size: 3}, binary: *p]").text,
    ],
)
def test_examples_of_the_loaders_tests_are_accepted(text: str) -> None:
    assert loads(text)
    assert errors(text) == []


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad_specs_are_refused_where_a_schema_can(path: Path) -> None:
    if path.stem in NO_VALUE:
        with pytest.raises((yaml.YAMLError, RecursionError)):
            errors(path.read_text("utf-8"))
    else:
        assert bool(errors(path.read_text("utf-8"))) == (path.stem not in UNSEEN)


def test_each_reason_has_its_spec() -> None:
    assert UNSEEN.keys() | NO_VALUE <= {path.stem for path in BAD}


FULL = """
section: "1"
title: A
rule: rsv-zero
patience: 3 s
close: {by: tester, code: 1000, clean: required, wrong-code: fails, decisive: true}
compare: length
masks: one
together: all
disputed: {why: Because., close: {code: 1002}}
cases:
  - id: a
    send:
      - text: Hello
      - frame: {opcode: 3, hex: fe, size: 2, fin: true, rsv: 4, mask: "01020304", chop: 1}
      - text: {utf8: a, length: 9, form: 8}
      - message: {utf8: a, size: 4, kind: binary, fragment: 2, name: m}
      - repeat: {times: 2, send: [text: {utf8: abcd, next: 2}, message: {hex: fe}]}
      - open-frame: {opcode: 1, length: 5, fin: true, rsv: 0, mask: "01020304"}
      - data: Hel
      - data: {utf8: lo}
      - pause: {after: 1 s, tag: A, exact: true}
      - close: {code: 1000, reason: bye}
    expect:
      - ok: [text: Hello, pong: {utf8: a, size: 3, optional: true}, still-open: A]
      - non-strict: [echo: m]
      - informational: any
    patience: {after: 1 s, then: close}
    close: {codes: [1000, 1001]}
  - id: b-$n
    title: $about
    rule: $rule
    matrix: {n: {1: {about: the first, rule: rsv-zero, sent: [], size: 5}}}
    send: [binary: {hex: fe, size: $size}]
    expect: [ok: [echo]]
    patience: {stalled: 2 s, then: fail}
    close: {codes: any}
    compare: exact
    masks: fresh
    disputed: {why: Because., expect: [ok: []]}
"""


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each value inside a value; not into a matrix, which may hold anything."""
    yield at
    if at[-1:] == ("matrix",):
        return
    inner = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, each in inner:
        yield from places(each, (*at, key))


def changed(at: tuple[Any, ...], change: Callable[[Any, Any], None]) -> str:
    """FULL as JSON, with `change` done to the mapping or list that holds the value there."""
    whole = seen(yaml.safe_load(FULL))
    holder = whole
    for key in at[:-1]:
        holder = holder[key]
    change(holder, at[-1])
    return json.dumps(whole)


PLACES = [at for at in places(seen(yaml.safe_load(FULL))) if at]

SHAPES: list[Any] = [
    "zzz",
    "none",
    "$n",
    "",
    0,
    7,
    -1,
    1000,
    99999,
    1.5,
    True,
    None,
    [],
    ["echo"],
    {},
    {"a": 1},
]


NAMING = ("matrix", "tag", "name")
"""Keys without which a name that stands elsewhere is unknown: only the loader sees that."""


def remove(holder: Any, key: Any) -> None:
    del holder[key]


def test_what_the_loader_refuses_by_key_the_schema_refuses() -> None:
    """JSON is YAML too, and says the same in both versions."""
    assert loads(FULL)
    assert errors(FULL) == []
    whole = seen(yaml.safe_load(FULL))
    for at in places(whole):
        more = copy.deepcopy(whole)
        holder = more
        for key in at:
            holder = holder[key]
        if isinstance(holder, dict) and at[-1:] != ("matrix",):
            holder["zzz"] = "1"
            assert errors(json.dumps(more)), at
    for at in PLACES:
        text = changed(at, remove)
        if isinstance(at[-1], str) and at[-1] not in NAMING:
            assert bool(errors(text)) == (not loads(text)), at


@pytest.mark.live
@pytest.mark.parametrize("value", SHAPES, ids=repr)
def test_the_schema_accepts_each_shape_that_the_loader_accepts(value: Any) -> None:
    def put(holder: Any, key: Any) -> None:
        holder[key] = value

    refused = 0
    for at in PLACES:
        text = changed(at, put)
        if loads(text):
            assert errors(text) == [], at
        else:
            refused += bool(errors(text))
    assert refused > 10


def spec(file: str = "", id: str = "a", send: str = "", expect: str = "", matrix: str = "") -> str:
    axes = f"matrix: {{{matrix}}}, " if matrix else ""
    case = f"{{id: {id}, {axes}send: [{send}], expect: [ok: [{expect}]]}}"
    return f"section: s\ntitle: T\n{file}\ncases: [{case}]"


HOLES = [
    spec().replace("section: s", "section: @"),
    spec().replace("title: T", "title: @"),
    *(spec(file) for file in ("rule: @", "patience: @", "patience: {then: @}", "patience: {stalled: @}")),
    *(spec(file) for file in ("compare: @", "masks: @", "together: @", "disputed: {why: @, close: {}}")),
    *(spec(f"close: {{{row}}}") for row in ("code: @", "codes: [@]", "codes: @", "decisive: @")),
    spec(id="@"),
    spec(id="a-$n", matrix="n: {@: {}}"),
    spec(matrix="@: {x: {}}"),
    spec(matrix="n: {x: {y: @}}", send="text: $y"),
    *(spec(send=f"{word}: @") for word in ("text", "close", "pause")),
    *(spec(send=f"text: {{{key}: @}}") for key in ("utf8", "hex", "file")),
    *(
        spec(send=f"text: {{utf8: a, {key}: @}}")
        for key in ("size", "fin", "rsv", "mask", "chop", "length", "form")
    ),
    *(spec(send=step) for step in ("@", "pause: {tag: @}", "frame: {opcode: @, utf8: a}")),
    *(spec(send=step) for step in ("pause: {after: @, tag: A}", "close: {code: 1000, reason: @}")),
    *(spec(send=f"message: {{utf8: a, {key}: @}}") for key in ("kind", "fragment", "name")),
    *(spec(send=step) for step in ("pause: {exact: @}", "open-frame: {opcode: 1, length: @}")),
    spec(send="repeat: {times: @, send: [text: {utf8: abcdefg, next: 2}]}"),
    spec(send="repeat: {times: 1, send: [text: {utf8: abcdefg, next: @}]}"),
    spec(send="open-frame: {opcode: 1, length: 99}, data: @"),
    *(spec(expect=event) for event in ("@", "text: @", "text: {utf8: a, optional: @}")),
    spec(send="text: {utf8: a, name: A}", expect="echo: @"),
    spec().replace("ok: []", "ok: @"),
]
"""Specs with a hole, @, for one value."""

NASTY = [
    *("no", "yes", "on", "true", "false", "True", "y", "null", "Null", "~", "none", "echo", ""),
    *("0", "00", "01", "010", "08", "0777", "7", "17", "126", "1000", "65536", "18446744073709551615"),
    *(
        "1.10",
        "1e3",
        "1.5e3",
        ".5",
        "1.",
        "0x1f",
        "0b1",
        "0o17",
        "1_000",
        "1:30",
        "+1",
        "-1",
        ".inf",
        ".nan",
    ),
    *("2001-12-14", "fe", "1e5", "12345678", "0102030a", "fe0", "A", "a.b", "a..b", "ok", "rsv-zero"),
    *("5s", "1.5 ms", "64KiB", "2GiB", "$5", "$n", "$$", "$$5", "tester", "fail", "required"),
]
"""Texts that YAML takes for something else, or that a reader takes for something."""


def test_a_value_that_the_loader_takes_is_valid_whatever_yaml_makes_of_it() -> None:
    taken = 0
    for hole, word, quote in itertools.product(HOLES, NASTY, ("", '"')):
        text = hole.replace("@", f"{quote}{word}{quote}")
        if loads(text):
            taken += 1
            assert errors(text) == [], text
    assert taken > 500


@given(
    st.sampled_from(HOLES),
    st.text() | st.from_regex(r"[0-9a-fx.:_ -]{1,12}", fullmatch=True),
    st.booleans(),
)
def test_any_text_that_the_loader_takes_is_valid(hole: str, value: str, plain: bool) -> None:
    text = hole.replace("@", value if plain else json.dumps(value, ensure_ascii=False))
    if loads(text):
        assert errors(text) == []


def test_a_reader_without_a_schema_is_said() -> None:
    class Odd:
        wants = "anything"

        def read(self, node: object, files: object) -> None: ...

    with pytest.raises(TypeError, match="Odd"):
        of(Odd())
