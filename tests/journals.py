"""Journals of stored runs, taken apart and changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from replay.store import journal
from replay.store.journal import JournalRecord
from replay.store.reader import load


def records(folder: Path) -> list[JournalRecord]:
    found: list[JournalRecord] = []
    assert journal.read(folder / journal.NAME, found.append) is None
    assert all(record.whole for record in found)
    return found


def values(folder: Path, kind: str) -> list[dict[str, Any]]:
    """What the records of a kind say."""
    return [json.loads(record.value) for record in records(folder) if record.kind == kind]


def body(folder: Path, number: int) -> bytes:
    """The stored trace of a case, by its number from 1."""
    (found,) = (each.body for each in records(folder) if (each.kind, each.number) == ("case", number))
    return found.read()


def text(folder: Path, number: int) -> bytes:
    """The log of a case, by its number from 1."""
    log = load(folder).cases[number - 1].log
    assert log is not None
    return log.read()


def change(
    folder: Path,
    kind: str,
    number: int,
    value: Callable[[bytes], bytes] = lambda value: value,
    log: Callable[[bytes], bytes] = lambda log: log,
) -> None:
    """Write a journal in which a record says something else, with the right lengths and checksum."""
    said = b""
    for record in records(folder):
        octets = record.value, record.body.read()
        if (record.kind, record.number) == (kind, number):
            octets = value(octets[0]), log(octets[1])
        said += journal.record(record.kind, record.number, *octets)
    (folder / journal.NAME).write_bytes(journal.FIRST_LINE + said)


def says(folder: Path, kind: str, number: int, **fields: Any) -> None:
    """The same, with other fields."""
    change(folder, kind, number, lambda value: json.dumps({**json.loads(value), **fields}).encode())


def damage(folder: Path, number: int, found: bytes) -> None:
    """Turn over a bit of these octets in the record of a case."""
    path = folder / journal.NAME
    (start,) = (each.at for each in records(folder) if (each.kind, each.number) == ("case", number))
    octets = bytearray(path.read_bytes())
    octets[octets.index(found, start)] ^= 1
    path.write_bytes(octets)
