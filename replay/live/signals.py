"""Makes SIGTERM and SIGHUP (a closed terminal) end a command as ^C does: it cleans up, restores the cursor,
and exits with the status of ^C."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    import asyncio  # at run time only few of the commands that import this module need it

_ENDING = ("SIGTERM", "SIGHUP")


def interrupt_on_signals() -> None:
    """Make these signals raise KeyboardInterrupt from here on."""
    for number in _numbers():
        with suppress(ValueError):  # not in the main thread
            signal.signal(number, _interrupt)


@contextmanager
def held() -> Iterator[None]:
    """Let what is under way be finished before ^C or these signals end the command; a second ^C doesn't
    wait."""
    came: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if came:
            raise KeyboardInterrupt
        came.append(number)

    before = {}
    with suppress(ValueError):  # not in the main thread
        before = {number: signal.signal(number, note) for number in (signal.SIGINT, *_numbers())}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        raise KeyboardInterrupt


def cancel_on_signals(task: asyncio.Task[Any]) -> None:
    """Make these signals and ^C cancel this task as long as its loop runs.

    By itself, asyncio raises KeyboardInterrupt at a second ^C, wherever the loop just is. If that is where
    a task was about to be woken, it never is, and the command never ends.
    """
    for number in (*_numbers(), *_numbers(("SIGINT",))):
        with suppress(NotImplementedError, RuntimeError, ValueError):  # on Windows, and in other threads
            task.get_loop().add_signal_handler(number, task.cancel)


def _numbers(names: Sequence[str] = _ENDING) -> Iterator[signal.Signals]:
    """These signals, as far as the system has them and they aren't ignored (as under nohup)."""
    for name in names:
        number: signal.Signals | None = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            yield number


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
