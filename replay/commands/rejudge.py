"""`replay rejudge`: the verdicts on a stored run, derived again."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from replay.commands.options import with_options
from replay.commands.output import FAULTY, new_console
from replay.config.options import JSON, REPORT
from replay.source import printable

if TYPE_CHECKING:
    from replay.campaign.outputs import WantedReport


@click.command()
@click.argument("directory", default=".replay/last", type=click.Path(path_type=Path), metavar="[DIR]")
@with_options(REPORT, JSON)
def rejudge(directory: Path, report: tuple[WantedReport, ...], json: bool) -> None:
    """Judge the logs of a stored run again, offline, and show which verdicts differ from the stored ones.

    \b
    replay rejudge
    replay rejudge runs/tuesday --report junit=report.xml
    """
    from replay import flows
    from replay.campaign.explain import Explainer
    from replay.campaign.outputs import STDOUT, Outputs, WantedReport
    from replay.report import terminal, words
    from replay.suite import files as suite
    from replay.verdict.result import kept
    from replay.wire.side import Side

    wanted = [*report, WantedReport("json", STDOUT)] if json else report
    stored, again = flows.rejudge(directory)
    outputs = Outputs(wanted, {}, places=suite.places() if stored.tester is Side.CLIENT else None)
    track, explain = outputs.track(stored.agent or None), Explainer()
    console = new_console(stderr=outputs.take_stdout)
    counts, results = Counter[str](), []
    for number, one in enumerate(again):
        counts["unreadable" if one.result is None else "agree" if one.agrees else "differ"] += 1
        if one.result is None:
            click.echo(f"error: {printable(one.case.id)}: {one.fault}", err=True)
            continue
        if not one.agrees:
            console.print(terminal.line(one.result, console.width, note="differs from what is stored"))
            console.print(terminal.failure(one.result, None))
        if outputs.asked:
            result = explain(one.result)
            track.add(number, result)
            results.append(kept(result))
    outputs.finish([flows.stored_run(stored, results)])
    for fault in outputs.faults:
        click.echo(f"error: {fault}", err=True)
    said = ", ".join(f"{counts[word]} {word}" for word in ("agree", "differ", "unreadable"))
    click.echo(f"{words.count(counts.total(), 'case')} rejudged: {said}", err=outputs.take_stdout)
    if stored.partial is not None:
        click.echo(stored.partial, err=outputs.take_stdout)
    sys.exit(FAULTY if counts["unreadable"] or outputs.faults else int(counts["differ"] > 0))
