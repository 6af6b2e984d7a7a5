"""Traces as they are stored: packed and unpacked."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from replay.source import Source, SourceError, Span
from replay.trace import packed
from replay.trace.model import Cut, Octets, Trace, Unreached
from replay.trace.packed import pack, unpack
from replay.trace.wirelog import MAX_LOG, parse, write
from replay.wire.side import Side
from tests import strategies

C, S = Side.CLIENT, Side.SERVER
LONG = Octets(S, b"\x81\x7e\x10\x00" + b"long" * 1024, 5, Cut(7))
TRACE = Trace(C, (Octets(C, b"short", 1), LONG, Unreached("no route")), (("case", "1.1.1"),))


def stored(trace: Trace) -> bytes:
    octets = pack(trace)
    assert octets is not None
    return octets


@example(TRACE)
@given(strategies.traces())
def test_a_trace_is_read_back_as_it_was(trace: Trace) -> None:
    assert unpack("a log", stored(trace)) == trace


def test_where_a_trace_was_read_is_not_stored() -> None:
    text = write(TRACE)
    read = parse(Source("a log", text)).trace
    assert isinstance(read.entries[0].span, Span)
    assert stored(read) == stored(TRACE)


def test_long_octets_are_stored_in_short() -> None:
    assert len(stored(Trace(C, (LONG,)))) < 200
    assert stored(Trace(C, (Octets(C, bytes(1024)),))) != stored(Trace(C, (Octets(C, bytes(1025)),)))


@given(
    st.binary(max_size=20),
    st.binary(min_size=1, max_size=2000) | st.just(bytes(70)) | st.just(b"\0mask"),
    st.integers(0, 300),
    st.binary(max_size=2000) | st.just(b"\0mas"),
)
def test_octets_that_repeat_are_read_back(before: bytes, unit: bytes, times: int, after: bytes) -> None:
    trace = Trace(C, (Octets(S, before + unit * times + after, 5, chop=len(unit)),))
    assert unpack("a log", stored(trace)) == trace


def test_of_octets_that_repeat_one_unit_is_stored() -> None:
    one, key = b"\x80\xfe\1\xb4" + bytes(range(200, 252)), bytes(range(14))
    for octets in (one * 400, key + one * 400, one * 400 + one[:7], key + b"mask" * 2**20, bytes(5000)):
        assert len(stored(Trace(C, (Octets(S, octets),)))) < 150


def test_a_text_that_is_not_unicode_is_stored_too() -> None:
    odd = Trace(C, (LONG, Unreached("a \ud800 b")), (("file", "\udcff"),))
    assert unpack("a log", stored(odd)) == odd


def test_what_would_be_too_large_to_be_read_again_is_not_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, least in (("MAX_LOG", TRACE.size), ("MAX_ENTRIES", 3), ("MAX_FILE", len(stored(TRACE)))):
        with monkeypatch.context() as patch:
            patch.setattr(packed, name, least)
            assert pack(TRACE) is not None
            patch.setattr(packed, name, least - 1)
            assert pack(TRACE) is None


def test_octets_that_are_not_as_many_as_they_say_are_refused() -> None:
    whole = msgspec.msgpack.decode(stored(TRACE))
    for size in (0, len(LONG.data) - 1, len(LONG.data) + 1, MAX_LOG, MAX_LOG + 1, -1):
        whole["entries"][1][2] = size
        with pytest.raises(SourceError, match="a log: damaged, this is not a stored log"):
            unpack("a log", msgspec.msgpack.encode(whole))
    whole["entries"][1:] = [[-1, [0, "client", b""], MAX_LOG, b""]] * 9
    with pytest.raises(SourceError, match="more than 256 MiB in one log"):
        unpack("a log", msgspec.msgpack.encode(whole))


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (-1, "expected `int` >= 0"),
        (MAX_LOG + 1, "expected `int` <= "),
        (MAX_LOG // 4, "more than 256 MiB in one log"),
    ],
)
def test_octets_that_repeat_too_often_are_refused(times: int, said: str) -> None:
    whole = msgspec.msgpack.decode(stored(TRACE))
    whole["entries"][1] = [-2, [0, "client", b""], b"before", b"unit", times, b""]
    with pytest.raises(SourceError, match=rf"(?i)^a log: damaged, this is not a stored log: .*{said}"):
        unpack("a log", msgspec.msgpack.encode(whole))


def test_a_place_in_a_file_is_refused() -> None:
    whole = msgspec.msgpack.decode(stored(TRACE))
    whole["entries"][0][5] = [{"name": "a", "text": "b"}, 7, 8]
    with pytest.raises(SourceError, match="an entry says where it was read"):
        unpack("a log", msgspec.msgpack.encode(whole))


@given(st.data())
def test_whatever_is_stored_is_a_trace_or_refused(data: st.DataObject) -> None:
    octets = bytearray(stored(replace(TRACE, headers=())))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(octets) - 1))
        octets[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    try:
        found = unpack("a log", bytes(octets))
    except SourceError:
        return
    write(found)
