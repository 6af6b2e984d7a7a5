"""Values that differ, in the form in which a person reads them."""

from __future__ import annotations

from rich.cells import cell_len

from replay.report import values_diff
from replay.source import Source
from replay.typed import yaml_text
from replay.typed.readers import Files
from replay.values.matching import match
from replay.values.mismatch import Mismatch
from replay.values.reader import EXPECTED
from replay.values.shape import Value

UUID = "9b2c2f70-6f0e-4b8a-9d0b-3f1f6c1f8f55"


def shown(spec: str, value: Value, width: int = 80, **names: Value) -> list[str]:
    shape = EXPECTED.read(yaml_text.parse(Source("spec.yaml", spec)), Files())
    mismatch = match(shape, value, names)
    assert isinstance(mismatch, Mismatch)
    lines = [line.plain.rstrip() for line in values_diff.lines(shape, value, names, mismatch, width)]
    assert all(cell_len(line) <= width for line in lines)
    return lines


def diff(spec: str, value: Value, width: int = 80, **names: Value) -> str:
    """The laid-out value, without its margin."""
    lines = shown(spec, value, width, **names)
    at = lines.index("            - expected   + observed")
    return "\n".join(line[12:] for line in lines[at + 1 :])


def test_all_differences_are_marked_where_they_are() -> None:
    spec = """{type: joined, room: dev, re: <join>, id: <uuid>, at: 7, members: {unordered: [ann, a, b]}}"""
    value: Value = {
        "type": "joined",
        "room": "dv",
        "re": "q",
        "id": 7,
        "members": ["ann", "b", "c", "d"],
        "extra": {"a": {"b": [1, 2]}},
    }
    assert shown(spec, value, join="abc")[0] == '  differs   $.room: expected "dev", found "dv"'
    assert (
        diff(spec, value, join="abc")
        == """\
  {
    type: "joined"
-   room: "dev"
+   room: "dv"
-   re: "abc"  <join>
+   re: "q"
-   id: <uuid>
+   id: 7
    members: [
      "ann"
      "b"
+     "c"
+     "d"
-     "a"
    ]
+   extra: {a: {b: [1, 2]}}
-   at: 7
  }"""
    )


def test_what_is_alike_is_left_out() -> None:
    spec = "{each: {id: <int>, name: <text>}}"
    value: Value = [{"id": number, "name": "n" if number != 500 else None} for number in range(1200)]
    assert (
        diff(spec, value)
        == """\
  [
    … 498 more
    {id: 498, name: "n"}
    {id: 499, name: "n"}
    {
      id: 500
-     name: <text>
+     name: null
    }
    {id: 501, name: "n"}
    {id: 502, name: "n"}
    … 697 more
  ]"""
    )


def test_items_of_a_list_that_are_missing_or_too_much() -> None:
    assert diff("[1, 2, 3]", [1, 3]) == "  [\n    1\n-   2\n    3\n  ]"
    assert diff("[1, 3]", [1, 2, 3]) == "  [\n    1\n+   2\n    3\n  ]"
    assert diff("[1, 2]", [1]) == "  [\n    1\n-   2\n  ]"


def test_a_value_of_another_shape() -> None:
    assert diff("[1, <id>]", 7) == "- [1, <id>]\n+ 7"
    assert diff("<id>", [1], id={"a": 1}) == "- {a: 1}  <id>\n+ [1]"


def test_long_texts_are_shown_where_they_differ() -> None:
    spec = "{text: '" + "x" * 300 + "a" + "y" * 300 + "'}"
    _, first, *_, want, got, _ = shown(spec, {"text": "x" * 300 + "b" + "y" * 300})
    assert first.strip().startswith('"…xxxx')
    assert want.startswith('            -   text: "…xxx')
    at = want.index("xa") + 1
    assert got[at] == "b"


def test_many_differences_are_bounded() -> None:
    lines = shown("{each: <text>}", [*range(10_000)])
    assert len(lines) == 33
    assert lines[-1] == "            … and more"


def test_nothing_moves_the_cursor_and_nothing_is_too_wide() -> None:
    value: Value = {"a\x1b[2J\n": "\x1b[31m\u202e", "漢字" * 50: "漢字" * 50, "b": "\ud800"}
    for width in (20, 40, 100):
        lines = shown(f"{{a: <uuid>, {UUID}: 1}}", value, width)
        assert all(line.isprintable() for line in lines)
