"""Pairs of rows and columns, where each row says which columns it may have: bipartite matching."""

from __future__ import annotations

from collections.abc import Callable, Sequence


def assign(rows: Sequence[Sequence[int]], spend: Callable[[int], None]) -> dict[int, int]:
    """A column for as many rows as possible, no column twice. Rows that are the same object share the work;
    `spend` is told of the columns looked at, and may raise.

    Kuhn's algorithm: whoever has a column keeps one, but may have to change it.
    """
    owner: dict[int, int] = {}  # row by column
    unused = {id(row): iter(row) for row in rows}
    for number, row in enumerate(rows):
        column = next((column for column in unused[id(row)] if column not in owner), None)
        if column is not None:
            owner[column] = number
        else:
            _augment(rows, owner, number, spend)
    return {row: column for column, row in owner.items()}


def _augment(
    rows: Sequence[Sequence[int]], owner: dict[int, int], start: int, spend: Callable[[int], None]
) -> None:
    """Give `start` a column, if others can move; breadth first, so that nothing recurs."""
    came: dict[int, int] = {}  # by column, the row that wants it
    seen: set[int] = set()
    waiting = [start]
    for number in waiting:
        if id(rows[number]) in seen:
            continue
        seen.add(id(rows[number]))
        spend(len(rows[number]))
        for column in rows[number]:
            if column in came:
                continue
            came[column] = number
            if column in owner:
                waiting.append(owner[column])
                continue
            _move(owner, came, column, start)
            return


def _move(owner: dict[int, int], came: dict[int, int], column: int, start: int) -> None:
    """Each row on the way to a free column takes the one that it wants."""
    had = {row: column for column, row in owner.items()}
    while True:
        row = came[column]
        owner[column] = row
        if row == start:
            return
        column = had[row]
