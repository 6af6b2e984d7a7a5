"""Plays the client's part of a recorded session, whatever the server's messages are this time.

A stage is over once what corresponds to each recorded message has come, or when the patience for them has
run out. Nothing that the server sends ends the session.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterator

from replay.cases.language import TEXT, Language
from replay.draft.part import From, New, Part, Sending
from replay.draft.session import Line
from replay.draft.skeleton import Steps, alike, at, changed, skeleton
from replay.play.endpoint import Endpoint, Limits
from replay.protocol.events import Close, Event, Message, Opened
from replay.trace.model import Timer, Wait
from replay.values.kinds import KINDS, Maker
from replay.values.shape import Value
from replay.values.views import view
from replay.wire.side import Side


class Rehearsal(Endpoint):
    """A client."""

    def __init__(
        self,
        part: Part,
        read: Language,
        request: bytes,
        limits: Limits,
        keys: Callable[[], bytes],
        maker: Maker,
        linger: int,
    ) -> None:
        """`linger`: the microseconds that pass behind each stage; what comes by time shows itself there."""
        super().__init__(Side.CLIENT, limits, keys)
        self._part, self._read, self._request = part, read, request
        self._maker, self._linger = maker, linger
        self._acts = self._doing()
        self._due: set[int] = set()  # recorded messages that this stage waits for
        self._odd: list[Line] = []  # messages in this stage of kinds that were not recorded
        self._unheard: dict[Hashable, deque[int]] = {}  # recorded messages, by their skeletons
        for stage in part.stages:
            for number in stage.awaits:
                self._unheard.setdefault(skeleton(part.lines[number]), deque()).append(number)
        self._heard: dict[int, Value] = {}  # what corresponds to the recorded messages
        self._made: dict[str, Value] = {}  # new values, by the recorded ones
        self._replies = {reply.to: reply for reply in part.replies}

    def opening(self) -> None:
        self.write(self._request)

    def event(self, event: Event) -> None:
        match event:
            case Opened():
                self._go_on()
            case Message() if event.side is Side.SERVER:
                self._hear(Line(event.side, *self._read.read(event.text, event.data), self.elapsed))
            case Close() if event.side is Side.SERVER:
                self.cancel_timer(Wait.EVENTS)
                self.cancel_timer(Wait.DELAY)

    def fired(self, timer: Timer) -> None:
        super().fired(timer)
        if timer.wait in (Wait.EVENTS, Wait.DELAY) and self.is_open and not self.done:
            self._go_on()

    def _go_on(self) -> None:
        """Do what comes next, up to something that has to be waited for."""
        for wait, microseconds in self._acts:
            self.set_timer(wait, microseconds)
            return
        if self._part.closes:
            self.send_close()
        elif not self.has_timer(Wait.CLOSING):
            self.set_timer(Wait.CLOSING, self.limits.closing)

    def _doing(self) -> Iterator[tuple[Wait, int]]:
        """Go through the stages; yields what is waited for, and how long at most."""
        for stage in self._part.stages:
            for sending in stage.sends:
                if sending.pause:
                    yield Wait.DELAY, sending.pause
                self._send(sending, self._heard)
            self._due.update(number for number in stage.awaits if number not in self._heard)
            self._match_loosely()
            if self._due:
                yield Wait.EVENTS, stage.patience
            self._due.clear()
            self._odd.clear()
            if self._linger:
                yield Wait.DELAY, self._linger

    def _hear(self, line: Line) -> None:
        kind = skeleton(line)
        if (reply := self._replies.get(kind)) is not None:
            if self.is_open:
                self._send(reply.sending, {reply.line: line.value})
            return
        numbers = self._unheard.get(kind, deque())
        while numbers and numbers[0] in self._heard:
            numbers.popleft()
        if numbers:
            self._match(numbers.popleft(), line)
        else:
            self._odd.append(line)
            self._match_loosely()
        if self.has_timer(Wait.EVENTS) and not self._due:
            self.cancel_timer(Wait.EVENTS)
            self._go_on()

    def _match(self, number: int, line: Line) -> None:
        """A message corresponds to this recorded one."""
        self._heard[number] = line.value
        self._due.discard(number)

    def _match_loosely(self) -> None:
        """Messages of a kind that was not recorded stand for the recorded ones that they resemble."""
        for number in sorted(self._due):
            recorded = self._part.lines[number]
            if (line := next((odd for odd in self._odd if alike(odd, recorded)), None)) is not None:
                self._odd.remove(line)
                self._match(number, line)

    def _send(self, sending: Sending, heard: dict[int, Value]) -> None:
        recorded = self._part.lines[sending.line]
        new: dict[Steps, Value] = {}
        for steps, source in sending.sources:
            if isinstance(source, New):
                new[steps] = self._fresh(source)
            elif (value := _found(source, heard)) is not None:
                new[steps] = value
        try:
            made = message(recorded.view, changed(recorded.value, new))
        except ValueError:  # what the server said now can't stand there
            made = message(recorded.view, recorded.value)
        self.send_message(*made)

    def _fresh(self, source: New) -> Value:
        if source.recorded not in self._made:
            make = KINDS[source.kind].make
            self._made[source.recorded] = make(self._maker) if make is not None else source.recorded
        return self._made[source.recorded]


def message(name: str, value: Value) -> tuple[bool, bytes]:
    """The message that says a value: whether it is text, and its octets. Raises ValueError."""
    if name == TEXT:
        return True, str(value).encode()
    return view(name).encode(value)


def _found(source: From, heard: dict[int, Value]) -> Value:
    try:
        return at(heard[source.line], source.steps)
    except LookupError:
        return None
