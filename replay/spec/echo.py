"""What comes back from an endpoint that echoes: the data messages sent, fragments joined."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from replay import limits
from replay.source import SourceError, Span
from replay.spec.model import Kind, Pattern, Payload, SendFrame, Step
from replay.trace.model import Octets, Trace
from replay.wire.frame import Opcode, decode

MAX_JOINED = limits.JOINED.default
"""Octets that a message may have whose fragments are joined when the spec is loaded."""

_KINDS = {Opcode.TEXT: Kind.TEXT, Opcode.BINARY: Kind.BINARY}


def echo(sent: Sequence[Step] | Trace, span: Span) -> tuple[Pattern, ...]:
    """Each data message that is sent, in order (RFC 6455 §5.4), as a pattern that stands at `span`.

    Raises SourceError if nothing would come back, or if the fragments make no messages.
    """
    frames = _recorded(sent, span) if isinstance(sent, Trace) else sent
    messages = _messages((step for step in frames if isinstance(step, SendFrame)), span)
    patterns = tuple(Pattern(kind, payload, span=span) for kind, payload in messages)
    if not patterns:
        raise SourceError(span, "no data message is sent, so there is no echo", "nothing at all is []")
    return patterns


def _messages(frames: Iterable[SendFrame], span: Span) -> Iterator[tuple[Kind, Payload]]:
    kind: Kind | None = None
    fragments: list[Payload] = []
    for frame in frames:
        begins = _KINDS.get(frame.opcode)  # type: ignore[call-overload]
        if begins is None and frame.opcode != Opcode.CONTINUATION:
            continue
        if (begins is None) == (kind is None):
            fault = (
                "a continuation continues nothing" if begins is None else "a message begins inside another"
            )
            raise _unclear(span, fault)
        kind = begins or kind
        fragments.append(frame.payload)
        if frame.fin and kind is not None:
            yield kind, _joined(fragments, span)
            kind, fragments = None, []
    if kind is not None:
        raise _unclear(span, "the last message isn't finished")


def _unclear(span: Span, fault: str) -> SourceError:
    return SourceError(span, f"what the echo is can't be told: {fault}", "list the messages that come back")


def _joined(fragments: Sequence[Payload], span: Span) -> Payload:
    if len(fragments) == 1:
        return fragments[0]
    if sum(map(len, fragments)) > MAX_JOINED:
        raise SourceError(span, f"a fragmented message has more than {MAX_JOINED >> 20} MiB")
    return Payload(b"".join(fragment.octets for fragment in fragments))


def _recorded(trace: Trace, span: Span) -> list[SendFrame]:
    """The frames that the recorder sent, behind its half of the opening handshake."""
    writes = [
        entry for entry in trace.entries if isinstance(entry, Octets) and entry.side is trace.recorder
    ]
    if any(entry.cut for entry in writes):
        raise _unclear(span, "octets are missing in the log")
    _, _, octets = b"".join(entry.data for entry in writes).partition(b"\r\n\r\n")
    return [
        SendFrame(header.opcode, Payload(payload), fin=header.fin, rsv=header.rsv)
        for header, payload in decode(octets)[0]
    ]
