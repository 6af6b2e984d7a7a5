"""Messages in full: laid out for the eye, and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

from tests.processes import replay

HEADS = r"""TX OCTETS: "GET /chat HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
           "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
           "Sec-WebSocket-Version: 13\r\n\r\n"
RX OCTETS: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
           "Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
"""


def received(*messages: tuple[int, bytes]) -> str:
    """A log of a client to whom a server said this."""
    lines = []
    for opcode, data in messages:
        length = f"{len(data):02x}" if len(data) < 126 else f"7e{len(data):04x}"
        lines.append(f"RX OCTETS: {0x80 | opcode:02x}{length} {data.hex()}\n")
    return HEADS + "".join(lines)


VALUE = {"type": "message", "text": 'they said "hi"', "tags": ["a", "b"], "more": "x" * 200}


def test_messages_are_shown_whole_with_json_laid_out(tmp_path: Path) -> None:
    log = tmp_path / "a.wirelog"
    log.write_text(
        received((1, json.dumps(VALUE).encode()), (2, bytes(range(60))), (1, b"one\n\x1b[31mtwo"))
    )
    brief, whole = replay("show", log).stdout, replay("show", "-v", log).stdout
    assert "x" * 200 not in brief
    laid_out = json.dumps(VALUE, indent=2).splitlines()
    lines = whole.splitlines()
    at = lines.index("    {")
    assert "".join(line[4:] for line in lines[at:]).startswith("".join(laid_out))
    assert [line[4:] for line in lines[at : at + len(laid_out) - 2]] == laid_out[:-2]
    assert f"    {bytes(range(24)).hex(' ')}" in lines
    assert lines[-2:] == ["    one", "    \\x1b[31mtwo"]


def test_as_json_with_payloads(tmp_path: Path) -> None:
    log = tmp_path / "a.wirelog"
    log.write_text(received((1, json.dumps(VALUE).encode()), (9, b"\0"), (2, b"\xff"), (8, b"\x03\xe8bye")))
    opened, text, ping, binary, close = map(json.loads, replay("show", "--json", log).stdout.splitlines())
    assert (opened["kind"], opened["target"]) == ("opened", "/chat")
    assert (text["from"], text["kind"], text["entry"]) == ("server", "text", 2)
    assert json.loads(text["payload"]) == VALUE
    assert (ping["hex"], binary["hex"], binary["length"]) == ("00", "ff", 1)
    assert (close["code"], close["reason"]) == (1000, "bye")


def test_json_of_any_depth_is_shown(tmp_path: Path) -> None:
    log = tmp_path / "a.wirelog"
    log.write_text(received((1, b"[" * 30_000 + b"]" * 30_000)))
    assert "[" * 30_000 in replay("show", "-v", log).stdout.replace("\n    ", "")
