"""What replay reads of a stream is what other libraries read of it: the same messages, and a breach in the
same frame. The streams are legal, or broken in one place.

Where a library accepts what breaks a rule, or refuses what breaks none, the table `LIBRARIES` says why.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from aiohttp._websocket.reader_py import WebSocketDataQueue, WebSocketReader
from hypothesis import assume, event, given
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Close as WebsocketsClose
from websockets.frames import Opcode as WebsocketsOpcode
from websockets.protocol import OPEN, Protocol
from websockets.protocol import Side as WebsocketsSide
from wsproto.extensions import PerMessageDeflate as WsprotoDeflate
from wsproto.frame_protocol import FrameProtocol, ParseFailed
from wsproto.frame_protocol import Opcode as WsprotoOpcode

from replay.protocol.events import Close, Message, Ping, Pong, Unparsed, Violation
from replay.protocol.interpreter import Interpreter
from replay.trace.model import Octets
from replay.wire.deflate import Deflater
from replay.wire.frame import Frame, FrameHeader, Opcode, encode, frame
from replay.wire.handshake import edit_head, encode_request
from replay.wire.side import Side
from tests.memory import ACCEPTED, REQUEST

MOST = 2**20


class Stream(NamedTuple):
    """What one side sends once the connection is open."""

    side: Side
    deflate: bool
    frames: tuple[Frame, ...]

    @property
    def octets(self) -> bytes:
        return b"".join(map(encode, self.frames))


class Reading(NamedTuple):
    """What a reader makes of a stream that comes octet by octet."""

    said: list[tuple[object, ...]]  # messages, Pings, Pongs, the Close that ends it
    told: int | None = None  # the octet with which it fails the connection
    rule: str = ""  # ours: the rule that is broken ...
    at: int = 0  # ... by this octet ...
    frame: int = 0  # ... of the frame that starts here


keys = st.binary(min_size=4, max_size=4)
texts = st.text(st.sampled_from("aé€😀\0"), max_size=60)
sizes = st.sampled_from([0, 1, 125, 126, 127, 300])
binaries = st.binary(max_size=60) | st.builds(
    lambda unit, size: unit * size, st.binary(min_size=1, max_size=1), sizes
)
close_payloads = st.one_of(
    st.just(b""),
    st.builds(
        lambda code, reason: code.to_bytes(2, "big") + reason.encode()[:123],
        st.sampled_from([1000, 1001, 1003, 1007, 1011, 3000, 4999]),
        st.text("abc", max_size=20),
    ),
)
wrong_close_payloads = st.one_of(
    st.binary(max_size=1),
    st.builds(
        lambda code, reason: code.to_bytes(2, "big") + reason,
        st.sampled_from([0, 999, 1004, 1005, 1006, 1015, 1016, 2999]) | st.just(1000),
        st.sampled_from([b"", b"bye", b"\xff", b"\xe2\x82", b"\xed\xa0\x80"]),
    ),
)


@st.composite
def messages(draw: st.DrawFn, deflater: Deflater | None) -> list[Frame]:
    """The frames of a message, perhaps with control frames in between."""
    text = draw(st.booleans())
    payload = draw(texts).encode() if text else draw(binaries)
    opcode, rsv = 1 if text else 2, 0
    if deflater is not None and draw(st.booleans()):
        payload, rsv = deflater.message(payload), 4
    cuts = sorted(draw(st.lists(st.integers(0, len(payload)), max_size=3)))
    made: list[Frame] = []
    for start, end in zip([0, *cuts], [*cuts, len(payload)], strict=True):
        if made and draw(st.integers(0, 3)) == 0:
            made.append(frame(draw(st.sampled_from([9, 10])), draw(st.binary(max_size=5))))
        made.append(frame(opcode, payload[start:end], fin=False, rsv=rsv))
        opcode = rsv = 0
    header, payload = made[-1]
    made[-1] = Frame(header._replace(first=header.first | 0x80), payload)
    return made


@st.composite
def streams(draw: st.DrawFn) -> Stream:
    """A legal stream. What it compresses is sound."""
    side, deflate = draw(st.sampled_from(Side)), draw(st.booleans())
    deflater = Deflater(15, True) if deflate else None
    made: list[Frame] = []
    for _ in range(draw(st.integers(1, 4))):
        if draw(st.integers(0, 3)):
            made += draw(messages(deflater))
        else:
            made.append(frame(draw(st.sampled_from([9, 10])), draw(st.binary(max_size=125))))
    if draw(st.booleans()):
        made.append(frame(8, draw(close_payloads)))
    if side is Side.CLIENT:
        made = [Frame(one.header._replace(key=draw(keys)), one.payload) for one in made]
    return Stream(side, deflate, tuple(made))


@st.composite
def broken(draw: st.DrawFn) -> Stream:
    """A stream in one place of which something else stands; it may be legal still."""
    stream = draw(streams())
    made = list(stream.frames)
    at = draw(st.integers(0, len(made) - 1))
    header, payload = made[at]
    ways = ["bit", "opcode", "mask", "form", "endless"]
    if header.is_control or not stream.deflate:  # other DEFLATE data is compared with zlib itself
        ways += ["octet", "long", "close", "gone", "twice"]
    match draw(st.sampled_from(ways)):
        case "bit":
            bits = (
                [0x80, 0x20, 0x10]
                if stream.deflate and header.opcode in (1, 2)
                else [0x80, 0x40, 0x20, 0x10]
            )
            header = header._replace(first=header.first ^ draw(st.sampled_from(bits)))
        case "opcode":
            header = header._replace(first=header.first & 0xF0 | draw(st.integers(0, 15)))
        case "mask":
            header = header._replace(key=b"" if header.key else draw(keys))
        case "form":
            header = header._replace(form=draw(st.sampled_from([2, 8] if header.length < 65536 else [8])))
        case "endless":
            header = header._replace(form=8, length=header.length | 1 << 63)
        case "octet" if payload:
            where = draw(st.integers(0, len(payload) - 1))
            other = draw(st.sampled_from([0x80, 0xC0, 0xE2, 0xED, 0xF5, 0xFF]))
            payload = payload[:where] + bytes([other]) + payload[where + 1 :]
        case "long":
            payload = bytes(draw(st.integers(120, 130)))
            header = frame(header.opcode, payload, fin=header.fin, rsv=header.rsv, key=header.key).header
        case "close":
            payload = draw(wrong_close_payloads)
            header = frame(8, payload, key=header.key).header
        case "gone":
            return stream._replace(frames=tuple(made[:at] + made[at + 1 :]))
        case "twice":
            made.insert(at, made[at])
    made[at] = Frame(header, payload)
    return stream._replace(frames=tuple(made))


def replay(stream: Stream) -> Reading:
    deflate = (("Sec-WebSocket-Extensions", "permessage-deflate"),) if stream.deflate else ()
    heads = {
        Side.CLIENT: encode_request("/", [*REQUEST, *deflate]),
        Side.SERVER: edit_head(ACCEPTED, None, deflate),
    }
    interpreter = Interpreter(stream.side.other)
    for side, head in heads.items():
        assert not [one for one in interpreter.feed(Octets(side, head)) if isinstance(one, Violation)]
    before = len(heads[stream.side])
    said: list[tuple[object, ...]] = []
    for told, octet in enumerate(stream.octets):
        for found in interpreter.feed(Octets(stream.side, bytes([octet]))):
            match found:
                case Message():
                    said.append(("text" if found.text else "binary", found.data))
                case Ping():
                    said.append(("ping", found.data))
                case Pong():
                    said.append(("pong", found.data))
                case Close():
                    return Reading([*said, ("close", found.code, found.reason)])
                case Violation(code=int()):
                    return Reading(said, told, found.rule, found.start - before, found.frame - before)
                case Unparsed():
                    raise AssertionError(f"{found.reason}, but no rule was broken")
    return Reading(said)


def websockets(stream: Stream) -> Reading:
    side = WebsocketsSide.SERVER if stream.side is Side.CLIENT else WebsocketsSide.CLIENT
    protocol = Protocol(side, state=OPEN, max_size=None)
    protocol.extensions = [PerMessageDeflate(False, False, 15, 15)] if stream.deflate else []
    said: list[tuple[object, ...]] = []
    kind, parts = "", b""
    for told, octet in enumerate(stream.octets):
        protocol.receive_data(bytes([octet]))
        for one in protocol.events_received():
            data = bytes(one.data)  # type: ignore[union-attr]  # a Frame, since the head was read
            match one.opcode:  # type: ignore[union-attr]  # a Frame, since the head was read
                case WebsocketsOpcode.PING:
                    said.append(("ping", data))
                case WebsocketsOpcode.PONG:
                    said.append(("pong", data))
                case WebsocketsOpcode.CLOSE:
                    code = WebsocketsClose.parse(data).code if data else None
                    return Reading([*said, ("close", code, data[2:])])
                case opcode:
                    if opcode is not WebsocketsOpcode.CONT:
                        kind, parts = opcode.name.lower(), b""
                    parts += data
                    if one.fin:  # type: ignore[union-attr]  # a Frame, since the head was read
                        said.append((kind, parts))
        if protocol.parser_exc is not None:
            return Reading(said, told)
    return Reading(said)


def wsproto(stream: Stream) -> Reading:
    deflate = WsprotoDeflate()
    deflate.finalize("permessage-deflate")
    protocol = FrameProtocol(stream.side is Side.SERVER, [deflate] if stream.deflate else [])
    said: list[tuple[object, ...]] = []
    parts: list[Any] = []
    for told, octet in enumerate(stream.octets):
        protocol.receive_bytes(bytes([octet]))
        try:
            for one in protocol.received_frames():
                match one.opcode:
                    case WsprotoOpcode.PING | WsprotoOpcode.PONG:
                        said.append((one.opcode.name.lower(), bytes(one.payload)))  # type: ignore[arg-type]  # octets
                    case WsprotoOpcode.CLOSE:
                        assert isinstance(one.payload, tuple)
                        code, reason = one.payload
                        known = None if code == 1005 else int(code)  # so wsproto says that there is none
                        return Reading([*said, ("close", known, reason.encode())])
                    case _:
                        parts.append(one.payload)
                        if one.message_finished:
                            whole = ("" if one.opcode is WsprotoOpcode.TEXT else b"").join(parts)
                            parts.clear()
                            said.append(
                                (
                                    one.opcode.name.lower(),
                                    whole.encode() if isinstance(whole, str) else whole,
                                )
                            )
        except ParseFailed:
            return Reading(said, told)
    return Reading(said)


def aiohttp(stream: Stream) -> Reading:
    queue = WebSocketDataQueue(None, 2**30, loop=None)  # type: ignore[arg-type]  # it never waits
    reader = WebSocketReader(queue, 0, stream.deflate, True)
    said: list[tuple[object, ...]] = []
    for told, octet in enumerate(stream.octets):
        failed, _ = reader.feed_data(bytes([octet]))
        while queue._buffer:
            (one, _) = queue._buffer.popleft()
            kind = one.type.name.lower()
            if kind == "close":
                return Reading([*said, ("close", one.data or None, str(one.extra).encode())])
            said.append((kind, one.data.encode() if isinstance(one.data, str) else bytes(one.data)))
        if failed:
            return Reading(said, told)
    return Reading(said)


def closed_inside_a_message(stream: Stream) -> bool:
    return _any_inside(stream, lambda one, compressed: one.opcode == Opcode.CLOSE)


def control_inside_a_compressed_message(stream: Stream) -> bool:
    return _any_inside(stream, lambda one, compressed: one.is_control and compressed)


def new_message_inside_an_empty_one(stream: Stream) -> bool:
    return _any_inside(stream, lambda one, compressed: one.opcode in (Opcode.TEXT, Opcode.BINARY))


def code_registered_later(stream: Stream) -> bool:
    """IANA's registry has 1012 to 1014 since, which all three take; so does replay by `--profile rfc`."""
    return any(1012 <= code <= 1014 for code in _close_codes(stream))


