"""What a tester knows of a conversation: how far it has come, and what its messages are made of."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from functools import partial

from replay.cases.difference import Difference, met
from replay.cases.said import NO_NAMES, Said
from replay.cases.step import SendFrame, SendMessage
from replay.cases.walk import Walk
from replay.play.actions import CloseWith, Fill, Script
from replay.play.dialogue import Dialogue, told
from replay.protocol.events import Event
from replay.values.filling import fill
from replay.values.shape import Names
from replay.values.views import view


class Talk:
    """One side of one connection. Of several connections, all know the same dialogue."""

    def __init__(self, script: Script, dialogue: Dialogue) -> None:
        self.walk = Walk(script.talk, script.ignored)
        self.dialogue = dialogue
        self._script = script
        self._early: deque[Event] = deque()  # what came before the turn of its round

    def take(self, event: Event) -> CloseWith | None:
        """Take in an event of the testee; returns the Close with which to end the connection, if that
        decides the verdict."""
        if self._script.close_with is None and len(self._script.talk) == 1:
            return None
        self._early.append(event)
        return self.catch_up()

    def catch_up(self) -> CloseWith | None:
        """Take in the events whose round has its turn."""
        own = self._script.close_with
        self.walk.knows(self.dialogue.names)
        while self._early and self.dialogue.number >= self._turn:
            last = self.walk.last
            self.walk.take((self._early.popleft(),))
            if self.walk.apart:
                return (own or CloseWith(1000, b"")) if self._script.close_when_apart else None
            if last and self.walk.decided:
                return own
        return None

    @property
    def _turn(self) -> int:
        """The number that the current round has among those of all connections."""
        turns = self._script.turns
        if turns is None:
            return 0
        return turns.total if self.walk.last else turns.rounds[self.walk.number]

    def end_turn(self, number: int) -> None:
        """The rounds before this one are over on this connection."""
        self.dialogue.advance(number, self.walk.names)

    def leave(self, by_step: bool) -> None:
        """The connection has ended; `by_step`: because the case ends it here."""
        turns = self._script.turns
        if by_step and turns is not None and self.dialogue.number == turns.rounds[-1]:
            self.end_turn(turns.rounds[-1] + 1)
        elif turns is not None and self.dialogue.number <= turns.rounds[-1]:
            self.dialogue.break_off(turns.connection)

    def headers(self) -> tuple[tuple[str, str], ...]:
        """What the log has to say of other connections."""
        turns = self._script.turns
        return () if turns is None else told(self.dialogue, turns.connection)

    def fill(self, said: Said, more: Names = NO_NAMES) -> tuple[bool, bytes]:
        """A message with this value. With `more` names, it is an answer, whose own names nobody else
        uses."""
        value, names = fill(said.shape, {**self.walk.names, **more}, self._script.maker)
        if not more:
            self.walk.knows(names)
        return view(said.view).encode(value)

    def answers(self, event: Event) -> Iterator[tuple[SendFrame | SendMessage, Fill]]:
        """What the case answers an event with, and what makes the values of it."""
        for answer in self._script.answers:
            found = met(0, answer.to, event, self.walk.names)
            if not isinstance(found, Difference):
                yield answer.step, partial(self.fill, more=found)
