"""The functions of the public interface; `replay` lists all of its names."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from replay import flows, limits
from replay.arguments import checked
from replay.campaign.server import Settings
from replay.cases.model import Profile
from replay.forms import AUTOBAHN
from replay.live.awaited import awaitable, cancelled
from replay.live.servers import Target
from replay.live.tls import Tls
from replay.live.transport import Address
from replay.play.actions import Options
from replay.play.endpoint import Limits
from replay.protocol import interpreter
from replay.protocol.events import Event
from replay.report import json_lines
from replay.source import Source, SourceError
from replay.suite import files, logs
from replay.suite.files import Item
from replay.suite.logs import LogFile
from replay.trace import wirelog
from replay.trace.model import SECOND, Trace
from replay.verdict.result import CaseResult, Fresh, Judged, RunResult
from replay.wire.side import Side
from replay.wire.url import parse_url

OnResult = Callable[[CaseResult], None]
"""Called with the result of each test case as soon as it is known."""


@checked
def read_log(path: str | Path) -> LogFile:
    """The log in a file, or on standard input for "-". Of a recording with several connections, one has to
    be chosen, as in "talk.pcap#2". Raises SourceError."""
    return logs.read_log(str(path))


@checked
def parse_log(text: str, name: str = "log") -> LogFile:
    """The wire log in a text; messages refer to it as `name`. Raises SourceError."""
    return logs.log_of(name, Source(name, text))


@checked
def write_log(trace: Trace) -> str:
    """The canonical text of a trace."""
    return wirelog.write(trace)


@checked
def observe(trace: Trace) -> tuple[Event, ...]:
    """The events that the octets of a trace mean, in the order in which its entries completed them."""
    return interpreter.observe(trace)


@checked
def select(
    *words: str, keyword: str | None = None, thorough: bool = False, suite: str = AUTOBAHN
) -> list[Item]:
    """The test cases that these words select, as on the command line: ids, globs ('1.*', '!9.*') and paths
    of specs, wire logs and folders. Without words, a whole bundled suite: 'autobahn', 'rfc' or 'all', or an
    edition of it, as in 'rfc@2026.12'. Raises SourceError."""
    return files.chosen(words, keyword, thorough, suite=suite)


@checked
def judge(log: LogFile, profile: str = "autobahn") -> Judged:
    """The verdict on a log: by the case that it names, otherwise by the rules of the RFCs alone.

    Raises SourceError for a log without a WebSocket connection.
    """
    return flows.check(log, Profile(profile))


@checked
def run(
    url: str | None = None,
    cases: Sequence[Item] | None = None,
    *,
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
    host: str | None = None,
    ca: str | Path | None = None,
    insecure: bool = False,
    profile: str = "autobahn",
    seed: int | None = None,
    jobs: int | None = None,
    timeout: float = limits.CASE.default,
    on_result: OnResult = lambda result: None,
) -> RunResult:
    """Play test cases against a server and judge what comes back. Nothing is stored or printed.

    `url` is the URL of the server, or None for the built-in echo server. `cases` come from `select`; None
    is the whole suite 'autobahn', and cases for clients are left out. `headers`, a mapping or pairs, are
    added to the opening request, and `host` replaces its Host header. For wss://, `ca` is a file with the
    certificates to trust, and `insecure` accepts any certificate. `seed` fixes the masking keys, `jobs` is
    the number of concurrent connections, and `timeout` is the time allowed for each case in seconds, on
    top of the waits that the case itself asks for.

    A server that can't be reached is not an error: `RunResult.unreached` says why. Raises SourceError for
    an argument that can't be used.
    """
    address = _address(url, Tls(None if ca is None else Path(ca), insecure))
    lines = headers.items() if isinstance(headers, Mapping) else headers
    settings = Settings(
        target=Target(address),
        options=Options.asking(address.target if address else "/", host, lines),
        limits=Limits(case=int(timeout * SECOND)),
        profile=Profile(profile),
        jobs=jobs,
        seed=random.SystemRandom().randrange(10**6) if seed is None else seed,
        explained=True,
    )

    def watch(number: int, result: Fresh, final: bool) -> bool:
        if final:
            on_result(result)
        return not cancelled()

    items = files.playable(select() if cases is None else cases, Side.CLIENT)
    return flows.run(items, settings, watch)


run_async = awaitable(run)
"""`run` for a program with an event loop, which keeps running meanwhile: the run and its calls of
`on_result` take place in a thread. If the task is cancelled, the run ends with the next result."""


@checked
def to_json(result: CaseResult | RunResult) -> str:
    """A result as the line of JSON that `replay run --json` prints for it; see docs/json.md."""
    if isinstance(result, RunResult):
        return json_lines.run(result)
    return json_lines.case(None, result)


def _address(url: str | None, tls: Tls) -> Address | None:
    """Where the server listens; None: the built-in echo server. Raises SourceError."""
    try:
        parsed = None if url is None else parse_url(url)
    except ValueError as error:
        raise SourceError(None, f"url: {error}") from None
    if parsed is None or not parsed.secure:
        if tls != Tls():
            name = "insecure" if tls.ca is None else "ca"
            raise SourceError(None, f"{name}: expected only with a wss:// URL, found {url!r}")
    elif tls.ca is not None:
        try:
            tls.context()
        except SourceError as error:
            raise SourceError(None, f"ca: {error.message}") from None
    return None if parsed is None else Address.of(parsed, tls)
