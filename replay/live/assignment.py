"""What a connection is to play, and what the run has to know of whoever plays it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from replay import limits
from replay.live.transport import Address
from replay.play.endpoint import Endpoint
from replay.play.pace import Pace
from replay.trace.model import SECOND

QUIET = limits.QUIET.default * SECOND // 1000


@dataclass(frozen=True, slots=True)
class Phase:
    """Endpoints, by number, that may overlap: `busy` of them at once, and `room` with those that wait."""

    name: str
    numbers: tuple[int, ...] = (0,)
    busy: int = 1
    room: int = 1
    apart: bool = False  # in workers, where there are some


@dataclass(frozen=True, slots=True)
class Assignment:
    """All that is to be said of a connection before it begins."""

    number: int | None  # of the case; None: it is the canary's
    address: Address
    pace: Pace


class Speaker(Protocol):
    """An endpoint, here or in another process."""

    opened: bool
    done: bool
    moved: int  # when the last octets passed, in microseconds of the loop's clock

    @property
    def pending(self) -> bool:
        """Whether it has something to write."""


def busy(speaker: Speaker, now: int) -> bool:
    """Whether it isn't just waiting."""
    return not speaker.opened or speaker.pending or now - speaker.moved < QUIET


class Assigner(Protocol):
    """Who knows what is to be played, and wants to know how it went."""

    def part(self, phase: str, number: int, address: Address) -> Assignment:
        """What a phase's connection of this number plays; its turn has come."""

    def make(self, part: Assignment) -> Endpoint:
        """Who plays it. May be asked in another process."""

    def seen(self, part: Assignment, endpoint: Endpoint) -> Any:
        """What is to be known of it now that it has ended. Asked where it was played."""

    def done(self, phase: str, number: int, seen: Any, at: float) -> bool:
        """It has ended at `at`, in seconds since 1970; whether to go on."""
