"""Faults that are put into a report of a sound server are found, also where the report cuts octets off."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from bench.report_faults import FAULTS, checked
from replay.wire.frame import encode, frame
from tests.verdict.test_unseen import KEY, REQUEST, RESPONSE, head


def row(kind: str, octets: bytes) -> list[Any]:
    shown = octets[:64].hex() + (" ..." if len(octets) > 64 else "")
    return [kind, [len(octets), shown], *([False] if kind == "TO" else [])]


def report(case: str, opcode: int, text: bytes, answer: int | None = None) -> dict[str, Any]:
    heads = row("TO", head(REQUEST).encode()), row("RO", head(RESPONSE).encode())
    frames = ("TO", opcode, text, KEY), ("RO", opcode if answer is None else answer, text, b"")
    closes = ("TO", 8, b"\x03\xe8", KEY), ("RO", 8, b"\x03\xe8", b"")
    sent = [
        row(kind, encode(frame(code, payload, key=key))) for kind, code, payload, key in (*frames, *closes)
    ]
    heads[0][1] = [len(head(REQUEST)), head(REQUEST).encode().hex()]
    heads[1][1] = [len(head(RESPONSE)), head(RESPONSE).encode().hex()]
    flags = {"id": case, "isServer": False, "droppedByMe": False, "closedByMe": True}
    return {**flags, "wasServerConnectionDropTimeout": False, "wirelog": [*heads, *sent]}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    ("sound", "word"),
    [
        (report("1.2.1", 2, b""), "OK"),
        (report("1.2.2", 2, b"\xfe" * 125), "unjudged"),
        (report("2.2", 9, b"Hello, world!", 10), "OK"),
    ],
    ids=["whole", "cut", "a Pong"],
)
def test_a_fault_is_found(sound: dict[str, Any], word: str, fault: str) -> None:
    assert checked(sound).word == word
    faulty = copy.deepcopy(sound)
    if FAULTS[fault](faulty):
        assert checked(faulty).failed
    else:
        assert (word, fault) in {("OK", "an octet of the payload"), ("unjudged", "masked by the server")}
