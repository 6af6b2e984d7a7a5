"""What the tester does, in order: the steps of a case."""

from __future__ import annotations

from msgspec.structs import replace

from replay import limits
from replay.cases.payload import NOTHING, Payload
from replay.cases.said import Said
from replay.source import Located, Span
from replay.trace.model import How
from replay.wire.frame import Opcode


class SendFrame(Located, frozen=True):
    """One frame. It is masked as the tester's side has to, unless `mask` says otherwise."""

    opcode: int
    payload: Payload = NOTHING
    fin: bool = True
    rsv: int = 0
    mask: bytes | bool | None = None  # None: as the RFC requires; False: unmasked; octets: this key
    length: int | None = None  # the announced length, if it isn't the length of the payload
    form: int | None = None  # octets of extended length, if not the fewest possible
    chop: int | None = None  # octets per write; None: one write, which adjacent frames may share
    cut: int | None = None  # two writes, of which the first has this many octets
    gap: int = 0  # microseconds between two writes
    name: str | None = None  # the name by which `expect` refers to the echo of the message that begins here
    span: Span | None = None


class SendMessage(Located, frozen=True):
    """A data message, cut into frames of `fragment` octets by `wire.frame.encode_message`."""

    text: bool
    payload: Payload = NOTHING
    fragment: int | None = None  # None: one frame; if compressed, the octets are counted as on the wire
    name: str | None = None
    compress: bool = True  # if permessage-deflate has been negotiated
    said: Said | None = None  # in place of the payload: a value that is made when it is sent
    span: Span | None = None


class SendClose(Located, frozen=True):
    """A Close frame that starts or answers the closing handshake, unlike a raw frame with opcode 8."""

    code: int | None = 1000
    reason: bytes = b""
    joined: bool = False  # whether it shares the last write of the frame before it
    span: Span | None = None


class Await(Located, frozen=True):
    """Wait for the testee's Close frame. From the start, the tester leaves it to the steps after this one
    to answer that Close and to end TCP."""

    span: Span | None = None


class SendEnd(Located, frozen=True):
    """End TCP."""

    how: How
    span: Span | None = None


class Pause(Located, frozen=True):
    """Send nothing for this long. With a tag, its end is an event (still-open), and the rest is sent only
    while the connection is open."""

    after: int  # microseconds
    tag: str | None = None
    exact: bool = False  # whether it is never shortened
    deaf: bool = False  # whether nothing is read either
    span: Span | None = None


class OpenFrame(Located, frozen=True):
    """The header of a frame alone; its payload follows in pieces."""

    opcode: int
    length: int  # how many octets of payload it announces
    fin: bool = True
    rsv: int = 0
    mask: bytes | bool | None = None
    span: Span | None = None


class SendData(Located, frozen=True):
    """The next octets of the open frame, in one write."""

    payload: Payload
    span: Span | None = None


class Repeat(Located, frozen=True):
    """Rounds: each is sent once the messages of the previous ones have come back."""

    times: int
    steps: tuple[SendFrame | SendMessage, ...]
    enough: int | None = None  # octets: as many rounds as send so many are played, unless all are asked for
    of: int | None = None  # the full number of rounds, if fewer are played
    span: Span | None = None

    def shortened(self) -> Repeat:
        """The repeat with only as many rounds as are enough."""
        if self.enough is None:
            return self
        wanted = -(-self.enough // max(1, sum(len(step.payload) for step in self.steps)))
        times = min(self.times, max(wanted, limits.LEAST_ROUNDS.default))
        return replace(self, times=times, of=self.times)

    def round(self, number: int) -> tuple[SendFrame | SendMessage, ...]:
        """What is sent in a round, counted from 0."""
        return tuple(
            replace(step, payload=step.payload.of_round(number, is_text(step))) for step in self.steps
        )

    @property
    def alike(self) -> bool:
        """Whether all rounds send the same."""
        return all(step.payload.next is None for step in self.steps)


def is_text(step: SendFrame | SendMessage) -> bool:
    """Whether the step sends text or begins a text message."""
    return step.text if isinstance(step, SendMessage) else step.opcode == Opcode.TEXT


Step = SendFrame | SendMessage | SendClose | Await | SendEnd | Pause | OpenFrame | SendData | Repeat
