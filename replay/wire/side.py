"""The two sides of a connection, as client and server: never as 'me' and 'peer'."""

from __future__ import annotations

from enum import Enum
from functools import cached_property


class Side(Enum):
    """RFC 6455 §1.2: the client sent the request, the server answered it."""

    CLIENT = "client"
    SERVER = "server"

    __hash__ = object.__hash__  # members are singletons; Enum's own __hash__ is slow Python code

    @cached_property
    def other(self) -> Side:
        return Side.SERVER if self is Side.CLIENT else Side.CLIENT
