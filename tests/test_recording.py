"""`replay record`: what passes, what is written of it, and how it ends."""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import ssl
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import trustme

from replay.source import Source
from replay.trace.model import Drop, How
from replay.trace.wirelog import parse, write
from replay.wire.handshake import encode_request, encode_response
from replay.wire.side import Side
from tests.processes import ROOT, listening, replay
from tests.recorder import (
    Between,
    logged,
    octets,
    passes,
    read,
    recorder,
    recording,
    request,
    switched,
    untimed,
)

HELLO = bytes.fromhex("8185 37fa213d 7f9f4d5158")
ECHO = b"\x81\x05Hello"
SERVER = ROOT / "tests" / "peers" / "faulty.py"


@pytest.fixture
def between(tmp_path: Path) -> Iterator[Between]:
    with recording(tmp_path / "out") as between:
        yield between


def reset(end: socket.socket) -> None:
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.close()


def test_each_read_is_an_entry_and_nothing_is_changed(between: Between) -> None:
    client, server = between.pair()
    sent = request("/chat/room?x=1", ("Sec-WebSocket-Extensions", "permessage-deflate; x-unknown=1"))
    for piece in (sent[:7], sent[7:40], sent[40:] + HELLO[:1]):
        passes(client, server, piece)
    answer = switched(("X-Odd", "  two  blanks"))
    passes(server, client, answer[:30])
    passes(server, client, answer[30:] + ECHO + ECHO[:1])
    passes(client, server, HELLO[1:])
    passes(server, client, ECHO[1:])
    server.close()
    assert client.recv(1) == b""
    client.close()
    line = between.line()
    assert re.fullmatch(
        r"/chat/room\?x=1  3 messages, \d+ octets, \d+\.\d s  \S+/chat-room-001\.wirelog", line
    )
    assert between.ended().returncode == 0
    trace = logged(between.out / "chat-room-001.wirelog")
    assert octets(trace, Side.CLIENT) == [sent[:7], sent[7:40], sent[40:] + HELLO[:1], HELLO[1:]]
    assert octets(trace, Side.SERVER) == [answer[:30], answer[30:] + ECHO + ECHO[:1], ECHO[1:]]
    assert untimed(trace.entries[-1]) == ("Drop", Side.SERVER, How.FIN)
    times = [entry.at for entry in trace.entries if entry.at is not None]
    assert times == sorted(times)
    assert times[0] == 0
    assert "TX is the client" in (trace.header("via") or "")


def test_a_log_is_canonical_once_the_recorder_has_ended(between: Between) -> None:
    client, server = between.opened()
    passes(client, server, HELLO)
    passes(server, client, b"\x82\x7e\x01\x00" + b"\xfe" * 256)
    client.close()
    assert server.recv(1) == b""
    server.close()
    between.line()
    between.ended()
    (log,) = between.out.iterdir()
    text = log.read_text()
    assert write(parse(Source(log.name, text)).trace) == text
    assert "TX FRAME" in text


def test_half_of_a_connection_may_end(between: Between) -> None:
    client, server = between.opened()
    client.shutdown(socket.SHUT_WR)
    assert server.recv(1) == b""
    passes(server, client, ECHO)
    server.close()
    assert client.recv(1) == b""
    between.line()
    between.ended()
    trace = logged(between.out / "chat-001.wirelog")
    assert [untimed(entry) for entry in trace.entries[2:]] == [
        ("Drop", Side.CLIENT, How.FIN),
        (Side.SERVER, ECHO),
    ]


@pytest.mark.parametrize("side", Side)
def test_a_reset_passes_as_one(between: Between, side: Side) -> None:
    client, server = between.opened()
    one, other = (client, server) if side is Side.CLIENT else (server, client)
    reset(one)
    with pytest.raises(ConnectionResetError):
        other.recv(1)
    between.line()
    between.ended()
    assert untimed(logged(between.out / "chat-001.wirelog").entries[-1]) == ("Drop", side, How.RST)


def test_what_is_no_websocket_passes_and_is_no_log(between: Between) -> None:
    client, server = between.pair()
    page = encode_request("/", (("Host", "localhost"),))
    passes(client, server, page)
    passes(server, client, encode_response(200, "OK", (("Content-Length", "2"),)) + b"ok")
    post = encode_request("/login", (("Host", "localhost"), ("Content-Length", "5")))
    passes(client, server, post.replace(b"GET", b"POST") + b"na")
    passes(client, server, b"me=")  # of the body
    passes(server, client, encode_response(204, "No Content", ()))
    passes(client, server, request("/late"))
    passes(server, client, switched())
    passes(server, client, ECHO)
    client.close()
    assert server.recv(1) == b""
    other, behind = between.pair()
    passes(other, behind, b"\x16\x03\x01\x02\x00" + os.urandom(100))
    passes(behind, other, b"SSH-2.0-x\r\n")
    between.ended()
    (log,) = between.out.iterdir()
    assert octets(logged(log), Side.CLIENT) == [request("/late")]
    assert octets(logged(log), Side.SERVER) == [switched(), ECHO]


