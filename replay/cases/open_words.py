"""The key `open`, and the events of an opening handshake: what the tester's head is, and what the answer to
it has to be like."""

from __future__ import annotations

import re

from replay.cases.opening import REQUEST_VALUES, RESPONSE_VALUES, Answer, Head, Opening
from replay.cases.payload import NOTHING, Payload
from replay.cases.payloads import PAYLOAD
from replay.source import SourceError, nearest
from replay.typed import nodes
from replay.typed.readers import (
    FoundKeys,
    Items,
    Key,
    Mapped,
    OrNone,
    Reader,
    Record,
    ScalarFault,
    Shaped,
    Table,
    Typed,
    Word,
)
from replay.typed.scalars import DURATION, FLAG, MAX_SIZE, integer

_FIRST = ("method", "target", "version", "status", "reason")
_STATUS = integer(100, 999, "an HTTP status")
_OCTETS: Typed[str] = Typed(
    "a text whose characters are octets, up to U+00FF", r"(?s).*", lambda match: _latin(match[0])
)
_LARGE = Mapped(PAYLOAD, lambda payload: payload.octets.decode("latin-1"))
_TEXT: Reader[str] = Shaped(
    "a text, or a mapping with utf8, hex or file", {nodes.Scalar: _OCTETS, nodes.Mapping: _LARGE}
)
_NAME: Typed[str] = Typed("the name of a header", r"[^\x00\r\n:]+", lambda match: _latin(match[0]))
_WORD: Reader[str] = Shaped(
    "a text without blanks, or a mapping with utf8, hex or file",
    {
        nodes.Scalar: Typed("a text without blanks", r"[!-~\x80-\xff]+", lambda match: match[0]),
        nodes.Mapping: _LARGE,
    },
)


def _latin(text: str) -> str:
    for at, char in enumerate(text):
        if ord(char) > 255:
            raise ScalarFault(
                f"{char!r} is no octet: the octets of a head are U+0000 to U+00FF", at, at + 1
            )
    return text


_VALUES: Reader[tuple[str, ...]] = OrNone(
    Shaped(
        "the value of a header, or a list of values, each on a line of its own",
        {
            nodes.Scalar: Mapped(_OCTETS, lambda text: (text,)),
            nodes.Mapping: Mapped(_LARGE, lambda text: (text,)),
            nodes.Sequence: Items("a list of values", _TEXT, at_least=1),
        },
    ),
    (),
)

_WRITING = {
    "headers": Key(
        Table("a mapping of headers", _NAME, _VALUES),
        "Headers with other values, in the order in which new ones are added; none removes a header, and a "
        "list makes a line of each value.",
    ),
    "lines": Key(
        Items("a list of lines", _TEXT, at_least=1),
        "All lines of the head, in place of the usual ones. CR LF is added to each, and an empty line at "
        "the end.",
    ),
    "chop": Key(integer(1, MAX_SIZE), "The octets of each write of the head."),
    "split": Key(integer(1, MAX_SIZE), "Cuts the head into two writes, so many octets before its end."),
    "pause": Key(DURATION, "The time between two writes of the head."),
    "body": Key(PAYLOAD, "The octets after the head."),
    "joined": Key(
        FLAG, "Whether the first frames of `send` are sent in the same write as the end of the head."
    ),
}


def _head(found: FoundKeys, known: tuple[str, ...]) -> Head:
    values = found.values
    if "lines" in values and (
        part := next((part for part in (*_FIRST, "headers") if part in values), None)
    ):
        raise SourceError(
            found.at(part), f"'lines' are all lines of the head, so {part!r} can't be given too"
        )
    if "pause" in values and not {"chop", "split"} & values.keys():
        raise SourceError(found.at("pause"), "a pause is between the writes of 'chop' or 'split'")
    body: Payload = found.get("body", NOTHING)
    head = Head(
        tuple((part, str(values[part])) for part in _FIRST if part in values),
        found.get("headers", ()),
        found.get("lines"),
        found.get("interim", ()),
        body.octets,
        found.get("chop"),
        -values["split"] if "split" in values else None,
        found.get("pause", 0),
        found.get("hold", 0),
        found.get("joined", False),
        found.get("needs", ()),
        found.span,
    )
    unknown = next((name for name in sorted(head.names) if name not in known), None)
    if unknown is not None:
        hint = nearest(unknown, known) or f"the placeholders here are {', '.join(known)}"
        raise SourceError(found.span, f"unknown placeholder '{{{unknown}}}'", hint)
    return head


