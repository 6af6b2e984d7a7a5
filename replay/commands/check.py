"""`replay check`: the verdicts on wire logs, offline, by all processors or by a Dask cluster."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from replay.commands.options import with_options
from replay.commands.selection import passed_over
from replay.config.check_options import CHECK
from replay.source import SourceError

if TYPE_CHECKING:
    from replay.campaign.outputs import WantedReport
    from replay.commands.checked import Checked, How, Place
    from replay.commands.lint import Lint
    from replay.live.mapped import Mapped, Pool


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="LOG...")
@with_options(*CHECK)
def check(
    paths: tuple[str, ...],
    connection: int | None,
    as_: str | None,
    keylog: Path | None,
    profile: str,
    strict: bool,
    jobs: int | None,
    dask: str | None,
    report: tuple[WantedReport, ...],
    json: bool,
    verbose: bool,
    quiet: bool,
) -> None:
    """Judge logs offline: each by the test case that it names, or else by the rules of the RFCs alone.

    A file that can't be read doesn't stop the others.

    \b
    replay check my.wirelog
    replay check talk.pcap
    replay check --quiet --report junit=report.xml captures/
    replay check --profile rfc .replay/last
    pbpaste | replay check -
    """
    from replay.campaign.outputs import STDOUT, Outputs, WantedReport
    from replay.cases.model import Profile
    from replay.commands.checked import How
    from replay.commands.given import wanted
    from replay.commands.lint import Asked, Lint
    from replay.commands.output import new_console
    from replay.commands.stored import places
    from replay.report.formats import FORMATS

    reports = [*report, WantedReport("json", STDOUT)] if json else report
    for one in reports:
        if FORMATS[one.format].folder:
            said = f"--report {one.format}: this needs the octets of all cases, which only a run keeps"
            raise SourceError(None, said, "`replay run LOG...` plays logs", "report")
    outputs = Outputs(reports, os.environ, strict)
    console = new_console(stderr=outputs.take_stdout)
    lint = Lint(console, outputs, Asked(profile, strict, verbose, quiet))
    listed = list(places(paths, passed_over, lint.fault))
    keylog = None if keylog is None else keylog.absolute()
    taken = wanted(connection, as_, keylog)
    how = How(taken, Profile(profile), strict, verbose, console.width, len(listed) > 1, outputs.asked)
    _judge(listed, how, jobs, dask, lint)
    sys.exit(lint.finish(len(listed)))


def _judge(listed: list[Place], how: How, jobs: int | None, dask: str | None, lint: Lint) -> None:
    """Pass the verdicts on, in order. After ^C, these are the ones that there are."""
    from replay.commands.checked import checked, each
    from replay.live import mapped

    called = partial(checked, how=how)
    answers: Mapped[Place, tuple[Checked | str, ...]] | None = None
    try:
        with ExitStack() as stack:
            pool: Pool | None = None
            if dask is not None:
                listed = [_everywhere(place) for place in listed]
                pool = stack.enter_context(mapped.dask(dask))
            elif (number := _processes(listed, jobs)) > 1:
                pool = stack.enter_context(mapped.processes(number))
            advance = stack.enter_context(lint.progress([_octets(place) for place in listed]))
            if pool is None:
                for number, place in enumerate(listed):
                    lint.take(place, each(place, how))
                    advance(number)
                return
            answers = mapped.Mapped(pool, called, listed)
            for number, (place, answer) in enumerate(answers):
                lint.take(place, answer)
                advance(number)
    except KeyboardInterrupt:
        lint.interrupted = True
        if answers is not None:
            for place, answer in answers.finished():
                lint.take(place, answer)
    except SourceError as error:
        lint.fault(error)


def _processes(listed: list[Place], jobs: int | None) -> int:
    """How many processes judge, besides this one; standard input can only be read in this one."""
    from replay.live.mapped import processors

    return 1 if "-" in listed else min(jobs or processors(), len(listed))


def _everywhere(place: Place) -> Place:
    """The same file from any folder. Raises SourceError for standard input."""
    from replay.commands.checked import StoredAs

    if isinstance(place, StoredAs):
        return StoredAs(place.folder.absolute(), place.number)
    if place == "-":
        raise SourceError(None, "--dask can't judge what is on standard input", about="dask")
    return str(Path(place).absolute())


def _octets(place: Place) -> int:
    """How much there is to read, for the progress."""
    try:
        return 2**12 + (Path(place).stat().st_size if isinstance(place, str) else 0)
    except (OSError, ValueError):
        return 2**12
