"""JSON Schema (draft 2020-12) of what the readers read, so that editors can complete and check it.

The schema describes what YAML makes of a text before replay reads it: there the close code 1000 is a
number, so is the id 1.10, and the tag `no` may be a boolean. It accepts whatever the readers accept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import combinations
from typing import Any, Protocol, runtime_checkable

from replay.typed.readers import (
    ANY,
    Either,
    Items,
    Mapped,
    Named,
    OneKey,
    OrNone,
    Reader,
    Record,
    Shaped,
    Table,
    Typed,
    Word,
)

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_PROBES = {
    "number": ("0", "17", "400", "1000", "12345678", "1.5"),
    "boolean": ("true", "no"),
    "null": ("null", "~"),
}
"""Texts that YAML may turn into another type: if a pattern matches one, an editor may see this type."""

_NAME = {"$ref": "#/$defs/name"}

NAMES = {
    "name": {
        "description": "A value from the matrix: $ and the name of an axis or a column.",
        "type": "string",
        "pattern": r"\$",
    }
}
"""Definitions that a schema needs if `of` was called with `names`."""


@runtime_checkable
class Described(Protocol):
    """A reader that provides its own schema."""

    def schema(self) -> Schema: ...


def document(title: str, reader: Reader[Any]) -> Schema:
    """The schema of files that `reader` reads."""
    return {"$schema": DIALECT} | of(reader) | {"title": title}


def of(reader: Reader[Any], names: bool = False) -> Schema:
    """The schema of what `reader` reads; with `names`, the values in it may be '$name'."""
    match reader:
        case Typed():
            return _typed(reader)
        case Word():
            return {"enum": _words(reader.words)}
        case Named():
            return {"type": ["string", *_PROBES], "minLength": 1}
        case Mapped() | Either():
            return of(reader.reader, names)
        case OrNone():
            return _any([of(reader.reader, names), {"enum": ["none", None]}])
        case Shaped():
            return _any(of(each, names) for each in reader.readers.values())
        case Items():
            items = {"type": "array", "items": _value(reader.item, names)}
            return items | ({"minItems": reader.at_least} if reader.at_least else {})
        case Record():
            return _record(reader, names)
        case Table():
            return {
                "type": "object",
                "minProperties": 1,
                "propertyNames": {"pattern": f"^(?:{reader.name.pattern})$"},
                "additionalProperties": _value(reader.value, names),
            }
        case OneKey():
            return _one_key(reader, names)
        case Described():
            return reader.schema()
    raise TypeError(f"{type(reader).__name__} has no schema")


def _value(reader: Reader[Any], names: bool) -> Schema:
    inner = of(reader, names)
    return _any([inner, _NAME]) if names and not isinstance(reader, Described) else inner


def _any(schemas: Iterable[Schema]) -> Schema:
    """A schema that accepts what any of several accepts, without nesting them."""
    flat: list[Schema] = []
    for each in schemas:
        flat += each["anyOf"] if each.keys() == {"anyOf"} else [each]
    return {"anyOf": flat}


def _typed(reader: Typed[Any]) -> Schema:
    looks = reader.looks or reader.pattern
    types = [name for name, texts in _PROBES.items() if any(re.fullmatch(looks, text) for text in texts)]
    found: Schema = {"type": ["string", *types] if types else "string"}
    if reader.bounds is not None:
        found["type"] = ["string", *("integer" if name == "number" else name for name in types)]
        found["minimum"], found["maximum"] = reader.bounds
    if looks != ANY:
        found["pattern"] = f"^(?:{looks})$"
        # not part of the standard: VS Code shows it
        found["patternErrorMessage"] = f"expected {reader.wants}"
    return found


def _words(words: Iterable[str]) -> list[Any]:
    """Words in every type that an editor may see, the likelier type first."""
    values: list[Any] = []
    for word in words:
        if word in ("true", "false"):
            values.append(word == "true")
        elif word.isdecimal():
            values.append(int(word))
        values.append(word)
    return values


def _record(reader: Record[Any], names: bool) -> Schema:
    found: Schema = {
        "title": reader.wants,
        "type": "object",
        "properties": {
            name: {"description": row.about, **_value(row.reader, names)}
            for name, row in reader.rows.items()
        },
        "additionalProperties": False,
    }
    if required := [name for name, row in reader.rows.items() if row.required]:
        found["required"] = required
    if reader.one_of:
        found["oneOf"] = [{"required": [name]} for name in reader.one_of]
    if reader.pairs:
        found["dependentRequired"] = {name: [other] for name, other in reader.pairs.items()}
    if reader.at_least_one:
        found["anyOf"] = [{"required": [name]} for name in reader.at_least_one]
    if pairs := [list(pair) for pair in combinations(reader.exclusive, 2)]:
        found["not"] = {"anyOf": [{"required": pair} for pair in pairs]}
    return found


def _one_key(reader: OneKey[Any], names: bool) -> Schema:
    found: Schema = {
        "title": reader.wants,
        "type": "object",
        "properties": {
            name: {"description": row.wants, **_value(row, names)} for name, row in reader.rows.items()
        },
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
    return _any([found, {"enum": list(reader.alone)}]) if reader.alone else found
