"""The version of the suite and the ids of its cases, without reading a spec.

They are in specs/suite.json; `python -m tests.edition VERSION` writes that file, and a test checks it.
"""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct, json

FILE = "suite.json"


class Edition(Struct, frozen=True):
    version: str  # year and month of the last change to a case
    ids: tuple[str, ...]  # in natural order
    sha256: str  # of the specs and the files that they name

    def __str__(self) -> str:
        return f"suite {self.version} ({len(self.ids)} cases)"


def bundled(kind: str) -> Path:
    """The folder `specs` or `traces` of the bundled suite, whether replay is installed or runs from a
    checkout."""
    package = Path(__file__).parent.parent
    installed = package / "bundled" / kind
    return installed if installed.is_dir() else package.parent / kind


def edition() -> Edition:
    """The edition as it is in specs/suite.json."""
    found = json.decode((bundled("specs") / FILE).read_bytes())
    return Edition(found["version"], tuple(found["cases"]), found["sha256"])


RFC = "rfc"
"""The folder of the specs that are judged by the text of the RFCs."""


def digest(specs: Path) -> str:
    """The hash of everything that Autobahn's cases are made of."""
    import hashlib

    found = (file for file in specs.rglob("*") if not file.is_relative_to(specs / RFC))
    files = sorted(file for file in found if file.is_file() and file.name != FILE)
    sha256 = hashlib.sha256()
    for file in files:
        octets = file.read_bytes()
        sha256.update(f"{file.relative_to(specs).as_posix()} {len(octets)}\n".encode())
        sha256.update(octets)
    return sha256.hexdigest()
