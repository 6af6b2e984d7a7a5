"""The functions of the public interface; `replay` lists all of its names."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from replay import flows, limits
from replay.campaign.server import Settings
from replay.cases.model import Profile
from replay.live.awaited import awaitable, cancelled
from replay.live.servers import Target
from replay.live.tls import Tls
from replay.live.transport import Address
from replay.play.actions import Options
from replay.play.endpoint import Limits
from replay.report import json_lines
from replay.source import Source, SourceError
from replay.suite.files import Item, LogFile, chosen, log_of
from replay.trace.model import SECOND
from replay.verdict.result import CaseResult, Fresh, Judged, RunResult
from replay.wire.url import parse_url

OnResult = Callable[[CaseResult], None]
"""Called with the result of each test case as soon as it is known."""


def parse_log(text: str, name: str = "log") -> LogFile:
    """The wire log in a text; messages refer to it as `name`. Raises SourceError."""
    return log_of(name, Source(name, text))


def select(*words: str, keyword: str | None = None, thorough: bool = False) -> list[Item]:
    """The test cases that these words select, as on the command line: ids, globs ('1.*', '!9.*') and paths
    of specs, wire logs and folders. Without words, the whole bundled suite. Raises SourceError."""
    return chosen(words, keyword, thorough)


def judge(log: LogFile, profile: str = "autobahn") -> Judged:
    """The verdict on a log: by the case that it names, otherwise by the rules of the RFCs alone.

    Raises SourceError for a log without a WebSocket connection, and for an unknown profile.
    """
    return flows.check(log, _profile(profile))


def run(
    url: str | None = None,
    cases: Sequence[Item] | None = None,
    *,
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
    host: str | None = None,
    ca: Path | None = None,
    insecure: bool = False,
    profile: str = "autobahn",
    seed: int | None = None,
    jobs: int | None = None,
    timeout: float = limits.CASE.default,
    on_result: OnResult = lambda result: None,
) -> RunResult:
    """Play test cases against a server and judge what comes back. Nothing is stored or printed.

    `url` is the URL of the server, or None for the built-in echo server. `cases` come from `select`; None
    is the whole bundled suite. `headers` are added to the opening request, and `host` replaces its Host
    header. For wss://, `ca` is a file with the certificates to trust, and `insecure` accepts any
    certificate. `seed` fixes the masking keys, `jobs` is the number of concurrent connections, and
    `timeout` is the time allowed for each case in seconds, on top of the waits that the case itself asks
    for.

    A server that can't be reached is not an error: `RunResult.unreached` says why. Raises SourceError for a
    URL, a profile or a file that can't be used.
    """
    address = None if url is None else _address(url, Tls(ca, insecure))
    lines = headers.items() if isinstance(headers, Mapping) else headers
    settings = Settings(
        target=Target(address),
        options=Options.asking(address.target if address else "/", host, lines),
        limits=Limits(case=int(timeout * SECOND)),
        profile=_profile(profile),
        jobs=jobs,
        seed=random.SystemRandom().randrange(10**6) if seed is None else seed,
        explained=True,
    )

    def watch(number: int, result: Fresh, final: bool) -> bool:
        if final:
            on_result(result)
        return not cancelled()

    return flows.run(select() if cases is None else cases, settings, watch)


run_async = awaitable(run)
"""`run` for a program with an event loop, which keeps running meanwhile: the run and its calls of
`on_result` take place in a thread. If the task is cancelled, the run ends with the next result."""


def to_json(result: CaseResult | RunResult) -> str:
    """A result as the line of JSON that `replay run --json` prints for it; see docs/json.md."""
    if isinstance(result, RunResult):
        return json_lines.run(result)
    return json_lines.case(None, result)


def _address(url: str, tls: Tls) -> Address:
    try:
        return Address.of(parse_url(url), tls)
    except ValueError as error:
        raise SourceError(None, str(error)) from None


def _profile(name: str) -> Profile:
    try:
        return Profile(name)
    except ValueError:
        known = ", ".join(each.value for each in Profile)
        raise SourceError(None, f"unknown profile {name!r}", f"the profiles are {known}") from None
