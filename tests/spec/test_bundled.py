"""The bundled cases of sections 1 and 2 send what Autobahn sends, octet for octet."""

import hashlib
import time
from pathlib import Path

import pytest

from replay.protocol.rules import RULES
from replay.source import Source
from replay.spec.load import load, unique
from replay.spec.model import Behaviour, Case, Closing, Kind, Patience, Pause, SendClose, SendFrame, Step
from replay.trace.model import SECOND
from replay.wire.frame import encode, frame

SPECS = Path(__file__).parents[2] / "specs"

# What Autobahn writes to a silent peer, without masks: octets, their SHA-256, writes.
WIRE = [
    ("1.1.1", 2, "9037f92bc91fdcc764a89d9144c341d887ffc83351cc8cf0530555c89920a47d", 1),
    ("1.1.2", 127, "a914e34b70b0714d0ca137f1d5d43cec815dc3adc97952df409810203413f4c5", 1),
    ("1.1.3", 130, "a8633776290300971797d3aec6a83c9f26b1ee1dfd730a1b529e6de9b7ed51df", 1),
    ("1.1.4", 131, "a9b75a56ebb2fdb2a05617a6963515bd389f61b16ddc6e6eeabf2667c3a5d7ae", 1),
    ("1.1.5", 132, "4014ec29be2aaf175421f51f97b19bc4c3c87141dd6bba34e10889d7c1e77aa6", 1),
    ("1.1.6", 65539, "81e21095e8c0946c9a1839e13fdba5266930d8e1f4ee8a2bbd8ca8a3ac52fc5c", 1),
    ("1.1.7", 65546, "5884fb0d6e5f9baa3ebdadfeacb35d649bbff4071cac0c1c966b1ae453efffc3", 1),
    ("1.1.8", 65546, "5884fb0d6e5f9baa3ebdadfeacb35d649bbff4071cac0c1c966b1ae453efffc3", 66),
    ("1.2.1", 2, "1c53d1a46b3330cc470eecfb6a3d9b8d61cebe92f81c6551c5c6afe5a35071d5", 1),
    ("1.2.2", 127, "5e3e49433c47ff27eba064bf64c266e2c3a1aaae3e2f9044152e86163dce1e53", 1),
    ("1.2.3", 130, "e33288c105ad200deec556d2b68846d1a91c477f72c1e1aef33bee883663dcc1", 1),
    ("1.2.4", 131, "a89733f32d0398a1256b64cbfb10521e1e724073ad869b49add747389effd78a", 1),
    ("1.2.5", 132, "ba5fe4fbce84f253f76ebda676ae04abf6cc0aebebeb32ce7119f6a4415eecc4", 1),
    ("1.2.6", 65539, "e259760bd2a7fedf23247688617778e2298344dfaf63a98cf2c0a2efa8d5dc24", 1),
    ("1.2.7", 65546, "7b40b9fdf9e090c9eeba75a85b6ee97392826509cf522b4cff6f6eb4bda53218", 1),
    ("1.2.8", 65546, "7b40b9fdf9e090c9eeba75a85b6ee97392826509cf522b4cff6f6eb4bda53218", 66),
    ("2.1", 2, "abc8a336b459eb08ac926b0c1cf19f0741bf543c64aaa7fccbba331c8ba0fc23", 1),
    ("2.2", 15, "3b2e3aa15ec69e7e277ddb1a4c6bda00ea87bcc2b4b9e01daa755f944a195eb4", 1),
    ("2.3", 10, "e52be5c5b30623e89a5884dc63ce4b79c772f63649a60f8c7d7aa6d4c5011b71", 1),
    ("2.4", 127, "65ed30095261454c40f68ee45e3f6916110be6740ad3a4f933dd2e296c9cefa1", 1),
    ("2.5", 130, "1d3b2b682168a8f67c3769a15129163a21cf7ae22a52f2b7e2066d1e884155d6", 1),
    ("2.6", 127, "65ed30095261454c40f68ee45e3f6916110be6740ad3a4f933dd2e296c9cefa1", 127),
    ("2.7", 6, "73d205ace8e057680ffab688547ea0670afbc209381c5d2862bdcb2531c9db35", 2),
    ("2.8", 30, "5fdd204aa6330374320cf1c7878ea2aeb0bdbdc8875a39c6c1d61ddbfef62020", 2),
    ("2.9", 40, "723ed33db6026ab84597b5f0390fac3a6948eb09655616a069dbdc3972d3f5ee", 2),
    ("2.10", 110, "6f8b6f9233445222464703dd6cbc1dff4de0a2247e4a266d05f131af5121b7d5", 10),
    ("2.11", 110, "6f8b6f9233445222464703dd6cbc1dff4de0a2247e4a266d05f131af5121b7d5", 110),
]


