"""WebSockets within TLS: tshark decrypts them, with the secrets in a key log or in the capture itself."""

from __future__ import annotations

import binascii
import re
import shlex
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from replay import limits
from replay.captures.model import Captured, Wanted
from replay.captures.streams import Chunk, trace_of
from replay.source import SourceError, printable
from replay.trace.model import SECOND

MOST_STREAMS = limits.DECRYPTED.default
MOST_OCTETS = limits.LOG.default

_UPGRADE = re.compile(rb"\nupgrade[ \t]*:[^\r\n]*\bwebsocket\b", re.IGNORECASE)
_REQUEST = re.compile(rb"GET ([^ \r\n]{0,8192}) HTTP/1\.1\r?\n")
_FIELD = re.compile(r"  (?:- |  )(packet|peer|timestamp): ([0-9.]+)$")
_FIELDS = (
    *("tcp.stream", "frame.time_epoch", "ip.src", "ipv6.src", "tcp.srcport"),
    *("ip.dst", "ipv6.dst", "tcp.dstport", "http.request.method", "http.upgrade"),
)

NOTE = "decrypted by tshark: how TCP ended is not known"


class _Stream(NamedTuple):
    number: str  # as tshark counts TCP connections
    at: int
    client: str
    server: str
    decrypted: bool = False
    asks: bool = False


def way_out(name: str, wanted: Wanted, secrets: bool) -> str:
    """What a person does who has a capture of TLS."""
    if secrets or wanted.keylog is not None:
        file = printable(f"{name}.yaml")
        command = shlex.join([*_tshark(name, wanted), *_follow("0")])
        return f"`{printable(command)} > {file}` decrypts the first connection, and replay reads {file}"
    return (
        "--keylog FILE decrypts it, by tshark; the environment variable SSLKEYLOGFILE=FILE makes browsers, "
        "curl and Python write this file, and --tls-keylog=FILE makes Node"
    )


def connections(name: str, wanted: Wanted, first: int) -> Iterator[Captured]:
    """The WebSockets within the TLS of a capture, numbered from `first` on. Raises SourceError if tshark
    isn't there; or, if `first` is 1, if it finds none."""
    if name == "-":
        hint = "write the capture to a file, and name it"
        raise SourceError(None, "-: TLS is decrypted by tshark, which can't read standard input here", hint)
    streams = _streams(name, wanted)
    number = first
    for stream in [each for each in streams if each.asks][:MOST_STREAMS]:
        lines = _run([*_tshark(name, wanted), *_follow(stream.number)], name, wanted)
        chunks, path = _chunks(lines, stream.at)
        if path is None:
            continue
        yield Captured(
            number=number,
            trace=trace_of(chunks, recorder=wanted.recorder),
            client=stream.client,
            server=stream.server,
            path=path,
            at=stream.at,
            notes=(f"{printable(name)}#{number}: {NOTE}",),
        )
        number += 1
    if number == 1:
        raise _nothing(name, len(streams), any(each.decrypted for each in streams))


def _nothing(name: str, count: int, decrypted: bool) -> SourceError:
    where = f"{printable(name)}: {count} connection{'s' * (count != 1)} of TLS"
    if decrypted:
        return SourceError(None, f"{where}, none of which asks for a WebSocket by HTTP/1.1")
    hint = "a key log has to be of the same connections, and the capture has to have their beginning"
    return SourceError(None, f"{where}, none of which these secrets decrypt", hint)


def _tshark(name: str, wanted: Wanted) -> list[str]:
    keys = [] if wanted.keylog is None else ["-o", f"tls.keylog_file:{wanted.keylog}"]
    return ["tshark", "-r", name, "-o", "tcp.try_heuristic_first:TRUE", *keys]  # TLS on any port


def _follow(number: str) -> list[str]:
    return ["-q", "-z", f"follow,tls,yaml,{number}"]


def _run(command: list[str], name: str, wanted: Wanted) -> Iterator[str]:
    if wanted.run is None:
        said = f"{printable(name)}: TLS is decrypted by tshark, which isn't started here"
        raise SourceError(None, said, way_out(name, wanted, True))
    try:
        yield from wanted.run(command)
    except FileNotFoundError:
        said = f"{printable(name)}: TLS is decrypted by tshark, which isn't installed"
        hint = f"install it (apt-get install tshark); or, where it is, {way_out(name, wanted, True)}"
        raise SourceError(None, said, hint) from None


def _streams(name: str, wanted: Wanted) -> list[_Stream]:
    """The connections that begin TLS, each with whether it was decrypted, and asks for a WebSocket."""
    fields = [word for one in _FIELDS for word in ("-e", one)]
    select = ["-Y", "tls.handshake.type==1 or (tls and http.request)", "-T", "fields", *fields]
    found: dict[str, _Stream] = {}
    for line in _run([*_tshark(name, wanted), *select], name, wanted):
        row = line.rstrip("\n").split("\t")
        if len(row) != len(_FIELDS):
            continue
        number, time, source, source6, port, target, target6, target_port, method, upgrade = row
        ends = (_end(source or f"[{source6}]", port), _end(target or f"[{target6}]", target_port))
        stream = found.setdefault(number, _Stream(number, _microseconds(time), *ends))
        asks = stream.asks or "websocket" in upgrade.lower()
        found[number] = stream._replace(decrypted=stream.decrypted or bool(method), asks=asks)
    return [*found.values()]


def _end(host: str, port: str) -> str:
    return f"{host}:{port}"


def _microseconds(time: str) -> int:
    seconds, _, fraction = time.partition(".")
    return int(seconds or 0) * SECOND + int(f"{fraction:0<6}"[:6])


def _chunks(lines: Iterable[str], start: int) -> tuple[list[Chunk], str | None]:
    """What each end sent, from the request for a WebSocket on, and its path; None: there is no such
    request, and nothing is kept."""
    chunks, path, size = list[Chunk](), None, 0
    for peer, time, data in _packets(lines):
        if path is None and (found := _REQUEST.match(data)) is not None:
            chunks = []
        chunks.append(Chunk(peer, data, max(0, time - start)))
        size += len(data)
        if path is None:
            head = b"".join(one.data for one in chunks if one.peer == chunks[0].peer)
            if (found := _REQUEST.match(head)) is not None and _UPGRADE.search(head):
                path = found[1].decode("latin-1")
            elif len(head) > limits.HEAD.default:
                chunks = chunks[-1:]
        if size > MOST_OCTETS:
            break
    return chunks, path


def _packets(lines: Iterable[str]) -> Iterator[tuple[int, int, bytes]]:
    """The sender, the time and the octets of each packet of `follow,tls,yaml`."""
    peer, time, data = 0, 0, list[str]()
    begun = False
    for line in lines:
        found = _FIELD.match(line.rstrip("\n"))
        if found is None:
            if line.startswith("      "):
                data.append(line.strip())
            continue
        if found[1] == "packet":
            if begun and data:
                yield peer, time, _octets(data)
            begun, data = True, []
        elif found[1] == "peer":
            peer = int(found[2]) & 1
        else:
            time = _microseconds(found[2])
    if begun and data:
        yield peer, time, _octets(data)


def _octets(data: list[str]) -> bytes:
    try:
        return binascii.a2b_base64("".join(data))
    except binascii.Error:
        return b""
