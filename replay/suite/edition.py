"""The suites, their editions and the ids of their cases, without reading a spec.

An edition is named after its year and month. In the file suite.json of a suite, each case has the edition
with which it came, and if it has gone since, the one with which it went: an edition never changes, so that
it can be pinned. `python -m tests.edition` writes these files, and a test checks them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from msgspec import Struct, json

from replay.forms import ALL, AUTOBAHN, RFC
from replay.source import SourceError

FILE = "suite.json"

FOLDERS = {AUTOBAHN: "", RFC: "rfc"}
"""The suites, in the order of their ids, and where their specs are."""


class Edition(Struct, frozen=True):
    """A suite as it was at some time."""

    suite: str
    version: str  # its year and month
    ids: tuple[str, ...]  # in natural order

    def __str__(self) -> str:
        return f"{self.suite}@{self.version}"


class Suite(Struct, frozen=True):
    """What a file suite.json contains."""

    editions: tuple[str, ...]  # from the oldest to the newest
    cases: Mapping[str, str]  # FIRST or FIRST-GONE by id, in natural order of the ids
    sha256: str | None = None  # of the specs and the files that they name

    def at(self, version: str) -> list[str]:
        """The ids of its cases in an edition."""
        return [id for id, row in self.cases.items() if _holds(row, version)]


def _holds(row: str, version: str) -> bool:
    first, _, gone = row.partition("-")
    return first <= version and not (gone and gone <= version)


def bundled(kind: str) -> Path:
    """The folder `specs` or `traces` of the bundled suites, whether replay is installed or runs from a
    checkout."""
    package = Path(__file__).parent.parent
    installed = package / "bundled" / kind
    return installed if installed.is_dir() else package.parent / kind


@cache
def suite_of(name: str) -> Suite:
    """One of FOLDERS, as its file says."""
    return json.decode((bundled("specs") / FOLDERS[name] / FILE).read_bytes(), type=Suite)


def editions(word: str) -> list[Edition]:
    """What a word names: a suite or all suites, in the newest edition, as in `rfc`, or in an older one, as
    in `rfc@2026.12`. Raises SourceError."""
    name, pinned, version = word.partition("@")
    if name != ALL and name not in FOLDERS:
        hint = f"the suites are {', '.join(FOLDERS)}, and {ALL} for all of them"
        raise SourceError(None, f"there is no suite {name!r}", hint, "suite")
    suites = {one: suite_of(one) for one in (FOLDERS if name == ALL else (name,))}
    known = sorted({version for one in suites.values() for version in one.editions})
    if pinned and version not in known:
        hint = f"this replay knows {', '.join(f'{name}@{each}' for each in known)}"
        raise SourceError(None, f"{name} has no edition {version!r}", hint, "suite")
    found = []
    for one, all_of_it in suites.items():
        past = [each for each in all_of_it.editions if not pinned or each <= version]
        found += [Edition(one, past[-1], tuple(all_of_it.at(past[-1])))] if past else []
    return found


def every_id() -> list[str]:
    """The ids of all cases of all suites, also of those that are gone."""
    return [id for name in FOLDERS for id in suite_of(name).cases]


def names() -> list[str]:
    """Every suite, and every edition of it."""
    found = {name: suite_of(name).editions for name in FOLDERS}
    found[ALL] = tuple(sorted({version for each in found.values() for version in each}))
    return [word for name, each in found.items() for word in (name, *(f"{name}@{one}" for one in each))]


def digest(specs: Path) -> str:
    """The hash of everything that Autobahn's cases are made of."""
    import hashlib

    found = (file for file in specs.rglob("*") if not file.is_relative_to(specs / FOLDERS[RFC]))
    files = sorted(file for file in found if file.is_file() and file.name != FILE)
    sha256 = hashlib.sha256()
    for file in files:
        octets = file.read_bytes()
        sha256.update(f"{file.relative_to(specs).as_posix()} {len(octets)}\n".encode())
        sha256.update(octets)
    return sha256.hexdigest()
