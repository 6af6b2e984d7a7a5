"""YAML as people write it: on one line what fits there, and quotes only where they are needed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from msgspec import Struct

WIDTH = 108
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_NO_TEXT = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


class Map(Struct, frozen=True):
    """A mapping. It stands on one line if it fits, unless it is open."""

    pairs: tuple[tuple[str, Node], ...]
    open: bool = False


class Items(Struct, frozen=True):
    """A list."""

    items: tuple[Node, ...]
    open: bool = False


Node: TypeAlias = "str | Map | Items"
"""A part of a spec; a text is written as it is."""


def block(node: Node, indent: int) -> Iterator[str]:
    """A node in lines of its own."""
    pad = " " * indent
    match node:
        case Map(pairs=pairs) if pairs:
            for key, value in pairs:
                if (line := _line(value, indent + len(quoted(key)) + 2)) is not None:
                    yield f"{pad}{quoted(key)}: {line}"
                else:
                    yield f"{pad}{quoted(key)}:"
                    yield from block(value, indent + 2)
        case Items(items=items) if items:
            for item in items:
                if (line := _line(item, indent + 2, inner=True)) is not None:
                    yield f"{pad}- {line}"
                else:
                    first, *rest = block(item, indent + 2)
                    yield f"{pad}- {first.lstrip()}"
                    yield from rest
        case _:
            yield pad + flow(node)


def _line(node: Node, indent: int, inner: bool = False) -> str | None:
    """A node on one line, or None if it doesn't fit. `inner`: a mapping of one key has no braces."""
    if isinstance(node, str):
        return node
    if _is_open(node):
        return None
    said = flow(node, bare=inner)
    return said if indent + len(said) <= WIDTH else None


def _is_open(node: Node) -> bool:
    if isinstance(node, str):
        return False
    inner: Iterable[Node] = node.items if isinstance(node, Items) else (value for _, value in node.pairs)
    return node.open or any(map(_is_open, inner))


def flow(node: Node, bare: bool = False) -> str:
    match node:
        case Map(pairs=pairs):
            inside = ", ".join(f"{quoted(key)}: {flow(value)}" for key, value in pairs)
            return inside if bare and len(pairs) == 1 else "{" + inside + "}"
        case Items(items=items):
            return "[" + ", ".join(flow(item, bare=True) for item in items) + "]"
    return node


def quoted(text: str) -> str:
    """A text as YAML, in quotes where it needs them."""
    if _PLAIN.fullmatch(text) and text.lower() not in _NO_TEXT:
        return text
    return '"' + "".join(map(_character, text)) + '"'


def _character(one: str) -> str:
    if one in '"\\':
        return "\\" + one
    if one.isprintable():
        return one
    code = ord(one)
    wide = f"\\u{code:04x}" if code < 2**16 else f"\\U{code:08x}"
    return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(one) or (f"\\x{code:02x}" if code < 256 else wide)
