"""The entry point of `replay`, `wire-replay` and `python -m replay`."""

from __future__ import annotations

import gc
import sys

RARELY = 50_000
"""Objects that are made before Python looks for garbage: there is next to none, no cycle holds octets."""


def main() -> None:
    """Run the command line; ^C ends it quietly, also while it is still being loaded."""
    gc.set_threshold(RARELY)
    try:
        from replay.commands.main import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        gc.freeze()  # nor at the end, when all memory is given back anyway


if __name__ == "__main__":
    main()
