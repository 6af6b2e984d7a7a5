"""The formats of reports, in one table. All except the page are pure functions of the results of some
runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from replay.report import autobahn, badge, github, gitlab, json_lines, junit, markdown, tap
from replay.verdict.result import RunResult


class Format(NamedTuple):
    about: str
    render: Callable[[Sequence[RunResult]], str] | None  # None: made by `pages` from what is stored
    folder: bool = False  # a file for each case, and INDEX from this function


FORMATS = {
    "autobahn": Format("a folder: index.json and a JSON for each case", autobahn.index, folder=True),
    "badge": Format("a badge for a README, in SVG", badge.svg),
    "github": Format("annotations of a GitHub workflow", github.commands),
    "gitlab": Format("GitLab's Code Quality, in JSON", gitlab.code_quality),
    "html": Format("a page to look at, in one file: `replay report` makes it too", None),
    "json": Format("a line of JSON for each case and run", json_lines.lines),
    "junit": Format("JUnit XML: GitLab, Jenkins and most others", junit.xml),
    "markdown": Format("a summary in Markdown", markdown.summary),
    "shields": Format("a badge for shields.io, in JSON", badge.endpoint),
    "tap": Format("Test Anything Protocol 13", tap.lines),
}
