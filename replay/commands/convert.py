"""`replay convert`: logs in other formats, and those of stored runs as files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from replay.commands.output import CommandFault
from replay.commands.selection import passed_over
from replay.source import SourceError, printable, strerror

if TYPE_CHECKING:
    from replay.suite.logs import LogFile
    from replay.trace.model import Trace
    from replay.verdict.result import Judged

STDOUT = "-"


def _wirelog(logs: Sequence[Chosen]) -> Iterator[bytes]:
    from replay.trace.wirelog import storable

    for _, log, _ in logs:
        octets = storable(log.trace)
        if octets is None:
            raise SourceError(None, f"{printable(log.name)}: as text, this log would be too large")
        yield octets


def _pcapng(logs: Sequence[Chosen]) -> Iterator[bytes]:
    from replay.export import left_out, pcapng

    _tell(logs, left_out.from_packets)
    yield from pcapng.written(log.trace for _, log, _ in logs)


def _text2pcap(logs: Sequence[Chosen]) -> Iterator[bytes]:
    from replay.export import left_out, text2pcap

    for each in logs:
        log = each.log
        if text2pcap.has_gap(log.trace):
            said = f"{printable(log.name)}: octets are missing, which text for text2pcap can't say"
            raise SourceError(None, said, "write a .pcapng instead")
        _tell([each], left_out.from_text2pcap)
        for line in text2pcap.written(log.trace):
            yield f"{line}\n".encode()


def _markdown(logs: Sequence[Chosen]) -> Iterator[bytes]:
    from replay.report.bug_report import bug_report
    from replay.trace.wirelog import write

    for _, log, judge in logs:
        yield bug_report(judge(), write(log.trace)).encode("utf-8", "replace")


def _tell(logs: Sequence[Chosen], left_out: Callable[[Trace], Iterable[str]]) -> None:
    """Say what the format doesn't hold, once for all logs of which it is true."""
    found: dict[str, list[str]] = {}
    for _, log, _ in logs:
        for said in left_out(log.trace):
            found.setdefault(said, []).append(log.name)
    for said, names in found.items():
        others = f" and {len(names) - 1} more" if len(names) > 1 else ""
        click.echo(f"note: {printable(names[0])}{others}: {said}", err=True)


class Chosen(NamedTuple):
    """A log that is converted."""

    name: str  # for its file
    log: LogFile
    judge: Callable[[], Judged]  # by what it was recorded for


class Form(NamedTuple):
    """A format that logs are written in."""

    suffix: str
    write: Callable[[Sequence[Chosen]], Iterable[bytes]]
    several: bool = False  # whether a file has room for several connections


FORMS = {
    "wirelog": Form(".wirelog", _wirelog),
    "pcapng": Form(".pcapng", _pcapng, several=True),
    "text2pcap": Form(".txt", _text2pcap),
    "markdown": Form(".md", _markdown),
}


@click.command()
@click.argument("source", metavar="IN")
@click.argument("output", metavar="OUT")
@click.argument("ids", nargs=-1, metavar="[ID|GLOB]...")
@click.option("--to", type=click.Choice([*FORMS]), help="The format, if OUT doesn't say it by its suffix.")
def convert(source: str, output: str, ids: tuple[str, ...], to: str | None) -> None:
    """Write logs in another format. IN is a log, a folder of logs or a stored run, from which an ID or a
    GLOB selects cases. OUT is a file, whose suffix says the format, a folder, which gets a file for each
    log, or - for standard output.

    \b
    .wirelog   a wire log
    .pcapng    a capture, for Wireshark; it may have several connections
    .txt       text from which text2pcap makes a capture
    .md        Markdown for a bug report: verdict, rules broken, handshake, frames and the log

    \b
    replay convert .replay/last logs/
    replay convert .replay/last logs/ '6.4.*' 1.2.3
    replay convert .replay/last bug.md 6.4.1
    replay convert my.wirelog my.pcapng
    """
    logs = _logs(source, ids)
    suffixes = {form.suffix: name for name, form in FORMS.items()}
    path = Path(output)
    known = suffixes.get(path.suffix.lower())
    form = FORMS[to or known or "wirelog"]
    if output == STDOUT or (not output.endswith("/") and not path.is_dir() and (known or path.suffix)):
        if not (known or to or output == STDOUT):
            known_ones = ", ".join(suffixes)
            raise CommandFault(
                f"{printable(output)}: unknown suffix; expected {known_ones}, or --to FORMAT"
            )
        _write_one(output, form, list(logs))
        return
    count = 0
    for each in logs:
        _write(path / f"{each.name}{form.suffix}", form.write([each]))
        count += 1
    click.echo(f"{printable(output)}: {_count(count)}")


def _logs(source: str, ids: Sequence[str]) -> Iterator[Chosen]:
    """The logs. Raises SourceError."""
    from replay import flows
    from replay.commands.stored import chosen, runs_in
    from replay.store.folder import log_name
    from replay.store.reader import load
    from replay.suite.files import case_name, logs
    from replay.suite.logs import LogFile

    if runs := runs_in(source):
        if len(runs) > 1:
            said = f"{printable(source)}: {len(runs)} runs are stored here"
            raise SourceError(None, said, f"name one of them, as in {printable(str(runs[0]))}")
        stored = load(runs[0])
        judge = flows.judging(stored)
        for case, log in chosen(stored, ids, passed_over):
            name = log_name(case.number, case.id, len(stored.cases)).removesuffix(".wirelog")
            file = LogFile(log.name, log.trace(), ())
            yield Chosen(name, file, partial(judge, case, file))
        return
    if ids:
        said = f"{printable(source)} is no stored run, so there are no cases to select: {' '.join(ids)}"
        raise CommandFault(said)
    told: set[str] = set()  # a warning may be about the file, with all its connections
    for each in logs([source], passed_over):
        for warning in each.warnings:
            if warning not in told:
                click.echo(f"warning: {warning}", err=True)
        told.update(each.warnings)
        yield Chosen(case_name(each.name), each, partial(flows.check, each))


def _write_one(output: str, form: Form, logs: Sequence[Chosen]) -> None:
    if len(logs) > 1 and not form.several:
        said = f"{printable(output)}: {_count(len(logs))} can't be in one file of this format"
        raise CommandFault(f"{said}; name a folder, as in `logs/`")
    if output == STDOUT:
        for octets in form.write(logs):
            click.echo(octets, nl=False)
        return
    _write(Path(output), form.write(logs))
    click.echo(f"{printable(output)}: {_count(len(logs))}", err=True)


def _write(path: Path, pieces: Iterable[bytes]) -> None:
    from replay import whole_file

    octets = b"".join(pieces)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        whole_file.write(path, octets)
    except OSError as error:
        raise CommandFault(f"{path}: {strerror(error)}") from None


def _count(logs: int) -> str:
    from replay.report import words

    return words.count(logs, "log")
