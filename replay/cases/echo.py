"""What an endpoint that echoes sends back: the data messages that were sent, with their fragments
joined."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from msgspec.structs import replace

from replay import limits
from replay.cases.model import EventKind, Pattern
from replay.cases.payload import Payload
from replay.cases.said import Said, as_expected
from replay.cases.step import OpenFrame, Repeat, SendData, SendFrame, SendMessage, Step
from replay.source import SourceError, Span, nearest
from replay.trace.model import Octets, Trace
from replay.wire.frame import Opcode, decode

MAX_JOINED = limits.JOINED.default
"""The most octets of a message whose fragments are joined when the spec is loaded."""

_KINDS: dict[int, EventKind] = {Opcode.TEXT: EventKind.TEXT, Opcode.BINARY: EventKind.BINARY}

Sent = SendFrame | SendMessage | Repeat


def echo(sent: Sequence[Step] | Trace, span: Span, name: str | None = None) -> Sequence[Pattern]:
    """Each data message that is sent, in order (RFC 6455 §5.4), as a pattern at `span`; with a name, only
    the message that begins at the step with that name.

    Raises SourceError if nothing would come back, or if the fragments don't form messages.
    """
    frames = _recorded(sent, span) if isinstance(sent, Trace) else list(_data(sent))
    if name is not None:
        frames = _named(frames, name, span)
    patterns: Sequence[Pattern]
    match frames:
        case [Repeat() as alone]:
            patterns = _of_rounds(alone, span)
        case _:
            patterns = tuple(_patterns(frames, span))
    if not patterns:
        raise SourceError(
            span,
            "no data message is sent, so there is no echo",
            "write '- ok: []' to expect nothing at all",
        )
    return patterns


def _data(steps: Iterable[Step]) -> Iterator[Sent]:
    """The steps that send data. A frame that is sent in pieces counts as one step, and ends no message
    unless it is complete."""
    opened: OpenFrame | None = None
    octets = b""
    for step in steps:
        match step:
            case OpenFrame():
                opened, octets = step, b""
            case SendData():
                octets += step.payload.octets
            case SendFrame() | SendMessage() | Repeat():
                yield step
        if opened is not None and len(octets) == opened.length:
            yield SendFrame(opened.opcode, Payload(octets), opened.fin)
            opened = None
    if opened is not None:
        yield SendFrame(opened.opcode, Payload(octets), fin=False)


def _named(frames: Sequence[Sent], name: str, span: Span) -> list[Sent]:
    """The frames of the message that begins at the step with this name."""
    names = {frame.name: number for number, frame in enumerate(frames) if not isinstance(frame, Repeat)}
    if name not in names:
        known = [known for known in names if known]
        hint = nearest(name, known) or "a step names its message: 'text: {utf8: …, name: …}'"
        raise SourceError(span, f"no message has the name {name!r}", hint)
    found: list[Sent] = []
    for frame in frames[names[name] :]:
        if not isinstance(frame, SendFrame) or not found or frame.opcode == Opcode.CONTINUATION:
            found.append(frame)
        if not isinstance(frame, SendFrame) or (frame is found[-1] and frame.fin):
            break
    return found


def _patterns(steps: Iterable[Sent], span: Span) -> Iterator[Pattern]:
    kind: EventKind | None = None
    fragments: list[Payload] = []
    for step in steps:
        if isinstance(step, SendFrame):
            begins = _KINDS.get(step.opcode)
            if begins is None and step.opcode != Opcode.CONTINUATION:
                continue
        else:
            begins = EventKind.TEXT
        if (begins is None) == (kind is None):
            fault = (
                "there is no message to continue" if begins is None else "a message begins inside another"
            )
            raise _unclear(span, fault)
        match step:
            case Repeat():
                yield from _of_rounds(step, span)
            case SendMessage(said=Said() as said):
                back = replace(said, shape=as_expected(said.shape))
                yield Pattern(EventKind.TEXT if step.text else EventKind.BINARY, said=back, span=span)
            case SendMessage():
                yield Pattern(EventKind.TEXT if step.text else EventKind.BINARY, step.payload, span=span)
            case SendFrame():
                kind = begins or kind
                fragments.append(step.payload)
                if step.fin and kind is not None:
                    yield Pattern(kind, _joined(fragments, span), span=span)
                    kind, fragments = None, []
    if kind is not None:
        raise _unclear(span, "the last message isn't finished")


class RepeatedEchoes(Sequence[Pattern]):
    """The echoes of all rounds, each made when it is needed."""

    def __init__(self, repeat: Repeat, first: tuple[Pattern, ...]) -> None:
        """`first` holds those of the first round."""
        self.repeat, self.first = repeat, first

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RepeatedEchoes):
            return NotImplemented
        return (self.repeat, self.first) == (other.repeat, other.first)

    def __hash__(self) -> int:
        return hash((self.repeat, self.first))

    def __len__(self) -> int:
        return self.repeat.times * len(self.first)

    @overload
    def __getitem__(self, index: int) -> Pattern: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Pattern]: ...
    def __getitem__(self, index: int | slice) -> Pattern | Sequence[Pattern]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        number, which = divmod(range(len(self))[index], len(self.first))
        return _of_round(self.first[which], number)

    def __iter__(self) -> Iterator[Pattern]:
        for number in range(self.repeat.times):
            for pattern in self.first:
                yield _of_round(pattern, number)


def _of_round(pattern: Pattern, number: int) -> Pattern:
    """The pattern of another round that corresponds to one of the first round."""
    payload = pattern.payload
    if payload is None or payload.next is None:
        return pattern
    return Pattern(pattern.kind, payload.of_round(number, payload.text), span=pattern.span)


def _of_rounds(repeat: Repeat, span: Span) -> Sequence[Pattern]:
    first = tuple(_patterns(repeat.round(0), span))
    if repeat.alike or len(first) == len(repeat.steps):
        return RepeatedEchoes(repeat, first)
    return [pattern for number in range(repeat.times) for pattern in _patterns(repeat.round(number), span)]


def _unclear(span: Span, fault: str) -> SourceError:
    return SourceError(span, f"the echo can't be determined: {fault}", "list the expected messages instead")


def _joined(fragments: Sequence[Payload], span: Span) -> Payload:
    if len(fragments) == 1:
        return fragments[0]
    if sum(map(len, fragments)) > MAX_JOINED:
        raise SourceError(span, f"a fragmented message is larger than {MAX_JOINED >> 20} MiB")
    return Payload(b"".join(fragment.octets for fragment in fragments))


def _recorded(trace: Trace, span: Span) -> list[Sent]:
    """The frames that the recorder sent after its part of the opening handshake."""
    writes = [
        entry for entry in trace.entries if isinstance(entry, Octets) and entry.side is trace.recorder
    ]
    if any(entry.cut for entry in writes):
        raise _unclear(span, "octets are missing from the log")
    _, _, octets = b"".join(entry.data for entry in writes).partition(b"\r\n\r\n")
    return [
        SendFrame(header.opcode, Payload(payload), fin=header.fin, rsv=header.rsv)
        for header, payload in decode(octets)[0]
    ]
