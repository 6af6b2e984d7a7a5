"""Turns a recorded connection into a script: the octets of the tester's side, each when its turn comes."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from replay.cases.cost import volume
from replay.cases.model import RECORDED, Case, Pattern
from replay.cases.recorded import compresses, patterns, recorded_terms
from replay.play.actions import (
    Action,
    Await,
    CloseWith,
    Delay,
    EndTcp,
    Options,
    Script,
    Voice,
    Write,
    chopped,
    opening_writes,
    request,
    response,
)
from replay.play.endpoint import Limits
from replay.play.reencode import reencoded
from replay.protocol.events import Close, End, Event, Fired, NotOpened, Requested, Violation
from replay.protocol.interpreter import has_opening, observe
from replay.protocol.negotiation import Ask, agreed, answer, fits, valid_offers
from replay.protocol.rules import RULES
from replay.trace.model import Drop, Octets, Timer, Trace, Wait
from replay.wire.handshake import HeadError, HeadReader, Request, Response, accept, edit_head, parse_head
from replay.wire.side import Side


def of_trace(
    case: Case,
    trace: Trace,
    tester: Side,
    options: Options,
    limits: Limits,
    keys: Callable[[], bytes],
    nonce: str,
) -> Script:
    head, frames_at = _recorded_opening(trace, tester)
    opening = b""
    if head and tester is Side.CLIENT:
        headers = (*((("Host", options.host),) if options.edit_host else ()), *options.headers)
        opening = edit_head(head, options.target if options.edit_target else None, headers)
    elif tester is Side.CLIENT:
        opening = request(options, nonce)
    awaited = patterns(trace, tester, case.profile, case.reading)
    actions = list(_recorded_actions(trace, tester, awaited, frames_at, options, limits))
    recorded = recorded_terms(trace)
    refused = _refused(tester, limits)

    def chosen(voice: Voice) -> Iterator[Action]:
        if options.reencode:
            fresh = reencoded(trace, tester, voice.terms, keys)
            return _recorded_actions(fresh, tester, awaited, frames_at, options, limits)
        return iter(actions if voice.terms == recorded or not compresses(trace, tester) else refused)

    requested = next((event for event in observe(trace) if isinstance(event, Requested)), None)
    not_opened = (event for event in observe(trace) if isinstance(event, NotOpened))
    return Script(
        tester,
        lambda names: (Write(opening_writes(opening, options)),),
        chosen,
        keys,
        whole=False,
        kinds=RECORDED,
        profile=case.profile,
        reading=case.reading,
        answer_pings=options.answer_pings,
        response=partial(_response, head, requested, options),
        chopped=options.chop != "recorded",
        lenient=requested is not None and not requested.valid,
        refused=any(event.side is Side.SERVER and event.status != 101 for event in not_opened),
        volume=volume(case),
        waits=sum(
            a.patience if isinstance(a, Await) else a.after for a in actions if isinstance(a, Await | Delay)
        ),
        events=len(awaited),
    )


def _refused(tester: Side, limits: Limits) -> list[Action]:
    """Send none of the recorded octets, as they would mean something else here, and just close."""
    return [CloseWith(1000, b""), Await(None if tester is Side.CLIENT else 1, limits.patience), EndTcp()]


def _response(
    head: bytes, before: Requested | None, options: Options, request: Request
) -> tuple[Action, ...]:
    """The recorded response, changed to answer this request instead of the recorded one, `before`.
    Compression that this client doesn't offer on these terms is declined."""
    try:
        recorded = parse_head(Side.SERVER, head) if head else None
    except HeadError:
        return (Write(opening_writes(head, options)),)  # not a response, but it is what was sent
    if not isinstance(recorded, Response):
        octets = response(request, (Ask(),) if options.reencode else ())
        return (Write(opening_writes(octets, options)),)
    edits: list[tuple[str, str | None]] = []
    if recorded.status == 101:
        edits.append(("Sec-WebSocket-Accept", accept((request.values("Sec-WebSocket-Key") or [""])[0])))
    terms = agreed(recorded)
    if options.reencode and terms is not None:
        asks = (Ask(terms.client_no_context_takeover, terms.client_max_window_bits), Ask())
        fresh = answer(valid_offers(request), asks)
        edits.append(("Sec-WebSocket-Extensions", None if fresh is None else str(fresh)))
    elif not fits(request, recorded) and (before is None or fits(before.request, recorded)):
        edits.append(("Sec-WebSocket-Extensions", None))
    return (Write(opening_writes(edit_head(head, None, edits), options)),)


