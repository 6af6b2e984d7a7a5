"""What is said of a case about the opening handshake: what replay sends, and what it expects."""

from __future__ import annotations

import pytest

from replay.cases.load import load
from replay.report.purpose import description, expectation
from replay.source import Source


def said(opening: str, expect: str = "[ok: [opened]]") -> tuple[str, str]:
    keys = f"id: a.1, title: t, open: {opening}, send: [], expect: {expect}"
    (case,) = load(Source("s.yaml", f"section: a\ncases:\n- {{{keys}}}\n"))
    return description(case), expectation(case)


@pytest.mark.parametrize(
    ("opening", "sent"),
    [
        (
            "{request: {method: POST, headers: {Host: none, A: [b, c]}}}",
            "sends an opening request with the method POST, without the header Host and with the headers "
            "A: b and A: c.",
        ),
        (
            "{request: {version: '1.0', chop: 1, pause: 1 s}}",
            "sends an opening request with the HTTP version 1.0, written octet by octet, 1 s apart.",
        ),
        (
            "{request: {lines: ['GET {target} HTTP/1.1', 'Host: a']}}",
            "sends an opening request with the lines 'GET (the path) HTTP/1.1' and 'Host: a'.",
        ),
        (
            "{request: {body: {hex: 81}, joined: true}}",
            "sends an opening request with one octet behind it (81), in the same write as the first "
            "frames.",
        ),
        (
            "{response: {headers: {Sec-WebSocket-Accept: '{recased-accept}'}, split: 1}}",
            "answers the client's request with a response with the header Sec-WebSocket-Accept: (the "
            "accept for the key, with one letter in the other case), in two writes, the second of which "
            "has one octet.",
        ),
    ],
)
def test_what_replay_sends(opening: str, sent: str) -> None:
    assert said(opening)[0] == f"replay {sent}"


@pytest.mark.parametrize(
    ("expect", "wanted"),
    [
        (
            "[ok: [refused: {status: 400}], non-strict: [refused]]",
            "with status 400. It is NON-STRICT to refuse the opening handshake in another way.",
        ),
        (
            "[ok: [refused: {status: [4xx, 5xx], has: {A: b}, lacks: {C: any}}]]",
            "with an error status (4xx or 5xx), with the header A: b and without the header C.",
        ),
        (
            "[ok: [refused: {status: [2xx, 3xx, 4xx, 5xx]}]]",
            "with any final status but 101.",
        ),
        (
            "[ok: [refused: {status: [400, none]}]]",
            "with status 400 or no response but the end of TCP.",
        ),
    ],
)
def test_what_replay_expects(expect: str, wanted: str) -> None:
    _, found = said("{request: {method: POST}}", expect)
    assert found == f"The server is to refuse the opening handshake {wanted}"
