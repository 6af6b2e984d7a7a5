"""Writes the tables: one of all engines, in which each broken rule leads to a log, and one for each engine,
in which each verdict does. The documentation has the first of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from record.engines import Engine, Role
from record.plays import SUITES
from record.rows import HELD_BACK, UNKNOWN, WORDS, Row, rows, word
from replay.source import SourceError
from replay.store.stored_run import StoredCase

HEAD = (
    f"| engine | release | {' | '.join(WORDS)} | rules broken |",
    f"|---|---|{'---|' * len(WORDS)}---|",
)
ROLES: tuple[Role, ...] = ("server", "client")

Link = Callable[[Row, str, StoredCase], str]
"""Where a broken rule leads to, of which this case is the simplest; '' for nowhere."""


def write(engines: Sequence[Engine], out: Path) -> None:
    """Write the tables beside the runs."""
    found = rows(engines, out)
    if any(row.run for row in found):
        summary = page(found, "# The record", lambda row, rule, case: _log(case, out))
        (out / "record.md").write_text(summary, encoding="utf-8")
    for engine in engines:
        if own := [row for row in found if row.play.engine == engine and row.run]:
            (out / f"{engine.slug}.md").write_text(cases(own, out), encoding="utf-8")


def write_page(engines: Sequence[Engine], out: Path, folder: Path) -> None:
    """Write record.md into the folder of the documentation; what stands there above its tables stays."""
    file = folder / "record.md"
    above = file.read_text(encoding="utf-8").partition("\n## ")[0] if file.exists() else "# The record"

    def findings(row: Row, rule: str, case: StoredCase) -> str:
        name = f"findings/{row.play.engine.slug}.md"
        current = row.play.release in (*row.play.engine.releases, row.play.release)[:1]
        told = rule and current and (folder / name).exists()
        return name if told and f"`{rule}`" in (folder / name).read_text("utf-8") else ""

    found = rows(engines, out, HELD_BACK)
    file.write_text(page(found, above.rstrip(), findings), encoding="utf-8")


def page(found: Sequence[Row], above: str, link: Link) -> str:
    """The tables of all engines, one for each suite and role, and what was not run."""
    lines = [above]
    for suite in SUITES:
        for role in ROLES:
            lines += _table(_of(found, suite, role), link)
    return "\n".join([*lines, *_not_run(found), ""])


def _of(found: Sequence[Row], suite: str, role: Role) -> list[Row]:
    return [row for row in found if (row.play.suite, row.play.role) == (suite, role)]


def _table(found: Sequence[Row], link: Link) -> Iterator[str]:
    runs = [row.run for row in found if row.run is not None]
    if runs:
        editions = sorted({run.suite for run in runs if run.suite})
        yield from ("", f"## {found[0].play.role.capitalize()}s, {', '.join(editions)}", "", *HEAD)
        yield from (_line(row, link) for row in found if row.run)


def _line(row: Row, link: Link) -> str:
    counts = row.counts
    numbers = " | ".join(str(counts[word] or "") for word in WORDS)
    by_name = sorted(row.broken.items(), key=lambda item: (not item[0], item[0]))
    told = [_rule(row, rule, broken, link) for rule, broken in by_name]
    if row.fault is not None:
        told.append("(not played to its end)")
    return f"| {row.play.engine.name} | {row.play.release} | {numbers} | {', '.join(told)} |"


def _rule(row: Row, rule: str, broken: Sequence[StoredCase], link: Link) -> str:
    """A broken rule, or else a case that failed, and how many did."""
    case = min(broken, key=_size)
    name = f"`{rule}`" if rule else f"{case.id}, by no rule"
    target = link(row, rule, case)
    return (f"[{name}]({target})" if target else name) + (f" × {len(broken)}" if len(broken) > 1 else "")


def _size(case: StoredCase) -> int:
    cause = case.verdict and case.verdict.cause
    return cause.size if cause else 0


def _not_run(found: Sequence[Row]) -> Iterator[str]:
    missing: dict[tuple[str, str, str], list[str]] = {}
    for row in found:
        if row.run is None:
            release = "" if row.play.release == UNKNOWN else f" {row.play.release}"
            alike = (row.play.suite, row.play.role, row.fault or "")
            missing.setdefault(alike, []).append(f"{row.play.engine.name}{release}")
    if missing:
        yield from ("", "## Not run", "")
        yield from ("| suite | role | why | engines |", "|---|---|---|---|")
        for (suite, role, why), names in missing.items():
            yield f"| {suite} | {role} | {why.replace('|', ' ')} | {', '.join(names)} |"


def cases(own: Sequence[Row], out: Path) -> str:
    """The tables of one engine: the cases that aren't OK in each of its releases, with the log of each."""
    lines = [f"# {own[0].play.engine.name}"]
    for suite in SUITES:
        for role in ROLES:
            lines += _matrix(_of(own, suite, role), out)
    return "\n".join([*lines, ""])


def _matrix(own: Sequence[Row], out: Path) -> Iterator[str]:
    found = [{case.id: case for case, _ in row.cases} for row in own]
    ids = dict.fromkeys(case.id for row in own for case, verdict in row.cases if word(verdict) != "OK")
    if ids:
        yield from ("", f"## As a {own[0].play.role}, {own[0].play.suite}", "")
        yield from ("Any other case is OK, and `replay show RUN CASE` shows its log:", "")
        yield from (f"- {row.play.folder(out).relative_to(out).as_posix()}" for row in own)
        yield from (
            "",
            f"| case | {' | '.join(row.play.release for row in own)} |",
            f"|---|{'---|' * len(own)}",
        )
        for id in ids:
            yield f"| {id} | {' | '.join(_cell(by_id.get(id), out) for by_id in found)} |"


def _cell(case: StoredCase | None, out: Path) -> str:
    if case is None or case.verdict is None:
        return ""
    target = _log(case, out)
    return f"[{word(case.verdict)}]({target})" if target else word(case.verdict)


def _log(case: StoredCase, out: Path) -> str:
    """Where the log of a case is as a file, which the run has only of failures; '' if it is too large."""
    if case.log is None:
        return ""
    try:
        if not case.log.file.exists():
            case.log.file.write_bytes(case.log.read())
    except SourceError:
        return ""
    return quote(case.log.file.relative_to(out).as_posix())
