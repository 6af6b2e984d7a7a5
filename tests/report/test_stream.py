"""Where frames stand in what one side sent, as a report shows it."""

from __future__ import annotations

import pytest

from replay.protocol.interpreter import observe
from replay.report.stream import SentOctets
from replay.trace.model import Cut, Octets, Trace
from replay.wire.frame import encode, frame
from replay.wire.side import Side


@pytest.mark.parametrize("more", [None, 2])
def test_no_header_is_read_across_octets_that_are_missing(more: int | None) -> None:
    hello = encode(frame(1, b"Hello"))
    entries = (Octets(Side.SERVER, hello + b"\x82", cut=Cut(more)), Octets(Side.SERVER, hello))
    trace = Trace(Side.CLIENT, entries)
    found = SentOctets(trace, Side.SERVER, tuple(observe(trace))).frames
    assert [placed.start for placed in found] == [0, len(hello) + 1 + (more or 0)]
    assert {placed.header for placed in found} == {frame(1, b"Hello").header}
