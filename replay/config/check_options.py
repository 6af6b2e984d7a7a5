"""The options of `replay check`, which reads no config."""

from __future__ import annotations

from replay.config.option import Kind, Option
from replay.config.options import JSON, PROFILE, QUIET, RECORDING, REPORT, STRICT, VERBOSE
from replay.forms import JOBS

CHECK = (
    *RECORDING,
    PROFILE,
    STRICT,
    Option(
        "jobs",
        JOBS,
        "Judge in this many processes instead of one for each processor.",
        short="-j",
    ),
    Option(
        "dask",
        Kind.TEXT,
        "Judge by the workers of the Dask scheduler at this address, which open the files by the same "
        "absolute paths.",
        metavar="ADDRESS",
    ),
    REPORT._replace(
        help="Write a report in one of the formats html, junit, tap, markdown, json, gitlab, github, badge "
        "and shields; '-' as the file is standard output."
    ),
    JSON,
    VERBOSE,
    QUIET,
)
