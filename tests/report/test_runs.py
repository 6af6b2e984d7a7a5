"""What is said of a run: a person reads how many writes it had, and a script reads each of them."""

from __future__ import annotations

from msgspec.structs import replace

from replay.protocol.interpreter import observe
from replay.report import frames, log, terminal
from replay.report.autobahn_log import connection
from replay.report.html import connection as page
from replay.report.stream import both
from replay.trace.model import Cut, Octets, Trace
from replay.wire.frame import encode, frame
from replay.wire.handshake import encode_request
from replay.wire.side import Side
from tests.memory import ACCEPTED, REQUEST

C, S = Side.CLIENT, Side.SERVER
FRAME = encode(frame(2, bytes(100), key=b"abcd"))
FRAGMENTS = b"".join(encode(frame(n == 0, b"ab", fin=n == 3, key=b"abcd")) for n in range(4))
OPENING = (Octets(C, encode_request("/", REQUEST)), Octets(S, ACCEPTED))
TRACE = Trace(C, (*OPENING, Octets(C, FRAME, 5, chop=10), Octets(C, FRAME)))


def singly(trace: Trace) -> Trace:
    """The trace with an entry for each write."""
    entries = (
        replace(entry, data=data, chop=None)
        for entry in trace.entries
        if isinstance(entry, Octets)
        for data in entry.writes.single()
    )
    return replace(trace, entries=tuple(entries))


def test_who_looks_at_a_run_is_told_how_it_was_written() -> None:
    said = "in 11 writes of 10 octets"
    events = observe(TRACE)
    shown = terminal.as_text(frames.show(TRACE, events), 200)
    assert [line for line in shown.splitlines() if said in line] == [
        line for line in shown.splitlines() if "written" in line
    ]
    assert shown.count(said) == 1
    streams = both(TRACE, events)
    for width in (80, 120, 1000):
        lines = [str(line) for line in log.whole(TRACE, streams, width)]
        assert sum("in 11 writes of 10" in line for line in lines) == 1
        assert all(len(line) <= width for line in lines)
    entries = page.connection(TRACE, events, streams, page.fitting(TRACE, 10_000))["entries"]
    assert [piece for *_, what, _ in entries for piece in what if piece[0] == "run"] == [["run", said]]


def test_writes_that_were_not_kept_are_counted() -> None:
    entry = Octets(C, b"abcd", cut=Cut(6), chop=3)
    assert log.in_writes(entry) == "in 4 writes of 3 octets"
    assert log.sizes([entry, Octets(C, b"ab", chop=3), Octets(C, b"")]) == {3: 3, 1: 1, 2: 1, 0: 1}
    assert log.in_writes(Octets(C, b"a")) == ""


def test_autobahn_s_report_has_a_line_for_each_write() -> None:
    for data, chop in ((FRAME, 10), (FRAME, 1), (FRAGMENTS, 8), (FRAGMENTS, 5)):
        trace = Trace(C, (*OPENING, Octets(C, data, chop=chop)))
        one_by_one = singly(trace)
        found = connection(trace, observe(trace), C)
        assert found == connection(one_by_one, observe(one_by_one), C)
        assert sum(found.tx_octets.values()) == 1 - (-len(data) // chop)


def test_a_run_of_too_many_writes_for_autobahn_s_report_is_one_line_of_it() -> None:
    data = encode(frame(2, bytes(2**19), key=b"abcd"))
    trace = Trace(C, (*OPENING, Octets(C, data, chop=1)))
    found = connection(trace, observe(trace), C)
    assert [row[1][0] for row in found.wirelog if row[0] == "TO"][1:] == [len(data)]
    assert found.tx_octets[1] == len(data)
