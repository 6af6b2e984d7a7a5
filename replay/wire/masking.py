"""Masking (RFC 6455 §5.3): XOR with a key of four octets."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import module_from_spec

_SHORT = 64


@cache
def _xor(key: int) -> bytes:
    """A translation table that XORs each octet with one octet of a key."""
    return bytes(octet ^ key for octet in range(256))


def portable(data: bytes | memoryview, key: bytes) -> bytes:
    """XOR `data` with the four octets of `key`, in Python."""
    if len(data) <= _SHORT:
        whole = int.from_bytes((key * (len(data) // 4 + 1))[: len(data)], "big")
        return (int.from_bytes(data, "big") ^ whole).to_bytes(len(data), "big")
    masked = bytearray(len(data))
    for i in range(4):
        masked[i::4] = bytes(data[i::4]).translate(_xor(key[i]))
    return bytes(masked)


def compiled() -> Callable[[bytes | memoryview, bytes], bytes] | None:
    """The C routine of `websockets`, about twenty times as fast, if the extra `speed` is installed. It is
    loaded without the rest of the package, whose import would make replay start a tenth slower."""
    package = PathFinder.find_spec("websockets")
    found = PathFinder.find_spec("speedups", package.submodule_search_locations) if package else None
    if found is None or found.loader is None:
        return None
    module = module_from_spec(found)
    found.loader.exec_module(module)
    routine: Callable[[bytes | memoryview, bytes], bytes] = module.apply_mask
    return routine


apply = compiled() or portable


def mask(data: bytes | memoryview, key: bytes, at: int = 0) -> bytes:
    """XOR `data` with the four octets of `key`; `at` is the offset of its first octet in the payload.

    Masking twice gives the original data. An empty key means unmasked, and returns the data as it is.
    """
    if not key or not data or key == b"\0\0\0\0":
        return bytes(data)
    return apply(data, key[at % 4 :] + key[: at % 4] if at % 4 else key)
