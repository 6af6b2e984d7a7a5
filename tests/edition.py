"""Writes the files suite.json, of the specs as they are.

    python -m tests.edition                          after cases were added
    python -m tests.edition rfc@2027.03              with the next edition of a suite
    python -m tests.edition rfc@2027.03 20.1.4 …     which no longer has these cases

A case that was added comes with the newest edition of its suite. A file in which a merge has left marks of
a conflict is read as well: the rows of both sides count.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from replay.cases.select import natural
from replay.forms import AUTOBAHN
from replay.suite.edition import FILE, FOLDERS, bundled, digest
from replay.suite.files import known

_ROW = re.compile(r'^"([^"@]+)": "(\d{4}\.\d\d(?:-\d{4}\.\d\d)?)"', re.MULTILINE)
_EDITION = re.compile(r'^"(\d{4}\.\d\d)",?$', re.MULTILINE)


def text(
    was: str, ids: Sequence[str], sha256: str | None, newer: str = "", gone: Sequence[str] = ()
) -> str:
    """The text of a file, from the one that it replaces and the ids that the specs have."""
    editions = sorted({*_EDITION.findall(was), *([newer] if newer else [])})
    rows = dict(_ROW.findall(was))
    if lost := sorted(id for id in rows if id not in ids and not rows[id].startswith(editions[-1])):
        raise SystemExit(f"{', '.join(lost)}: a case of an older edition has to stay in its spec")
    cases = {id: rows.get(id, editions[-1]) for id in sorted(ids, key=natural)}
    cases |= {id: f"{cases[id][:7]}-{editions[-1]}" for id in gone}
    about = {} if sha256 is None else {"sha256": sha256}
    return json.dumps({"editions": editions, **about, "cases": cases}, indent=0) + "\n"


def path(suite: str) -> Path:
    """Where the file of a suite is."""
    return bundled("specs") / FOLDERS[suite] / FILE


def current(suite: str, newer: str = "", gone: Sequence[str] = ()) -> str:
    """What the file of a suite has to say."""
    sha256 = digest(bundled("specs")) if suite == AUTOBAHN else None
    return text(path(suite).read_text("utf-8"), [*known(suite=suite)], sha256, newer, gone)


def main() -> None:
    named, _, newer = sys.argv[1].partition("@") if sys.argv[1:] else ("", "", "")
    for suite in FOLDERS:
        mine = (newer, sys.argv[2:]) if suite == named else ("", ())
        path(suite).write_text(current(suite, *mine), encoding="utf-8")


if __name__ == "__main__":
    main()
