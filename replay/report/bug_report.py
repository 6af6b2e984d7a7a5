"""A connection in Markdown, for a bug report: the verdict, the rules that were broken, the handshake and
the frames, the wire log, and the commands that judge and play it."""

from __future__ import annotations

from collections.abc import Iterator

from replay import limits
from replay.report import frames, safe, words
from replay.report.layout import as_text
from replay.report.markdown_text import fenced, plain
from replay.verdict.result import Judged
from replay.wire.side import Side

WIDTH = 140
"""Columns of the frames; longer lines are cut."""

MOST = limits.BUG_REPORT.default
"""The most characters of a report: GitHub's limit of an issue is 65,536."""


def bug_report(result: Judged, log: str) -> str:
    """`log` is the wire log of the result."""
    pieces = [*_verdict(result), *_commands(result)]
    room = MOST - sum(map(len, pieces)) - 1000
    shown = as_text(frames.show(result.trace, result.events), WIDTH).rstrip("\n")
    shown, rest = _cut(shown, room // 2)
    pieces[-1:-1] = [
        "#### Handshake and frames\n",
        fenced(shown) + (f"\n\n{rest}" if rest else ""),
        "",
        "<details><summary>Wire log</summary>\n",
        _log(log, room - len(shown)),
        "\n</details>\n",
    ]
    return "\n".join(pieces)


def _verdict(result: Judged) -> Iterator[str]:
    names = [name for name in (result.case.id, result.case.title) if name]
    yield f"### {plain(': '.join(names), 300)}\n"
    if agent := result.trace.header("agent"):
        yield f"Agent: {plain(agent, 200)}\n"
    yield f"Verdict: **{result.heading}**" + (f", {plain(result.why, 600)}" if result.why else "") + "\n"
    for breach in result.broken:
        said = f"{words.reference(breach.rule)}, {words.level(breach.rule)}: {words.sentence(breach.rule)}"
        where = f"at octet {breach.start} that the {breach.side.value} sent"
        yield f"- {plain(said, 600)} Here, {where}: {plain(breach.detail, 400)} (`{breach.rule}`)"
    yield ""


def _commands(result: Judged) -> Iterator[str]:
    player = "run" if result.trace.recorder is Side.CLIENT else "serve"
    target = " --url ws://HOST:PORT" if player == "run" else ""
    yield (
        "To see it again, save the wire log as `bug.wirelog`. `replay check bug.wirelog` judges it, and "
        f"`replay {player} bug.wirelog{target}` plays what the {result.trace.recorder.value} sent.\n"
    )


def _log(log: str, room: int) -> str:
    log = "\n".join(safe.escape(line, len(line)) for line in log.rstrip("\n").splitlines())
    if len(log) > room:
        return "The log is too long for a report: attach it as a file."
    return fenced(log)


def _cut(shown: str, room: int) -> tuple[str, str]:
    """The lines that there is room for, and a sentence about the others."""
    if len(shown) <= room:
        return shown, ""
    kept = shown[:room].rpartition("\n")[0]
    left = shown.count("\n", len(kept))
    return kept, f"{words.count(left, 'more line')} aren't shown."
