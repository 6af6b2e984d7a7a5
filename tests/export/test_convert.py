"""`replay convert`: logs in other formats."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from replay.export import packets, pcapng, text2pcap
from replay.trace.model import Cut, Drop, How, Octets, Trace
from replay.wire.side import Side
from tests.processes import replay
from tests.record import SEED

GAP = Trace(
    Side.CLIENT,
    (
        Octets(Side.CLIENT, b"abc", 5, Cut(100)),
        Octets(Side.SERVER, b"x" * 200_000, 7),
        Octets(Side.CLIENT, b"defgh", 9, chop=2),
        Drop(Side.SERVER, How.RST, 11),
    ),
    (("agent", "näif\0"),),
)


def blocks(capture: bytes) -> Iterator[tuple[int, bytes]]:
    """The type and the body of each block of a pcapng."""
    while capture:
        kind, size = struct.unpack_from("<II", capture)
        assert size % 4 == 0
        assert struct.unpack_from("<I", capture, size - 4) == (size,)
        yield kind, capture[8 : size - 4]
        capture = capture[size:]


def segments(trace: Trace) -> list[tuple[int, Side, int, int, bytes]]:
    """Time, side, sequence number, flags and data of each segment."""
    found = []
    for kind, body in blocks(b"".join(pcapng.written([trace]))):
        if kind != 6:
            continue
        _, high, low, size, whole = struct.unpack_from("<IIIII", body)
        ip = body[20 : 20 + size]
        assert size == whole == struct.unpack_from("!H", ip, 2)[0]
        tcp = ip[20:]
        side = Side.CLIENT if ip[12:16] == packets.ADDRESSES[Side.CLIENT] else Side.SERVER
        start = tcp[12] >> 4 << 2
        found.append((high << 32 | low, side, int.from_bytes(tcp[4:8], "big"), tcp[13], tcp[start:]))
        assert total(ip[:20]) == total(ip[12:20] + struct.pack("!HH", 6, len(tcp)) + tcp) == 0xFFFF
    return found


def total(octets: bytes) -> int:
    """The ones' complement sum of the words, as RFC 1071 adds them."""
    octets += b"\0" * (len(octets) % 2)
    value: int = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while value >> 16:
        value = (value & 0xFFFF) + (value >> 16)
    return value


def test_segments_have_the_writes_their_times_and_the_gaps() -> None:
    found = segments(GAP)
    assert [(at, side, flags) for at, side, _, flags, _ in found[:3]] == [
        *((0, Side.CLIENT, packets.SYN), (0, Side.SERVER, packets.SYN | packets.ACK)),
        (0, Side.CLIENT, packets.ACK),
    ]
    client = [(at, number, data) for at, side, number, _, data in found[3:] if side is Side.CLIENT]
    assert client == [(5, 1001, b"abc"), (9, 1104, b"de"), (9, 1106, b"fg"), (9, 1108, b"h")]
    server = [
        (number, flags, len(data)) for _, side, number, flags, data in found[3:] if side is Side.SERVER
    ]
    assert [flags & packets.PSH for _, flags, _ in server] == [0, 0, 0, packets.PSH, 0]
    assert sum(size for _, _, size in server) == 200_000
    assert server[-1] == (202_001, packets.RST | packets.ACK, 0)


def test_text2pcap_gets_the_writes_with_their_directions() -> None:
    trace = Trace(Side.SERVER, GAP.entries[1:], GAP.headers)
    lines = list(text2pcap.written(trace))
    assert lines[:2] == [
        "# agent: n\\xe4if\\x00",
        "# text2pcap -D -t %H:%M:%S.%f -T 80,49152 FILE FILE.pcapng",
    ]
    marks = [line for line in lines if line[:1] in "IO" and line]
    assert marks == ["O 00:00:00.000007"] * 4 + ["I 00:00:00.000009"] * 3
    octets = [bytes.fromhex(line[7:]) for line in lines if line and line[0] not in "#IO"]
    assert b"".join(octets) == b"x" * 200_000 + b"defgh"


