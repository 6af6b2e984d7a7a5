"""What folders contain for a report: runs that replay stored, and reports of Autobahn|Testsuite."""

from __future__ import annotations

import html
import json
import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from replay import json_text
from replay.campaign.judged import judged, offline
from replay.campaign.rejudged import Observed, Rejudged, observing
from replay.cases.model import Behaviour
from replay.expected import index
from replay.expected.index import IndexedCase
from replay.forms import RFC
from replay.report import safe
from replay.report.html import model
from replay.report.html.abridged import abridged
from replay.report.html.model import Column, Detail, PageCase
from replay.report.verdict_words import in_words
from replay.source import MAX_FILE, Source, SourceError, file_error, printable, read_octets
from replay.store.folder import holds_run, run_folder
from replay.store.reader import load
from replay.store.stored_run import StoredCase, StoredRun
from replay.suite.files import Item, expectation, known_case
from replay.suite.logs import read_log
from replay.verdict.result import CaseResult, ClosingVerdict, RunResult
from replay.verdict.stored_verdict import StoredVerdict

Link = Callable[[Path, Callable[[], bytes]], str | None]
"""The address for a link on the page to a file, and to what it holds, which may be kept elsewhere; None:
there is none."""

_BREAK = re.compile(r"<br\s*/?>")

INDEX = "index.json"

_WORDS = {
    "description": "description",
    "expectation": "expectation",
    "result": "result",
    "resultClose": "closing",
    "wasNotCleanReason": "not clean",
    "expected": "expected",
    "received": "received",
}
"""The fields of a case's report that are shown, and their labels."""


def columns(folders: Sequence[Path], link: Link) -> list[Column]:
    """The runs in these folders, or in their subfolders if they contain none, in this order.

    Raises SourceError.
    """
    found = [(folder, column) for given in folders for folder, column in _found(given, link)]
    counts = Counter(column.name for _, column in found)
    return [
        replace(column, name=f"{column.name} · {printable(folder.name)}")
        if counts[column.name] > 1
        else column
        for folder, column in found
    ]


def _found(given: Path, link: Link) -> Iterator[tuple[Path, Column]]:
    folder = given.parent if given.name == INDEX else run_folder(given)
    try:
        inside = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    except OSError as error:
        raise file_error(folder, error) from None
    for each in (folder,) if _holds(folder) else filter(_holds, inside):
        if holds_run(each):
            yield each, _stored(load(each), link)
        else:
            yield from ((each, column) for column in _imported(each / INDEX, link))
    if not _holds(folder) and not any(map(_holds, inside)):
        hint = (
            "runs are in .replay/last or the folder given by --out; Autobahn's reports have an index.json"
        )
        raise SourceError(None, f"{printable(str(given))}: no run and no report is stored here", hint)


def _holds(folder: Path) -> bool:
    return holds_run(folder) or (folder / INDEX).is_file()


# Runs of replay.


def column(run: RunResult, directory: Path, link: Link) -> Column:
    """A run that is in memory and stored there. If the verdict on a case has changed since it was stored,
    the new one counts. Raises SourceError."""
    found = _stored(load(directory), link)
    results: dict[str, list[CaseResult]] = {}
    for result in run.results:
        results.setdefault(safe.escape(result.case.id, 200), []).append(result)
    told = {
        id: replace(each, verdict=in_words(results[each.id].pop(0))) if results.get(each.id) else each
        for id, each in found.told.items()
    }
    return replace(found, told=told)


def _stored(run: StoredRun, link: Link) -> Column:
    observed = observing(run)
    told = [
        _faulty(case, case.fault or "")
        if case.verdict is None
        else _verdict(run, case, case.verdict, observed, link)
        for case in run.cases
        if case.here
    ]
    waiting = {
        safe.escape(case.id, 200): safe.escape(case.title, 300) for case in run.cases if not case.here
    }
    moments = [case.verdict.began for case in run.cases if case.verdict and case.verdict.began]
    about = [f"{safe.escape(min(moments)[:16]).replace('T', ' ')} UTC"] if moments else []
    about += [] if run.duration is None else [f"{run.duration:.2f} s"]
    about += [] if run.seed is None else [f"seed {run.seed}"]
    if not (run.suite or "").startswith(f"{RFC}@"):  # its cases are judged by the text under each profile
        about.append(f"profile {run.profile.value}")
    about.append(f"replay {safe.escape(run.version, 40)}")
    about += [f"suite {safe.escape(run.suite, 40)}"] if run.suite else []
    return Column(
        name=safe.escape(run.agent or run.address, 80),
        told=model.by_id(told),
        planned=len(run.cases),
        waiting=waiting,
        address=safe.escape(run.address, 120),
        about=tuple(about),
        state="" if run.partial is None else run.partial,
        running=run.state == "running",
    )


def _verdict(
    run: StoredRun,
    case: StoredCase,
    verdict: StoredVerdict,
    observed: Observed,
    link: Link,
) -> PageCase:
    def detail(room: int) -> Detail:
        try:
            item, trace = observed(case, verdict)
            said = abridged(verdict, item.case, trace, run.tester, room) or _judged_again(
                Rejudged(case, judged(item, trace, run.tester)), room
            )
            said |= _of_run(verdict)
        except SourceError as error:
            said = _said(verdict, str(error))
        if case.log is None:
            return said
        shows = (
            f"replay show {shlex.quote(printable(str(run.directory)))} {shlex.quote(printable(case.id))}"
        )
        return said | _linked(case.log.file, case.log.read, link, shows, said.get("commands", ()))

    return model.of_verdict(verdict, detail, 0 if case.log is None else case.log.size)


