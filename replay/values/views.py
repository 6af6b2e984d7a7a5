"""How messages are read as values and written, by the name that a spec gives: JSON, and what plug-ins add.

A plug-in is an entry point of the group GROUP: its name is that of the view, and it loads a View.
"""

from __future__ import annotations

import importlib
from importlib.metadata import entry_points

from replay.source import SourceError, Span, nearest
from replay.values.view import View

GROUP = "replay.views"
"""The entry points of plug-ins."""

FIELDS = "fields "
"""What the name of a view of binary messages with a fixed layout begins with; the layout follows."""

BUILT_IN = {
    "json": "replay.values.json_view",
    "octets": "replay.values.octets_view",
    "msgpack": "replay.values.msgpack_view",
    "socket.io": "replay.values.socket_io_view",
    "graphql-transport-ws": "replay.values.graphql_view",
    "signalr": "replay.values.signalr_view",
    "phoenix": "replay.values.phoenix_view",
}
"""The modules of the built-in views, imported when they are used. Each has its View as VIEW."""


def names() -> list[str]:
    """The names of all views, those of plug-ins last."""
    return list(dict.fromkeys((*BUILT_IN, *(point.name for point in entry_points(group=GROUP)))))


def view(name: str, span: Span | None = None) -> View:
    """The view of this name, which stands at `span`. Raises SourceError if there is none or if it can't be
    loaded."""
    try:
        if name.startswith(FIELDS):
            found = importlib.import_module("replay.values.fields_view").of(name.removeprefix(FIELDS))
        elif name in BUILT_IN:
            found = importlib.import_module(BUILT_IN[name]).VIEW
        else:
            point = next((point for point in entry_points(group=GROUP) if point.name == name), None)
            if point is None:
                hint = nearest(name, names()) or f"expected one of {', '.join(names())}"
                raise SourceError(span, f"unknown view {name!r}", hint)
            found = point.load()
    except ImportError as error:
        hint = "pip install 'wire-replay[apps]'" if name in BUILT_IN else "install the plug-in again"
        raise SourceError(span, f"the view {name!r} can't be loaded: {error}", hint) from None
    if not isinstance(found, View):
        raise SourceError(span, f"the plug-in for the view {name!r} isn't a replay.values.view.View")
    return found
