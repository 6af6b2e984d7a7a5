"""Runs the whole suite against common client libraries, each with its driver in docs/drivers.

    python bench/clients.py FOLDER                   all clients; prints a table of their verdicts
    python bench/clients.py FOLDER websockets ws     only these clients
    python bench/clients.py FOLDER --stored          runs nothing; prints the table of the runs in FOLDER

Libraries from PyPI and npm are installed into FOLDER. Those from Debian have to be installed (each row of
CLIENTS names its packages); if they aren't, their clients are left out with a message. The Python that runs
this needs replay. The runs are kept in FOLDER/runs, so `replay rejudge FOLDER/runs/NAME` can judge them
again. In some clients it is a race whether an echo comes before a failure, so a few cases are sometimes OK
and sometimes NON-STRICT.
"""

from __future__ import annotations

import argparse
import shlex
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from replay.source import SourceError
from replay.store import reader
from replay.store.stored_run import StoredCase

ROOT = Path(__file__).parent.parent
DRIVERS = ROOT / "docs" / "drivers"
PYPI = ("websockets", "aiohttp", "websocket-client", "tornado")
NPM = ("ws", "undici", "faye-websocket", "deno", "bun")
GO = "env GO111MODULE=off GOPATH=/usr/share/gocode go build -o {out} {driver}"


@dataclass(frozen=True, slots=True)
class Client:
    """A driver, and how to build and run it. {out} is the file or folder that is built."""

    library: str
    driver: str
    command: str
    version: str  # a command that prints the version
    build: str | None = None
    debian: str = ""  # the Debian packages that it needs


def _python(library: str, driver: str) -> Client:
    show = f"{{python}} -c 'from importlib.metadata import version; print(version(\"{library}\"))'"
    return Client(library, driver, "{python} {driver}", show)


def _node(library: str, driver: str) -> Client:
    show = f"node -p 'require(\"{library}/package.json\").version'"
    return Client(library, driver, "node {driver}", show)


def _debian(library: str, driver: str, command: str, packages: str, build: str | None = None) -> Client:
    show = "dpkg-query -W -f '${Version}' " + packages.split()[-1]
    return Client(library, driver, command, show, build, packages)


CLIENTS = {
    "websockets": _python("websockets", "websockets_echo.py"),
    "aiohttp": _python("aiohttp", "aiohttp_echo.py"),
    "websocket-client": _python("websocket-client", "websocket_client_echo.py"),
    "tornado": _python("tornado", "tornado_echo.py"),
    "ws": _node("ws", "ws_echo.js"),
    "undici": _node("undici", "standard_echo.js"),
    "faye-websocket": _node("faye-websocket", "faye_echo.js"),
    "deno": Client("Deno", "standard_echo.js", "deno run --allow-net --allow-env {driver}", "deno -v"),
    "bun": Client("Bun", "standard_echo.js", "bun {driver}", "bun --version"),
    "gorilla": _debian(
        "gorilla/websocket", "gorilla_echo.go", "{out}", "golang-go golang-github-gorilla-websocket-dev", GO
    ),
    "coder": _debian(
        "coder/websocket", "coder_echo.go", "{out}", "golang-go golang-nhooyr-websocket-dev", GO
    ),
    "java": Client(
        "java.net.http", "JavaEcho.java", "java -cp {out} JavaEcho", "java --version",
        "javac -d {out} {driver}", "default-jdk-headless",
    ),
    "libwebsockets": _debian(
        "libwebsockets", "lws_echo.c", "{out}", "libwebsockets-dev",
        "cc -O2 -o {out} {driver} -lwebsockets",
    ),
    "mojolicious": _debian("Mojolicious", "mojo_echo.pl", "perl {driver}", "libmojolicious-perl"),
    "faye-ruby": _debian("faye-websocket (Ruby)", "faye_echo.rb", "ruby {driver}", "ruby-faye-websocket"),
}  # fmt: skip


def installed(folder: Path) -> dict[str, str]:
    """Install the libraries, and return the environment variables for their clients."""
    import os
    import venv

    python, modules = folder / "python", folder / "node" / "node_modules"
    if not python.exists():
        venv.create(python, with_pip=True)
        subprocess.run([python / "bin" / "pip", "install", "-q", *PYPI], check=True)
    if not modules.exists():
        modules.parent.mkdir(parents=True)
        subprocess.run(["npm", "install", "--silent", *NPM], cwd=modules.parent, check=True)
    path = f"{modules / '.bin'}:{os.environ['PATH']}"
    return {**os.environ, "NODE_PATH": str(modules), "PATH": path, "PYTHON": str(python / "bin" / "python")}