def code_of_which_no_text_speaks(stream: Stream) -> bool:
    return any(code >= 5000 for code in _close_codes(stream))


def _close_codes(stream: Stream) -> list[int]:
    closes = [payload for header, payload in stream.frames if header.opcode == Opcode.CLOSE]
    return [int.from_bytes(payload[:2], "big") for payload in closes if len(payload) > 1]


def _any_inside(stream: Stream, what: Callable[[FrameHeader, bool], bool]) -> bool:
    """Whether such a frame stands between the first and the last frame of a message; it is asked of the
    header, and of whether the message is compressed."""
    inside = compressed = False
    for header, _ in stream.frames:
        if inside and what(header, compressed):
            return True
        if not header.is_control:
            compressed = bool(header.rsv) if header.opcode else compressed
            inside = not header.fin
    return False


class Library(NamedTuple):
    """How a library reads, and where it differs."""

    read: Callable[[Stream], Reading]
    overlooks: frozenset[str]
    """Rules whose breach it doesn't see, or not in the frame that breaks them."""
    differs: tuple[Callable[[Stream], bool], ...]
    """Of what streams it says something else, so that nothing can be compared."""

    def compares(self, stream: Stream) -> bool:
        return not any(differs(stream) for differs in (*self.differs, code_registered_later))