def _recorded_opening(trace: Trace, tester: Side) -> tuple[bytes, int]:
    """The tester's recorded head, and the number of octets in it."""
    reader = HeadReader()
    if has_opening(trace):
        for entry in trace.entries:
            if isinstance(entry, Octets) and entry.side is tester and (head := reader.feed(entry.data)):
                return head, len(head)
    return b"", 0


def _recorded_actions(
    trace: Trace,
    tester: Side,
    awaited: Sequence[Pattern],
    frames_at: int,
    options: Options,
    limits: Limits,
) -> Iterator[Action]:
    patience, position, last_at = limits.patience, 0, 0
    cut_short = _cut_short(trace, tester)
    completed = [pattern.recorded.entry for pattern in awaited if pattern.recorded]
    for number, entry in enumerate(trace.entries):
        before = bisect.bisect_left(completed, number)
        match entry:
            case Octets() if entry.side is tester:
                head = max(0, frames_at - position)
                position += len(entry.data)
                if head < len(entry.data):
                    gap = entry.at - last_at if entry.at is not None else 0
                    yield Await(before, max(patience, gap + limits.patience))
                    as_recorded = options.chop == "recorded"
                    own = tuple(entry.writes.behind(head))
                    yield Write(own if as_recorded else chopped(entry.data[head:], options.chop))
                last_at = entry.at or last_at
            case Timer(wait=Wait.FAIL | Wait.CLOSE, fired=False, after=int(after)):
                patience = max(patience, after)
            case Timer(wait=Wait.DELAY, fired=False, after=int(after)) if number in cut_short:
                patience = max(patience, after)
            case Timer(wait=Wait.DELAY, fired=False, after=int(after)):
                yield Await(before, patience)
                yield Delay(after, entry.tag)
            case Timer(wait=wait, fired=True, after=after) if wait is not Wait.DELAY:
                yield Await(before, patience)
                yield Delay(patience if after is None else after)
    ends = [entry.side for entry in trace.entries if isinstance(entry, Drop)]
    yield Await(None if ends and ends[0] is not tester else len(awaited), patience)
    if not ends:
        yield Delay(limits.patience)  # the log has no end, so see whether more arrives than it has
    yield EndTcp()


def _cut_short(trace: Trace, tester: Side) -> frozenset[int]:
    """The entries of those pauses that the end of the connection cut short: before the pause was over, and
    before the tester sent more, the testee closed or broke a rule, TCP ended, or a timeout expired."""
    ends = {event.entry for event in observe(trace) if _is_end(event, tester.other)}
    short: set[int] = set()
    waiting: dict[int, str | None] = {}  # the current pauses, and their tags
    for number, entry in enumerate(trace.entries):
        match entry:
            case Timer(wait=Wait.DELAY, fired=False, tag=tag):
                waiting[number] = tag
            case Timer(wait=Wait.DELAY, tag=tag):
                waiting = {one: other for one, other in waiting.items() if other != tag}
            case Octets() if entry.side is tester:
                waiting.clear()
        if number in ends:
            short.update(waiting)
            waiting.clear()
    return frozenset(short)


def _is_end(event: Event, testee: Side) -> bool:
    match event:
        case Close():
            return event.side is testee
        case End():
            return True
        case Violation():
            return event.side is testee and RULES[event.rule].code is not None
        case Fired():
            return event.wait is not Wait.DELAY
    return False
