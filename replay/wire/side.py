"""The two sides of a connection, absolute: never 'me' and 'peer'."""

from __future__ import annotations

from enum import Enum


class Side(Enum):
    """RFC 6455 §1.2: who sent the request (client) and who answered it (server)."""

    CLIENT = "client"
    SERVER = "server"

    @property
    def other(self) -> Side:
        return Side.SERVER if self is Side.CLIENT else Side.CLIENT
