"""Every verdict, event, pattern, rule, code and difference in words, defined once.

All of these texts are safe to show on a terminal: what a peer sent is escaped and cut before it is
included.
"""

from __future__ import annotations

from datetime import UTC, datetime

from replay.cases.model import Behaviour, EventKind, Pattern
from replay.cases.opening import Answer
from replay.cases.payload import Payload
from replay.cases.said import Said
from replay.protocol.events import (
    Close,
    CloseBegins,
    End,
    Event,
    Fired,
    Message,
    NotOpened,
    Opened,
    Ping,
    Pong,
    Requested,
    Unparsed,
    Violation,
)
from replay.protocol.rules import RULES
from replay.report.heads import answered
from replay.report.safe import escape, is_text, sample
from replay.trace.model import SECOND, How, Wait
from replay.values.written import short
from replay.verdict.result import ClosingVerdict, Entry, Expectation, Standing
from replay.wire.side import Side

SAMPLE = 48
"""The most octets of a payload that are shown."""

UNKNOWN_SERVER = "UnknownServer"
"""The name of an agent that doesn't tell its own, in Autobahn's reports."""

BEHAVIOURS: dict[Behaviour, str] = {
    Behaviour.OK: "what the case asks for",
    Behaviour.NON_STRICT: "allowed, but later or more lenient than it should be",
    Behaviour.INFORMATIONAL: "the case requires nothing; shown for information only",
    Behaviour.UNIMPLEMENTED: "the testee doesn't have what the case tests",
    Behaviour.FAILED: "not what the case allows",
}

CLOSINGS: dict[ClosingVerdict, str] = {
    ClosingVerdict.OK: "closed as it should be",
    ClosingVerdict.WRONG_CODE: "the close code isn't one that the case allows",
    ClosingVerdict.UNCLEAN: "the closing handshake isn't complete",
    ClosingVerdict.FAILED_BY_CLIENT: "the client failed the connection",
    ClosingVerdict.FAILED: "the wrong side closed the connection",
    ClosingVerdict.INFORMATIONAL: "the case requires nothing; shown for information only",
}

SECTIONS = {
    "1": "Framing",
    "2": "Pings and Pongs",
    "3": "Reserved bits",
    "4": "Opcodes",
    "5": "Fragmentation",
    "6": "UTF-8",
    "7": "Closing",
    "9": "Limits and performance",
    "10": "Automatic fragmentation",
    "12": "Compression of payloads",
    "13": "Compression by parameters",
    "20": "Opening handshake: requests",
    "21": "Opening handshake: responses",
    "22": "Frames",
    "23": "Fragmentation",
    "24": "UTF-8",
    "25": "Closing",
    "26": "Compression",
    "27": "Limits",
}
"""The sections of the bundled suites, by the first part of an id."""

_STANDINGS: dict[Standing, str] = {
    Standing.LISTED: "expected",
    Standing.EXPIRED: "expected until {until}",
    Standing.BETTER: "better than {verdicts}, which is expected",
    Standing.OTHER: "{verdicts} is expected",
    Standing.WORSE: "worse than {verdicts}, which is expected",
}

_OPCODES = {0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}

_CODES = {
    1000: "normal closure",
    1001: "going away",
    1002: "protocol error",
    1003: "unsupported data",
    1005: "no code; may not be sent",
    1006: "abnormal closure; may not be sent",
    1007: "invalid payload data",
    1008: "policy violation",
    1009: "message too big",
    1010: "extension missing",
    1011: "internal error",
    1012: "service restart",
    1013: "try again later",
    1014: "bad gateway",
    1015: "TLS handshake; may not be sent",
}

_WAITS = {
    Wait.DELAY: "a pause",
    Wait.FAIL: "the patience of the case",
    Wait.CLOSE: "the time of the case",
    Wait.EVENTS: "the patience for the recorded events",
    Wait.OPENING: "the time for the opening handshake",
    Wait.CLOSING: "the time for the other side's Close",
    Wait.DROP: "the time for the server's end of TCP",
    Wait.LIMIT: "the time for the whole case",
}


# Numbers.


def ordinal(n: int) -> str:
    """1st, 2nd, 3rd, 4th, …"""
    ending = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"


def count(n: int, noun: str, plural: str = "") -> str:
    """'1 octet', '2 octets'; '16777216 octets (16 MiB)' if that is a whole number."""
    said = f"{n} {noun}" if n == 1 else f"{n} {plural or noun + 's'}"
    if noun == "octet" and n >= 2**20 and n % 2**20 == 0:
        said += f" ({n >> 20} MiB)"
    return said


