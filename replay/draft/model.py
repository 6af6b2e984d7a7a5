"""What a spec is written from."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from replay.cases.said import Said


class Pause(Struct, frozen=True):
    """Time that passes before the next message is sent."""

    microseconds: int


class Run(Struct, frozen=True):
    """A message so many times in a row; None: at least once."""

    said: Said
    times: int | None


class AnyOrder(Struct, frozen=True):
    """Messages in any order; those of one strand come one after the other."""

    strands: tuple[tuple[Said | Run, ...], ...]


Expected: TypeAlias = Said | Run | AnyOrder


class Round(Struct, frozen=True):
    """What is sent, and what comes back before the next round."""

    sends: tuple[Said | Pause, ...]
    expects: tuple[Expected, ...]


class Closing(Struct, frozen=True):
    """How connections end."""

    by: str  # tester, testee, or either
    codes: tuple[int, ...]  # of the server's Close frames
    clean: bool  # the server always sent one


class Draft(Struct, frozen=True):
    """A conversation, as several sessions show it."""

    rounds: tuple[Round, ...]
    ignored: tuple[Said, ...]
    answers: tuple[tuple[Said, Said], ...]  # what comes at any time, and the answer
    patience: int  # seconds
    closing: Closing
    guesses: tuple[str, ...]  # what was guessed, and why, a sentence each
