"""Plays six parts against a server, the last three, first, in workers, and says which process made each.

`python -m tests.apart PORT [lost | fault | secret]`: a worker ends when it is to make number 4; a
player fails in it; what was seen there can't be told.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from replay.campaign.server import Settings, new_player
from replay.live.assignment import Assignment, Phase
from replay.live.servers import Target, play_all
from replay.live.transport import Address
from replay.play.endpoint import Endpoint
from replay.play.pace import FULL
from replay.suite.canary import CANARY
from replay.trace.model import Drop

HERE = os.getpid()


def say(words: str) -> None:
    os.write(1, f"{words}\n".encode())


class Parts:
    """Each is the canary's."""

    def __init__(self, what: str) -> None:
        self.what = what

    def part(self, phase: str, number: int, address: Address) -> Assignment:
        return Assignment(number, address, FULL)

    def make(self, part: Assignment) -> Endpoint:
        away = os.getpid() != HERE
        if away and self.what == "lost" and part.number == 4:
            os._exit(1)
        if away and self.what == "fault":
            raise ValueError("what is this?")
        say(f"{part.number} {'worker' if away else 'here'} {os.getpid()}")
        return new_player(CANARY, part.address, Settings(), part.pace)

    def seen(self, part: Assignment, endpoint: Endpoint) -> Any:
        if self.what == "secret":
            return lambda: None
        return endpoint.opened and isinstance(endpoint.trace().entries[-1], Drop)

    def done(self, phase: str, number: int, seen: bool, at: float) -> bool:
        say(f"{number} ended {seen}")
        return True


def main() -> None:
    port, what = int(sys.argv[1]), "".join(sys.argv[2:])
    phases = [Phase("apart", (3, 4, 5), 8, 8, apart=True), Phase("here", (0, 1, 2), 8, 8)]
    played = play_all(phases, Parts(what), Target(Address("127.0.0.1", port)), 5.0, most_workers=2)
    say(f"interrupted {played.interrupted}")


if __name__ == "__main__":
    main()
