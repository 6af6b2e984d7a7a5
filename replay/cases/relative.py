"""The reader of numbers in a spec that may follow from a limit."""

from __future__ import annotations

import re

from msgspec import Struct

from replay.cases.declared import RELATIVE, relative
from replay.source import SourceError
from replay.typed import nodes, schema
from replay.typed.readers import Files, Typed, expected


class OrRelative(Struct, frozen=True):
    """A number, or one that follows from a limit. The latter is only read in a case that names a limit."""

    absolute: Typed[int]

    @property
    def wants(self) -> str:
        return self.absolute.wants

    def read(self, node: nodes.Node, files: Files) -> int:
        if not isinstance(node, nodes.Scalar) or re.fullmatch(RELATIVE, node.text) is None:
            return self.absolute.read(node, files)
        if files.sizes is None:
            said = f"{node.text!r} follows from a limit, but the case names none"
            raise SourceError(node.span, said, "give the case the key 'limit', as in 'limit: message'")
        try:
            value = relative(node.text, files.sizes)
        except ValueError as error:
            raise SourceError(node.span, str(error)) from None
        low, high = self.absolute.bounds or (value, value)
        if not low <= value <= high:
            raise SourceError(node.span, f"{node.text!r} is {value}: {expected(self.wants, node).message}")
        return value

    def schema(self) -> schema.Schema:
        return {
            "anyOf": [
                schema.of(self.absolute),
                {"type": "string", "pattern": f"^(?:{RELATIVE})$"},
                {"$ref": "#/$defs/name"},
            ]
        }
