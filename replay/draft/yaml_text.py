"""A draft as the text of a spec, with comments."""

from __future__ import annotations

import json
from collections.abc import Sequence

from msgspec import Struct

from replay.cases.said import Said
from replay.draft.layout import Items, Map, Node, block, flow, quoted
from replay.draft.model import Closing, Draft, Expected, Pause, Round, Run
from replay.values.reader import WORDS
from replay.values.shape import (
    Each,
    Exactly,
    Free,
    Fresh,
    Keyed,
    Known,
    Listed,
    Octets,
    Regex,
    Shape,
    Unordered,
)
from replay.values.written import escaped, marked, pairs_of_hex


class Head(Struct, frozen=True):
    """What a spec says beside the conversation."""

    id: str
    title: str
    comment: tuple[str, ...]
    path: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    cookie: str | None = None
    origin: str | None = None
    subprotocols: tuple[str, ...] = ()
    chosen: str | None = None  # the subprotocol that the server chose
    refused: int | None = None  # the status with which it refused the connection
    fresh: bool = False  # the server is started anew
    testee: str | None = None  # the only side that can be tested


def written(head: Head, draft: Draft, *others: tuple[Head, Draft]) -> str:
    """The spec, with a case for each draft."""
    comment = [f"# {line}".rstrip() for line in head.comment]
    return "\n".join([*comment, *block(_spec(((head, draft), *others)), 0), ""])


def event_text(said: Said) -> str:
    """An event on one line, without the braces that it needs where it is no item of a list."""
    return flow(_event(said), bare=True)


def value_text(shape: Shape) -> str:
    """A value in an event, on one line."""
    return flow(_node(shape))


def _spec(parts: Sequence[tuple[Head, Draft]]) -> Map:
    head, draft = parts[0]
    several = len(parts) > 1
    cases = [
        _case(one, each, number, _common(one, each) if several else ())
        for number, (one, each) in enumerate(parts, 1)
    ]
    return _map(
        ("section", quoted(head.id)),
        ("title", quoted(head.title)),
        ("fresh", "case" if head.fresh else None),
        ("patience", f"{draft.patience} s" if draft.patience > 1 else None),
        *(() if several else _common(head, draft)),
        ("cases", Items(tuple(cases), open=True)),
    )


_Pairs = tuple[tuple[str, "Node | None"], ...]


def _common(head: Head, draft: Draft) -> _Pairs:
    """What may stand at the top of a spec, if it has only one case."""
    return (
        ("connect", _connect(head)),
        ("ignore", Items(tuple(map(_event, draft.ignored)), open=True) if draft.ignored else None),
        ("answer", _answers(draft)),
    )


def _case(head: Head, draft: Draft, number: int, more: _Pairs) -> Map:
    rounds: Sequence[Round] = draft.rounds
    if (opened := _opened(head)) is not None:
        rounds = _opening(rounds)
    talk = Items(
        tuple(_round(one, opened if index == 0 else None) for index, one in enumerate(rounds)), open=True
    )
    talk = talk if talk.items else Items((Map((("expect", Items(())),)),))
    return _map(
        ("id", quoted(f"{head.id}.{number}")),
        ("title", quoted(head.title)),
        ("testee", head.testee),
        *more,
        ("talk", talk),
        ("close", _close(draft.closing)),
    )


def _map(*pairs: tuple[str, Node | None], open: bool = True) -> Map:
    return Map(tuple((key, node) for key, node in pairs if node is not None), open)


def _connect(head: Head) -> Map | None:
    found = _map(
        ("path", None if head.path is None else quoted(head.path)),
        (
            "header",
            Map(tuple((name, quoted(value)) for name, value in head.headers)) if head.headers else None,
        ),
        ("cookie", None if head.cookie is None else quoted(head.cookie)),
        ("origin", None if head.origin is None else quoted(head.origin)),
        ("subprotocols", Items(tuple(map(quoted, head.subprotocols))) if head.subprotocols else None),
        open=False,
    )
    return found if found.pairs else None


def _opened(head: Head) -> Map | None:
    """The event with which the connection opens, if there is something to expect of it."""
    if head.refused is not None:
        return Map((("refused", Map((("status", str(head.refused)),))),))
    if head.chosen is None:
        return None
    chosen = Map((("Sec-WebSocket-Protocol", quoted(head.chosen)),))
    return Map((("opened", Map((("has", chosen),))),))


def _opening(rounds: Sequence[Round]) -> Sequence[Round]:
    """The rounds, the first of which sends nothing."""
    return rounds if rounds and not rounds[0].sends else (Round((), ()), *rounds)


def _round(each: Round, opened: Map | None) -> Map:
    sends = tuple(map(_sent, each.sends))
    expects = (*(() if opened is None else (opened,)), *map(_expected, each.expects))
    return _map(("send", _list(sends)), ("expect", _list(expects)))


def _sent(each: Said | Pause) -> Map:
    return _event(each) if isinstance(each, Said) else Map((("pause", f"{each.microseconds // 1000} ms"),))


def _list(items: tuple[Node, ...]) -> Items | None:
    return Items(items, open=len(items) > 1) if items else None


def _expected(each: Expected) -> Map:
    match each:
        case Said():
            return _event(each)
        case Run(said=said, times=times):
            series = _map(
                ("event", _event(said)), ("times", None if times is None else str(times)), open=False
            )
            return Map((("some", series),))
    strands = tuple(
        _expected(strand[0]) if len(strand) == 1 else Items(tuple(map(_expected, strand)), open=True)
        for strand in each.strands
    )
    return Map((("any-order", Items(strands, open=True)),), open=True)


def _event(said: Said) -> Map:
    return Map(((said.view, _node(said.shape)),))


def _answers(draft: Draft) -> Items | None:
    pairs = tuple(
        _map(("to", _event(to)), ("send", _event(send)), open=False) for to, send in draft.answers
    )
    return Items(pairs, open=True) if pairs else None


def _close(closing: Closing) -> Map | None:
    codes = tuple(map(str, closing.codes))
    found = _map(
        ("by", closing.by),
        ("code", codes[0] if len(codes) == 1 and (codes != ("1000",) or closing.by != "tester") else None),
        ("codes", _codes(closing)),
        ("clean", None if closing.clean else "optional"),
        open=False,
    )
    return None if found.pairs == (("by", "tester"),) else found


def _codes(closing: Closing) -> Node | None:
    if closing.by == "tester" or len(closing.codes) == 1:
        return None
    return Items(tuple(map(str, closing.codes))) if closing.codes else "any"


def _node(shape: Shape) -> Node:
    match shape:
        case Free() | Known() | Fresh():
            return marked(shape)
        case Exactly(value=value):
            return quoted(escaped(value)) if isinstance(value, str) else json.dumps(value)
        case Regex(pattern=pattern):
            return Map((("regex", "'" + pattern.replace("'", "''") + "'"),))
        case Octets(octets=octets, mask=mask):
            return Map((("hex", f'"{pairs_of_hex(octets, mask)}"'),))
        case Keyed(items=items, others=others):
            inner = Map(tuple((key, _node(one)) for key, one in items))
            word = "has" if others else "exactly" if len(items) == 1 and items[0][0] in WORDS else None
            return inner if word is None else Map(((word, inner),))
        case Listed(items=within):
            return Items(tuple(map(_node, within)))
        case Unordered(items=within):
            return Map((("unordered", Items(tuple(map(_node, within)))),))
        case Each(shape=one):
            return Map((("each", _node(one)),))
