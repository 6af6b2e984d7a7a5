"""The closing handshake (RFC 6455 §5.5.1, §7): who has sent a Close frame, for each side, is the state."""

from __future__ import annotations

from enum import Enum


class Act(Enum):
    """What an endpoint does that the closing handshake has a say in."""

    FRAME = "frame"  # any but Close
    CLOSE = "close"
    DROP = "drop"


#  sender has closed, other side has closed, the sender's act -> the rule that it breaks
CLOSING: dict[tuple[bool, bool, Act], str | None] = {
    (False, False, Act.FRAME): None,
    (False, False, Act.CLOSE): None,
    (False, False, Act.DROP): "close-before-drop",
    (False, True, Act.FRAME): None,  # it may finish what it has begun
    (False, True, Act.CLOSE): None,
    (False, True, Act.DROP): "close-answered",
    (True, False, Act.FRAME): "nothing-after-close",
    (True, False, Act.CLOSE): "nothing-after-close",
    (True, False, Act.DROP): None,  # §7.1.7: it has failed the connection and need not wait
    (True, True, Act.FRAME): "nothing-after-close",
    (True, True, Act.CLOSE): "nothing-after-close",
    (True, True, Act.DROP): None,
}
