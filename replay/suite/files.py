"""From paths to cases: the bundled suite, and the specs and wire logs that a user names.

What only the latter need is imported where it is used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from replay import limits
from replay.captures.model import ANYTHING, Wanted
from replay.cases.checks import unique
from replay.cases.declared import NOTHING_DECLARED, Declared, limits_in
from replay.cases.model import Behaviour, Case
from replay.cases.select import is_path, natural, numbered, prefixes, select
from replay.cases.select import keyword as with_keyword
from replay.forms import ALL, AUTOBAHN, RFC, SUITE
from replay.source import MAX_FILE, Source, SourceError, Span, read_octets
from replay.suite import kept
from replay.suite.edition import FOLDERS, Edition, editions, suite_of
from replay.suite.edition import bundled as bundled
from replay.suite.logs import LogFile, is_recording, place_of, read_log, read_logs
from replay.wire.side import Side

if TYPE_CHECKING:
    from replay.trace.model import Trace

SPECS = (".yaml", ".yml")
LOGS = (".wirelog",)
REPORTS = (".html", ".json")
"""The suffixes of Autobahn's case reports; of those in a folder, only the ones with a log count."""
MAX_PAYLOAD_FILE = limits.PAYLOAD_FILE.default
"""The most octets of the `file:` of a payload."""

LIMITS = "limits"
"""The header of a log with the limits that the testee had promised."""

Passed = Callable[[str], None]
"""Called with a message about each file that was skipped, and why."""


class Item(Struct, frozen=True):
    """A case and where it comes from."""

    case: Case
    path: str | None = None  # as the user would write it; None: from the bundled suite, known by its id
    notes: tuple[str, ...] = ()
    own: bool = False  # whether it is the user's own, not a known case of the suite
    edition: str | None = None  # of the bundled suite that it was selected from, as in rfc@2026.12


@cache
def known(thorough: bool = False, suite: str = AUTOBAHN) -> Mapping[str, Case]:
    """The cases of a bundled suite or of all, by id; with `thorough`, with all their rounds."""
    return {case.id: case for case in _bundled(_specs(suite), thorough)}


def known_case(id: str, thorough: bool = False, declared: Declared = NOTHING_DECLARED) -> Case | None:
    """A case of any bundled suite; only the spec that contains it is read."""
    return next((case for case in _bundled(_sections([id]), thorough, declared) if case.id == id), None)


@cache
def _specs(suite: str = ALL) -> Mapping[str, Path]:
    """The specs of a bundled suite or of all, by the section with which their names and ids begin."""
    specs = bundled("specs")
    apart = specs / FOLDERS[RFC]
    found = {file.stem.partition("-")[0]: file for file in _files([specs], SPECS)}
    if suite == ALL:
        return found
    return {name: file for name, file in found.items() if file.is_relative_to(apart) is (suite == RFC)}


def _sections(ids: Iterable[str]) -> list[str]:
    """The sections whose specs may contain these cases."""
    wanted = prefixes(f"{id}." for id in ids)
    return [section for section in _specs() if section in wanted]


def _bundled(
    sections: Iterable[str], thorough: bool, declared: Declared = NOTHING_DECLARED
) -> tuple[Case, ...]:
    return unique(case for section in sections for case in _section(section, thorough, declared))


@cache
def _section(section: str, thorough: bool, declared: Declared) -> tuple[Case, ...]:
    file = _specs()[section]
    name = f"suite:{file.parent.name}/{file.name}"
    if not thorough:
        found = kept.cases(file, name, lambda source, named: _made(source, file.parent, False, named))
        if declared == NOTHING_DECLARED or all(case.limit is None for case in found):
            return found
    return _made(Source(name, Source.read(file).text), file.parent, thorough, {}, declared)


def places() -> Mapping[str, int]:
    """The position of each case in the bundled suites, one after the other, counted from 1."""
    return {id: number for number, id in enumerate(_ids(editions(ALL)), 1)}


def bundled_items(
    thorough: bool = False,
    words: Sequence[str] = (),
    suite: str = AUTOBAHN,
    declared: Declared = NOTHING_DECLARED,
) -> list[Item]:
    """The cases of a bundled suite, or those that the words select from it; a word that matches none of
    them selects from the other suites. Raises SourceError."""
    of = _ids(editions(suite))

    def beyond() -> dict[str, str]:
        newest = editions(ALL)
        gone = {
            word: str(edition)
            for word in words
            for edition in newest
            if word in suite_of(edition.suite).cases
        }
        return gone | _ids(newest)

    wanted = select(of, words, _hint, beyond)
    cases = {case.id: case for case in _bundled(_sections(wanted), thorough, declared)}
    of = beyond() | of if any(id not in of for id in wanted) else of
    return [Item(cases[id], edition=of[id]) for id in wanted if id in cases]


def _hint(word: str, ids: Sequence[str]) -> str:
    """The help for a word that matches no case of the bundled suites."""
    named = re.fullmatch(SUITE.pattern, word)
    return f"--suite {word} selects this suite" if named else numbered(word, ids)


