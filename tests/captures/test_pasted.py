"""Texts as people paste them, and what is said of those that aren't sure."""

from __future__ import annotations

import pytest

from replay.captures.text import reader
from replay.captures.text.sides import BY_MASK
from replay.source import Source, SourceError
from replay.trace.model import Cut, Drop, Octets
from replay.wire.side import Side

HELLO = "818537fa213d7f9f4d5158"
ECHO = "810548656c6c6f"
FRAMES = [(Side.CLIENT, HELLO), (Side.SERVER, ECHO)]


def conversation(text: str) -> reader.Conversation:
    (found,) = reader.read(Source("paste.txt", text))
    return found


def octets(text: str) -> list[tuple[Side, str]]:
    return [(one.side, one.data.hex()) for one in conversation(text).entries if isinstance(one, Octets)]


def refused(text: str) -> str:
    """The error: its place, what it says, and its hint."""
    with pytest.raises(SourceError) as error:
        reader.read(Source("paste.txt", text))
    assert error.value.span is not None
    return f"{error.value.span}: {error.value.message}; {error.value.hint}"


@pytest.mark.parametrize(
    "text",
    [
        f"> {HELLO}\n< {ECHO}",
        f"The client sends\n\n    {HELLO}\n\nand the server answers\n\n    {ECHO}\n\nwhich is fine.",
        f"```\nC: {HELLO}\nS: {ECHO}\n```",
        f"sent: {HELLO}\nrecv: {ECHO}",
        f"[11:14:43] TX {HELLO}\n[11:14:43] RX {ECHO}".replace("X ", "X: "),
        "sent=<Buffer 81 85 37 fa 21 3d 7f 9f 4d 51 58>\nreceived=<Buffer 81 05 48 65 6c 6c 6f>",
        "1:    client    11    81 85 37 fa 21 3d\n                      7f 9f 4d 51 58\n\n"
        "2:    server    7    81 05 48 65   6c 6c 6f",
        f"TX Octets to tcp4:127.0.0.1:9000 : sync = False, octets = {HELLO}\n"
        f"RX Octets from tcp4:127.0.0.1:9000 : octets = {ECHO}",
        "const sent = new Uint8Array([\n  129, 133, 55, 250, 33, 61, // begins\n  127, 159, 77, 81, 88]);\n"
        "const received = new Uint8Array([129, 5, 72, 101, 108, 108, 111]);",
        "\\x81".join(("sent = b'", "\\x857\\xfa!=\\x7f\\x9fMQX'\nreceived = b'", "\\x05Hello'")),
        "++Sent raw: b'\\x81\\x857\\xfa!=\\x7f\\x9fMQX'\n++Sent decoded: fin=1 opcode=1 data=b'Hello'\n"
        "++Rcv raw: b'\\x81\\x05Hello'\n++Rcv decoded: fin=1 opcode=1 data=b'Hello'",
        "write <Buffer 81 85 37 fa 21 3d 7f 9f 4d 51 58>\nread <Buffer 81 05 48 65 6c 6c 6f>",
        "write [129 133 55 250 33 61 127 159 77 81 88]\nread [129 5 72 101 108 108 111]",
        "out: [-127, -123, 55, -6, 33, 61, 127, -97, 77, 81, 88]\nin: [-127, 5, 72, 101, 108, 108, 111]",
        'send "\\x81\\x85\\x37\\xFA\\x21\\x3D\\x7F\\x9F\\x4D\\x51\\x58"\nrecv "\\x81\\x05Hello"',
        "[TRACE x] send &[0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]\n"
        "[TRACE x] recv &[0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]",
        f"Dec 01 09:00:00 host app[1]: >> {HELLO}\nDec  1 09:00:01 host app[1]: << {ECHO}",
    ],
)
def test_what_is_sure(text: str) -> None:
    sent: list[tuple[Side, str]] = []
    for side, data in octets(text):
        if sent and sent[-1][0] is side:
            sent[-1] = side, sent[-1][1] + data
        else:
            sent.append((side, data))
    assert sent == FRAMES


def test_no_marks_are_said_to_be_missing() -> None:
    assert conversation(f"{HELLO}\n{ECHO}").said == (BY_MASK,)
    assert octets(f"{HELLO}{ECHO}") == FRAMES


def test_a_handshake_alone() -> None:
    text = "GET /chat HTTP/1.1\nHost: x\n\nHTTP/1.1 403 Forbidden\nServer: y\n"
    assert [bytes.fromhex(data) for _, data in octets(text)] == [
        b"GET /chat HTTP/1.1\r\nHost: x\r\n\r\n",
        b"HTTP/1.1 403 Forbidden\r\nServer: y\r\n\r\n",
    ]


def test_the_lines_of_curl_v() -> None:
    text = (
        "* Trying 127.0.0.1:9000...\n> GET /chat HTTP/1.1\n> Host: x\n>\n* Request sent\n"
        "< HTTP/1.1 101 Switching Protocols\n< Upgrade: websocket\n<\n"
    )
    assert [side for side, _ in octets(text)] == [Side.CLIENT, Side.SERVER]


def test_the_end_of_a_side() -> None:
    found = conversation(f"> {HELLO}\n< {ECHO}\n< EOF")
    assert isinstance(found.entries[-1], Drop)
    assert found.entries[-1].side is Side.SERVER


def test_what_a_dump_leaves_out_is_a_gap() -> None:
    found = conversation("> <Buffer 82 fe 00 c8 01 02 03 04 05 ... 199 more bytes>")
    assert isinstance(found.entries[0], Octets)
    assert found.entries[0].cut == Cut(199)


