"""What values of several sessions have in common, as a shape: what is equal stays, what differs becomes a
matcher of the narrowest kind, and what was there before becomes a name."""

from __future__ import annotations

import importlib.util
import os.path
import re
from collections.abc import Callable, Sequence, Set

from replay.draft.octets import common
from replay.draft.skeleton import Steps, bones
from replay.values.equal import same
from replay.values.kinds import KINDS, MAKEABLE
from replay.values.shape import (
    Each,
    Free,
    Fresh,
    Keyed,
    Known,
    Listed,
    Regex,
    Shape,
    Unordered,
    Value,
    exactly,
    shape_of,
)

_RESERVED = {"new", "as", *KINDS}

_NARROWEST = ("bool", "epoch", "int", "number", "uuid", "time", "hex", "text", "binary", "any")
NEVER_SAME = ("epoch", "uuid", "time")

_LEVELS = 16
"""How deep a value may be nested in a spec."""

_HEX = 6
"""The fewest digits of a text that is taken for one of hex digits."""

_TELLING = 4
"""The fewest sessions from which the form of a text is guessed."""

_ALPHABETS = (
    "0-9",
    "0-9a-f",
    "0-9A-F",
    "0-9a-z",
    "0-9A-Za-z",
    "0-9A-Za-z_-",
    "0-9A-Za-z+/=",
    "0-9A-Za-z._~+/=-",
)
_SPREAD = {"0-9": 3, "0-9a-z": 3}
"""By how many characters the length of such a text may differ further, as these are often numbers."""


class Variable:
    """A value that differs from session to session."""

    def __init__(self, mark: str, kind: str, hint: str, new: bool, otherwise: Shape | None) -> None:
        self.mark = mark  # its name in shapes until the draft is complete
        self.kind, self.hint = kind, hint
        self.new = new  # the client makes it
        self.otherwise = otherwise  # what is expected of it if nobody asks for its name
        self.used = False


class Shaper:
    """Remembers the values that differ, in the order in which they are said."""

    def __init__(self) -> None:
        self.variables: dict[str, Variable] = {}
        self.unknown: list[tuple[str, Steps]] = []  # what is sent that differed, but can't be made
        self._seen: dict[tuple[str, ...], Variable] = {}

    def expected(self, values: Sequence[Value], about: str) -> Shape:
        """What these values of one message have in common, one for each session."""
        return _common(values, (), lambda given, steps: self._named(given, steps, about, None))

    def sent(self, values: Sequence[Value], about: str, copied: Set[Steps]) -> Shape:
        """The same of a message that is sent: each value is known, or new, or that of the first session.

        What was `copied` from a message of the server is not new.
        """
        return self._sent(values, (), about, copied)

    def _sent(self, values: Sequence[Value], at: Steps, about: str, copied: Set[Steps]) -> Shape:
        first = values[0]
        if all(same(first, each) for each in values):
            return exactly(first)
        objects, lists = _objects(values), _lists(values)
        if objects and all(each.keys() == objects[0].keys() for each in objects):
            items = [(key, [each[key] for each in objects]) for key in objects[0]]
            return Keyed(tuple((key, self._sent(inner, (*at, key), about, copied)) for key, inner in items))
        if lists and all(len(each) == len(lists[0]) for each in lists):
            columns = zip(*lists, strict=True)
            return Listed(
                tuple(self._sent(inner, (*at, n), about, copied) for n, inner in enumerate(columns))
            )
        kind = kind_of(values)
        if _key(values) not in self._seen and (at in copied or kind not in MAKEABLE):
            self.unknown.append((about, at))
            return exactly(first)
        return self._named(values, at, about, kind)

    def _named(self, values: Sequence[Value], at: Steps, about: str, new: str | None) -> Shape:
        known = self._seen.get(_key(values))
        if known is not None:
            known.used = True
            return Known(known.mark)
        kind = new or kind_of(values)
        variable = Variable(
            f"#{len(self.variables)}", kind, hint(at, about), new is not None, _form(values, kind)
        )
        self.variables[variable.mark] = self._seen[_key(values)] = variable
        return Fresh(kind, variable.mark) if new else Free(kind, variable.mark)


def folded(values: Sequence[Value]) -> Shape:
    """What any number of values have in common. Nothing gets a name."""
    return _common(values, (), lambda given, steps: _form(given, kind_of(given)) or Free(kind_of(given)))


def _objects(values: Sequence[Value]) -> list[dict[str, Value]]:
    """The values, if all of them are objects."""
    found = [each for each in values if isinstance(each, dict)]
    return found if len(found) == len(values) else []


def _lists(values: Sequence[Value]) -> list[list[Value]]:
    """The values, if all of them are lists."""
    found = [each for each in values if isinstance(each, list)]
    return found if len(found) == len(values) else []


_Leaf = Callable[[Sequence[Value], Steps], Shape]


def _common(values: Sequence[Value], at: Steps, leaf: _Leaf) -> Shape:
    first = values[0]
    if all(same(first, each) for each in values):
        return exactly(first)
    if objects := _objects(values):
        return _object(objects, at, leaf)
    if lists := _lists(values):
        return _list(lists, at, leaf)
    if any(isinstance(each, dict | list) for each in values):
        return Free("any")
    return leaf(values, at)


def _object(values: Sequence[dict[str, Value]], at: Steps, leaf: _Leaf) -> Shape:
    keys = [key for key in values[0] if all(key in each for each in values)]
    others = any(len(each) != len(keys) for each in values)
    items = ((key, _common([each[key] for each in values], (*at, key), leaf)) for key in keys)
    return Keyed(tuple(items), others)