def test_a_client_that_asks_again_after_a_refusal(between: Between) -> None:
    client, server = between.pair()
    refused = encode_response(401, "Unauthorized", (("Content-Length", "2"),)) + b"no"
    passes(client, server, request("/a"))
    passes(server, client, refused)
    passes(client, server, request("/a", ("Authorization", "Basic eDp5")))
    assert "refused with 401" in between.line()
    passes(server, client, encode_response(103, "Early Hints", ()))
    passes(server, client, switched())
    between.ended()
    first, second = sorted(between.out.iterdir())
    assert octets(logged(first), Side.SERVER) == [refused]
    assert not any(isinstance(entry, Drop) for entry in logged(first).entries)
    assert octets(logged(second), Side.SERVER) == [encode_response(103, "Early Hints", ()), switched()]


def test_the_host_header_is_changed_if_that_is_asked_for(tmp_path: Path) -> None:
    with recording(tmp_path, "--host", "example.org") as between:
        client, server = between.pair()
        sent, wanted = request(host="localhost:9000"), request(host="example.org")
        client.sendall(sent[:20])
        client.sendall(sent[20:] + HELLO)
        assert read(server, len(wanted + HELLO)) == wanted + HELLO
        between.ended()
    (log,) = tmp_path.iterdir()
    assert octets(logged(log), Side.CLIENT) == [wanted + HELLO]
    assert "Host" in (logged(log).header("edited") or "")


def test_names_of_files(between: Between) -> None:
    for target in ("/", "/../../etc/passwd?a=/b", "/caf%C3%A9/x y", "/" + "long" * 100, "/"):
        client, server = between.pair()
        passes(client, server, request(target.replace(" ", "%20")))
        client.close()
        assert server.recv(1) == b""
        server.close()
        assert "no response" in between.line()
    between.ended()
    names = sorted(path.name for path in between.out.iterdir())
    assert names == sorted(
        (
            "001.wirelog",
            "etc-passwd-002.wirelog",
            "caf-C3-A9-x-20y-003.wirelog",
            f"{('long' * 100)[:80]}-004.wirelog",
            "005.wirelog",
        )
    )
    with recording(between.out) as again:
        passes(*again.pair(), request("/x"))
        again.ended()
    assert (between.out / "x-006.wirelog").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_it_ends_the_log_is_whole(between: Between, number: signal.Signals) -> None:
    client, server = between.opened()
    noise = os.urandom(100_000)
    client.sendall(HELLO)
    client.sendall(noise)
    assert read(server, len(HELLO + noise)) == HELLO + noise
    between.process.send_signal(number)
    ended = between.process.ended()
    assert ended.returncode == (-9 if number is signal.SIGKILL else 0), ended.stderr
    (log,) = between.out.iterdir()
    trace = logged(log)
    assert b"".join(octets(trace, Side.CLIENT)) == request() + HELLO + noise
    assert not any(isinstance(entry, Drop) for entry in trace.entries)


def test_a_log_that_is_cut_anywhere_is_read(between: Between, tmp_path: Path) -> None:
    client, server = between.opened()
    passes(client, server, HELLO)
    passes(server, client, ECHO * 30)
    between.process.send_signal(signal.SIGKILL)
    between.process.ended()
    (log,) = between.out.iterdir()
    text = log.read_bytes()
    whole = logged(log).entries
    for end in range(text.index(b"\n000 ") + 1 + len(text.split(b"\n")[4]) + 1, len(text)):
        parsed = parse(Source("cut", text[:end].decode()))
        assert [*map(untimed, parsed.trace.entries)] == [*map(untimed, whole)][: len(parsed.trace.entries)]
        assert len(parsed.trace.entries) == text[:end].count(b"\n") - 4
        assert bool(parsed.warnings) is not text[:end].endswith(b"\n")
    cut = tmp_path / "cut.wirelog"
    cut.write_bytes(text[:-3])
    shown = replay("show", cut)
    assert shown.returncode == 0
    assert f"warning: {cut}:8:1: the recording was cut off in this line, which is left out" in shown.stderr


def test_a_slow_reader_holds_up_the_sender(between: Between) -> None:
    client, server = between.opened()
    piece, sent, most = b"\x82\x7f" + bytes(65534), 0, 256 * 2**20
    client.setblocking(False)
    while sent < most and select.select([], [client], [], 0.5)[1]:
        sent += client.send(piece)
    assert sent < most  # the sockets' buffers are full, and the recorder reads no more
    client.setblocking(True)
    client.shutdown(socket.SHUT_WR)
    got = sum(iter(lambda: len(server.recv(2**20)), 0))
    assert got == sent
    between.ended()


def test_a_pipe_that_nobody_reads_holds_up_nothing(between: Between) -> None:
    for number in range(400):
        client, server = between.pair()
        with client, server:
            passes(client, server, request(f"/{number}-{'long' * 100}"))
    ended = between.ended()
    assert ended.returncode == 0
    assert len(ended.stdout) > 2**16
    assert len([*between.out.iterdir()]) == 400


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        gone = f"ws://127.0.0.1:{free.getsockname()[1]}"
    with recorder(tmp_path, "--url", gone) as (process, port, _):
        for _ in range(2):
            client = socket.create_connection(("127.0.0.1", port), 30)
            with client, pytest.raises(ConnectionResetError):
                client.recv(1)
        process.send_signal(signal.SIGINT)
        ended = process.ended()
    assert ended.returncode == 3
    assert ended.stderr == (
        f"error: {gone}: connection refused\nerror: no connection reached the server: connection refused\n"
    )
    assert not [*tmp_path.iterdir()]


