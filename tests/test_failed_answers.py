"""A client that fails a connection for what was agreed on may send a Close frame, but no message."""

import pytest

from replay.wire.side import Side
from tests.peers.strict import Frame, Ways
from tests.strictly import chapters, played

CLOSE = Frame(8, b"\x03\xea")
TEXT = Frame(1, b"Hello")


@pytest.mark.parametrize(
    ("case", "frames", "failed"),
    [
        ("26.3.unknown.bare", (), False),
        ("26.3.unknown.bare", (CLOSE,), False),
        ("26.3.unknown.bare", (TEXT, CLOSE), True),
        ("21.1.none", (CLOSE,), True),
    ],
)
def test_what_a_client_sends_after_such_a_response(
    case: str, frames: tuple[Frame, ...], failed: bool
) -> None:
    (found,) = (each for each in chapters() if each.id == case)
    result = played(found, Ways("fails with these frames", goes_on=frames), Side.CLIENT)
    assert result.failed is failed