_REQUEST = Record(
    "a request",
    {
        "method": Key(_WORD, "The method, in place of GET."),
        "target": Key(_WORD, "The request target, in place of the path of the URL."),
        "version": Key(_WORD, "The version after HTTP/, in place of 1.1."),
        **_WRITING,
    },
    lambda found: _head(found, REQUEST_VALUES),
    exclusive=("chop", "split"),
)

_RESPONSE = Record(
    "a response",
    {
        "status": Key(_STATUS, "The status, in place of 101."),
        "reason": Key(_TEXT, "The reason phrase."),
        "version": Key(_WORD, "The version after HTTP/, in place of 1.1."),
        **_WRITING,
        "interim": Key(
            Items("a list of statuses", integer(100, 199, "the status of an interim response")),
            "The statuses of interim responses that come before the response.",
        ),
        "hold": Key(DURATION, "The time that passes before the response is sent."),
        "needs": Key(
            Items(
                "a list of placeholders", Word("a placeholder", {name: name for name in RESPONSE_VALUES})
            ),
            "What the client's request has to have, as the placeholders for it.",
        ),
    },
    lambda found: _head(found, RESPONSE_VALUES),
    exclusive=("chop", "split"),
)

OPEN: Reader[Opening] = Record(
    "an opening",
    {
        "request": Key(_REQUEST, "How the request differs that replay sends to a server."),
        "response": Key(_RESPONSE, "How the response differs that replay sends to a client."),
    },
    lambda found: Opening(found.get("request"), found.get("response")),
    at_least_one=("request", "response"),
)

# What is expected.

_ELEMENT: Reader[str | None] = Mapped(_OCTETS, lambda text: None if text == "any" else text)
_HEADERS: Table[str | None] = Table("a mapping of headers", _NAME, _ELEMENT)

_ANSWER = {
    "has": Key(
        _HEADERS,
        "Headers that the response must have, each with a value, or an element of its list; any stands for "
        "every value.",
    ),
    "lacks": Key(
        _HEADERS,
        "Headers that the response must not have, with this value or element; with any, not at all.",
    ),
    "deflate": Key(
        Word("a result", {"agreed": True, "declined": False}),
        "Whether the response agrees on permessage-deflate.",
    ),
}

_DEFLATE = ("Sec-WebSocket-Extensions", "permessage-deflate")


def _statuses(match: re.Match[str]) -> range:
    first = int(match[1]) * 100
    return range(first, first + 100) if match[2] == "xx" else range(int(match[0]), int(match[0]) + 1)


_RANGE: Typed[range] = Typed("an HTTP status such as 400 or 4xx", r"([1-9])([0-9]{2}|xx)", _statuses)
_STATUSES: Reader[tuple[range | None, ...]] = Shaped(
    "an HTTP status such as 400 or 4xx, or a list of them",
    {
        nodes.Scalar: Mapped(OrNone(_RANGE, None), lambda status: (status,)),
        nodes.Sequence: Items("a list of statuses", OrNone(_RANGE, None), at_least=1),
    },
)


def _opened(found: FoundKeys) -> Answer:
    has, lacks = found.get("has", ()), found.get("lacks", ())
    match found.get("deflate"):
        case True:
            has = (*has, _DEFLATE)
        case False:
            lacks = (*lacks, _DEFLATE)
    return Answer(has=has, lacks=lacks)


def _refused(found: FoundKeys) -> Answer:
    has, lacks = found.get("has", ()), found.get("lacks", ())
    if "status" not in found.values:
        return Answer(None, not has, has, lacks)
    statuses = found.values["status"]
    return Answer(tuple(each for each in statuses if each is not None), None in statuses, has, lacks)


OPENED: Reader[Answer] = Record("an accepted opening", _ANSWER, _opened, at_least_one=tuple(_ANSWER))

REFUSED: Reader[Answer] = Record(
    "a refusal",
    {
        "status": Key(
            _STATUSES,
            "The statuses of the response; none means that the server may also end TCP without any.",
        ),
        "has": _ANSWER["has"],
        "lacks": _ANSWER["lacks"],
    },
    _refused,
    at_least_one=("status", "has", "lacks"),
)

ANY_OPENED = Answer()
ANY_REFUSAL = Answer(silent=True)
"""With any status but 101, or by the end of TCP without one."""
