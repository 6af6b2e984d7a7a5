"""Writes traces/: each case of the bundled specs, played against the built-in server in memory.

    python -m tests.record

1.2.3 is the log of the report that the project grew from.
"""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from replay import __version__
from replay.cases.model import Case
from replay.report.diff import SUITE
from replay.source import Source
from replay.suite.files import bundled, known
from replay.trace.model import Trace
from replay.trace.wirelog import parse, write
from replay.wire.side import Side
from tests.memory import echo, join, player

HEAVY = ("09-limits", "12-deflate", "13-deflate-parameters")
"""The sections whose logs are left out: they would show nothing that the specs don't."""

SEED = Path(__file__).parent / "fixtures" / "autobahn-case-1.2.3-report.txt"


def recorded(id: str) -> Trace:
    """The trace that is kept for a case; without times, which would differ with each recording."""
    if id == "1.2.3":
        return parse(Source.read(SEED)).trace
    own = player(known()[id])
    join(own, echo())
    entries = tuple(replace(entry, at=None) for entry in own.entries)
    return Trace(Side.CLIENT, entries, (("agent", f"replay echo/{__version__}"), ("case", id)))


def section(case: Case) -> str:
    """The folder of the bundled specs that a case stands in."""
    assert case.span is not None
    return Path(case.span.source.name.removeprefix(SUITE)).parent.name


def main() -> None:
    for id, case in known().items():
        if (folder := section(case)) not in HEAVY:
            path = bundled("traces") / folder / f"{id}.wirelog"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(write(recorded(id)))


if __name__ == "__main__":
    main()
