"""The opening handshake of a case in phrases: the tester's head, and what the answer has to be like."""

from __future__ import annotations

from replay.cases.opening import PLACEHOLDER, Answer, Head
from replay.report.safe import escape, sample
from replay.trace.model import SECOND

_PLACEHOLDERS = {
    "target": "(the path)",
    "host": "(the host)",
    "key": "(the key)",
    "accept": "(the accept for the key)",
    "recased-accept": "(the accept for the key, with one letter in the other case)",
    "subprotocol": "(the first subprotocol that is offered)",
    "recased-subprotocol": "(the first subprotocol that is offered, with one letter in the other case)",
    "offer": "(the extensions that are offered)",
    "deflate": "permessage-deflate",
    "client-window": "client_max_window_bits",
}

_ERRORS = (range(400, 500), range(500, 600))
_ALL = (range(200, 300), range(300, 400), *_ERRORS)


def answered(want: Answer) -> str:
    """What an answer has to be like: ' with status 400 or 426, and without the header Content-Length'."""
    said = []
    if want.statuses is not None:
        ended = ["no response but the end of TCP"] if want.silent else []
        said.append(f"with {' or '.join([*_statuses(want.statuses), *ended])}")
    said += [f"with {_header(*each)}" for each in want.has]
    said += [f"without {_header(*each)}" for each in want.lacks]
    return " " + _listed(said) if said else ""


def _statuses(some: tuple[range, ...]) -> list[str]:
    if some in (_ERRORS, _ALL):
        return ["an error status (4xx or 5xx)" if some == _ERRORS else "any final status but 101"]
    named = " or ".join(_status(each) for each in some)
    return [f"status {named}"] if named else []


def _status(some: range) -> str:
    return str(some.start) if len(some) == 1 else f"{some.start // 100}xx"


def _listed(said: list[str]) -> str:
    """'one', 'one and two', 'one, two and three'."""
    return ", ".join([*said[:-2], " and ".join(said[-2:])])


def _header(name: str, element: str | None) -> str:
    return f"the header {escape(name, 40)}" + (f": {filled(element)}" if element is not None else "")


def filled(text: str, most: int = 80) -> str:
    """A text of a spec, with words for its placeholders."""
    return escape(PLACEHOLDER.sub(lambda found: _PLACEHOLDERS.get(found[1], found[0]), text), most)


def described(head: Head, what: str) -> str:
    """A head as a phrase: 'an opening request with the method POST and without the header Host'."""
    said = []
    if head.lines is not None:
        said.append(f"with the lines {_listed([repr(filled(line, 60)) for line in head.lines])}")
    for part, value in head.first:
        said.append(f"with the {_PARTS.get(part, part)} {filled(value)}")
    for name, values in head.headers:
        if not values:
            said.append(f"without the header {escape(name, 40)}")
        elif len(values) == 1:
            said.append(f"with {_header(name, values[0])}")
        else:
            shown = [f"{escape(name, 40)}: {filled(value)}" for value in values]
            said.append(f"with the headers {_listed(shown)}")
    if head.interim:
        said.append(f"after interim responses with status {' and '.join(map(str, head.interim))}")
    if head.body:
        said.append(f"with {_octets(len(head.body))} behind it ({sample(head.body[:80], len(head.body))})")
    return ", ".join([what + (" " + _listed(said) if said else ""), *_writing(head)])


_PARTS = {"version": "HTTP version", "reason": "reason phrase"}


def _writing(head: Head) -> list[str]:
    said = []
    pause = f", {head.pause / SECOND:g} s apart" if head.pause else ""
    if head.chop:
        said.append(
            ("written octet by octet" if head.chop == 1 else f"in writes of {head.chop} octets") + pause
        )
    if head.split:
        said.append(f"in two writes, the second of which has {_octets(-head.split)}{pause}")
    if head.hold:
        said.append(f"after {head.hold / SECOND:g} s")
    if head.joined:
        said.append("in the same write as the first frames")
    return said


def _octets(number: int) -> str:
    return "one octet" if number == 1 else f"{number} octets"
