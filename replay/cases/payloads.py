"""How octets are written in a spec: as a text, or as a mapping with utf8, hex or file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from replay.cases.payload import Payload
from replay.cases.relative import OrRelative
from replay.source import SourceError
from replay.typed import nodes
from replay.typed.readers import (
    FoundKeys,
    Key,
    Mapped,
    Named,
    Reader,
    Record,
    Shaped,
    in_quotes,
)
from replay.typed.scalars import (
    CODE_POINTS,
    HEX,
    SIZE,
    UTF8,
)

T = TypeVar("T")


PAYLOAD_ROWS = {
    "utf8": Key(UTF8, "The payload as text."),
    "hex": Key(HEX, "The payload as hex digits, two for each octet; spaces are ignored."),
    "file": Key(
        Named("the name of a file", lambda files: files.octets),
        "The name of a file with the payload, relative to the spec.",
    ),
    "code-points": Key(
        CODE_POINTS,
        "All code points of a range such as 80-7ff, in order and without the surrogates, as text.",
    ),
    "size": Key(OrRelative(SIZE), "The size in octets to which the payload is repeated or cut."),
}
_MEANT = {
    **dict.fromkeys(("text", "string", "value", "data"), "a text is 'utf8: …'"),
    **dict.fromkeys(("base64", "b64", "bytes", "octets"), "octets are 'hex: 00 ff', or 'file: NAME'"),
    **dict.fromkeys(
        ("matches", "match", "regex", "regexp", "pattern", "contains", "startswith", "glob"),
        "payloads are compared as a whole; there are no patterns",
    ),
    **dict.fromkeys(("repeat", "times", "length", "len"), "'size: 64 KiB' repeats a payload to that size"),
}
"""What other tools call the keys of a payload."""

PAYLOAD_ONE_OF = ("utf8", "hex", "file", "code-points")
SIZES = ("size", "next")


def payload_of(found: FoundKeys) -> Payload:
    """The payload that PAYLOAD_ROWS describe."""
    unit = next(found.values[name] for name in PAYLOAD_ONE_OF if name in found.values)
    size, step = found.get("size"), found.get("next")
    if size and not unit:
        raise SourceError(found.at("size"), f"an empty payload can't be repeated to {size} octets")
    if step is not None and not 0 < step <= len(unit):
        raise SourceError(
            found.at("next"), f"expected a slice of 1 to {len(unit)} octets, the size of the payload"
        )
    return Payload(unit, size, step)


def with_payload(
    rows: Mapping[str, Key], build: Callable[[FoundKeys], T], short: Callable[[Payload], T]
) -> Reader[T]:
    """A mapping of `rows`, which include those of a payload, or just the payload as a text."""
    sizes = tuple(name for name in SIZES if name in rows)
    details = Record(
        "a payload", rows, build, one_of=PAYLOAD_ONE_OF, exclusive=sizes, meant=_MEANT, hint=_as_text
    )
    return Shaped(
        'a text ("" for none) or a mapping with utf8, hex or file',
        {nodes.Scalar: Mapped(UTF8, lambda unit: short(Payload(unit))), nodes.Mapping: details},
        hint=_as_text,
    )


def _as_text(node: nodes.Node) -> str | None:
    """How to write JSON as a text."""
    written = in_quotes(node)
    return written and f"put JSON that is sent or expected as a text in single quotes: {written}"


PAYLOAD: Reader[Payload] = with_payload(PAYLOAD_ROWS, payload_of, lambda payload: payload)
