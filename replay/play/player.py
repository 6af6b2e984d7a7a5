"""The tester, as a client or as a server: plays a script on a connection, without I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from replay.cases.model import EventKind, leaves
from replay.cases.received import Received
from replay.play.actions import (
    Action,
    Arm,
    Await,
    AwaitClose,
    AwaitEchoes,
    AwaitRound,
    AwaitTurn,
    CloseWith,
    Delay,
    EndTcp,
    EndTurn,
    Script,
    Write,
    joined,
    shared,
    voice,
)
from replay.play.condense import Condensed
from replay.play.dialogue import Dialogue
from replay.play.endpoint import Endpoint, Limits
from replay.play.masked import masked
from replay.play.pace import FULL, Pace
from replay.play.talk import Talk
from replay.protocol.events import Close, Event, Message, NotOpened, Opened, Ping, Requested, Why
from replay.protocol.negotiation import Agreed
from replay.trace.model import Timer, Trace, Wait
from replay.wire.frame import Opcode
from replay.wire.side import Side


class Player(Endpoint):
    """Runs the actions of a script one after another, and closes once everything expected has arrived."""

    def __init__(
        self, script: Script, limits: Limits, pace: Pace = FULL, dialogue: Dialogue | None = None
    ) -> None:
        """`dialogue` is shared by the players of a conversation over several connections."""
        super().__init__(script.tester, _widened(limits, script, pace), script.keys, script.reading)
        self.script = script
        self.events = []
        self.parts_frames = script.chopped
        self._pace = pace
        self._actions: Iterator[Action] = iter(())  # set once the connection has opened
        self._action: Action | None = None
        self._received = Received(script.tester, script.kinds, script.profile)
        self._counted = 0  # events
        self._talk = Talk(script, dialogue or Dialogue())
        self._talk.dialogue.watch(lambda: self.nudge())
        self._voice = voice(None, self.side, self._talk.fill)
        self._lacking = 0  # octets still to be sent of a frame that is sent in pieces
        self._pongs: list[bytes] = []  # Pongs that wait for the end of that frame
        self._echoes = 0  # messages that have come back
        self._patience: tuple[Wait, int] | None = None  # a timeout that any progress starts anew
        self._ended = False  # by a step
        self._unfit = False  # whether the case can't be played on this connection
        self._goes_on = script.refused  # after the recorded refusal
        self._rounds: Condensed | None = None  # compressed rounds, as long as nothing else intervenes

    def opening(self) -> None:
        # Where a refusal is what is wanted, it doesn't mean that the peer has no room.
        wanted = leaves(self.script.talk[0][0][:1]) if self.script.talk[0] else ()
        self.accepted = any(pattern.kind is EventKind.NOT_OPENED for pattern in wanted)
        if self.side is Side.CLIENT:
            turns = self.script.turns
            late = turns is not None and turns.opens is not None
            self._start(self._late() if late else self.script.opening({}))

    def _late(self) -> Iterator[Action]:
        """The opening handshake, once it is the turn of the first round."""
        assert self.script.turns is not None
        self.cancel_timer(Wait.OPENING)
        yield AwaitTurn(self.script.turns.opens or 0)
        self.set_timer(Wait.OPENING, self.limits.opening)
        yield from self.script.opening(self._talk.dialogue.names)

    def respond(self, requested: Requested) -> None:
        self._goes_on &= requested.valid or self.script.lenient
        if self.script.response is None or not (requested.valid or self.script.lenient):
            super().respond(requested)
        else:
            self._answer(requested)

    def _answer(self, requested: Requested) -> None:
        assert self.script.response is not None
        if (actions := self.script.response(requested.request)) is None:
            self._unfit = True
            super().respond(requested)
        else:
            self._start(actions)

    def _close(self, close: Close) -> None:
        if not self.script.closes_by_steps:
            super()._close(close)
        elif close.valid:
            self.cancel_timer(Wait.CLOSING)
            self._advance()

    def not_opened(self, event: NotOpened) -> None:
        if self.script.about_opening and event.status not in (None, 503):
            self.accepted = True  # such an answer is about the request
        if self.script.about_opening and event.side is self.side and event.why is Why.ANSWERED:
            self.cancel_timer(Wait.OPENING)
            self._begin(None)  # see what the client does with this response
            return
        if event.side is not Side.SERVER or not self._goes_on or event.status == 101:
            super().not_opened(event)
            return
        self.cancel_timer(Wait.OPENING)
        self._begin(None)  # continue with what was recorded after the refusal, such as the end of TCP

    def answers(self) -> bool:
        return self.script.whole

    def event(self, event: Event) -> None:
        at = len(self._entries) - 1  # the entry that completed it
        counts = self._received.add(event)
        match event:
            case Message() | Requested():
                pass
            case Opened():
                if self.script.rounds and event.agreed:
                    self._rounds = Condensed(at + 1, self.side, tuple(leaves(self.script.talk[0][0])))
                self._keep_pace()
                if self._unfit:
                    self.send_close()
                else:
                    self._begin(event.agreed)
            case _ if event.side is not self.side:
                if not self.has_closed:
                    self._keep_whole()  # something else intervened
                if isinstance(event, Ping) and self.script.answer_pings and not self.script.whole:
                    self.send_frame(Opcode.PONG, event.data)
        if counts:
            self._counted += 1
            closes = self._talk.take(event) if self.script.whole and self.is_open else None
            self._answer_to(event)
            if isinstance(event, Message):
                self._echoes += 1
                self._round(event, at)
            if closes is not None:
                self._run(closes)
            self._advance()

    def _begin(self, terms: Agreed | None) -> None:
        self._voice = voice(terms, self.side, self._talk.fill)
        self._start(self.script.actions(self._voice))

    def _start(self, actions: Iterable[Action]) -> None:
        self._actions = iter(actions)
        self._next()
        self._advance()

    def idle(self) -> None:
        self._advance()

    def received(self, data: bytes, now: int) -> None:
        super().received(data, now)
        self._progress()

    def wrote(self, count: int, now: int) -> None:
        super().wrote(count, now)
        self._progress()

    def _progress(self) -> None:
        if self._patience is not None and self.has_timer(self._patience[0]):
            self.set_timer(*self._patience)

    def send_frame(self, opcode: int, payload: bytes) -> None:
        if self._lacking and opcode == Opcode.PONG:
            self._pongs.append(payload)
        else:
            super().send_frame(opcode, payload)

    def fired(self, timer: Timer) -> None:
        match timer.wait:
            case Wait.DELAY:
                self.deaf = False
                if timer.tag is None or self.is_open:
                    super().fired(timer)
                elif self.script.whole:
                    self._action = None
                    return
                self._advance()
            case Wait.FAIL | Wait.CLOSE if (
                isinstance(self._action, AwaitRound) and self._talk.walk.settle()
            ):
                self._advance()
            case Wait.EVENTS:
                super().fired(replace(timer, wait=self._awaited_end()))
                self._next()
                self._advance()
            case _:
                super().fired(timer)

    def _round(self, message: Message, at: int) -> None:
        """Note a message: if it came back as it was sent, only its digest has to be kept."""
        if self._rounds is None:
            return
        if any(found.at != self._counted for found in self._talk.walk.fits):
            self._keep_whole()
        elif self._rounds.add(self.entries, at, message.end) and self.events is not None:
            self.events.pop()

    def _keep_whole(self) -> None:
        """Don't condense the rounds. The events aren't known then, as those of earlier rounds are gone."""
        if self._rounds is not None:
            self._rounds = self.events = None

    def trace(self, headers: tuple[tuple[str, str], ...] = ()) -> Trace:
        whole = masked(super().trace((*headers, *self._talk.headers())), self.script.connect)
        if self._rounds is None or self._rounds.done < self.script.events:
            return whole
        return replace(whole, entries=tuple(self._rounds.condensed(self.entries)))

    def noted(self) -> tuple[Event, ...] | None:
        if self.script.connect.secrets:
            return None  # they have what the trace hides
        if self._rounds is None or self.events is None:
            return super().noted()
        return None if self._rounds.done < self.script.events else self._rounds.events(self.events)

    def _keep_pace(self) -> None:
        """Give a testee that was slow to open the connection more time for the rest of it."""
        self._pace = self._pace.seen(self.elapsed)
        paced = self._pace.patient
        self.limits = replace(self.limits, closing=paced(self.limits.closing), drop=paced(self.limits.drop))

    def _answer_to(self, event: Event) -> None:
        """Send what the case answers this event with."""
        for step, filling in self._talk.answers(event):
            if self.is_open and self.script.said is not None:
                self._run(self.script.said(step, replace(self._voice, fill=filling)))

    def _next(self) -> None:
        self._action = next(self._actions, None)

    def _advance(self) -> None:
        """Run actions up to one that has to wait."""
        self._run_actions()
        self._be_quiet()

    def _run_actions(self) -> None:
        while self._action is not None and not self.done and not self.has_timer(Wait.DELAY):
            action = self._action
            match action:
                case Await(count=count) if self._lacks(count):
                    if not self.has_timer(Wait.EVENTS) and not self.pending:
                        self.set_timer(Wait.EVENTS, self._patience_for(action))
                    return
                case AwaitClose(patience=patience) if not self.peer_closed:
                    if not self.has_timer(Wait.EVENTS) and not self.pending:
                        self.set_timer(Wait.EVENTS, self._pace.patient(patience))
                    return
                case AwaitEchoes(count=count) if self._echoes < count or not self.is_open:
                    return
                case AwaitRound() if not self._goes_on_after(action):
                    return
                case AwaitTurn(number=number) if not self._has_turn(number):
                    return
                case Arm(stalled=False) | Await() | Delay() | EndTcp() if self.pending:
                    return  # these come after everything that is waiting to be written
            self.cancel_timer(Wait.EVENTS)
            self._next()
            while (both := shared(action, self._action)) is not None:
                action = both
                self._next()
            self._run(action)
        if self._action is None and self.script.closes_by_steps and self.both_closed and not self.done:
            self._wait_for_end()

    def _settles(self) -> bool:
        """Whether the round that was waited for is complete, though more might have come."""
        return isinstance(self._action, AwaitRound) and self._talk.walk.settle()

    def _goes_on_after(self, action: AwaitRound) -> bool:
        """Whether a round of the conversation is over. A connection that is no longer open ends it."""
        if self._talk.walk.number > action.number and self.is_open:
            self.cancel_timer(action.arm.wait)
            self._patience = None
            return True
        if not self.is_open:
            self._action = None
        elif not self.pending and not self.has_timer(action.arm.wait):
            self._run(action.arm)
        return False

    def _has_turn(self, number: int) -> bool:
        """Whether it is the turn of this round of a conversation over several connections."""
        closes = self._talk.catch_up()
        if self._talk.dialogue.broken_by is not None:
            closes = closes or CloseWith(1000, b"")
        if closes is not None and self.is_open:
            self._action = None
            self._run(closes)
        elif self._talk.dialogue.broken_by is not None and not self.opened:
            self._action = None
            self.drop()
        return self._action is not None and self._talk.dialogue.number >= number

    def wake(self, now: int) -> None:
        super().wake(now)
        if self.script.turns is not None and not self.done:
            self._advance()

    def finish(self) -> None:
        super().finish()
        self._talk.leave(self._ended)

    def _be_quiet(self) -> None:
        """Wait for the end of a time in which nothing may come, if that is what is expected next."""
        sent = self._action is None or isinstance(self._action, AwaitRound)
        sent &= self.script.whole and self.is_open
        quiet = self._talk.walk.quiet if sent else None
        if quiet is not None and not self.pending and not self.has_timer(Wait.DELAY):
            self._declare(Wait.DELAY, quiet.after or 0, quiet.tag)

    def _wait_for_end(self) -> None:
        """End the connection once the steps have answered the testee's Close."""
        if self.side is Side.SERVER:
            self.drop()
        elif not self.has_timer(Wait.DROP):
            self.set_timer(Wait.DROP, self.limits.drop)

    def _lacks(self, count: int | None) -> bool:
        """Whether to wait for this many events (None: for the end of TCP). After its Close, a testee sends
        nothing that counts."""
        if count is None:
            return True
        return self._counted < count and not self.peer_closed

    def _run(self, action: Action) -> None:
        match action:
            case Write():
                self._lacking = action.lacking
                self._closing |= action.closes
                self.write(*(joined(action.pieces) if action.together else action.pieces))
                self._progress()  # the first octets may have been written at once
                if action.closes:
                    self._await_close()
                while self._pongs and not self._lacking:
                    super().send_frame(Opcode.PONG, self._pongs.pop(0))
            case CloseWith():
                self.send_close(action.code, action.reason)
            case Delay():
                paced = self._pace.shortened if action.shorten else self._pace.grown
                after = action.after if action.apart else paced(action.after)
                self._declare(Wait.DELAY, after, action.tag)
                self.deaf = action.deaf
            case Arm():
                paced = self._pace.grown if action.passes else self._pace.patient
                after = paced(action.after)
                self._declare(action.wait, after)
                self._patience = (action.wait, after) if action.stalled else None
            case EndTcp():
                self._ended = True
                self.drop(action.how)
            case EndTurn():
                self._talk.end_turn(action.number)

    def _declare(self, wait: Wait, after: int, tag: str | None = None) -> None:
        self.record(Timer(wait, False, after, tag, self.elapsed))
        self.set_timer(wait, after, tag)

    def _awaited_end(self) -> Wait:
        """What a recorded testee was expected to do next, given the state of the closing handshake."""
        if self.side is Side.CLIENT and self.both_closed:
            return Wait.DROP
        return Wait.CLOSING if self.has_closed else Wait.EVENTS

    def _patience_for(self, action: Await) -> int:
        patience = self._pace.patient(action.patience)
        return min(patience, self.limits.drop) if self.both_closed else patience


def _widened(base: Limits, script: Script, pace: Pace) -> Limits:
    """The limits of a case, extended by what its script itself waits for, sends and expects."""
    return replace(
        base,
        case=base.case + pace.patient(script.waits),
        octets=base.octets + 4 * script.volume,
        frames=base.frames + script.volume // 16,
        events=base.events + 2 * script.events,
    )
