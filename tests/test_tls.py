"""wss://: certificates that fit, and one clear line for those that don't."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.processes import ROOT, listening, replay

SERVER = ROOT / "tests" / "peers" / "secure.py"
Serve = Callable[..., int]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    with ExitStack() as stack:
        yield lambda *arguments: stack.enter_context(
            listening(sys.executable, SERVER, tmp_path, *arguments)
        )


def run(port: int, *arguments: str | Path, host: str = "127.0.0.1") -> subprocess.CompletedProcess[str]:
    return replay(
        "run",
        "-q",
        "--url",
        f"wss://{host}:{port}",
        *arguments,
        "1.1.2",
        "2.2",
    )


def refused(done: subprocess.CompletedProcess[str], said: str) -> None:
    assert done.returncode == 3, done.stdout + done.stderr
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_certificate_that_fits(serve: Serve, tmp_path: Path) -> None:
    port = serve("127.0.0.1")
    done = run(port, "--ca", tmp_path / "ca.pem")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"2 cases: 2 OK · wss://127.0.0.1:{port}" in done.stdout


def test_messages_that_fill_more_than_one_read(serve: Serve, tmp_path: Path) -> None:
    done = replay(
        "run", "-q", "--url", f"wss://127.0.0.1:{serve('127.0.0.1')}", "--ca", tmp_path / "ca.pem", "9.2.2"
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_one_of_somebody_else_s(serve: Serve, tmp_path: Path) -> None:
    port = serve("127.0.0.1")
    trusts: list[list[str | Path]] = [[], ["--ca", tmp_path / "other-ca.pem"]]
    for trust in trusts:
        done = run(port, *trust)
        refused(done, "the server's certificate was rejected: ")
        assert "--ca FILE" in done.stderr
    assert run(port, "--insecure").returncode == 0


def test_one_for_another_name(serve: Serve, tmp_path: Path) -> None:
    port = serve("echo.example")
    refused(run(port, "--ca", tmp_path / "ca.pem"), "certificate is not valid for '127.0.0.1'")
    assert run(port, "--ca", tmp_path / "ca.pem", "--sni", "echo.example").returncode == 0


def test_a_client_certificate(serve: Serve, tmp_path: Path) -> None:
    port = serve("127.0.0.1", "ask-client")
    ca = ("--ca", tmp_path / "ca.pem")
    refused(run(port, *ca), "--cert")
    assert run(port, *ca, "--cert", tmp_path / "client.pem").returncode == 0
    parts = ("--cert", tmp_path / "client-only.pem", "--key", tmp_path / "client.key")
    assert run(port, *ca, *parts).returncode == 0


def test_a_server_without_tls(serve: Serve, tmp_path: Path) -> None:
    with listening(sys.executable, ROOT / "tests" / "peers" / "faulty.py") as port:
        refused(run(port, "--insecure", "--connect-timeout", "0.5"), "does the server speak TLS, or")


def test_a_server_with_tls_that_is_asked_without(serve: Serve) -> None:
    done = replay("run", "-q", "--url", f"ws://127.0.0.1:{serve('127.0.0.1')}", "1.1.2")
    refused(done, "no WebSocket connection was opened: ")
    assert "is it a wss:// server?" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--ca", "README.md"], "README.md: expected certificates in PEM format"),
        (["--ca", "README.md"], "help: --ca names the certificates to trust"),
        (["--cert", "README.md"], "README.md: expected a certificate and its private key in PEM format"),
        (["--ca", "missing.pem"], "missing.pem"),
    ],
)
def test_files_that_can_t_be_used(arguments: list[str], said: str, tmp_path: Path) -> None:
    done = run(1, *arguments, "--out", str(tmp_path / "run"))
    assert not (tmp_path / "run").exists()
    assert done.returncode == 2, done.stdout + done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_certificates_without_tls() -> None:
    done = replay("run", "--url", "ws://127.0.0.1:1", "--insecure")
    assert done.returncode == 2
    assert "--insecure needs a wss:// URL" in done.stderr
