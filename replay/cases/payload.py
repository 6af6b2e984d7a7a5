"""The payload of a frame or a message. Its octets are made only when they are needed."""

from __future__ import annotations

from functools import lru_cache
from typing import AnyStr

from msgspec import Struct

from replay import limits

_AT_ONCE = 2**12
_LARGE = 2**16


class Payload(Struct, frozen=True):
    """`unit`, repeated or cut to `size` octets.

    With `next`, it is a different slice of `unit` in each round of a `Repeat`: the one of `round`, if that
    is set.
    """

    unit: bytes = b""
    size: int | None = None
    next: int | None = None  # the size of a round's slice in octets, or in code points of a text
    round: int | None = None
    text: bool = False  # whether slices are counted in code points

    def __len__(self) -> int:
        if self.round is not None and self.text:
            return len(self.octets)
        return next(size for size in (self.size, self.next, len(self.unit)) if size is not None)

    @property
    def octets(self) -> bytes:
        if self.next is not None and self.round is not None:
            at = self.round * self.next
            return (
                _slice(_text(self.unit), at, self.next).encode()
                if self.text
                else _slice(self.unit, at, self.next)
            )
        if self.size is None:
            return self.unit
        if not self.size:
            return b""
        some = self._some
        times, rest = divmod(self.size, len(some))
        return b"".join([some] * times + [some[:rest]])

    @property
    def _some(self) -> bytes:
        """Its unit several times, so that a large payload is put together or compared in few steps."""
        return self.unit * (_AT_ONCE // len(self.unit) + 1)

    def equals(self, octets: bytes) -> bool:
        """Whether these are its octets. Those of a large payload aren't put together for that."""
        size = self.size or 0
        if size < _LARGE or self.next is not None or len(octets) != size:
            return self.octets == octets
        some = self._some
        rest = size % len(some)
        steps = range(0, size - rest, len(some))
        return octets.endswith(some[:rest]) and all(octets.startswith(some, at) for at in steps)

    def of_round(self, number: int, text: bool) -> Payload:
        """What is sent in round `number`, counted from 0: the slice after that of the previous round,
        starting again from the beginning after the end."""
        return self if self.next is None else Payload(self.unit, self.size, self.next, number, text)


@lru_cache(maxsize=limits.DIGESTS.default)
def digest(payload: Payload) -> tuple[int, str]:
    """Length and SHA-256 of a payload, kept because many cases send the same one."""
    import hashlib

    octets = payload.octets
    return len(octets), hashlib.sha256(octets).hexdigest()


def _slice(whole: AnyStr, at: int, size: int) -> AnyStr:
    start = at % len(whole)
    part = whole[start : start + size]
    return part if len(part) == size else part + whole[: size - len(part)]


@lru_cache(maxsize=8)
def _text(unit: bytes) -> str:
    return unit.decode()


NOTHING = Payload()
