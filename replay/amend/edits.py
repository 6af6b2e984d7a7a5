"""Changes of a YAML text in place: what isn't changed stays as it was written, octet for octet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from replay.amend.model import Added, Change, Ignored, Recoded, Removed, Replaced
from replay.draft.layout import quoted
from replay.source import Source, Span
from replay.typed import nodes
from replay.typed.yaml_text import parse


class Edit(Struct, frozen=True, order=True):
    """Other text in place of these characters."""

    start: int
    end: int
    text: str


class _Place(Struct, frozen=True):
    """A node, and where it stands."""

    node: nodes.Node
    parent: nodes.Mapping | nodes.Sequence | None
    number: int


def edited(source: Source, changes: Iterable[Change]) -> str:
    """The text with these changes; of two that overlap, the first. Raises SourceError if it isn't YAML."""
    places = {_key(place.node.span): place for place in _places(parse(source))}
    changes = list(changes)
    removed = [
        places[_key(each.span)]
        for each in changes
        if isinstance(each, Removed) and _key(each.span) in places
    ]
    edits = list(_removals(source.text, places, removed))
    added: dict[tuple[Span, Span | None, bool, bool], list[Added]] = {}
    for change in changes:
        if isinstance(change, Added):
            place = change.span, change.after, change.first, change.key is None
            added.setdefault(place, []).append(change)
    additions = [edit for group in added.values() for edit in _additions(source.text, places, group)]
    others = [edit for change in changes for edit in _edits(source.text, places, change)]
    for edit in (*others, *additions):
        if not any(edit.start < other.end and other.start < edit.end for other in edits):
            edits.append(edit)
    text = source.text
    for edit in sorted(edits, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


_Container = nodes.Mapping | nodes.Sequence
_Places = dict[tuple[int, int], _Place]


def _key(span: Span) -> tuple[int, int]:
    return span.start, span.end


def _places(
    node: nodes.Node, parent: nodes.Mapping | nodes.Sequence | None = None, number: int = 0
) -> Iterator[_Place]:
    """All nodes; a mapping of one key that stands where its list does is found after the list."""
    yield _Place(node, parent, number)
    match node:
        case nodes.Mapping(pairs=pairs):
            for index, (_, value) in enumerate(pairs):
                yield from _places(value, node, index)
        case nodes.Sequence(items=items):
            for index, item in enumerate(items):
                yield from _places(item, node, index)


def _edits(text: str, places: _Places, change: Change) -> Iterator[Edit]:
    match change:
        case Replaced(span=span) if (place := places.get(_key(span))) is not None:
            new = _in_braces(text, place, change.text) if change.event else change.text
            yield Edit(place.node.span.start, _end(text, place.node), new)
        case Recoded(span=span) if (place := places.get(_key(span))) is not None:
            if isinstance(place.parent, nodes.Mapping):
                yield _code(text, place.parent, change)
        case Ignored(span=span) if (place := places.get(_key(span))) is not None:
            if isinstance(place.parent, nodes.Mapping):
                yield _ignored(text, places, place.parent, change.text)


def _additions(text: str, places: _Places, added: Sequence[Added]) -> Iterator[Edit]:
    """What is added at one place, in order."""
    place = places.get(_key(added[0].span))
    if place is None:
        return
    if isinstance(place.node, nodes.Mapping) and added[0].key is not None:
        yield _pair(text, place.node, [f"{quoted(one.key or '')}: {one.text}" for one in added])
    elif isinstance(place.node, nodes.Sequence):
        after = None if added[0].after is None else places.get(_key(added[0].after))
        texts = [one.text for one in added]
        yield _item(text, places, place.node, texts, after, first=after is None and added[0].first)


def _ignored(text: str, places: _Places, case: nodes.Mapping, event: str) -> Edit:
    """One more ignored event: of the case, or of all if it has no list of its own."""
    spec = next(place.node for place in places.values() if place.parent is None)
    for node in (case, spec):
        if isinstance(node, nodes.Mapping) and isinstance(ignored := node.get("ignore"), nodes.Sequence):
            return _item(text, places, ignored, [event], None)
    return _pair(text, case, [f"ignore: [{event}]"])


def _code(text: str, case: nodes.Mapping, change: Recoded) -> Edit:
    close = case.get("close")
    if not isinstance(close, nodes.Mapping):
        return _pair(text, case, [f"close: {{by: {change.by}, code: {change.code}}}"])
    for key in ("code", "codes", "usual"):
        if (node := close.get(key)) is not None:
            new = str(change.code) if key == "code" else f"[{change.code}]"
            return Edit(node.span.start, _end(text, node), new)
    return _pair(text, close, [f"code: {change.code}"])


def _is_flow(text: str, node: nodes.Node) -> bool:
    return text[node.span.start : node.span.start + 1] in ("[", "{")


def _end(text: str, node: nodes.Node) -> int:
    """Where a node ends; of one in block style, the place behind its last value."""
    match node:
        case nodes.Mapping(pairs=pairs) if pairs and not _is_flow(text, node):
            return _end(text, pairs[-1][1])
        case nodes.Sequence(items=items) if items and not _is_flow(text, node):
            return _end(text, items[-1])
    return node.span.start + len(text[node.span.start : node.span.end].rstrip())


def _in_braces(text: str, place: _Place, new: str) -> str:
    """The text of an event, in braces where it is no item of a list, or had braces before."""
    needs = not isinstance(place.parent, nodes.Sequence) or text[place.node.span.start] == "{"
    return "{" + new + "}" if needs else new


def _removals(text: str, places: _Places, removed: list[_Place]) -> Iterator[Edit]:
    """Without these items and pairs. A list of events within one that is left empty goes as well."""
    groups: dict[tuple[int, int], tuple[_Container, set[int]]] = {}
    while removed:
        place = removed.pop()
        if (parent := place.parent) is None:
            continue
        _, numbers = groups.setdefault(_key(parent.span), (parent, set()))
        numbers.add(place.number)
        if (
            len(numbers) == len(_items(parent))
            and (outer := _outer(places[_key(parent.span)], places)) is not None
        ):
            removed.append(outer)
    for span, (parent, numbers) in groups.items():
        others = (
            _items(other)[number]
            for outer, (other, gone) in groups.items()
            for number in gone
            if outer != span
        )
        if not any(_first(each) <= span[0] and span[1] <= _last(text, each) for each in others):
            yield from _without(text, parent, numbers)


def _outer(place: _Place, places: _Places) -> _Place | None:
    """The item that has no meaning without this list: any-order, or a strand of it."""
    if not isinstance(place.node, nodes.Sequence):
        return None
    if isinstance(place.parent, nodes.Sequence):
        return place
    if isinstance(place.parent, nodes.Mapping) and place.parent.pairs[place.number][0].text == "any-order":
        return places.get(_key(place.parent.span))
    return None


def _without(text: str, parent: _Container, numbers: set[int]) -> Iterator[Edit]:
    items = _items(parent)
    if len(numbers) == len(items):
        yield Edit(
            parent.span.start, _end(text, parent), "{}" if isinstance(parent, nodes.Mapping) else "[]"
        )
        return
    for first in sorted(numbers):
        if first - 1 in numbers:
            continue
        last = first
        while last + 1 in numbers:
            last += 1
        start, end = _first(items[first]), _last(text, items[last])
        line = text.rfind("\n", 0, start) + 1
        alone = text[line:start].strip(" ") == ("-" if isinstance(parent, nodes.Sequence) else "")
        if alone and not _is_flow(text, parent):
            yield Edit(line, _line_end(text, end), "")
        elif last + 1 < len(items):
            yield Edit(start, _first(items[last + 1]), "")
        else:
            yield Edit(_last(text, items[first - 1]), end, "")


_Item = nodes.Node | tuple[nodes.Scalar, nodes.Node]


def _items(parent: _Container) -> tuple[_Item, ...]:
    return parent.pairs if isinstance(parent, nodes.Mapping) else parent.items


def _first(item: _Item) -> int:
    """Where an item begins, or the key of a value."""
    return (item[0] if isinstance(item, tuple) else item).span.start


def _last(text: str, item: _Item) -> int:
    return _end(text, item[1] if isinstance(item, tuple) else item)


def _line_end(text: str, at: int) -> int:
    """The beginning of the next line."""
    found = text.find("\n", at)
    return len(text) if found < 0 else found + 1


def _pair(text: str, mapping: nodes.Mapping, pairs: Sequence[str]) -> Edit:
    """More pairs at the end."""
    if _is_flow(text, mapping):
        close = _end(text, mapping) - 1
        return Edit(close, close, ", ".join(["", *pairs] if mapping.pairs else pairs))
    start, end = mapping.span.start, _end(text, mapping)
    if text[:start].rstrip()[-1:] in (
        "[",
        ",",
    ):  # a pair in a list in flow style needs no braces, but two do
        return Edit(start, end, "{" + ", ".join([text[start:end], *pairs]) + "}")
    first = mapping.pairs[0][0].span
    return _lines(text, end, [" " * (first.column - 1) + pair for pair in pairs])


def _item(
    text: str,
    places: _Places,
    items: nodes.Sequence,
    more: Sequence[str],
    after: _Place | None,
    first: bool = False,
) -> Edit:
    """More items, behind another one, or else at the end; `first`: before all others."""
    if _is_flow(text, items):
        if first and items.items:
            start = items.items[0].span.start
            return Edit(start, start, ", ".join([*more, ""]))
        at = _end(text, items) - 1 if after is None else _end(text, after.node)
        return Edit(at, at, ", ".join(["", *more] if items.items else more))
    while after is not None and isinstance(after.parent, nodes.Sequence) and after.parent is not items:
        outer = places[_key(after.parent.span)]
        if not isinstance(outer.parent, nodes.Sequence):
            items = after.parent  # of any-order, whose strands have an order of their own
            break
        after = outer
    dash = text.rfind("-", 0, items.items[0].span.start)
    column = dash - (text.rfind("\n", 0, dash) + 1)
    if first:
        return Edit(dash, dash, "".join(f"- {item}\n{' ' * column}" for item in more))
    end = _end(text, items if after is None else after.node)
    return _lines(text, end, [f"{' ' * column}- {item}" for item in more])


def _lines(text: str, after: int, lines: Sequence[str]) -> Edit:
    """Lines behind the one in which a node ends."""
    at, said = _line_end(text, after), "\n".join(lines)
    return Edit(at, at, f"{said}\n" if text[at - 1 : at] == "\n" else f"\n{said}\n")
