"""MessagePack in binary messages, by the library msgpack.

JSON has no words for two of its values, which are objects with one key here: a map whose keys aren't all
texts is {map: [[key, value], …]}, and an extension type {ext: [type, octets]}.
"""

from __future__ import annotations

from typing import Any

import msgpack  # type: ignore[import-untyped,import-not-found,unused-ignore]

from replay.values.equal import MAX_DEPTH, too_deep
from replay.values.shape import Value
from replay.values.view import View


def _decode(text: bool, octets: bytes) -> Value:
    if text:
        raise ValueError("is a text message, not a binary one")
    try:
        found = msgpack.unpackb(octets, strict_map_key=False, object_pairs_hook=_map, ext_hook=_ext)
    except msgpack.ExtraData as error:
        raise ValueError(f"has {len(error.extra)} octets after its MessagePack") from None
    except (ValueError, RecursionError) as error:
        said = str(error) or "nested too deep"
        raise ValueError(f"isn't MessagePack: {said[:1].lower()}{said[1:].rstrip('.')}") from None
    if too_deep(found):
        raise ValueError(f"is MessagePack that is nested deeper than {MAX_DEPTH} levels")
    return _plain(found)


def _map(pairs: list[tuple[Any, Any]]) -> Value:
    if not all(isinstance(key, str) for key, _ in pairs):
        return {"map": [[key, value] for key, value in pairs]}
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a map has the same key twice")
    return found


def _ext(code: int, data: bytes) -> Value:
    return {"ext": [code, data]}


def _plain(found: Any) -> Value:
    """The value with the library's own type for a timestamp, extension type -1, as any other extension."""
    if isinstance(found, dict):
        return {key: _plain(value) for key, value in found.items()}
    if isinstance(found, list):
        return [_plain(value) for value in found]
    return _ext(-1, found.to_bytes()) if isinstance(found, msgpack.Timestamp) else found


def _encode(value: Value) -> tuple[bool, bytes]:
    if too_deep(value):
        raise ValueError(f"is nested deeper than {MAX_DEPTH} levels")
    packer = msgpack.Packer(autoreset=False)
    try:
        _pack(packer, value)
    except OverflowError:
        raise ValueError(
            "has a whole number of more than 64 bits, which MessagePack can't express"
        ) from None
    except UnicodeEncodeError:
        raise ValueError("has a text with a lone surrogate, which MessagePack can't express") from None
    return False, packer.bytes()


def _pack(packer: Any, value: Value) -> None:
    match value:
        case {"ext": [int(code), bytes(data)], **others} if not others and -128 <= code <= 127:
            packer.pack_ext_type(code, data)
        case {"map": list(pairs), **others} if not others and all(map(_is_pair, pairs)):
            packer.pack_map_header(len(pairs))
            for pair in pairs:
                for part in pair if isinstance(pair, list) else ():
                    _pack(packer, part)
        case dict():
            packer.pack_map_header(len(value))
            for key, part in value.items():
                packer.pack(key)
                _pack(packer, part)
        case list():
            packer.pack_array_header(len(value))
            for part in value:
                _pack(packer, part)
        case _:
            packer.pack(value)


def _is_pair(value: Value) -> bool:
    return isinstance(value, list) and len(value) == 2


VIEW = View("msgpack", _decode, _encode)