def _list(values: Sequence[list[Value]], at: Steps, leaf: _Leaf) -> Shape:
    if len({len(each) for each in values}) > 1:
        items = [item for each in values for item in each]
        return Each(folded(items)) if items else Free("any")
    ordered = [sorted(each, key=repr) for each in values]
    if all(same(ordered[0], each) for each in ordered):
        return Unordered(tuple(map(exactly, ordered[0])))
    kinds = [[repr(bones(item, 0)) for item in each] for each in values]
    if any(each != kinds[0] for each in kinds) and all(sorted(each) == sorted(kinds[0]) for each in kinds):
        ordered = [sorted(each, key=lambda item: repr(bones(item, 0))) for each in values]
        columns = list(zip(*ordered, strict=True))
        return Unordered(tuple(_common(column, (*at, n), leaf) for n, column in enumerate(columns)))
    columns = list(zip(*values, strict=True))
    return Listed(tuple(_common(column, (*at, n), leaf) for n, column in enumerate(columns)))


def loosened(value: Value) -> Shape:
    """A value that was seen once; what surely differs the next time is free."""
    return shape_of(value, _loosened)


def _loosened(value: Value) -> Shape:
    kind = kind_of([value])
    return Free(kind) if kind in NEVER_SAME else exactly(value)


def kind_of(values: Sequence[Value]) -> str:
    """The narrowest kind that fits all values."""
    for kind in _NARROWEST:
        short = kind == "hex" and any(len(str(each)) < _HEX for each in values)
        if not short and all(KINDS[kind].fits(each) for each in values):
            return kind
    return "any"


def _key(values: Sequence[Value]) -> tuple[str, ...]:
    return tuple(map(repr, values))


def _form(values: Sequence[Value], kind: str) -> Shape | None:
    """A narrower shape than the kind, for values without a name."""
    if kind == "binary":
        return common([each for each in values if isinstance(each, bytes)])
    if kind in ("text", "hex") and len(values) >= _TELLING and importlib.util.find_spec("re2") is not None:
        pattern = _pattern([str(each) for each in values])
        return None if pattern is None else Regex(pattern)
    return None


def _pattern(texts: Sequence[str]) -> str | None:
    """A regular expression for texts that begin alike and go on with as many characters of one alphabet."""
    prefix = os.path.commonpath(texts)
    prefix = prefix[: len(prefix.rstrip("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"))]
    rests = [text[len(prefix) :] for text in texts]
    shortest, longest = min(map(len, rests)), max(map(len, rests))
    for alphabet in _ALPHABETS:
        if shortest and all(re.fullmatch(f"[{alphabet}]+", rest) for rest in rests):
            spread = _SPREAD.get(alphabet, 2 if longest > shortest else 0)
            least, most = max(1, shortest - spread), longest + spread
            count = f"{least}" if least == most else f"{least},{most}"
            return f"{re.escape(prefix)}[{alphabet}]{{{count}}}"
    return None


def hint(at: Steps, about: str) -> str:
    """What a value could be called."""
    keys = [step for step in at if isinstance(step, str)]
    last = keys[-1] if keys else "value"
    if re.fullmatch(r"(?i)id|uuid|key|value|data|ref|re", last):
        last = f"{keys[-2] if len(keys) > 1 else about}-{last}"
    return last


def shallow(shape: Shape, levels: int = _LEVELS) -> Shape:
    """The shape as a spec can hold it: what is nested deeper is not looked at."""
    match shape:
        case Keyed() | Listed() | Unordered() | Each() if not levels:
            return Free("any")
        case Keyed():
            inner = tuple((key, shallow(one, levels - 1)) for key, one in shape.items)
            return Keyed(inner, shape.others)
        case Listed():
            return Listed(tuple(shallow(one, levels - 1) for one in shape.items))
        case Unordered():
            return Unordered(tuple(shallow(one, max(0, levels - 2)) for one in shape.items))
        case Each():
            return Each(shallow(shape.shape, max(0, levels - 2)))
    return shape


def unique(hint: str, taken: Set[str]) -> str:
    """A name for a value, from what it could be called, that isn't taken."""
    base = re.sub(r"[^A-Za-z0-9_-]+", "-", hint).strip("-_")
    base = base if re.match(r"[A-Za-z]", base) else f"value-{base}".strip("-")
    base = f"{base}-value" if base in _RESERVED else base
    name, number = base, 2
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    return name


def finished(
    shape: Shape,
    name: Callable[[str], str | None],
    variables: dict[str, Variable],
    bound: set[str],
    shared: set[str],
) -> Shape:
    """The shape with the names that values have in the end; `name` is None if nobody asks for a value.

    `bound` are the names that have been given before, to which those are added that this shape gives;
    `shared` those that other events in any order with this one may give as well.
    """

    def finish(part: Shape) -> Shape:
        match part:
            case Free() | Fresh() | Known() if part.name in variables:
                variable = variables[part.name]
                wanted = name(part.name)
                if wanted is None:
                    return (None if variable.new else variable.otherwise) or _unnamed(part)
                if wanted in bound and wanted not in shared:
                    return Known(wanted)
                bound.add(wanted)
                return Fresh(variable.kind, wanted) if variable.new else Free(variable.kind, wanted)
            case Keyed():
                return Keyed(tuple((key, finish(inner)) for key, inner in part.items), part.others)
            case Listed():
                return Listed(tuple(map(finish, part.items)))
            case Unordered():
                return Unordered(tuple(map(finish, part.items)))
            case Each():
                return Each(finish(part.shape))
        return part

    return finish(shape)


def _unnamed(part: Free | Fresh | Known) -> Shape:
    return (
        Fresh(part.kind) if isinstance(part, Fresh) else Free(part.kind) if isinstance(part, Free) else part
    )
