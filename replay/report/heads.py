"""The opening handshake of a case in phrases: the tester's head, and what the answer has to be like."""

from __future__ import annotations

from replay.cases.opening import Answer, Head
from replay.report.safe import escape
from replay.trace.model import SECOND


def answered(want: Answer) -> str:
    """What an answer has to be like: ' with status 400 or 4xx, without Content-Length'."""
    said = []
    if want.statuses is not None:
        named = [_status(some) for some in want.statuses]
        said.append(f"with status {' or '.join(named)}" + (" or none" if want.silent else ""))
    said += [f"with {_header(*each)}" for each in want.has]
    said += [f"without {_header(*each)}" for each in want.lacks]
    return " " + ", ".join(said) if said else ""


def _status(some: range) -> str:
    return str(some.start) if len(some) == 1 else f"{some.start // 100}xx"


def _header(name: str, element: str | None) -> str:
    return escape(name, 40) + (f": {escape(element, 80)}" if element is not None else "")


def described(head: Head, what: str) -> str:
    """A head as a phrase: 'a request with the method POST, without Host'."""
    if head.lines is not None:
        said = [f"whose lines begin with {escape(head.lines[0], 80)!r}" if head.lines else "without lines"]
    else:
        said = [f"with the {part} {escape(value, 80)}" for part, value in head.first]
        for name, values in head.headers:
            shown = " and ".join(_header(name, value) for value in values)
            said.append(f"with {shown}" if values else f"without {escape(name, 40)}")
    if head.interim:
        said.append(f"after interim responses with status {' and '.join(map(str, head.interim))}")
    said += _writing(head)
    return f"a {what}" + (" " + ", ".join(said) if said else "")


def _writing(head: Head) -> list[str]:
    said = []
    pause = f", {head.pause / SECOND:g} s apart" if head.pause else ""
    if head.chop:
        said.append(
            ("written octet by octet" if head.chop == 1 else f"in writes of {head.chop} octets") + pause
        )
    if head.split:
        said.append(f"in two writes, the second of which has {-head.split} octets{pause}")
    if head.hold:
        said.append(f"after {head.hold / SECOND:g} s")
    if head.joined:
        said.append("in one write with the first frames")
    return said
