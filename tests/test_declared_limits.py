"""The cases of chapter 27 against a server that keeps what it promises, and with one fault at a time."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from replay.cases.declared import Declared, limits_in, sizes_of
from replay.cases.load import load
from replay.cases.model import Behaviour, Case, Profile
from replay.play.player import Player
from replay.source import Source, SourceError
from replay.suite.files import bundled_items, expectation, known_case
from replay.suite.logs import read_log
from replay.trace.model import How
from replay.trace.wirelog import write
from replay.verdict.judge import judge
from replay.verdict.result import GOOD, Judged
from replay.wire.frame import encode, frame
from replay.wire.handshake import accept, encode_response
from replay.wire.side import Side
from tests.memory import KEY, join, player

MOST = Declared(message=8192, fragments=40, ratio=100)


class Keeper:
    """An echo server that refuses what is above its limits: too large a frame at its header, and a message
    with the frame with which it becomes too large. A fault takes one of these checks away."""

    def __init__(self, fault: str = "", most: Declared = MOST) -> None:
        self.output: list[bytes] = []
        self.dropped_as: How | None = None
        self.done, self.pending = False, False
        self.deadline: int | None = None
        self._fault, self._most = fault, most.message or 2**60
        self._frames, self._ratio = most.fragments or 2**60, most.ratio or 2**60
        self._head, self._octets = b"", b""
        self._message, self._parts, self._first = b"", 0, 0

    def connected(self, now: int) -> None:
        pass

    def pump(self, now: int) -> None:
        pass

    def wake(self, now: int) -> None:
        pass

    def ended(self, how: How, now: int) -> None:
        self.done = True

    def received(self, data: bytes, now: int) -> None:
        if not self._head.endswith(b"\r\n\r\n"):
            self._head += data
            if self._head.endswith(b"\r\n\r\n"):
                self._respond()
            return
        self._octets += data
        while not self.done and self._frame():
            pass

    def _respond(self) -> None:
        headers = [
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Accept", accept(KEY)),
        ]
        if b"permessage-deflate" in self._head:
            terms = "permessage-deflate; client_no_context_takeover; server_no_context_takeover"
            headers.append(("Sec-WebSocket-Extensions", terms))
        self.output.append(encode_response(101, "Switching Protocols", headers))

    def _frame(self) -> bool:
        """Take the next frame, if it is whole; its length is checked before."""
        octets = self._octets
        if len(octets) < 2:
            return False
        form = {126: 2, 127: 8}.get(octets[1] & 127, 0)
        start = 2 + form + 4
        if len(octets) < start:
            return False
        length = int.from_bytes(octets[2 : 2 + form], "big") if form else octets[1] & 127
        opcode = octets[0] & 15
        before = 0 if self._fault in ("each frame", "at the end") else len(self._message)
        if opcode < 8 and self._fault != "when it is whole" and self._above(before + length):
            self._refuse()
            return False
        if len(octets) < start + length:
            return False
        key = octets[start - 4 : start] * (length // 4 + 1)
        payload = (
            int.from_bytes(octets[start : start + length], "big") ^ int.from_bytes(key[:length], "big")
        ).to_bytes(length, "big")
        self._octets = octets[start + length :]
        self._take(opcode, octets[0], payload)
        return True

    def _above(self, size: int) -> bool:
        slack = {"an octet more": 1, "an octet less": -1, "two octets less": -2}.get(self._fault, 0)
        return self._fault != "never" and size > self._most + slack

    def _take(self, opcode: int, first: int, payload: bytes) -> None:
        if opcode == 8:
            self._close(payload)
        elif opcode == 9:
            self.output.append(encode(frame(10, payload)))
        elif opcode < 8:
            self._first = first if opcode else self._first
            self._message += payload
            self._parts += 1
            size = len(payload) if self._fault == "each frame" else len(self._message)
            ends = first & 128 or self._fault != "at the end"
            if (ends and self._above(size)) or (
                self._parts > self._frames and self._fault != "any fragments"
            ):
                self._refuse()
            elif first & 128:
                self._echo()

    def _echo(self) -> None:
        message, first = self._message, self._first
        self._message, self._parts = b"", 0
        if first & 64:
            most = 2**22 if self._fault == "inflates" else self._most + 2
            inflated = zlib.decompressobj(-15).decompress(message + b"\0\0\xff\xff", most)
            large = self._fault != "inflates" and self._above(len(inflated))
            steep = len(inflated) > self._ratio * len(message) and self._fault not in (
                "any ratio",
                "inflates",
            )
            if large or steep:
                self._refuse()
                return
            message = inflated
        self.output.append(encode(frame(first & 15, message)))

    def _refuse(self) -> None:
        match self._fault:
            case "without a Close":
                self.done, self.dropped_as = True, How.FIN
            case "as a policy":
                self._close(b"\x03\xf0")
            case _:
                self._close(b"\x03\xf1")

    def _close(self, payload: bytes) -> None:
        self.output.append(encode(frame(8, payload)))
        self.done, self.dropped_as = True, How.FIN


def cases(declared: Declared = MOST) -> list[Case]:
    return [item.case.under(Profile.AUTOBAHN) for item in bundled_items(words=["27.*"], declared=declared)]


def played(case: Case, fault: str = "", most: Declared = MOST) -> Judged:
    own: Player = player(case)
    join(own, Keeper(fault, most))
    return judge(case, own.trace(), Side.CLIENT)


def fine(result: Judged) -> bool:
    return result.behaviour is not Behaviour.FAILED and result.closing in GOOD


def test_who_keeps_its_limits_passes() -> None:
    for case in cases():
        result = played(case)
        wanted = Behaviour.INFORMATIONAL if case.limit is None else Behaviour.OK
        assert (result.behaviour, fine(result)) == (wanted, True), f"{case.id}: {result.closing_reason}"


FAULTS = {
    "never": {
        *(
            "27.2.above.fragments",
            "27.2.above.halves",
            "27.2.above.pieces",
            "27.2.endless",
            "27.2.announced",
        ),
        *("27.3.above.whole", "27.3.above.dripped", "27.5.above.whole", "27.5.above.fragments"),
        *("27.3.announced.above", "27.3.announced.33-bits", "27.3.announced.terabyte"),
        *("27.3.announced.63-bits", "27.5.bomb.whole", "27.5.bomb.dripped"),
    },
    "each frame": {
        *("27.2.above.fragments", "27.2.above.halves", "27.2.above.pieces", "27.2.endless"),
        "27.2.announced",
    },
    "at the end": {"27.2.endless"},
    "when it is whole": {"27.3.announced.33-bits", "27.3.announced.terabyte", "27.3.announced.63-bits"},
    "an octet more": {
        *("27.2.above.fragments", "27.3.above.whole", "27.3.above.dripped", "27.3.announced.above"),
        *("27.5.above.whole", "27.5.above.fragments"),
    },
    "two octets less": {
        *("27.2.below.fragments", "27.2.twice", "27.2.controls", "27.3.below.whole", "27.3.below.dripped"),
        *("27.5.below.whole", "27.5.below.fragments", "27.5.ratio.below"),
    },
    "any fragments": {"27.4.above.once", "27.4.above.double"},
    "inflates": {
        "27.5.above.whole",
        "27.5.above.fragments",
        "27.5.bomb.whole",
        "27.5.bomb.dripped",
        "27.5.ratio.above",
    },
    "any ratio": {"27.5.ratio.above"},
}
"""What a server doesn't check, or checks differently, and the cases that find it."""


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_found_by_the_cases_about_it(fault: str) -> None:
    results = [played(case, fault) for case in cases()]
    failed = {result.case.id for result in results if not fine(result)}
    assert failed == FAULTS[fault]
    named = {result.case.id for result in results if result.broken}
    above = {result.case.id for result in results if result.case.rule and result.case.id in failed}
    assert above <= named  # where the limit isn't kept, the rule is named


