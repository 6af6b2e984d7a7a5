"""What tshark prints for `-z follow,tcp,…`, and what Wireshark saves of a followed stream: raw and yaml.
The hex form is a dump, in which the rows of the other side are indented."""

from __future__ import annotations

import base64
import binascii
import re

from replay.captures.text.marks import Sender
from replay.captures.text.pieces import Pasted, Piece
from replay.captures.text.prefixes import Line, lines
from replay.source import Source, SourceError

_TITLE = re.compile(r"^Follow: (?P<protocol>\w+),(?P<form>[\w-]+)[ \t]*$", re.MULTILINE)
_NODE = re.compile(r"^Node (?P<node>[01]): (?P<address>\S+)[ \t]*$", re.MULTILINE)
_FRAME = re.compile(r"=+|Follow: .*|Filter: .*|Node [01]: .*|")
_YAML = re.compile(r"^(?:packets:|(?:  - )?peers?:|peer[01]_\d+: !!binary \|)", re.MULTILINE)
_DATA = re.compile(r"[ \t]+(?P<data>[A-Za-z0-9+/]+=*)[ \t]*")
_KEY = re.compile(r"[ \t]*(?:- )?(?P<key>peer(?P<side>[01])_\d+|[a-z]+):(?:[ \t]+(?P<value>.*?))?[ \t]*")
_OCTETS = {"tcp", "tls", "ssl"}
COMMAND = "`tshark -r FILE -q -z follow,tcp,raw,0` prints the octets; replay also reads the capture itself"


def form(text: str) -> str | None:
    """The form of a followed stream, by the first few KiB: 'raw', 'hex', 'yaml' or another."""
    if found := _TITLE.search(text):
        return found["form"] if found["protocol"] in _OCTETS else found["protocol"]
    if len(_YAML.findall(text)) > 1 and "!!binary" in text:
        return "yaml"
    return None


def refusal(source: Source) -> SourceError:
    """The error for a form that has no octets."""
    found = _TITLE.search(source.text)
    assert found is not None
    span = source.span(*found.span())
    if found["protocol"] in _OCTETS:
        what = "this form shows a dot for each octet that can't be printed"
    else:
        what = f"this has what tshark made of the octets as {found['protocol']}, but not the octets"
    return SourceError(span, what, COMMAND)


def addresses(text: str) -> tuple[str, str] | None:
    """The addresses of both nodes; the first is that of the side that sent first."""
    found = {one["node"]: one["address"] for one in _NODE.finditer(text[:4096])}
    return (found["0"], found["1"]) if len(found) == 2 else None


def read_raw(source: Source) -> Pasted:
    """Lines of hex digits; those of the second node are indented."""
    out, text = Pasted([], []), source.text
    for line in lines(source):
        body = text[line.start : line.end].strip()
        if _FRAME.fullmatch(body):
            continue
        start = text.index(body, line.start)
        try:
            data = bytes.fromhex(body)
        except ValueError:
            span = source.span(start, line.end)
            raise SourceError(span, "expected the octets of one write as hex digits", COMMAND) from None
        sender = Sender.ME if start == line.start else Sender.PEER
        out.pieces.append(Piece(sender, data, source.span(start, start + len(body))))
    return out


def read_yaml(source: Source) -> tuple[Pasted, tuple[str, str] | None]:
    """Packets with the number of their peer, their time and their octets in base64; and both addresses."""
    reader = _Yaml(source)
    for line in lines(source):
        reader.line(line)
    reader.leave()
    hosts = reader.hosts
    known = (hosts[0], hosts[1]) if len(hosts) == 2 and all(":" in host for host in hosts) else None
    return reader.out, known


class _Yaml:
    def __init__(self, source: Source) -> None:
        self.out = Pasted([], [])
        self.hosts: list[str] = []
        self._source = source
        self._sender = Sender.ME
        self._at: int | None = None
        self._data: list[str] | None = None
        self._start = self._end = 0

    def line(self, line: Line) -> None:
        text = self._source.text
        if self._data is not None and (data := _DATA.fullmatch(text, line.start, line.end)):
            self._start = self._start if self._data else data.start("data")
            self._end = data.end("data")
            self._data.append(data["data"])
            return
        if text.startswith("#", line.start) or not text[line.start : line.end].strip():
            return
        self.leave()
        found = _KEY.fullmatch(text, line.start, line.end)
        if found is None:
            span = self._source.span(line.start, line.end)
            raise SourceError(span, "expected a key of tshark's yaml, such as 'data: !!binary |'", COMMAND)
        self._take(found["key"], found["value"] or "", found["side"])

    def _take(self, key: str, value: str, side: str | None) -> None:
        if key == "peer" or side is not None:
            self._sender = Sender.PEER if (side or value) == "1" else Sender.ME
        if key == "host":
            self.hosts.append(f"[{value}]" if ":" in value else value)
        elif key == "port" and self.hosts:
            self.hosts[-1] += f":{value}"
        elif key == "timestamp":
            whole, _, part = value.partition(".")
            if whole.isdecimal() and len(whole) < 12 and (part or "0").isdecimal():
                self._at = int(whole) * 1_000_000 + int(part.ljust(6, "0")[:6])
        if value.startswith("!!binary"):
            self._data = []

    def leave(self) -> None:
        """Take the octets of the packet whose lines were read."""
        lines, self._data = self._data, None
        if not lines:
            return
        span = self._source.span(self._start, self._end)
        try:
            data = base64.b64decode("".join(lines), validate=True)
        except binascii.Error:
            raise SourceError(span, "expected base64, which these lines are not", COMMAND) from None
        self.out.pieces.append(Piece(self._sender, data, span, self._at))
