"""DEFLATE data is to replay what it is to zlib itself, octet by octet: sound, or wrong from one octet on.

zlib reads one stream, which ends with its final block; a message may go on after that (RFC 7692 §7.2.3.4),
so the next stream begins with the window of the one before.
"""

from __future__ import annotations

import zlib

from hypothesis import event, given
from hypothesis import strategies as st

from replay.wire.deflate import DeflateFaultKind, Deflater, Inflater

MOST = 2**20
TAIL = b"\0\0\xff\xff"

payloads = st.binary(max_size=200) | st.builds(
    lambda unit, times: unit * times, st.binary(min_size=1, max_size=40), st.integers(1, 60)
)


class Zlib:
    """What zlib makes of the messages of one side."""

    def __init__(self, keeps: bool) -> None:
        self._keeps, self._out = keeps, b""
        self._stream = zlib.decompressobj(-15)

    def message(self, payload: bytes) -> tuple[list[bytes], int | None]:
        """What comes out with each octet, and which is the first that is no DEFLATE data."""
        came: list[bytes] = []
        if not self._keeps:
            self._out, self._stream = b"", zlib.decompressobj(-15)
        for at, octet in enumerate(payload + TAIL):
            try:
                came.append(self._octet(bytes([octet])))
            except zlib.error:
                return came, min(at, len(payload))
        return came, None

    def _octet(self, octet: bytes) -> bytes:
        if self._stream.eof:
            self._stream = zlib.decompressobj(-15, zdict=self._out[-(2**15) :])
        data = self._stream.decompress(octet)
        self._out += data
        return data


@st.composite
def spoilt(draw: st.DrawFn, payload: bytes) -> bytes:
    """A payload with an octet changed, or cut short, or neither."""
    if payload and draw(st.booleans()):
        at = draw(st.integers(0, len(payload) - 1))
        kept = payload[at + 1 :] if draw(st.booleans()) else b""
        return payload[:at] + draw(st.binary(min_size=1, max_size=1)) + kept
    return payload


@given(st.lists(payloads, min_size=1, max_size=4), st.booleans(), st.integers(0, 9), st.data())
def test_octet_by_octet_the_same_comes_out_and_the_same_octet_is_wrong(
    messages: list[bytes], keeps: bool, level: int, data: st.DataObject
) -> None:
    deflater, inflater, theirs = Deflater(15, keeps, level), Inflater(15, keeps, MOST), Zlib(keeps)
    last = len(messages) - 1
    for number, message in enumerate(messages):
        payload = deflater.message(message)
        payload = data.draw(spoilt(payload)) if number == last else payload
        expected, wrong = theirs.message(payload)
        came = b""
        for at in range(len(payload)):
            more, fault = inflater.feed(payload[at : at + 1])
            came += more
            if fault is not None:
                break
            assert came == b"".join(expected[: at + 1])
        else:
            fault = inflater.end()
        event("sound" if fault is None else fault.kind.name)
        if wrong is not None:
            assert fault is not None
            assert fault.at == wrong
            kinds = [DeflateFaultKind.NOT_DEFLATE]
            if wrong == len(payload):  # it ends inside a block, and the tail doesn't fit there
                kinds.append(DeflateFaultKind.UNFINISHED)
            if not keeps:  # to zlib, what was forgotten never was
                kinds.append(DeflateFaultKind.CONTEXT)
            assert fault.kind in kinds
        elif fault is not None:  # zlib says nothing of data that ends inside a block, or with the tail
            assert fault.kind in (DeflateFaultKind.UNFINISHED, DeflateFaultKind.TAIL)
        else:
            assert came == message or number == last