def version(client: Client, env: dict[str, str]) -> str:
    """The version of a client's library. Raises CalledProcessError if it isn't installed."""
    words = shlex.split(client.version.replace("{python}", env["PYTHON"]))
    said = subprocess.run(words, env=env, check=True, capture_output=True, text=True).stdout
    return next(word for word in said.split() if word[0].isdigit())


def play(name: str, folder: Path, env: dict[str, str], cases: Sequence[str]) -> None:
    """Run the cases with a client. Raises CalledProcessError if it can't be built."""
    client, out = CLIENTS[name], folder / "built" / name
    words = {"driver": DRIVERS / client.driver, "out": out, "python": env["PYTHON"]}
    if client.build is not None:
        out.parent.mkdir(exist_ok=True)
        subprocess.run(shlex.split(client.build.format(**words)), env=env, check=True)
    runs = folder / "runs"
    shutil.rmtree(runs / name, ignore_errors=True)
    command = f"exec {client.command.format(**words)} {{url}}"
    serve = [sys.executable, "-m", "replay", "serve", "--port", "0", "-q", "--out", runs, "--agent", name]
    began = time.monotonic()
    done = subprocess.run([*serve, "--each", command, *cases], env=env, capture_output=True, text=True)
    print(f"{name}: {time.monotonic() - began:.0f} s, exit status {done.returncode}", file=sys.stderr)


def row(library: str, driver: str, cases: Sequence[StoredCase]) -> str:
    """A row of the table: the number of each verdict, and the ids of the cases that fail."""
    found = [(case.id, case.verdict) for case in cases if case.verdict is not None]
    counts = Counter(verdict.behaviour.value for _, verdict in found)
    words = ("OK", "NON-STRICT", "INFORMATIONAL", "UNIMPLEMENTED", "FAILED")
    failed = [id for id, verdict in found if verdict.behaviour.value == "FAILED"]
    closings: dict[str, list[str]] = {}
    for id, verdict in found:
        if verdict.behaviour.value != "FAILED" and verdict.closing.value not in ("OK", "INFORMATIONAL"):
            closings.setdefault(verdict.closing.value, []).append(id)
    all_ids = [id for id, _ in found]
    told = [_ids(failed, all_ids)] if failed else []
    told += [f"closing {word}: {_ids(ids, all_ids)}" for word, ids in closings.items()]
    numbers = " | ".join(str(counts[word] or "") for word in words)
    return f"| {library} | [{driver}](drivers/{driver}) | {numbers} | {'; '.join(told)} |"


def _ids(ids: Sequence[str], all_ids: Sequence[str]) -> str:
    """A list of these ids, in which a section that is complete is given by its glob."""
    told = []
    for id in ids:
        section = id.rpartition(".")[0]
        whole = [other for other in all_ids if other.rpartition(".")[0] == section]
        told.append(f"{section}.\\*" if len(whole) > 1 and set(whole) <= set(ids) else id)
    return ", ".join(dict.fromkeys(told))


HEAD = (
    "| library | driver | OK | NON-STRICT | INFORMATIONAL | UNIMPLEMENTED | FAILED | which |",
    "|---|---|---|---|---|---|---|---|",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("clients", nargs="*", metavar="client", help=", ".join(CLIENTS))
    parser.add_argument("--stored", action="store_true", help="run nothing, print the table of stored runs")
    parser.add_argument("--cases", nargs="+", default=["*"], help="ids and globs (default: all cases)")
    asked = parser.parse_intermixed_args()
    folder = asked.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    env = installed(folder)
    print(*HEAD, sep="\n", flush=True)
    for name in asked.clients or CLIENTS:
        try:
            client, of = CLIENTS[name], version(CLIENTS[name], env)
            if not asked.stored:
                play(name, folder, env, asked.cases)
            cases = reader.load(folder / "runs" / name).cases
            print(row(f"{client.library} {of}", client.driver, cases), flush=True)
        except (subprocess.CalledProcessError, FileNotFoundError, SourceError) as error:
            needs = f" It needs {CLIENTS[name].debian}." if CLIENTS[name].debian else ""
            print(f"{name} is left out: {error}.{needs}", file=sys.stderr)


if __name__ == "__main__":
    main()
