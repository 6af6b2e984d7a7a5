"""The table of the closing handshake is total, and each of its rules is a row."""

from __future__ import annotations

from itertools import product

import pytest

from replay.protocol.closing import CLOSING, Act
from replay.protocol.framing import REGISTERED, RFC_6455, close_breach
from replay.protocol.rules import RULES


def test_each_cell_is_written() -> None:
    assert set(CLOSING) == set(product((False, True), (False, True), Act))
    assert {rule for rule in CLOSING.values() if rule} <= set(RULES)


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1011, 3000, 4999])
def test_codes_that_may_stand_in_a_close(code: int) -> None:
    assert close_breach(code.to_bytes(2, "big") + "grüße".encode(), RFC_6455) is None


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1012, 1015, 1016, 2999, 5000, 65535])
def test_codes_that_may_not(code: int) -> None:
    breach = close_breach(code.to_bytes(2, "big"), RFC_6455)
    assert breach is not None
    assert breach.rule == "close-code"


def test_the_registry_has_moved_on() -> None:
    allowed = {code for code in range(65536) if not close_breach(code.to_bytes(2, "big"), REGISTERED)}
    assert allowed - RFC_6455 == {1012, 1013, 1014}
