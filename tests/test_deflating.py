"""The deflating server is sound but for its faults: a client that isn't ours gets on with the legal ones,
and stumbles over the others where a client can. The suite catches each of those, whatever a client can."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Mapping
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosedError, InvalidHandshake
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory as Offer
from websockets.sync.client import connect

from replay.campaign.server import Settings
from replay.cases.model import Case, Profile
from replay.flows import run
from replay.live.servers import Target
from replay.live.transport import Address
from replay.suite.files import Item, bundled, known
from tests.peers.deflating import BOMB, BREAKS, CHARGE, FAULTS, TAIL, Deflate, Terms, agree, bomb
from tests.processes import listening, replay, verdicts

SERVER = Path(__file__).parent / "peers" / "deflating.py"
CORPORA = bundled("specs") / "corpora"

PLAIN: dict[str, Any] = {"client_max_window_bits": True}
FRESH = {**PLAIN, "server_no_context_takeover": True}
NARROW = {**PLAIN, "server_max_window_bits": 9}
TIGHT = {**FRESH, **NARROW, "client_no_context_takeover": True, "client_max_window_bits": 9}
BARE: dict[str, Any] = {}

LEGAL = [
    (name, offer)
    for name, fault in FAULTS.items()
    for offer in (BARE, PLAIN, FRESH, NARROW, TIGHT)
    if fault.legal
    # This client doesn't inflate past a final block, unless it has to begin afresh.
    if name != "final-blocks" or "server_no_context_takeover" in offer
]

NOTICED = {
    "unoffered-parameter": ("refused", BARE),
    "unknown-parameter": ("refused", PLAIN),
    "duplicate-parameter": ("refused", PLAIN),
    "window-out-of-range": ("refused", PLAIN),
    "larger-window-than-offered": ("refused", NARROW),
    "ignores-server-window": ("refused", NARROW),
    "window-too-large": ("failed at 2", PLAIN),
    "context-kept": ("failed at 2", PLAIN),
    "context-lost": ("failed at 2", PLAIN),
    "client-window-ignored": ("failed at 2", PLAIN),
    "loses-context-late": ("differs at 30", PLAIN),
    "rsv1-on-continuation": ("failed at 1", PLAIN),
    "rsv1-on-control": ("failed at 1", PLAIN),
    "rsv1-missing": ("failed at 1", PLAIN),
    "tail-not-removed": ("failed at 2", PLAIN),
    "not-deflate": ("failed at 1", PLAIN),
    "truncated": ("failed at 2", PLAIN),
    "bomb": ("failed at 1", PLAIN),
    "garbles-one": ("differs at 40", PLAIN),
    "wrong-opcode": ("differs at 1", PLAIN),
}
"""What comes of 200 messages, and what the client offers."""


def messages() -> list[str | bytes]:
    """Text and octets in turn, of all sizes up to 6000, which repeat what lay far before."""
    text, octets = (CORPORA / "table.html").read_text()[64_000:], (CORPORA / "verse.txt").read_bytes()
    sizes = [1 + (2000 + number * 1571) % 6000 for number in range(200)]
    return [
        text[number * 600 :][:size] if number % 2 == 0 else octets[number * 600 :][:size]
        for number, size in enumerate(sizes)
    ]


def played(name: str, offer: dict[str, Any]) -> str:
    number = 0
    with listening(sys.executable, SERVER, "--fault", name) as port:
        try:
            with connect(f"ws://127.0.0.1:{port}", compression=None, extensions=[Offer(**offer)]) as peer:
                for number, message in enumerate(messages(), 1):
                    peer.ping()
                    peer.send(message)
                    if peer.recv(timeout=20) != message:
                        return f"differs at {number}"
        except InvalidHandshake:
            return "refused"
        except ConnectionClosedError:
            return f"failed at {number}"
    return "echoed"


@pytest.mark.parametrize(("name", "offer"), LEGAL)
def test_what_is_legal_is_echoed(name: str, offer: dict[str, Any]) -> None:
    assert played(name, offer) == "echoed"


@pytest.mark.parametrize("name", NOTICED)
def test_what_is_wrong_is_noticed(name: str) -> None:
    outcome, offer = NOTICED[name]
    assert played(name, offer) == outcome


# What the suite says of it.

CASES = ("12.1.3", "13.3.4")
WIDE = ("larger-window-than-offered", "ignores-server-window")  # where a narrow window is offered

OK, FAILED, REFUSED = ("OK", "OK"), ("FAILED", "OK"), ("FAILED", "FAILED")
VERDICTS = {
    "rsv1-on-continuation": ("FAILED", "UNCLEAN"),
    "rsv1-on-control": ("OK", "UNCLEAN"),
    "rsv1-missing": ("FAILED", "WRONG CODE"),
    "loses-context-late": FAILED,
    "garbles-one": FAILED,
    "wrong-opcode": FAILED,
    **dict.fromkeys(WIDE, OK),  # the messages come back, and the original asks for no more
}
"""Behaviour and closing, where they aren't those of a connection that the server refuses or ends."""


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault.legal])
def test_the_suite_finds_what_is_legal_sound(name: str) -> None:
    with listening(sys.executable, SERVER, "--fault", name) as port:
        for profile in Profile:
            done = suite(port, "--profile", profile.value)
            verdict = ("UNIMPLEMENTED", "OK") if name == "declines" else OK
            assert done.returncode == 0, done.stdout + done.stderr
            assert verdicts(done.stdout) == dict.fromkeys(CASES, verdict)
            assert "breaks" not in done.stdout