def files() -> list[Path]:
    return sorted(path for name in ("01-framing", "02-pings") for path in (SPECS / name).glob("*.yaml"))


@pytest.fixture(scope="module")
def cases() -> dict[str, Case]:
    found = unique(case for path in files() for case in load(Source.read(path)))
    return {case.id: case for case in found}


def writes(step: Step) -> list[bytes]:
    match step:
        case SendFrame():
            octets = encode(frame(step.opcode, step.payload.octets, fin=step.fin, rsv=step.rsv))
            size = step.chop or len(octets)
            return [octets[at : at + size] for at in range(0, len(octets), size)]
        case SendClose():
            code = b"" if step.code is None else step.code.to_bytes(2, "big")
            return [encode(frame(8, code + step.reason))]
        case Pause():
            return []


def test_the_cases_are_those_of_autobahn_in_its_order(cases: dict[str, Case]) -> None:
    assert list(cases) == [id for id, *_ in WIRE]


@pytest.mark.parametrize(("id", "octets", "sha256", "count"), WIRE, ids=[row[0] for row in WIRE])
def test_what_is_sent(cases: dict[str, Case], id: str, octets: int, sha256: str, count: int) -> None:
    sent = [write for step in cases[id].steps for write in writes(step)]
    assert len(b"".join(sent)) == octets
    assert hashlib.sha256(b"".join(sent)).hexdigest() == sha256
    assert len(sent) == count


@pytest.mark.parametrize("section", ["1.1", "1.2"])
def test_messages_are_echoed_whole(cases: dict[str, Case], section: str) -> None:
    for number in range(1, 9):
        case = cases[f"{section}.{number}"]
        (step,), (outcome,) = case.steps, case.outcomes
        assert isinstance(step, SendFrame)
        (pattern,) = outcome.patterns
        assert outcome.verdict is Behaviour.OK
        assert pattern.kind is (Kind.TEXT if section == "1.1" else Kind.BINARY)
        assert pattern.payload == step.payload
        assert case.patience == Patience((10 if number > 5 else 1) * SECOND, "fail")
        assert case.closing == Closing()


def test_pings_are_answered_in_order(cases: dict[str, Case]) -> None:
    for id, case in cases.items():
        if not id.startswith("2.") or id == "2.5":
            continue
        pings = [step.payload for step in case.steps if isinstance(step, SendFrame) and step.opcode == 9]
        (outcome,) = case.outcomes
        assert [(p.kind, p.payload) for p in outcome.patterns] == [(Kind.PONG, ping) for ping in pings]
        seconds = {"2.6": 2, "2.10": 3, "2.11": 3}.get(id, 1)
        assert (case.patience, case.closing) == (Patience(seconds * SECOND, "close"), Closing())


def test_too_long_a_ping_is_a_breach(cases: dict[str, Case]) -> None:
    case = cases["2.5"]
    assert [outcome.patterns for outcome in case.outcomes] == [()]
    assert case.closing == Closing("testee", (1002, None), clean=False)
    assert case.patience == Patience(SECOND, "fail")
    assert case.rule == "control-length"


def test_titles_tell_the_cases_apart_and_rules_are_rows(cases: dict[str, Case]) -> None:
    assert len({case.title for case in cases.values()}) == len(cases)
    assert {case.rule for case in cases.values()} <= {*RULES, None}


def test_loading_is_fast() -> None:
    sources = [Source.read(path) for path in files()]
    best = min(_timed(sources) for _ in range(5))
    assert best < 0.1, f"27 cases took {best * 1000:.0f} ms"


def _timed(sources: list[Source]) -> float:
    start = time.perf_counter()
    for source in sources:
        load(Source(source.name, source.text))
    return time.perf_counter() - start
