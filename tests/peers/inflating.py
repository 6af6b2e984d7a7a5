"""permessage-deflate for a peer of either side (RFC 7692): the terms of a connection and its contexts."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

TAIL = b"\0\0\xff\xff"
"""What a flush ends in, and a message leaves out (§7.2.1)."""

Parameter = tuple[str, str | None]
Extension = tuple[str, list[Parameter]]

TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_PARAMETER = re.compile(rf'({TOKEN.pattern})[ \t]*(?:=[ \t]*(?:({TOKEN.pattern})|"((?:[^"\\]|\\.)*)"))?')
BITS = [str(bits) for bits in range(8, 16)]
FLAGS = ("server_no_context_takeover", "client_no_context_takeover")


class Garbled(Exception):
    """The data of a message can't be inflated."""


class TooLarge(Exception):
    """A message inflates to more than is taken."""


@dataclass(frozen=True)
class Terms:
    """How both sides compress."""

    server_fresh: bool = False  # no context is taken over
    client_fresh: bool = False
    server_window: int = 15
    client_window: int = 15
    named: tuple[str, ...] = ()  # parameters with a value that the answer has to have, or may have

    def parameters(self) -> Iterator[Parameter]:
        if self.server_fresh:
            yield "server_no_context_takeover", None
        if self.client_fresh:
            yield "client_no_context_takeover", None
        if self.server_window < 15 or "server_max_window_bits" in self.named:
            yield "server_max_window_bits", str(self.server_window)
        if self.client_window < 15:
            yield "client_max_window_bits", str(self.client_window)


def extensions(values: list[str]) -> list[Extension] | None:
    """The elements of these Sec-WebSocket-Extensions headers; None: they break the grammar (§9.1)."""
    listed = []
    for element in _split(",".join(values), ","):
        name, *parts = (part.strip(" \t") for part in _split(element, ";"))
        if not name and not parts:
            continue  # an empty element of a list (RFC 9110 §5.6.1)
        found = [_PARAMETER.fullmatch(part) for part in parts]
        if not TOKEN.fullmatch(name) or None in found:
            return None
        parameters = [(one[1], _value(one)) for one in found if one]
        if any(value is not None and not TOKEN.fullmatch(value) for _, value in parameters):
            return None
        listed.append((name, parameters))
    return listed or None


def _split(text: str, at: str) -> list[str]:
    """The parts between these characters, but for those inside of quotes."""
    return re.findall(rf'((?:[^{at}"]|"(?:[^"\\]|\\.)*"|")*)(?:{at}|$)', text)[: 1 + _count(text, at)]


def _count(text: str, at: str) -> int:
    return re.sub(r'"(?:[^"\\]|\\.)*"', "", text).count(at)


def _value(found: re.Match[str]) -> str | None:
    return found[2] if found[3] is None else re.sub(r"\\(.)", r"\1", found[3])


def is_valid(parameters: list[Parameter], *, answer: bool) -> bool:
    """Whether each parameter is defined, there at most once, and has a valid value (§7.1)."""
    for name, value in parameters:
        bare = (None,) if name in FLAGS or (name == "client_max_window_bits" and not answer) else ()
        bits = BITS if name.endswith("_max_window_bits") and name[:7] in ("server_", "client_") else ()
        if value not in (*bare, *bits):
            return False
    return len({name for name, _ in parameters}) == len(parameters)


def terms_of(parameters: list[Parameter]) -> Terms:
    """What valid parameters ask for, or agree on."""
    values = dict(parameters)
    return Terms(
        "server_no_context_takeover" in values,
        "client_no_context_takeover" in values,
        int(values.get("server_max_window_bits") or 15),
        int(values.get("client_max_window_bits") or 15),
        tuple(values),
    )


@dataclass(frozen=True)
class Packing:
    """How messages are compressed. The defaults keep every rule."""

    level: int = 6
    final: bool = False  # the last block of a message says that it is the last
    full: bool = False  # messages are flushed by Z_FULL_FLUSH
    finished: Callable[[bytes], bytes] = lambda packed: packed
    probes: bool = True  # whether a message has to end at the end of a block
    refuses: Callable[[bytes], bool] = lambda payload: False  # what could be inflated
    stops: bool = False  # at the first block that says that it is the last
    plain: Literal["kept", "reset", "fed"] = "kept"  # the context, by messages that aren't compressed


class Deflate:
    """Both contexts of a connection, as one side sees them."""

    def __init__(self, terms: Terms, packing: Packing, most: int, *, server: bool) -> None:
        self._packing, self._most = packing, most
        own, other = (terms.client_window, terms.client_fresh), (terms.server_window, terms.server_fresh)
        if server:
            own, other = other, own
        self._own_window, self._own_fresh = own
        self._window, self._fresh = other
        self._inflater = self._new_inflater()
        self._deflater = self._new_deflater()
        self._received = b""

    def _new_inflater(self, before: bytes = b"") -> zlib._Decompress:
        return zlib.decompressobj(-_window(self._window), before)

    def _new_deflater(self) -> zlib._Compress:
        # zlib has no window of 8 bits, but stored blocks refer to none.
        level = 0 if self._own_window == 8 else self._packing.level
        return zlib.compressobj(level, zlib.DEFLATED, -_window(self._own_window))

    def inflate(self, payload: bytes) -> bytes:
        if self._fresh:
            self._inflater, self._received = self._new_inflater(), b""
        if self._packing.refuses(payload):
            raise Garbled
        message, rest = b"", payload + TAIL
        try:
            while rest:
                message += self._inflater.decompress(rest, self._most + 1 - len(message))
                if len(message) > self._most:
                    raise TooLarge
                rest = self._inflater.unused_data or self._inflater.unconsumed_tail
                if self._inflater.eof:  # what follows may still refer to what was before
                    before = (self._received + message)[-(2**self._window) :]
                    self._inflater = self._new_inflater(before)
                    rest = b"" if self._packing.stops else rest
            if self._packing.probes:
                probe = self._inflater.copy()
                if probe.decompress(b"\1" + TAIL) or not probe.eof:
                    raise Garbled
        except zlib.error:
            raise Garbled from None
        self._received = (self._received + message)[-(2**15) :]
        return message

    def pass_over(self, message: bytes) -> None:
        """A message came that isn't compressed."""
        if self._packing.plain == "reset":
            self._received = b""
        elif self._packing.plain == "fed":
            self._received = (self._received + message)[-(2**15) :]
        if self._packing.plain != "kept":
            self._inflater = self._new_inflater(self._received)

    def deflate(self, message: bytes) -> bytes:
        if self._own_fresh or self._packing.final:
            self._deflater = self._new_deflater()
        packed = self._deflater.compress(message)
        if self._packing.final:
            packed += self._deflater.flush() + b"\0"
        else:
            flush = zlib.Z_FULL_FLUSH if self._packing.full else zlib.Z_SYNC_FLUSH
            packed = (packed + self._deflater.flush(flush)).removesuffix(TAIL) or b"\0"
        return self._packing.finished(packed)


def met(parameters: list[Parameter]) -> Terms:
    """The terms by which a server meets an offer: as it asks, and no more."""
    return replace(terms_of(parameters), client_window=15)


def _window(bits: int) -> int:
    """The nearest window that zlib has."""
    return min(max(bits, 9), 15)
