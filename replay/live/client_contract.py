"""What a server of clients is told and tells: where they come in, who receives them, how it went."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from replay import limits
from replay.live.assignment import Phase
from replay.live.secure import Secure
from replay.live.transport import Address
from replay.play.endpoint import Endpoint


@dataclass(frozen=True, slots=True)
class Door:
    """Where clients come in, and which of them replay starts. Times are in seconds."""

    host: str = "127.0.0.1"
    port: int = 0  # 0: a free one
    secure: Secure | None = None  # None: ws://
    command: str | None = None  # a driver
    each: str | None = None  # a client, once a case
    jobs: int = limits.EACH.default  # of those at once
    idle: float = limits.IDLE.default  # without a connection, and the driver is done
    coming: float = limits.COMING.default  # for a client to come for its case


class Host(Protocol):
    """Who receives clients."""

    @property
    def over(self) -> bool:
        """Whether a client has asked for the end."""

    def listening(self, address: Address) -> None:
        """It begins; clients that are started know this address."""

    def visitor(self) -> Endpoint:
        """Who speaks first on a new connection."""

    def left(self, endpoint: Endpoint) -> int | None:
        """A connection has ended; the number of the case that it was, which is then to be judged."""

    def judge(self, endpoint: Endpoint, at: float) -> None:
        """Do so: it ended at `at`, in seconds since 1970. Called one after the other, but in a thread of
        their own, since it may take a while and nobody is to wait for it."""

    def judged(self, endpoint: Endpoint) -> None:
        """That is done."""

    def plays(self, number: int) -> bool:
        """Whether this case is under way, or is being judged."""

    def phases(self) -> Iterable[Phase]:
        """The cases for which clients are started, one phase after the other."""

    def target(self, number: int) -> str:
        """What such a client asks for."""


@dataclass(slots=True)
class Served:
    """How it went."""

    address: Address
    seconds: float = 0.0
    interrupted: bool = False  # by ^C or SIGTERM
    fault: str | None = None  # what is wrong with a client that was started
    last_lines: tuple[str, ...] = ()  # of its output
    refused: str | None = None  # why some were not let in: no TLS, no descriptors
    missed: dict[int, str] = field(default_factory=dict)  # cases for which nobody came, and why
