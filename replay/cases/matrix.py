"""Axes of labelled rows -> cases. Works on nodes, so that a substituted value keeps the place of its row.

The columns of one axis belong together, axes multiply, and labels become parts of the id.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from replay import limits
from replay.source import SourceError, nearest
from replay.typed import nodes
from replay.typed.nodes import Node
from replay.typed.readers import Files, expected
from replay.typed.schema import Schema

MAX_CASES = limits.MATRIX.default
"""The most cases that one matrix may yield."""

NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_REFERENCE = re.compile(rf"\$(\$|{NAME})")


class Axis(Struct, frozen=True):
    name: nodes.Scalar
    rows: tuple[tuple[nodes.Scalar, nodes.Mapping], ...]  # pairs of label and columns

    def scopes(self) -> Iterator[dict[str, Node]]:
        """For each row, the values of `$name`."""
        for label, row in self.rows:
            yield {self.name.text: label, **{column.text: value for column, value in row.pairs}}


class Axes(Struct, frozen=True):
    """The reader of `matrix`: axis -> label -> column -> value."""

    wants: str = "a mapping of axes, each a mapping of labelled rows"

    def read(self, node: Node, files: Files) -> tuple[Axis, ...]:
        """The axes. Raises SourceError for duplicate names, for rows with different columns, and for too
        many rows."""
        axes = tuple(Axis(name, _rows(name, rows)) for name, rows in _pairs(node, self.wants))
        taken: dict[str, nodes.Scalar] = {}
        for axis in axes:
            for name in (axis.name, *(column for column, _ in axis.rows[0][1].pairs)):
                _check_name(name, taken)
        if (count := math.prod(len(axis.rows) for axis in axes)) > MAX_CASES:
            raise SourceError(
                axes[0].name.span, f"the matrix yields {count} cases; at most {MAX_CASES} are allowed"
            )
        return axes

    def schema(self) -> Schema:
        row = {"type": "object", "propertyNames": {"pattern": f"^{NAME}$"}}
        rows = {"type": "object", "minProperties": 1, "additionalProperties": row}
        return rows | {"propertyNames": row["propertyNames"], "additionalProperties": rows}


def _pairs(node: Node, wants: str) -> Sequence[tuple[nodes.Scalar, Node]]:
    if not isinstance(node, nodes.Mapping) or not node.pairs:
        raise expected(wants, node)
    return node.pairs


def _rows(name: nodes.Scalar, node: Node) -> tuple[tuple[nodes.Scalar, nodes.Mapping], ...]:
    rows = []
    columns: list[str] | None = None
    for label, row in _pairs(node, f"the rows of axis {name.text!r}, a mapping of labels"):
        if not isinstance(row, nodes.Mapping):
            raise expected("a row, a mapping of columns ({} for none)", row)
        found = {key.text: key.span for key, _ in row.pairs}
        columns = list(found) if columns is None else columns
        for column in sorted(found.keys() - set(columns)):
            hint = nearest(column, columns)
            raise SourceError(found[column], f"the first row of this axis has no column {column!r}", hint)
        for column in columns:
            if column not in found:
                raise SourceError(
                    label.span, f"the column {column!r} is missing from the row {label.text!r}"
                )
        rows.append((label, nodes.Mapping(tuple((k, substitute(v, {})) for k, v in row.pairs), row.span)))
    return tuple(rows)


def _check_name(name: nodes.Scalar, taken: dict[str, nodes.Scalar]) -> None:
    if not re.fullmatch(NAME, name.text):
        raise SourceError(
            name.span, f"{name.text!r} can't be used as a name after '$'", "use letters, digits and '_'"
        )
    if name.text in taken:
        line = taken[name.text].span.line
        raise SourceError(
            name.span, f"duplicate name {name.text!r} in the matrix; the first one is in line {line}"
        )
    taken[name.text] = name


def expand(case: nodes.Mapping, axes: Sequence[Axis]) -> Iterator[Node]:
    """The cases that a template yields, without its matrix; with no axes, one case."""
    template = nodes.Mapping(tuple(pair for pair in case.pairs if pair[0].text != "matrix"), case.span)
    for scopes in itertools.product(*(axis.scopes() for axis in axes)):
        yield substitute(template, {name: value for scope in scopes for name, value in scope.items()})


def substitute(node: Node, scope: Mapping[str, Node]) -> Node:
    """The node with each `$name` in its values replaced, and each `$$` by a dollar sign; keys are literal.

    A value that consists of a name only becomes the row's value, which may be a list or a mapping. Raises
    SourceError for an unknown name, and for a name inside a text whose value isn't a single value.
    """
    match node:
        case nodes.Scalar():
            return _scalar(node, scope) if "$" in node.text else node
        case nodes.Sequence():
            return nodes.Sequence(tuple(substitute(item, scope) for item in node.items), node.span)
        case nodes.Mapping():
            return nodes.Mapping(
                tuple((key, substitute(value, scope)) for key, value in node.pairs), node.span
            )


def _scalar(node: nodes.Scalar, scope: Mapping[str, Node]) -> Node:
    whole = _REFERENCE.fullmatch(node.text)
    if whole is not None and whole[1] != "$":
        return _named(node, whole, scope)

    def text(match: re.Match[str]) -> str:
        if match[1] == "$":
            return "$"
        value = _named(node, match, scope)
        if not isinstance(value, nodes.Scalar):
            raise SourceError(
                node.part(*match.span()),
                f"'${match[1]}' is {nodes.SHAPES[type(value)]}, which can't be part of a text",
            )
        return value.text

    return nodes.Scalar(_REFERENCE.sub(text, node.text), node.span, node.plain)


def _named(node: nodes.Scalar, match: re.Match[str], scope: Mapping[str, Node]) -> Node:
    if match[1] in scope:
        return scope[match[1]]
    hint = (
        nearest(match[1], scope)
        or "a name is an axis or a column of the matrix; write '$$' for a dollar sign"
    )
    raise SourceError(node.part(*match.span()), f"unknown name '${match[1]}'", hint)
