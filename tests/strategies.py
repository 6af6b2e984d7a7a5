"""Hypothesis strategies for traces: every kind of entry, and octets that are nearly frames."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import strategies as st
from msgspec.structs import replace

from replay.trace.model import (
    SECOND,
    Cut,
    Digest,
    Drop,
    Entry,
    How,
    Logging,
    Octets,
    Timer,
    Trace,
    Unreached,
    Wait,
)
from replay.wire.frame import encode, frame
from replay.wire.handshake import encode_request, encode_response
from replay.wire.side import Side

sides = st.sampled_from(Side)
times = st.none() | st.integers(0, 100_000 * SECOND)
hashes = st.text("0123456789abcdef", min_size=64, max_size=64)
texts = st.text(max_size=8) | st.sampled_from(
    ["None", "", " a", '"', "\ud800", "a\nb", "A AFTER 1 sec", "\ufffd", "\u202e"]
)
keys = st.sampled_from([b"", b"\0\0\0\0", b"abcd"]) | st.binary(min_size=4, max_size=4)

payloads = st.one_of(
    st.binary(max_size=200),
    st.builds(
        lambda unit, size: (unit * (size // len(unit) + 1))[:size],
        st.binary(min_size=1, max_size=20),
        st.integers(0, 700),
    ),
    st.text('abc "\\\r\n', max_size=80).map(str.encode),
)


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    """The octets of one frame, now and then with a lie in it."""
    payload = draw(payloads)
    length = draw(st.none() | st.integers(0, 2**16 - 1))
    made = (
        frame(
            draw(st.integers(0, 15)),
            payload,
            fin=draw(st.booleans()),
            rsv=draw(st.sampled_from([0, 0, 4, 7])),
            key=draw(keys),
            length=length if draw(st.integers(0, 9)) == 0 else None,
            form=8 if draw(st.booleans()) else None if len(payload) > 125 else 2,
        )
        if length is not None
        else frame(draw(st.integers(0, 15)), payload, key=draw(keys))
    )
    return encode(made)


heads = st.sampled_from(
    [
        encode_request("/", [("Host", "localhost"), ("User-Agent", 'a "b" \\')]),
        encode_response(101, "Switching Protocols", [("Upgrade", "websocket")]),
        encode_response(404, "Not Found", []) + b"<html>",
        b"GET / HT",
        b"HTTP/",
    ]
)


@st.composite
def streams(draw: st.DrawFn) -> list[Entry]:
    """What one side sent: a head or none, then frames, chopped anywhere."""
    side = draw(sides)
    parts = draw(st.lists(frames() | st.binary(max_size=6), max_size=5))
    octets = draw(heads | st.just(b"")) + b"".join(parts)
    chops = sorted(draw(st.lists(st.integers(0, len(octets)), max_size=5)))
    bounds = [0, *chops, len(octets)]
    cuts = st.builds(Cut, st.none() | st.integers(0, 2**40), st.none() | hashes)
    return [
        replace(
            Octets(side, octets[a:b], draw(times), draw(cuts) if draw(st.integers(0, 7)) == 0 else None),
            chop=draw(of_a_run(b - a)),
        )
        for a, b in pairwise(bounds)
    ]


def of_a_run(size: int) -> st.SearchStrategy[int | None]:
    """The size of the writes of a run with so many octets, if they are one."""
    return st.none() | st.integers(1, size - 1) if size > 1 else st.none()


others: st.SearchStrategy[Entry] = st.one_of(
    st.builds(Octets, sides, payloads | heads, times),
    st.builds(Digest, sides, st.integers(1, 2), st.integers(0, 2**40), hashes, times),
    st.builds(Timer, st.sampled_from(Wait), st.booleans(), times, st.none() | texts, times),
    st.builds(Drop, sides, st.sampled_from(How), times),
    st.builds(Unreached, texts, times),
    st.builds(Logging, st.booleans(), times),
)


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    """Any trace: the streams of both sides interleaved with other entries."""
    entries: list[Entry] = []
    for some in draw(st.lists(streams() | st.lists(others, max_size=4), max_size=4)):
        start = 0
        for entry in some:
            start = draw(st.integers(start, len(entries)))
            entries.insert(start, entry)
            start += 1
    names = st.sampled_from(["case", "agent", "recorder", "a b", ""]) | texts
    headers = draw(st.lists(st.tuples(names, texts), max_size=3))
    return Trace(draw(sides), tuple(entries), tuple(headers))
