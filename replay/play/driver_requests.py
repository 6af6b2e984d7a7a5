"""Reads from a client's request what it wants: the endpoints of Autobahn's server. Pure.

    /getCaseCount                               the number of cases that are served
    /getCaseInfo?case=|casetuple=               the id and the title of a case
    /runCase?case=|casetuple=&agent=            play the case on this connection
    /getCaseStatus?case=|casetuple=&agent=      the verdict on a case, once there is one
    /updateReports?agent=[&shutdownOnComplete=true]     this agent is done
    /stopServer                                 end the server
    any other path                              the client sends commands: see `command_mode`

Without a WebSocket:

    /                   the page; as text for clients that don't ask for HTML
    /progress?since=    what has changed since that revision, as JSON
    /failures?agent=    the cases that an agent failed, and why, as JSON

`case` is the number of a case among those that are served, from 1; `casetuple` is its id. If both are
given, `case` counts. A served log is requested by the target of its recorded request.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from ipaddress import ip_address
from urllib.parse import parse_qs, urlsplit

from msgspec import Struct

from replay import limits
from replay.protocol.handshake_rules import request_breaches
from replay.wire.handshake import Headers, Request

MAX_AGENT = limits.AGENT.default
"""Characters of an agent's name."""

PAGE = """\
This is `replay serve`. It plays the cases of a WebSocket suite against the clients that connect, and judges
them. A client has to connect to these URLs, one after another:

    {url}/getCaseCount                  sends the number of cases
    {url}/runCase?case=1&agent=NAME     plays a case; for each case, send every message back
    {url}/updateReports?agent=NAME      when all cases are done

In a browser, this address shows the progress of all clients, and can run the suite in the browser itself.
"""

PAGES = ("/", "/progress", "/failures")
ENDPOINTS = ("/getCaseCount", "/getCaseInfo", "/runCase", "/getCaseStatus", "/updateReports", "/stopServer")


class GetCaseCount(Struct, frozen=True):
    """Asks how many cases there are."""


class GetCaseInfo(Struct, frozen=True):
    number: int  # of the case, from 0, as in all requests below


class RunCase(Struct, frozen=True):
    number: int
    agent: str


class RunRecorded(Struct, frozen=True):
    """Asks to play one of the logs whose recorded request had this target."""

    target: str


class GetCaseStatus(Struct, frozen=True):
    number: int
    agent: str


class UpdateReports(Struct, frozen=True):
    agent: str
    stop: bool = False  # end the server too


class StopServer(Struct, frozen=True):
    """Asks to end the server."""


class TakeCommands(Struct, frozen=True):
    """Sends commands that say what to send to it, or only checks that the server is there."""


class PlainResponse(Struct, frozen=True):
    """Asks for no WebSocket connection, or wrongly: gets an HTTP response with the text `said`."""

    status: int
    reason: str
    said: str
    headers: Headers = ()
    media: str = "text/plain"
    bare: bool = False  # without the body, as the answer to HEAD


class ShowBoard(Struct, frozen=True):
    """Asks for the page."""

    authority: str  # of the page's URL: 'localhost:9001'
    bare: bool = False


class BoardProgress(Struct, frozen=True):
    since: int  # a revision
    bare: bool = False


class BoardFailures(Struct, frozen=True):
    agent: str
    bare: bool = False


DriverRequest = (
    ShowBoard
    | BoardProgress
    | BoardFailures
    | GetCaseCount
    | GetCaseInfo
    | RunCase
    | RunRecorded
    | GetCaseStatus
    | UpdateReports
    | StopServer
    | TakeCommands
    | PlainResponse
)


class _Wrong(Exception):
    """What is wrong with a query, as a sentence."""


def driver_request(
    request: Request,
    ids: Sequence[str],
    targets: Container[str] = (),
    host: str = "localhost",
    scheme: str = "ws",
) -> DriverRequest:
    """What a request asks for. `ids`: those of the served cases, in order (logs may share one). `targets`:
    those of recorded requests. `host`: a name by which a browser may address the server. `scheme`: that of
    its URLs.

    A request for a case is accepted here even if it breaks RFC 6455 §4.2.1: the player of the case refuses
    it, so that it is judged.
    """
    try:
        if "websocket" not in request.tokens("Upgrade"):
            seen = _seen(request, host, scheme)
            if seen is not None:
                return seen
        found = _asked(request.target, ids)
        if isinstance(found, PlainResponse | TakeCommands) and request.target in targets:
            return RunRecorded(request.target)
    except _Wrong as wrong:
        return PlainResponse(400, "Bad Request", f"{wrong}\n")
    breaches = [] if isinstance(found, RunCase | PlainResponse) else list(request_breaches(request))
    if breaches:
        return PlainResponse(400, "Bad Request", "".join(f"{breach.detail}\n" for breach in breaches))
    ends = isinstance(found, StopServer) or (isinstance(found, UpdateReports) and found.stop)
    if ends and not _local(request, host):
        return PlainResponse(403, "Forbidden", "a page from another site can't end this server\n")
    return found


