"""What the stored runs say, as the rows of the tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from urllib.parse import unquote

from record.engines import Engine
from record.plays import SUITES, Play
from replay.forms import ALL
from replay.protocol.rules import RULES
from replay.source import SourceError
from replay.store import reader
from replay.store.stored_run import StoredCase, StoredRun
from replay.suite.files import known
from replay.verdict.stored_verdict import StoredVerdict

_RULES = (
    *("server-closes-on-unmasked", "client-checks-accept"),
    *("mask-unpredictable", "mask-fresh-per-frame", "request-key-random"),
)
HELD_BACK = ("20.6.*", "20.8.early.*", "20.9.*", "26.12.*", "27.*", *_RULES)
"""Cases, and rules that cases are about or that a failure breaks, whose failure may be a security hole:
smuggled requests, frames without a mask, masks that can be predicted, no bounds. The documentation leaves
them out, as maintainers are told of them first."""

UNKNOWN = "?"
"""The release of an engine of Debian that was never found."""

WORDS = ("OK", "NON-STRICT", "INFORMATIONAL", "UNIMPLEMENTED", "FAILED")


@dataclass(frozen=True, slots=True)
class Row:
    """One release in one role, and what a suite found."""

    play: Play
    run: StoredRun | None = None  # None: it was not played
    fault: str | None = None  # why it was not played, or not to its end
    without: tuple[str, ...] = ()  # the cases that are left out, as in HELD_BACK

    @property
    def cases(self) -> Iterator[tuple[StoredCase, StoredVerdict]]:
        for case in self.run.cases if self.run else ():
            if case.verdict is None:
                continue
            broken = (breach.rule for breach in case.verdict.broken)
            names = (case.id, _rules().get(case.id, ""), *broken)
            if not any(fnmatchcase(name, glob) for name in names for glob in self.without):
                yield case, case.verdict

    @property
    def counts(self) -> Counter[str]:
        return Counter(word(verdict) for _, verdict in self.cases)

    @property
    def broken(self) -> dict[str, list[StoredCase]]:
        """The cases that failed, by the rules that the engine broke; '' where no rule was named.

        The cause of a failure names the rule that matters; other breaches may follow from it.
        """
        found: dict[str, list[StoredCase]] = {}
        for case, verdict in self.cases:
            if word(verdict) == "FAILED":
                broken = [breach.rule for breach in verdict.broken if breach.side.value == self.play.role]
                cause = (
                    [part for part in verdict.cause.key.split(":") if part in RULES]
                    if verdict.cause
                    else []
                )
                for rule in cause or dict.fromkeys(broken) or [""]:
                    found.setdefault(rule, []).append(case)
        return found


def word(verdict: StoredVerdict) -> str:
    """Behaviour and closing in one word."""
    return "FAILED" if verdict.failed else verdict.behaviour.value


@cache
def _rules() -> dict[str, str]:
    """The rule that each case of the suites is about, if there is one."""
    return {id: case.rule for id, case in known(suite=ALL).items() if case.rule is not None}


def rows(engines: Sequence[Engine], out: Path, without: tuple[str, ...] = ()) -> list[Row]:
    """A row for each release, role and suite of these engines, whether it was played or not."""
    return [_row(play, out, without) for engine in engines for play in _plays(engine, out)]


def _plays(engine: Engine, out: Path) -> Iterator[Play]:
    for suite in SUITES:
        for role in engine.roles:
            for release in engine.releases or _found(Play(engine, "", role, suite), out):
                yield Play(engine, release, role, suite)


def _found(play: Play, out: Path) -> list[str]:
    """The releases of a registry that has only one, whatever it is."""
    folder = play.folder(out)
    paths = folder.parent.glob(f"{folder.name}[0-9%]*")
    there = sorted(path.name.removesuffix(".fault") for path in paths)
    return [unquote(name.removeprefix(folder.name)) for name in dict.fromkeys(there)] or [UNKNOWN]


def _row(play: Play, out: Path, without: tuple[str, ...]) -> Row:
    file = play.fault(out)
    fault = file.read_text(encoding="utf-8").strip() if file.exists() else None
    try:
        run = reader.load(play.folder(out))
    except SourceError:
        return Row(play, None, fault or "not played yet")
    if not any(case.here for case in run.cases):
        return Row(play, None, fault or run.unreached or "no case was played")
    return Row(play, run, fault, without)