def _judged_again(one: Rejudged, room: int) -> Detail:
    assert one.result is not None
    said = model.in_full(one.result, room)
    if not one.agrees:
        note = "this version of replay judges the case differently: `replay rejudge` shows how"
        said["notes"] = [note, *said["notes"]]
    return said


def _of_run(verdict: StoredVerdict) -> Detail:
    """What is known about the run in which a verdict was given."""
    said: Detail = (
        {} if verdict.expected is None else {"expected": safe.escape(verdict.expected.words, 600)}
    )
    return said | ({"commands": [safe.escape(verdict.again, 600)]} if verdict.again else {})


def _linked(
    file: Path, read: Callable[[], bytes], link: Link, shows: str, commands: Sequence[str] = ()
) -> Detail:
    """Where a log is, and commands for it."""
    address = link(file, read)
    said: Detail = {} if address is None else {"file": [printable(str(file)), address]}
    return said | {"commands": [*commands, shows]}


def _said(verdict: StoredVerdict, fault: str) -> Detail:
    """What is stored about a verdict whose log isn't available."""
    divergence = "none" if verdict.divergence is None else verdict.divergence.words
    rows = [("closing", verdict.closing_reason), ("divergence", divergence)]
    rows += [("breaks", f"{each.rule}, at octet {each.offset}") for each in verdict.broken[:20]]
    rows += [("unjudged", verdict.unjudged)] if verdict.unjudged is not None else []
    rows += [("note", note) for note in verdict.notes]
    return {
        "fault": f"The log can't be shown: {safe.escape(fault, 400)}",
        "stored": [[key, safe.escape(value, 400)] for key, value in rows],
    }


def _faulty(case: StoredCase, fault: str) -> PageCase:
    said = {"fault": safe.escape(fault, 400)}
    return PageCase(case.id, safe.escape(case.title, 300), None, lambda room: dict(said))


# Reports of Autobahn|Testsuite.


def _imported(path: Path, link: Link) -> Iterator[Column]:
    """The agents of an index.json."""
    for agent, cases in index.read(Source.read(path)).items():
        told = model.by_id(_of_report(path, case, link) for case in cases)
        yield Column(
            name=safe.escape(agent, 80) or "unnamed",
            told=told,
            planned=len(told),
            address=f"Autobahn|Testsuite: {printable(str(path.parent))}",
        )


def _of_report(path: Path, case: IndexedCase, link: Link) -> PageCase:
    file = None if case.report is None else path.parent / case.report
    suite = known_case(case.id)
    verdict = StoredVerdict(
        id=case.id,
        title="" if suite is None else suite.title,
        behaviour=case.behaviour,
        closing=case.closing,
        close_code=case.close_code,
        duration=case.duration,
    )
    size = file.stat().st_size if file is not None and file.is_file() else 0
    return model.of_verdict(
        verdict, lambda room: _original(file, (case.behaviour, case.closing), room, link), size
    )


def _original(
    file: Path | None, verdict: tuple[Behaviour, ClosingVerdict], room: int, link: Link
) -> Detail:
    """The contents of a case's report, with its log as replay reads it."""
    if file is None or not file.is_file():
        return {"fault": "The report has only the verdict of this case; the file of the case is missing."}
    try:
        report = _json(file)
        log = read_log(str(file))
    except SourceError as error:
        return {"fault": safe.escape(str(error), 400)} | _linked_report(file, link)
    case, _ = expectation(log, log.trace.recorder)
    result = offline(Item(case), log.trace)
    said = model.in_full(result, room)
    if (result.behaviour, result.closing) != verdict:  # octets are missing from the log
        said = {key: said[key] for key in ("tester", "facts", "log", "rule", "agreed") if key in said}
    texts = [(name, _text(report.get(key))) for key, name in _WORDS.items()]
    said["why"] = _text(report.get("result")) or verdict[0].value
    said["closing"] = f"{verdict[1].value}: {_text(report.get('resultClose'))}"
    said["original"] = [[name, value] for name, value in texts if value]
    said["notes"] = [safe.escape(warning, 400) for warning in log.warnings]
    return said | _linked_report(file, link)


def _linked_report(file: Path, link: Link) -> Detail:
    shows = f"replay show {shlex.quote(printable(str(file)))}"
    return _linked(file, lambda: read_octets(file, MAX_FILE), link, shows)


def _text(value: object) -> str:
    """A field of a report; Autobahn's own texts are HTML."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return safe.escape(json.dumps(value, ensure_ascii=False), 1000)
    lines = (line.strip() for line in html.unescape(_BREAK.sub("\n", value)).split("\n"))
    return "\n".join(safe.escape(line, 1000) for line in lines if line)


def _json(path: Path) -> Mapping[str, Any]:
    found = json_text.loads(Source.read(path))
    if not isinstance(found, dict):
        raise SourceError(None, f"{printable(str(path))}: expected a JSON object")
    return found
