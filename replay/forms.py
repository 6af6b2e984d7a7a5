"""The forms of single values, the same in a config, on a command line and as arguments in Python. Plain
values only."""

from __future__ import annotations

from typing import NamedTuple

from replay import limits

LEAST_SECONDS, MOST_SECONDS = 0.001, limits.LONGEST.default

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_VALUE = r"[\t -~\xa0-\xff]"


class Whole(NamedTuple):
    """A whole number."""

    low: int
    high: int


class Form(NamedTuple):
    """A text that can be checked by its characters."""

    wants: str  # what is expected, in words
    pattern: str


AUTOBAHN, RFC, ALL = "autobahn", "rfc", "all"
"""The bundled suites, and all of them."""

SIZE_UNITS = {None: 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
"""The octets of each unit of a size; None: there is no unit."""

JOBS = Whole(1, limits.MOST_JOBS.default)
SEED = Whole(0, 2**63 - 1)

HEADER_NAME = Form("the name of a header", _TOKEN)
HEADER_LINE = Form("a header 'NAME: VALUE'", rf"{_TOKEN}:{_VALUE}*")
HEADER_VALUE = Form("the value of a header: characters of ISO 8859-1 in one line", rf"{_VALUE}+")
SUBPROTOCOL = Form("the name of a subprotocol, without spaces or commas", _TOKEN)
SUITE = Form(
    f"{AUTOBAHN}, {RFC} or {ALL}, or an edition of it, as in {RFC}@2026.12",
    rf"(?:{AUTOBAHN}|{RFC}|{ALL})(?:@[^@\s]+)?",
)
LIMIT = Form(
    "a limit such as '1 MiB' (of a message), 'frame=64 KiB' or 'fragments=100'",
    r"(?:[a-z]+ *= *)?[0-9]{1,12}(?: *(?:KiB|MiB|GiB))?",
)
CHOP = Form("'recorded', 'frame' or a number of octets", r"recorded|frame|[1-9][0-9]{0,8}")
