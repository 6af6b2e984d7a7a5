"""Captures of TLS: what is said about them, and what tshark decrypts."""

from __future__ import annotations

import shutil
import ssl
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
import trustme

from replay.captures import formats
from replay.captures.content import Content
from replay.captures.model import ANYTHING, Captured, Wanted
from replay.live.tools import lines_of
from replay.protocol.events import Close, Message, Opened
from replay.protocol.interpreter import observe
from replay.source import SourceError
from replay.wire.side import Side
from tests.captures import built
from tests.captures.built import ACK, CLIENT, SERVER, SYN, Tcp, ethernet, ip, pcap, talk


def read(path: Path, wanted: Wanted = ANYTHING) -> list[Captured]:
    return list(formats.read(Content.open(str(path)), wanted))


def encrypted(keylog: Path) -> list[Tcp]:
    """The segments of `talk` within TLS, whose secrets are written to a file."""
    authority = trustme.CA()
    contexts = ssl.create_default_context(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    contexts[0].keylog_filename = str(keylog)
    authority.configure_trust(contexts[0])
    authority.issue_cert("example.org").configure_cert(contexts[1])
    reads, writes = (ssl.MemoryBIO(), ssl.MemoryBIO()), (ssl.MemoryBIO(), ssl.MemoryBIO())
    ends = (
        contexts[0].wrap_bio(reads[0], writes[0], server_hostname="example.org"),
        contexts[1].wrap_bio(reads[1], writes[1], server_side=True),
    )
    at, out = [1000, 5000], list[Tcp]()

    def send(end: int, data: bytes, flags: int = ACK) -> None:
        out.append(
            Tcp(*((CLIENT, SERVER) if end == 0 else (SERVER, CLIENT)), at[end], data, flags, at[1 - end])
        )
        at[end] += len(data) + bool(flags & SYN)

    def flush(end: int) -> None:
        if octets := writes[end].read():
            send(end, octets)
            reads[1 - end].write(octets)

    send(0, b"", SYN)
    send(1, b"", SYN | ACK)
    for end in (0, 1, 0, 1):
        with suppress(ssl.SSLWantReadError):
            ends[end].do_handshake()
        flush(end)
    for segment in talk():
        if segment.data:
            end = int(segment.source == SERVER)
            ends[end].write(segment.data)
            flush(end)
    return out


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap([ethernet(ip(one)) for one in encrypted(tmp_path / "keys")]))
    return path


def test_tls_is_named_with_the_way_out(capture: Path) -> None:
    with pytest.raises(SourceError, match="1 use TLS") as error:
        read(capture)
    assert "--keylog FILE decrypts it, by tshark" in (error.value.hint or "")


def test_tls_beside_a_websocket_is_counted(tmp_path: Path) -> None:
    others = talk(("10.0.0.9", 1))
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap([ethernet(ip(one)) for one in (*others, *encrypted(tmp_path / "keys"))]))
    (found,) = read(path)
    assert found.notes == (f"{path}: 1 other connection of the capture can't be read, because of TLS",)


def test_without_tshark_the_command_is_printed(capture: Path) -> None:
    def run(command: Sequence[str]) -> Iterator[str]:
        raise FileNotFoundError(command[0])

    keylog = capture.parent / "keys"
    with pytest.raises(SourceError, match="tshark, which isn't installed") as error:
        read(capture, Wanted(keylog=keylog, run=run))
    hint = error.value.hint or ""
    assert f"`tshark -r {capture} " in hint
    assert f" -o tls.keylog_file:{keylog} -q -z follow,tls,yaml,0 > " in hint


def check(found: Captured, path: Path) -> None:
    events = observe(found.trace)
    told = [(one.side, one.data) for one in events if isinstance(one, Message)]
    assert told == [
        (side, data) for data in (b"Hello", b"a longer message") for side in (Side.CLIENT, Side.SERVER)
    ]
    assert len([one for one in events if isinstance(one, Opened | Close)]) == 3
    assert (found.client, found.server, found.path) == ("10.0.0.1:40000", "10.0.0.2:80", "/chat")
    assert found.notes == (f"{path}#1: decrypted by tshark: how TCP ended is not known",)


@pytest.mark.live
@pytest.mark.skipif(shutil.which("tshark") is None, reason="needs tshark: apt-get install tshark")
def test_tshark_decrypts_with_a_key_log(capture: Path) -> None:
    (found,) = read(capture, Wanted(keylog=capture.parent / "keys", run=lines_of))
    check(found, capture)


@pytest.mark.live
@pytest.mark.skipif(shutil.which("tshark") is None, reason="needs tshark: apt-get install tshark")
def test_tshark_decrypts_with_the_secrets_in_a_pcapng(tmp_path: Path) -> None:
    segments = encrypted(tmp_path / "keys")
    keys = (tmp_path / "keys").read_bytes()
    secrets = built.block("<", 10, b"KSLT" + len(keys).to_bytes(4, "little") + keys)
    blocks = [built.section(), secrets, built.interface("<", 1)]
    blocks += [built.enhanced("<", 0, number, ethernet(ip(one))) for number, one in enumerate(segments)]
    path = tmp_path / "a.pcapng"
    path.write_bytes(b"".join(blocks))
    (found,) = read(path, Wanted(run=lines_of))
    check(found, path)


@pytest.mark.live
@pytest.mark.skipif(shutil.which("tshark") is None, reason="needs tshark: apt-get install tshark")
def test_secrets_of_something_else_decrypt_nothing(capture: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("# nothing\n")
    with pytest.raises(SourceError, match="none of which these secrets decrypt"):
        read(capture, Wanted(keylog=other, run=lines_of))
