"""Records connections as files: the logs of a proxy, and what is said when one is complete."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from replay.recording.exchange import Exchange, Log, Seen, State
from replay.recording.log_file import Folder, LogFile
from replay.trace.model import SECOND
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

    @property
    def opened(self) -> bool:
        return self.status == 101


class Recorder:
    """The connections to one server."""

    def __init__(self, folder: Folder, server: str, host: str | None, clock: Callable[[], str]) -> None:
        """`host`: the Host header that the server is to get instead of the client's. `clock` tells the time
        of day."""
        self.recorded: list[Recorded] = []
        self._folder, self._server, self._host, self._clock = folder, server, host, clock

    def exchange(self, over: Callable[[Seen], None]) -> Exchange:
        """For one TCP connection; `over` is called with each WebSocket connection that has ended."""
        return Exchange(self._host, self._begin, over)

    def _begin(self, request: Request) -> Log:
        headers = [
            ("via", f"replay {__version__}, a proxy; TX is the client, RX the server"),
            ("server", self._server),
            ("date", self._clock()),
        ]
        if self._host is not None:
            headers.append(("edited", "the Host header, which the server got as it is here"))
        return LogFile(self._folder, request.target, headers)

    def over(self, seen: Seen) -> Recorded:
        """What was recorded of a connection that has ended."""
        file = seen.log
        assert isinstance(file, LogFile)
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
        )
        self.recorded.append(recorded)
        return recorded
