"""Texts with octets are told from wire logs and from prose by their content."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay.captures import formats
from replay.captures.content import Content
from replay.captures.model import ANYTHING
from tests.captures.test_har import entry, message
from tests.processes import ROOT

SAMPLES = sorted((ROOT / "tests" / "captures" / "data" / "text").glob("*.txt"))
LOGS = [
    path
    for folder in ("traces", "tests/vectors", "tests/outcome", "tests/data")
    for path in sorted((ROOT / folder).rglob("*.wirelog"))
]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_samples_are_recordings(path: Path) -> None:
    head = path.read_bytes()
    assert formats.format_of(head) is formats.TEXT
    assert formats.certain(head)


def test_wire_logs_are_wire_logs_even_if_they_are_wrong() -> None:
    found = [path.name for path in LOGS if formats.format_of(path.read_bytes()) is not formats.WIRELOG]
    assert len(LOGS) > 100
    assert not found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# case: 1.1.1\n",
        "Nothing of that sort happens here.\n",
        "TX OCTETTS: 8105\n",
        "000 TX OCTETS: 8105 48 65 6c 6c 6f\n",
        '{"case": "1.1.1", "wirelog": []}',
        "<html><body>1.1.1</body></html>",
        "> 000 TX OCTETS: 8105\n> 001 RX OCTETS: 8105\n",
    ],
)
def test_what_is_no_text_of_octets(text: str) -> None:
    assert formats.format_of(text.encode()) is formats.WIRELOG


@pytest.mark.parametrize("text", ["import re\n\nFRAME = bytes([129, 0])\n\n\ndef f() -> None:\n    pass\n"])
def test_octets_among_prose_are_read_only_if_the_file_is_named(text: str) -> None:
    assert formats.format_of(text.encode()) is formats.TEXT
    assert not formats.certain(text.encode())


def test_what_a_recording_says_about_its_connections() -> None:
    text = "-> GET /chat?a=1 HTTP/1.1\n-> Host: x\n->\n<- HTTP/1.1 101 x\n<-\n-> EOF\n"
    twice = Content("a.txt", iter([(text + text).encode()]))
    found = list(formats.read(twice, ANYTHING))
    assert [(one.number, one.path) for one in found] == [(1, "/chat"), (2, "/chat")]
    assert found[0].notes == ("a.txt: the line breaks of the handshake are taken for CRLF",)


def test_a_har_knows_server_path_and_time() -> None:
    import json

    said = json.dumps({"log": {"entries": [entry([message("send", "x")])]}})
    (found,) = formats.read(Content("a.har", iter([said.encode()])), ANYTHING)
    assert (found.server, found.path, found.at) == ("localhost:9000", "/chat", 1796037292309000)
