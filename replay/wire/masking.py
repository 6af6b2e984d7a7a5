"""Masking (RFC 6455 §5.3): XOR with a key of four octets."""

from __future__ import annotations

from functools import cache

_SHORT = 64


@cache
def _xor(key: int) -> bytes:
    """What each octet becomes under one octet of a key."""
    return bytes(octet ^ key for octet in range(256))


def mask(data: bytes, key: bytes, at: int = 0) -> bytes:
    """XOR `data` with the four octets of `key`; its first octet stands at offset `at` of the payload.

    Masking twice gives the data again. An empty key means unmasked: the data comes back as it is.
    """
    if not key or key == b"\0\0\0\0":
        return data
    key = key[at % 4 :] + key[: at % 4]
    if len(data) <= _SHORT:
        whole = int.from_bytes((key * (len(data) // 4 + 1))[: len(data)], "big")
        return (int.from_bytes(data, "big") ^ whole).to_bytes(len(data), "big")
    masked = bytearray(len(data))
    for i in range(4):
        masked[i::4] = data[i::4].translate(_xor(key[i]))
    return bytes(masked)
