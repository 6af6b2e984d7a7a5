"""What real tools print of one connection. `samples.py` makes the files."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay.captures import formats
from replay.captures.content import Content
from replay.captures.model import ANYTHING
from replay.captures.text import reader
from replay.protocol.events import Close, Message, Ping, Pong, Violation
from replay.protocol.interpreter import observe
from replay.source import Source, SourceError
from replay.trace.model import Octets, Trace
from replay.wire.side import Side
from tests.captures.written import joined

DATA = Path(__file__).parent / "data" / "text"


def read(name: str) -> reader.Conversation:
    (found,) = reader.read(Source.read(DATA / f"{name}.txt"))
    return found


def sent(found: reader.Conversation) -> list[tuple[Side, bytes]]:
    return joined([(one.side, one.data) for one in found.entries if isinstance(one, Octets)])


def told(found: reader.Conversation) -> list[tuple[Side, object]]:
    """The messages, Pings, Pongs and Closes of a connection."""
    events = observe(Trace(found.recorder, found.entries))
    assert not [event for event in events if isinstance(event, Violation)]
    return [
        (event.side, event.code if isinstance(event, Close) else event.data)
        for event in events
        if isinstance(event, Message | Ping | Pong | Close)
    ]


TEXTS = (b"Hello", b"\x00\xff|ab cd", b"ab cd ef 01 | 23", bytes(100), "é".encode() * 90, b"fragmented")
ECHOED = [(side, text) for text in TEXTS for side in Side]
TOLD = [
    *ECHOED,
    *((Side.CLIENT, b"mid"), (Side.SERVER, b"mid")),
    *((Side.CLIENT, 1000), (Side.SERVER, 1000)),
]


def test_the_events_are_those_of_the_connection() -> None:
    assert told(read("follow-raw")) == TOLD


@pytest.mark.parametrize("name", ["follow-hex", "follow-yaml", "tshark-fields", "tshark-fields-header"])
def test_all_have_the_same_octets(name: str) -> None:
    assert sent(read(name)) == sent(read("follow-raw"))


@pytest.mark.parametrize("name", ["follow-raw", "follow-hex", "follow-yaml"])
def test_the_addresses_are_those_of_the_sides(name: str) -> None:
    found = read(name)
    assert found.server == "127.0.0.1:9317"
    assert found.client is not None
    assert found.client.startswith("127.0.0.1:")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("follow-ascii", "a dot for each octet"),
        ("tshark-V", "what tshark makes of packets"),
        ("tshark", "what tshark prints of packets"),
        ("tcpdump", "what tcpdump prints of packets"),
        ("tshark-json", "but not their octets"),
    ],
)
def test_what_has_no_octets_is_refused(name: str, says: str) -> None:
    with pytest.raises(SourceError, match=says) as error:
        read(name)
    assert error.value.span is not None
    assert error.value.hint is not None


def test_a_log_of_websockets() -> None:
    """Frames are known, and of long payloads only the first octets."""
    found = read("websockets-debug")
    assert "the masks are replay's own: this log has the frames, but not their octets" in found.said
    events = told(found)
    short = {0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15}
    assert [event for number, event in enumerate(events) if number in short] == [
        event for number, event in enumerate(TOLD) if number in short
    ]
    assert bytes(100) != events[6][1] == bytes(16)


PACKETS = ["tcpdump-X", "tcpdump-XX", "tcpdump-x-tttt", "tcpdump-xx-e"]
PACKETS += ["tshark-x", "tshark-P-x", "tshark-V-x", "tshark-json-x"]


@pytest.mark.parametrize("name", [*(f"{one}.txt" for one in PACKETS), "made.pcap"])
def test_packets_are_put_together(name: str) -> None:
    (found,) = formats.read(Content.open(str(DATA / name)), ANYTHING)
    octets = [(one.side, one.data) for one in found.trace.entries if isinstance(one, Octets)]
    assert joined(octets) == sent(read("follow-raw"))
