"""What two sides sent, written down as tools and languages write octets."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from replay.wire.side import Side

Sent = Sequence[tuple[Side, bytes]]
"""Each write, and who sent it."""


def _rows(octets: bytes, width: int = 16) -> Iterator[tuple[int, bytes]]:
    for at in range(0, len(octets), width):
        yield at, octets[at : at + width]


def _printed(octets: bytes) -> str:
    return "".join(chr(octet) if 0x20 <= octet < 0x7F else "." for octet in octets)


def _pairs(octets: bytes) -> str:
    halves = (octets[:8].hex(" "), octets[8:].hex(" "))
    return "  ".join(half for half in halves if half)


def hexdump(octets: bytes) -> str:
    """hexdump -C, with its '*' for rows that repeat."""
    lines, before, squeezed = [], b"", False
    for at, row in _rows(octets):
        if row == before and len(row) == 16:
            lines += [] if squeezed else ["*"]
            squeezed = True
            continue
        before, squeezed = row, False
        lines.append(f"{at:08x}  {_pairs(row):<48}  |{_printed(row)}|")
    return "\n".join([*lines, f"{len(octets):08x}"])


def xxd(octets: bytes) -> str:
    return "\n".join(f"{at:08x}: {row.hex(' ', -2):<39}  {_printed(row)}" for at, row in _rows(octets))


def wireshark(octets: bytes) -> str:
    return "\n".join(f"{at:04x}   {row.hex(' '):<47}   {_printed(row)}" for at, row in _rows(octets))


def tcpdump(octets: bytes) -> str:
    return "\n".join(f"\t0x{at:04x}:  {row.hex(' ', -2):<39}  {_printed(row)}" for at, row in _rows(octets))


def curl(octets: bytes) -> str:
    return "\n".join(f"{at:04x}: {row.hex(' '):<47} {_printed(row)}" for at, row in _rows(octets))


def od(octets: bytes) -> str:
    lines = [f"{at:07o} {row.hex(' ')}" for at, row in _rows(octets)]
    return "\n".join([*lines, f"{len(octets):07o}"])


def plain(octets: bytes) -> str:
    return "\n".join(f"{at:06x} {row.hex(' ')}" for at, row in _rows(octets))


def c_array(octets: bytes) -> str:
    rows = ",\n".join("  " + ", ".join(f"0x{octet:02x}" for octet in row) for _, row in _rows(octets, 12))
    return f"unsigned char frame[] = {{\n{rows}\n}};"


def python(octets: bytes) -> str:
    return repr(octets)


def node(octets: bytes) -> str:
    return f"<Buffer {octets.hex(' ')}>"


def escaped(octets: bytes) -> str:
    return '"' + "".join(f"\\x{octet:02x}" for octet in octets) + '"'


def listed(octets: bytes) -> str:
    return "[" + ", ".join(str(octet) for octet in octets) + "]"


def java(octets: bytes) -> str:
    return "[" + ", ".join(str(octet - 256 if octet > 127 else octet) for octet in octets) + "]"


DUMPS: tuple[Callable[[bytes], str], ...] = (hexdump, xxd, wireshark, tcpdump, curl, od, plain, c_array)
"""Forms of several lines."""

ONE_LINE: tuple[Callable[[bytes], str], ...] = (
    *(python, node, escaped, listed, java),
    lambda octets: octets.hex(),
    lambda octets: octets.hex(" "),
    lambda octets: octets.hex(":"),
    lambda octets: octets.hex("-"),
    lambda octets: octets.hex(" ", -2),
    lambda octets: ", ".join(f"0x{octet:02X}" for octet in octets),
    lambda octets: f"bytes.fromhex('{octets.hex()}')",
)


def below_headings(sent: Sent, form: Callable[[bytes], str], headings: tuple[str, str]) -> str:
    """Each write below a heading, the first of which is the client's."""
    return "\n".join(f"{headings[side is Side.SERVER]}\n{form(octets)}\n" for side, octets in sent)


def behind_marks(sent: Sent, form: Callable[[bytes], str], marks: tuple[str, str]) -> str:
    return "\n".join(f"{marks[side is Side.SERVER]} {form(octets)}" for side, octets in sent)


def curl_trace(sent: Sent) -> str:
    out = ["== Info:   Trying 127.0.0.1:9000..."]
    for side, octets in sent:
        way = "=> Send" if side is Side.CLIENT else "<= Recv"
        out += [f"{way} data, {len(octets)} bytes (0x{len(octets):x})", curl(octets)]
    return "\n".join(out)


_FRAME = "=" * 67


def _followed(form: str, lines: Sequence[str]) -> str:
    head = f"Follow: tcp,{form}\nFilter: tcp.stream eq 0\nNode 0: 127.0.0.1:4711\nNode 1: 127.0.0.1:9000"
    return "\n".join(("", _FRAME, head, *lines, _FRAME, ""))


def follow_raw(sent: Sent) -> str:
    first = sent[0][0]
    return _followed("raw", ["\t" * (side is not first) + octets.hex() for side, octets in sent])


def follow_hex(sent: Sent) -> str:
    at, first, lines = dict.fromkeys(Side, 0), sent[0][0], []
    for side, octets in sent:
        for _, row in _rows(octets):
            text = f"{_printed(row[:8])} {_printed(row[8:])}".rstrip()
            lines.append("\t" * (side is not first) + f"{at[side]:08X}  {_pairs(row):<48}  {text}")
            at[side] += len(row)
    return _followed("hex", lines)


def follow_yaml(sent: Sent) -> str:
    out = ["peers:"]
    for peer, port in ((0, 4711), (1, 9000)):
        out += [f"  - peer: {peer}", "    host: 127.0.0.1", f"    port: {port}"]
    out.append("packets:")
    for number, (side, octets) in enumerate(sent):
        text = base64.b64encode(octets).decode()
        out += [f"  - packet: {number}", f"    peer: {int(side is not sent[0][0])}"]
        out += [f"    timestamp: 1796037217.{number:09}", "    data: !!binary |"]
        out += [f"      {text[at : at + 76]}" for at in range(0, len(text), 76)]
    return "\n".join((*out, ""))


def text2pcap(sent: Sent) -> str:
    return "\n".join(f"{'O' if side is Side.CLIENT else 'I'}\n{plain(octets)}" for side, octets in sent)


def wireshark_arrays(sent: Sent) -> str:
    first, out = sent[0][0], []
    for number, (side, octets) in enumerate(sent):
        rows = ", \n".join(", ".join(f"0x{octet:02x}" for octet in row) for _, row in _rows(octets, 8))
        out.append(f"char peer{int(side is not first)}_{number}[] = {{ /* Packet {number} */\n{rows} }};")
    return "\n".join(out)


def columns(sent: Sent) -> str:
    """tshark -T fields, with the time, the port and the payload."""
    return "\n".join(
        f"{number}.000000000\t{4711 if side is Side.CLIENT else 9000}\t{octets.hex()}"
        for number, (side, octets) in enumerate(sent)
    )


TOOLS: tuple[Callable[[Sent], str], ...] = (
    *(curl_trace, follow_raw, follow_hex, follow_yaml, text2pcap, wireshark_arrays, columns),
)


def joined(sent: Sent) -> list[tuple[Side, bytes]]:
    """The runs of octets of one side."""
    return [
        (side, b"".join(octets for _, octets in run)) for side, run in groupby(sent, lambda one: one[0])
    ]
