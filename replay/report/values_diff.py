"""Where the value of a message differs from what was expected: laid out like JSON, with the lines that
differ marked, and a few around them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from msgspec import UNSET, Struct, UnsetType, field
from rich.text import Text

from replay.report.layout import DIM, INDENT, WANTED, WRONG, labelled, text
from replay.report.safe import escape
from replay.values import written
from replay.values.matching import differences
from replay.values.mismatch import Mismatch, Why
from replay.values.paths import Step
from replay.values.shape import Exactly, Known, Names, Shape, Value
from replay.values.written import around, short

MOST_LINES = 30
"""The most lines of the value that are shown."""

_MOST_DIFFERENCES = 20
_LONGEST_KEY = 60
_AROUND = 2
"""How many parts before and after one that differs are shown with it."""

_STYLES = {"-": WANTED, "+": WRONG, " ": "", "…": DIM}


class _Row(Struct, frozen=True):
    sign: str  # - is expected, + observed, a space both; … says what is left out
    depth: int
    said: str


class _Part(Struct, frozen=True):
    """The differences of a part of the value, and of the parts in it."""

    here: list[Mismatch] = field(default_factory=list)
    within: dict[Step, _Part] = field(default_factory=dict)


def lines(shape: Shape, value: Value, names: Names, mismatch: Mismatch, width: int) -> Iterator[Text]:
    """The first difference in a sentence, then the value with all differences marked."""
    more = islice(differences(shape, value, names), _MOST_DIFFERENCES + 1)
    found = [mismatch, *(one for one in more if (one.at, one.said) != (mismatch.at, mismatch.said))]
    yield from labelled("differs", escape(str(mismatch), 500), width)
    margin, room = " " * INDENT, max(20, width - INDENT - 2)
    rows = [*islice(_Layout(names, room).part(_tree(found), value, "", 0), MOST_LINES + 1)]
    shown = [text(("- expected", WANTED), "   ", ("+ observed", WRONG)), *map(_line, rows[:MOST_LINES])]
    if len(rows) > MOST_LINES or len(found) > _MOST_DIFFERENCES:
        shown.append(text(("… and more", DIM)))
    for line in shown:
        whole = text(margin).append_text(line)
        whole.truncate(max(width, INDENT + 1), overflow="ellipsis")
        yield whole


def _line(row: _Row) -> Text:
    return text((f"{row.sign.replace('…', ' ')} {'  ' * row.depth}{row.said}", _STYLES[row.sign]))


def _tree(found: list[Mismatch]) -> _Part:
    top = _Part()
    for each in found[:_MOST_DIFFERENCES]:
        part = top
        for step in each.at:
            part = part.within.setdefault(step, _Part())
        part.here.append(each)
    return top


def _parts(value: dict[str, Value] | list[Value]) -> Iterator[tuple[Step, Value]]:
    yield from value.items() if isinstance(value, dict) else enumerate(value)


class _Layout(Struct, frozen=True):
    names: Names
    room: int

    def part(self, part: _Part, value: Value, key: str, depth: int) -> Iterator[_Row]:
        """The lines of a part that differs, or in which something does; `key` stands before it."""
        other = next((each for each in part.here if each.why is not Why.LACKING), None)
        if other is not None or not isinstance(value, dict | list):
            yield from self._apart(other, value, key, depth)
            return
        opened, closed = "{}" if isinstance(value, dict) else "[]"
        yield _Row(" ", depth, key + opened)
        yield from self._within(part, dict(_parts(value)), depth + 1)
        for lost in part.here:
            yield from self._apart(lost, UNSET, "", depth + 1)
        yield _Row(" ", depth, closed)

    def _within(self, part: _Part, inner: dict[Step, Value], depth: int) -> Iterator[_Row]:
        steps = [*inner, *(step for step in part.within if step not in inner)]
        shown = {
            near
            for number, step in enumerate(steps)
            if step in part.within
            for near in range(number - _AROUND, number + _AROUND + 1)
        }
        left_out = 0
        for number, step in enumerate(steps):
            if number not in shown:
                left_out += 1
                continue
            if left_out:
                yield _Row("…", depth, f"… {left_out:,} more")
                left_out = 0
            key = f"{escape(written.key(step), _LONGEST_KEY)}: " if isinstance(step, str) else ""
            below = part.within.get(step, _Part())
            for each in below.here:
                if each.why is Why.MISSING:
                    yield from self._apart(each, UNSET, key, depth)
            if step in inner:
                here = [each for each in below.here if each.why is not Why.MISSING]
                yield from self._item(_Part(here, below.within), inner[step], key, depth)
        if left_out:
            yield _Row("…", depth, f"… {left_out:,} more")

    def _item(self, part: _Part, value: Value, key: str, depth: int) -> Iterator[_Row]:
        if part.here or part.within:
            yield from self.part(part, value, key, depth)
        else:
            yield _Row(" ", depth, key + short(value, self._left(key, depth)))

    def _apart(
        self, other: Mismatch | None, value: Value | UnsetType, key: str, depth: int
    ) -> Iterator[_Row]:
        """What was expected, and what there is."""
        left = self._left(key, depth)
        if other is not None and other.wanted is not None:
            want, name = self._value(other.wanted)
            if isinstance(want, str) and isinstance(value, str):
                want, value = around(want, value, left)
            yield _Row("-", depth, key + short(want, max(8, left - len(name))) + name)
        if not isinstance(value, UnsetType):
            yield _Row("+" if other is not None else " ", depth, key + short(value, left))

    def _value(self, wanted: Shape) -> tuple[Shape | Value, str]:
        """What is expected, or the value that it has to be, and its name."""
        if isinstance(wanted, Known) and wanted.name in self.names:
            return self.names[wanted.name], f"  <{wanted.name}>"
        return wanted.value if isinstance(wanted, Exactly) else wanted, ""

    def _left(self, key: str, depth: int) -> int:
        return max(12, self.room - 2 * depth - len(key))
