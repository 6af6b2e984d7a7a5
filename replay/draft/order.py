"""In which order messages come: what sessions agree on is kept, the rest is free."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def blocks(places: Sequence[Sequence[int]]) -> Iterator[range]:
    """Cut a sequence where no session has an item before one from an earlier block.

    `places[i]` are the places of the item i in each session, in increasing order for the first session.
    """
    ranks = (
        [_ranks([each[session] for each in places]) for session in range(len(places[0]))] if places else []
    )
    begin = 0
    highest = [-1] * len(ranks)
    for number in range(len(places)):
        highest = [max(high, rank[number]) for high, rank in zip(highest, ranks, strict=True)]
        if all(high == number for high in highest):
            yield range(begin, number + 1)
            begin = number + 1


def _ranks(places: Sequence[int]) -> list[int]:
    found = [0] * len(places)
    for rank, number in enumerate(sorted(range(len(places)), key=places.__getitem__)):
        found[number] = rank
    return found


def strands(items: Sequence[T], places: Sequence[Sequence[int]], keys: Sequence[Hashable]) -> list[list[T]]:
    """Group items in any order by their keys, where the items of a group have the same order in every
    session; an item without a key (None) is a group of its own."""
    groups: dict[Hashable, list[int]] = {}
    for number, key in enumerate(keys):
        groups.setdefault(("alone", number) if key is None else ("key", key), []).append(number)
    found: list[list[T]] = []
    for numbers in groups.values():
        steady = all(
            all(a < b for a, b in zip(places[one], places[next_], strict=True))
            for one, next_ in itertools.pairwise(numbers)
        )
        found += (
            [[items[number] for number in numbers]] if steady else [[items[number]] for number in numbers]
        )
    return found
