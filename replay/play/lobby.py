"""What a client that connects is here for: Autobahn's endpoints, read from its request. Pure.

    /getCaseCount                               the number of cases that are served
    /getCaseInfo?case=|casetuple=               a case's id and title
    /runCase?case=|casetuple=&agent=            that case, on this connection
    /getCaseStatus?case=|casetuple=&agent=      the verdict on it, once there is one
    /updateReports?agent=[&shutdownOnComplete=true]     this agent is done
    /stopServer                                 the end
    any other                                   what it says itself: see `commands`

`case` is a place in the cases served, from 1; `casetuple` is an id. If both are there, `case` holds.
What a log that is served was recorded for is asked for as it was then.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from replay import limits
from replay.protocol.opening import request_breaches
from replay.wire.handshake import Request

MAX_AGENT = limits.AGENT.default
"""Characters of an agent's name."""

PAGE = """\
This is `replay serve`: it plays the cases of a WebSocket suite against the clients that connect, and
judges them. Point a client at

    {url}/getCaseCount
    {url}/runCase?case=1&agent=NAME     up to that count; send every message back
    {url}/updateReports?agent=NAME
"""


@dataclass(frozen=True, slots=True)
class Count:
    """To hear how many cases there are."""


@dataclass(frozen=True, slots=True)
class Info:
    number: int  # of the case, from 0; so below


@dataclass(frozen=True, slots=True)
class Play:
    number: int
    agent: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """To have one of the logs played whose request was for the same."""

    target: str


@dataclass(frozen=True, slots=True)
class Status:
    number: int
    agent: str


@dataclass(frozen=True, slots=True)
class Finish:
    agent: str
    stop: bool = False  # the server, too


@dataclass(frozen=True, slots=True)
class Stop:
    """To end the server."""


@dataclass(frozen=True, slots=True)
class Command:
    """To say by itself what it wants to be sent, or to see that somebody is there."""


@dataclass(frozen=True, slots=True)
class Plain:
    """For no WebSocket connection, or not as it has to be: gets an HTTP response, `said` in it."""

    status: int
    reason: str
    said: str


Errand = Count | Info | Play | Recorded | Status | Finish | Stop | Command | Plain


class _Wrong(Exception):
    """In a sentence, what is wrong with a query."""


def errand(request: Request, places: Mapping[str, int], targets: Container[str] = ()) -> Errand:
    """What to do for a request; `places` are the ids of the cases served, with their numbers from 0, and
    `targets` those of recorded requests.

    A request for a case that breaks RFC 6455 §4.2.1 is an errand as any other: whoever plays the
    case refuses it, and the verdict is on that.
    """
    if request.method == "GET" and "websocket" not in request.tokens("Upgrade"):
        host = (request.values("Host") or ["127.0.0.1"])[0]
        return Plain(200, "OK", PAGE.format(url=f"ws://{host}"))
    try:
        found = _errand(request.target, places)
        if isinstance(found, Plain | Command) and request.target in targets:
            return Recorded(request.target)
    except _Wrong as wrong:
        return Plain(400, "Bad Request", f"{wrong}\n")
    breaches = [] if isinstance(found, Play | Plain) else list(request_breaches(request))
    if breaches:
        return Plain(400, "Bad Request", "".join(f"{breach.detail}\n" for breach in breaches))
    return found


def _errand(target: str, places: Mapping[str, int]) -> Errand:
    try:
        parts = urlsplit(target if "://" in target else f"ws://host/{target.lstrip('/')}")
        query = parse_qs(parts.query, keep_blank_values=True, max_num_fields=limits.FIELDS.default)
    except ValueError:
        raise _Wrong("the target of the request is no URL") from None
    match parts.path:
        case "/getCaseCount":
            return Count()
        case "/getCaseInfo":
            return Info(_number(query, places))
        case "/runCase":
            return Play(_number(query, places), _agent(query))
        case "/getCaseStatus":
            return Status(_number(query, places), _agent(query))
        case "/updateReports":
            stop = query.get("shutdownOnComplete", [""])[-1].lower() in ("true", "yes")
            return Finish(_agent(query), stop)
        case "/stopServer":
            return Stop()
    if not query:
        return Command()
    said = "expected /getCaseCount, /getCaseInfo, /runCase, /getCaseStatus, /updateReports or /stopServer\n"
    return Plain(404, "Not Found", said)


def _number(query: Mapping[str, list[str]], places: Mapping[str, int]) -> int:
    if "case" in query:
        text = query["case"][-1]
        if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= len(places)):
            raise _Wrong(f"expected a case from 1 to {len(places)}, as in ?case=1")
        return int(text) - 1
    if "casetuple" in query:
        number = places.get(query["casetuple"][-1])
        if number is None:
            raise _Wrong("no case of that id is served; getCaseInfo?case=1 tells the id of the first")
        return number
    raise _Wrong(f"expected ?case=, from 1 to {len(places)}, or ?casetuple= with an id")


def _agent(query: Mapping[str, list[str]]) -> str:
    name = query.get("agent", [""])[-1].strip()
    if not name:
        raise _Wrong("expected &agent= with the name of the client, under which its results are kept")
    if len(name) > MAX_AGENT:
        raise _Wrong(f"the agent's name is longer than {MAX_AGENT} characters")
    return name