def editions_of(items: Iterable[Item]) -> str | None:
    """The editions of the bundled suites that items were selected from, as in 'rfc@2026.12'; None if they
    weren't."""
    return ", ".join(dict.fromkeys(item.edition for item in items if item.edition)) or None


def _ids(found: Iterable[Edition]) -> dict[str, str]:
    """The cases of some editions, and the edition of each."""
    return {id: str(edition) for edition in found for id in edition.ids}


def items(
    paths: Sequence[str],
    tester: Side,
    thorough: bool = False,
    passed: Passed = lambda said: None,
    wanted: Wanted = ANYTHING,
    declared: Declared = NOTHING_DECLARED,
) -> list[Item]:
    """The cases of specs, of wire logs and of folders with them; with `thorough`, specs have all their
    rounds.

    A log that names a known case is judged by it, any other by its own recording. Raises SourceError for
    what can't be read or replayed. Autobahn's reports in a folder that can't be replayed, which mostly lack
    octets, and its indexes are skipped, and `passed` is told.
    """
    found: list[Item] = []
    for path in paths:
        for file in [path] if path == "-" else _files([path], SPECS + LOGS, passed):
            if is_spec(file):
                own = not Path(file).resolve().is_relative_to(bundled("specs").resolve())
                cases = read_spec(Path(file), thorough, declared)
                found += [Item(case, str(file), own=own) for case in cases]
                continue
            try:
                found.append(_recorded(read_log(str(file), wanted=wanted), tester))
            except SourceError as error:
                if str(file) == path or Path(file).suffix not in REPORTS:
                    raise
                passed(error.message)
    unique(item.case for item in found if item.case.trace is None)
    return _ordered(found)


def chosen(
    words: Sequence[str],
    keyword: str | None = None,
    thorough: bool = False,
    tester: Side | None = None,
    passed: Passed = lambda said: None,
    suite: str = AUTOBAHN,
    wanted: Wanted = ANYTHING,
    declared: Declared = NOTHING_DECLARED,
) -> list[Item]:
    """The items that words select, at least one. A word is a path of a log, a spec or a folder, or an id or
    glob that selects from those, or else from the bundled suites. Without words, a whole suite. With a
    tester, those that it can't play are left out. Raises SourceError."""
    editions(suite)  # one that doesn't exist is an error even if it isn't needed
    paths = paths_in(words)
    ids = [word for word in words if word not in paths]
    if paths:
        found = items(paths, tester or Side.CLIENT, thorough, passed, wanted, declared)
        kept_ids = set(select([item.case.id for item in found], ids))
        found = [item for item in found if item.case.id in kept_ids]
    else:
        found = bundled_items(thorough, ids, suite, declared)
    if keyword is not None and found:
        fitting = {id(case) for case in with_keyword([item.case for item in found], keyword)}
        found = [item for item in found if id(item.case) in fitting]
        if not found:
            of = "selected test case" if words else "test case"
            said = f"-k {keyword!r} matches no {of}'s id or title"
            raise SourceError(None, said, "`replay list` shows all of them")
    if not found:
        raise SourceError(None, "no test case is selected", "`replay list` shows all of them")
    return found if tester is None else playable(found, tester)


def playable(items: Sequence[Item], tester: Side) -> list[Item]:
    """The items that a tester can play, at least one. Raises SourceError."""
    if found := [item for item in items if item.case.testee is not tester]:
        return found
    command = "serve" if tester is Side.CLIENT else "run"
    said = f"the selected test cases are only for {tester.value}s"
    raise SourceError(None, said, f"`replay {command}` tests {tester.value}s")


def is_spec(file: str | Path) -> bool:
    """Whether a file is a spec by its name, and not a recording by its content."""
    return Path(file).suffix in SPECS and not is_recording(Path(file))


def specs_in(words: Sequence[str]) -> list[str]:
    """The words of a selection that name specs."""
    return [word for word in words if is_spec(word)]


def paths_in(words: Sequence[str]) -> list[str]:
    """The words of a selection that name files or folders."""
    return [word for word in words if is_path(file := place_of(word).file) or Path(file).exists()]


def _ordered(items: Iterable[Item]) -> list[Item]:
    """In the order in which cases are listed, played and reported."""
    return sorted(items, key=lambda item: natural(item.case.id))


def _recorded(log: LogFile, tester: Side) -> Item:
    from replay.cases.recorded import check_replayable
    from replay.verdict.judge import judge

    case, notes = expectation(log, tester)
    own = case.closing is None
    check_replayable(log.trace, log.name, frozenset(Side) if own else frozenset({log.trace.recorder}))
    if not own and (recorded := judge(case, log.trace, log.trace.recorder)).failed:
        verdict = recorded.behaviour if recorded.behaviour is Behaviour.FAILED else recorded.closing
        notes += (
            f"the recording itself gets the verdict {verdict.value} from this case; `replay check` shows "
            "why",
        )
    return Item(case, log.name, (*log.warnings, *notes), own)