def moment(since_1970: float | None) -> str:
    """A time such as '2026-11-22T18:49:02.407Z'; empty if it isn't known."""
    if since_1970 is None:
        return ""
    return datetime.fromtimestamp(since_1970, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds(microseconds: int | None) -> str:
    """A duration as a column shows it: '1 ms', '0.42 s', '12.3 s'; empty if it isn't known."""
    if microseconds is None:
        return ""
    if microseconds < 100_000:
        return f"{max(1, round(microseconds / 1000))} ms"
    return f"{microseconds / SECOND:.{1 if microseconds >= 10 * SECOND else 2}f} s"


# Expected verdicts.


def expectation(found: Expectation) -> str:
    """How a verdict compares to the entry for its case, and the reason in that entry."""
    entry = found.entry
    verdicts = " or ".join(entry.verdicts)
    said = _STANDINGS[found.standing].format(until=entry.until, verdicts=verdicts)
    return f"{said}: {escape(entry.reason, 300)}" if entry.reason else said


def place(entry: Entry) -> str:
    """The place of an entry, and its link."""
    return escape(str(entry.span), 200) + (f", {escape(entry.link, 200)}" if entry.link else "")


def fixed(entry: Entry) -> str:
    """That an entry is no longer needed."""
    agent = f" of {entry.agent}" if entry.agent else ""
    said = f"{escape(entry.pattern + agent, 200)} is no longer {' or '.join(entry.verdicts)}"
    return f"{said}: remove the entry in {escape(str(entry.span), 200)}"


# Frames and codes.


def opcode(number: int) -> str:
    """'text'; 'reserved 3' for an opcode that isn't defined."""
    return _OPCODES.get(number, f"reserved {number}")


def code(number: int | None) -> str:
    """'1000 (normal closure)'; 'no code'."""
    if number is None:
        return "no code"
    if number in _CODES:
        return f"{number} ({_CODES[number]})"
    if 3000 <= number < 4000:
        return f"{number} (registered for a library)"
    return f"{number} (private)" if 4000 <= number < 5000 else f"{number} (not assigned)"


def _coded(number: int | None) -> str:
    return code(number) if number is None else f"code {code(number)}"


def reference(rule: str) -> str:
    """'RFC 6455 §5.2' for the id of a rule."""
    return RULES[rule].reference if rule in RULES else rule


def sentence(rule: str) -> str:
    """The sentence that states a rule."""
    return RULES[rule].sentence if rule in RULES else ""


def level(rule: str) -> str:
    """'MUST', 'must' or 'SHOULD', as in the text of the RFC."""
    return RULES[rule].level if rule in RULES else "MUST"


def wait(what: Wait, tag: str | None = None) -> str:
    """What a timer waits for."""
    return _WAITS[what] + (f" {escape(tag)}" if tag else "")


def side(who: Side, tester: Side | None = None) -> str:
    """'client', and whether it is the tester or the testee if that is known."""
    return who.value + ("" if tester is None else " (tester)" if who is tester else " (testee)")


# Events and patterns: one notation for what is expected and what came.


def part(payload: Payload, start: int, end: int) -> bytes:
    """payload.octets[start:end], without making the rest."""
    if payload.round is not None:
        return payload.octets[start:end]
    end = min(end, len(payload))
    if payload.size is None or start >= end:
        return payload.unit[start:end]
    first = start % len(payload.unit)
    until = first + end - start
    return (payload.unit * (-(-until // len(payload.unit))))[first:until]


def _data(name: str, payload: bytes | Payload | None, around: int | None, room: int) -> str:
    """A message or Pong in about `room` cells, with octets from its start, or around an offset that would
    otherwise not be shown."""
    if payload is None:
        return f"{name}, any payload"
    payload = Payload(payload) if isinstance(payload, bytes) else payload
    total = len(payload)
    if not total:
        return f"{name}, empty"
    left = min(SAMPLE, room - len(f"{name} {total}: … …"))
    head = part(payload, 0, max(left, 4))
    text = name.startswith("text")
    fitting = max(left if is_text(head, text) else (left + 1) // 3, 4)
    start = 0
    if around is not None and around >= fitting - 1:
        start = max(0, around - fitting * 2 // 3)
    head = part(payload, start, start + fitting)
    return f"{name} {total}: {sample(head, total, start, text)}"


def value(said: Said, room: int = SAMPLE) -> str:
    """What a message says, in about `room` cells: 'json {type: "hello"}'."""
    return f"{said.view} {short(said.shape, max(room - len(said.view) - 1, 8))}"


def _still_open(tag: str | None) -> str:
    return "still open" + (f" after pause {escape(tag)}" if tag else "")


def _breach(rule: str | None) -> str:
    if rule is None:
        return "breach of any rule"
    return f"breach of {rule}" + (f", {reference(rule)}" if rule in RULES else "")


def pattern(want: Pattern, around: int | None = None, room: int = 80) -> str:
    """What is expected, in about `room` cells; of its payload, the octets near the offset `around`."""
    match want.kind:
        case EventKind.TEXT | EventKind.BINARY if want.said is not None:
            return value(want.said, room)
        case EventKind.TEXT | EventKind.BINARY | EventKind.PONG:
            return _data(want.kind.value, want.payload, around, room)
        case EventKind.STILL_OPEN if want.after is not None:
            return f"nothing for {seconds(want.after)}"
        case EventKind.STILL_OPEN:
            return _still_open(want.tag)
        case EventKind.CLOSE:
            return f"close, {code(want.code)}"
        case EventKind.VIOLATION:
            return _breach(want.rule)
        case EventKind.END:
            return "end of TCP"
        case EventKind.NOT_OPENED:
            if want.answer is not None:
                return f"refused{answered(want.answer)}"
            return "not opened" + (f": HTTP status {want.code}" if want.code else "")
        case EventKind.OPENED:
            return "opened" + (answered(want.answer) if want.answer is not None else "")


def event(got: Event, around: int | None = None, room: int = 80) -> str:
    """What came, in about `room` cells, in the notation of `pattern`."""
    match got:
        case Message(digest=(length, sha256)):
            return f"{_kind(got)} {length}: sha256 {escape(sha256[:16])}…"
        case Message() | Pong() if got.holes:
            return f"{noun(got).removeprefix('a ')}, not all of it logged"
        case Message():
            return _data(_kind(got), got.data, around, room)
        case Ping() | Pong():
            return _data("ping" if isinstance(got, Ping) else "pong", got.data, around, room)
        case Close():
            reason = sample(got.reason[:SAMPLE], len(got.reason), text=True)
            said = f"close, {code(got.code)}" + (f" {reason}" if got.reason else "")
            return said + ("" if got.valid else ", invalid")
        case Violation():
            return _breach(got.rule)
        case Fired(wait=Wait.DELAY):
            return _still_open(got.tag)
        case Fired():
            return f"{wait(got.wait)} ran out" + (f": {escape(got.tag, 40)}" if got.tag else "")
        case End():
            how = f" ({got.how.value})" if got.how is not How.UNKNOWN else ""
            left = f", {count(got.unfinished, 'octet')} of a frame unfinished" if got.unfinished else ""
            return f"end of TCP, by the {got.side.value}{how}{left}"
        case NotOpened():
            return "not opened: " + (f"HTTP status {got.status}" if got.status else escape(got.reason, 200))
        case Requested():
            return "request" if got.valid else "request, invalid"
        case Opened() | CloseBegins():
            return "opened" if isinstance(got, Opened) else "close begins"
        case Unparsed():
            return f"unparsed octets: {escape(got.reason, 200)}"
    raise AssertionError(got)


def _kind(message: Message) -> str:
    return ("text" if message.text else "binary") + (" compressed" if message.compressed else "")


def noun(item: Pattern | Event) -> str:
    """The same within a sentence: 'a binary message of 126 octets'."""
    match item:
        case Pattern(said=Said() as said):
            return f"the message {value(said)}"
        case Pattern(kind=EventKind.STILL_OPEN, after=int()):
            return pattern(item)
        case Pattern(kind=EventKind.TEXT | EventKind.BINARY as kind, payload=payload):
            return _sized(f"a {kind.value} message", payload)
        case Pattern(kind=EventKind.PONG, payload=payload):
            return _sized("a Pong", payload)
        case Message(digest=None):
            return _sized(f"a {_kind(item)} message", Payload(item.data or b"?", item.length))
        case Pong():
            return _sized("a Pong", Payload(item.data or b"?", item.length))
        case Close() | Pattern(kind=EventKind.CLOSE):
            return f"a Close with {_coded(item.code)}"
        case Pattern(kind=EventKind.OPENED):
            return "an accepted opening handshake" + (answered(item.answer) if item.answer else "")
        case Pattern(kind=EventKind.NOT_OPENED, answer=Answer() as answer):
            return "a refusal of the opening handshake" + answered(answer)
        case Opened():
            return "an accepted opening handshake (status 101)"
        case NotOpened():
            return _refusal(item)
        case Pattern(kind=EventKind.STILL_OPEN) | Fired(wait=Wait.DELAY):
            return f"the connection {_still_open(item.tag)}"
        case Violation() | Pattern(kind=EventKind.VIOLATION):
            return f"a {_breach(item.rule)}"
        case Pattern():
            return pattern(item)
    return event(item)


def _refusal(item: NotOpened) -> str:
    if item.status is None:
        return item.reason
    said = f"an HTTP response with status {item.status}"
    fault = escape(item.reason.removeprefix("in the response, "), 300)
    return f"{said} that opens no connection: {fault}" if item.status == 101 else said


def _sized(name: str, payload: Payload | None) -> str:
    if payload is None:
        return name
    if not len(payload):
        return f"{name} without a payload"
    head = part(payload, 0, 24)
    short = len(payload) <= 24 and is_text(head, False)
    return f"{name} of {count(len(payload), 'octet')}" + (f" ({sample(head, len(head))})" if short else "")