def test_fewer_octets_than_announced_are_a_gap() -> None:
    found = conversation("<= Recv data, 7 bytes (0x7)\n0000: 81 05 48                .H\n")
    assert isinstance(found.entries[0], Octets)
    assert found.entries[0].cut == Cut(4)


def test_payloads_under_the_name_of_raw_octets() -> None:
    """Some versions of websocket-client trace the payload twice."""
    text = "++Rcv raw: b'Hello'\n++Rcv decoded: fin=1 opcode=1 data=b'Hello'\n"
    assert octets(text) == [(Side.SERVER, ECHO)] or octets(text)[0][1].startswith("81")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0000000 8581 fa37 3d21", "may be swapped"),
        ("> hello world", "paste.txt:1:3: expected octets behind this mark, found text"),
        ("sent: 81, 85, 37, fa", "hex numbers that aren't marked"),
        ("bytes: 12, 34, 56, 78", "may be decimal or hex"),
        ("frame 10000001 00000101", "binary digits"),
        ("00000000  81 85 37 fa\n00000008  7f 9f\n", "expected the offset 4"),
        ("00000010  81 85 37 fa\n", "expected the offset 0"),
        ("00000000: fa378581 517d9f7f  ..7...}Q\n", "may be swapped"),
        ("0000   81 05 48 65 6c 6c 6f   ..Hallo\n", "paste.txt:1:31: this is not the text"),
        ("unsigned char a[] = {\n 0x81, 0x05,\n", "this list isn't closed"),
        ("Masking-Key: 37fa213d\nThe end.", "there are no octets in this text"),
        ("", "there are no octets in this text"),
        ("81", "neither an HTTP head nor a whole frame"),
        ("89 50 4e 47 0d 0a 1a 0a " * 20, "these may not be octets of a WebSocket"),
        ("Connected (press CTRL+C to quit)\n> hi\n< hi", "what wscat prints"),
        ("=> Send header, 6 bytes (0x6)\n0000: GET /\n", "curl's --trace-ascii"),
        ("13408:4:type;4:http;7:version;2:17#9:websocket;", "mitmdump -nr FILE --set hardump=out.har"),
        ("<?xml version='1.0'?>\n<pdml>", "what tshark makes of packets"),
        ("<= Recv data, 1 bytes (0x1)\n0000: 81 05\n", "1 octet more than were announced"),
    ],
)
def test_what_is_refused(text: str, says: str) -> None:
    assert says in refused(text)


WEBSOCKETPP = """\
[2016-02-22 13:10:57] [connect] Successful connection
[2016-02-22 13:10:59] [frame_header] Dispatching write containing 2 message(s) containing 12 header bytes
[2016-02-22 13:10:59] [frame_header] Header Bytes:
[0] (6) 82 83 37 FA 21 3D
[1] (6) 81 85 37 FA 21 3D

[2016-02-22 13:10:59] [frame_payload] Payload Bytes:
[0] (3) [2] 7F 9F 4D
[1] (5) [1] \ufffdMQX

[2016-02-22 13:11:55] [frame_header] Header Bytes:
[0] (6) 8A 80 00 00 00 00

[2016-02-22 13:11:55] [frame_payload] Payload Bytes:
[0] (0) [10]
"""


def test_a_log_of_websocketpp() -> None:
    """The payload of a text is masked, and as text it isn't its octets."""
    found = conversation(WEBSOCKETPP)
    entries = [(one.side, one.data.hex(), one.cut) for one in found.entries if isinstance(one, Octets)]
    assert entries == [
        (Side.CLIENT, "828337fa213d7f9f4d", None),
        (Side.CLIENT, "818537fa213d", Cut(5)),
        (Side.CLIENT, "8a8000000000", None),
    ]


def test_heads_behind_words_and_other_prefixes() -> None:
    text = (
        "[WS-Server][0][handleHeader] RX: GET / HTTP/1.1\n[WS-Server][0][handleHeader] RX: Host: x:81\n"
        "07:31:08.830362 [0-0] < HTTP/1.1 400 Bad Request\n07:31:08.830363 [0-0] < \n"
    )
    assert [bytes.fromhex(data) for _, data in octets(text)] == [
        b"GET / HTTP/1.1\r\nHost: x:81\r\n\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
    ]


STRACE = r"""
[pid 7] 12:00:00.000001 write(3, "started\n", 8) = 8
[pid 7] 12:00:00.000002 sendto(5, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27, 0, NULL, 0) = 27
[pid 7] 12:00:00.000003 read(4, "\201\5Other", 4096) = 7
[pid 7] 12:00:00.000004 write(5, "\x81\x857\xfa!=\x7f\x9fMQX", 11) = 11
[pid 7] 12:00:00.000005 recvfrom(5, "\201\5Hello", 4096, 0, NULL, NULL) = 7
[pid 7] 12:00:00.000006 read(5, "\201\5He"..., 4096) = 7
[pid 7] 12:00:00.000007 read(5, "", 4096) = 0
"""


def test_the_calls_of_a_process_on_the_first_socket_with_a_request() -> None:
    _, *frames = [one for one in conversation(STRACE).entries if isinstance(one, Octets)]
    assert [(one.side, one.data.hex()) for one in frames[:2]] == FRAMES
    assert (frames[2].data, frames[2].cut) == (b"\x81\x05He", Cut(3))
    assert len(frames) == 3
