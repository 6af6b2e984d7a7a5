"""Writes specs/suite.json, of the specs as they are: `python -m tests.edition 2026.11`."""

from __future__ import annotations

import json
import sys

from replay.cases.select import natural
from replay.suite.edition import FILE, bundled, digest
from replay.suite.files import known


def main() -> None:
    values = {
        "version": sys.argv[1],
        "sha256": digest(bundled("specs")),
        "cases": sorted(known(), key=natural),
    }
    (bundled("specs") / FILE).write_text(json.dumps(values, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
