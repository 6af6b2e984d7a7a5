"""The entry point of `replay`, `wire-replay` and `python -m replay`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; ^C ends it quietly, also while it is still being loaded."""
    try:
        from replay.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