@pytest.mark.parametrize("fault", ["without a Close", "as a policy"])
def test_another_way_to_refuse_is_at_most_non_strict(fault: str) -> None:
    results = [played(case, fault) for case in cases()]
    assert all(map(fine, results))
    refused = [result for result in results if result.behaviour is Behaviour.NON_STRICT]
    assert len(refused) == sum(
        "above" in r.case.id or "announced" in r.case.id or "bomb" in r.case.id or "endless" in r.case.id
        for r in results
    )


def test_a_limit_that_is_the_smallest_size_to_be_refused_is_non_strict() -> None:
    results = [played(case, "an octet less") for case in cases()]
    assert all(map(fine, results))
    at = {result.case.id for result in results if result.behaviour is Behaviour.NON_STRICT}
    assert at == {case.id for case in cases() if ".at." in case.id}


def test_what_nobody_promised_is_only_told() -> None:
    for case in cases(Declared()):
        result = played(case, "never", Declared())
        assert (result.behaviour, fine(result)) == (Behaviour.INFORMATIONAL, True), case.id
        if case.limit is not None:
            assert any("--limit" in note for note in result.notes)


def test_a_log_tells_what_was_promised(tmp_path: Path) -> None:
    case = known_case("27.2.above.fragments", declared=MOST)
    assert case is not None
    case = case.under(Profile.AUTOBAHN)
    own = player(case)
    join(own, Keeper("each frame"))
    trace = own.trace((("case", case.id), ("limits", str(MOST))))
    (tmp_path / "a.wirelog").write_text(write(trace))
    again, notes = expectation(read_log(str(tmp_path / "a.wirelog")), Side.CLIENT)
    assert (again.steps, again.limit, notes) == (case.steps, case.limit, ())


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (["1 MiB"], Declared(message=2**20)),
        (["message=1MiB", "frame = 64 KiB"], Declared(message=2**20, frame=2**16)),
        (["fragments=100", "inflated=4096", "ratio=50"], Declared(fragments=100, inflated=4096, ratio=50)),
    ],
)
def test_limits_are_read(texts: list[str], found: Declared) -> None:
    assert limits_in(texts) == found
    assert limits_in(str(found).split(", ")) == found


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["size=1 MiB"], "expected one of message"),
        (["1 MiB", "message=2 MiB"], "was given already"),
        (["fragments=1 KiB"], "without a unit"),
        (["message=10"], "from 1 KiB to 64 MiB"),
        (["ratio=2"], "from 5 to 500"),
        (["message=1 KiB", "frame=1 MiB"], "frame is larger than message"),
        (["message=1 MiB", "frame=1 KiB", "fragments=10"], "can't make up a message"),
    ],
)
def test_limits_that_nobody_can_mean(texts: list[str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        limits_in(texts)


@pytest.mark.parametrize("message", [1024, 1000_000, 2**20, 2**26])
@pytest.mark.parametrize("fragments", [None, 3, 17, 5000])
def test_pieces_keep_the_other_limits(message: int, fragments: int | None) -> None:
    declared = Declared(message=message, fragments=fragments)
    sizes = sizes_of(declared)
    assert sizes["piece"] <= sizes["frame"]
    assert (message + 1) // sizes["piece"] + 1 <= sizes["fragments"]


SPEC = """\
section: "my.1"
title: Sizes
cases:
  - id: my.1.1
    {limit}
    send: [binary: {{hex: 2a, size: {size}}}]
    expect: [ok: [echo]]
"""


@pytest.mark.parametrize(
    ("size", "octets"), [("message + 1", 8193), ("message / 4 - 1 KiB", 1024), ("piece*2", 1094)]
)
def test_sizes_follow_from_limits(size: str, octets: int) -> None:
    text = SPEC.format(limit="limit: message", size=size)
    (case,) = load(Source("my.yaml", text), declared=MOST)
    assert [len(step.payload) for step in case.steps if hasattr(step, "payload")] == [octets]


@pytest.mark.parametrize(
    ("limit", "size", "said"),
    [
        ("patience: 1 s", "message + 1", "the case names none"),
        ("limit: message", "message / 0", "can't be divided by 0"),
        ("limit: message", "message - 1 MiB", "is -1040384: expected a size"),
        ("limit: size", "message", "unknown limit 'size'"),
    ],
)
def test_sizes_that_are_none(limit: str, size: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        load(Source("my.yaml", SPEC.format(limit=limit, size=size)), declared=MOST)
