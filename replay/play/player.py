"""Plays a script on a connection, pure: the tester, as client or as server."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace

from replay.play.endpoint import Endpoint, Limits
from replay.play.script import Action, Arm, Await, CloseWith, Delay, EndTcp, Script, Write
from replay.protocol.events import Event, Opened, Ping, Requested
from replay.spec.fit import fit
from replay.spec.received import Received
from replay.trace.model import Timer, Wait
from replay.wire.frame import Opcode
from replay.wire.handshake import accept, edit_head
from replay.wire.side import Side


class Player(Endpoint):
    """Runs the actions of a script one after another, and closes when what was expected has come."""

    def __init__(self, script: Script, limits: Limits, keys: Callable[[], bytes]) -> None:
        super().__init__(script.tester, _widened(limits, script), keys)
        self.script = script
        self._actions: deque[Action] = deque(script.actions)
        self._received = Received(script.tester, script.kinds)

    def opening(self) -> None:
        if self.side is Side.CLIENT:
            self.write(*self.script.opening)

    def respond(self, requested: Requested) -> None:
        if not self.script.opening:
            super().respond(requested)
            return
        key = (requested.request.values("Sec-WebSocket-Key") or [""])[0]
        head = b"".join(self.script.opening)
        self.write(edit_head(head, None, [("Sec-WebSocket-Accept", accept(key))]))

    def answers(self) -> bool:
        return self.script.whole

    def event(self, event: Event) -> None:
        counts = self._received.add(event)
        match event:
            case Opened():
                self._advance()
            case Ping() if (
                event.side is not self.side and self.script.answer_pings and not self.script.whole
            ):
                self.send_frame(Opcode.PONG, event.data)
        if counts and self.script.whole:
            self._close_when_complete()
        elif counts:
            self._advance()

    def idle(self) -> None:
        if self.opened:
            self._advance()

    def fired(self, timer: Timer) -> None:
        match timer.wait:
            case Wait.DELAY:
                if timer.tag is not None and not self.is_open:
                    self._actions.clear()
                    return
                super().fired(timer)
                self._advance()
            case Wait.EVENTS:
                super().fired(replace(timer, wait=self._awaited_end()))
                self._actions.popleft()
                self._advance()
            case _:
                super().fired(timer)

    def _close_when_complete(self) -> None:
        if self.script.close_with is None or not self.is_open:
            return
        states = {fit(expected, self._received.events).state for expected in self.script.alternatives}
        if "complete" in states and "open" not in states:
            self._run(self.script.close_with)

    def _advance(self) -> None:
        """Run actions up to one that has to wait."""
        while self._actions and not self.done and Wait.DELAY not in self._timers:
            action = self._actions[0]
            match action:
                case Await(count=count) if count is None or len(self._received.events) < count:
                    if Wait.EVENTS not in self._timers and not self.pending:
                        self._set(Wait.EVENTS, self._patience(action))
                    return
                case Arm() if self.pending:
                    return
            self._timers.pop(Wait.EVENTS, None)
            self._actions.popleft()
            self._run(action)

    def _run(self, action: Action) -> None:
        match action:
            case Write():
                self.write(*action.pieces)
            case CloseWith():
                self.send_close(action.code, action.reason)
            case Delay():
                self._declare(Wait.DELAY, action.after, action.tag)
            case Arm():
                self._declare(action.wait, action.after)
            case EndTcp():
                self.drop()

    def _declare(self, wait: Wait, after: int, tag: str | None = None) -> None:
        self._record(Timer(wait, False, after, tag, self._now))
        self._set(wait, after, tag)

    def _awaited_end(self) -> Wait:
        """What a recorded testee was waited for, by how far the closing handshake has come."""
        if self.side is Side.CLIENT and self.both_closed:
            return Wait.DROP
        return Wait.CLOSING if self.has_closed else Wait.EVENTS

    def _patience(self, action: Await) -> int:
        return min(action.patience, self.limits.drop) if self.both_closed else action.patience


def _widened(limits: Limits, script: Script) -> Limits:
    """The limits of a case: what the script itself waits for, sends and expects comes on top."""
    return replace(
        limits,
        case=limits.case + script.waits,
        octets=limits.octets + 4 * script.volume,
        frames=limits.frames + script.volume // 16,
        events=limits.events + 2 * script.recorded_events,
    )
