"""Records connections as files: the logs of a proxy, and what is said when one is complete."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from replay.recording.exchange import Exchange, Log, Seen, State
from replay.recording.hidden import Hidden
from replay.recording.log_file import Folder, LogFile
from replay.recording.redaction import ANEW, Redactor, said
from replay.trace.model import REDACTED, SECOND
from replay.version import __version__
from replay.wire.handshake import Request


class Recorded(Struct, frozen=True):
    """A connection that has been recorded."""

    target: str
    status: int | None  # of the response; None: there was none
    messages: int
    octets: int
    seconds: float
    file: Path | None  # None: not even its first entry could be written
    fault: str | None  # why entries are missing
    size: int  # octets of the file
    host: str  # the Host header that the server got
    notes: tuple[str, ...]  # on what was hidden

    @property
    def opened(self) -> bool:
        return self.status == 101


class Wanted(Struct, frozen=True):
    """How connections are to be recorded."""

    folder: Folder
    clock: Callable[[], str]  # tells the time of day
    host: str | None = None  # the Host header that the server is to get instead of the client's
    hidden: Hidden | None = None  # what is to be hidden
    compressed: str = ANEW  # what becomes of compressed messages with something to hide: one of WAYS


class Tally(Struct):
    """What was recorded in all."""

    connections: int = 0
    logs: int = 0
    incomplete: int = 0  # connections of which entries are missing


class _Open(Struct):
    file: LogFile
    notes: tuple[str, ...] = ()


class Recorder:
    """The connections to one server."""

    def __init__(self, wanted: Wanted, server: str) -> None:
        self.tally = Tally()
        self._wanted, self._server = wanted, server
        self._logs: dict[Log, _Open] = {}

    def exchange(self, over: Callable[[Seen], None]) -> Exchange:
        """For one TCP connection; `over` is called with each WebSocket connection that has ended."""
        return Exchange(self._wanted.host, self._begin, over)

    def _begin(self, request: Request) -> Log:
        wanted = self._wanted
        headers = [
            ("via", f"replay {__version__}, a proxy; TX is the client, RX the server"),
            ("server", self._server),
            ("date", self._wanted.clock()),
        ]
        if wanted.host is not None:
            headers.append(("edited", "the Host header, which the server got as it is here"))
        if wanted.hidden is not None:
            headers.append((REDACTED, wanted.hidden.said))
        file = LogFile(wanted.folder, request.target, headers)
        if wanted.hidden is None:
            self._logs[file] = _Open(file)
            return file
        log = Redactor(wanted.hidden, wanted.compressed, file, lambda counts: self._note(log, counts))
        self._logs[log] = _Open(file)
        return log

    def _note(self, log: Log, counts: Counter[str]) -> None:
        found = self._logs[log]
        found.notes = said(counts)
        for note in found.notes:
            found.file.note(f"{REDACTED}-messages", note)

    def over(self, seen: Seen) -> Recorded:
        """What was recorded of a connection that has ended."""
        found = self._logs.pop(seen.log)
        file = found.file
        recorded = Recorded(
            target=seen.target,
            status=seen.status if seen.state is not State.ASKED else None,
            messages=seen.messages,
            octets=seen.octets,
            seconds=(seen.moved - seen.began) / SECOND,
            file=file.path,
            fault=file.fault,
            size=file.size,
            host=seen.host,
            notes=found.notes,
        )
        self.tally.connections += 1
        self.tally.logs += file.path is not None
        self.tally.incomplete += file.fault is not None
        return recorded
