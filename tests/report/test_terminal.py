"""The terminal at any width, in colour and without, whatever a peer sent."""

from __future__ import annotations

import io
import re
import shlex
import time
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType

from replay.cases.model import Behaviour, EventKind, Pattern
from replay.cases.payload import Payload
from replay.protocol.events import Violation
from replay.protocol.interpreter import observe
from replay.report import frames, layout, terminal
from replay.source import Source, excerpt
from replay.trace.model import Cut, Octets, Trace
from replay.verdict.result import Judged
from replay.wire.frame import encode, frame
from replay.wire.side import Side
from tests.report import samples

ALL = [
    samples.good,
    *samples.SAMPLES,
    lambda: samples.expected_run().results[0],
    lambda: samples.expected_run().results[2],
]
WIDTHS = (40, 60, 80, 100, 160)


Sample = Callable[[], Judged]


def everything(result: Judged, width: int) -> RenderableType:
    return Group(
        terminal.line(result, width),
        terminal.failure(result, f"replay run --url ws://127.0.0.1:9001/chat?a=1 {result.case.id}"),
        terminal.verbose(result),
        frames.show(result.trace, result.events),
        terminal.summary(replace(samples.run(), results=(result,), agent=samples.HOSTILE)),
    )


def drawn(renderable: RenderableType, width: int, **options: Any) -> str:
    file = io.StringIO()
    console = Console(width=width, file=file, _environ={}, legacy_windows=False, **options)
    console.print(renderable)
    return file.getvalue()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("sample", ALL)
def test_no_line_is_wider_than_the_terminal(sample: Sample, width: int) -> None:
    for line in drawn(everything(sample(), width), width, color_system=None).splitlines():
        assert cell_len(line) <= width, line


@pytest.mark.parametrize("sample", ALL)
def test_colours_are_the_basic_ones_and_add_nothing_but_colour(sample: Sample) -> None:
    result = sample()
    coloured = drawn(everything(result, 80), 80, force_terminal=True, color_system="truecolor")
    codes = {code for found in re.findall(r"\x1b\[([\d;]*)m", coloured) for code in found.split(";")}
    assert codes <= {"0", "1", "2", *map(str, range(30, 38))}
    plain = re.sub(r"\x1b\[[\d;]*m", "", coloured)
    assert plain == drawn(everything(result, 80), 80, color_system=None)


@pytest.mark.parametrize("width", WIDTHS)
def test_what_a_peer_sent_is_text_and_nothing_else(width: int) -> None:
    result = samples.hostile()
    shown = drawn(everything(result, width), width, color_system=None)
    assert not {c for c in shown if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")} - {
        "\n"
    }
    assert "[bold]\\x1b[31m" in shown
    assert "[bold red]\\x08\\x07evil[/] :skull:" in drawn(terminal.verbose(result), 160, color_system=None)


def test_hostile_names_and_paths_of_the_run_are_escaped_too() -> None:
    result = samples.flipped()
    evil = replace(result, case=replace(result.case, id="\x1b[2J", title=samples.HOSTILE), path="a\x1b]0;b")
    evil = replace(evil, notes=(samples.HOSTILE,), closing_reason=samples.HOSTILE)
    shown = drawn(everything(evil, 100), 100, color_system=None)
    assert not {c for c in shown if unicodedata.category(c) in ("Cc", "Cf")} - {"\n"}


@pytest.mark.parametrize("sample", ALL)
def test_a_terminal_may_be_as_narrow_as_one_column(sample: Sample) -> None:
    result = sample()
    for width in range(1, 41):
        for line in drawn(everything(result, width), width, color_system=None).splitlines():
            assert cell_len(line) <= width


def test_octets_in_the_log_are_hex_unless_they_are_a_head() -> None:
    head = samples.response()
    texts = encode(frame(1, b"\n\rHello, world!"))
    entries = [Octets(Side.SERVER, octets) for octets in (head[20:], texts[:1], texts[1:], texts[4:])]
    result = samples.judged(samples.case(), *samples.opened(*entries, answer=head[:20]))
    shown = terminal.as_text(terminal.verbose(result), 100).partition("Wire log")[2]
    assert 'RX OCTETS: "HTTP/1.1 101 Switchi"' in shown
    assert 'RX OCTETS: "ng Protocols\\r\\nServer' in shown
    assert re.search(r"RX OCTETS: 81 +text 15\n", shown)
    assert "RX OCTETS: 0f0a0d48656c6c6f2c20776f726c6421" in shown
    assert "RX OCTETS: 48656c6c6f" in shown
    assert "Hello" not in shown


def test_16_mib_are_shown_at_once() -> None:
    result = samples.large()
    started = time.perf_counter()
    shown = terminal.as_text(terminal.failure(result, None), 80)
    assert time.perf_counter() - started < 0.25  # 10 ms where it was written
    assert len(shown) < 3000
    assert "offset 16777214 of" in shown