LIBRARIES = {
    "websockets": Library(
        websockets,
        frozenset(
            {
                "minimal-length",  # it takes any form of a length; RFC 6455 §5.2 says MUST
                "length-below-2-63",  # ... and waits for the payload of an endless frame
                "text-is-utf8",  # left to the layer above, which decodes whole messages
                "message-inflates",  # zlib doesn't say that data ends inside a block
            }
        ),
        # It refuses a Close inside a fragmented message. §5.4 lets control frames stand there, so that
        # replay can't call it a breach; but such a message never ends, so refusing it loses nothing.
        (closed_inside_a_message,),
    ),
    "wsproto": Library(
        wsproto,
        frozenset({"message-inflates"}),  # as above
        # Behind a control frame it takes the rest of a compressed message for uncompressed. That is a fault
        # of wsproto 1.3.2: §5.4 lets the frame stand there, and RSV1 marks the first frame alone (RFC 7692
        # §6.1).
        (control_inside_a_compressed_message,),
    ),
    "aiohttp": Library(
        aiohttp,
        frozenset(
            {
                "client-masks",  # its reader serves both sides, and takes frames masked or not
                "server-does-not-mask",
                "minimal-length",
                "rsv1-on-first-frame",  # ignored on control frames, which some clients send so
                "text-is-utf8",  # told with the last frame of a message
                "message-inflates",
            }
        ),
        # A message that begins inside another one is refused only if some payload of that has come: a fault
        # of aiohttp 3.14.5. Close codes from 5000 on are taken, of which §7.4 says nothing.
        (new_message_inside_an_empty_one, code_of_which_no_text_speaks),
    ),
}


