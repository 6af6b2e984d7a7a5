"""What a reader of the docs has beside the files of a page: a server, a client, stored runs.

Commands are run as they stand, but for what takes too long or waits for ever: without a selection they play
one case, and what would go on until ^C gets that after a while.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from click.core import ParameterSource

from replay.commands.main import cli
from tests.processes import ROOT, listening, replay

NOT_RUN = ("pip", "make", "pbpaste", "npm", "pipx", "uvx")
"""Programs that fetch something, or aren't everywhere: a line that begins with one is passed over."""
A_WHILE = 4  # seconds
UNTIL_STOPPED = (124, 0, 3, 130)

# An echo server on a port; an echo client of a URL; as 'driver', of all cases at a URL.
PROGRAM = f"""\
#!{sys.executable}
import asyncio, os, sys
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed
where = sys.argv[-1]
if "NODE_EXTRA_CA_CERTS" in os.environ:
    os.environ["SSL_CERT_FILE"] = os.environ["NODE_EXTRA_CA_CERTS"]

async def echo(connection):
    try:
        async for message in connection:
            await connection.send(message)
    except ConnectionClosed:
        pass

async def client(url):
    async with connect(url, max_size=None) as connection:
        await echo(connection)

async def driver(url):
    async with connect(url + "/getCaseCount") as connection:
        count = int(await connection.recv())
    for case in range(1, count + 1):
        await client(f"{{url}}/runCase?case={{case}}&agent=me")
    async with connect(url + "/updateReports?agent=me"):
        pass

async def server(port):
    async with serve(echo, "127.0.0.1", port, max_size=None) as listening:
        print("listening on", listening.sockets[0].getsockname()[1], flush=True)
        await listening.serve_forever()

if not where.startswith("ws"):
    asyncio.run(server(int(where)))
else:
    asyncio.run((driver if "driver" in " ".join(sys.argv) else client)(where))
"""
PROGRAMS = (
    "my-server server echo echo.py echo.js server.js client.py driver.js ws_echo.js websockets_echo.py"
)
INTERPRETERS = "node java"
FILTER = "#!/bin/sh\ncat > /dev/null\n"  # for jq


class Reader:
    """One who reads a page, in a folder of his own."""

    def __init__(self, folder: Path, bin: Path, servers: dict[str, str]) -> None:
        """`servers`: the addresses of the docs, with those that are theirs now."""
        self._folder, self._servers = folder, servers
        path = f"{bin}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        aside = ("NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE")
        kept = {name: value for name, value in os.environ.items() if name not in aside}
        self._env = {**kept, "PATH": path, "HOME": str(folder), "COLUMNS": "80"}

    def write(self, name: str, text: str) -> None:
        (self._folder / name).write_text(self._here(text), encoding="utf-8")

    def _here(self, text: str) -> str:
        for old, new in self._servers.items():
            text = text.replace(old, new)
        return text

    def run(self, line: str) -> tuple[int, str] | None:
        """Exit status and what is printed; None: the line isn't run."""
        if line.split()[0] in NOT_RUN:
            return None
        command = _in_short(self._here(line))
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self._folder,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=100,
        )
        status = done.returncode
        return (0 if command.startswith("timeout ") and status in UNTIL_STOPPED else status), done.stdout


def _in_short(line: str) -> str:
    """The same command, of one case and of some seconds."""
    found = re.fullmatch(r"(replay (run|serve|record|report)\b(.*?))((?: [|>]+ .*)?)", line)
    if found is None:
        return line
    command, name, options, rest = found.groups()
    context = cli.commands[name].make_context(name, shlex.split(options), resilient_parsing=True)
    params = context.params
    endless = params.get("serving", False)
    if name in ("run", "serve") and not params["cases"] and params["keyword"] is None:
        command += " 1.1.1"
    if name == "serve":
        if context.get_parameter_source("port") is ParameterSource.DEFAULT:
            command += " --port 0"
        endless = not (params["exec"] or params["each"] or params["demo"])
    if name == "record":
        endless = True
        if context.get_parameter_source("listen") is ParameterSource.DEFAULT:
            command += " --listen 0"
    return f"timeout --signal=INT {A_WHILE} {command}{rest}" if endless else command + rest


@contextmanager
def at_the_desk(folder: Path) -> Iterator[tuple[Path, Path, dict[str, str]]]:
    """What all readers have: a folder to begin with, one of programs, and servers that run."""
    desk, bin = folder / "desk", folder / "bin"
    desk.mkdir()
    bin.mkdir()
    for name in PROGRAMS.split():
        _program(desk / name, PROGRAM)
    for name in INTERPRETERS.split():
        _program(bin / name, PROGRAM)
    _program(bin / "jq", FILTER)
    trace = ROOT / "traces" / "01-framing" / "1.2.3.wirelog"
    for name in ("a.wirelog", "b.wirelog", "chat.wirelog", "traces/1.2.3.wirelog"):
        (desk / name).parent.mkdir(exist_ok=True)
        shutil.copy(trace, desk / name)
    for name in (".replay/previous", ".replay/last", "runs/monday"):
        done = replay("run", "--out", name, "--report", "autobahn=reports/servers", "1.1.1", cwd=desk)
        assert done.returncode == 0, done.stderr
    each = f"{desk / 'echo'} {{url}}"
    done = replay("serve", "--port", "0", "--out", ".replay/clients", "--each", each, "1.1.1", cwd=desk)
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("old", "new"):
        shutil.copytree(desk / "reports" / "servers", desk / name)
    (desk / ".config" / "fish" / "completions").mkdir(parents=True)
    with ExitStack() as stack:
        peers = ROOT / "tests" / "peers"
        port = stack.enter_context(listening(desk / "server", "0"))
        secure = stack.enter_context(listening(sys.executable, peers / "secure.py", desk, "localhost"))
        shutil.copy(desk / "client.pem", desk / "cert.pem")
        shutil.copy(desk / "client.key", desk / "key.pem")
        yield (
            desk,
            bin,
            {"127.0.0.1:9001": f"127.0.0.1:{port}", "localhost:9443": f"localhost:{secure}"},
        )


def _program(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