def test_a_line_says_all_without_colour() -> None:
    line = terminal.line(samples.wrong_code(), 100).plain
    assert line.startswith("closing WRONG CODE 1.2.3    Binary message")
    assert "behaviour OK" in line
    assert line.endswith("8 ms")
    assert cell_len(line) == 100
    assert terminal.line(samples.flipped(), 100, "expected").plain.endswith("  expected     8 ms")


def test_the_order_of_the_summary_is_that_of_the_verdicts() -> None:
    last = terminal.as_text(terminal.summary(samples.run()), 120).splitlines()[-1]
    verdicts, who, took, seed = last.split(" · ")
    assert verdicts == "5 cases: 2 OK, 3 FAILED; closing: 2 WRONG CODE"
    assert who == "ws://127.0.0.1:9001 (echo/1.0)"
    assert (took, seed) == ("0.42 s", "seed 1234")


def test_what_is_expected_is_said_quietly_and_counted() -> None:
    run = samples.expected_run()
    line = terminal.line(run.results[0], 120).plain
    assert line.startswith("closing WRONG CODE 1.2.3    expected: 1002 is as good as 1000 there  ")
    assert "behaviour OK" in line
    shown = terminal.as_text(terminal.summary(run), 120)
    assert "closing WRONG CODE  1 case" not in shown
    assert "fixed     1.1.* is no longer FAILED: remove the entry in expected.yaml:12:9\n" in shown
    assert "closing: 1 WRONG CODE · 1 expected, 1 flaky · ws" in shown
    late = terminal.as_text(terminal.failure(samples.judged_of(run, 1)), 120)
    assert "expected until 2026-01-31: Pongs are in the next release (expected.yaml:5:9)" in late
    for width in range(1, 80):
        for row in drawn(terminal.summary(run), width, color_system=None).splitlines():
            assert cell_len(row) <= width


def test_a_reason_is_text_and_nothing_else() -> None:
    result = samples.judged_of(samples.expected_run(), 0)
    assert result.expectation
    entry = replace(result.expectation.entry, reason=samples.HOSTILE, link="https://a/\x1b")
    evil = replace(result, expectation=replace(result.expectation, entry=entry))
    shown = drawn(everything(evil, 100), 100, color_system=None)
    assert not {c for c in shown if unicodedata.category(c) in ("Cc", "Cf")} - {"\n"}


def test_a_run_that_is_not_whole_says_so() -> None:
    run = replace(samples.run(), planned=517, unreached="connection refused")
    shown = terminal.as_text(terminal.summary(run), 80)
    assert "unreached" in shown
    assert "connection refused" in shown
    assert "5 of 517 cases run" in shown


def test_a_run_of_nothing() -> None:
    run = replace(samples.run(), results=(), planned=27, unreached="no such host", seed=None)
    assert terminal.as_text(terminal.summary(run), 80).splitlines()[-1] == (
        "0 cases · ws://127.0.0.1:9001 (echo/1.0) · 0.42 s"
    )


def test_many_failed_cases_are_counted() -> None:
    result = samples.flipped()
    many = tuple(replace(result, case=replace(result.case, id=f"9.{n}")) for n in range(400))
    shown = terminal.as_text(terminal.summary(replace(samples.run(), results=many, planned=400)), 80)
    assert "… and 340 more" in shown
    assert len(shown.splitlines()) < 20


def test_the_command_can_be_copied_at_any_width() -> None:
    line = "replay run --url ws://127.0.0.1:9001/path --header 'X-Token: a b c' --seed 1234 specs/a.yaml"
    for width in (30, 50, 200):
        broken = layout.command(line, width)
        assert shlex.split("\n".join(broken).replace("\\\n", "")) == shlex.split(line)
        assert len(broken) > 1 or width == 200


def test_a_pointed_line_with_wide_characters_keeps_the_width() -> None:
    source = Source("x" * 300 + ".yaml", "- ok: [" + "漢字" * 200 + "\x1b" * 50 + "]\n")
    for width in (40, 80):
        for line in layout.pointed(source.span(300, 310), "wrong " * 20, width):
            assert cell_len(line.plain) <= width


@pytest.mark.parametrize("char", ["x", "\t", "\x01", "\u202e", "\U000e0001", "漢", "e\u0301"])
@pytest.mark.parametrize("at", [0, 1, 7, 150, 298, 299])
def test_an_excerpt_is_cut_by_what_is_shown(char: str, at: int) -> None:
    source = Source("a", char * 300)
    for width in (20, 36, 100):
        above, line, carets = excerpt(source.span(at, at + 5), "", width).split("\n")
        assert max(map(cell_len, (above, line, carets))) <= width + 7
        assert "^" in carets
        assert cell_len(line) > width - 10 or char == "e\u0301"


