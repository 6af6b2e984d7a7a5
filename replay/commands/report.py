"""`replay report`: runs side by side in one HTML file, or as a page served on this machine."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from replay.commands.options import StoredAt, WholeNumber
from replay.commands.output import CommandFault
from replay.source import strerror

if TYPE_CHECKING:
    from replay.report.html.model import Column
    from replay.verdict.result import RunResult

OUTPUT = Path("replay-report.html")


@click.command()
@click.argument("folders", nargs=-1, type=StoredAt(), metavar="[DIR...]")
@click.option(
    *("-o", "--out", "output"),
    type=click.Path(dir_okay=False, path_type=Path),
    default=OUTPUT,
    show_default=True,
    help="Write the page to this file.",
)
@click.option("--open", "opened", is_flag=True, help="Show the page in a browser.")
@click.option(
    "--serve",
    "serving",
    is_flag=True,
    help="Serve the page on this machine instead, up to date while a run goes on.",
)
@click.option(
    "--port", type=WholeNumber(0, 65535), default=0, help="Serve on this port instead of any free one."
)
def report(folders: tuple[Path, ...], output: Path, opened: bool, serving: bool, port: int) -> None:
    """Write a page that shows runs side by side: one HTML file that needs nothing else.

    Each DIR is a stored run, a folder of stored runs, or a report of Autobahn|Testsuite. The default is
    .replay/last. The other runs are compared with the first one.

    \b
    replay report --open
    replay report .replay/previous .replay/last --out changes.html
    replay report .replay/clients reports/servers
    """
    if port and not serving:
        raise click.UsageError("--port needs --serve")
    given = folders or (Path(".replay", "last"),)
    if serving:
        _serve(given, port, opened)
        return
    from replay.campaign import columns as run_columns
    from replay.campaign import pages

    columns = run_columns.columns(given, pages.beside(output.parent))
    write(columns, output)
    said = f"{len(columns)} run{'s' if len(columns) != 1 else ''}, {output.stat().st_size / 1e6:.1f} MB"
    click.echo(f"{output}: {said}")
    if opened:
        show(output.resolve().as_uri())


def write(columns: Sequence[Column], output: Path) -> None:
    """Write the page completely or not at all. Raises CommandFault."""
    from replay.campaign import pages

    try:
        pages.write(columns, output)
    except OSError as error:
        raise CommandFault(f"{output}: {strerror(error)}") from None


def show(address: str, err: bool = False) -> None:
    """Open a page in a browser if a person is there to look at it; otherwise only print its address."""
    import webbrowser

    if not (sys.stdout.isatty() and webbrowser.open(address)):
        click.echo(address, err=err)


def show_runs(runs: Sequence[RunResult], folder: Path, err: bool) -> None:
    """Show runs that have just ended as a page in a folder. Raises CommandFault."""
    from replay.campaign import pages

    page = folder / "report.html"
    write(pages.of(runs, folder), page)
    show(page.resolve().as_uri(), err)


def _serve(folders: tuple[Path, ...], port: int, opened: bool) -> None:
    from replay.commands.report_page import Desk
    from replay.live import page_server

    def listening(address: str) -> None:
        click.echo(f"{address} (press ^C to end)")
        if opened:
            show(address)

    try:
        page_server.serve(Desk(folders).answer, port, listening)
    except OSError as error:
        raise CommandFault(f"port {port}: {strerror(error)}") from None
