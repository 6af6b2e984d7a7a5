"""The types of the records of a stored run, which are written and read as JSON."""

from __future__ import annotations

import json
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import Struct

from replay.cases.declared import NOTHING_DECLARED, Declared
from replay.cases.model import Profile
from replay.wire.side import Side

R = TypeVar("R")

State = Literal["running", "complete", "stopped", "interrupted", "unreached"]


class PlannedCase(Struct, frozen=True, omit_defaults=True):
    """A case that was to be run, and what it is judged by: the case of the suite with its id, the case of a
    stored spec with its id, or a stored log."""

    id: str
    title: str
    of: Literal["suite", "spec", "log"]
    source: int | None = None  # the number of the spec or log, counted from 0
    own: bool = False  # whether it is a log that is its own expectation; otherwise the case it names is

    def __post_init__(self) -> None:
        if (self.source is None) is not (self.of == "suite"):
            raise ValueError(
                "expected 'source' to be the number of a source, unless the case is from the suite"
            )


class RunSource(Struct, frozen=True, omit_defaults=True):
    """A user's spec or log, and the files that it names."""

    name: str  # as the user knows it
    file: int  # the number of the record with its octets
    files: dict[str, int] = {}


class RunRecord(Struct, frozen=True, omit_defaults=True):
    """What is known about a run before its first case, in a record of the kind `run`. Records of the kind
    `file` follow, which contain the sources."""

    replay: str  # the version that wrote it
    suite: str | None  # the editions of the bundled cases, as in 'rfc@2026.12'
    tester: Side
    address: str
    seed: int | None
    limits: dict[str, int]  # times in microseconds, and bounds
    profile: Profile
    thorough: bool
    cases: tuple[PlannedCase, ...]
    sources: tuple[RunSource, ...]
    declared: Declared = NOTHING_DECLARED  # the limits that the testee promises to keep

    def __post_init__(self) -> None:
        check_sources(self.cases, len(self.sources))


class RunCounts(Struct, frozen=True):
    planned: int
    judged: int
    failed: int
    behaviour: dict[str, int]
    closing: dict[str, int]


class EndRecord(Struct, frozen=True):
    """How a run ended, in a record of the kind `end`."""

    state: State
    address: str
    agent: str | None
    duration: float  # seconds
    unreached: str | None  # why the testee could not be reached
    died_on: tuple[str, ...]  # ids of the cases that were running when it died
    counts: RunCounts
    memory: int | None = None  # octets that the largest process of the testee had


def check_sources(cases: tuple[PlannedCase, ...], count: int) -> None:
    """Raises ValueError."""
    for number, case in enumerate(cases, 1):
        if case.source is not None and not 0 <= case.source < count:
            raise ValueError(f"case {number}: expected 'source' to be the number of a source")


def encode(value: Any) -> bytes:
    """A line of JSON."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:  # it contains a file name that isn't UTF-8
        return json.dumps(msgspec.to_builtins(value)).encode()


def decode(octets: bytes, of: type[R]) -> R:
    """The value of a JSON text. Raises ValueError with a message that says what is wrong."""
    try:
        return msgspec.json.decode(octets, type=of)
    except msgspec.ValidationError as error:
        raise ValueError(_plain(error)) from None
    except (msgspec.DecodeError, RecursionError):
        pass
    try:
        return msgspec.convert(json.loads(octets), of)
    except msgspec.ValidationError as error:
        raise ValueError(_plain(error)) from None
    except (ValueError, RecursionError):
        raise ValueError("this is not JSON") from None


def _plain(error: Exception) -> str:
    """'Expected `str`, got `int` - at `$.id`' -> 'id: expected str, got int'."""
    said, _, place = str(error).replace("`", "").partition(" - at $")
    said = said[:1].lower() + said[1:]
    return f"{place.removeprefix('.')}: {said}" if place else said
