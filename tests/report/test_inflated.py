"""Compressed messages: what is said of them holds however they are cut, and points at no wrong octet."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from replay.protocol.events import Message
from replay.protocol.interpreter import observe
from replay.report import frames, terminal
from replay.report.stream import SentOctets, parts
from replay.trace.model import Octets, Trace
from replay.verdict.result import Judged
from replay.wire.side import Side
from tests.report import samples


def chopped(trace: Trace, size: int) -> Trace:
    entries = [
        Octets(entry.side, entry.data[at : at + size])
        for entry in trace.entries
        if isinstance(entry, Octets)
        for at in range(0, len(entry.data), size)
    ]
    return Trace(trace.recorder, tuple(entries))


def inflated(trace: Trace) -> list[str]:
    shown = terminal.as_text(frames.show(trace, observe(trace)), 200).splitlines()
    return [line.strip() for line in shown if line.lstrip().startswith("= RSV1")]


@pytest.mark.parametrize("sample", [samples.spoilt, samples.compressed, samples.compressed_flipped])
@pytest.mark.parametrize("size", [1, 3, 100])
def test_how_it_is_cut_changes_nothing(sample: Callable[[], Judged], size: int) -> None:
    trace = sample().trace
    assert inflated(trace)
    assert inflated(chopped(trace, size)) == inflated(trace)


def test_an_inflated_octet_stands_nowhere_on_the_wire() -> None:
    result = samples.compressed()
    stream = SentOctets(result.trace, Side.SERVER, result.events)
    messages = [event for event in result.events if isinstance(event, Message)]
    alike = [message for message in messages if message.parts[0][1] == len(message.data)]
    assert alike
    assert not any(parts(message, stream) for message in messages)


def test_no_caret_points_at_the_compressed_octets() -> None:
    shown = terminal.as_text(terminal.failure(samples.compressed_flipped()), 80)
    assert "offset 500 of 1040 inflated" in shown
    assert "3 frames, at octets 248, 259, 282 of the" in shown
    assert "RX OCTETS  0" not in shown