def test_carets_stand_under_wide_characters() -> None:
    source = Source("a.yaml", "漢字: echo\n")
    lines = [line.plain for line in layout.pointed(source.span(4, 8), "here", 80)]
    assert lines[-2:] == [" 1 | 漢字: echo", "   |       ^^^^ here"]


def test_a_failure_without_a_place_in_a_file() -> None:
    result = samples.flipped()
    bare = replace(result.case, span=None, closing=None)
    nearest = replace(result.nearest, span=None)
    assert result.divergence
    assert result.divergence.expected
    found = replace(result.divergence, expected=replace(result.divergence.expected, span=None))
    shown = terminal.as_text(
        terminal.failure(replace(result, case=bare, nearest=nearest, divergence=found)), 80
    )
    assert "  --> specs/01-framing/1.2-binary.yaml" in shown.splitlines()
    assert "1st event: the message differs" in shown


def test_a_long_list_is_cut_around_the_divergence() -> None:
    shown = terminal.as_text(terminal.failure(samples.extra_message()), 80)
    assert "9 before that are as expected" in shown
    assert "4 more expected, 5 more observed" in shown
    assert '> 13  text 10: "message 12"' in shown


def test_an_event_that_nothing_expects() -> None:
    back = Octets(Side.SERVER, encode(frame(10, b"uncalled-for")))
    shown = terminal.as_text(terminal.failure(samples.judged(samples.case(), *samples.opened(back))), 80)
    assert 'nothing more was expected, observed a Pong of 12 octets ("uncalled-for")' in " ".join(
        part.strip(" |") for part in shown.splitlines()
    )
    assert "> 1  nothing more" in shown
    assert "OPCODE 10 pong" in shown


def test_a_failure_of_another_kind() -> None:
    of = samples.case(
        Pattern(EventKind.STILL_OPEN, tag="A"),
        samples.echo(EventKind.TEXT, Payload(b"x")),
        title="Fail fast",
    )
    back = Octets(Side.SERVER, encode(frame(1, b"x")))
    result = samples.judged(of, *samples.opened(back))
    assert result.behaviour is Behaviour.FAILED
    shown = terminal.as_text(terminal.failure(result), 160)
    assert "1st event: expected the connection still open after pause A, observed a text message" in shown


@pytest.mark.parametrize(
    ("octets", "caret"),
    [
        (encode(frame(3, b"x")), "OPCODE 3 reserved 3"),
        (encode(frame(9, b"x" * 126)), "LENGTH 126 (16 bit)"),
        (encode(frame(1, b"x", rsv=5)), "RSV 101"),
        (encode(frame(9, b"x", fin=False)), "FIN 0"),
    ],
)
def test_carets_stand_under_the_field_that_breaks_a_rule(octets: bytes, caret: str) -> None:
    result = samples.judged(samples.case(), *samples.opened(Octets(Side.SERVER, octets)))
    assert [v.rule for v in result.broken][0:1]
    lines = terminal.as_text(terminal.failure(result), 160).splitlines()
    at = next(number for number, line in enumerate(lines) if "OPCODE" in line and "FIN" in line)
    start = lines[at].index(caret)
    assert lines[at + 1][start : start + len(caret)] == "^" * len(caret)


def test_show_of_a_log_with_octets_left_out() -> None:
    whole = encode(frame(2, b"\xaa" * 200))
    cut = Octets(Side.SERVER, whole[:64], cut=Cut(len(whole) - 64))
    entries = (*samples.opened(cut, Octets(Side.SERVER, samples.close(1000))),)
    trace = Trace(Side.CLIENT, entries, (("agent", samples.HOSTILE),))
    shown = terminal.as_text(frames.show(trace, observe(trace)), 100)
    assert "the log left out 140 octets" in shown
    assert "1000 (normal closure)" in shown


def test_show_of_an_unfinished_frame() -> None:
    trace = Trace(Side.CLIENT, samples.opened(Octets(Side.SERVER, encode(frame(1, b"Hello"))[:4])))
    assert '(3 octets missing) "He" …' in terminal.as_text(frames.show(trace, observe(trace)), 120)


def test_show_says_every_rule_once() -> None:
    result = samples.masked()
    told = [event for event in result.events if isinstance(event, Violation)]
    shown = terminal.as_text(frames.show(result.trace, result.events), 160)
    assert len(told) == 2
    assert all(shown.count(f"[{event.rule}]") == 1 for event in told)


def test_very_many_entries_are_cut_in_the_middle() -> None:
    ping = encode(frame(9))
    result = samples.judged(samples.case(), *samples.opened(*[Octets(Side.SERVER, ping)] * 1000))
    shown = terminal.as_text(terminal.verbose(result), 80)
    assert "802 entries" in shown
    assert len(shown.splitlines()) < 260
