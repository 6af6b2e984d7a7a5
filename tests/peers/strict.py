"""A complete echo endpoint of RFC 6455 and RFC 7692, without I/O: octets go in, octets come out.

What it does otherwise is in its `Ways`, whose defaults keep every rule. It shares no code with replay, to
test it by. `strict_server.py` and `strict_client.py` have the two opening handshakes, and the tables of
faults.
"""

from __future__ import annotations

import codecs
import random
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from tests.peers.inflating import Deflate, Garbled, Packing, Parameter, Terms, TooLarge, met

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
RSV1 = 4
MOST = 2**24
"""Octets of a message that an endpoint takes."""
PATIENCE = 0.5
"""Seconds for which an endpoint that has failed a connection waits for a Close."""
HEADER = 16
"""Octets of a frame that come one by one in writes that are cut."""
HEAD = 2**15
"""Octets of a head."""

Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Frame:
    opcode: int
    payload: bytes = b""
    fin: bool = True
    rsv: int = 0
    key: bytes = b""  # empty: the frame isn't masked
    form: int | None = None  # octets of the extended length; None: the fewest
    length: int | None = None  # that it announces, if it isn't its own
    within: bool = False  # whether it came inside a fragmented message

    def octets(self) -> bytes:
        length = len(self.payload) if self.length is None else self.length
        fewest = 0 if length < 126 else 2 if length < 2**16 else 8
        form = fewest if self.form is None else self.form
        size = {0: length, 2: 126, 8: 127}[form] | (128 if self.key else 0)
        head = bytes([self.fin << 7 | self.rsv << 4 | self.opcode, size]) + length.to_bytes(8)[8 - form :]
        return head + self.key + masked(self.payload, self.key)


def masked(payload: bytes, key: bytes, at: int = 0) -> bytes:
    """The payload with its mask put on or taken off; it begins at this octet of its frame."""
    if not key:
        return payload
    size = len(payload)
    mask = (key[at % 4 :] + key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload) ^ int.from_bytes(mask)).to_bytes(size)


class Breach(Exception):
    """The peer broke what a check is about."""

    def __init__(self, check: str) -> None:
        self.check = check


@dataclass(frozen=True)
class Head:
    """The first line of a request or a response, and its headers."""

    first: str
    headers: Headers
    ways: Ways

    def values(self, name: str) -> list[str]:
        return self.ways.lines([value for own, value in self.headers if self.ways.is_named(own, name)])

    def listed(self, name: str) -> list[str]:
        """The elements of a header that is a list, all of its lines together."""
        parts = ",".join(self.values(name)).split(",")
        return [part.strip(" \t") for part in parts if part.strip(" \t")]


def same(own: str, name: str) -> bool:
    return own.lower() == name.lower()


def bare(name: str, value: str | None) -> Callable[[Headers], Headers]:
    """The headers with another value of this one; None: without it."""

    def edited(headers: Headers) -> Headers:
        kept = [(own, old) for own, old in headers if own != name]
        return kept if value is None else [*kept, (name, value)]

    return edited


def also(name: str, value: str) -> Callable[[Headers], Headers]:
    """The headers with one more."""
    return lambda headers: [*headers, (name, value)]


CHANCE = random.Random()
"""Where masking keys and nonces come from; a test that seeds it plays the same octets each time."""


def has(token: str) -> Callable[[list[str]], bool]:
    return lambda listed: token in (one.lower() for one in listed)


