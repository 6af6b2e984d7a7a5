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

from replay import config, config_rows, suite, under_test
from replay.arguments import ChopSize, ExpectedFile, Header, HeaderValue, Seconds, Url, command_for
from replay.cli import cli
from replay.trace.model import Trace
from replay.verdict.judge import judge
from replay.wire.side import Side
from tests.processes import ROOT, listening, replay

RUN, SERVE = cli.commands["run"], cli.commands["serve"]
FAULTY = ROOT / "tests" / "peers" / "faulty.py"

OF_ONE_CASE = {
    *("exitfirst", "max-failures", "jobs"),  # without a meaning
    *("report", "json", "out", "open", "verbose", "quiet", "update-expected"),  # what becomes of it
    "config",  # what it says is repeated
    "seed",  # the one that was played with
}
"""Options that a case which is played again by itself doesn't need."""

KEYS = {"run": config_rows.ROWS, "serve": config_rows.SERVE.rows}


def options(command: click.Command) -> dict[str, click.Option]:
    """The options of a command by their long names."""
    return {
        option.opts[-1].removeprefix("--"): option
        for option in command.params
        if isinstance(option, click.Option) and option.opts[-1].startswith("--")
    }


def sample(option: click.Option) -> Any:
    """A value that isn't the default, as a config has it."""
    match option.type:
        case click.types.BoolParamType():
            return True
        case click.Choice(choices=choices):
            return next(str(each) for each in choices if each != option.default)
        case click.IntRange():
            return 7
        case Seconds():
            return 2.25
        case Url():
            return "wss://localhost:9443/a?b=c"
        case Header():
            return ["X-A: 1", "X-B: it's two"]
        case HeaderValue():
            return ["a", "c"] if option.multiple else "a b"
        case ChopSize():
            return 7
        case ExpectedFile():
            return "expected.yaml"
        case click.Path():
            return "a file.pem"
        case click.types.StringParamType():
            return "./it's {port}"
    raise AssertionError(f"no sample for {option.opts}: {option.type!r}")


def cases() -> list[tuple[str, str]]:
    return [
        (name, key)
        for name in ("run", "serve")
        for key in options(cli.commands[name])
        if key not in OF_ONE_CASE
    ]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("a file.pem", "expected.yaml"):
        (tmp_path / name).touch()
    return tmp_path


def settings(context: click.Context) -> dict[str, Any]:
    """What was asked for, but for what isn't repeated."""
    aside = {option.name for key, option in options(context.command).items() if key in OF_ONE_CASE}
    return {name: value for name, value in context.params.items() if name not in {*aside, "words", None}}


def again(context: click.Context, own: Mapping[str, Any] | None = None) -> click.Context:
    """What the printed command asks for, elsewhere."""
    case, seed = suite.known_case("1.2.3"), 12 if context.command is RUN else None
    assert case is not None
    result = judge(case, Trace(Side.CLIENT, ()), Side.CLIENT)
    program, name, *words = shlex.split(command_for(result, seed, context, own))
    assert (program, name) == ("replay", context.command.name)
    Path("replay.yaml").unlink(missing_ok=True)
    found = context.command.make_context(name, words)
    assert found.params["words"] == ("1.2.3",)
    assert found.params.get("seed") == seed
    return found


@pytest.mark.parametrize(("name", "key"), cases())
def test_each_option_is_repeated(here: Path, name: str, key: str) -> None:
    command, option = cli.commands[name], options(cli.commands[name])[key]
    value = sample(option)
    words = ["1.*", "-k", "octets"]
    for one in value if isinstance(value, list) else [value]:
        words += [f"--{key}"] if one is True else [f"--{key}", str(one)]
    context = command.make_context(name, words)
    assert context.params[option.name or ""] not in (option.default, None, (), False)
    assert settings(again(context)) == settings(context) | {"keyword": None}


@pytest.mark.parametrize(("name", "key"), [each for each in cases() if each[1] in KEYS[each[0]]])
def test_each_key_of_a_config_is_repeated(here: Path, name: str, key: str) -> None:
    command, option = cli.commands[name], options(cli.commands[name])[key]
    said = {"cases": ["1.*"], key: sample(option)}
    (here / "replay.yaml").write_text(yaml.safe_dump(said if name == "run" else {"serve": said}))
    context = command.make_context(name, [])
    assert context.params[option.name or ""] not in (option.default, None, (), False)
    assert settings(again(context)) == settings(context)


def test_every_key_is_an_option_that_is_repeated_or_not() -> None:
    for name, rows in KEYS.items():
        assert {*rows} - {"cases"} <= options(cli.commands[name]).keys()
    assert options(RUN).keys() > OF_ONE_CASE


def test_each_key_of_a_server_in_a_list_is_repeated(here: Path) -> None:
    """With what stands beside the list, but where TLS has no meaning for the server."""
    known = options(RUN)
    rows = config_rows.SERVER.rows
    whole = {key: sample(known[key]) for key in rows}
    plain = {"agent": "plain", "url": "ws://127.0.0.1:9001"}
    beside = {"insecure": True, "profile": "rfc", "timeout": 7}
    (here / "replay.yaml").write_text(yaml.safe_dump({**beside, "servers": [whole, plain]}))
    context = RUN.make_context("run", [])
    listed = config.read(Path("replay.yaml")).servers
    for server, said in zip(under_test.servers(context, listed), (whole, plain), strict=True):
        found = again(context, own=server.own)
        (one,) = under_test.servers(found, ())
        assert (one.agent, one.target, one.options) == (server.agent, server.target, server.options)
        assert (one.connect_timeout, found.params["profile"]) == (server.connect_timeout, "rfc")
        assert found.params["insecure"] == (said is whole)
        (here / "replay.yaml").write_text(yaml.safe_dump({**beside, "servers": [whole, plain]}))


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
        "url: ws://127.0.0.1:{port}\nprofile: rfc\nheader: 'X-A: it''s'\nchop: 5\n",
        "header: 'X-A: it''s'\nchop: 5\nprofile: rfc\nservers: [{{agent: a, url: 'ws://127.0.0.1:{port}'}}]\n",
    ],
)
def test_the_printed_command_fails_as_the_run_did(tmp_path: Path, said: str) -> None:
    """Where no config says what server it is, either."""
    with listening(sys.executable, FAULTY, "--fault", "flips-one-octet") as port:
        (tmp_path / "other.yaml").write_text(said.format(port=port))
        first = replay("run", "1.2.3", "1.1.1", "--config", "other.yaml", cwd=tmp_path)
        second = replay(*printed(first.stdout), "-v", cwd=tmp_path)
    assert (first.returncode, second.returncode) == (1, 1)
    assert f"ws://127.0.0.1:{port}" in second.stdout
    assert "X-A: it's" in second.stdout
    assert "1 case: 1 FAILED" in second.stdout
    assert printed(second.stdout) == [word for word in printed(first.stdout) if word != "-v"]
