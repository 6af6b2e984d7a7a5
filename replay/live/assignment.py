"""What a connection has to play, and what the run needs to know about the endpoint that plays it."""

from __future__ import annotations

from typing import Any, Protocol

from msgspec import Struct

from replay import limits
from replay.live.transport import Address
from replay.play.endpoint import Endpoint
from replay.play.pace import Pace
from replay.trace.model import SECOND

QUIET = limits.QUIET.default * SECOND // 1000


class Phase(Struct, frozen=True):
    """Connections, by number, that may overlap."""

    name: str
    numbers: tuple[int, ...] = (0,)
    busy: int = 1  # connections that may be busy at once
    room: int = 1  # connections that may be open at once, including those that only wait
    apart: bool = False  # in workers, if there are any
    fresh: bool = False  # on a server that replay starts anew for it


class Assignment(Struct, frozen=True):
    """All that has to be known about a connection before it begins."""

    number: int | None  # of the case; None: it is the canary's
    address: Address
    pace: Pace


class Speaker(Protocol):
    """An endpoint, in this process or in another one."""

    accepted: bool  # the peer has room for the connection
    done: bool
    moved: int  # when octets were last sent or received, in microseconds of the loop's clock

    @property
    def pending(self) -> bool:
        """Whether it has something to write."""


def busy(speaker: Speaker, now: int) -> bool:
    """Whether it is doing more than waiting."""
    return not speaker.accepted or speaker.pending or now - speaker.moved < QUIET


class Assigner(Protocol):
    """Says what is played on each connection, and takes the results."""

    def part(self, phase: str, number: int, address: Address) -> Assignment:
        """The assignment of this connection of a phase, which is about to begin."""

    def make(self, part: Assignment) -> Endpoint:
        """The endpoint that plays it. May be called in another process."""

    def seen(self, part: Assignment, endpoint: Endpoint) -> Any:
        """The result of a connection that has ended. Called in the process in which it was played."""

    def done(self, phase: str, number: int, seen: Any, at: float) -> bool:
        """Take a result; `at` is when the connection ended, in seconds since 1970. Returns whether to go
        on."""
