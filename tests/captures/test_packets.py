"""Captures: link layers, reassembly and gaps, with captures that are made here."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.captures import formats
from replay.captures.content import Content
from replay.captures.model import ANYTHING, Captured, Wanted
from replay.export import packets as made
from replay.export import pcapng
from replay.source import SourceError
from replay.trace.model import Cut, Drop, Entry, How, Octets, Trace
from replay.wire.handshake import encode_request, encode_response
from replay.wire.side import Side
from tests.captures import built
from tests.processes import replay

KEY = "D+fcK/QqRpDx3yz323ge5w=="
REQUEST = encode_request(
    "/chat",
    (
        *(("Host", "a"), ("Upgrade", "websocket"), ("Connection", "Upgrade")),
        *(("Sec-WebSocket-Key", KEY), ("Sec-WebSocket-Version", "13")),
    ),
)
RESPONSE = encode_response(
    101,
    "Switching Protocols",
    (
        *(("Upgrade", "websocket"), ("Connection", "Upgrade")),
        ("Sec-WebSocket-Accept", "rQdXIXbccC6mDJL2JrabxWmui/o="),
    ),
)
TALK = Trace(
    Side.CLIENT,
    (
        Octets(Side.CLIENT, REQUEST, 10),
        Octets(Side.SERVER, RESPONSE, 20),
        Octets(Side.CLIENT, bytes.fromhex("8185000000004869486948"), 30),
        Octets(Side.SERVER, bytes.fromhex("81054869486948"), 40),
        Octets(Side.CLIENT, bytes.fromhex("88820000000003e8"), 50),
        Octets(Side.SERVER, bytes.fromhex("880203e8"), 60),
        Drop(Side.SERVER, How.FIN, 70),
    ),
)
SYN = 3  # packets before those with octets


def read(octets: bytes, wanted: Wanted = ANYTHING) -> list[Captured]:
    return [*formats.read(Content.of("a.pcap", [octets]), wanted)]


def pcap(
    packets: Iterable[tuple[int, bytes]],
    link: int = 101,
    order: str = "<",
    nano: bool = False,
    snap: int = 2**18,
) -> bytes:
    units = 1000 if nano else 1
    found = struct.pack(order + "IHHiIII", 0xA1B23C4D if nano else 0xA1B2C3D4, 2, 4, 0, 0, snap, link)
    for at, octets in packets:
        there = octets[:snap]
        head = struct.pack(order + "IIII", at // 10**6, at % 10**6 * units, len(there), len(octets))
        found += head + there
    return found


def raw(trace: Trace = TALK) -> list[tuple[int, bytes]]:
    return [(packet.at, packet.octets) for packet in made.packets(trace)]


def sent(entries: Sequence[Entry], side: Side) -> tuple[bytes, int]:
    """The octets of a side, and how many are missing."""
    mine = [entry for entry in entries if isinstance(entry, Octets) and entry.side is side]
    return b"".join(one.data for one in mine), sum((one.cut.more or 0) if one.cut else 0 for one in mine)


def test_a_capture_that_replay_wrote_is_the_same_trace_again() -> None:
    (found,) = read(b"".join(pcapng.written([TALK])))
    assert found.trace.entries == TALK.entries
    assert (found.client, found.server, found.path) == ("192.0.2.1:49152", "192.0.2.2:80", "/chat")
    assert found.notes == ()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("nano", [False, True])
@pytest.mark.parametrize("zipped", [False, True])
def test_pcaps_of_either_order_and_precision(order: str, nano: bool, zipped: bool) -> None:
    octets = pcap(raw(), order=order, nano=nano)
    (found,) = read(gzip.compress(octets) if zipped else octets)
    assert found.trace.entries == TALK.entries


def as_ipv6(packet: bytes) -> bytes:
    tcp = packet[20:]
    source, target = (b"\x20\x01\x0d\xb8" + bytes(8) + packet[at : at + 4] for at in (12, 16))
    hop = bytes((6, 0)) + bytes(6)
    head = struct.pack("!IHBB", 0x60000000, len(tcp) + len(hop), 0, 64)
    return head + source + target + hop + tcp


MAC = bytes(12)
LINKS = {
    "ethernet": (1, MAC + b"\x08\x00", b""),
    "vlan": (1, MAC + b"\x81\x00\x00\x05\x08\x00", b""),
    "qinq": (1, MAC + b"\x88\xa8\x00\x05\x81\x00\x00\x06\x08\x00", b""),
    "padded": (1, MAC + b"\x08\x00", bytes(18)),
    "pppoe": (1, MAC + b"\x88\x64\x11\x00\x00\x01\x00\x00\x00\x21", b""),
    "null": (0, b"\x02\x00\x00\x00", b""),
    "loop": (108, b"\x00\x00\x00\x02", b""),
    "cooked": (113, bytes(14) + b"\x08\x00", b""),
    "cooked 2": (276, b"\x08\x00" + bytes(18), b""),
    "raw": (101, b"", b""),
}


@pytest.mark.parametrize("name", LINKS)
@pytest.mark.parametrize("version", [4, 6])
def test_link_layers(name: str, version: int) -> None:
    link, before, behind = LINKS[name]
    packets = raw()
    if version == 6:
        packets = [(at, as_ipv6(octets)) for at, octets in packets]
        before = before.replace(b"\x08\x00", b"\x86\xdd").replace(b"\x00\x21", b"\x00\x57")
    (found,) = read(pcap([(at, before + octets + behind) for at, octets in packets], link))
    assert found.trace.entries == TALK.entries
    assert found.client == ("192.0.2.1:49152" if version == 4 else "[2001:db8::c000:201]:49152")


def test_fragments_of_ipv4_are_put_together() -> None:
    parts: list[tuple[int, bytes]] = []
    for at, octets in raw():
        body, step = octets[20:], 24
        pieces = [body[start : start + step] for start in range(0, len(body), step)]
        for number, piece in enumerate(pieces):
            more = 0x2000 if number < len(pieces) - 1 else 0
            head = octets[:2] + struct.pack("!H", 20 + len(piece)) + octets[4:6]
            field = struct.pack("!H", more | number * step // 8)
            parts.insert(len(parts) - number, (at, head + field + octets[8:20] + piece))
    (found,) = read(pcap(parts))
    assert found.trace.entries == TALK.entries


@given(st.data())
def test_segments_in_any_order_repeated_and_cut_anew_give_the_same_octets(data: st.DataObject) -> None:
    packets = raw()
    head, rest = packets[:SYN], packets[SYN:]
    again = data.draw(st.lists(st.sampled_from(rest), max_size=6))
    order = data.draw(st.permutations([*rest, *again]))
    near = sorted(order, key=lambda each: rest.index(each) // 2)  # an answer isn't before the request
    near[:2] = rest[:2]
    (found,) = read(pcap([*head, *near]))
    for side in Side:
        assert sent(found.trace.entries, side) == sent(TALK.entries, side)


@given(st.sets(st.integers(2, 5)))
def test_lost_segments_are_gaps_of_their_size_in_their_place(lost: set[int]) -> None:
    packets = raw()
    kept = [packet for number, packet in enumerate(packets) if number - SYN not in lost]
    (found,) = read(pcap(kept))
    for side in Side:
        whole = [(number, each) for number, each in enumerate(TALK.entries) if isinstance(each, Octets)]
        mine = [(number, each.data) for number, each in whole if each.side is side]
        octets = b"".join(data for number, data in mine if number not in lost)
        missing = sum(len(data) for number, data in mine if number in lost)
        assert sent(found.trace.entries, side) == (octets, missing)
    assert bool(found.notes) is bool(lost)


def test_what_comes_late_takes_its_place() -> None:
    packets = raw()
    late = [*packets[: SYN + 2], *packets[SYN + 3 : SYN + 5], packets[SYN + 2], *packets[SYN + 5 :]]
    (found,) = read(pcap(late))
    assert [entry.data for entry in found.trace.entries if isinstance(entry, Octets)] == [
        entry.data for entry in TALK.entries if isinstance(entry, Octets)
    ]
    assert found.notes == ()


def test_packets_that_are_cut_have_gaps_of_known_size() -> None:
    (found,) = read(pcap(raw(), snap=60))
    first = found.trace.entries[0]
    assert isinstance(first, Octets)
    assert first.data == REQUEST[:20]
    assert first.cut == Cut(len(REQUEST) - 20)
    assert found.path == "/chat"


def test_sequence_numbers_wrap() -> None:
    moved = []
    for at, octets in raw():
        ahead = {1: 2**32 - 1100, 2: 2**32 - 2050}
        mine = octets[15]
        sequence, acknowledged = struct.unpack_from("!II", octets, 24)
        sequence = (sequence + ahead[mine]) % 2**32
        acknowledged = (acknowledged + ahead[3 - mine]) % 2**32 if octets[33] & 16 else 0
        moved.append((at, octets[:24] + struct.pack("!II", sequence, acknowledged) + octets[32:]))
    (found,) = read(pcap(moved))
    assert found.trace.entries == TALK.entries


def test_several_connections_on_one_port_one_after_the_other() -> None:
    once = raw()
    again = [(at + 1000, octets[:24] + bytes((9,)) + octets[25:28] + octets[28:]) for at, octets in once]
    found = read(pcap([*once, *((at, shifted(octets)) for at, octets in again)]))
    assert [one.number for one in found] == [1, 2]
    assert all(sent(one.trace.entries, side) == sent(TALK.entries, side) for one in found for side in Side)


def shifted(octets: bytes) -> bytes:
    """The same segment with other numbers."""
    sequence, acknowledged = struct.unpack_from("!II", octets, 24)
    acknowledged = (acknowledged + 9 * 2**24) % 2**32 if octets[33] & 16 else 0
    return octets[:24] + struct.pack("!II", sequence, acknowledged) + octets[32:]


def test_requests_before_the_upgrade_are_passed_over() -> None:
    get = b"GET /index HTTP/1.1\r\nHost: a\r\n\r\n"
    page = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    before = (Octets(Side.CLIENT, get, 1), Octets(Side.SERVER, page, 2))
    (found,) = read(pcap(raw(Trace(Side.CLIENT, (*before, *TALK.entries)))))
    assert found.trace.entries == TALK.entries


def test_a_capture_from_the_middle_is_read_if_somebody_says_so() -> None:
    octets = pcap(raw()[SYN + 2 :])
    with pytest.raises(SourceError, match="begins in the middle of 1 connection"):
        read(octets)
    (found,) = read(octets, Wanted(recorder=Side.SERVER))
    assert found.trace.recorder is Side.SERVER
    assert sent(found.trace.entries, Side.CLIENT)[0].startswith(b"\x81\x85")


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (pcap([]), "it has no TCP"),
        (pcap(raw(), link=127), "LINKTYPE 127"),
        (pcap(raw(Trace(Side.CLIENT, (Octets(Side.CLIENT, b"\x16\x03\x01\x00\x05hello"),)))), "TLS"),
        (pcap(raw(Trace(Side.CLIENT, (Octets(Side.CLIENT, b"EHLO a\r\n"),)))), "1 other TCP connection"),
    ],
)
def test_what_has_no_websocket_says_what_it_has(octets: bytes, said: str, tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(octets)
    done = replay("check", file)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr


@given(st.data())
def test_damage_ends_a_capture_and_never_raises_anything_else(data: st.DataObject) -> None:
    octets = bytearray(data.draw(st.sampled_from([pcap(raw()), b"".join(pcapng.written([TALK, TALK]))])))
    for _ in range(data.draw(st.integers(1, 8))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    del octets[data.draw(st.integers(4, len(octets))) :]
    with suppress(SourceError):
        read(bytes(octets))


def test_a_capture_that_ends_in_the_middle_says_so() -> None:
    (found,) = read(pcap(raw())[:-50])
    assert found.notes == ("a.pcap: the capture ends in the middle of a packet",)


def test_each_connection_is_converted_to_a_file_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    others = built.talk(("10.0.0.9", 1))
    path.write_bytes(built.pcap([built.ethernet(built.ip(one)) for one in (*built.talk(), *others)]))
    done = replay("convert", str(path), str(tmp_path / "logs"))
    assert done.returncode == 0, done.stderr
    assert sorted(one.name for one in (tmp_path / "logs").iterdir()) == ["a#1.wirelog", "a#2.wirelog"]
