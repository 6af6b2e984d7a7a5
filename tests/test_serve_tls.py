"""`replay serve --tls`: whom clients are to trust, the same verdicts, and handshakes that fail or hang."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import trustme

from replay.live.secure import Identity, Secure
from tests.clients import Served, serving
from tests.live.verdicts import stored
from tests.processes import ROOT, replay

CASES = ("1.1.1", "1.2.8", "2.1", "7.3.1", "9.2.1")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path, "--tls", *CASES) as served:
        yield served


def test_a_driver_s_way_through(server: Served, tmp_path: Path) -> None:
    assert server.ca
    assert server.told("/getCaseCount") == str(len(CASES))
    server.visit(*(f"/runCase?casetuple={case}&agent=me" for case in CASES), "/updateReports?agent=me")
    ended = server.interrupted()
    assert ended.status == 0, ended.stdout + ended.stderr
    assert stored(tmp_path / "me") == dict.fromkeys(CASES, ("OK", "OK"))
    assert not server.ca.exists()


def test_a_browser_is_told_where(server: Served) -> None:
    context = ssl.create_default_context(cafile=server.ca)
    plain = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    with context.wrap_socket(plain, server_hostname="localhost") as secure:
        secure.sendall(b"GET / HTTP/1.1\r\nHost: localhost:1\r\n\r\n")
        said = b"".join(iter(lambda: secure.recv(65536), b""))
    assert said.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"wss://localhost:1/runCase?case=1&agent=NAME" in said


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
def test_what_the_certificate_is_for(server: Served, name: str) -> None:
    context = ssl.create_default_context(cafile=server.ca)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain:
        context.wrap_socket(plain, server_hostname=name).close()


def test_clients_without_tls_and_those_that_hang_disturb_nobody(server: Served, tmp_path: Path) -> None:
    with ExitStack() as held:
        for _ in range(130):  # more than may shake hands at once
            connection = held.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            connection.sendall(b"\x16\x03\x01\x02\x00")  # the beginning of a ClientHello
        for octets in (b"GET / HTTP/1.1\r\n\r\n", os.urandom(500), b""):
            with socket.create_connection(("127.0.0.1", server.port)) as gone:
                gone.sendall(octets)
        with socket.create_connection(("127.0.0.1", server.port)) as distrustful:
            context = ssl.create_default_context()
            with pytest.raises(ssl.SSLCertVerificationError):
                context.wrap_socket(distrustful, server_hostname="localhost")
        server.visit(*(f"/runCase?casetuple={case}&agent=me" for case in CASES))
    ended = server.interrupted()
    assert ended.status == 0, ended.stdout + ended.stderr
    assert stored(tmp_path / "me") == dict.fromkeys(CASES, ("OK", "OK"))


@pytest.mark.parametrize("closing", [True, False])
def test_tls_that_ends_with_a_close_notify_and_without(
    server: Served, tmp_path: Path, closing: bool
) -> None:
    """Both are the end of TCP: the case had none of its Close frames."""
    assert server.ca
    head = (
        "GET /runCase?casetuple=1.1.1&agent=me HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n"
    )
    context = ssl.create_default_context(cafile=server.ca)
    plain = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    secure = context.wrap_socket(plain, server_hostname="localhost")
    secure.sendall(head.encode())
    said = b""
    while not said.endswith(b"\r\n\r\n\x81\x00"):
        said += secure.recv(65536)
    if closing:
        secure.unwrap().close()
    else:
        os.close(secure.detach())
    assert server.told("/getCaseStatus?casetuple=1.1.1&agent=me") == '{"behavior": "FAILED"}'
    server.interrupted()
    assert stored(tmp_path / "me") == {"1.1.1": ("FAILED", "FAILED")}
    assert "TCP DROPPED BY PEER (FIN)" in (tmp_path / "me" / "001-1.1.1.wirelog").read_text()


def test_nobody_is_let_in(server: Served) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert plain.recv(1000) == b""
    ended = server.interrupted()
    assert ended.status == 3
    assert "the TLS handshake of a client failed: it spoke HTTP without TLS" in ended.stderr


def test_a_client_is_told_whom_to_trust(tmp_path: Path) -> None:
    check = (
        'test -s {ca} -a "$REPLAY_CA" = {ca} && ' + f"{sys.executable} -m replay.live.demo {{url}} {{ca}}"
    )
    words = ("serve", "--port", "0", "--tls", "--out", tmp_path, "--each", check, "1.1.1")
    done = replay(*words)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_certificate_of_one_s_own(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    files = ("--cert", tmp_path / "cert.pem", "--key", tmp_path / "key.pem")
    demo = f"{sys.executable} -m replay.live.demo {{url}} {tmp_path / 'ca.pem'}"
    done = replay("serve", "--port", "0", *files, "--out", tmp_path / "out", "--each", demo, "1.1.1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "wss://127.0.0.1:" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--cert", "README.md"), "README.md: expected a certificate and its private key in PEM format"),
        (("--tls", "--key", "README.md"), "--key needs --cert: it is the private key of the certificate"),
        (("--tls", "--host", "no such host"), "no certificate can be made for the host 'no such host'"),
    ],
)
def test_a_bad_argument(words: tuple[str, ...], said: str) -> None:
    done = replay("serve", "--port", "0", *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_without_the_library(tmp_path: Path) -> None:
    (tmp_path / "trustme.py").write_text("raise ImportError")
    done = subprocess.run(  # an interpreter of its own, which looks for modules elsewhere
        [sys.executable, "-m", "replay", "serve", "--port", "0", "--tls"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert "pip install trustme, or give --cert and --key" in done.stderr


def test_a_certificate_that_a_killed_replay_left_goes_and_one_in_use_stays(tmp_path: Path) -> None:
    identities = [Identity(Secure(tmp_path), "localhost") for _ in range(2)]
    (tmp_path / "ca-1.pem").write_text("left behind")
    first, second = (identity.trusted(port).ca for port, identity in enumerate(identities, 2))
    assert sorted(tmp_path.iterdir()) == [first, second]
    for identity in identities:
        identity.forget()
    assert not list(tmp_path.iterdir())
