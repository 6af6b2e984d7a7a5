"""The entry point of `replay`, `wire-replay` and `python -m replay`."""

from __future__ import annotations

import gc
import sys

YOUNG = 10_000
"""Objects that are made before cycles among them are looked for: a run makes many, and few cycles."""


def main() -> None:
    """Run the command line; ^C ends it quietly, also while it is still being loaded."""
    gc.set_threshold(YOUNG)
    try:
        from replay.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
