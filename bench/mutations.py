"""The small mistakes that mutants.py makes in a module, each of which is one edit of its text."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from typing import NamedTuple

_OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}


class Mutation(NamedTuple):
    """One edit of a module, which makes a mutant of it."""

    line: int  # where the edited text starts
    reach: tuple[int, int] | None  # the first and last line of its statement; None: it runs at import
    was: str  # the edited lines before and after, as one line
    becomes: str
    source: bytes  # the whole mutant


def mutations(source: bytes) -> Iterator[Mutation]:
    """All mutations of a module, except for annotations, decorators, assertions and docstrings: either mypy
    checks them, or nothing can."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for node, text, reach in _statements(ast.parse(source).body, False):
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + node.end_col_offset
        mutant = source[:start] + text.encode() + source[end:]
        tail = source[end : starts[node.end_lineno]]
        head = source[starts[node.lineno - 1] : start]
        was = source[starts[node.lineno - 1] : starts[node.end_lineno]]
        yield Mutation(node.lineno, reach, _spaced(was), _spaced(head + text.encode() + tail), mutant)


def _spaced(text: bytes) -> str:
    return " ".join(text.decode().split())


_Edit = tuple[ast.stmt | ast.expr | ast.pattern, str, tuple[int, int] | None]


def _statements(body: list[ast.stmt], called: bool) -> Iterator[_Edit]:
    for one in body:
        if isinstance(one, ast.Assert | ast.Import | ast.ImportFrom):
            continue
        blocks = [getattr(one, name, []) for name in ("body", "orelse", "finalbody")]
        blocks += [handler.body for handler in getattr(one, "handlers", [])]
        blocks += [case.body for case in getattr(one, "cases", [])]
        inner = [block for block in blocks if block]
        last = min(block[0].lineno for block in inner) - 1 if inner else one.end_lineno or one.lineno
        if isinstance(one, ast.Match):  # its patterns are on the lines of its cases
            last = one.end_lineno or one.lineno
        reach = (one.lineno, max(one.lineno, last)) if called else None
        if called and (text := _without(one)):
            yield one, text, reach
        for node, text in _edits(one):
            yield node, text, reach
        for block in inner:
            yield from _statements(block, called or isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))


def _without(one: ast.stmt) -> str | None:
    """The text that replaces a statement to leave it out; None: it stays."""
    match one:
        case ast.Return(value=ast.expr() as value) if not _is_false(value):
            return "return None"
        case ast.Expr(value=ast.Constant()):
            return None
        case ast.Expr() | ast.AugAssign() | ast.Raise() | ast.Continue() | ast.Break():
            return "pass"
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            return "pass"
    return None


def _is_false(value: ast.expr) -> bool:
    """Whether it is a false constant, so that returning None would hardly differ."""
    return isinstance(value, ast.Constant) and not value.value


def _edits(node: ast.AST) -> Iterator[tuple[ast.expr | ast.pattern, str]]:
    """The edits of the expressions in a statement, but not of the statements in it."""
    if isinstance(node, ast.If | ast.While | ast.IfExp) and isinstance(
        node.test, ast.Name | ast.Attribute | ast.Call
    ):
        yield node.test, f"(not {ast.unparse(node.test)})"
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "type_comment"):
            continue
        if isinstance(node, ast.ClassDef) and name == "keywords":  # frozen=True, as a decorator has it
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.keyword) and child.arg == "repr":
                continue  # of a dataclass field: no test looks at a repr
            if isinstance(child, ast.match_case):
                yield from _edits(child.pattern)
                yield from _edits(child.guard) if child.guard else ()
            elif isinstance(child, ast.AST) and not isinstance(child, ast.stmt | ast.JoinedStr):
                if isinstance(child, ast.expr | ast.pattern):
                    yield from ((child, text) for text in _other(child))
                yield from _edits(child)


def _other(node: ast.expr | ast.pattern) -> Iterator[str]:
    """The texts that may replace an expression."""
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in _OPERATORS:
            yield _changed(node, ops=[_OPERATORS[type(operator)]()])
        case ast.BoolOp(op=operator):
            yield _changed(node, op=_OPERATORS[type(operator)]())
        case ast.BinOp(op=ast.BitOr(), left=left, right=right) if _is_type(left) or _is_type(right):
            return
        case ast.BinOp(op=operator) if type(operator) in _OPERATORS:
            yield _changed(node, op=_OPERATORS[type(operator)]())
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield f"({ast.unparse(operand)})"
        case ast.Constant(value=bool() as value) | ast.MatchSingleton(value=bool() as value):
            yield str(not value)
        case ast.Constant(value=int() as number):
            yield str(number + 1)


def _is_type(node: ast.expr) -> bool:
    """Whether it looks like a type, so that `A | B` is a union."""
    if isinstance(node, ast.BinOp):
        return _is_type(node.left) or _is_type(node.right)
    name = ast.unparse(node).rpartition(".")[2]
    return (name[:1].isupper() and not name.isupper()) or name in ("int", "str", "bytes", "None", "bool")


def _changed(node: ast.expr, **fields: object) -> str:
    other = copy.copy(node)
    for name, value in fields.items():
        setattr(other, name, value)
    return f"({ast.unparse(other)})"
