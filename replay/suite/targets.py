"""Which served cases clients ask for by a target of their own: logs, and what a user wrote about an
application. Other cases are asked for by their number."""

from __future__ import annotations

from collections.abc import Iterable

from replay.cases.recorded import recorded_target
from replay.suite.files import Item


def targets(items: Iterable[Item]) -> dict[str, list[int]]:
    """The numbers of the cases with each target."""
    found: dict[str, list[int]] = {}
    for number, item in enumerate(items):
        target = _own_target(item) if item.case.trace is None else recorded_target(item.case)
        if target is not None:
            found.setdefault(target, []).append(number)
    return found


def _own_target(item: Item) -> str | None:
    """The path of a case about an application."""
    case = item.case
    if not item.own or not (case.converses or case.open is not None):
        return None
    return (case.connect.path if case.connect is not None else None) or "/"
