"""The page: a table that stands there as it is, and what its script shows of a case when it is asked.

One file without anything from elsewhere. What was said by others gets into it in three ways only: as
text of the template, which escapes it; as JSON in a script element that no browser runs, without a `<`;
and, of the cases, as deflated JSON in base64.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any
from urllib.parse import quote

from replay import limits
from replay.cases.model import Behaviour
from replay.cases.select import natural
from replay.report import words
from replay.report.glossary import WORDS
from replay.report.html import model
from replay.report.html.alike import alike
from replay.report.html.model import Column, PageCase, PageRow, rows
from replay.report.tally import VERDICTS
from replay.verdict.result import GOOD, UNJUDGED, ClosingVerdict
from replay.version import __version__

LEAST, PASSED = limits.PAGE_LEAST.default, limits.PAGE_PASSED.default
LOG, PAGE = limits.PAGE_LOG.default, limits.PAGE.default

SHORT = {
    Behaviour.OK.value: ("ok", "OK"),
    Behaviour.NON_STRICT.value: ("ns", "NON-STRICT"),
    Behaviour.INFORMATIONAL.value: ("in", "INFO"),
    Behaviour.UNIMPLEMENTED.value: ("un", "UNIMPL."),
    UNJUDGED: ("uj", "unjudged"),
    Behaviour.FAILED.value: ("no", "FAILED"),
    model.UNREADABLE: ("qu", "UNREADABLE"),
}
"""The class and the text of a cell, by the word of its verdict."""

CLOSINGS = {
    ClosingVerdict.WRONG_CODE: "WRONG CODE",
    ClosingVerdict.UNCLEAN: "UNCLEAN",
    ClosingVerdict.FAILED_BY_CLIENT: "BY CLIENT",
    ClosingVerdict.FAILED: "CLOSE FAILED",
}
"""What it says of a closing that isn't as it should be."""

FEW = 12
"""Cases of a cause that are named without being asked for."""

SCRIPTS = ("table.js", "causes.js", "case.js", "timeline.js", "wirelog.js", "page.js")
"""The parts of the one script, in order."""

Advance = Callable[[int], None]


def page(columns: Sequence[Column], advance: Advance = lambda number: None, most: int = PAGE) -> str:
    """The whole report in one file of at most so many octets.

    `advance` is called with a number, from 0, for each verdict that is taken in: small ones first, but
    behind those that fail.
    """
    shown = rows(columns, natural)
    head = _drawn(columns, shown, None)
    opened, mark, closed = head.partition("<!-- cases -->")
    assert mark
    chunks = dict(_chunks(shown, most - len(head.encode()) - 2**12, advance))
    scripts = (
        f'<script type="text/plain" id="case-{key}">{chunks[key]}</script>' for key in sorted(chunks)
    )
    return opened + "\n".join(scripts) + closed


def taken(columns: Sequence[Column]) -> list[PageCase]:
    """The verdicts in the order in which the page takes them in."""
    return [told for told, _ in _cells(rows(columns, natural))]


def served(columns: Sequence[Column]) -> str:
    """The page that asks whoever serves it for the cases, and for what is new."""
    return _drawn(columns, rows(columns, natural), "served")


def state(columns: Sequence[Column]) -> dict[str, Any]:
    """What the page knows of all cases at once."""
    return _index(columns, rows(columns, natural))


