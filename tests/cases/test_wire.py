"""The bundled cases send what Autobahn sends, octet for octet and write for write."""

from __future__ import annotations

import hashlib
import json
from itertools import takewhile
from pathlib import Path

import pytest

from replay.cases.model import Case
from replay.cases.step import SendFrame
from replay.play.actions import Options
from replay.suite.files import known
from replay.trace.model import Entry, Octets, Timer, Wait
from replay.wire.handshake import encode_request
from replay.wire.side import Side
from tests.memory import REQUEST, player

TABLE = Path(__file__).parents[1] / "data" / "wire.json"
"""What the original writes to a silent peer, without masks, before its patience is over: octets, their
SHA-256, writes. Of 9.7 and 9.8, where each round waits for the one before, that is one round."""

WIRE = {row["id"]: row for row in json.loads(TABLE.read_text())}
SECTIONS = {id.partition(".")[0] for id in WIRE}


def written(case: Case) -> list[bytes]:
    """What a server that plays the case writes, behind its handshake, to a client that only opens
    the connection, before it runs out of patience. Frames that share a write are a write each here, as
    the original counts them."""
    cut = any(isinstance(step, SendFrame) and step.chop for step in case.steps)
    own = player(case, Side.SERVER, Options(chop="recorded" if cut else "frame"))
    now = 0
    own.connected(now)
    own.received(encode_request("/", REQUEST), now)
    while not own.done:
        while own.pending:
            own.pump(now)
        if own.deadline is not None:
            now = own.deadline
            own.wake(now)
    patient = takewhile(lambda entry: not out_of_patience(entry), own.trace().entries)
    sent = (entry for entry in patient if isinstance(entry, Octets) and entry.side is own.side)
    _, *frames = (one for entry in sent for one in entry.writes.single())
    return frames


def out_of_patience(entry: Entry) -> bool:
    return isinstance(entry, Timer) and entry.fired and entry.wait is not Wait.DELAY


def test_the_cases_are_those_of_autobahn() -> None:
    assert {id for id in known() if id.partition(".")[0] in SECTIONS} == WIRE.keys()


@pytest.mark.parametrize("id", WIRE)
def test_what_is_sent(id: str) -> None:
    writes = written(known()[id])
    octets = b"".join(writes)
    found = {"octets": len(octets), "sha256": hashlib.sha256(octets).hexdigest(), "writes": len(writes)}
    assert {"id": id, **found} == WIRE[id]
