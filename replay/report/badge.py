"""A badge of one line: for a README, or for shields.io to draw."""

from __future__ import annotations

import json
from collections.abc import Sequence

from replay.report.tally import CountedAs, tally
from replay.verdict.result import RunResult

LABEL = "websocket"

_COLOURS = {"brightgreen": "#4c1", "yellow": "#dfb317", "red": "#e05d44"}
_WIDTH = 7  # the approximate width of a character
_SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img">
<title>{label}: {message}</title>
<rect rx="3" width="{width}" height="20" fill="#555"/>
<path d="M{left} 0h{flat}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-{flat}z" fill="{colour}"/>
<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
<text x="{label_at}" y="14" textLength="{label_width}">{label}</text>
<text x="{message_at}" y="14" textLength="{message_width}">{message}</text>
</g>
</svg>
"""


def svg(runs: Sequence[RunResult]) -> str:
    message, colour = _said(runs)
    left, right = (len(text) * _WIDTH + 10 for text in (LABEL, message))
    return _SVG.format(
        width=left + right,
        left=left,
        flat=right - 3,
        colour=_COLOURS[colour],
        label=LABEL,
        message=message,
        label_at=left / 2,
        label_width=left - 10,
        message_at=left + right / 2,
        message_width=right - 10,
    )


def endpoint(runs: Sequence[RunResult]) -> str:
    """JSON for https://img.shields.io/endpoint?url=…"""
    message, colour = _said(runs)
    said = {"schemaVersion": 1, "label": LABEL, "message": message, "color": colour}
    return json.dumps({**said, "isError": colour == "red"}) + "\n"


def _said(runs: Sequence[RunResult]) -> tuple[str, str]:
    """'517 of 517', '301 of 517, 216 unimplemented' or '3 of 517 failed', and a colour."""
    found = tally(runs)
    if found.troubles:
        return ("interrupted" if all(run.unreached is None for run in runs) else "not reached"), "red"
    if failed := found.counts[CountedAs.FAILED]:
        said, colour = f"{failed} of {found.total} failed", "red"
    else:
        good = found.counts[CountedAs.PASSED] + found.counts[CountedAs.FLAKY]
        said, colour = f"{good} of {found.total}", "brightgreen" if good == found.total else "yellow"
    if lacking := found.counts[CountedAs.UNIMPLEMENTED]:
        said += f", {lacking} unimplemented"
    if unjudged := found.counts[CountedAs.UNJUDGED]:
        said += f", {unjudged} unjudged"
    if expected := found.counts[CountedAs.EXPECTED]:
        said += f", {expected} expected to fail"
    return said, colour
