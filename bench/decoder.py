"""Checks that reading takes linear time: a large frame, octet by octet, against 16 frames of 1/16 its size.

Prints a ratio for the frame decoder and one for the interpreter, which uses it: about 1 if the time for an
octet doesn't depend on the size of its frame. The two sides are measured alternately, in one run.

    python bench/decoder.py             1 MiB against 16 × 64 KiB
    python bench/decoder.py --mib 16    16 MiB against 16 × 1 MiB (about twenty minutes)
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from replay.protocol.interpreter import Interpreter
from replay.trace.model import Octets
from replay.wire.decoder import FrameDecoder
from replay.wire.frame import Opcode, encode, frame
from replay.wire.side import Side

PARTS = 16
KEY = bytes.fromhex("37fa213d")


def decode(octets: bytes) -> None:
    """Feed a decoder octet by octet."""
    decoder = FrameDecoder()
    for at in range(len(octets)):
        decoder.feed(octets[at : at + 1])


def interpret(octets: bytes) -> None:
    """Feed an interpreter octet by octet, and take its events: a single message."""
    interpreter = Interpreter(Side.SERVER, opened=True)
    events = 0
    for at in range(len(octets)):
        for _ in interpreter.feed(Octets(Side.CLIENT, octets[at : at + 1])):
            events += 1
    assert events == 1


def seconds(work: Callable[[bytes], None], octets: bytes, times: int) -> float:
    """The processor time of this many calls."""
    start = time.process_time()
    for _ in range(times):
        work(octets)
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--mib", type=int, default=1, help="size of the large frame (default: 1)")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each (default: 3)")
    chosen = parser.parse_args()
    size = chosen.mib * 2**20
    large, small = (encode(frame(Opcode.TEXT, b"*" * n, key=KEY)) for n in (size, size // PARTS))
    print(f"{size >> 10} KiB octet by octet, against {PARTS} × {size // PARTS >> 10} KiB")
    for name, work in (("decoder", decode), ("interpreter", interpret)):
        one: list[float] = []
        many: list[float] = []
        for _ in range(chosen.rounds):
            one.append(seconds(work, large, 1))
            many.append(seconds(work, small, PARTS))
        ratio = statistics.median(one) / statistics.median(many)
        each = statistics.median(one) / size * 1e6
        print(f"{name:<12} ratio {ratio:.2f}   {each:.2f} µs per octet")


if __name__ == "__main__":
    main()
