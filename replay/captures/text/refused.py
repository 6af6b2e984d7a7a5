"""Texts that tools print of a connection without its octets: what they are, and how to get the octets."""

from __future__ import annotations

import re
from typing import NamedTuple

from replay.source import Source, SourceError

CAPTURE = (
    "`tcpdump -w FILE` writes a capture, which replay reads; so does `replay record`, without a capture"
)


class _Form(NamedTuple):
    shape: re.Pattern[str]
    what: str
    hint: str


_NEVER = (
    _Form(
        re.compile(r"^\d{2,6}:\d{1,3}:\w+;.{0,40}?\d+:\w+[;,#:\]}~^]", re.DOTALL),
        "these are flows of mitmproxy, whose format changes with its version",
        "`mitmdump -nr FILE --set hardump=out.har` makes a HAR of them, which replay reads",
    ),
    _Form(
        re.compile(r"^.*(?:->|<-) WebSocket (?:text|binary) message (?:->|<-) .*$", re.MULTILINE),
        "this is what mitmdump prints, without the messages",
        "`mitmdump --set hardump=out.har` writes them as a HAR, which replay reads",
    ),
    _Form(
        re.compile(
            r"^(?:=>|<=) (?:Send|Recv) (?:header|data).*\r?\n0000: (?![0-9a-f]{2} ).*$", re.MULTILINE
        ),
        "this is curl's --trace-ascii, which shows a dot for each octet that can't be printed",
        "`curl --trace FILE` prints the octets",
    ),
    _Form(
        re.compile(r"^[Cc]onnected \(press CTRL\+C to quit\).*$", re.MULTILINE),
        "this is what wscat prints: messages, without the frames that they came in",
        CAPTURE,
    ),
    _Form(
        re.compile(r'\s*(?:<\?xml.*?\?>\s*)?<pdml\b|\s*<\?xml|\s*\{"index":\{"_index"'),
        "this is what tshark makes of packets",
        "replay reads the capture itself; `tshark -r FILE -T json -x` has the octets",
    ),
    _Form(
        re.compile(r"^tshark: .*$", re.MULTILINE),
        "this is an error of tshark's",
        "`tshark -r FILE -q -z follow,tcp,raw,0` prints the octets; replay also reads the capture itself",
    ),
    _Form(
        re.compile(r'\s*\{\s*"constants"\s*:'),
        "this is a log of Chrome's network stack, not a HAR",
        "the Network panel of the developer tools exports a HAR, with the messages of WebSockets",
    ),
)


_WITHOUT = (
    _Form(
        re.compile(r"^(?:.{0,80} )?IP6? \S+ > \S+: .*$", re.MULTILINE),
        "this is what tcpdump prints of packets, without their octets",
        "`tcpdump -w FILE` writes a capture, which replay reads; `tcpdump -X` prints the octets as well",
    ),
    _Form(
        re.compile(r"^Frame \d+: \d+ bytes on wire.*$", re.MULTILINE),
        "this is what tshark makes of packets, without their octets",
        "replay reads the capture itself; `tshark -r FILE -x` prints the octets",
    ),
    _Form(
        re.compile(r"^[ \t]*\d+[ \t]+\d+\.\d+[ \t]+\S+[ \t]+(?:→|->)[ \t]+\S+[ \t]+\w.*$", re.MULTILINE),
        "this is what tshark prints of packets, without their octets",
        "replay reads the capture itself; `tshark -r FILE -x` prints the octets",
    ),
)
"""Those that may have octets between their lines."""


def known(source: Source, most: int, found: bool = True) -> SourceError | None:
    """The error for such a text, of which the first characters are looked at; None: it is none. `found`:
    whether octets were found in it."""
    head = source.text[:most]
    for form in _NEVER if found else (*_NEVER, *_WITHOUT):
        if place := form.shape.search(head):
            return SourceError(source.span(*place.span()), form.what, form.hint)
    return None
