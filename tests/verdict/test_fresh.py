"""What is said of the keys that a client chooses: the key of its request, and its masking keys."""

from __future__ import annotations

import base64
import random
from collections.abc import Sequence

import pytest

from replay.protocol.interpreter import observe
from replay.trace.model import Octets, Trace
from replay.verdict.fresh import keys, stale
from replay.wire.frame import Opcode, encode, frame
from replay.wire.handshake import accept, encode_request, encode_response
from replay.wire.side import Side

CHANCE = random.Random(6455)


def connection(masks: Sequence[bytes], nonce: bytes = b"", earlier: Sequence[Trace] = ()) -> Trace:
    """A client's connection with a frame for each masking key."""
    key = base64.b64encode(nonce or CHANCE.randbytes(16)).decode()
    upgrade = [("Host", "a"), ("Upgrade", "websocket"), ("Connection", "Upgrade")]
    asked = encode_request("/", [*upgrade, ("Sec-WebSocket-Key", key), ("Sec-WebSocket-Version", "13")])
    answer = encode_response(101, "", [*upgrade[1:], ("Sec-WebSocket-Accept", accept(key))])
    said = b"".join(encode(frame(Opcode.TEXT, b"Hello", key=mask)) for mask in masks)
    entries = (Octets(Side.CLIENT, asked), Octets(Side.SERVER, answer), Octets(Side.CLIENT, said))
    headers = [keys(f"c.{n}", one, observe(one)).header() for n, one in enumerate(earlier)]
    return Trace(Side.SERVER, entries, tuple(headers))


def broken(trace: Trace) -> list[str]:
    return [breach.rule for breach in stale(trace, observe(trace))]


def counted(start: int, step: int = 1) -> list[bytes]:
    return [((start + number * step) % 2**32).to_bytes(4) for number in range(9)]


def drawn(bits: int = 32) -> list[bytes]:
    return [CHANCE.getrandbits(bits).to_bytes(4) for _ in range(9)]


@pytest.mark.parametrize(
    ("masks", "rules"),
    [
        ([], []),
        (drawn()[:1], []),
        (drawn(), []),
        (drawn(31), []),
        (drawn(28), []),
        ([bytes(4)], []),
        ([bytes(4), bytes(4)], ["mask-fresh-per-frame"]),
        ([*drawn(), b"abcd", *drawn(), b"abcd"], ["mask-fresh-per-frame"]),
        (counted(7)[:4], []),
        (counted(7)[:5], ["mask-unpredictable"]),
        (counted(2**32 - 3), ["mask-unpredictable"]),
        (counted(0x12345678, 0x9E3779B9), ["mask-unpredictable"]),
        ([mask[::-1] for mask in counted(254)], ["mask-unpredictable"]),
        (drawn(16), ["mask-unpredictable"]),
        (drawn(16)[:5], []),
    ],
)
def test_masking_keys_of_one_connection(masks: list[bytes], rules: list[str]) -> None:
    assert broken(connection(masks)) == rules


def test_no_masking_key_of_an_earlier_connection_comes_again() -> None:
    masks = drawn()
    first = connection(masks)
    assert broken(connection(drawn(), earlier=[first])) == []
    assert broken(connection([*drawn(), masks[3]], earlier=[connection(drawn()), first])) == [
        "mask-unpredictable"
    ]


def test_the_key_of_a_request_is_new_each_time() -> None:
    digits = [bytes(CHANCE.choices(b"0123456789", k=16)) for _ in range(3)]
    for nonces, rules in (
        ([CHANCE.randbytes(16) for _ in range(3)], []),
        (digits, []),
        ([b"0123456789abcdef"] * 2, ["request-key-random"]),
        ([number.to_bytes(16) for number in (7, 8)], []),
        ([number.to_bytes(16) for number in (7, 8, 9)], ["request-key-random"]),
        ([b"17000000%08d" % number for number in (0, 7, 13)], ["request-key-random"]),
    ):
        *before, last = nonces
        earlier = [connection([], nonce) for nonce in before]
        assert broken(connection([], last, earlier)) == rules


def test_thousands_of_connections_of_a_sound_client_are_never_accused() -> None:
    earlier: list[Trace] = []
    for _ in range(2000):
        trace = connection(drawn(), earlier=earlier[-2:])
        assert broken(trace) == []
        earlier.append(trace)


@pytest.mark.parametrize("value", ["", "a", "a b c", "a b 123", "a - zzzzzzzz"])
def test_a_header_that_somebody_edited_is_passed_over(value: str) -> None:
    trace = connection(drawn())
    assert broken(Trace(trace.recorder, trace.entries, (("earlier", value),))) == []