@pytest.mark.parametrize("suffix", [".wirelog", ".pcapng", ".txt", ".md"])
def test_the_suffix_says_the_format(tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"out{suffix}"
    done = replay("convert", SEED, out)
    assert (done.returncode, done.stdout) == (0, "")
    said = done.stderr.splitlines()
    assert said.pop() == f"{out}: 1 log"
    assert bool(said) is (suffix in (".pcapng", ".txt"))
    start = {
        ".wirelog": b"# agent",
        ".pcapng": b"\x0a\x0d\x0d\x0a",
        ".txt": b"# agent",
        ".md": b"### 1.2.3",
    }
    assert out.read_bytes().startswith(start[suffix])
    if suffix == ".wirelog":
        assert replay("check", out).returncode == 0


def test_a_capture_has_room_for_several_logs_and_says_once_what_it_leaves_out(tmp_path: Path) -> None:
    folder = Path(__file__).parents[2] / "traces" / "01-framing"
    done = replay("convert", folder, tmp_path / "all.pcapng")
    assert done.returncode == 0
    count = len(list(folder.glob("*.wirelog")))
    said = done.stderr.splitlines()
    assert said[0].endswith(f" and {count - 1} more: a timer isn't there")
    assert said[-1].endswith(f": {count} logs")
    assert len(said) == 4
    kinds = [kind for kind, _ in blocks((tmp_path / "all.pcapng").read_bytes())]
    assert kinds[:2] == [0x0A0D0D0A, 1]
    done = replay("convert", folder, tmp_path / "md", "--to", "markdown")
    assert done.returncode == 0
    assert len(list((tmp_path / "md").glob("*.md"))) == count


def test_what_can_not_be_written_is_told(tmp_path: Path) -> None:
    cut = tmp_path / "cut.wirelog"
    cut.write_text("000 TX OCTETS: 8185 ... +3 octets sha256=" + "0" * 64 + "\n")
    for words, said in (
        (("traces/01-framing", tmp_path / "one.md"), "can't be in one file of this format; name a folder"),
        (
            (SEED, tmp_path / "one.doc"),
            "unknown suffix; expected .wirelog, .pcapng, .txt, .md, or --to FORMAT",
        ),
        ((SEED, tmp_path / "x", "1.2.3"), "is no stored run, so there are no cases to select: 1.2.3"),
        ((cut, tmp_path / "cut.txt"), "octets are missing, which text for text2pcap can't say"),
    ):
        done = replay("convert", *words)
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert [*tmp_path.iterdir()] == [cut]


def test_a_report_names_the_rules_and_shows_hostile_text_as_it_is(tmp_path: Path) -> None:
    log = tmp_path / "bad.wirelog"
    log.write_text(
        "# agent: <script>@me\n"
        '000 TX OCTETS: "GET / HTTP/1.1\\r\\nHost: a\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n'
        'Sec-WebSocket-Key: D+fcK/QqRpDx3yz323ge5w==\\r\\nSec-WebSocket-Version: 13\\r\\n\\r\\n"\n'
        '001 RX OCTETS: "HTTP/1.1 101 x\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n'
        'Sec-WebSocket-Accept: rQdXIXbccC6mDJL2JrabxWmui/o=\\r\\n\\r\\n"\n'
        "002 RX OCTETS: 8185 00000000 6060606060\n"
    )
    done = replay("convert", log, "-", "--to", "markdown")
    assert done.returncode == 0
    assert "Agent: \\<script\\>\\@me" in done.stdout
    assert "RFC 6455 §5.1" in done.stdout
    assert "at octet " in done.stdout
    assert "``````text" in done.stdout
    assert "replay run bug.wirelog --url ws://HOST:PORT" in done.stdout


SPEC = """\
section: a
cases:
  - {id: a.1, title: Not what comes, send: [text: Hello], expect: [ok: [text: Hallo]]}
"""


def test_a_report_of_a_stored_case_has_the_verdict_that_its_spec_gives(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(SPEC, encoding="utf-8")
    done = replay("run", "-q", "a.yaml", "--out", "run", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    done = replay("convert", "run", "bug.md", "a.1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = (tmp_path / "bug.md").read_text(encoding="utf-8")
    assert "Verdict: **FAILED**, 1st event: the message differs at offset 1 of 5" in said
