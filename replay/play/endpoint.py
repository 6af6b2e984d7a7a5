"""One side of a connection, without I/O: octets and `now` go in, octets and the next deadline come out.

An `Endpoint` records everything as a trace, answers Pings and Closes, and fails the connection on a breach
(RFC 6455 §5.5, §7). What else it sends is up to its subclasses, such as `Player` and `EchoEndpoint`. It
never waits: the owner of the socket calls `wake` at `deadline`. All times are microseconds on one clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from replay import limits
from replay.play.actions import response
from replay.play.recorder import Recorder
from replay.protocol.events import Close, Event, NotOpened, Opened, Ping, Requested, Unread, Violation, Why
from replay.protocol.frame_rules import ORIGINAL, Reading
from replay.protocol.handshake_rules import request_breaches
from replay.protocol.negotiation import Ask
from replay.protocol.rules import RULES
from replay.trace.model import SECOND, Drop, Entry, How, Octets, Timer, Unreached, Wait
from replay.wire.deflate import Deflater
from replay.wire.frame import Opcode, encode, frame
from replay.wire.handshake import encode_page
from replay.wire.side import Side


class Limits(Struct, frozen=True):
    """Timeouts in microseconds, and limits on what a peer may send on one connection."""

    opening: int = limits.OPENING.default * SECOND  # the opening handshake
    closing: int = limits.CLOSING.default * SECOND  # a Close in answer to ours
    drop: int = limits.DROP.default * SECOND  # the server's end of TCP, after both Closes
    patience: int = limits.PATIENCE.default * SECOND  # what a recorded testee sent next, at least
    case: int = limits.CASE.default * SECOND  # the whole case, in addition to its own waits
    stalls: int = limits.STALLS.default  # a timeout on stalled progress, times this, limits the whole case
    octets: int = limits.OCTETS.default  # from the peer, in addition to four times those sent
    reads: int = limits.READS.default  # in which these octets arrive
    frames: int = limits.FRAMES_READ.default  # from the peer, in addition to one for 16 octets sent
    events: int = limits.EVENTS.default  # caused by the peer


class Endpoint(Recorder):
    """See the module. The owner of the socket acts on `output` and `dropped_as`."""

    asks: Sequence[Ask] = ()  # what a server asks of a client that offers compression; (): it declines

    def __init__(
        self,
        side: Side,
        limits: Limits,
        keys: Callable[[], bytes],
        reading: Reading = ORIGINAL,
    ) -> None:
        """`keys` makes a masking key for each frame that a client sends."""
        super().__init__(side, reading)
        self.limits = limits
        self.dropped_as: How | None = None  # how we ended TCP
        self.successor: Endpoint | None = None  # the endpoint that has taken over the connection
        self.deaf = False  # whether nothing is to be read for now
        self.nudge: Callable[[], object] = lambda: None  # has the owner of the socket call `wake` soon
        self._keys = keys
        self._timers: dict[Wait, tuple[int, int, str | None]] = {}  # due time, duration, tag
        self._octets = self._reads = self._events = 0  # from the peer
        self._deflater: Deflater | None = None
        self._closing = False  # a Close of ours has been written, or is about to be
        self._failed_at = -1  # the frame for whose breach the connection was failed

    # Called by the owner of the socket.

    def connected(self, now: int) -> None:
        """TCP, and TLS if it is used, is established."""
        self._clock(now)
        self.set_timer(Wait.OPENING, self.limits.opening)
        self.set_timer(Wait.LIMIT, self.limits.case)
        self.opening()

    def unreached(self, reason: str, now: int) -> None:
        """TCP or TLS couldn't be established."""
        self._clock(now)
        if not self.done:
            self.finish()
            self.record(Unreached(reason, self.elapsed))

    def received(self, data: bytes, now: int) -> None:
        """Octets have arrived."""
        self._clock(now)
        if self.done:
            return
        self.moved = now
        self._octets += len(data)
        self._reads += 1
        self.record(Octets(self.side.other, data, self.elapsed))
        # A single message has its own limit: see `Unread`.
        inflated = self._interpreter.inflated(self.side.other) - limits.INFLATED.default
        most = self.limits
        if max(self._octets, inflated) > most.octets:
            self._give_up(f"{most.octets:,} octets")
        elif self._interpreter.frames(self.side.other) > most.frames:
            self._give_up(f"{most.frames:,} frames")
        elif self._reads > most.reads:
            self._give_up(f"{most.reads:,} reads")

    def ended(self, how: How, now: int) -> None:
        """The peer has ended TCP."""
        self._clock(now)
        if not self.done:
            self.finish()
            self.record(Drop(self.side.other, how, self.elapsed))

    def wake(self, now: int) -> None:
        """Time has passed: act on the timers that have expired, in order."""
        self._clock(now)
        while not self.done and self._timers:
            wait, (due, after, tag) = min(self._timers.items(), key=lambda item: item[1][0])
            if due > self.elapsed:
                return
            del self._timers[wait]
            self.fired(Timer(wait, True, after, tag))

    def pump(self, now: int) -> None:
        """The socket accepts more: move the next of the waiting writes to `output`."""
        pieces = self.upcoming(1)
        self.output += pieces
        self.wrote(len(pieces), now)

    def wrote(self, count: int, now: int) -> None:
        """The first so many of the upcoming writes have been written."""
        self._clock(now)
        if count and not self.done:
            self.set_timer(Wait.LIMIT, self.limits.case)  # the peer reads, which is progress
            self._take(count)
        if not self._outbox:
            if self._closing:
                self._await_close()
            self.idle()

    @property
    def deadline(self) -> int | None:
        """When to call `wake`, on the owner's clock; None: never."""
        if self.done or not self._timers or self._epoch is None:
            return None
        return self._epoch + min(due for due, _, _ in self._timers.values())

    # For subclasses to override.

    def opening(self) -> None:
        """TCP is established: a client sends its request."""

    def respond(self, requested: Requested) -> None:
        """A request has arrived: a server accepts it, or refuses it if it breaks a rule."""
        if not requested.valid:
            said = "".join(f"{breach.detail}\n" for breach in request_breaches(requested.request))
            self.write(encode_page(400, "Bad Request", said, [("Sec-WebSocket-Version", "13")]))
            self.drop()
            return
        self.write(response(requested.request, self.asks))

    def not_opened(self, event: NotOpened) -> None:
        """There will be no WebSocket connection."""
        if event.why is Why.GARBLED and event.side is not self.side is Side.SERVER:
            self.write(encode_page(400, "Bad Request", f"{event.reason}\n"))
        answered = event.side is self.side or event.why is Why.GARBLED
        self.drop(How.FIN if answered else How.RST)

    def event(self, event: Event) -> None:
        """Something has happened, on either side."""

    def idle(self) -> None:
        """Everything has been written."""

    def answers(self) -> bool:
        """Whether Pings, Closes and breaches are acted on."""
        return True

    def reply_code(self, close: Close) -> int | None:
        """The code with which a Close is answered."""
        return 1000

    # For subclasses to call, as are the methods that close, send and write.

    def look_at(self, entry: Entry, events: Iterable[Event]) -> None:
        number = len(self._entries) - 1
        for event in events:
            self._note(event, number)
            if self.done:
                if isinstance(entry, Octets):
                    self.events = None  # the rest of what was read isn't looked at
                    break
                continue
            self._act(event)
            self.event(event)
            if event.side is not self.side:
                self._events += 1
                if self._events == self.limits.events + 1:
                    self._give_up(f"{self.limits.events:,} events")
        if number != len(self._entries) - 1 and self._interpreter.unfinished(self.side.other):
            self.events = None

    def has_timer(self, wait: Wait) -> bool:
        return wait in self._timers

    def set_timer(self, wait: Wait, after: int, tag: str | None = None) -> None:
        """Start this timer, or start it anew, to expire after this time."""
        self._timers[wait] = (self.elapsed + after, after, tag)

    def cancel_timer(self, wait: Wait) -> None:
        self._timers.pop(wait, None)

    def finish(self) -> None:
        """Read, write and wait for nothing any more."""
        self.done = True
        self._timers.clear()
        self._outbox.clear()

    # The closing handshake.

    @property
    def has_closed(self) -> bool:
        """Whether we have sent a Close frame, or a part of one, or one is waiting to be written."""
        return self._closing or self._interpreter.closing(self.side)

    @property
    def peer_closed(self) -> bool:
        """Whether the peer has sent a Close frame that breaks no rule."""
        return self._interpreter.closed(self.side.other)

    @property
    def both_closed(self) -> bool:
        return self.has_closed and self.peer_closed

    @property
    def is_open(self) -> bool:
        """Whether the connection is open and neither side has sent a Close."""
        return self.opened and not (self.done or self.has_closed or self.peer_closed)

    @property
    def owes_pongs(self) -> bool:
        """Whether Pings are answered: until the peer's Close (§5.5.2), or until we fail the connection."""
        return self.opened and not self.peer_closed and self._failed_at < 0 and not self.done

    def send_close(self, code: int | None = 1000, reason: bytes = b"") -> None:
        """Send a Close frame, and wait for the peer's unless this is the answer to it."""
        payload = b"" if code is None else code.to_bytes(2, "big")
        self._closing = True
        self.send_frame(Opcode.CLOSE, payload + reason)
        self._await_close()

    def send_message(self, text: bool, data: bytes) -> None:
        """Send a data message in one frame, compressed if permessage-deflate was agreed on."""
        rsv = 0
        if self._deflater is not None:
            data, rsv = self._deflater.message(data), 4
        opcode = Opcode.TEXT if text else Opcode.BINARY
        self.write(encode(frame(opcode, data, rsv=rsv, key=self._keys())))

    def send_frame(self, opcode: int, payload: bytes) -> None:
        """Send one frame, masked if we are the client."""
        self.write(encode(frame(opcode, payload, key=self._keys())))

    def drop(self, how: How = How.FIN) -> None:
        """End TCP."""
        if not self.done:
            self.dropped_as = how
            self.finish()
            self.record(Drop(self.side, how, self.elapsed))

    def fired(self, timer: Timer) -> None:
        """A timer has expired: record it, and act on it."""
        self.record(replace(timer, at=self.elapsed))
        match timer.wait:
            case Wait.FAIL if self.is_open:
                self.send_close(1001, b"Going Away")
            case Wait.CLOSE if self.is_open:
                self.send_close(None)
            case Wait.CLOSE if self.opened:
                pass
            case Wait.FAIL | Wait.CLOSE:
                self.drop()
            case Wait.OPENING | Wait.CLOSING | Wait.DROP | Wait.LIMIT:
                self.drop(How.RST)

    def _await_close(self) -> None:
        """Start the timeout for the peer's answer to our Close, once that is written."""
        if not (self.peer_closed or self._outbox or self.done or self.has_timer(Wait.CLOSING)):
            self.set_timer(Wait.CLOSING, self.limits.closing)

    def _breach(self, violation: Violation) -> None:
        """Fail the connection (§7.1.7), once for each frame. During the closing handshake, and if the data
        can't be inflated, end TCP instead, as Autobahn|Testsuite does."""
        rule, code = RULES[violation.rule], violation.code
        if code is None or violation.frame == self._failed_at:
            return
        self._failed_at, self.hurries = violation.frame, True
        if self.is_open and (rule.rfc == 6455 or code == 1002):
            self.send_close(code)
        else:
            self.drop()

    def _close(self, close: Close) -> None:
        if not close.valid:
            return
        self.cancel_timer(Wait.CLOSING)
        answer = not self.has_closed
        if answer:
            self.send_close(self.reply_code(close))
        if self.side is Side.SERVER:
            self.drop()
        elif not answer:
            self.set_timer(Wait.DROP, self.limits.drop)
        elif Wait.FAIL in self._timers:
            # Autobahn|Testsuite sets no timer of its own here, but this one ends the connection.
            kill = self._timers[Wait.FAIL][0] - self.elapsed
            self.set_timer(Wait.LIMIT, max(kill, 0) + self.limits.drop)

    def _act(self, event: Event) -> None:
        match event:
            case Opened():
                self.opened = self.accepted = True
                self.cancel_timer(Wait.OPENING)
                if event.agreed is not None:
                    terms = event.agreed
                    self._deflater = Deflater(terms.window(self.side), terms.keeps_context(self.side))
            case Requested() if self.side is Side.SERVER:
                self.respond(event)
            case NotOpened():
                self.not_opened(event)
            case Unread(bound=bound) if event.side is not self.side:
                self._give_up(bound)
            case Violation() if event.side is not self.side and self.answers():
                self._breach(event)
            case Close() if event.side is not self.side and self.answers():
                self._close(event)
            case Ping() if event.side is not self.side and self.answers() and self.owes_pongs:
                self.send_frame(Opcode.PONG, event.data)

    def _give_up(self, bound: str) -> None:
        """End the connection, as the peer has sent more than replay reads from one."""
        if not self.done:
            self.fired(Timer(Wait.LIMIT, True, tag=bound))