@pytest.mark.parametrize("name", [name for name in NOTICED if name != "bomb"])  # tests/test_bomb.py
def test_the_suite_catches_what_is_wrong(name: str) -> None:
    cases = CASES[1:] if name in WIDE else CASES
    with listening(sys.executable, SERVER, "--fault", name) as port:
        done = suite(port, *cases)
    expected = VERDICTS.get(name, REFUSED)
    assert verdicts(done.stdout) == dict.fromkeys(cases, expected), done.stdout + done.stderr
    assert done.returncode == (expected != OK)
    assert BREAKS.get(name, "") in done.stdout


@pytest.mark.parametrize(
    ("name", "case"), [*((name, "13.3.4") for name in WIDE), ("tail-not-removed", "13.2.4")]
)
def test_by_the_rfcs_a_case_about_compression_fails_with_its_rules(name: str, case: str) -> None:
    """... though all messages come back: of a tail that is kept, where no context is."""
    with listening(sys.executable, SERVER, "--fault", name) as port:
        done = suite(port, "--profile", "rfc", case)
        assert verdicts(done.stdout) == {case: FAILED}, done.stdout + done.stderr
        assert f"The server broke {BREAKS[name]}, RFC 7692" in " ".join(done.stdout.split())
        assert f"[{BREAKS[name]}]" in done.stdout
        for words in ((), ("-v",)):
            done = suite(port, *words, case)
            assert verdicts(done.stdout) == {case: OK}, done.stdout + done.stderr
            assert f"breaks {BREAKS[name]}" in done.stdout


def suite(port: int, *words: str) -> CompletedProcess[str]:
    cases = () if any(word[0].isdigit() for word in words) else CASES
    return replay("run", "--url", f"ws://127.0.0.1:{port}", *words, *cases)


@pytest.mark.parametrize(("name", "late"), [("garbles-one", 40), ("loses-context-late", 30)])
def test_what_shows_late_is_caught_with_as_few_rounds_as_do(name: str, late: int) -> None:
    few = {id: case for id, case in known().items() if case.section == "12.1"}
    rounds = {id: case.rounds.times for id, case in few.items() if case.rounds}
    long = {id for id, times in rounds.items() if times >= late}
    assert long
    assert min(rounds.values()) < late
    with listening(sys.executable, SERVER, "--fault", name) as port:
        assert failed(port, few) == long
        assert failed(port, {id: known(True)[id] for id in few}) == few.keys()


def failed(port: int, cases: Mapping[str, Case]) -> set[str]:
    """The cases of a run that aren't OK."""
    settings = Settings(Target(Address("127.0.0.1", port)), again=False)
    done = run([Item(case) for case in cases.values()], settings, lambda *_: True)
    assert len(done.results) == len(cases)
    return {result.case.id for result in done.results if result.failed}


def test_what_is_not_compressed_is_sound_too() -> None:
    with listening(sys.executable, SERVER) as port:
        sections = (f"{number}.*" for number in range(1, 8))
        done = replay("run", "--url", f"ws://127.0.0.1:{port}", *sections)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_fault_is_legal_or_noticed() -> None:
    assert NOTICED.keys() == {name for name, fault in FAULTS.items() if not fault.legal}


@pytest.mark.parametrize(
    ("header", "answer"),
    [
        ("permessage-deflate", {}),
        ("permessage-deflate; client_max_window_bits", {}),
        ("permessage-deflate;client_max_window_bits = 10", {"client_max_window_bits": "10"}),
        ('permessage-deflate; server_max_window_bits="15"', {"server_max_window_bits": "15"}),
        (
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
            {"server_no_context_takeover": None, "client_no_context_takeover": None},
        ),
        (
            "x; y=z, permessage-deflate; server_max_window_bits=8, "
            "permessage-deflate; server_max_window_bits=9",
            {"server_max_window_bits": "9"},
        ),
        ("permessage-deflate; server_max_window_bits, permessage-deflate", {}),
        ("permessage-deflate; server_max_window_bits=09", None),
        ("permessage-deflate; server_max_window_bits=16", None),
        ("permessage-deflate; client_max_window_bits=", None),
        ("permessage-deflate; server_no_context_takeover=1", None),
        ("permessage-deflate; client_max_window_bits; client_max_window_bits", None),
        ("permessage-deflate; mode=fast", None),
        ("x-webkit-deflate-frame", None),
        ("", None),
    ],
)
def test_the_first_offer_that_can_be_met(header: str, answer: dict[str, str | None] | None) -> None:
    terms = agree(header)
    assert (None if terms is None else dict(terms.parameters())) == answer


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("window", range(9, 16))
@pytest.mark.parametrize("name", ["none", "final-blocks", "stored-blocks"])
def test_it_inflates_what_it_deflates(name: str, window: int, fresh: bool) -> None:
    terms = Terms((), fresh, fresh, window, window)
    one, other = Deflate(FAULTS[name], terms), Deflate(FAULTS["none"], terms)
    sent = [message.encode() if isinstance(message, str) else message for message in messages()[:20]]
    for message in [b"", b"", *sent, b"", *sent, b""]:
        packed = one.deflate(message)
        assert packed
        assert not packed.endswith(TAIL)
        assert other.inflate(packed) == message


def test_a_bomb_is_small() -> None:
    charge, times = bomb()
    assert times * CHARGE == BOMB
    assert times * len(charge) < 2**24
    inflater = zlib.decompressobj(-9)
    assert inflater.decompress(charge * 2) == bytes(2 * CHARGE)
