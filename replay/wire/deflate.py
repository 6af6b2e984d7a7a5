"""DEFLATE as permessage-deflate uses it (RFC 7692 §7.2): compresses messages, and inflates them in pieces.

zlib or zlib-ng does the work. This module adds what a verifier needs: no fault is forgiven, each fault is
located to the octet, and the size of the output is bounded. Sent messages may be compressed by a faster
library.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, NamedTuple

from replay.wire.blocks import EXACT, PIECE, TAIL, Blocks, Broken, Past

fast: Callable[..., Any]
try:  # from the extra `speed`: about five times as fast
    from isal.isal_zlib import compressobj as fast
except ImportError:
    fast = zlib.compressobj

FAST = 1
"""The compression level for messages that are made while a case runs: up to ten times as fast as zlib's
default."""

EMPTY = b"\x00"
"""The payload of an empty message (§7.2.3.6)."""


class DeflateFaultKind(Enum):
    """What can be wrong with the payload of a compressed message."""

    NOT_DEFLATE = "not DEFLATE"  # RFC 1951
    WINDOW = "beyond the window"  # RFC 7692 §7.1.2
    CONTEXT = "before the message"  # RFC 7692 §7.1.1
    TAIL = "not cut"  # RFC 7692 §7.2.1
    UNFINISHED = "unfinished"  # RFC 7692 §7.2.2
    TOO_MUCH = "too much"  # RFC 6455 §10.4


class DeflateFault(NamedTuple):
    """What is wrong, and at which octet of the message's payload as it was on the wire."""

    kind: DeflateFaultKind
    detail: str
    at: int


class Inflated(NamedTuple):
    """The inflated octets, up to the fault if there is one."""

    data: bytes
    fault: DeflateFault | None = None