def _drawn(columns: Sequence[Column], shown: Sequence[PageRow], mode: str | None) -> str:
    from importlib.resources import files

    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("replay.report", "html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    folder = files(__package__)
    style = folder.joinpath("page.css").read_text("utf-8") + f":root {{ --n: {len(columns)}; }}\n"
    script = "".join(folder.joinpath(name).read_text("utf-8") for name in SCRIPTS)
    called = [quote(name, safe="") for name in names(columns)]
    data = json.dumps(_index(columns, shown) | {"mode": mode}, separators=(",", ":"))
    return environment.get_template("page.html.j2").render(
        columns=columns,
        groups=_groups(shown),
        many=len(columns) > 4,
        bars=[_bar(column) for column in columns],
        causes=[alike(shown, number) for number in range(len(columns))],
        shown=shown,
        few=FEW,
        changes=[_changes(shown, number) for number in range(len(columns))],
        href=lambda number, id: f"#{called[number]}/{quote(id, safe='')}",
        cell=_cell,
        passed=_passed,
        parts=_parts,
        behaviours=[
            (*SHORT[word], word, VERDICTS[word])
            for word in VERDICTS
            if mode or any(told and told.word == word for row in shown for told in row.told)
        ],
        verdicts=[(SHORT[word][0], word, said) for word, said in VERDICTS.items()],
        closings=[(closing.value, said) for closing, said in words.CLOSINGS.items()],
        words=WORDS,
        total=len(shown),
        style=_unended(style),
        script=_unended(script),
        style_hash=_hash(style),
        script_hash=_hash(script),
        connect="connect-src 'self'; " if mode else "",
        data=data.replace("<", "\\u003c"),
        version=__version__,
    )


def names(columns: Sequence[Column]) -> list[str]:
    """A name for each column that no other one has."""
    found: list[str] = []
    for column in columns:
        name, number = column.name, 2
        while name in found:
            name, number = f"{column.name} ({number})", number + 1
        found.append(name)
    return found


def _unended(text: str) -> Any:
    """Text of ours for a style or script element, as it is."""
    from markupsafe import Markup

    assert "</" not in text, "an element would end here"
    return Markup(text)


def _hash(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def _index(columns: Sequence[Column], shown: Sequence[PageRow]) -> dict[str, Any]:
    return {
        "few": FEW,
        "columns": [
            {
                "name": name,
                "counts": column.counts,
                "state": column.state,
                "running": column.running,
                "done": len(column.told),
                "planned": column.planned,
                "bar": _bar(column),
                "causes": [each._asdict() for each in alike(shown, number)],
            }
            for number, (name, column) in enumerate(zip(names(columns), columns, strict=True))
        ],
        "cases": [[row.id, row.title] for row in shown],
        "cells": [[told and _cell(told) for told in row.told] for row in shown],
    }


def _cell(told: PageCase) -> dict[str, Any]:
    """A verdict as its cell shows it."""
    name, word = SHORT[told.word]
    cell: dict[str, Any] = {"class": name, "word": word, "rank": told.rank}
    if (verdict := told.verdict) is not None:
        if verdict.close_code is not None:
            cell["code"] = str(verdict.close_code)
        if verdict.closing not in GOOD:
            cell |= {"closing": verdict.closing.value, "end": CLOSINGS[verdict.closing]}
        if verdict.duration is not None:
            cell["took"] = words.seconds(verdict.duration)
    if told.note:
        cell["note"] = told.note
    cell["label"] = f"{told.id} {told.word}, closing {told.closing.value}" + (
        f", {told.note}" if told.note else ""
    )
    return cell


def _groups(shown: Sequence[PageRow]) -> list[tuple[str, str, list[tuple[int, PageRow]]]]:
    """The rows by section: its key, its name, and the rows with their numbers."""
    groups: dict[str, list[tuple[int, PageRow]]] = {}
    for number, row in enumerate(shown):
        key = row.id.partition(".")[0]
        groups.setdefault(key if key.isdecimal() else "", []).append((number, row))
    return [(key, words.SECTIONS.get(key, ""), found) for key, found in groups.items()]


def _parts(found: Sequence[tuple[int, PageRow]]) -> list[list[tuple[int, PageRow]]]:
    """The rows of a section by the first two parts of their ids: what is drawn together."""
    return [[*rows] for _, rows in groupby(found, key=lambda each: each[1].id.split(".")[:2])]


def _passed(found: Sequence[tuple[int, PageRow]]) -> list[tuple[int, int]]:
    """For each column, how many cases of a section are as they have to be, and how many there are."""
    told = zip(*(row.told for _, row in found), strict=True)
    ranks = [[each.rank for each in column if each is not None] for column in told]
    return [(column.count(0), len(column)) for column in ranks]


def _bar(column: Column) -> list[tuple[str, float, float]]:
    """The verdicts of a column as parts of a whole of 100: class, start, width."""
    parts: list[tuple[str, float, float]] = []
    total, at = max(column.planned, len(column.told), 1), 0.0
    for word, (name, _) in SHORT.items():
        clean = [told for told in column.told.values() if told.word == word]
        bad = sum(
            told.rank == 2 and word not in (Behaviour.FAILED.value, model.UNREADABLE) for told in clean
        )
        for part, count in ((name, len(clean) - bad), ("cl", bad)):
            if count:
                width = 100 * count / total
                parts.append((part, round(at, 3), round(width, 3)))
                at += width
    return parts


def _changes(shown: Sequence[PageRow], number: int) -> tuple[int, int]:
    """How many cases of a column are worse, and how many better, than those of the first one."""
    pairs = [(row.told[0], row.told[number]) for row in shown]
    ranks = [(before.rank, now.rank) for before, now in pairs if before is not None and now is not None]
    return sum(now > before for before, now in ranks), sum(now < before for before, now in ranks)


def _cells(shown: Sequence[PageRow]) -> list[tuple[PageCase, str]]:
    """The verdicts with their 'column-row': those that fail first, then the rest, small logs first."""
    cells = [
        (told, f"{column}-{number}")
        for number, row in enumerate(shown)
        for column, told in enumerate(row.told)
        if told is not None
    ]
    return sorted(cells, key=lambda cell: (-cell[0].rank, cell[0].size))


def _chunks(shown: Sequence[PageRow], room: int, advance: Advance) -> Iterator[tuple[str, str]]:
    """The details of the verdicts, by 'column-row', in so many octets all together: small logs leave
    what they don't need to larger ones."""
    cells = _cells(shown)
    fails = sum(told.rank == 2 for told, _ in cells)
    for at, (told, key) in enumerate(cells):
        later = len(cells) - max(at, fails)
        left = room - later * LEAST if at < fails else room
        share = left // (fails - at if at < fails else later)
        # Of a log in hex half is left when it is deflated, and base64 makes that a third longer.
        chunk = _packed(told.detail(max(LEAST, min(LOG if told.rank else PASSED, share * 3 // 2))))
        if len(chunk) + 80 <= room:
            room -= len(chunk) + 80
            yield key, chunk
        advance(at)


def _packed(detail: dict[str, Any]) -> str:
    """JSON, deflated (RFC 1951), in base64."""
    text = json.dumps(detail, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
    deflater = zlib.compressobj(6, zlib.DEFLATED, -15)
    return base64.b64encode(deflater.compress(text) + deflater.flush()).decode()
