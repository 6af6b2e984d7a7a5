"""What `replay init` writes: a config with its comments, and a workflow for CI. Pure."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import indent

GITHUB, GITLAB, GITLAB_JOB = ".github/workflows/websocket.yml", ".gitlab-ci.yml", ".gitlab/websocket.yml"
CONFIG = "replay.yaml"
NAME = "wire-replay"
"""The name for pip, once it is released."""

COMMANDS = {"server": "./my-server --port {port}", "client": "./my-client {url}"}
"""What stands for a command that isn't known."""


@dataclass(frozen=True, slots=True)
class Toolchain:
    """What a command needs in CI, by the program that it begins with."""

    programs: tuple[str, ...]
    github: str  # steps before, in YAML
    packages: str  # of Debian
    installs: Mapping[str, str]  # by a file of the project, the first that is there: a command


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


@dataclass(frozen=True, slots=True)
class Start:
    """What was asked for."""

    tested: str  # server or client
    command: str
    ci: str  # github, gitlab or none
    install: str = NAME  # what pip is to install: a name with a version, a file, an address


def files(start: Start, present: frozenset[str]) -> dict[str, str]:
    """The texts to write, by the paths of their files; `present`: what the project holds already."""
    config = _server_config if start.tested == "server" else _client_config
    written = {CONFIG: config(json.dumps(start.command, ensure_ascii=False))}
    match start.ci:
        case "github":
            written[GITHUB] = _github(start, present)
        case "gitlab":
            written[GITLAB_JOB] = _gitlab(start, present)
            if GITLAB not in present:
                written[GITLAB] = INCLUDE
    return written


INCLUDE = f"include:\n  - local: {GITLAB_JOB}\n"
"""What .gitlab-ci.yml has to say."""


def play(start: Start, *options: str) -> str:
    """The command that tests."""
    return " ".join(["replay", "run" if start.tested == "server" else "serve", *options])


def _server_config(command: str) -> str:
    return f"""\
# How replay tests this server: `replay run` reads this file. Each key is an option of `replay run`;
# `replay schema config` lists them for your editor.

# What starts the server; {{port}} stands for where it has to listen, {{url}} for the whole address.
exec: {command}

# A server that runs already, instead:
# url: ws://127.0.0.1:9001/echo

# Which cases: ids, globs, and globs that exclude. Without this key, all of the suite.
# cases: ["*", "!9.*"]

# What is known to fail, and why. `replay run --expected expected.yaml --update-expected` writes it.
# expected: expected.yaml

# What your server asks for in a request.
# header: ["Authorization: Bearer x"]
# origin: http://localhost
# subprotocol: chat

# Judge by the RFCs where Autobahn|Testsuite is stricter or laxer than they are.
# profile: rfc
"""


def _client_config(command: str) -> str:
    return f"""\
# How replay tests this client: `replay serve` reads this file. Each key is an option of `replay serve`;
# `replay schema config` lists them for your editor.
serve:
  # What starts an echo client, once a case: it connects to {{url}} and sends every message back.
  each: {command}

  # A driver that asks for the cases itself, instead:
  # exec: "node driver.js {{url}}"

  # Which cases: ids, globs, and globs that exclude. Without this key, all of the suite.
  # cases: ["*", "!9.*"]

  # What is known to fail, and why: a list, as `replay schema expected` has it.
  # expected: expected.yaml

  # Judge by the RFCs where Autobahn|Testsuite is stricter or laxer than they are.
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
      # The wire logs and verdicts, to look at when a case fails.
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
  # The wire logs and verdicts, to look at when a case fails.
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
    return f"# Here goes what builds the {start.tested}.\n"
