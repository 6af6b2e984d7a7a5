"""Whether the tester of a log sent what its case sends: a number may once have meant another case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from replay.cases.model import Case
from replay.cases.step import OpenFrame, Pause, SendClose, SendData, SendFrame, SendMessage
from replay.protocol.events import Close, End, Event, Gap, Opened, Violation
from replay.protocol.interpreter import observe
from replay.protocol.rules import RULES
from replay.trace.framing import LoggedFrame, stream
from replay.trace.model import Trace
from replay.wire.decoder import FrameDecoder
from replay.wire.frame import Opcode, encode_message
from replay.wire.side import Side

OWN_CODES = frozenset({None, 1000, 1001, *(rule.code for rule in RULES.values())})
"""The codes of a Close that a tester sends on its own: to answer one, to go away, or because of a
breach."""

_NAMES = {opcode.value: opcode.name.lower() for opcode in Opcode}


class _Frame(NamedTuple):
    opcode: int
    fin: bool
    rsv: int
    length: int
    payload: bytes  # as far as it is known

    def fits(self, other: _Frame) -> bool:
        known = min(len(self.payload), len(other.payload))
        return self[:4] == other[:4] and self.payload[:known] == other.payload[:known]

    def __str__(self) -> str:
        name = _NAMES.get(self.opcode, f"opcode {self.opcode}")
        flags = ("" if self.fin else ", FIN 0") + (f", RSV {self.rsv:03b}" if self.rsv else "")
        start = f" {self.payload[:8].hex()}" + "…" * (self.length > 8) if self.payload else ""
        return f"a {name} frame of {self.length} octets{start}{flags}"


def other_than(case: Case, trace: Trace, tester: Side) -> str | None:
    """What the tester sent that isn't part of the case, in words; None if everything is, as far as the log
    shows. What a tester does on its own (a Pong, a Close) is part of any case."""
    wanted = list(_frames(case))
    events = observe(trace, case.reading)
    if not any(isinstance(event, Opened) for event in events):
        return None
    at = 0
    for found in stream(trace.entries, tester).frames:
        if (sent := _found(found)) is None:
            break
        if at < len(wanted) and wanted[at].fits(sent):
            at += 1
        elif not _by_itself(sent):
            there = f"sends {wanted[at]}" if at < len(wanted) else "sends nothing more"
            return f"the log sends {sent} where case {case.id} {there}"
    if at < len(wanted) and _ended_early(case, events, tester):
        return f"the log closes the connection where case {case.id} sends {wanted[at]}"
    return None


def _found(found: LoggedFrame) -> _Frame | None:
    if (header := found.header) is None:
        return None
    return _Frame(header.opcode, header.fin, header.rsv, header.length, found.payload())


def _by_itself(sent: _Frame) -> bool:
    if sent.opcode == Opcode.CLOSE:
        code = int.from_bytes(sent.payload[:2], "big") if len(sent.payload) > 1 else None
        return code in OWN_CODES and sent.length != 1
    return sent.opcode == Opcode.PONG


def _ended_early(case: Case, events: Sequence[Event], tester: Side) -> bool:
    """Whether the tester closed on its own, for no fault of the testee, before it had sent everything."""
    if any(isinstance(step, Pause) for step in case.steps):
        return False  # the steps after a tagged pause are sent only if the connection is open
    if any(isinstance(event, Gap) and event.side is tester for event in events):
        return False
    for event in events:
        if event.side is not tester and isinstance(event, Close | End | Violation):
            return False
        if event.side is tester and isinstance(event, Close):
            return True
    return False


def _frames(case: Case) -> Iterator[_Frame]:
    """What a case sends, up to the first step that depends on the compression or repeats. Of a frame sent
    in pieces only those before a pause are known: a Close may take the place of the others."""
    opened: OpenFrame | None = None
    payload, left, paused = b"", 0, False
    for step in case.steps:
        match step:
            case SendFrame():
                octets = step.payload.octets
                length = len(octets) if step.length is None else step.length
                yield _Frame(step.opcode, step.fin, step.rsv, length, octets)
            case SendMessage() if case.deflate is None:
                opcode = Opcode.TEXT if step.text else Opcode.BINARY
                sent = encode_message(opcode, step.payload.octets, step.fragment, lambda: b"")
                for piece in FrameDecoder().feed(sent.octets):
                    for one in piece.single() if piece.times > 1 else (piece,):
                        header = one.header
                        yield _Frame(header.opcode, header.fin, header.rsv, header.length, one.data)
            case SendClose():
                octets = (b"" if step.code is None else step.code.to_bytes(2, "big")) + step.reason
                yield _Frame(Opcode.CLOSE, True, 0, len(octets), octets)
            case OpenFrame():
                opened, payload, left, paused = step, b"", step.length, False
            case SendData() if opened is not None:
                left -= len(step.payload)
                payload += b"" if paused else step.payload.octets
                if left <= 0:
                    yield _Frame(opened.opcode, opened.fin, opened.rsv, opened.length, payload)
            case Pause():
                paused = True
            case _:
                return
