"""The bar of a run: on a terminal, with the time left; nothing elsewhere."""

from __future__ import annotations

import io

from rich.console import Console

from replay.campaign.progress import Bar, left
from replay.cases.cost import weight
from replay.suite.files import known


def drawn(terminal: bool) -> str:
    file = io.StringIO()
    console = Console(file=file, width=80, force_terminal=terminal, _environ={})
    with Bar(console, [1, 99]) as advance:
        advance(1)
    return file.getvalue()


def test_a_terminal_has_a_bar_with_the_time_left() -> None:
    shown = drawn(terminal=True)
    assert "1/2" in shown
    assert "left" in shown
    assert "━" * 39 in shown  # of 40: the case that is done weighs most


def test_the_time_left_is_said_once_it_can_be_known() -> None:
    assert left(30, 0) == left(30, 0.01) == left(30, 1) == ""
    assert left(30, 0.25) == "about 1:30 left"


def test_elsewhere_nothing_is_drawn() -> None:
    assert drawn(terminal=False) == ""


def test_a_case_weighs_what_it_sends_and_how_often_it_waits() -> None:
    few, many = weight(known()["12.1.7"]), weight(known(thorough=True)["12.1.7"])
    assert weight(known()["1.1.1"]) < few < many < 1000 * few
    assert weight(known()["9.1.6"]) > 2**24
