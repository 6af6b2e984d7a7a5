"""What a terminal shows, against texts that a person can read.

To write the texts anew: `python -m tests.report.test_golden`, and then read the diff.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Group, RenderableType

from replay.report import frames, terminal
from replay.verdict.result import Judged, RunResult
from tests.report import samples

GOLDEN = Path(__file__).parent.parent / "golden"


def _failure(result: Judged) -> RenderableType:
    return terminal.failure(result, f"replay run --url ws://127.0.0.1:9001 {result.case.id}")


def _show(result: Judged) -> RenderableType:
    return frames.show(result.trace, result.events)


def _lines(width: int) -> RenderableType:
    cases = [samples.good, *samples.SAMPLES]
    return Group(*[terminal.line(case(), width) for case in cases])


def _of_run(run: RunResult, width: int) -> RenderableType:
    return Group(*[terminal.line(result, width) for result in run.results])


RENDERED: dict[str, tuple[int, Callable[[], RenderableType]]] = {
    "failure-octet": (80, lambda: _failure(samples.flipped())),
    "failure-octet-wide": (160, lambda: _failure(samples.flipped())),
    "failure-masked-client": (80, lambda: _failure(samples.client_flipped())),
    "failure-recorded": (80, lambda: _failure(samples.recorded())),
    "failure-short": (80, lambda: _failure(samples.short())),
    "failure-extra-message": (80, lambda: _failure(samples.extra_message())),
    "failure-missing-pong": (80, lambda: _failure(samples.missing_pong())),
    "failure-close-code": (80, lambda: _failure(samples.wrong_code())),
    "failure-rules": (80, lambda: _failure(samples.masked())),
    "failure-accept": (80, lambda: _failure(samples.wrong_accept())),
    "failure-refused": (80, lambda: _failure(samples.refused())),
    "failure-16-mib": (80, lambda: _failure(samples.large())),
    "failure-hostile": (80, lambda: _failure(samples.hostile())),
    "failure-compressed": (80, lambda: _failure(samples.compressed_flipped())),
    "failure-not-inflated": (80, lambda: _failure(samples.spoilt())),
    "verbose-digests": (80, lambda: terminal.verbose(samples.digests())),
    "show-compressed": (80, lambda: _show(samples.compressed())),
    "show-not-inflated": (80, lambda: _show(samples.spoilt())),
    "show-digests": (80, lambda: _show(samples.digests())),
    "verbose": (80, lambda: terminal.verbose(samples.flipped())),
    "verbose-hostile": (80, lambda: terminal.verbose(samples.hostile())),
    "show": (80, lambda: _show(samples.fragmented())),
    "show-rules": (80, lambda: _show(samples.masked())),
    "show-wide": (160, lambda: _show(samples.masked())),
    "lines": (80, lambda: _lines(80)),
    "failure-worse-than-expected": (80, lambda: _failure(samples.judged_of(samples.expected_run(), 2))),
    "lines-expected": (80, lambda: _of_run(samples.expected_run(), 80)),
    "summary-expected": (80, lambda: terminal.summary(samples.expected_run())),
    "summary-shortened": (80, lambda: terminal.summary(samples.shortened_run())),
    "lines-wide": (120, lambda: _of_run(samples.shortened_run(), 120)),
    "summary": (80, lambda: terminal.summary(samples.run())),
}


@pytest.mark.parametrize("name", RENDERED)
def test_a_terminal_shows(name: str) -> None:
    width, render = RENDERED[name]
    expected = (GOLDEN / f"terminal-{name}.txt").read_text(encoding="utf-8")
    assert terminal.as_text(render(), width) == expected


def test_no_text_is_left_over() -> None:
    assert {path.stem.removeprefix("terminal-") for path in GOLDEN.glob("terminal-*.txt")} == set(RENDERED)


if __name__ == "__main__":
    for name, (width, render) in RENDERED.items():
        (GOLDEN / f"terminal-{name}.txt").write_text(terminal.as_text(render(), width), encoding="utf-8")
