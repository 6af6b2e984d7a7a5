"""Plays the suites with engines from their registries, and writes the tables of what was found.

    python -m record                          every engine, every release, both suites
    python -m record ws tornado --suite rfc   only these engines, only this suite
    python -m record --stored --page docs     plays nothing; writes the tables of the runs that are there,
                                              and those of the documentation

Releases are installed into --cache. Debian's packages have to be there already. An engine that can't be
installed or started is listed as not run, with the reason. The tables are written after each release, and a
run is stored as it goes on, so ^C leaves what is there. A release whose run is complete isn't played once
more, unless --again asks for it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from record import tables
from record.engines import ENGINES, Engine, Role
from record.plays import SUITES, Play, play
from record.registries import Installed, NotInstalled, install
from record.rows import UNKNOWN

CACHE = Path(".cache/record")


def main() -> None:
    asked = arguments()
    engines = [ENGINES[name] for name in asked.engines or ENGINES]
    every = tuple(ENGINES.values())
    try:
        for engine, release in () if asked.stored else wanted(engines, asked.newest):
            record(engine, release, asked)
            tables.write(every, asked.out)
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        tables.write(every, asked.out)
        if asked.page is not None:
            tables.write_page(every, asked.out, asked.page)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m record", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    add = parser.add_argument
    add("engines", nargs="*", metavar="ENGINE", help=", ".join(ENGINES))
    add("--suite", action="append", choices=SUITES, help="default: each of them")
    add("--role", action="append", choices=("server", "client"), help="default: both")
    add("--whole", action="store_true", help="play all 517 cases of autobahn instead of the 247 light ones")
    add("--newest", action="store_true", help="leave out the older releases")
    add("--again", action="store_true", help="play again what has been played")
    add("--stored", action="store_true", help="play nothing")
    add("--out", type=Path, default=CACHE / "out", help="the folder of runs and tables")
    add("--cache", type=Path, default=CACHE, help="the folder into which releases are installed")
    add("--page", type=Path, metavar="FOLDER", help="also write FOLDER/record.md")
    asked = parser.parse_intermixed_args()
    if unknown := sorted(set(asked.engines) - ENGINES.keys()):
        parser.error(f"no engine is called {', '.join(unknown)}; there are {', '.join(ENGINES)}")
    asked.out, asked.cache = asked.out.resolve(), asked.cache.resolve()
    return asked


def wanted(engines: Sequence[Engine], newest: bool) -> Iterator[tuple[Engine, str | None]]:
    """The releases to play: the current ones first, as they matter most."""
    for depth in range(1 if newest else max(len(engine.releases) for engine in engines) or 1):
        for engine in engines:
            if depth < len(engine.releases):
                yield engine, engine.releases[depth]
            elif depth == 0:
                yield engine, None


def record(engine: Engine, release: str | None, asked: argparse.Namespace) -> None:
    """Play what is asked for with one release, and note why what isn't played isn't."""
    roles: Sequence[Role] = [role for role in engine.roles if role in (asked.role or engine.roles)]
    todo = [(role, suite) for role in roles for suite in asked.suite or SUITES]
    try:
        installed = install(engine, release, asked.cache)
    except NotInstalled as error:
        for role, suite in todo:
            note(Play(engine, release or UNKNOWN, role, suite), str(error), asked.out)
        return
    for role, suite in todo:
        about = Play(engine, installed.release, role, suite)
        if asked.again or not about.is_there(asked.out):
            played(installed, about, asked)


def played(installed: Installed, about: Play, asked: argparse.Namespace) -> None:
    began = time.monotonic()
    note(about, play(installed, about, asked.out, asked.whole), asked.out)
    print(f"{about.name}, {about.role}, {about.suite}: {time.monotonic() - began:.0f} s", file=sys.stderr)


def note(about: Play, fault: str | None, out: Path) -> None:
    """Keep what is wrong with a run beside it."""
    file = about.fault(out)
    file.parent.mkdir(parents=True, exist_ok=True)
    if fault is None:
        file.unlink(missing_ok=True)
    else:
        file.write_text(fault + "\n", encoding="utf-8")
        print(f"{about.name}, {about.role}, {about.suite}: {fault}", file=sys.stderr)


if __name__ == "__main__":
    main()
