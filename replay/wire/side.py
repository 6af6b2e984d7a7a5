"""The two sides of a connection, absolute: never 'me' and 'peer'."""

from __future__ import annotations

from enum import Enum
from functools import cached_property


class Side(Enum):
    """RFC 6455 §1.2: who sent the request (client) and who answered it (server)."""

    CLIENT = "client"
    SERVER = "server"

    __hash__ = object.__hash__  # a member is one object; Enum's own would hash its name, in Python

    @cached_property
    def other(self) -> Side:
        return Side.SERVER if self is Side.CLIENT else Side.CLIENT
