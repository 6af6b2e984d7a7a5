"""`replay init` in an empty project with a server in Node, and `replay run` by what it wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.live.test_servers import node_modules
from tests.processes import replay

pytestmark = pytest.mark.live

SERVER = """
const { WebSocketServer } = require("ws");
const port = Number(process.argv[2]);
const server = new WebSocketServer({ host: "127.0.0.1", port, perMessageDeflate: true });
server.on("connection", (connection) => {
  connection.on("message", (data, binary) => connection.send(data, { binary }));
  connection.on("error", () => {});
});
"""


def test_a_server_in_node(tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(node_modules())
    (tmp_path / "server.js").write_text(SERVER)
    done = replay("init", "--exec", "node server.js {port}", "--ci", "none", cwd=tmp_path)
    assert done.stdout == "wrote replay.yaml\ntry it: replay run\n"
    done = replay("run", "1.*", "2.*", "12.1.1", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "28 cases: 28 OK" in done.stdout
