"""Wire-log replay and conformance verifier for WebSocket.

The names in `__all__` are the public interface, described in docs/api.md. Everything else may change.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from replay.version import __version__ as __version__

if TYPE_CHECKING:
    from replay.api import judge, observe, parse_log, read_log, run, run_async, select, to_json, write_log
    from replay.cases.model import Behaviour, Case
    from replay.protocol.events import Close, End, Message, NotOpened, Opened, Ping, Pong, Violation
    from replay.source import SourceError
    from replay.suite.files import Item
    from replay.suite.logs import LogFile as Log
    from replay.trace.model import Trace
    from replay.verdict.result import CaseResult, ClosingVerdict, Judged, RunResult
    from replay.wire.side import Side

_PLACES = {
    "replay.api": (
        *(
            "judge",
            "observe",
            "parse_log",
            "read_log",
            "run",
            "run_async",
            "select",
            "to_json",
            "write_log",
        ),
    ),
    "replay.cases.model": ("Behaviour", "Case"),
    "replay.protocol.events": (
        *("Close", "End", "Message", "NotOpened", "Opened", "Ping", "Pong", "Violation"),
    ),
    "replay.source": ("SourceError",),
    "replay.suite.files": ("Item",),
    "replay.suite.logs": ("LogFile",),
    "replay.trace.model": ("Trace",),
    "replay.verdict.result": ("CaseResult", "ClosingVerdict", "Judged", "RunResult"),
    "replay.wire.side": ("Side",),
}
_CALLED = {"LogFile": "Log"}
"""Names that differ here from those in their module."""

_PUBLIC = {_CALLED.get(name, name): (module, name) for module, names in _PLACES.items() for name in names}

__all__ = [
    "Behaviour",
    "Case",
    "CaseResult",
    "Close",
    "ClosingVerdict",
    "End",
    "Item",
    "Judged",
    "Log",
    "Message",
    "NotOpened",
    "Opened",
    "Ping",
    "Pong",
    "RunResult",
    "Side",
    "SourceError",
    "Trace",
    "Violation",
    "judge",
    "observe",
    "parse_log",
    "read_log",
    "run",
    "run_async",
    "select",
    "to_json",
    "write_log",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that the command line starts without most of them."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'replay' has no attribute {name!r}")
    module, own = _PUBLIC[name]
    value = globals()[name] = getattr(import_module(module), own)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