def expectation(log: LogFile, tester: Side) -> tuple[Case, tuple[str, ...]]:
    """The case by which a log is judged, either the one that it names or the log itself, and notes about
    that."""
    from replay.cases.recorded import case_of
    from replay.cases.sent import other_than
    from replay.protocol.events import Violation
    from replay.protocol.interpreter import observe

    named = log.trace.header("case")
    thorough, declared = log.trace.header("thorough") is not None, _declared(log.trace)
    if named is not None and (case := known_case(named, thorough, declared)):
        if (other := other_than(case, log.trace, log.trace.recorder)) is None:
            span = next((entry.span for entry in log.trace.entries if entry.span), case.span)
            return replace(case, trace=log.trace, steps=case.steps, span=span), ()
        return case_of(log.trace, case.id, tester), (f"not judged by its case: {other}",)
    notes = []
    if named is not None:
        notes.append(f"there is no test case {named!r}: the log is its own expectation")
    notes += [
        f"the log's own handshake contradicts itself: {event.detail}"
        for event in observe(log.trace)
        if isinstance(event, Violation) and event.rule.startswith("response-")
    ]
    return case_of(log.trace, named or case_name(log.name), tester), tuple(notes)


def case_name(log: str) -> str:
    """The name of a case that is a log of its own."""
    file, connection = place_of(log)
    name = "stdin" if file == "-" else Path(file).stem
    return name if connection is None else f"{name}#{connection}"


def _declared(log: Trace) -> Declared:
    """The limits that the testee of a log had promised. Raises SourceError."""
    try:
        return limits_in(filter(None, (log.header(LIMITS) or "").split(", ")))
    except ValueError as error:
        raise SourceError(None, f"the log's header {LIMITS!r}: {error}") from None


def read_spec(
    path: Path, thorough: bool = False, declared: Declared = NOTHING_DECLARED
) -> tuple[Case, ...]:
    """The cases of one spec. Raises SourceError."""
    return _made(Source.read(path), path.parent, thorough, {}, declared)


def _made(
    source: Source,
    folder: Path,
    thorough: bool,
    named: dict[str, bytes],
    declared: Declared = NOTHING_DECLARED,
) -> tuple[Case, ...]:
    """The cases of a spec in a folder; the contents of each file that it names are added to `named`."""

    from replay.cases.load import load
    from replay.cases.recorded import check_replayable

    def trace(name: str, span: Span) -> Trace:
        log = read_log(str(folder / name), span)
        check_replayable(log.trace, log.name, frozenset({log.trace.recorder}))
        return log.trace

    def octets(name: str, span: Span) -> bytes:
        if name not in named:  # a matrix names the same file in each of its cases
            named[name] = read_octets(folder / name, MAX_PAYLOAD_FILE + 1)
        if len(named[name]) > MAX_PAYLOAD_FILE:
            raise SourceError(span, f"{name} is larger than {MAX_PAYLOAD_FILE >> 20} MiB")
        return named[name]

    return load(source, read=trace, octets=octets, thorough=thorough, declared=declared)


def log_files(paths: Sequence[str], passed: Passed = lambda said: None) -> Iterator[str]:
    """The wire logs and recordings in paths and folders, and '-' for standard input. Raises SourceError if
    a folder contains none."""
    for path in paths:
        yield from [path] if path == "-" else map(str, _files([path], LOGS, passed))


def logs(
    paths: Sequence[str], passed: Passed = lambda said: None, wanted: Wanted = ANYTHING
) -> Iterator[LogFile]:
    """All connections in wire logs, recordings, and folders with them. Raises SourceError if a folder
    contains none."""
    for word in log_files(paths, passed):
        yield from read_logs(word, wanted)


def _files(
    paths: Iterable[str | Path], suffixes: tuple[str, ...], passed: Passed = lambda said: None
) -> Iterator[Path]:
    """Files, and the files in folders that have one of these suffixes. If logs are wanted, recordings and
    reports with a log count too."""
    recorded = LOGS[0] in suffixes
    for path in map(Path, paths):
        if not path.is_dir():
            yield path
            continue
        empty = True
        for file in sorted(filter(Path.is_file, path.rglob("*")), key=lambda file: natural(str(file))):
            if recorded and (file.suffix in LOGS or is_recording(file)):
                taken = True
            elif file.suffix in REPORTS and recorded:
                taken = _holds_log(file)
                if not taken and file.stem == "index":
                    passed(f"{file} is an index and contains no log")
            else:
                taken = file.suffix in suffixes
            if taken:
                empty = False
                yield file
        if empty:
            reports = ", or Autobahn reports or recordings such as *.pcap" if recorded else ""
            both = SPECS[0] in suffixes
            kinds = f"*{LOGS[0]} or *{SPECS[0]}" if both else f"*{LOGS[0]}"
            found_none = "nothing to play" if both else "no wire log"
            stored = any(path.rglob("run.journal"))
            hint = "`replay convert RUN DIR` writes the logs of a stored run as files" if stored else None
            raise SourceError(None, f"{found_none} in {path}/: expected {kinds} files{reports}", hint)


def _holds_log(file: Path) -> bool:
    """Whether this is a case report of Autobahn that contains a log."""
    octets = read_octets(file, MAX_FILE)
    return b'class="wirelog_' in octets if file.suffix == ".html" else b'"wirelog"' in octets