@dataclass(frozen=True)
class Ways:
    """How an endpoint goes about it. The fields that aren't their defaults make it faulty, or unusual."""

    says: str
    rules: tuple[str, ...] = ()  # of the rule table, which it breaks
    cases: tuple[str, ...] = ()  # which have to catch it

    # What is received.
    passes: Callable[[str, Frame], bool] = lambda check, frame: False  # whether a breach is overlooked
    codes: Mapping[str, int | None] = field(default_factory=dict)  # None: TCP ends without a Close
    most: int = MOST
    takes: Callable[[Frame], Frame | None] = lambda frame: frame  # for what; None: for nothing
    unmasks: Callable[[bytes, bytes, int], bytes] = masked
    reads: Callable[[bytes, bytes], bytes] = lambda kept, new: kept + new  # what waits, and what has come
    lengths: Callable[[int], int] = lambda length: length  # that a frame announces
    by_octet: bool = True  # UTF-8 is checked as it comes, not at the end of a message
    is_text: Callable[[bytes], bool] | None = None  # what is taken for UTF-8, by message
    shares_message: bool = False  # with all other connections
    forgets_message: bool = False  # which a control frame interrupts
    inflates_frames: bool = False  # each by itself
    lasting: bool = False  # reads on after the Close that it got

    # What is sent.
    sends: Callable[[Frame], Iterable[Frame]] = lambda frame: (frame,)
    masks: Callable[[], bytes] | None = lambda: CHANCE.randbytes(4)  # None: a client's frames aren't masked
    echoes: Callable[[int, bytes], Iterable[tuple[int, bytes]]] = lambda opcode, data: ((opcode, data),)
    pongs: Callable[[list[bytes]], Iterable[bytes]] = lambda pings: pings  # to those that came together
    pongs_last: bool = False  # after the echoes of what came with the Pings
    greets: tuple[Frame, ...] = ()  # once the connection is open
    answers_pongs: bool = False
    answers_close: Callable[[bytes], bytes | None] = lambda payload: payload[:2]  # None: with nothing
    after_close: tuple[Frame, ...] = ()
    fails: tuple[Frame, ...] = ()  # what goes before the Close with which it fails the connection
    waits_for_close: bool = False  # when it fails the connection
    ends: bool = True  # TCP, as it has to
    carries_on: bool = False  # with what comes behind a breach
    hurries: bool = False  # a client that doesn't wait for the server to end TCP
    resets: bool = False
    cut: bool = False  # the first octets of each write come one by one
    delay: float = 0  # seconds before anything is answered

    # Compression.
    offers: bool = True  # of a client
    declines: bool = False
    agrees: Callable[[list[Parameter]], Terms | None] = met
    answers: Callable[[list[Parameter]], list[Parameter]] = lambda parameters: parameters
    keeps: Callable[[Terms], Terms] = lambda terms: terms  # to something else than was agreed
    packing: Packing = Packing()  # noqa: RUF009 - it is frozen
    compresses: Callable[[bytes], bool] = lambda message: True

    # Heads.
    is_named: Callable[[str, str], bool] = same
    lines: Callable[[list[str]], list[str]] = lambda values: values  # of one header
    trims: Callable[[str], str] = lambda value: value.strip(" \t")
    unfolds: Callable[[list[str]], list[str]] = lambda lines: lines  # of a head
    is_websocket: Callable[[list[str]], bool] = has("websocket")  # noqa: RUF009 - a function
    is_upgrade: Callable[[list[str]], bool] = has("upgrade")  # noqa: RUF009 - a function
    derives: Callable[[str], str] | None = None  # an accept from a key, otherwise than by the RFC
    matches: Callable[[str, str], bool] = lambda accept, wanted: accept == wanted
    edits: Callable[[Headers], Headers] = lambda headers: headers  # of its own head
    line: Callable[[str], str] = lambda line: line  # the first one of its own head
    refuses: Mapping[str, int | None] = field(default_factory=dict)  # statuses; None: TCP ends without one
    refused: Callable[[Headers], Headers] = lambda headers: headers  # the headers of a refusal
    chooses: Callable[[list[str]], list[str]] = lambda offered: offered[:1]  # the lines of the subprotocol
    interim: bytes = b""  # before the response
    behind: bytes = b""  # behind its own head
    goes_on: tuple[Frame, ...] = ()  # sent although the opening failed
    forgets: bool = False  # what came in one read with the head
    skips_body: bool = False  # of a 101
    interims: bool = True  # whether an interim response is passed over
    likes: Callable[[str], bool] = lambda line: True  # the first line of the other side's head
    hates: tuple[str, ...] = ()  # headers and extensions for which an opening fails
    reopens: bool = False  # takes what looks like a second request for one
    all_offers: bool = True  # of compression are read, not only the first one
    continues: bool = True  # a request that expects it


