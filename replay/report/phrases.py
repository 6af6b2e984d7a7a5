"""What is sent, in phrases: 'a text message of 5 octets ("Hello")', 'a Ping without a payload'."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from msgspec.structs import replace

from replay.cases.payload import Payload
from replay.cases.said import Said
from replay.cases.step import (
    Await,
    OpenFrame,
    Pause,
    Repeat,
    SendClose,
    SendData,
    SendEnd,
    SendFrame,
    SendMessage,
    Step,
)
from replay.report import safe, words
from replay.trace.model import SECOND
from replay.wire.frame import CONTROL_PAYLOAD, Opcode, reserved

MOST = 8
"""The most steps, or events, that are named for one case."""

CHECKED = 2**16
"""The most octets of a text that is checked for validity."""

NAMED = 24
"""The most octets of a payload that is shown in full."""

_CONTROL = {Opcode.CLOSE: "Close", Opcode.PING: "Ping", Opcode.PONG: "Pong"}
_DATA = {Opcode.TEXT: "text", Opcode.BINARY: "binary"}


class Phrase(NamedTuple):
    """The parts of a phrase: 'a Ping', 'Pings', ' of 9 octets', ' with RSV1 set', ' ("payload")'."""

    one: str
    many: str
    size: str = ""
    quality: str = ""
    shown: str = ""

    def __str__(self) -> str:
        return self.one + self.size + self.shown + self.quality


def sequence(phrases: Iterable[Phrase]) -> str:
    """'a Ping, then 2 Pongs'; equal phrases in a row are counted."""
    found = []
    for _, group in groupby(phrases, key=lambda phrase: phrase[:4]):
        first, *others = group
        number = 1 + len(others)
        several = f"{first.many}{first.size}{first.quality}" if first.many else f"times {first}"
        found.append(str(first) if number == 1 else f"{number} {several}")
    if (more := len(found) - MOST) > 0:
        found = [*found[:MOST], f"{more} more"]
    return ", then ".join(found)


def sent(steps: Sequence[Step]) -> Iterator[Phrase]:
    """A phrase for each step, or for the frames of a message that nothing interrupts."""
    at, unfinished = 0, False
    while at < len(steps):
        step = steps[at]
        end = None if unfinished else _message_end(steps, at)
        if end is not None:
            yield _frames(steps[at:end])
            at = end
            continue
        yield _frame(step, steps, at, unfinished) if isinstance(step, SendFrame) else _step(step)
        if isinstance(step, SendFrame | OpenFrame) and not step.opcode & 8:
            unfinished = not step.fin and (unfinished or step.opcode != Opcode.CONTINUATION)
        at += 1


def _message_end(steps: Sequence[Step], at: int) -> int | None:
    """The index after the last frame of a fragmented message, if one begins here that nothing interrupts
    and whose frames have nothing unusual."""
    first = steps[at]
    if not isinstance(first, SendFrame) or first.opcode not in _DATA or first.fin:
        return None
    for end in range(at, len(steps)):
        step = steps[end]
        if not isinstance(step, SendFrame) or (end > at and step.opcode != Opcode.CONTINUATION):
            return None
        if _odd(step) or step.chop != first.chop:
            return None
        if step.fin:
            return end + 1
    return None


def _frames(frames: Sequence[Step]) -> Phrase:
    """A whole message in several frames."""
    kept = [frame for frame in frames if isinstance(frame, SendFrame)]
    octets = b"".join(frame.payload.octets for frame in kept)
    kind = _DATA[Opcode(kept[0].opcode)]
    size = f" of {words.count(len(octets), 'octet')}"
    quality = _invalid(kind, octets) + f", in {len(kept)} frames{_chopped(kept[0])}"
    shown = "" if _invalid(kind, octets) else sample(Payload(octets))
    return Phrase(f"a {kind} message", f"{kind} messages", size, quality, shown)


def _frame(step: SendFrame, steps: Sequence[Step], at: int, unfinished: bool) -> Phrase:
    """One frame: a message or a control frame by itself, or a part of a message."""
    size, rest, opcode = len(step.payload), _odd(step) + _chopped(step), step.opcode
    octets = size_of(step.payload)
    if opcode == Opcode.CLOSE and step.fin and not step.rsv and size <= CONTROL_PAYLOAD:
        return Phrase(*_close(step.payload.octets), quality=rest)
    if opcode in _CONTROL:
        name = _CONTROL[Opcode(opcode)]
        more = (
            f", more than the {CONTROL_PAYLOAD} that a control frame may have"
            if size > CONTROL_PAYLOAD
            else ""
        )
        more += "" if step.fin else ", marked as one that goes on (FIN 0)"
        return Phrase(f"a {name}", f"{name}s", octets, rest + more, sample(step.payload))
    if opcode == Opcode.CONTINUATION:
        if not unfinished:
            return Phrase("a continuation", "continuations", octets, f"{rest}, which continues no message")
        last = "last" if step.fin else "next"
        return Phrase(f"the {last} frame of the message,", "more frames of it,", octets, rest)
    if opcode not in _DATA:
        kind = "control" if opcode & 8 else "data"
        name = f"opcode {opcode}, which is reserved for {kind} frames to come,"
        return Phrase(f"a frame with {name}", f"frames with {name}", octets, rest)
    kind = _DATA[Opcode(opcode)]
    if unfinished:
        inside = f"{rest}, inside the message that isn't finished"
        return Phrase(f"a {kind} frame", f"{kind} frames", octets, inside)
    invalid = _invalid(kind, _whole(steps, at))
    if not step.fin:
        return Phrase(f"the first frame of a {kind} message{invalid},", "", octets, rest)
    shown = "" if invalid else sample(step.payload)
    return Phrase(f"a {kind} message", f"{kind} messages", octets, invalid + rest, shown)


def _whole(steps: Sequence[Step], at: int) -> bytes:
    """The payload of the message that begins here."""
    parts = []
    for number in range(at, len(steps)):
        step = steps[number]
        if isinstance(step, SendFrame) and not step.opcode & 8:
            if number > at and step.opcode != Opcode.CONTINUATION:
                break
            parts.append(step.payload.octets)
            if step.fin:
                break
    return b"".join(parts)


def _odd(step: SendFrame) -> str:
    """What is unusual about a frame."""
    said = ""
    if step.rsv:
        said += f" with {reserved(step.rsv)} set"
    if step.mask is False:
        said += ", not masked"
    if step.length is not None and step.length != len(step.payload):
        said += f", which announces {words.count(step.length, 'octet')}"
    if step.form is not None and step.form != _fewest(len(step.payload)):
        said += f", its length written in {step.form} more octets"
    if step.cut is not None:
        said += f", in two writes, the first of {words.count(step.cut, 'octet')}"
    return said + (f", {step.gap / SECOND:g} s apart" if step.gap else "")


def _fewest(size: int) -> int:
    return 0 if size < 126 else 2 if size < 2**16 else 8


def written(steps: Sequence[Step]) -> tuple[Sequence[Step], str]:
    """How the frames are written, if that is the same for all of them, and the steps without it."""
    frames = [step for step in steps if isinstance(step, SendFrame)]
    chops = {frame.chop for frame in frames}
    if len(frames) < 2 or len(chops) > 1:
        return steps, ""
    plain = [replace(step, chop=None) if isinstance(step, SendFrame) else step for step in steps]
    return plain, _chopped(max(frames, key=lambda frame: len(frame.payload)))


def _chopped(step: SendFrame) -> str:
    if step.chop is None or step.chop >= len(step.payload) + 2:
        return ""
    return ", written octet by octet" if step.chop == 1 else f", in writes of {step.chop} octets"


def _step(step: Step) -> Phrase:
    match step:
        case SendMessage(said=Said() as said):
            return Phrase(f"the message {words.value(said)}", f"messages {words.value(said)}")
        case SendMessage():
            kind = "text" if step.text else "binary"
            cut = f", in frames of {words.count(step.fragment, 'octet')}" if step.fragment else ""
            invalid = "" if len(step.payload) > CHECKED else _invalid(kind, step.payload.octets)
            shown = "" if invalid else sample(step.payload)
            size = size_of(step.payload, step.text)
            return Phrase(f"a {kind} message", f"{kind} messages", size, invalid + cut, shown)
        case SendClose():
            head = b"" if step.code is None else step.code.to_bytes(2, "big")
            close, closes = _close(head + step.reason)
            return Phrase(close + " in the same write" * step.joined, closes)
        case Await():
            return Phrase("nothing until the testee's Close has come", "")
        case SendEnd():
            return Phrase(f"the end of TCP, with {step.how.value}", "")
        case Pause():
            tag = f" (pause {safe.escape(step.tag)})" if step.tag else ""
            deaf = ", and reads nothing either" if step.deaf else ""
            return Phrase(f"nothing for {step.after / SECOND:g} s{tag}{deaf}", "pauses without a word")
        case OpenFrame():
            kind = words.opcode(step.opcode)
            return Phrase(
                f"the header of a {kind} frame", "headers", f" of {words.count(step.length, 'octet')}", ""
            )
        case SendData():
            size = words.count(len(step.payload), "octet")
            return Phrase(f"{size} of its payload", f"times {size} of its payload")
        case Repeat():
            (first, *_), times = [*sent(step.steps)], step.times
            each = "each once the one before has come back"
            if len(step.steps) == 1:
                return Phrase(f"{times} {first.many}{first.size}{first.quality}, {each}", "")
            return Phrase(f"{times} rounds of {words.count(len(step.steps), 'message')}, {each}", "")
    raise AssertionError(step)


def _close(octets: bytes) -> tuple[str, str]:
    """A Close with this payload."""
    if len(octets) < 2:
        said = "without a payload" if not octets else "with half a code, a single octet"
        return f"a Close {said}", f"Closes {said}"
    reason = octets[2:]
    said = f"with code {words.code(int.from_bytes(octets[:2], 'big'))}"
    if reason:
        said += " and a reason" + (_invalid("text", reason) or f" of {words.count(len(reason), 'octet')}")
    if len(octets) > CONTROL_PAYLOAD:
        said += f": {len(octets)} octets, more than the {CONTROL_PAYLOAD} that a control frame may have"
    return f"a Close {said}", f"Closes {said}"


def size_of(payload: Payload, text: bool = False) -> str:
    """' of 5 octets', or of characters if slices of a text are sent."""
    if payload.next is not None:
        return f" of {words.count(payload.next, 'character' if text else 'octet')}"
    return f" of {words.count(len(payload), 'octet')}" if len(payload) else " without a payload"


def _invalid(kind: str, octets: bytes) -> str:
    if kind != "text":
        return ""
    try:
        octets.decode()
    except UnicodeDecodeError:
        return " that isn't valid UTF-8"
    return ""


def sample(payload: Payload) -> str:
    """A short text, in brackets."""
    if not 0 < len(payload) <= NAMED or payload.next is not None:
        return ""
    octets = payload.octets
    return f" ({safe.sample(octets, len(octets))})" if safe.is_text(octets, False) else ""
