"""The key `connect`: how a case reaches an application."""

from __future__ import annotations

from replay.cases.connect import Connect
from replay.forms import HEADER_NAME, HEADER_VALUE, SUBPROTOCOL
from replay.typed import nodes
from replay.typed.readers import FoundKeys, Items, Key, Mapped, Reader, Record, Shaped, Table, Typed

_NAME: Typed[str] = Typed(HEADER_NAME.wants, HEADER_NAME.pattern, lambda match: match[0])
_VALUE: Typed[str] = Typed(HEADER_VALUE.wants, HEADER_VALUE.pattern, lambda match: match[0])
_COOKIE: Typed[str] = Typed(
    "the value of a cookie, without blanks, quotes, commas or semicolons",
    r"[!#-+\--:<-\[\]-~]*",
    lambda match: match[0],
)
_PATH: Typed[str] = Typed(
    "a path such as '/chat?room=1', which begins with '/'", r"/[!-~]*", lambda match: match[0]
)

_EXPECTED = "'connect' is what is sent; what has to come back belongs in 'expect'"


def _connect(found: FoundKeys) -> Connect:
    headers: tuple[tuple[str, str], ...] = found.get("header", ())
    if (cookie := found.get("cookie")) is not None:
        headers += (("Cookie", cookie),)
    if (origin := found.get("origin")) is not None:
        headers += (("Origin", origin),)
    if (offered := found.get("subprotocols")) is not None:
        headers += (("Sec-WebSocket-Protocol", ", ".join(offered)),)
    return Connect(found.get("path"), headers, span=found.span)


CONNECT: Reader[Connect] = Record(
    "a connection",
    {
        "path": Key(_PATH, "The path of the request with its query, in place of that of the URL."),
        "header": Key(
            Table("a mapping of headers", _NAME, _VALUE),
            "Headers of the request. `${NAME}` in a value is a variable of the environment, whose value is "
            "hidden in logs.",
        ),
        "cookie": Key(
            Shaped(
                "a Cookie header, or a mapping of cookies",
                {
                    nodes.Scalar: _VALUE,
                    nodes.Mapping: Mapped(
                        Table("a mapping of cookies", _NAME, _COOKIE),
                        lambda pairs: "; ".join(f"{name}={value}" for name, value in pairs),
                    ),
                },
            ),
            "The Cookie header, as a text or as a mapping of cookies.",
        ),
        "origin": Key(_VALUE, "The Origin header."),
        "subprotocols": Key(
            Items(
                "a list of subprotocols",
                Typed(SUBPROTOCOL.wants, SUBPROTOCOL.pattern, lambda match: match[0]),
                at_least=1,
            ),
            "The subprotocols that are offered, in order of preference.",
        ),
    },
    _connect,
    meant={
        "subprotocol": f"{_EXPECTED}: '- opened: {{has: {{Sec-WebSocket-Protocol: …}}}}'",
        "status": f"{_EXPECTED}: '- refused: {{status: 401}}'",
        **dict.fromkeys(
            ("headers", "cookies"), "a mapping of headers is 'header', one of cookies 'cookie'"
        ),
        "url": "the address is given on the command line or in replay.yaml; a case gives its 'path'",
    },
)
