"""One table of bounds: each row is used, no bound stands beside it, and the page shows it."""

import ast
from functools import cache
from pathlib import Path

from replay import limits
from replay.config.options import COMMANDS
from replay.limits import Limit
from replay.live import keeper

ROOT = Path(__file__).parents[1]

ROWS = {name: row for name, row in vars(limits).items() if isinstance(row, Limit)}


@cache
def trees() -> dict[str, ast.Module]:
    package = ROOT / "replay"
    return {str(path.relative_to(package)): ast.parse(path.read_text()) for path in package.rglob("*.py")}


def test_each_row_is_in_the_table_once() -> None:
    table = [row for rows in limits.TABLE.values() for row in rows]
    assert sorted(table) == sorted(ROWS.values())
    assert len({row.name for row in table}) == len(table)


def test_rows_are_plain() -> None:
    for row in ROWS.values():
        assert row.default > 0
        assert row.about.endswith(".")
        assert row.option == "-" or row.option.startswith("--") or row.option.endswith(":")


def test_an_option_that_sets_one_is_an_option() -> None:
    known = {name for table in COMMANDS.values() for each in table.values() for name in each.spellings}
    assert {row.option for row in ROWS.values() if row.option.startswith("--")} <= known


def test_the_code_draws_from_each_row() -> None:
    drawn = {
        node.attr
        for tree in trees().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "limits"
    }
    assert ROWS.keys() - drawn == {"STUCK"}
    assert limits.STUCK.default == keeper.GIVE_UP  # a program of its own, which imports nothing


def test_no_bound_stands_beside_the_table() -> None:
    beside = [
        f"{name}: {target.id}"
        for name, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id.lstrip("_").startswith("MAX_")
        if "limits." not in ast.unparse(node.value)
    ]
    assert beside == []


def test_the_page_is_current() -> None:
    """Else: python -m replay.limits > docs/limits.md"""
    assert (ROOT / "docs" / "limits.md").read_text("utf-8") == limits.page()


def test_defaults_as_a_person_writes_them() -> None:
    shown = {
        limits.shown(Limit("", number, unit, "-", "")) for number, unit in ((2**16, "octets"), (20, "s"))
    }
    assert shown == {"64 KiB", "20 s"}
    assert limits.shown(Limit("", 1000, "octets", "-", "")) == "1,000 octets"