@pytest.mark.parametrize("name", LIBRARIES)
@given(stream=streams())
def test_a_legal_stream_says_to_each_library_what_it_says_to_replay(name: str, stream: Stream) -> None:
    ours = replay(stream)
    assert not ours.rule
    assume(LIBRARIES[name].compares(stream))
    assert LIBRARIES[name].read(stream) == ours


@pytest.mark.parametrize("name", LIBRARIES)
@given(stream=broken())
def test_a_breach_stands_for_each_library_in_the_frame_where_it_stands_for_replay(
    name: str, stream: Stream
) -> None:
    library = LIBRARIES[name]
    assume(library.compares(stream))
    ours, theirs = replay(stream), library.read(stream)
    event(ours.rule or "no breach")
    if ours.rule in library.overlooks:
        assert theirs.said[: len(ours.said)] == ours.said
        return
    assert theirs.said == ours.said
    assert (theirs.told is None) is (ours.told is None)
    if theirs.told is not None:
        assert _frame(stream, theirs.told) == _frame(stream, ours.told or 0) == ours.frame
        assert ours.at <= theirs.told + 1


def _frame(stream: Stream, octet: int) -> int:
    """Where the frame stands that this octet is in."""
    start = 0
    for one in stream.frames:
        end = start + len(encode(one))
        if octet < end:
            return start
        start = end
    raise AssertionError("the octet stands behind the last frame")
