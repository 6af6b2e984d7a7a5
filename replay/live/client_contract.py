"""The interface of serving clients: where they connect, what receives them, and how it went."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from msgspec import Struct, field

from replay import limits
from replay.live.assignment import Phase
from replay.live.secure import Secure
from replay.live.transport import Address
from replay.play.endpoint import Endpoint


class Door(Struct, frozen=True):
    """Where clients connect, and which clients replay starts. Times are in seconds."""

    host: str = "127.0.0.1"
    port: int = 0  # 0: a free one
    secure: Secure | None = None  # None: ws://
    command: str | None = None  # a driver, started once
    each: str | None = None  # a client, started for each case
    jobs: int = limits.EACH.default  # of these clients at once
    idle: float = limits.IDLE.default  # the driver is ended after this time without a connection
    coming: float = limits.COMING.default  # for a client to connect for its case


class Host(Protocol):
    """Receives clients."""

    @property
    def over(self) -> bool:
        """Whether a client has asked to end the server."""

    def listening(self, address: Address) -> None:
        """The server listens at this address, which clients that are started are given."""

    def visitor(self) -> Endpoint:
        """The first endpoint of a new connection."""

    def left(self, endpoint: Endpoint) -> int | None:
        """A connection has ended. Returns the number of its case, which then has to be judged, if any."""

    def judge(self, endpoint: Endpoint, at: float) -> None:
        """Judge a connection that ended at `at`, in seconds since 1970. Called for one after another, in a
        thread of its own, so that a judgement that takes long holds up nothing else."""

    def judged(self, endpoint: Endpoint) -> None:
        """The connection has been judged."""

    def plays(self, number: int) -> bool:
        """Whether this case is being played or judged."""

    def phases(self) -> Iterable[Phase]:
        """The cases for which clients are started, phase by phase."""

    def target(self, number: int) -> str:
        """The target that the client of this case has to request."""


class Served(Struct):
    """How it went."""

    address: Address
    seconds: float = 0.0
    interrupted: bool = False  # by ^C or SIGTERM
    fault: str | None = None  # what is wrong with a client that was started
    last_lines: tuple[str, ...] = ()  # of its output
    refused: str | None = None  # why some connections weren't accepted: no TLS, no descriptors
    missed: dict[int, str] = field(default_factory=dict)  # cases whose client didn't connect, and why
