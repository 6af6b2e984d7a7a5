"""What an endpoint of either side can do wrong once the connection is open, each of it a row of a table, and
what is unusual and right all the same."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import replace

from tests.peers.inflating import Packing
from tests.peers.strict import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    RSV1,
    TEXT,
    Breach,
    Frame,
    Ways,
    masked,
)

Passes = Callable[[str, Frame], bool]
DATA = (CONTINUATION, TEXT, BINARY)


def over(*checks: str) -> Passes:
    """Overlook what breaks these checks."""
    return lambda check, frame: check in checks


def only(check: str, when: Callable[[Frame], bool]) -> Passes:
    """Overlook what breaks this check, in frames of this kind."""
    return lambda one, frame: one == check and when(frame)


def on(
    opcodes: int | Iterable[int], change: Callable[[Frame], Frame | Iterable[Frame]]
) -> Callable[[Frame], Iterable[Frame]]:
    """Send frames with these opcodes otherwise."""
    wanted = {opcodes} if isinstance(opcodes, int) else set(opcodes)

    def sends(frame: Frame) -> Iterable[Frame]:
        if frame.opcode not in wanted:
            return (frame,)
        changed = change(frame)
        return (changed,) if isinstance(changed, Frame) else changed

    return sends


def refusing(when: Callable[[Frame], bool]) -> Callable[[Frame], Frame | None]:
    """Fail the connection for frames that are right."""

    def takes(frame: Frame) -> Frame | None:
        if when(frame):
            raise Breach("own")
        return frame

    return takes


def taking(when: Callable[[Frame], bool], **changed: int | bool | bytes) -> Callable[[Frame], Frame | None]:
    """Take frames for others; for none, if nothing is changed."""
    return lambda frame: frame if not when(frame) else replace(frame, **changed) if changed else None  # type: ignore[arg-type]


def fragments(*sizes: int) -> Callable[[Frame], Iterable[Frame]]:
    """A message in frames of these sizes, and one for the rest."""

    def cut(frame: Frame) -> Iterable[Frame]:
        rest, opcode, rsv = frame.payload, frame.opcode, frame.rsv
        for size in sizes:
            yield replace(frame, opcode=opcode, payload=rest[:size], fin=False, rsv=rsv)
            rest, opcode, rsv = rest[size:], CONTINUATION, 0
        yield replace(frame, opcode=opcode, payload=rest, rsv=rsv)

    return on((TEXT, BINARY), cut)


def said(change: Callable[[bytes], bytes]) -> Callable[[int, bytes], Iterable[tuple[int, bytes]]]:
    """Echo what a change makes of a message."""
    return lambda opcode, data: ((opcode, change(data)),)


def lenient_utf8(errors: str) -> Callable[[bytes], bool]:
    def is_text(data: bytes) -> bool:
        try:
            data.decode("utf-8", errors)
        except UnicodeDecodeError:
            return False
        return True

    return is_text


def up_to_7fffffff(data: bytes) -> bool:
    """UTF-8 as of 1996, with code points up to 7FFFFFFF, and longer forms than there need be."""
    left = 0
    for octet in data:
        if left:
            if octet >> 6 != 2:
                return False
            left -= 1
        elif octet > 127:
            lead = next((bits for bits in range(2, 7) if octet >> (7 - bits) == (1 << bits) - 1 << 1), 0)
            if not lead:
                return False
            left = lead - 1
    return not left


def without_second_octets(data: bytes) -> bool:
    """A check that forgets the narrower ranges of the second octet (e0, ed, f0, f4)."""
    left = 0
    for octet in data:
        if left:
            if octet >> 6 != 2:
                return False
            left -= 1
        elif octet > 127:
            if not 0xC2 <= octet <= 0xF4:
                return False
            left = 1 if octet < 0xE0 else 2 if octet < 0xF0 else 3
    return not left


def is_character(data: bytes) -> bool:
    return all(unicodedata.category(char) != "Cn" for char in data.decode("utf-8", "surrogateescape"))


def code(number: int, reason: bytes = b"") -> Callable[[bytes], bytes]:
    return lambda payload: number.to_bytes(2) + reason


UNUSUAL = {
    "sound": Ways("keeps every rule"),
    "fragments": Ways("echoes in fragments, some of them empty", sends=fragments(0, 1, 2)),
    "octets": Ways("writes octet by octet", cut=True),
    "slow": Ways("takes 60 ms for each answer", delay=0.06),
    "pongs-first": Ways("answers Pings before the messages that came with them", pongs_last=False),
    "pongs-last": Ways("answers Pings once it has read all there is", pongs_last=True),
    "latest-ping": Ways("answers the last of several Pings", pongs=lambda pings: pings[-1:]),
    "pong-each": Ways("sends a Pong unasked before each message", sends=on((TEXT, BINARY), lambda frame: (Frame(PONG, b"unasked", key=frame.key), frame))),
    "pings": Ways("sends Pings of its own", sends=on((TEXT, BINARY), lambda frame: (Frame(PING, b"are you there", key=frame.key), frame))),
    "answers-pongs": Ways("answers Pongs", answers_pongs=True),
    "greets-with-ping": Ways("sends a Ping and a Pong as soon as the connection is open", greets=(Frame(PING, b""), Frame(PONG, bytes(125)))),
    "close-bare": Ways("answers a Close with one that has no code", answers_close=lambda payload: b""),
    "close-1000": Ways("answers each Close with 1000", answers_close=code(1000)),
    "close-reason": Ways("answers a Close with its reason", answers_close=lambda payload: payload),
    "close-explains": Ways("answers a Close with a reason of its own", answers_close=lambda payload: (payload[:2] or b"\x03\xe8") + "tschüß".encode()),
    "fails-in-silence": Ways("fails a connection by the end of TCP alone", codes=dict.fromkeys(("rsv", "opcode", "fin", "continues", "interleaved", "masked", "unmasked", "control-length", "top-bit", "minimal", "utf8", "reason", "code", "close-length", "inflates", "size"))),
    "fails-by-reset": Ways("ends TCP by a reset", resets=True),
    "fails-with-1008": Ways("fails a connection with the code for broken policies", codes=dict.fromkeys(("rsv", "opcode", "fin", "continues", "interleaved", "masked", "unmasked", "control-length", "top-bit", "minimal", "utf8", "reason", "code", "close-length", "inflates", "size"), 1008)),
    "waits-for-close": Ways("fails a connection, and waits for the Close that answers", waits_for_close=True),
    "lenient-lengths": Ways("takes lengths in any form", passes=over("minimal")),
    "lenient-codes": Ways("takes any code in a Close, and answers with 1000", passes=over("code"), answers_close=code(1000)),
    "lenient-reasons": Ways("doesn't read the reasons of Closes", passes=over("reason")),
    "utf8-late": Ways("checks UTF-8 at the end of a message", by_octet=False),
    "small": Ways("takes messages of up to 100,000 octets", most=100_000),
    "declines": Ways("agrees on no extension", offers=False, declines=True),
    "final-blocks": Ways("ends each message in a block with BFINAL", packing=Packing(final=True)),
    "full-flushes": Ways("flushes each message so that none refers to it", packing=Packing(full=True)),
    "stored-blocks": Ways("compresses at level 0", packing=Packing(level=0)),
    "compresses-some": Ways("compresses messages from 64 octets on", compresses=lambda message: len(message) >= 64),
    "fragments-compressed": Ways("cuts compressed messages anywhere", sends=fragments(1, 0, 3)),
}  # fmt: skip
"""What no case may accuse."""


def is_control(frame: Frame) -> bool:
    return frame.opcode >= CLOSE


FAULTS = {
    # Reserved bits.
    "takes-rsv": Ways("ignores reserved bits", ("rsv-zero",), ("22.10.1",), passes=over("rsv")),
    "takes-rsv1": Ways("ignores RSV1 on data frames", ("rsv-zero",), ("22.4.binary.100",), passes=only("rsv", lambda f: f.rsv == RSV1 and f.opcode in (TEXT, BINARY))),
    "takes-rsv2": Ways("ignores RSV2", ("rsv-zero",), ("22.10.1",), passes=only("rsv", lambda f: f.rsv == 2)),
    "takes-rsv3": Ways("ignores RSV3", ("rsv-zero",), ("22.4.text.001",), passes=only("rsv", lambda f: f.rsv == 1)),
    "takes-rsv-on-controls": Ways("ignores reserved bits on control frames", ("rsv-zero",), ("22.4.ping.001",), passes=only("rsv", is_control)),
    "takes-rsv-on-pings": Ways("ignores reserved bits on Pings", ("rsv-zero",), ("22.4.ping.001",), passes=only("rsv", lambda f: f.opcode == PING)),
    "takes-rsv-on-pongs": Ways("ignores reserved bits on Pongs", ("rsv-zero",), ("22.4.pong.001",), passes=only("rsv", lambda f: f.opcode == PONG)),
    "takes-rsv-on-closes": Ways("ignores reserved bits on Closes", ("rsv-zero",), ("22.4.close.001",), passes=only("rsv", lambda f: f.opcode == CLOSE)),
    "takes-rsv-on-continuations": Ways("ignores reserved bits on continuations", ("rsv-zero",), ("22.4.continuation.001",), passes=only("rsv", lambda f: f.opcode == CONTINUATION)),
    "takes-rsv-on-binary": Ways("ignores reserved bits on binary frames", ("rsv-zero",), ("22.4.binary.001",), passes=only("rsv", lambda f: f.opcode == BINARY)),
    "sends-rsv1": Ways("sets RSV1 though it means nothing", ("rsv-zero",), ("22.3.1", "22.6.text.small"), compresses=lambda message: False, sends=on((TEXT, BINARY), lambda f: replace(f, rsv=RSV1)), offers=False, declines=True),
    "sends-rsv2": Ways("sets RSV2", ("rsv-zero",), ("22.3.1", "22.6.text.small"), sends=on((TEXT, BINARY), lambda f: replace(f, rsv=f.rsv | 2))),
    "sends-rsv3-on-pongs": Ways("sets RSV3 on Pongs", ("rsv-zero",), ("22.8.pings",), sends=on(PONG, lambda f: replace(f, rsv=1))),
    "sends-rsv1-on-pongs": Ways("sets RSV1 on Pongs", ("rsv-zero",), ("22.8.pings",), sends=on(PONG, lambda f: replace(f, rsv=RSV1))),
    "sends-rsv1-on-closes": Ways("sets RSV1 on Closes", ("rsv-zero", "server-closes-on-unmasked", "text-is-utf8", "client-closes-on-masked"), ("22.1.1", "22.10.6", "22.10.1", "22.10.11"), sends=on(CLOSE, lambda f: replace(f, rsv=RSV1))),
    # Opcodes.
    "ignores-opcodes": Ways("ignores frames with unknown opcodes", ("known-opcode",), ("22.5.3.alone",), passes=over("opcode")),
    "ignores-data-opcodes": Ways("ignores frames with opcodes 3 to 7", ("known-opcode",), ("22.5.3.alone",), passes=only("opcode", lambda f: f.opcode < CLOSE)),
    "ignores-control-opcodes": Ways("ignores frames with opcodes 11 to 15", ("known-opcode",), ("22.5.11.alone",), passes=only("opcode", is_control)),
    "ignores-opcodes-within": Ways("ignores unknown opcodes between fragments", ("known-opcode",), ("22.5.11.ends",), passes=only("opcode", lambda f: f.within)),
    "ignores-opcodes-unfinished": Ways("ignores frames with unknown opcodes and without FIN", ("known-opcode",), ("22.5.3.unfinished",), passes=lambda check, f: check in ("opcode", "fin", "interleaved") and not f.fin and f.opcode not in (*DATA, CLOSE, PING, PONG)),
    "opcode-3-is-text": Ways("takes opcodes 3 to 7 for text", ("known-opcode",), ("22.5.3.alone",), passes=over("opcode"), takes=taking(lambda f: 2 < f.opcode < CLOSE, opcode=TEXT)),
    "opcode-7-only": Ways("knows opcode 7", ("known-opcode",), ("22.5.7.alone",), passes=only("opcode", lambda f: f.opcode == 7)),
    "opcode-15-only": Ways("knows opcode 15", ("known-opcode",), ("22.5.15.alone",), passes=only("opcode", lambda f: f.opcode == 15)),
    "sends-opcode-3": Ways("echoes with opcode 3", ("known-opcode",), ("22.3.1", "22.6.text.small"), sends=on((TEXT, BINARY), lambda f: replace(f, opcode=3))),
    "sends-opcode-11": Ways("answers Pings with opcode 11", ("known-opcode", "ping-answered"), ("22.8.pings",), sends=on(PONG, lambda f: replace(f, opcode=11))),
    # Lengths.
    "takes-top-bit": Ways("ignores the top bit of a length", ("length-below-2-63",), ("22.7.8",), passes=over("top-bit", "minimal")),
    "length-of-32-bits": Ways("reads 32 bits of a length of 64", ("length-below-2-63",), ("22.7.8",), passes=over("minimal"), lengths=lambda length: length % 2**32),
    "length-of-16-bits": Ways("reads 16 bits of a length of 64", ("length-below-2-63",), ("22.7.8",), passes=over("minimal"), lengths=lambda length: length % 2**16),
    "length-126-is-own": Ways("takes lengths from 65,536 on for an error", ("frame-chopped",), ("22.9.long",), takes=refusing(lambda f: f.form == 8)),
    "length-is-signed": Ways("fails the connection for lengths from 32,768 to 65,535", ("length-network-order",), ("22.6.text.65535",), takes=refusing(lambda f: f.form == 2 and len(f.payload) > 2**15)),
    "sends-126-in-7-bits": Ways("sends a length of 126 or 127 in 7 bits", ("server-does-not-mask", "close-answered", "text-is-utf8"), ("22.3.1", "22.6.text.medium"), sends=on(DATA, lambda f: replace(f, form=0 if len(f.payload) in (126, 127) else None))),
    "sends-65536-in-16-bits": Ways("sends a length of 65,536 in 16 bits", (), ("22.6.text.65536",), sends=on(DATA, lambda f: replace(f, form=2 if len(f.payload) == 2**16 else None))),
    "sends-little-endian": Ways("sends lengths with the last octet first", (), ("22.6.text.medium",), sends=on(DATA, lambda f: replace(f, length=int.from_bytes(len(f.payload).to_bytes(2), "little") if 125 < len(f.payload) < 2**16 else None))),
    "sends-long-forms": Ways("sends lengths in more octets than it takes", ("minimal-length",), ("22.3.1", "22.6.text.small"), sends=on(DATA, lambda f: replace(f, form=2 if len(f.payload) < 126 else 8))),
    "sends-126-in-one": Ways("sends a length of 65,535 in 8 octets", ("minimal-length",), ("22.3.65535", "22.6.text.65535"), sends=on(DATA, lambda f: replace(f, form=8 if len(f.payload) == 65535 else None))),
    "sends-top-bit": Ways("sets the top bit of lengths", ("close-answered", "length-below-2-63"), ("22.3.1", "22.6.text.small"), sends=on((TEXT, BINARY), lambda f: replace(f, form=8, length=len(f.payload) + 2**63))),
    # Control frames.
    "takes-long-pings": Ways("answers Pings of more than 125 octets", ("pong-echoes-ping", "control-length"), ("22.8.1",), passes=only("control-length", lambda f: f.opcode == PING), sends=on(PONG, lambda f: replace(f, payload=f.payload[:125]))),
    "takes-long-pongs": Ways("ignores Pongs of more than 125 octets", ("control-length",), ("22.8.5",), passes=only("control-length", lambda f: f.opcode == PONG)),
    "takes-long-closes": Ways("answers Closes of more than 125 octets", ("control-length",), ("22.8.close.126",), passes=only("control-length", lambda f: f.opcode == CLOSE)),
    "takes-parts-of-pings": Ways("answers Pings without FIN", ("control-not-fragmented",), ("22.8.ping-fragmented.1",), passes=only("fin", lambda f: f.opcode == PING)),
    "takes-parts-of-pongs": Ways("ignores Pongs without FIN", ("control-not-fragmented",), ("22.8.pong-fragmented.2",), passes=only("fin", lambda f: f.opcode == PONG)),
    "takes-parts-of-closes": Ways("answers Closes without FIN", ("control-not-fragmented",), ("22.8.close-fragmented.1",), passes=only("fin", lambda f: f.opcode == CLOSE)),
    "no-pong": Ways("answers no Ping", ("ping-answered",), ("22.8.pings",), pongs=lambda pings: ()),
    "no-pong-within": Ways("answers no Ping between fragments", ("ping-answered",), ("23.2.1",), takes=taking(lambda f: f.opcode == PING and f.within)),
    "no-pong-to-long": Ways("answers no Ping of 125 octets", ("ping-answered",), ("22.8.pings",), takes=taking(lambda f: f.opcode == PING and len(f.payload) > 124)),
    "no-pong-to-empty": Ways("answers no empty Ping", ("ping-answered",), ("23.2.1",), takes=taking(lambda f: f.opcode == PING and not f.payload)),
    "pong-empty": Ways("sends empty Pongs", ("pong-echoes-ping",), ("22.8.pings",), pongs=lambda pings: [b"" for _ in pings]),
    "pong-cut": Ways("sends Pongs without their last octet", ("pong-echoes-ping", "ping-answered"), ("22.9.pings", "22.8.pings"), pongs=lambda pings: [ping[:-1] for ping in pings]),
    "pong-to-nul": Ways("sends Pongs up to an octet 00", ("pong-echoes-ping",), ("22.8.pings",), pongs=lambda pings: [ping.split(b"\0")[0] for ping in pings]),
    "pong-as-text": Ways("sends Pongs as if they were text, in UTF-8", ("pong-echoes-ping",), ("22.8.pings",), pongs=lambda pings: [ping.decode("utf-8", "replace").encode()[:125] for ping in pings]),
    "pong-too-long": Ways("sends Pongs of 126 octets", ("control-length", "pong-echoes-ping"), ("22.8.pings",), pongs=lambda pings: [ping + bytes(126 - len(ping)) for ping in pings]),
    "pong-in-parts": Ways("sends Pongs without FIN", ("control-not-fragmented",), ("22.8.pings",), sends=on(PONG, lambda f: replace(f, fin=False))),
    "pong-is-ping": Ways("answers Pings with Pings", ("ping-answered",), ("22.8.pings",), sends=on(PONG, lambda f: replace(f, opcode=PING))),
    "pong-first-only": Ways("answers the first of several Pings", ("ping-answered",), ("23.2.text.many",), pongs=lambda pings: pings[:1]),
    "refuses-pongs": Ways("fails the connection for a Pong that nobody asked for", ("pong-unsolicited",), ("22.8.pongs",), takes=refusing(lambda f: f.opcode == PONG)),
    "control-ends-message": Ways("forgets what came of a message before a control frame", ("pong-unsolicited", "control-between-fragments"), ("23.2.pongs", "23.2.1"), forgets_message=True),
    "refuses-controls-within": Ways("fails the connection for control frames between fragments", ("pong-unsolicited",), ("23.2.pongs",), takes=refusing(lambda f: f.within and f.opcode > CLOSE)),
    "ignores-close-within": Ways("ignores a Close between fragments", ("close-answered",), ("23.2.close.text",), takes=taking(lambda f: f.within and f.opcode == CLOSE)),
    # Fragments.
    "ignores-stray": Ways("ignores continuations of nothing", ("continuation-continues",), ("23.4.first.1",), passes=over("continues")),
    "stray-is-text": Ways("takes a continuation of nothing for text", ("continuation-continues",), ("23.4.first.1",), passes=over("continues"), takes=taking(lambda f: f.opcode == CONTINUATION and not f.within, opcode=TEXT)),
    "stray-is-binary": Ways("takes a continuation of nothing for binary", ("continuation-continues",), ("23.4.first.1",), passes=over("continues"), takes=taking(lambda f: f.opcode == CONTINUATION and not f.within, opcode=BINARY)),
    "ignores-unfinished-stray": Ways("ignores continuations of nothing without FIN", ("continuation-continues",), ("23.4.after-ping.2",), passes=only("continues", lambda f: not f.fin)),
    "begins-anew": Ways("takes a new message inside of another one", ("fragments-not-interleaved",), ("23.3.1",), passes=over("interleaved")),
    "begins-anew-unfinished": Ways("takes a new message without FIN inside of another one", ("fragments-not-interleaved",), ("23.3.5",), passes=only("interleaved", lambda f: not f.fin)),
    "begins-anew-binary": Ways("takes a binary message inside of another one", ("fragments-not-interleaved",), ("23.3.7",), passes=only("interleaved", lambda f: f.opcode == BINARY)),
    "begins-anew-text": Ways("takes a text message inside of another one", ("fragments-not-interleaved",), ("23.3.1",), passes=only("interleaved", lambda f: f.opcode == TEXT)),
    "refuses-empty-fragments": Ways("fails the connection for empty fragments", ("fragment-sizes-any",), ("23.1.text.empty",), takes=refusing(lambda f: f.opcode == CONTINUATION and not f.payload and not f.fin)),
    "refuses-empty-end": Ways("fails the connection for an empty last fragment", ("receive-fragmented", "fragment-sizes-any"), ("23.1.text.small", "23.1.text.empty"), takes=refusing(lambda f: f.opcode == CONTINUATION and not f.payload and f.fin)),
    "refuses-empty-messages": Ways("fails the connection for empty messages", ("frame-chopped", "empty-messages"), ("22.9.octets", "22.6.empty"), takes=refusing(lambda f: f.opcode in (TEXT, BINARY) and not f.payload and f.fin)),
    "ignores-empty-messages": Ways("echoes no empty message", ("mask-any-key", "fragment-sizes-any"), ("22.3.1", "23.1.text.empty"), echoes=lambda opcode, data: ((opcode, data),) if data else ()),
    "refuses-fragments": Ways("fails the connection for fragments", ("mask-removed", "receive-fragmented", "fragment-sizes-any"), ("22.3.6", "23.1.text.small", "23.1.text.empty"), takes=refusing(lambda f: not f.fin)),
    "refuses-binary-fragments": Ways("fails the connection for fragments of binary messages", ("receive-fragmented-binary", "fragment-sizes-any", "frame-chopped"), ("23.1.binary.small", "23.1.binary.empty", "23.1.together"), takes=refusing(lambda f: not f.fin and f.opcode == BINARY)),
    "echoes-fragments": Ways("echoes each fragment as a message", ("mask-removed", "rsv-zero", "known-opcode"), ("22.3.6", "22.4.continuation.001", "22.5.3.ends"), takes=taking(lambda f: not f.fin, fin=True), passes=over("continues")),
    "sends-stray": Ways("echoes in a continuation", ("continuation-continues",), ("22.3.1", "22.6.text.small"), sends=on((TEXT, BINARY), lambda f: replace(f, opcode=CONTINUATION))),
    "sends-interleaved": Ways("begins each message twice", ("fragments-not-interleaved",), ("22.3.1", "22.6.text.small"), sends=on((TEXT, BINARY), lambda f: (replace(f, payload=b"", fin=False), f))),
    "sends-typed-fragments": Ways("repeats the opcode in each fragment", ("fragments-not-interleaved",), ("22.3.1", "22.6.text.small"), sends=on((TEXT, BINARY), lambda f: (replace(f, payload=f.payload[:1], fin=False), replace(f, payload=f.payload[1:])))),
    "sends-unfinished": Ways("never ends a message", ("fragments-not-interleaved", "mask-removed", "pong-unsolicited"), ("22.3.1", "22.3.6", "22.6.text.small", "22.8.pongs"), sends=on((TEXT, BINARY), lambda f: replace(f, fin=False))),
    # Texts.
    "takes-no-utf8": Ways("doesn't check text", ("text-is-utf8",), ("22.10.6",), passes=over("utf8")),
    "utf8-by-frame": Ways("fails the connection for a code point in two frames", ("binary-any-octets", "text-partial-frames"), ("24.4.fresh-start", "24.3.everywhere"), is_text=lambda data: True, takes=refusing(lambda f: f.opcode in (TEXT, CONTINUATION) and not lenient_utf8("strict")(f.payload))),
    "utf8-without-end": Ways("takes a text that ends inside of a code point", ("text-is-utf8",), ("24.4.1.whole",), passes=only("utf8", lambda f: f.fin and not f.payload)),
    "utf8-with-surrogates": Ways("takes surrogates for UTF-8", ("text-is-utf8",), ("24.5.surrogate.6",), is_text=lenient_utf8("surrogatepass")),
    "utf8-of-1996": Ways("takes overlong forms and code points beyond 10FFFF", ("text-is-utf8",), ("24.2.invalid.1",), is_text=up_to_7fffffff),
    "utf8-second-octets": Ways("doesn't check the ranges of second octets", ("text-is-utf8",), ("24.5.surrogate.6",), is_text=without_second_octets),
    "utf8-whole-messages": Ways("checks only text in one frame", ("text-is-utf8",), ("24.3.invalid.1",), passes=only("utf8", lambda f: f.within)),
    "utf8-compressed-unchecked": Ways("doesn't check text that was compressed", ("text-is-utf8",), ("26.10.bad.overlong",), passes=only("utf8", lambda f: bool(f.rsv))),
    "refuses-noncharacters": Ways("fails the connection for noncharacters", ("text-is-utf8",), ("22.10.6",), is_text=is_character),
    "refuses-nul": Ways("fails the connection for U+0000", ("text-valid-accepted",), ("24.6.0",), is_text=lambda data: lenient_utf8("strict")(data) and b"\0" not in data),
    "refuses-bom": Ways("fails the connection for U+FEFF", ("text-bom-kept",), ("24.7.bom",), is_text=lambda data: lenient_utf8("strict")(data) and not data.startswith(b"\xef\xbb\xbf")),
    "strips-bom": Ways("echoes text without U+FEFF", ("text-bom-kept",), ("24.7.bom",), echoes=lambda opcode, data: ((opcode, data.removeprefix(b"\xef\xbb\xbf") if opcode == TEXT else data),)),
    "normalizes": Ways("echoes text in its normal form", ("text-valid-accepted",), ("24.7.others",), echoes=lambda opcode, data: ((opcode, unicodedata.normalize("NFC", data.decode()).encode() if opcode == TEXT else data),)),
    "cuts-at-nul": Ways("echoes messages up to an octet 00", ("text-valid-accepted",), ("24.7.others",), echoes=said(lambda data: data.split(b"\0")[0])),
    "strips": Ways("echoes text without the blanks around it", ("text-valid-accepted",), ("24.7.others",), echoes=said(bytes.strip)),
    "text-is-binary": Ways("echoes text as binary", ("text-and-binary-kept", "pmd-opcode-kept"), ("23.1.types", "26.6.kinds"), echoes=lambda opcode, data: ((BINARY, data),)),
    "binary-is-text": Ways("echoes binary as text", ("text-is-utf8",), ("24.2.binary",), echoes=lambda opcode, data: ((TEXT, data),)),
    "echoes-twice": Ways("echoes each message twice", ("binary-any-octets",), ("24.2.binary",), echoes=lambda opcode, data: ((opcode, data),) * 2),
    "shares-message": Ways("has one place for the fragments of all connections", shares_message=True),
    "flips-octet": Ways("changes octet 124 of a message", ("message-whole",), ("22.12.cut.2",), echoes=said(lambda data: data[:124] + bytes([octet ^ 1 for octet in data[124:125]]) + data[125:])),
    # How the octets come.
    "loses-parts": Ways("takes each read for whole frames", ("server-request-in-pieces", "frame-chopped", "client-response-in-pieces"), ("20.8.chop.1", "22.9.short", "21.7.chop.1"), reads=lambda kept, new: new),
    "loses-rest": Ways("forgets what came in one read with the head", ("client-interim-responses", "server-may-send-at-once"), ("21.3.interim.100", "21.7.glued.text"), forgets=True),
    "unmasks-reads": Ways("begins to unmask anew with each read", unmasks=lambda data, key, at: masked(data, key, 0)),
    # Closing.
    "no-close": Ways("answers no Close", ("server-drops", "close-answered"), ("22.1.1", "22.6.text.small"), answers_close=lambda payload: None, ends=False),
    "drops-at-close": Ways("answers a Close by the end of TCP", ("close-answered",), ("22.3.1", "22.6.text.small"), answers_close=lambda payload: None),
    "close-1005": Ways("answers a Close without a code with 1005", ("close-code",), ("25.1.none",), answers_close=lambda payload: payload[:2] or b"\x03\xed"),
    "close-1006": Ways("fails a connection with 1006", ("close-code", "server-closes-on-unmasked", "rsv-zero", "text-is-utf8", "client-closes-on-masked"), ("22.1.1", "22.10.1", "22.10.6", "22.10.11"), codes=dict.fromkeys(("rsv", "opcode", "fin", "continues", "interleaved", "masked", "unmasked", "utf8", "control-length"), 1006)),
    "close-0": Ways("answers a Close without a code with 0", answers_close=lambda payload: payload[:2] or b"\0\0"),
    "close-of-one-octet": Ways("answers with half a code", ("close-length",), ("22.3.1", "22.6.text.small"), answers_close=lambda payload: payload[:1] or b"\3"),
    "close-reason-cut": Ways("echoes 122 octets of a reason", ("close-reason-is-utf8",), ("25.2.valid.3",), answers_close=lambda payload: payload[:124]),
    "close-reason-is-latin": Ways("answers with a reason in Latin-1", ("close-reason-is-utf8",), ("22.3.1", "22.6.text.small"), answers_close=code(1000, b"adi\xf3s")),
    "close-too-long": Ways("answers with a reason of 124 octets", ("control-length",), ("22.3.1", "22.6.text.small"), answers_close=code(1000, b"x" * 124)),
    "close-in-parts": Ways("answers with a Close without FIN", ("control-not-fragmented", "server-closes-on-unmasked", "rsv-zero", "text-is-utf8", "client-closes-on-masked"), ("22.1.1", "22.10.1", "22.10.6", "22.10.11"), sends=on(CLOSE, lambda f: replace(f, fin=False))),
    "close-twice": Ways("answers a Close with two", after_close=(Frame(CLOSE, b"\x03\xe8"),)),
    "message-after-close": Ways("sends a message after its Close", ("nothing-after-close",), ("22.3.1", "25.5.5"), after_close=(Frame(TEXT, b"wait"),)),
    "echoes-after-close": Ways("echoes what comes after a Close", lasting=True, ends=False),
    "takes-close-of-one-octet": Ways("answers a Close with half a code", passes=over("close-length"), answers_close=lambda payload: payload if len(payload) > 1 else b""),
    "takes-reserved-codes": Ways("echoes 1005, 1006 and 1015", ("close-code",), ("25.1.1005",), passes=only("code", lambda f: f.payload[:2] in (b"\x03\xed", b"\x03\xee", b"\x03\xf7"))),
    "takes-1005": Ways("takes a Close with 1005, and answers with 1000", passes=over("code"), answers_close=code(1000)),
    "takes-latin-reasons": Ways("takes reasons that aren't UTF-8, and echoes them", ("close-reason-is-utf8",), ("25.2.invalid.1",), passes=over("reason"), answers_close=lambda payload: payload),
    "refuses-own-codes": Ways("fails the connection for codes from 3000 on", takes=refusing(lambda f: f.opcode == CLOSE and f.payload[:2] >= b"\x0b\xb8")),
    "refuses-new-codes": Ways("fails the connection for 1012 to 1014", takes=refusing(lambda f: f.opcode == CLOSE and f.payload[:2] in (b"\x03\xf4", b"\x03\xf5", b"\x03\xf6"))),
    "refuses-bare-closes": Ways("fails the connection for a Close without a code", takes=refusing(lambda f: f.opcode == CLOSE and not f.payload)),
    "refuses-reasons": Ways("fails the connection for a reason of 123 octets", takes=refusing(lambda f: f.opcode == CLOSE and len(f.payload) == 125)),
    "keeps-tcp": Ways("never ends TCP", ends=False),
    "keeps-tcp-when-failing": Ways("fails a connection without ending TCP", waits_for_close=True, ends=False),
    "carries-on": Ways("sends a Close at a breach, and goes on as if nothing had happened", ("nothing-after-close",), ("22.10.on.1",), carries_on=True),
    # Compression.
    "packs-with-tail": Ways("leaves 00 00 ff ff at the end of a message", ("tail-removed",), ("26.10.good.greek",), packing=Packing(finished=lambda packed: packed + b"\0\0\xff\xff")),
    "packs-nothing": Ways("sets RSV1 on what isn't compressed", ("message-inflates",), ("26.10.good.greek",), packing=Packing(finished=lambda packed: b"\7not deflate")),
    "packs-too-little": Ways("drops the last octet of a compressed message", ("message-inflates",), ("26.10.good.greek",), packing=Packing(finished=lambda packed: packed[:-1])),
    "rsv1-on-each-fragment": Ways("sets RSV1 on each fragment", ("rsv1-on-first-frame",), ("26.10.good.greek",), sends=on((TEXT, BINARY), lambda f: (replace(f, payload=f.payload[:1], fin=False), replace(f, opcode=CONTINUATION, payload=f.payload[1:])))),
    "rsv1-missing": Ways("compresses without a word of it", ("text-is-utf8", "pmd-bomb-bounded"), ("26.10.good.greek", "26.12.zeros"), sends=on((TEXT, BINARY), lambda f: replace(f, rsv=0))),
    "keeps-own-context": Ways("keeps its context, though it agreed not to", ("context-not-kept",), ("26.2.blanks.none", "26.4.unasked.client-context"), keeps=lambda terms: replace(terms, server_fresh=False, client_fresh=False)),
    "keeps-no-context": Ways("forgets the context of the other side", ("pmd-context-past-plain", "pmd-context-used-to-inflate"), ("26.2.quoted.server", "26.6.past.text", "26.6.many"), keeps=lambda terms: replace(terms, server_fresh=True, client_fresh=True)),
    "windows-of-15": Ways("compresses with a window of 15 bits, whatever was agreed", ("window-kept",), ("26.2.server-10", "26.4.window.8"), keeps=lambda terms: replace(terms, server_window=15, client_window=15)),
    "windows-of-9": Ways("inflates with a window of 9 bits, whatever was agreed", ("pmd-context-past-plain",), ("26.2.quoted.server", "26.6.past.text"), keeps=lambda terms: replace(terms, server_window=9, client_window=9)),
    "plain-resets": Ways("forgets the context at a message that isn't compressed", ("pmd-context-past-plain",), ("26.6.past.text",), packing=Packing(plain="reset")),
    "plain-counts": Ways("takes messages that aren't compressed into the context", ("pmd-context-past-plain",), ("26.6.past.text",), packing=Packing(plain="fed")),
    "inflates-frames": Ways("inflates each frame by itself", ("pmd-empty-fragments", "pmd-whole-message-inflated"), ("26.7.empty-middle", "26.7.octets"), inflates_frames=True),
    "stops-at-final": Ways("reads no block behind one with BFINAL", ("pmd-bfinal-padding",), ("26.5.final-two",), packing=Packing(stops=True)),
    "refuses-final": Ways("fails the connection for blocks with BFINAL", ("pmd-bfinal-padding",), ("26.5.final.next",), packing=Packing(refuses=lambda payload: bool(payload and payload[0] & 1))),
    "refuses-stored": Ways("fails the connection for stored blocks", ("pmd-block-types",), ("26.5.stored",), packing=Packing(refuses=lambda payload: bool(payload and payload[0] & 6 == 0 and len(payload) > 1))),
    "refuses-dynamic": Ways("fails the connection for dynamic blocks", ("pmd-cnct-unasked", "pmd-snct-unasked", "pmd-smwb-unasked"), ("26.2.quoted.server", "26.4.unasked.client-context", "26.4.unasked.server-context", "26.4.unasked.server-bits"), packing=Packing(refuses=lambda payload: bool(payload and payload[0] & 6 == 4))),
    "refuses-empty-packed": Ways("fails the connection for an empty compressed message", ("pmd-empty-fragments",), ("26.9.empty.frames",), packing=Packing(refuses=lambda payload: payload == b"\0")),
    "takes-garbled": Ways("echoes what it can't inflate", ("message-inflates",), ("26.11.type-3",), passes=over("inflates")),
    "takes-unended": Ways("takes compressed data that doesn't end at the end of a block", packing=Packing(probes=False)),
    "refuses-plain": Ways("fails the connection for messages that aren't compressed", ("pmd-decline-unknown-param", "pmd-decline-double-param", "pmd-uncompressed-allowed", "pmd-context-past-plain"), ("26.1.unknown.bare", "26.1.twice.server-context", "26.7.alternating", "26.6.past.text"), takes=refusing(lambda f: f.opcode in (TEXT, BINARY) and not f.rsv)),
}  # fmt: skip
"""One deviation each."""
