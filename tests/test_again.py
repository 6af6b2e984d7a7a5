"""The command that is printed under a failure repeats what was asked for, wherever that stood."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from msgspec.structs import replace

from replay.commands import servers as under_test
from replay.commands.again import command_for
from replay.commands.main import cli
from replay.config import file as config
from replay.config.option import Choice, Kind, Option
from replay.config.options import COMMANDS, SERVER
from replay.forms import Whole
from replay.suite import files as suite
from replay.trace.model import Trace
from replay.verdict.judge import judge
from replay.wire.side import Side
from tests.processes import ROOT, listening, replay

RUN, SERVE = cli.commands["run"], cli.commands["serve"]
FAULTY = ROOT / "tests" / "peers" / "faulty.py"

OF_ONE_CASE = {
    *("exitfirst", "max-failures", "jobs"),  # without a meaning
    *(
        "report",
        "json",
        "out",
        "open",
        "verbose",
        "quiet",
        "update-expected",
        "update-specs",
        "ask",
    ),  # what becomes of it
    *("cases", "suite", "keyword", "connection"),  # the case is named
    "seed",  # the one that was played with
}
"""Options that a case which is played again by itself doesn't need."""


def sample(option: Option) -> Any:
    """A value that isn't the default, as a config has it."""
    match option.takes:
        case Choice(words):
            return next(each for each in words if each != option.default)
        case Whole():
            return 7
        case kind:
            return SAMPLES[kind]


SAMPLES: dict[Kind, Any] = {
    Kind.FLAG: True,
    Kind.TEXT: "./it's {port}",
    Kind.URL: "wss://localhost:9443/a?b=c",
    Kind.HEADER_LINE: ["X-A: 1", "X-B: it's two"],
    Kind.HEADER_VALUE: "a b",
    Kind.SUBPROTOCOL: ["a", "c"],
    Kind.SUITE: "rfc",
    Kind.SECONDS: 2.25,
    Kind.CHOP: 7,
    Kind.LIMIT: ["message=2 MiB", "fragments=40"],
    Kind.FILE: "a file.pem",
    Kind.EXPECTED: "expected.yaml",
}


def cases() -> list[tuple[str, str]]:
    return [(name, key) for name in ("run", "serve") for key in COMMANDS[name] if key not in OF_ONE_CASE]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("a file.pem", "expected.yaml"):
        (tmp_path / name).touch()
    return tmp_path


def settings(context: click.Context) -> dict[str, Any]:
    """What was asked for, but for what isn't repeated."""
    aside = {key.replace("-", "_") for key in OF_ONE_CASE}
    return {name: value for name, value in context.params.items() if name not in aside}


def printed_for(context: click.Context, own: Mapping[str, Any] | None = None) -> list[str]:
    """The words of the command for a case that failed, behind `replay`."""
    case, seed = suite.known_case("1.2.3"), 12 if context.command is RUN else None
    assert case is not None
    result = judge(case, Trace(Side.CLIENT, ()), Side.CLIENT)
    program, *words = shlex.split(command_for(result, seed, context, own))
    assert program == "replay"
    return words


def again(context: click.Context, own: Mapping[str, Any] | None = None) -> click.Context:
    """What the printed command asks for, in the same folder."""
    name, *words = printed_for(context, own)
    assert name == context.command.name
    found = context.command.make_context(name, words)
    assert found.params["cases"] == ("1.2.3",)
    assert found.params.get("seed") == (12 if context.command is RUN else None)
    return found


@pytest.mark.parametrize(("name", "key"), cases())
def test_each_option_is_repeated(here: Path, name: str, key: str) -> None:
    command, option = cli.commands[name], COMMANDS[name][key]
    value = sample(option)
    words = ["1.*", "-k", "octets"]
    for one in value if isinstance(value, list) else [value]:
        words += [f"--{key}"] if one is True else [f"--{key}", str(one)]
    context = command.make_context(name, words)
    assert context.params[option.parameter] not in (option.default, None, (), False)
    assert settings(again(context)) == settings(context)


IN_CONFIGS = [(name, key) for name, key in cases() if COMMANDS[name][key].in_config]


@pytest.mark.parametrize(("name", "key"), IN_CONFIGS)
def test_each_key_of_a_config_is_read_again(here: Path, name: str, key: str) -> None:
    """And none is said: it may hold a secret."""
    command, option = cli.commands[name], COMMANDS[name][key]
    said = {"cases": ["1.*"], key: sample(option)}
    (here / "replay.yaml").write_text(yaml.safe_dump(said if name == "run" else {"serve": said}))
    context = command.make_context(name, [])
    assert context.params[option.parameter] not in (option.default, None, (), False)
    assert settings(again(context)) == settings(context)
    seed = ["--seed", "12"] if name == "run" else []
    assert printed_for(context) == [name, "--config", "replay.yaml", *seed, "1.2.3"]


@pytest.mark.parametrize(("name", "key"), IN_CONFIGS)
def test_each_key_of_a_config_that_is_in_no_file_is_repeated(here: Path, name: str, key: str) -> None:
    """As where `wstest` has it from its own command line."""
    command, option = cli.commands[name], COMMANDS[name][key]
    said = {key: sample(option)}
    file = here / "replay.yaml"
    file.write_text(yaml.safe_dump(said if name == "run" else {"serve": said}))
    held = replace(config.read(file), stands=False)
    file.unlink()
    context = command.make_context(name, ["1.*"], obj=held)
    assert context.params[option.parameter] not in (option.default, None, (), False)
    assert settings(again(context)) == settings(context)


