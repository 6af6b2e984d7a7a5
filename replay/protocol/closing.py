"""The closing handshake (RFC 6455 §5.5.1, §7): who has sent a Close frame, for each side, is the state."""

from __future__ import annotations

from enum import Enum

from replay.wire.frame import FrameHeader, Opcode


class Act(Enum):
    """What an endpoint does that the closing handshake has a say in."""

    DATA = "data"  # a data frame: its opcode is below 8
    CONTROL = "control"  # a Ping, a Pong, or an opcode that is reserved for control frames
    CLOSE = "close"
    DROP = "drop"  # it ends TCP

    @classmethod
    def of(cls, header: FrameHeader) -> Act:
        """What it does by a frame with this header."""
        if header.opcode == Opcode.CLOSE:
            return cls.CLOSE
        return cls.CONTROL if header.is_control else cls.DATA


#  sender has closed, other side has closed, the sender's act -> the rule that it breaks
CLOSING: dict[tuple[bool, bool, Act], str | None] = {
    (False, False, Act.DATA): None,
    (False, False, Act.CONTROL): None,
    (False, False, Act.CLOSE): None,
    (False, False, Act.DROP): "close-before-drop",
    (False, True, Act.DATA): None,  # §5.5.1: it may finish the message that it has begun
    (False, True, Act.CONTROL): None,
    (False, True, Act.CLOSE): None,  # its answer
    (False, True, Act.DROP): "close-answered",
    (True, False, Act.DATA): "nothing-after-close",
    (True, False, Act.CONTROL): None,  # §5.5.2: a Ping is answered until a Close has come
    (True, False, Act.CLOSE): None,  # §5.5.1 speaks of data frames alone
    (True, False, Act.DROP): None,  # §7.1.7: it has failed the connection and need not wait
    (True, True, Act.DATA): "nothing-after-close",
    (True, True, Act.CONTROL): None,
    (True, True, Act.CLOSE): None,
    (True, True, Act.DROP): None,
}
