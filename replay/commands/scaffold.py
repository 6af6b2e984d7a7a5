"""The texts that `replay init` writes: a config with comments, and a CI workflow. Pure functions."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from textwrap import indent

from msgspec import Struct

GITHUB, GITLAB, GITLAB_JOB = ".github/workflows/websocket.yml", ".gitlab-ci.yml", ".gitlab/websocket.yml"
CONFIG = "replay.yaml"
NAME = "wire-replay"
"""The name on PyPI, once replay is released."""

COMMANDS = {"server": "./my-server --port {port}", "client": "./my-client {url}"}
"""The placeholder for a command that isn't known."""


class Toolchain(Struct, frozen=True):
    """What a command needs in CI, chosen by the program that it starts with."""

    programs: tuple[str, ...]
    github: str  # the steps that install it, in YAML
    packages: str  # Debian packages
    installs: Mapping[str, str]  # pairs of a project file and a command; the first file that exists decides


TOOLCHAINS = (
    Toolchain(
        ("node", "npm", "npx", "yarn", "pnpm"),
        '- uses: actions/setup-node@v4\n  with: {node-version: "22"}\n',
        "nodejs npm",
        {"package-lock.json": "npm ci", "package.json": "npm install"},
    ),
    Toolchain(
        ("python", "python3", "uvicorn", "hypercorn", "gunicorn"),
        "",
        "",
        {"requirements.txt": "pip install -r requirements.txt", "pyproject.toml": "pip install ."},
    ),
    Toolchain(
        ("go",),
        '- uses: actions/setup-go@v5\n  with: {go-version: "stable"}\n',
        "golang",
        {"go.mod": "go build ./..."},
    ),
    Toolchain(("cargo",), "", "cargo", {"Cargo.toml": "cargo build --release"}),
)
_OUT = ("--out", "replay-results")
_OTHER = Toolchain((), "", "", {})


class Start(Struct, frozen=True):
    """What the user asked for."""

    tested: str  # server or client
    command: str
    ci: str  # github, gitlab or none
    suite: str  # with its edition
    install: str = NAME  # what pip installs: a name with a version, a file or a URL


def files(start: Start, present: frozenset[str]) -> dict[str, str]:
    """The texts to write, by the paths of their files. `present` are the files that the project has."""
    config = _server_config if start.tested == "server" else _client_config
    written = {CONFIG: config(json.dumps(start.command, ensure_ascii=False), start.suite)}
    match start.ci:
        case "github":
            written[GITHUB] = _github(start, present)
        case "gitlab":
            written[GITLAB_JOB] = _gitlab(start, present)
            if GITLAB not in present:
                written[GITLAB] = INCLUDE
    return written


INCLUDE = f"include:\n  - local: {GITLAB_JOB}\n"
"""What .gitlab-ci.yml has to contain."""


def play(start: Start, *options: str) -> str:
    """The command that runs the tests."""
    return " ".join(["replay", "run" if start.tested == "server" else "serve", *options])


def _server_config(command: str, suite: str) -> str:
    return f"""\
# How replay tests this server. `replay run` reads this file, and each key is an option of `replay run`.
# `replay schema config` prints a schema of all keys for your editor.

# The command that starts the server. {{port}} stands for the port it has to listen on, {{url}} for its URL.
exec: {command}

# To test a server that is already running, use this instead:
# url: ws://127.0.0.1:9001/echo

# The suite to play: autobahn, rfc, or all of them. With its edition, a newer replay plays the same cases.
suite: {suite}

# The cases to play: ids, globs, and globs to exclude. By default, the whole suite is played.
# cases: ["*", "!9.*"]

# Known failures, with their reasons. To write this file:
# `replay run --expected expected.yaml --update-expected`
# expected: expected.yaml

# What your server requires in a request.
# header: ["Authorization: Bearer x"]
# origin: http://localhost
# subprotocol: chat

# Follow the RFCs where Autobahn|Testsuite is stricter or more lenient than they are.
# profile: rfc
"""


def _client_config(command: str, suite: str) -> str:
    return f"""\
# How replay tests this client. `replay serve` reads this file, and each key is an option of `replay serve`.
# `replay schema config` prints a schema of all keys for your editor.
serve:
  # The command that starts an echo client, once for each case. The client connects to {{url}} and sends
  # every message back.
  each: {command}

  # If you have a driver that asks for the cases by itself, use this instead:
  # exec: "node driver.js {{url}}"

  # The suite to play: autobahn, rfc, or all of them. With its edition, a newer replay plays the same cases.
  suite: {suite}

  # The cases to play: ids, globs, and globs to exclude. By default, the whole suite is played.
  # cases: ["*", "!9.*"]

  # Known failures, and their reasons: a list in the format of `replay schema expected`.
  # expected: expected.yaml

  # Follow the RFCs where Autobahn|Testsuite is stricter or more lenient than they are.
  # profile: rfc
"""


def _github(start: Start, present: frozenset[str]) -> str:
    chain = _toolchain(start.command)
    before = chain.github + "".join(f"- run: {command}\n" for command in _installs(chain, present))
    return f"""\
# Tests the WebSocket {start.tested} of this repository with replay.
name: WebSocket

on:
  push:
  pull_request:

permissions:
  contents: read

jobs:
  replay:
    runs-on: ubuntu-latest
    timeout-minutes: 20
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with: {{python-version: "3.13"}}
{indent(before or _build(start), " " * 6)}\
      - run: {json.dumps(_pip(start))}
      - name: Play the suite
        run: |
          {play(start, *_OUT)}
      # Keep the wire logs and verdicts, to find out why a case failed.
      - uses: actions/upload-artifact@v4
        if: ${{{{ !cancelled() }}}}
        with: {{name: replay-results, path: replay-results}}
"""


def _gitlab(start: Start, present: frozenset[str]) -> str:
    chain = _toolchain(start.command)
    packages = [f"apt-get update && apt-get install --yes {chain.packages}"] if chain.packages else []
    commands = [*packages, *_installs(chain, present)]
    before = "".join(f"- {command}\n" for command in commands) or _build(start)
    return f"""\
# Tests the WebSocket {start.tested} of this repository with replay.
websocket:
  image: python:3.13
  timeout: 20m
  before_script:
    - {json.dumps(_pip(start))}
{indent(before, " " * 4)}\
  script:
    - |
      {play(start, *_OUT, "--report", "junit=replay.xml")}
  # Keep the wire logs and verdicts, to find out why a case failed.
  artifacts:
    when: always
    paths: [replay-results]
    reports: {{junit: replay.xml}}
"""


def _pip(start: Start) -> str:
    return shlex.join(["pip", "install", start.install])


def _toolchain(command: str) -> Toolchain:
    program = command.split()[0].rpartition("/")[2]
    return next((chain for chain in TOOLCHAINS if program in chain.programs), _OTHER)


def _installs(chain: Toolchain, present: frozenset[str]) -> list[str]:
    return [command for file, command in chain.installs.items() if file in present][:1]


def _build(start: Start) -> str:
    return f"# Add the commands that build the {start.tested} here.\n"
