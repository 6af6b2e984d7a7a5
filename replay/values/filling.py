"""The values that are sent, made from what a spec says of them."""

from __future__ import annotations

from replay.values.kinds import KINDS, Maker
from replay.values.shape import Exactly, Fresh, Keyed, Known, Listed, Names, Octets, Shape, Value, parts
from replay.values.written import short


def fill(shape: Shape, names: Names, make: Maker | None) -> tuple[Value, dict[str, Value]]:
    """The value, and the names that were given to fresh parts of it, which may be used anywhere in it.

    Raises ValueError if a name has no value, or if the shape is only good for what is expected.
    """
    bound: dict[str, Value] = {}
    for part in parts(shape):
        if isinstance(part, Fresh) and part.name is not None and part.name not in bound:
            bound[part.name] = _fresh(part, make)
    return _filled(shape, {**names, **bound}, make), bound


def _fresh(shape: Fresh, make: Maker | None) -> Value:
    new = KINDS[shape.kind].make
    if new is None or make is None:
        raise ValueError(f"{short(shape)} can't be made")
    return new(make)


def _filled(shape: Shape, names: Names, make: Maker | None) -> Value:
    match shape:
        case Exactly(value=value):
            return value
        case Keyed(items=items, others=False):
            return {key: _filled(inner, names, make) for key, inner in items}
        case Listed(items=within):
            return [_filled(inner, names, make) for inner in within]
        case Octets(octets=octets):
            return octets
        case Fresh(name=None):
            return _fresh(shape, make)
        case Known(name=str(name)) | Fresh(name=str(name)):
            if name not in names:
                raise ValueError(f"nothing has been captured as <{name}>")
            return names[name]
    raise ValueError(f"{short(shape)} can only be expected, not sent")