def test_an_option_is_repeated_unless_one_case_does_not_need_it() -> None:
    aside = {key for table in COMMANDS.values() for key, option in table.items() if not option.repeated}
    assert aside == OF_ONE_CASE


def test_a_server_in_a_list_is_found_again_by_its_name(here: Path) -> None:
    """With what stands beside the list, but for a flag that it turns off, and where TLS has no meaning."""
    whole: dict[str, Any] = {option.name: sample(option) for option in SERVER} | {"agent": "./it's {port}"}
    careful: dict[str, Any] = {"agent": "careful", "url": "wss://127.0.0.1:9443", "insecure": False}
    plain = {"agent": "plain", "url": "ws://127.0.0.1:9001"}
    beside = {"insecure": True, "header": "Authorization: Bearer hush", "profile": "rfc", "timeout": 7}
    (here / "replay.yaml").write_text(yaml.safe_dump({**beside, "servers": [whole, careful, plain]}))
    context = RUN.make_context("run", [])
    listed = config.read(Path("replay.yaml")).servers
    for server, said in zip(under_test.servers(context, listed), (whole, careful, plain), strict=True):
        words = ["--config", "replay.yaml", "--agent", str(said["agent"]), "--seed", "12", "1.2.3"]
        assert printed_for(context, own=server.own) == ["run", *words]
        found = again(context, own=server.own)
        assert under_test.servers(found, listed) == (server,)
        assert found.params["profile"] == "rfc"


def test_a_server_without_a_name_is_found_again_by_its_address(here: Path) -> None:
    (here / "a.json").write_text(
        '{"servers": [{"url": "ws://a", "origin": "http://o"}, {"url": "ws://b"}], "cases": ["1.*"]}'
    )
    context = RUN.make_context("run", ["--config", "a.json"])
    listed = config.read(Path("a.json")).servers
    for server in under_test.servers(context, listed):
        (one,) = under_test.servers(again(context, own=server.own), listed)
        assert (one.target, one.options) == (server.target, server.options)


def test_a_name_that_no_server_of_the_config_has(tmp_path: Path) -> None:
    (tmp_path / "replay.yaml").write_text(
        "servers: [{agent: stable, url: 'ws://a'}, {agent: next, url: 'ws://b'}]"
    )
    for said, hint in (("stabel", "did you mean 'stable'?"), ("x", "its servers are stable, next")):
        done = replay("run", "--agent", said, "1.1.1", cwd=tmp_path)
        assert done.returncode == 2
        assert f"the config has no server '{said}'" in done.stderr
        assert hint in done.stderr


def test_where_the_command_line_goes_before_the_config_it_does_again(here: Path) -> None:
    (here / "replay.yaml").write_text("{url: 'wss://a', ca: a file.pem, timeout: 3, serve: {demo: true}}")
    context = RUN.make_context("run", ["--url", "ws://b", "--timeout", "4"])
    (before,) = under_test.servers(context, ())
    found = again(context)
    assert (str(found.params["url"]), found.params["timeout"]) == ("ws://b", 4)
    assert under_test.servers(found, ()) == (before,)


PRINTED = re.compile(r"^ +again +(replay .*(?:\n {8,}.*)*)$", re.MULTILINE)


def printed(text: str) -> list[str]:
    """The words of the command under the first failure."""
    found = PRINTED.search(text)
    assert found, text
    return shlex.split(" ".join(line.strip(" \\") for line in found[1].splitlines()))[1:]


@pytest.mark.parametrize(
    "said",
    [
        "url: ws://127.0.0.1:{port}\nprofile: rfc\nheader: 'X-A: it''s hush'\nchop: 5\n",
        "header: 'X-A: it''s hush'\nchop: 5\nprofile: rfc\nservers: [{{agent: a, url: 'ws://127.0.0.1:{port}'}}]\n",
    ],
)
def test_the_printed_command_fails_as_the_run_did(tmp_path: Path, said: str) -> None:
    """And what the config says to send isn't told to those who read of the failure."""
    with listening(sys.executable, FAULTY, "--fault", "flips-one-octet") as port:
        (tmp_path / "other.yaml").write_text(said.format(port=port))
        words = ("run", "1.2.3", "1.1.1", "--config", "other.yaml", "--report", "junit=junit.xml")
        first = replay(*words, cwd=tmp_path)
        second = replay(*printed(first.stdout), "-v", cwd=tmp_path)
        report = (tmp_path / "junit.xml").read_text()
    assert (first.returncode, second.returncode) == (1, 1)
    assert "hush" not in first.stdout + first.stderr + report
    assert "replay run --config other.yaml" in report
    assert f"ws://127.0.0.1:{port}" in second.stdout
    assert "X-A: it's hush" in second.stdout
    assert "1 case: 1 FAILED" in second.stdout
    assert printed(second.stdout) == [word for word in printed(first.stdout) if word != "-v"]
