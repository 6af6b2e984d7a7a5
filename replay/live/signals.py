"""SIGTERM, and the SIGHUP of a terminal that is gone, end a command as ^C does: what it has begun is put
away, the cursor is there again, and the exit status is that of ^C."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    import asyncio  # every command imports this module, and few need a loop

_ENDING = ("SIGTERM", "SIGHUP")


def interrupt_on_signals() -> None:
    """From here on these signals raise KeyboardInterrupt."""
    for number in _numbers():
        with suppress(ValueError):  # not in the main thread
            signal.signal(number, _interrupt)


def cancel_on_signals(task: asyncio.Task[Any]) -> None:
    """While the loop of this task runs they cancel it."""
    for number in _numbers():
        with suppress(NotImplementedError, RuntimeError, ValueError):  # not everywhere, nor in threads
            task.get_loop().add_signal_handler(number, task.cancel)


def _numbers() -> Iterator[signal.Signals]:
    """Those that the system has, and that nobody (such as nohup) asked to ignore."""
    for name in _ENDING:
        number: signal.Signals | None = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            yield number


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