CODES = {"utf8": 1007, "reason": 1007, "inflates": 1007, "size": 1009}
"""The code of the Close with which a connection is failed, if it isn't 1002."""
SHARED = bytearray()
"""The message of all connections that share one."""
KNOWN = {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014}


class Endpoint:
    """One connection. The owner of the socket writes `output`, and ends TCP once `dropped` says so."""

    server: bool

    def __init__(self, ways: Ways) -> None:
        self.ways = ways
        self.output: list[bytes] = []
        self.dropped = False
        self.opened = False
        self.closed = False  # we have sent a Close
        self._ended = False  # nothing more is read
        self._deflate: Deflate | None = None
        self._buffer = b""
        self._frame: Frame | None = None  # whose payload hasn't come yet
        self._length = 0
        self._payload = bytearray()
        self._kind, self._packed = CONTINUATION, False
        self._message = SHARED if ways.shares_message else bytearray()
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        self._pings: list[bytes] = []
        self._in_parts = False
        self._failed = False  # and waits for the Close of the other side

    # Called by the owner of the socket.

    def connected(self) -> None:
        pass

    def received(self, data: bytes) -> None:
        if self._failed and bytes([128 | CLOSE]) in data:
            self._end()
        if self._ended or self._failed:
            return
        self._buffer = self.ways.reads(self._buffer, data)
        goes_on = True
        while goes_on:
            goes_on = False
            try:
                self._read()
            except Breach as breach:
                self._pong()
                self._fail(breach.check)
                if self.ways.carries_on and self.opened:
                    goes_on = self._skip()

    def _read(self) -> None:
        """Read all there is."""
        if self.opened and self.ways.reopens and self._buffer.startswith(b"GET "):
            self.opened = False
        if not self.opened:
            self._read_head()
        if self.opened:
            while not self._ended and self._read_frame():
                pass
            self._pong()

    def _skip(self) -> bool:
        """Pass over the frame that broke a rule; whether there is more."""
        if self._frame is None:
            size = self._buffer[1:2][0] if self._buffer[1:] else 0
            form = {126: 2, 127: 8}.get(size & 127, 0)
            length = int.from_bytes(self._buffer[2 : 2 + form]) if form else size & 127
            self._buffer = self._buffer[2 + form + 4 * (size > 127) + length :]
        self._frame = None
        self._payload.clear()
        return bool(self._buffer)

    def ended(self) -> None:
        """The other side has ended TCP."""
        self._end(force=True)

    @property
    def waits(self) -> bool:
        """Whether it ends TCP, once its patience is over, if no Close comes before."""
        return self._failed and not self.dropped and self.ways.ends

    # The opening handshake.

    def _read_head(self) -> None:
        raise NotImplementedError

    def _take_head(self) -> Head | None:
        """The head that has come; None: it isn't there in full."""
        text, end, rest = self._buffer.partition(b"\r\n\r\n")
        if len(text) > HEAD:
            raise Breach("target-size" if b"\r\n" not in text[:HEAD] else "head-size")
        if not end:
            return None
        self._buffer = b"" if self.ways.forgets else rest
        first, *lines = text.decode("latin-1").removeprefix("\r\n").split("\r\n")
        headers: Headers = []
        for number, line in enumerate(self.ways.unfolds(lines)):
            name, colon, value = line.partition(":")
            if line[:1] in (" ", "\t"):
                self._check("fold" if number else "space-first", True)
                if headers:
                    headers[-1] = (headers[-1][0], f"{headers[-1][1]} {line.strip()}")
                continue
            self._check("space-colon", name != name.rstrip(" \t"))
            name = name.rstrip(" \t")
            self._check("field-name", not colon or not re.fullmatch(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", name))
            self._check("field-value", any(octet in value for octet in "\r\n\0"))
            headers.append((name, self.ways.trims(value)))
        head = Head(first, headers, self.ways)
        self._check("own", not self.ways.likes(first))
        self._check("own", any(head.values(name) for name in self.ways.hates))
        return head

    def _open(self, terms: Terms | None) -> None:
        self.opened = True
        if terms is not None:
            kept = self.ways.keeps(terms)
            self._deflate = Deflate(kept, self.ways.packing, self.ways.most, server=self.server)
        for frame in self.ways.greets:
            self._send(frame)

    def write(self, octets: bytes) -> None:
        """Write the octets, the first of them one by one if that is its way."""
        alone = HEADER if self.ways.cut else 0
        self.output += [octets[at : at + 1] for at in range(min(alone, len(octets)))]
        if octets[alone:] or not alone:
            self.output.append(octets[alone:])

    def _check(self, check: str, broken: bool, frame: Frame | str = "") -> bool:
        """Whether something is broken and overlooked; the frame, or a text of the head that has it."""
        if isinstance(frame, str):
            frame = Frame(CONTINUATION, frame.encode("latin-1"))
        if broken and not self.ways.passes(check, frame):
            raise Breach(check)
        return broken

    # What is received.

    def _read_frame(self) -> bool:
        """Read the next frame, or what there is of it; whether more can be read."""
        if self._frame is None:
            self._read_header()
            if self._frame is None:
                return False
        at = len(self._payload)
        piece = self.ways.unmasks(self._buffer[: self._length - at], self._frame.key, at)
        self._buffer = self._buffer[self._length - at :]
        self._payload += piece
        if self._is_plain_text(self._frame) and self.ways.by_octet and self.ways.is_text is None:
            self._decode(piece, False)
        if len(self._payload) < self._length:
            return False
        frame, self._frame = replace(self._frame, payload=bytes(self._payload)), None
        self._payload.clear()
        if (taken := self.ways.takes(frame)) is not None:
            (self._control if taken.opcode >= CLOSE else self._data)(taken)
        return True

    def _read_header(self) -> None:
        head = self._buffer
        if not head:
            return
        first = Frame(head[0] & 15, b"", head[0] > 127, head[0] >> 4 & 7, within=bool(self._kind))
        self._check_first(first)
        if len(head) < 2:
            return
        form = {126: 2, 127: 8}.get(head[1] & 127, 0)
        has_key = head[1] > 127
        size = 2 + form + 4 * has_key
        short = replace(first, form=form, length=head[1] & 127)
        self._check("masked" if self.server else "unmasked", has_key is not self.server, short)
        self._check("control-length", short.opcode >= CLOSE and form > 0, short)
        if len(head) < size:
            return
        length = self.ways.lengths(int.from_bytes(head[2 : 2 + form]) if form else head[1] & 127)
        key = head[2 + form : size] if has_key else b""
        frame = replace(short, length=length, key=key)
        if self._check("top-bit", length >= 2**63, frame):
            length -= 2**63
        self._check("minimal", length < {0: 0, 2: 126, 8: 2**16}[form], frame)
        self._check("size", length + len(self._message) > self.ways.most, frame)
        self._buffer = head[size:]
        self._frame, self._length = frame, length
        self._begin(frame)

    def _check_first(self, frame: Frame) -> None:
        control = frame.opcode >= CLOSE
        allowed = RSV1 if self._deflate is not None and frame.opcode in (TEXT, BINARY) else 0
        self._check("rsv", bool(frame.rsv & ~allowed), frame)
        self._check("opcode", frame.opcode in range(3, 8) or frame.opcode > PONG, frame)
        self._check("fin", control and not frame.fin, frame)
        self._check("continues", frame.opcode == CONTINUATION and not self._kind, frame)
        self._check("interleaved", 0 < frame.opcode < CLOSE and bool(self._kind), frame)

    def _begin(self, frame: Frame) -> None:
        """A frame of a message begins."""
        if frame.opcode in (TEXT, BINARY):
            self._kind, self._in_parts = frame.opcode, not frame.fin
            self._packed = bool(frame.rsv & RSV1 and self._deflate is not None)
            self._message.clear()
            self._utf8.reset()

    def _is_plain_text(self, frame: Frame) -> bool:
        return frame.opcode < CLOSE and self._kind == TEXT and not self._packed

    def _decode(self, piece: bytes, final: bool) -> None:
        try:
            self._utf8.decode(piece, final)
        except UnicodeDecodeError:
            rsv = RSV1 if self._packed else 0
            self._check("utf8", True, Frame(TEXT, piece, final, rsv, within=self._in_parts))

    def _data(self, frame: Frame) -> None:
        kind = self._kind or frame.opcode
        if kind not in (TEXT, BINARY) or frame.opcode > BINARY:
            return
        self._message += self._inflated(frame.payload) if self.ways.inflates_frames else frame.payload
        if not frame.fin:
            return
        self._kind, message = CONTINUATION, bytes(self._message)
        self._message.clear()
        if not self.ways.inflates_frames:
            message = self._inflated(message)
        if kind == TEXT:
            self._check_text(message)
        if not self.ways.pongs_last:
            self._pong()
        if not self.closed or self.ways.lasting or self.ways.carries_on:
            for opcode, data in self.ways.echoes(kind, message):
                self.say(opcode, data)

    def _inflated(self, payload: bytes) -> bytes:
        if self._deflate is None:
            return payload
        if not self._packed:
            self._deflate.pass_over(payload)
            return payload
        try:
            return self._deflate.inflate(payload)
        except Garbled:
            self._check("inflates", True)
        except TooLarge:
            self._check("size", True)
        return payload

    def _check_text(self, message: bytes) -> None:
        if self.ways.is_text is not None:
            self._check("utf8", not self.ways.is_text(message))
        elif self._packed or not self.ways.by_octet:
            self._utf8.reset()
            self._decode(message, True)
        else:
            self._decode(b"", True)

    def _control(self, frame: Frame) -> None:
        self._check("control-length", len(frame.payload) > 125, frame)
        if self.ways.forgets_message:
            self._message.clear()
        if frame.opcode == PING:
            self._pings.append(frame.payload)
        elif frame.opcode == PONG:
            if self.ways.answers_pongs:
                self._send(Frame(PONG, frame.payload))
        elif frame.opcode == CLOSE:
            self._check_close(frame)
            self._pong()
            self._answer(frame.payload)

    def _check_close(self, frame: Frame) -> None:
        payload, code = frame.payload, int.from_bytes(frame.payload[:2])
        self._check("close-length", len(payload) == 1, frame)
        self._check("code", len(payload) > 1 and code not in KNOWN and code not in range(3000, 5000), frame)
        try:
            payload[2:].decode()
        except UnicodeDecodeError:
            self._check("reason", True, frame)

    def _answer(self, payload: bytes) -> None:
        """A Close has come."""
        if not self.closed and (answer := self.ways.answers_close(payload)) is not None:
            self._send(Frame(CLOSE, answer))
        for frame in self.ways.after_close:
            self._send(frame)
        self.closed = True
        self._ended = not self.ways.lasting
        if (self.server and self.ways.ends) or self.ways.hurries:
            self._end()

    def _pong(self) -> None:
        pings, self._pings = self._pings, []
        if pings and not self._ended:
            for payload in self.ways.pongs(pings):
                self._send(Frame(PONG, payload))

    # What is sent.

    def say(self, opcode: int, message: bytes) -> None:
        """Send a data message."""
        rsv = 0
        if self._deflate is not None and self.ways.compresses(message):
            message, rsv = self._deflate.deflate(message), RSV1
        self._send(Frame(opcode, message, rsv=rsv))

    def _send(self, frame: Frame) -> None:
        masks = None if self.server else self.ways.masks
        frames = [*self.ways.sends(frame if masks is None else replace(frame, key=masks()))]
        if masks is not None:
            frames[1:] = [replace(one, key=masks()) if one.key else one for one in frames[1:]]
        self.write(b"".join(one.octets() for one in frames))

    def _fail(self, check: str) -> None:
        """Fail the connection (RFC 6455 §7.1.7)."""
        if not self.opened:
            self._refuse(check)
            return
        code = self.ways.codes.get(check, CODES.get(check, 1002))
        for frame in self.ways.fails:
            self._send(frame)
        if code is not None and not self.closed:
            self._send(Frame(CLOSE, code.to_bytes(2)))
        self.closed = True
        self._failed = self.ways.waits_for_close and code is not None
        if not self._failed and not self.ways.carries_on:
            self._end()

    def _refuse(self, check: str) -> None:
        self._end()

    def _end(self, *, force: bool = False) -> None:
        self._ended = True
        self.dropped |= self.ways.ends or force