def _seen(request: Request, host: str, scheme: str) -> DriverRequest | None:
    """The answer to a request that isn't for a WebSocket; None: it is meant to be for one, but is wrong."""
    path, query = _parts(request.target)
    if request.method not in ("GET", "HEAD"):
        if path in ENDPOINTS:
            return None
        allow = (("Allow", "GET, HEAD"),)
        return PlainResponse(405, "Method Not Allowed", "expected GET or HEAD\n", allow)
    bare, authority = request.method == "HEAD", (request.values("Host") or ["127.0.0.1"])[0]
    text = PAGE.format(url=f"{scheme}://{authority}")
    if path in ENDPOINTS:
        upgrade = (("Upgrade", "websocket"), ("Connection", "Upgrade"))
        return PlainResponse(426, "Upgrade Required", text, upgrade, bare=bare)
    if path not in PAGES:
        return PlainResponse(404, "Not Found", f"expected {', '.join(PAGES)}\n", bare=bare)
    html = "text/html" in ",".join(request.values("Accept")).lower()
    if path == "/" and not html:
        return PlainResponse(200, "OK", text, bare=bare)
    if not _known(authority, host):
        said = "address this server by its IP address, as localhost, or by the name given with --host\n"
        return PlainResponse(421, "Misdirected Request", said, bare=bare)
    match path:
        case "/progress":
            since = query.get("since", ["0"])[-1]
            if not (since.isascii() and since.isdigit() and len(since) < 16):
                raise _Wrong("expected ?since= with a revision, such as 0")
            return BoardProgress(int(since), bare)
        case "/failures":
            return BoardFailures(_agent(query), bare)
    return ShowBoard(authority, bare)


def _known(authority: str, host: str) -> bool:
    """Whether a host name certainly refers to this server. With any other name, a page of that name's owner
    could read what this server says (DNS rebinding)."""
    if not re.fullmatch(r"[A-Za-z0-9._-]+(:[0-9]+)?|\[[0-9a-fA-F:.]+\](:[0-9]+)?", authority):
        return False
    name = urlsplit(f"//{authority}").hostname or ""
    if name in ("localhost", host.lower()) or name.endswith(".localhost"):
        return True
    try:
        return bool(ip_address(name))
    except ValueError:
        return False


def _local(request: Request, host: str) -> bool:
    """Whether a request comes from no web page, or from a page of this server or of this machine."""
    for origin in request.values("Origin"):
        authority = origin.partition("://")[2]
        name = re.sub(r":[0-9]+$", "", authority)
        own = authority in request.values("Host") and _known(authority, host)
        if not own and name not in ("localhost", "127.0.0.1", "[::1]"):
            return False
    return True


def _parts(target: str) -> tuple[str, dict[str, list[str]]]:
    """The path and the query of a request's target."""
    try:
        parts = urlsplit(target if "://" in target else f"ws://host/{target.lstrip('/')}")
        return parts.path, parse_qs(
            parts.query, keep_blank_values=True, max_num_fields=limits.FIELDS.default
        )
    except ValueError:
        raise _Wrong("the target of the request is not a URL") from None


def _asked(target: str, ids: Sequence[str]) -> DriverRequest:
    path, query = _parts(target)
    match path:
        case "/getCaseCount":
            return GetCaseCount()
        case "/getCaseInfo":
            return GetCaseInfo(_number(query, ids))
        case "/runCase":
            return RunCase(_number(query, ids), _agent(query))
        case "/getCaseStatus":
            return GetCaseStatus(_number(query, ids), _agent(query))
        case "/updateReports":
            stop = query.get("shutdownOnComplete", [""])[-1].lower() in ("true", "yes")
            return UpdateReports(_agent(query), stop)
        case "/stopServer":
            return StopServer()
    if not query:
        return TakeCommands()
    said = "expected /getCaseCount, /getCaseInfo, /runCase, /getCaseStatus, /updateReports or /stopServer\n"
    return PlainResponse(404, "Not Found", said)


def _number(query: Mapping[str, list[str]], ids: Sequence[str]) -> int:
    if "case" in query:
        text = query["case"][-1]
        if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= len(ids)):
            raise _Wrong(f"expected a case from 1 to {len(ids)}, as in ?case=1")
        return int(text) - 1
    if "casetuple" in query:
        if (id := query["casetuple"][-1]) not in ids:
            raise _Wrong("no case with this id is served; /getCaseInfo?case=1 tells that of the first")
        return ids.index(id)
    raise _Wrong(f"expected ?case=, from 1 to {len(ids)}, or ?casetuple= with an id")


def _agent(query: Mapping[str, list[str]]) -> str:
    name = query.get("agent", [""])[-1].strip()
    if not name:
        raise _Wrong("expected &agent= with the name of the client, under which its results are kept")
    if len(name) > MAX_AGENT:
        raise _Wrong(f"the agent's name is longer than {MAX_AGENT} characters")
    return name
