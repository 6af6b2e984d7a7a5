"""RFC 6455's rules for a single frame (§5): for its header, and for the payload of a Close."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from msgspec import Struct

from replay.protocol.rules import Breach
from replay.protocol.utf8 import Utf8
from replay.wire.frame import CONTROL_PAYLOAD, FrameHeader, Opcode, minimal_form, reserved
from replay.wire.side import Side

DEFINED = frozenset(Opcode)


def header_breaches(header: FrameHeader, side: Side, fragmented: bool, deflate: bool) -> Iterator[Breach]:
    """What is wrong with a header that `side` sent.

    `fragmented`: that side has begun a message and not ended it. `deflate`: permessage-deflate was agreed
    on, so RSV1 may be set on the first frame of a message (RFC 7692 §6).
    """
    if side is Side.CLIENT and not header.key:
        yield Breach("client-masks", "the MASK bit is 0", 1)
    if side is Side.SERVER and header.key:
        yield Breach("server-does-not-mask", f"the frame is masked with {header.key.hex()}", 1)
    defined = 4 if deflate else 0
    if header.rsv & ~defined:
        yield Breach(
            "rsv-zero", f"{reserved(header.rsv)} {'is' if header.rsv in (1, 2, 4) else 'are'} 1", 0
        )
    if header.rsv & defined and header.opcode not in (Opcode.TEXT, Opcode.BINARY):
        kind = "a control frame" if header.is_control else "a continuation frame"
        yield Breach("rsv1-on-first-frame", f"RSV1 is 1 on {kind}", 0)
    if header.opcode not in DEFINED:
        yield Breach("known-opcode", f"the opcode is {header.opcode}", 0)
    if header.form == 8 and header.length >> 63:
        yield Breach("length-below-2-63", f"the length is {header.length:#x}", 2)
    elif header.form != minimal_form(header.length):
        bits = header.form * 8
        yield Breach("minimal-length", f"a length of {header.length} is encoded in {bits} bits", 1)
    if header.is_control:
        if not header.fin:
            yield Breach("control-not-fragmented", "FIN is 0", 0)
        if header.length > CONTROL_PAYLOAD:
            yield Breach("control-length", f"the payload is {header.length} octets long", 1)
    elif header.opcode == Opcode.CONTINUATION and not fragmented:
        yield Breach("continuation-continues", "there is no unfinished message", 0)
    elif header.opcode in (Opcode.TEXT, Opcode.BINARY) and fragmented:
        yield Breach("fragments-not-interleaved", "the previous message has not ended", 0)


NEVER_SENT = frozenset({1005, 1006, 1015})
"""The codes that MUST NOT be set in a Close frame (§7.4.1)."""


class Codes(Struct, frozen=True):
    """Codes of Close frames, by ranges: there are up to 65,536 of them."""

    ranges: tuple[range, ...]

    def __contains__(self, code: object) -> bool:
        return any(code in each for each in self.ranges)

    def __or__(self, more: frozenset[int]) -> Codes:
        return Codes((*self.ranges, *(range(code, code + 1) for code in more)))


RFC_6455 = Codes((range(1000, 1004), range(1007, 1012), range(3000, 5000)))
"""The codes that §7.4 assigns: §7.4.1 defines 1000-1003 and 1007-1011, and 3000-4999 are free for
libraries and applications (§7.4.2). The others are reserved, or not used."""

REGISTERED = Codes((*RFC_6455.ranges, range(1012, 1015), range(5000, 2**16)))
"""Those of RFC 6455, those that have been added to IANA's registry of close codes since (§11.7), and those
from 5000 on, which no specification mentions."""


class Reading(NamedTuple):
    """How strictly the rules are read."""

    codes: Codes  # those that a Close frame may carry
    lenient: bool  # a breach of a SHOULD doesn't fail the connection


ORIGINAL = Reading(RFC_6455, False)
"""The default: what Autobahn|Testsuite takes for a breach is one."""


@lru_cache(maxsize=1024)
def clean(
    first: int, form: int, length: int, masked: bool, side: Side, fragmented: bool, deflate: bool
) -> bool:
    """Whether a header breaks no rule of `header_breaches`; cached, as many headers are equal."""
    header = FrameHeader(first, form, length, b"mask" if masked else b"")
    return next(header_breaches(header, side, fragmented, deflate), None) is None


def close_breaches(payload: bytes, codes: Codes) -> Iterator[Breach]:
    """What is wrong with the payload of a Close frame (§5.5.1, §7.4) that may carry any of `codes`."""
    if not payload:
        return
    if len(payload) == 1:
        yield Breach("close-length", "the payload is 1 octet long", 0)
        return
    if (code := int.from_bytes(payload[:2], "big")) in NEVER_SENT:
        yield Breach("close-code", f"the code is {code}", 0)
    elif code not in codes:
        later = ", which --profile rfc accepts" if code in REGISTERED else ""
        yield Breach("close-code-assigned", f"the code is {code}{later}", 0)
    reason = Utf8("reason")
    if (wrong := reason.feed(payload[2:], final=True)) is not None:
        yield Breach("close-reason-is-utf8", reason.wrong, 2 + wrong)
