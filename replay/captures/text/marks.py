"""Who sent the octets below a heading, or behind a mark, in a text.

Arrows and words such as 'sent' only say whether the octets went out or came in, where they were written
down; words such as 'server' and 'from client' name the side itself.
"""

from __future__ import annotations

import re
from enum import Enum

from replay.wire.side import Side


class Sender(Enum):
    """Who sent something, as a text says it."""

    CLIENT = "client"
    SERVER = "server"
    ME = "the side that wrote it down"
    PEER = "the other side"

    __hash__ = object.__hash__

    @property
    def other(self) -> Sender:
        return _OTHER[self]

    @property
    def side(self) -> Side | None:
        """The side, if it is named."""
        return _SIDES.get(self)


_OTHER = {
    Sender.CLIENT: Sender.SERVER,
    Sender.SERVER: Sender.CLIENT,
    Sender.ME: Sender.PEER,
    Sender.PEER: Sender.ME,
}
_SIDES = {Sender.CLIENT: Side.CLIENT, Sender.SERVER: Side.SERVER}

LONGEST = 100
"""Longer lines aren't headings."""

_ARROW = re.compile(
    r"(?P<out>-{1,3}>|={1,2}>|>{1,3}|→|⇒|»|▶|⬆)|(?P<in><-{1,3}|<={1,2}|<{1,3}(?![A-Za-z<])|←|⇐|«|◀|⬇)"
)
_WORD = re.compile(
    r"(?:\[[^\[\]]{0,40}\][ \t]*){0,5}"
    r"(?:(?P<out>TX|SENT|SEND|Sent|Send|sent|send)|RX|RECV|RECEIVED|Recv|Received|recv|received):[ \t]*"
)
_LETTER = re.compile(r"(?P<out>[OoCc])|(?P<in>[IiSs])")
_SIDE = r"(?P<{0}>client|browser|server)"
_PAIR = re.compile(
    rf"\b{_SIDE.format('one')}\b\s*(?:-+>|=+>|→|>+|to)\s*(?:the )?{_SIDE.format('two')}\b"
    rf"|\b(?P<c>C)\s*(?:-+>|=+>|→|>+|2)\s*S\b|\b(?P<s>S)\s*(?:-+>|=+>|→|>+|2)\s*C\b",
    re.IGNORECASE,
)
_BACK = re.compile(
    rf"\b{_SIDE.format('two')}\b\s*(?:<-+|<=+|←|<+)\s*(?:the )?{_SIDE.format('one')}\b"
    r"|\bC\s*(?:<-+|<=+|←|<+)\s*(?P<s>S)\b|\bS\s*(?:<-+|<=+|←|<+)\s*(?P<c>C)\b",
    re.IGNORECASE,
)
_FROM = re.compile(rf"\b(?:from|by)\s+(?:the\s+)?{_SIDE.format('one')}\b", re.IGNORECASE)
_TO = re.compile(rf"\bto\s+(?:the\s+)?{_SIDE.format('two')}\b", re.IGNORECASE)
_NAMED = re.compile(rf"\b{_SIDE.format('one')}\b", re.IGNORECASE)
_OUT = re.compile(
    r"\b(?:sen[dt]s?|sending|tx|out(?:going|bound)?|writ(?:e|es|ing|ten)|wrote|transmit\w*|request)\b",
    re.IGNORECASE,
)
_IN = re.compile(
    r"\b(?:receiv(?:e|es|ed|ing)|recv|rcvd?|rx|in(?:coming|bound)|reads?|reading|got|response|reply|answer)\b",
    re.IGNORECASE,
)


_ONLY_IN = re.compile(r"\W*in\W*", re.IGNORECASE)
"""Among other words, 'in' says nothing."""


def leading(text: str, start: int, end: int) -> tuple[Sender | None, int]:
    """The arrow with which a line begins, and where what follows it starts."""
    found = _ARROW.match(text, start, end)
    if found is None or (found.end() < end and not _parts(text[found.end()])):
        return None, start
    at = found.end()
    while at < end and text[at] in " \t":
        at += 1
    return (Sender.ME if found["out"] else Sender.PEER), at


def _parts(char: str) -> bool:
    """Whether a mark may end before this character."""
    return char in " \t:" or char.isalnum() or char in "\"'<[{"


def word(text: str, start: int, end: int) -> tuple[Sender | None, int]:
    """The word with which a line of a log begins, as in '[Server] RX: ', and where what follows starts."""
    found = _WORD.match(text, start, end)
    if found is None:
        return None, start
    return (Sender.ME if found["out"] else Sender.PEER), found.end()


def letter(text: str) -> Sender | None:
    """The sender in a line that is one letter: 'O' and 'I' as text2pcap reads them, 'C' and 'S'."""
    if (found := _LETTER.fullmatch(text)) is None:
        return None
    if text in "CcSs":
        return Sender.CLIENT if found["out"] else Sender.SERVER
    return Sender.ME if found["out"] else Sender.PEER


def named(text: str) -> Sender | None:
    """The sender in words: 'Client sends:', 'from server', 'client -> server', 'Received 7 bytes'. None: it
    isn't said, or more than one is."""
    text = text[:LONGEST].replace("_", " ")
    for pattern in (_PAIR, _BACK):
        if found := pattern.search(text):
            one = found["one"] or ("client" if found["c"] else "server")
            return _side(one)
    if found := _FROM.search(text):
        return _side(found["one"])
    if found := _TO.search(text):
        return _side(found["two"]).other
    out, came = _OUT.search(text), _IN.search(text) or _ONLY_IN.fullmatch(text)
    if out and came:
        came = came if came.start() < out.start() else None
        out = None if came else out
    sides = {_side(found["one"]) for found in _NAMED.finditer(text)}
    if len(sides) > 1:
        return None
    if sides:
        return sides.pop().other if came else sides.pop()
    return Sender.ME if out else Sender.PEER if came else None


def _side(word: str) -> Sender:
    return Sender.SERVER if word.lower() == "server" else Sender.CLIENT
