"""What of a trace another format can't hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from replay.trace.model import Digest, Drop, Entry, How, Logging, Octets, Timer, Trace, Unreached

_KINDS: dict[type[Entry], tuple[str, str]] = {
    Timer: ("a timer", "timers"),
    Digest: (
        "a message of which the log has the SHA-256 only",
        "messages of which the log has the SHA-256 only",
    ),
    Unreached: ("that no connection was established", "that no connection was established"),
    Logging: ("a mark where logging stopped or resumed", "marks where logging stopped or resumed"),
}


def from_packets(trace: Trace) -> Iterator[str]:
    """What a capture doesn't say, or says although the log doesn't, each as a sentence."""
    yield from _entries(trace)
    if any(isinstance(entry, Octets) and entry.cut and entry.cut.more is None for entry in trace.entries):
        yield "a gap of unknown length is one missing octet"
    if any(isinstance(entry, Drop) and entry.how is How.UNKNOWN for entry in trace.entries):
        yield "how TCP ended isn't known, and is a FIN"
    yield from _times(trace)


def from_text2pcap(trace: Trace) -> Iterator[str]:
    """What text for text2pcap doesn't say."""
    yield from _entries(trace)
    if any(isinstance(entry, Drop) for entry in trace.entries):
        yield "the end of TCP isn't there"
    yield from _times(trace)


def _entries(trace: Trace) -> Iterator[str]:
    counts = Counter(type(entry) for entry in trace.entries)
    for kind, (one, many) in _KINDS.items():
        if count := counts[kind]:
            yield f"{one} isn't there" if count == 1 or one == many else f"{count} {many} aren't there"


def _times(trace: Trace) -> Iterator[str]:
    if any(isinstance(entry, Octets) and entry.at is None for entry in trace.entries):
        yield "the log has no times, so entries are a microsecond apart"
