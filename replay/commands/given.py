"""What `run` and `serve` were asked for: a value for each option of the table, from the command line, a
config or its default."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from replay.campaign.outputs import STDOUT, WantedReport
from replay.captures.model import Wanted
from replay.cases.declared import Declared, limits_in
from replay.commands.options import HeaderLine
from replay.play.endpoint import Limits
from replay.source import SourceError
from replay.trace.model import SECOND
from replay.wire.side import Side
from replay.wire.url import WebSocketUrl

if TYPE_CHECKING:
    from replay.expected.file import Listing
    from replay.play.actions import Chop


def wanted(connection: int | None, as_: str | None, keylog: Path | None) -> Wanted:
    """What the options of that name say about recordings."""
    from replay.live.tools import lines_of

    return Wanted(connection, None if as_ is None else Side(as_), keylog, lines_of)


class PlayOptions(Struct, frozen=True, kw_only=True):
    """The options of both commands."""

    cases: tuple[str, ...]
    keyword: str | None
    suite: str
    connection: int | None
    as_: str | None
    keylog: Path | None
    chop: Chop
    answer_pings: bool
    reencode: bool
    profile: str
    thorough: bool
    limit: tuple[str, ...]
    timeout: float  # seconds
    strict: bool
    expected: Path | Listing | None
    report: tuple[WantedReport, ...]
    json: bool
    out: Path | None
    verbose: bool
    quiet: bool

    @property
    def limits(self) -> Limits:
        return Limits(case=int(self.timeout * SECOND))

    @property
    def wanted(self) -> Wanted:
        """What is said about recordings."""
        return wanted(self.connection, self.as_, self.keylog)

    @property
    def declared(self) -> Declared:
        """What the testee promises to take at most. Raises SourceError."""
        try:
            return limits_in(self.limit)
        except ValueError as error:
            raise SourceError(None, f"--limit {error}", about="limit") from None

    @property
    def reports(self) -> Sequence[WantedReport]:
        """All reports that are to be written, including that of --json."""
        return [*self.report, WantedReport("json", STDOUT)] if self.json else self.report


class RunOptions(PlayOptions, frozen=True, kw_only=True):
    url: WebSocketUrl | None
    exec: str | None
    header: tuple[HeaderLine, ...]
    host: str | None
    origin: str | None
    subprotocol: tuple[str, ...]
    ca: Path | None
    insecure: bool
    cert: Path | None
    key: Path | None
    sni: str | None
    connect_timeout: float  # seconds
    start_timeout: float  # seconds
    agent: str
    jobs: int | None
    patience: Literal["auto", "full"]
    canary: Literal["auto", "never"]
    seed: int | None
    exitfirst: bool
    max_failures: int | None
    update_expected: bool
    update_specs: bool
    ask: bool
    open: bool

    @property
    def most_failures(self) -> int | None:
        """After how many failures the run stops; None if it doesn't."""
        return 1 if self.exitfirst else self.max_failures


class ServeOptions(PlayOptions, frozen=True, kw_only=True):
    host: str
    port: int
    tls: bool
    cert: Path | None
    key: Path | None
    exec: str | None
    each: str | None
    demo: bool
    agent: str
    jobs: int
    start_timeout: float  # seconds
    idle: float  # seconds

    @property
    def secure(self) -> bool:
        """Whether wss:// is served."""
        return self.tls or self.cert is not None