def test_ports_that_can_t_be_used(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        words = ("record", "--url", "ws://127.0.0.1:1", "--out", tmp_path, "--listen")
        done = replay(*words, str(port))
    assert done.returncode == 2
    assert f"can't listen at ws://127.0.0.1:{port}: address already in use" in done.stderr
    itself = replay("record", "--url", f"ws://localhost:{port}", "--out", tmp_path, "--listen", str(port))
    assert itself.returncode == 2
    assert "is where replay itself listens" in itself.stderr
    assert "expected a port" in replay(*words, "nowhere").stderr
    assert "which server?" in replay("record").stderr


def test_a_server_that_it_starts(tmp_path: Path) -> None:
    command = f"exec {sys.executable} {SERVER} --port {{port}}"
    with recorder(tmp_path, "--exec", command) as (process, port, _):
        with socket.create_connection(("127.0.0.1", port), 30) as client:
            client.sendall(request())
            assert read(client, 12) == b"HTTP/1.1 101"
        assert process.stdout.readline().startswith("/chat  ")
        process.send_signal(signal.SIGTERM)
        assert process.ended().returncode == 0
    died = replay("record", "--listen", "0", "--out", tmp_path, "--exec", "echo why >&2; exit 4; {port}")
    assert died.returncode == 3
    assert "the server ended with status 4 before it accepted a connection\n  why" in died.stderr


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    """The connection goes on, and what was written stays."""
    out = tmp_path / "out"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(30)
        url = f"ws://127.0.0.1:{listener.getsockname()[1]}"
        shell = f"ulimit -f 8; exec {sys.executable} -m replay record --listen 0 --out {out} --url {url}"
        process = subprocess.Popen(
            ["bash", "-c", shell], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        port = int(process.stdout.readline().split()[2].rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), 30) as client:
            server, _ = listener.accept()
            with server:
                passes(client, server, request())
                passes(server, client, switched())
                passes(server, client, ECHO)
                passes(server, client, os.urandom(60_000))
                passes(server, client, ECHO)
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    log = out / "chat-001.wirelog"
    assert f"error: {log} is incomplete: {log}: file too large" in said
    assert octets(logged(log), Side.SERVER)[:2] == [switched(), ECHO]


def test_logs_are_replayed_as_they_are(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    with (
        listening(sys.executable, SERVER) as port,
        recorder(logs, "--url", f"ws://127.0.0.1:{port}") as two,
    ):
        process, own, _ = two
        played = replay("run", "--url", f"ws://127.0.0.1:{own}", "1.1.2", "5.3", "7.1.1", "7.3.1")
        assert played.returncode == 0, played.stdout
        process.send_signal(signal.SIGINT)
        assert process.ended().returncode == 0
        again = replay("run", "--url", f"ws://127.0.0.1:{port}", logs)
        assert again.returncode == 0, again.stdout
    assert replay("check", logs).returncode == 0


def test_tls_on_both_sides(tmp_path: Path) -> None:
    authority = trustme.CA()
    trusted, accepted = tmp_path / "ca.pem", ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.cert_pem.write_to_path(str(trusted))
    authority.issue_cert("localhost").configure_cert(accepted)
    out = tmp_path / "out"
    with recording(out, "--tls", "--ca", trusted, url="wss://localhost:{port}") as between:
        context = ssl.create_default_context(cafile=between.ca)
        with ExitStack() as stack:
            client = context.wrap_socket(between.client(), server_hostname="localhost")
            stack.enter_context(client)
            server = stack.enter_context(accepted.wrap_socket(between.server(), server_side=True))
            passes(client, server, request())
            passes(server, client, switched() + ECHO)
            noise = os.urandom(300_000)
            client.sendall(noise)
            assert read(server, len(noise)) == noise
            server.unwrap().close()
            assert client.recv(1) == b""
        between.line()
        assert between.ended().returncode == 0
    trace = logged(out / "chat-001.wirelog")
    assert b"".join(octets(trace, Side.CLIENT)) == request() + noise
    assert b"".join(octets(trace, Side.SERVER)) == switched() + ECHO
    assert untimed(trace.entries[-1]) == ("Drop", Side.SERVER, How.FIN)


def test_a_server_whose_certificate_is_not_trusted(tmp_path: Path) -> None:
    accepted = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(accepted)
    with recording(tmp_path, url="wss://localhost:{port}") as between:
        client, behind = between.pair()
        with pytest.raises(ssl.SSLError):
            accepted.wrap_socket(behind, server_side=True)
        with pytest.raises(ConnectionResetError):
            client.recv(1)
        ended = between.ended()
    assert ended.returncode == 3
    assert "the server's certificate was rejected" in ended.stderr
