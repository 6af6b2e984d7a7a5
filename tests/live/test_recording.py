"""`replay record` between real clients and servers, and what its logs are good for."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from replay.protocol.events import Close, Opened
from replay.protocol.interpreter import observe
from replay.wire.side import Side
from tests.browser import browser, tab
from tests.clients import serving
from tests.live.test_servers import SERVERS, node_modules
from tests.live.verdicts import stored
from tests.processes import ROOT, listening, replay
from tests.recorder import logged, recorder

pytestmark = pytest.mark.live

__all__ = ["browser", "tab"]

TALK = """url => new Promise((resolve, reject) => {
  const socket = new WebSocket(url), got = []
  const sent = ["hello", "é".repeat(300), "x".repeat(100000), new Uint8Array(70000), ""]
  socket.binaryType = "arraybuffer"
  socket.onopen = () => socket.send(sent[0])
  socket.onerror = () => reject("error")
  socket.onmessage = ({data}) => {
    got.push(data.byteLength ?? data.length)
    got.length < sent.length ? socket.send(sent[got.length]) : socket.close(3001, "bye")
  }
  socket.onclose = ({code, wasClean}) => resolve([code, wasClean, got])
})"""
TALKED = [3001, True, [5, 300, 100000, 70000, 0]]


@pytest.fixture(scope="module")
def node() -> Iterator[str]:
    command = ("node", str(SERVERS / "ws_echo.js"))
    with listening(*command, env={"NODE_PATH": str(node_modules())}) as port:
        yield f"ws://127.0.0.1:{port}"


def test_chromium_and_node(node: str, tab: Page, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    with recorder(logs, "--url", node) as (process, port, _):
        assert tab.evaluate(TALK, f"ws://127.0.0.1:{port}/echo?a=1") == TALKED
        assert process.stdout.readline().startswith("/echo?a=1  10 messages, ")
        process.send_signal(signal.SIGINT)
        assert process.ended().returncode == 0
    events = observe(logged(logs / "echo-001.wirelog"))
    opened = next(event for event in events if isinstance(event, Opened))
    assert opened.agreed is not None
    codes = [(event.side, event.code) for event in events if isinstance(event, Close)]
    assert codes == [(Side.CLIENT, 3001), (Side.SERVER, 3001)]
    assert replay("run", logs, "--url", node).returncode == 0
    assert replay("check", logs).returncode == 0
    with listening(sys.executable, SERVERS / "websockets_echo.py") as other:
        again = replay("run", "--reencode", logs, "--url", f"ws://127.0.0.1:{other}")
        assert again.returncode == 0, again.stdout
    faulty = ROOT / "tests" / "peers" / "faulty.py"
    with listening(sys.executable, faulty, "--fault", "flips-one-octet") as wrong:
        failed = replay("run", "--reencode", logs, "--url", f"ws://127.0.0.1:{wrong}")
        assert failed.returncode == 1
        assert "FAILED" in failed.stdout
    with serving(tmp_path / "served", str(logs)) as served:
        assert tab.evaluate(TALK, f"ws://127.0.0.1:{served.port}/runCase?case=1&agent=chromium") == TALKED
        assert served.interrupted().status == 0
    assert stored(tmp_path / "served" / "chromium") == {"echo-001": ("OK", "OK")}
