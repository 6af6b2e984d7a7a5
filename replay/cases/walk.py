"""How far a conversation has come: which of its rounds is under way, and what came in it.

The player and the judge walk through the same rounds by the same events.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from replay.cases.fit import NOTHING_YET, Fit, fit
from replay.cases.model import Expected, Pattern
from replay.cases.said import NO_NAMES
from replay.protocol.events import Event
from replay.values.shape import Names

Lists = Sequence[Sequence[Expected]]
"""What each outcome of a round expects."""


class Walk:
    """A round is over once one of its outcomes is complete and no other one can still become so, or when an
    event comes that only fits the next round. What it may still send counts for the next round, too."""

    def __init__(
        self, talk: Sequence[Lists], ignored: Sequence[Pattern] = (), names: Names = NO_NAMES
    ) -> None:
        """`names` are those that the tester's own messages give."""
        self.number = 0  # of the round that is under way
        self.lists: Lists = ()  # what each of its outcomes expects
        self.fits: list[Fit] = []  # how its events fit them
        self.events: list[Event] = []  # those of its events that are not ignored
        self.came: list[int] = []  # for each earlier round, the outcome that came
        self.names = names
        self._talk, self._ignored = talk, ignored
        self._begin(())

    @property
    def last(self) -> bool:
        """Whether no round follows."""
        return self.number + 1 == len(self._talk)

    @property
    def decided(self) -> bool:
        """Whether one outcome of the round is complete, and no other one can become so."""
        states = {found.state for found in self.fits}
        return "complete" in states and "open" not in states

    @property
    def apart(self) -> bool:
        """Whether no outcome of the round can become complete."""
        return all(found.state == "apart" for found in self.fits)

    @property
    def quiet(self) -> Pattern | None:
        """The time in which nothing may come, if it is what the first outcome needs next."""
        found, items = self.fits[0], self.lists[0]
        want = None if found.state == "apart" else found.next_of(items)
        return want if want is not None and want.after is not None else None

    def take(self, events: Iterable[Event]) -> None:
        """Take in the next events."""
        if self.last and not self._ignored:
            came = list(events)
            self.events += came
            self.fits = [
                fit(items, came, found) for items, found in zip(self.lists, self.fits, strict=True)
            ]
            return
        for event in events:
            self._add(event)

    def settle(self) -> bool:
        """Go on to the next round if nothing more has to come in this one; returns whether it does."""
        if self.last or not any(found.state == "complete" for found in self.fits):
            return False
        self._go_on(self.fits)
        return True

    def knows(self, names: Names) -> None:
        """Take in names that the tester's own messages give."""
        if names:
            self.names = {**self.names, **names}
            self.fits = [found.knowing(names) for found in self.fits]

    def _add(self, event: Event) -> None:
        while True:
            before = self.fits
            pairs = zip(self.lists, before, strict=True)
            self.fits = [fit(items, (event,), found, self._ignored) for items, found in pairs]
            if not self.apart or self.last or not any(found.state == "complete" for found in before):
                break
            self._go_on(before)
        if self.apart or any(now.at != was.at for now, was in zip(self.fits, before, strict=True)):
            self.events.append(event)
        if self.decided and not self.last:
            self._go_on(self.fits)

    def _go_on(self, fits: Sequence[Fit]) -> None:
        which, found = next((n, found) for n, found in enumerate(fits) if found.state == "complete")
        self.came.append(which)
        self.names = {**self.names, **found.names}
        self.number += 1
        self._begin(found.left(self.lists[which]))

    def _begin(self, left: tuple[Pattern, ...]) -> None:
        while True:
            lists = self._talk[self.number]
            self.lists = [(*left, *items) for items in lists] if left else lists
            self.fits = [fit(items, (), NOTHING_YET.knowing(self.names)) for items in self.lists]
            self.events = []
            if self.last or not self.decided:
                return
            self.came.append(next(n for n, found in enumerate(self.fits) if found.state == "complete"))
            self.number += 1
