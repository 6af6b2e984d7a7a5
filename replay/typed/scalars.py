"""The scalars of a spec, each as a reader: numbers, sizes, durations, octets and names."""

from __future__ import annotations

import re
from decimal import Decimal

from replay import limits
from replay.forms import SIZE_UNITS
from replay.trace.model import SECOND
from replay.typed.readers import ANY, ScalarFault, Typed, Word

MAX_SIZE = limits.PAYLOAD.default
"""The most octets of one payload."""

MAX_DURATION = limits.DURATION.default * SECOND
"""In microseconds."""

_DURATIONS = {"ms": SECOND // 1000, "s": SECOND, "min": 60 * SECOND}


def integer(low: int, high: int, what: str = "a whole number") -> Typed[int]:
    """A number from `low` to `high`, both included, in decimal or as 0x…."""
    shown = f"2^{high.bit_length()}-1" if high > 2**32 else str(high)
    wants = f"{what} from {low} to {shown}"

    def parse(match: re.Match[str]) -> int:
        value = int(match[0], 16 if match[0][:2] == "0x" else 10)
        if not low <= value <= high:
            raise ValueError(f"expected {wants}, found {match[0]!r}")
        return value

    return Typed(wants, r"0x[0-9A-Fa-f]{1,16}|[0-9]{1,20}", parse, bounds=(low, high))


def _size(match: re.Match[str]) -> int:
    size = int(match[1]) * SIZE_UNITS[match[2]]
    if size > MAX_SIZE:
        raise ValueError(f"a payload can't be larger than {MAX_SIZE >> 30} GiB")
    return size


def duration(match: re.Match[str]) -> int:
    """A number (group 1) and a unit (group 2) in microseconds."""
    value = int(Decimal(match[1]) * _DURATIONS[match[2]])
    if not 0 < value <= MAX_DURATION:
        raise ValueError("a duration must be longer than 0 and at most 60 min")
    return value


def unit_missing(text: str) -> str | None:
    """Help for a duration without a unit."""
    return f"did you mean '{text} s'?" if re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,6})?", text) else None


def _unit_meant(text: str) -> str | None:
    """Help for a size whose unit is spelled in another way, as in '5 kb'."""
    found = re.fullmatch(r"([0-9]{1,12}) *([kmg])i?b?", text.lower())
    return f"did you mean '{found[1]} {found[2].upper()}iB'?" if found else None


def _hex(match: re.Match[str]) -> bytes:
    if (bad := re.search(r"[^0-9A-Fa-f ]", match[0])) is not None:
        free = "; octets that are free are expected by 'octets: {hex: …}'" if bad[0] == "?" else ""
        raise ScalarFault(f"{bad[0]!r} is not a hex digit{free}", bad.start(), bad.end())
    digits = match[0].replace(" ", "")
    if len(digits) % 2:
        end = len(match[0].rstrip(" "))
        raise ScalarFault("a hex digit is missing: an octet has two", end - 1, end)
    return bytes.fromhex(digits)


def _code_points(match: re.Match[str]) -> bytes:
    """All of them in UTF-8, in order, without the surrogates, which have no encoding (RFC 3629 §3)."""
    first, last = int(match[1], 16), int(match[2], 16)
    if not first <= last <= 0x10FFFF:
        raise ValueError("expected a range that ascends, up to 10ffff")
    return "".join(map(chr, range(first, last + 1))).encode("utf-8", "ignore")


def _key(match: re.Match[str]) -> bytes:
    key = _hex(match)
    if len(key) != 4:
        raise ValueError(f"a masking key is 4 octets (8 hex digits), found {len(key)}")
    return key


def _utf8(match: re.Match[str]) -> bytes:
    try:
        return match[0].encode()
    except UnicodeEncodeError as error:
        raise ScalarFault(
            "a surrogate can't be encoded as UTF-8; write such octets as hex", error.start, error.end
        ) from None


_OCTET = " *[0-9A-Fa-f] *[0-9A-Fa-f]"

DURATION_PATTERN = r"([0-9]{1,9}(?:\.[0-9]{1,6})?) *(ms|s|min)"
TAG_PATTERN = r"[A-Za-z][A-Za-z0-9_-]{0,63}"

LINE: Typed[str] = Typed("a text of one line", r"[^\x00-\x1f\x7f-\x9f]+", lambda match: match[0])
UTF8: Typed[bytes] = Typed("a text", ANY, _utf8)
HEX: Typed[bytes] = Typed("octets in hex", ANY, _hex, looks=rf"(?:{_OCTET})* *")
CODE_POINTS: Typed[bytes] = Typed(
    "a range of code points such as '80-7ff'", r"([0-9A-Fa-f]{1,6})-([0-9A-Fa-f]{1,6})", _code_points
)
KEY: Typed[bytes] = Typed("a masking key in hex", ANY, _key, looks=rf"(?:{_OCTET}){{4}} *")
TAG: Typed[str] = Typed("a tag such as 'A'", TAG_PATTERN, lambda match: match[0])
SIZE: Typed[int] = Typed(
    "a size in octets such as 126, '64 KiB' or '16 MiB'",
    r"([0-9]{1,12})(?: *(KiB|MiB|GiB))?",
    _size,
    bounds=(0, MAX_SIZE),
    meant=_unit_meant,
)
DURATION: Typed[int] = Typed(
    "a duration such as '10 s' or '100 ms'", DURATION_PATTERN, duration, meant=unit_missing
)
ID: Typed[str] = Typed(
    "an id of letters, digits, '-' and '_', with single dots between",
    r"(?=.{1,100}$)[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*",
    lambda match: match[0],
)
FLAG: Word[bool] = Word("a value", {"true": True, "false": False})
CODE: Typed[int] = integer(0, 65535, "a close code, a number")
