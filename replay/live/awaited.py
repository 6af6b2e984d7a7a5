"""Runs blocking functions for programs that have an event loop of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from threading import Event
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_CANCELLED: ContextVar[Event | None] = ContextVar("cancelled", default=None)


def awaitable(function: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
    """An awaitable version of a function. It runs in a thread, in which `cancelled` tells whether the task
    that awaits it was cancelled."""

    async def awaited(*args: P.args, **kwargs: P.kwargs) -> T:
        flag = Event()
        _CANCELLED.set(flag)
        try:
            return await asyncio.to_thread(function, *args, **kwargs)
        finally:
            flag.set()

    awaited.__doc__ = f"`{function.__name__}`, to be awaited."
    return awaited


def cancelled() -> bool:
    """Whether the task that awaits this thread was cancelled."""
    flag = _CANCELLED.get()
    return flag is not None and flag.is_set()
