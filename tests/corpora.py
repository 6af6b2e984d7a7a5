"""Writes specs/corpora/: what the cases of sections 12 and 13 send, payloads of five kinds.

    python -m tests.corpora

All of it is made up, with whole numbers only, so that every machine writes the same octets. How many
there are, and how well they deflate, is as in the data that Autobahn sends: tests/data/corpora.json
has the figures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import TypeVar

from replay.suite.files import bundled

T = TypeVar("T")


class Chance:
    """Numbers that hang on a seed alone."""

    def __init__(self, seed: str) -> None:
        self._seed, self._blocks, self._pool, self._at = seed, count(), b"", 0

    def octets(self, number: int) -> bytes:
        while len(self._pool) < self._at + number:
            more = hashlib.shake_256(f"{self._seed} {next(self._blocks)}".encode()).digest(2**16)
            self._pool, self._at = self._pool[self._at :] + more, 0
        self._at += number
        return self._pool[self._at - number : self._at]

    def below(self, bound: int) -> int:
        return int.from_bytes(self.octets(4)) * bound >> 32

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]


def report() -> bytes:
    """A JSON index of what was sown under glass: entries that hardly differ."""
    head, tail, room = "{\n", "      }\n   }\n}\n", 194_056
    parts, size = [head], len(head) + len(tail)
    for part in plots(Chance("report")):
        if size + len(part) > room:
            break
        parts.append(part)
        size += len(part)
    return ("".join(parts) + " " * (room - size) + tail).encode()


def plots(chance: Chance) -> Iterator[str]:
    """The entries of the index, each but for its end."""
    for house in count(1):
        for bed in range(1, 11):
            for row in range(1, 4 + bed % 4 * 3):
                first = bed == row == 1
                after = "" if house == 1 and first else "      }\n   },\n" if first else "      },\n"
                yield (
                    after
                    + (f'   "Glasshouse/{house}.0": {{\n' if first else "")
                    + f'      "{house}.{bed}.{row}": {{\n'
                    f'         "sprouted": "{chance.pick(("yes",) * 15 + ("poorly",))}",\n'
                    '         "sproutedAgain": "yes",\n'
                    f'         "days": {chance.pick((1, 2, 2, 2, 3, 3, chance.below(300)))},\n'
                    '         "seedsCounted": 1000,\n'
                    f'         "label": "glasshouse_{house}_0_bed_{bed}_row_{row}.json"\n'
                )


SIDE = 512
"""Pixels of the image, each way."""


def image() -> bytes:
    """A bitmap of 256 grays: hills under grain, some of which repeats what stands a few rows before."""
    chance = Chance("image")
    fields = (263_222, 0, 1078, 40, SIDE, SIDE, 1 | 8 << 16, 0, SIDE**2, 2835, 2835, 256, 256)
    head = b"BM" + b"".join(number.to_bytes(4, "little") for number in fields)
    palette = b"".join(bytes((gray, gray, gray, 0)) for gray in range(256))
    broad, middle, small = hills(chance, 128, 120), hills(chance, 32, 120), hills(chance, 16, 40)
    coarseness = hills(chance, 64, 22)
    pixels = bytearray()
    for y in range(SIDE):
        light = 20 - y // 8 if y < 200 else -5
        grain = chance.octets(2 * SIDE)
        for x in range(SIDE):
            shade = light + broad[y][x] + middle[y][x] + small[y][x]
            spread = (grain[2 * x] + grain[2 * x + 1] - 255) * (8 + coarseness[y][x])
            pixels.append(max(0, min(255, shade + (spread >> 7))))
        for _ in range(20 if y else 0):
            at, above = y * SIDE + chance.below(SIDE - 6), SIDE * (1 + chance.below(min(y, 40)))
            run = 3 + chance.below(4)
            pixels[at : at + run] = pixels[at - above : at - above + run]
    return head + palette + pixels


def hills(chance: Chance, step: int, height: int) -> list[list[int]]:
    """For each pixel a height below `height`, drawn `step` pixels apart and level between."""
    corners = [[chance.below(height) for _ in range(SIDE // step + 1)] for _ in range(SIDE // step + 1)]
    rows = []
    for y in range(SIDE):
        at, off = divmod(y, step)
        pairs = zip(corners[at], corners[at + 1], strict=True)
        near = [up * (step - off) + down * off for up, down in pairs]
        steps = [divmod(x, step) for x in range(SIDE)]
        rows.append([(near[at] * (step - off) + near[at + 1] * off) // step**2 for at, off in steps])
    return rows


PREFIXES = ["", "", "", "", "", "", "ge", "be", "ver", "un", "er"]
ONSETS = [*"bdghklmnprstvwz", "br", "dr", "fl", "gl", "gr", "kl", "kr", "kn", "sch", "schl", "schr"]
ONSETS += ["sp", "st", "str", "tr", "zw"]
VOWELS = [*"aaaaeeeeeeiiiioouuäöü", "ei", "ei", "ie", "ie", "au"]
CODAS = [*"bflmnnnrrsstt", "ch", "cht", "ck", "ld", "ll", "nd", "ng", "nn", "rd", "rt", "ss", "st", "tz"]
ENDINGS = ["", "", "e", "e", "en", "en", "er", "es", "et", "lich", "ung", "te"]


def word(chance: Chance) -> str:
    """What might be German."""
    return "".join(map(chance.pick, (PREFIXES, ONSETS, VOWELS, CODAS, ENDINGS)))


def verse() -> bytes:
    """Lines of made-up German, spoken in turn; UTF-8 with its mark, lines that end in CRLF."""
    chance, room, umlauts = Chance("spoken"), 219_371, 2845
    words = ["".join(map(chance.pick, (ONSETS, VOWELS, CODAS))) for _ in range(128)]
    words += [word(chance) for _ in range(2**15 - len(words))]
    words = [word if chance.below(4) else word.capitalize() for word in words]
    text = "\ufeff"
    while len(text) < room:
        text += f"\r\n{chance.pick(words[128:140]).upper()}.\r\n"
        for _ in range(2 + chance.below(12)):
            # A word's rank is as often in one octave as in another, as in any language.
            line = " ".join(words[chance.below(4 << chance.below(14))] for _ in range(5 + chance.below(3)))
            text += line[0].upper() + line[1:] + chance.pick(("", ",", ",", ",", ".", "!", ";")) + "\r\n"
    plain = str.maketrans("äöüÄÖÜ", "aouAOU")
    end = [at for at, letter in enumerate(text) if ord(letter) in plain][umlauts]
    return (text[:end] + text[end:room].translate(plain)).encode()


DAYS = (2,) * 14 + (3, 3, 17)


def table() -> bytes:
    """An HTML page of results: a style sheet, a list of short entries, then a table of long rows, each
    of which says, many octets later, nearly what the row before it says."""
    chance, room = Chance("table"), 263_620
    plain = str.maketrans("äöü", "aou")
    names = iter([word(chance).translate(plain) for _ in range(560)])
    text = '<!DOCTYPE html>\n<html>\n<head>\n<meta charset="utf-8">\n<title>What grew — and where</title>\n'
    text += "<style>\n" + "".join(styles(chance, names)) + "</style>\n</head>\n<body>\n"
    known = list(names)
    text += "<ul>\n"
    for entry in entries(chance, known[:400]):
        if len(text) > 64_000:
            break
        text += entry
    text += "</ul>\n<table>\n"
    tail = "</table>\n</body>\n</html>\n"
    for row in rows(chance, known[400:]):
        if len(text) + len(row) + len(tail) > room:
            break
        text += row
    return (text + " " * (room - len(text) - len(tail)) + tail).encode()


def styles(chance: Chance, names: Iterator[str]) -> Iterator[str]:
    for _ in range(120):
        painted = chance.pick(("color", "background-color", "border-color"))
        spaced = chance.pick(("padding", "margin", "border-width"))
        yield f".{next(names)} {{ {painted}: #{chance.below(4096):03x}; {spaced}: {chance.below(9)}px; }}\n"


def entries(chance: Chance, names: Sequence[str]) -> Iterator[str]:
    for number in count():
        bed, row = divmod(number, 9)
        if not row:
            what = f"{chance.pick(names)} and {chance.pick(names)}"
            yield f'      <li class="bed" id="{chance.pick(names)}"><b>Bed {bed}: {what}</b></li>\n'
        state = chance.pick(("sown",) * 12 + ("weak", "late", "lost", "best"))
        yield (
            '         <li class="row">\n'
            f'            <a href="#row_{bed}_{row}">Row {bed}.{row}</a>'
            f' <span class="{state}">{chance.pick(DAYS)} days</span>\n'
            "         </li>\n"
        )


def rows(chance: Chance, names: Sequence[str]) -> Iterator[str]:
    houses = [(names[at], " ".join(names[at + 1 : at + 8])) for at in (0, 8, 16)]
    for number in count():
        bed, row = divmod(number, 9)
        if number % 16 == 0:  # the first 25 with an accent
            caption = f"S{'é' if number < 25 * 16 else 'e'}rie {number // 16 + 1}: {chance.pick(names)}"
            yield f'<tr><th colspan="4">{caption}</th></tr>\n'
        cells = (
            f'<td class="{chance.pick(("grew",) * 24 + ("withered", "eaten"))}" title="{title}">'
            f'<a href="{house}_{bed}_{row}.html">{chance.pick(DAYS)} days</a></td>'
            for house, title in houses
        )
        yield f'<tr><td class="sown" id="row_{bed}_{row}">Row {bed}.{row}</td>{"".join(cells)}</tr>\n'


SIZES = {64_000: (100, 700), 530_000: (1500, 3000), 983_040: (700, 1800)}
"""Of the blocks of the recording, up to those octets: the least, and how much more it may be."""


def stream() -> bytes:
    """A recording: packed blocks with some text between them, later with tables too; then its index."""
    chance, room = Chance("stream"), 1_042_328
    levels = [chance.below(1000) for _ in range(420)]
    data, blocks = bytearray(b"recording 1\n"), list[int]()
    while len(data) < max(SIZES):
        blocks.append(len(data))
        least, more = next(sizes for end, sizes in SIZES.items() if len(data) < end)
        size = least + chance.below(more)
        data += f"block {len(blocks)}\nlength {size}\npacked yes\nchannel {chance.below(8)} of 8\n".encode()
        data += b"begin\n" + chance.octets(size) + b"\nend\n"
        if len(data) > 530_000:
            for _ in range(9):
                levels[chance.below(len(levels))] = chance.below(1000)
            data += f"levels {levels[chance.below(200) :]}\n".replace(",", "").encode()
    for number in count(1):
        if len(data) >= room:
            return bytes(data[:room])
        data += f"at {blocks[number % len(blocks)]:010} block {number % len(blocks):05}\n".encode()
    raise AssertionError


CORPORA: dict[str, Callable[[], bytes]] = {
    "report.json": report,
    "image.bmp": image,
    "verse.txt": verse,
    "table.html": table,
    "stream.bin": stream,
}


def main() -> None:
    folder = bundled("specs") / "corpora"
    folder.mkdir(exist_ok=True)
    for name, make in CORPORA.items():
        (folder / name).write_bytes(make())


if __name__ == "__main__":
    main()
