"""The entry point of `replay`, `wire-replay` and `python -m replay`."""

from __future__ import annotations

import gc
import sys

RARELY = 200_000
"""How many objects are made before Python's garbage collector runs. There is next to no garbage, and no
cycle holds octets."""


def main() -> None:
    """Run the command line. ^C ends it quietly, even while it is still being loaded."""
    gc.set_threshold(RARELY)
    try:
        from replay.commands.main import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        gc.freeze()  # no collection at exit either, when all memory is given back anyway


if __name__ == "__main__":
    main()
