"""Plays a recorded session several times against a server, one time after the other."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import partial

from msgspec import Struct

from replay import limits
from replay.cases.connect import Connect
from replay.cases.language import Language
from replay.draft.part import Part
from replay.draft.rehearsal import Rehearsal
from replay.live.assignment import Assignment, Phase
from replay.live.servers import Played, Target, play_all
from replay.live.transport import Address, moment
from replay.play.actions import Options, addressed, reaching, request
from replay.play.endpoint import Endpoint, Limits
from replay.play.pace import FULL
from replay.trace.model import Trace, Unreached
from replay.values.kinds import Maker
from replay.wire.handshake import nonce


class Rehearsed(Struct, frozen=True):
    """The sessions, and how it went."""

    traces: tuple[Trace, ...]
    played: Played
    unreached: str | None = None


class Rehearsals:
    """What is played on each connection: an `Assigner`."""

    def __init__(
        self,
        part: Part,
        read: Language,
        options: Options,
        lingers: Sequence[int],
        seed: int,
    ) -> None:
        self.traces: list[Trace] = []
        self.unreached: str | None = None
        self._part, self._read, self._options = part, read, options
        self._lingers, self._seed = lingers, seed

    def part(self, phase: str, number: int, address: Address) -> Assignment:
        return Assignment(number, address, FULL)

    def make(self, part: Assignment) -> Endpoint:
        number = part.number or 0
        chance = random.Random(f"{self._seed}:{number}")
        options = addressed(self._options, part.address.authority)
        return Rehearsal(
            self._part,
            self._read,
            request(options, nonce(chance.randbytes(16))),
            Limits(),
            partial(chance.randbytes, 4),
            Maker(chance, moment()),
            self._lingers[number],
        )

    def seen(self, part: Assignment, endpoint: Endpoint) -> Trace:
        return endpoint.trace()

    def done(self, phase: str, number: int, seen: Trace, at: float) -> bool:
        self.unreached = next(
            (entry.reason for entry in seen.entries if isinstance(entry, Unreached)), None
        )
        if self.unreached is None:
            self.traces.append(seen)
        return self.unreached is None


def rehearse(
    part: Part,
    read: Language,
    options: Options,
    connect: Connect,
    target: Target,
    lingers: Sequence[int],
    seed: int = 0,
    fresh: bool = False,
) -> Rehearsed:
    """Play the client's part once for each of `lingers`, the microseconds that pass behind each stage.

    `fresh`: each time on a server that is started anew.
    """
    playing = Rehearsals(part, read, reaching(options, connect), lingers, seed)
    phases = [Phase("rehearsal", (number,), fresh=fresh) for number in range(len(lingers))]
    played = play_all(phases, playing, target, limits.CONNECT.default)
    return Rehearsed(tuple(playing.traces), played, played.fault or playing.unreached)
