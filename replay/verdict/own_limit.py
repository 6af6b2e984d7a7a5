"""Recognizes that a testee closed because of a limit of its own (RFC 6455 §7.4.1, §10.4): not a breach,
unless the testee promises to take more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from replay.cases.declared import size_in_words
from replay.cases.model import Bound
from replay.protocol.events import Event, Message, Unparsed
from replay.verdict.facts import ClosingFacts

TOO_BIG = 1009
SUSPECT = (1008, 1011)
"""Close codes with which some libraries also refuse what is too large for them."""

LARGE = 4096
"""Octets of a message, or fragments, from which on closing without code 1009 may be a limit too."""


def own_limit(events: Sequence[Event], facts: ClosingFacts) -> str | None:
    """A sentence about the limit for which the testee seems to have ended the connection, if any."""
    testee, close = facts.tester.other.value, facts.testee_close
    if close is not None and not facts.closed_by_testee:
        return None
    size, fragments = _largest(events, facts)
    large = size >= LARGE or fragments >= LARGE
    sent = f"{'a' if fragments else 'an unfinished'} message of {size_in_words(size)}"
    sent += f" in {fragments} frames" if fragments > 1 else ""
    if close is not None:
        if close.code == TOO_BIG or (close.code in SUSPECT and large):
            reason = close.reason.decode("utf-8", "replace")
            said = (f" after {sent}" if size else "") + (f", with the reason {reason!r}" if reason else "")
            return f"a limit of the {testee}: it closed with {close.code}{said}; raise the limit"
        return None
    if facts.dropped_by_testee and large and facts.opened:
        return f"perhaps a limit of the {testee}: it ended TCP without a Close frame after {sent}"
    return None


def what_it_made_of(events: Sequence[Event], facts: ClosingFacts) -> str:
    """In a few words, whether a testee took or refused what a case about a limit sent."""
    testee, close = facts.tester.other.value, facts.testee_close
    taken = max((e.length for e in events if isinstance(e, Message) and e.side.value == testee), default=0)
    if facts.closed_by_testee and close is not None:
        reason = f", with the reason {close.reason.decode('utf-8', 'replace')!r}" if close.reason else ""
        return f"the {testee} closed with {'no code' if close.code is None else close.code}{reason}"
    if facts.dropped_by_testee and close is None:
        return f"the {testee} ended TCP without a Close frame"
    if taken:
        return f"the {testee} took a message of {size_in_words(taken)}"
    return f"the {testee} neither sent the message back nor refused it"


def found_limit(limit: Bound | None, events: Sequence[Event], facts: ClosingFacts) -> Iterator[str]:
    """A sentence about the limit for which the testee seems to have ended the connection; in a case about a
    limit, about what it took or refused, and what it promises."""
    if limit is None:
        if said := own_limit(events, facts):
            yield said
        return
    found = what_it_made_of(events, facts)
    if limit.promised:
        yield f"{found}; its limits: {limit.declared}"
    else:
        name = "SIZE" if limit.name == "message" else f"{limit.name}=N"
        yield f"{found}; to test whether a limit is kept, declare it with --limit {name}"


def _largest(events: Sequence[Event], facts: ClosingFacts) -> tuple[int, int]:
    """Octets and frames of the largest message that the tester sent. An unfinished one counts as 0 frames,
    and its octets include the headers."""
    sent = [event for event in events if isinstance(event, Message) and event.side is facts.tester]
    sizes = [(sum(length for _, length in message.parts), len(message.parts)) for message in sent]
    begun = [event for event in events if isinstance(event, Unparsed) and event.side is facts.tester]
    sizes += [(event.end - event.start, 0) for event in begun]
    return max(sizes, default=(0, 0))