class Inflater:
    """Inflates the messages of one side, one after another: `feed` the payload as it arrives, then `end`.

    After a fault the rest of the message is skipped. With context takeover, the octets that later messages
    refer back to are then unknown: `sound` is False, and those messages are inflated as far as possible.

    A message that wasn't stripped of its last four octets counts as complete. The four octets that the
    receiver appends then begin another block, and the next message that shares the context is read as the
    rest of that block (§7.2.2).

    EXACT says how exactly distances are held against the window.
    """

    def __init__(self, window_bits: int, keeps_context: bool, most: int) -> None:
        """The terms that the compressing side has agreed to. `most`: octets that one message may have."""
        self._bits = window_bits
        self._keeps = keeps_context
        self._most = most
        self.sound = True
        self._past = Past(1 << window_bits)
        self._begin(Blocks(window_bits, self._past, EXACT if window_bits < 15 else 0))

    def _begin(self, blocks: Blocks, begun: bytes = b"") -> None:
        self._blocks = blocks
        self._begun = begun  # the octets of a block that began before the message
        self._exact = blocks.exact
        self._fed: list[bytes] = []
        self._made = 0
        self._failed = False

    @property
    def keeps_context(self) -> bool:
        return self._keeps

    def anew(self) -> Inflater:
        """An inflater for messages that follow missing ones: `sound` only without context takeover."""
        other = Inflater(self._bits, self._keeps, self._most)
        other.sound = not self._keeps
        return other

    def feed(self, chunk: bytes) -> Inflated:
        """Take the next octets of the payload, unmasked."""
        if self._failed or not chunk:
            return Inflated(b"")
        try:
            data = self._blocks.take(chunk, self._most - self._made + 1)
        except Broken:
            return self._fault(chunk)
        return self._taken([chunk], data)

    def _taken(self, chunks: Sequence[bytes], data: bytes) -> Inflated:
        """Count the output of these chunks, unless it is too much."""
        room = self._most - self._made
        if len(data) > room:
            self._failed = True
            detail = f"the message has more than {self._most} octets"
            return Inflated(data[:room], DeflateFault(DeflateFaultKind.TOO_MUCH, detail, 0))
        self._fed += chunks
        self._made += len(data)
        return Inflated(data)

    def end(self) -> DeflateFault | None:
        """End the payload; the next octets are those of another message."""
        fault, begun = None, b""
        blocks = None if self._failed else self._blocks
        if blocks and not (self._fed and blocks.end()):
            fault, begun = self._unended()
        told = blocks is not None and (fault is None or fault.kind is DeflateFaultKind.TAIL)
        if self._keeps:
            self._blocks.settle()
            self.sound &= told
        if fault or not told or not self._keeps:
            blocks = Blocks(self._bits, self._past, self._blocks.exact if told else self._exact)
            if not self._keeps:
                begun = b""
            blocks.take(begun, len(begun))
        assert blocks is not None
        self._begin(blocks, begun)
        return fault

    def _unended(self) -> tuple[DeflateFault, bytes]:
        """Why the data doesn't end with the four octets that were appended; and, if it kept its own, the
        octets with which the next message of this context begins."""
        payload = b"".join(self._fed)
        if payload.endswith(TAIL):
            at = len(payload) - len(TAIL)
            try:
                blocks = self._replayed([payload[:at]])
            except Broken:
                pass
            else:
                # After a final block its own four begin another block, whose data are the appended four.
                final = blocks.final
                if blocks.end():
                    return DeflateFault(
                        DeflateFaultKind.TAIL, "the payload ends in 00 00 ff ff", at
                    ), TAIL * (1 + final)
        detail = "the payload ends inside a block" if payload else "the payload is empty instead of 00"
        return DeflateFault(DeflateFaultKind.UNFINISHED, detail + self._since, len(payload)), b""

    @property
    def _since(self) -> str:
        """How the previous message caused a fault of this one; empty if it didn't."""
        begun = ", which was begun by the 00 00 ff ff at the end of the previous message"
        return begun if self._begun else ""

    def _replayed(self, chunks: Sequence[bytes]) -> Blocks:
        """The state after these octets of the message."""
        blocks = Blocks(self._bits, self._past, self._exact)
        for chunk in (self._begun, *chunks):
            blocks.take(chunk, self._most + 1)
        return blocks

    def _fault(self, chunk: bytes) -> Inflated:
        """Inflate `chunk` again, in ever smaller steps, up to the octet that is wrong.

        No octet is, if the smaller steps don't find the distance that the larger ones did: it exceeds the
        window by less than is told apart (see EXACT)."""
        blocks = self._replayed(self._fed)
        room = self._most - self._made + 1  # more than the output can be
        passed: list[bytes] = []
        parts: list[bytes] = []
        at = 0
        for size in (64 * PIECE, PIECE, 1):
            if size == 1 and at < len(chunk):
                blocks.exact = room
            while at < len(chunk):
                trial, piece = blocks.copy(), chunk[at : at + size]
                try:
                    data = trial.take(piece, room)
                except Broken:
                    break
                blocks = trial
                passed.append(piece)
                parts.append(data)
                at += size
        if at >= len(chunk):
            self._blocks = blocks
            return self._taken(passed, b"".join(parts))
        reason = ""
        try:
            blocks.take_slowly(chunk[at : at + 1], room, parts)
        except Broken as error:
            reason = str(error).partition(": ")[2]
        data = b"".join(parts)
        at += sum(map(len, self._fed))
        self._made += len(data)
        self._blocks, self._failed = blocks, True
        return Inflated(data, DeflateFault(*self._told(reason), at))

    def _told(self, reason: str) -> tuple[DeflateFaultKind, str]:
        """zlib's reason as a kind of fault and a sentence."""
        window = 1 << self._bits
        if "distance too far back" not in reason:
            if self._begun:
                reason = f"it continues a block{self._since}"
            return DeflateFaultKind.NOT_DEFLATE, f"the payload is not DEFLATE data: {reason}"
        if self._past.held + self._made >= window:
            return DeflateFaultKind.WINDOW, f"a distance goes back beyond the window of {window} octets"
        if self._keeps:
            return DeflateFaultKind.NOT_DEFLATE, "a distance goes back beyond the first message"
        return (
            DeflateFaultKind.CONTEXT,
            "a distance goes back beyond the start of the message, without context takeover",
        )


class Deflater:
    """Compresses the messages of one side.

    zlib can't compress with a window of 256 octets and doesn't have to: with one of 512 its distances are
    at most 250, since it keeps 262 octets of lookahead.
    """

    def __init__(
        self,
        window_bits: int,
        keeps_context: bool,
        level: int = FAST,
        mem_level: int = 8,
        before: bytes = b"",
    ) -> None:
        """`level` and `mem_level` are zlib's: 0 to 9 and 1 to 9. `before`: the octets that precede the
        first message, as far as they fit in the window."""
        make = fast if level == FAST and window_bits > 8 else zlib.compressobj
        strategy = zlib.Z_DEFAULT_STRATEGY
        self._stream = make(level, zlib.DEFLATED, -max(9, window_bits), mem_level, strategy, before)
        # A full flush clears the window, so that no context is taken over.
        self._flush = zlib.Z_SYNC_FLUSH if keeps_context else zlib.Z_FULL_FLUSH

    def message(self, data: bytes) -> bytes:
        """The compressed payload of `data`, its last four octets removed (§7.2.1)."""
        if not data:
            return EMPTY
        return self._stream.compress(data) + self._stream.flush(self._flush)[: -len(TAIL)]
