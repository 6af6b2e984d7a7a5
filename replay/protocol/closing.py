"""The closing handshake (RFC 6455 §5.5.1, §7). Its state is which of the sides have sent a Close frame."""

from __future__ import annotations

from enum import Enum

from replay.wire.frame import FrameHeader, Opcode


class Act(Enum):
    """An act of an endpoint to which the rules of the closing handshake apply."""

    DATA = "data"  # a data frame: its opcode is below 8
    CONTROL = "control"  # a Ping, a Pong, or an opcode that is reserved for control frames
    CLOSE = "close"
    DROP = "drop"  # it ends TCP

    @classmethod
    def of(cls, header: FrameHeader) -> Act:
        """The act of sending a frame with this header."""
        if header.opcode == Opcode.CLOSE:
            return cls.CLOSE
        return cls.CONTROL if header.is_control else cls.DATA


#  sender has sent a Close, other side has sent a Close, the sender's act -> the rule that it breaks
CLOSING: dict[tuple[bool, bool, Act], str | None] = {
    (False, False, Act.DATA): None,
    (False, False, Act.CONTROL): None,
    (False, False, Act.CLOSE): None,
    (False, False, Act.DROP): "close-before-drop",
    (False, True, Act.DATA): None,  # §5.5.1: it may finish the current message first
    (False, True, Act.CONTROL): None,
    (False, True, Act.CLOSE): None,  # its answer
    (False, True, Act.DROP): "close-answered",
    (True, False, Act.DATA): "nothing-after-close",
    (True, False, Act.CONTROL): None,  # §5.5.2: a Ping is answered until a Close has been received
    (True, False, Act.CLOSE): None,  # §5.5.1 forbids only data frames
    (True, False, Act.DROP): None,  # §7.1.7: having failed the connection, it need not wait
    (True, True, Act.DATA): "nothing-after-close",
    (True, True, Act.CONTROL): None,
    (True, True, Act.CLOSE): None,
    (True, True, Act.DROP): None,
}
