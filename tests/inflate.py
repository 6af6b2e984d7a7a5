"""RFC 1951 and RFC 7692 §7.2.2 written down slowly, bit by bit, to test the fast way by; and a writer of
blocks that no compressor makes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

LENGTHS = [(3 + i, 0) for i in range(8)]
DISTANCES = [(1 + i, 0) for i in range(4)]
for extra in range(1, 6):
    LENGTHS += [(3 + (4 + i << extra), extra) for i in range(4)]
LENGTHS.append((258, 0))
for extra in range(1, 14):
    DISTANCES += [(1 + (2 + i << extra), extra) for i in range(2)]
ORDER = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)
FIXED = [8] * 144 + [9] * 112 + [7] * 24 + [8] * 8

Code = dict[tuple[int, int], int]


class Bad(Exception):
    """Its text says which kind of fault it is."""


def code(lengths: Sequence[int], may_lack: bool = True) -> Code:
    """Length and bits of each code word -> symbol."""
    longest = max(lengths, default=0)
    words: Code = {}
    word = 0
    for length in range(1, longest + 1):
        word <<= 1
        for symbol, its in enumerate(lengths):
            if its == length:
                words[length, word] = symbol
                word += 1
        if word > 1 << length:
            raise Bad("NOT_DEFLATE")
    if longest and word < 1 << longest and not (may_lack and longest == 1):
        raise Bad("NOT_DEFLATE")
    return words


class Slow:
    """Inflates one message: `out` is what came out, `run` says which fault ended it, if any."""

    def __init__(self, payload: bytes, window: int, past: bytes = b"", keeps: bool = True) -> None:
        self.data = payload + b"\x00\x00\xff\xff"
        self.size = 8 * len(payload)
        self.window, self.keeps = window, keeps
        self.out = bytearray(past)
        self.start = len(past)
        self.at = 0

    def run(self) -> str | None:
        try:
            while self.at < 8 * len(self.data):
                if self.block():
                    self.at = -(-self.at // 8) * 8
                    if self.at == self.size:
                        return None
        except (Bad, IndexError) as error:
            return str(error) if isinstance(error, Bad) and self.at <= self.size else "UNFINISHED"
        return None

    def put(self, octets: bytes) -> None:
        if self.at > self.size:
            raise IndexError
        self.out += octets

    def bits(self, number: int) -> int:
        value = 0
        for i in range(number):
            value |= (self.data[self.at >> 3] >> (self.at & 7) & 1) << i
            self.at += 1
        return value

    def symbol(self, words: Code) -> int:
        word = 0
        for length in range(1, 16):
            word = word << 1 | self.bits(1)
            if (length, word) in words:
                return words[length, word]
        raise Bad("NOT_DEFLATE")

    def block(self) -> bool:
        """Inflate a block; whether it is a final one."""
        final, kind = self.bits(1), self.bits(2)
        if kind == 3:
            raise Bad("NOT_DEFLATE")
        if kind == 0:
            self.at = -(-self.at // 8) * 8
            length, inverse = self.bits(16), self.bits(16)
            if length != inverse ^ 0xFFFF:
                raise Bad("NOT_DEFLATE")
            for _ in range(length):
                self.put(bytes([self.bits(8)]))
        else:
            self.symbols(*(self.header() if kind == 2 else (code(FIXED), code([5] * 32))))
        return bool(final)

    def header(self) -> tuple[Code, Code]:
        literals, distances, number = 257 + self.bits(5), 1 + self.bits(5), 4 + self.bits(4)
        if literals > 286 or distances > 30:
            raise Bad("NOT_DEFLATE")
        lengths = [0] * 19
        for symbol in ORDER[:number]:
            lengths[symbol] = self.bits(3)
        words = code(lengths, may_lack=False)
        found: list[int] = []
        while len(found) < literals + distances:
            symbol = self.symbol(words)
            if symbol < 16:
                found.append(symbol)
            elif symbol == 16:
                times = 3 + self.bits(2)
                if not found:
                    raise Bad("NOT_DEFLATE")
                found += found[-1:] * times
            else:
                found += [0] * (3 + self.bits(3) if symbol == 17 else 11 + self.bits(7))
        if len(found) > literals + distances or not found[256]:
            raise Bad("NOT_DEFLATE")
        return code(found[:literals]), code(found[literals:])

    def symbols(self, literals: Code, distances: Code) -> None:
        while (symbol := self.symbol(literals)) != 256:
            if symbol < 256:
                self.put(bytes([symbol]))
                continue
            if symbol > 285:
                raise Bad("NOT_DEFLATE")
            base, more = LENGTHS[symbol - 257]
            length = base + self.bits(more)
            symbol = self.symbol(distances)
            if symbol > 29:
                raise Bad("NOT_DEFLATE")
            base, more = DISTANCES[symbol]
            distance = base + self.bits(more)
            if distance > min(self.window, len(self.out)):
                beyond = len(self.out) >= self.window
                raise Bad("WINDOW" if beyond else "NOT_DEFLATE" if self.keeps else "CONTEXT")
            for _ in range(length):
                self.put(bytes([self.out[-distance]]))


class Writer:
    """Blocks of any kind, bit by bit."""

    def __init__(self) -> None:
        self._octets = bytearray()  # the last one is open as long as `_free` isn't 0
        self._free = 0

    def bits(self, value: int, number: int) -> Writer:
        for i in range(number):
            if not self._free:
                self._octets.append(0)
                self._free = 8
            self._octets[-1] |= (value >> i & 1) << 8 - self._free
            self._free -= 1
        return self

    def stored(self, data: bytes, final: bool = False) -> Writer:
        self.bits(final, 3)
        self._free = 0
        self.bits(len(data), 16).bits(len(data) ^ 0xFFFF, 16)
        self._octets += data
        return self

    def fixed(self, *symbols: int | tuple[int, int], final: bool = False, ends: bool = True) -> Writer:
        """A block of literals and of (length 3 to 10, distance)."""
        self.bits(final | 2, 3)
        words = {symbol: word for word, symbol in code(FIXED).items()}
        for symbol in (*symbols, *([256] if ends else [])):
            if isinstance(symbol, int):
                self._word(*words[symbol])
            else:
                length, distance = symbol
                self._word(*words[254 + length])
                index = next(i for i in count() if i == 29 or DISTANCES[i + 1][0] > distance)
                base, more = DISTANCES[index]
                self._word(5, index)
                self.bits(distance - base, more)
        return self

    def _word(self, length: int, word: int) -> None:
        for i in reversed(range(length)):
            self.bits(word >> i, 1)

    def payload(self) -> bytes:
        """As a message's: an empty stored block begins, and what follows of it is cut."""
        self.bits(0, 3)
        return self.octets()

    def octets(self) -> bytes:
        return bytes(self._octets)
