"""--help, --version and completion: each command has examples, and they parse."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from replay import __version__
from replay.commands.main import cli
from replay.commands.options import Formed, Seconds
from replay.config.option import METAVARS, Kind
from replay.suite.edition import editions
from tests.processes import replay

_EXAMPLE = re.compile(r"^(?:\w+ \| )?replay(?P<words>(?: (?!\s).*?)?)(?: {2,}.*| >.*)?$")


def examples(help: str) -> list[str]:
    """The commands in a docstring, without what is said of them."""
    return [found["words"] for line in help.splitlines() if (found := _EXAMPLE.match(line.strip()))]


ALL = [
    *((None, words) for words in examples(cli.help or "")),
    *((name, words) for name, command in cli.commands.items() for words in examples(command.help or "")),
]


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_a_command_has_a_sentence_examples_and_its_exit_status(name: str) -> None:
    command = cli.commands[name]
    assert [words for words in examples(command.help or "") if words.split()[0] == name]
    assert re.match(r"[A-Z][^.]*[.:]", command.help or "")
    assert (command.epilog or "").startswith("Exit status: ")
    options = [each for each in command.params if isinstance(each, click.Option)]
    assert not [option.name for option in options if not re.fullmatch(r"[A-Z].*\.", option.help or "")]


@pytest.mark.parametrize("words", [words for _, words in ALL])
def test_an_example_parses(words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    name, *arguments = shlex.split(words)
    for word in arguments:
        if re.fullmatch(r"(?!-|\w+:|!)[\w./-]*[a-z]/?", word) and not Path(word).exists():
            Path(word).parent.mkdir(parents=True, exist_ok=True)
            Path(word).touch()
    cli.commands[name].make_context(name, arguments)


def test_the_version_says_which_editions_of_the_suites_there_are() -> None:
    done = replay("--version")
    autobahn, rfc = editions("all")
    said = f"suite {autobahn} (517 cases), suite {rfc} ({len(rfc.ids)} cases)"
    assert done.stdout == f"replay {__version__}, {said}\n"


def completed(*words: str) -> list[str]:
    environment = {"_REPLAY_COMPLETE": "bash_complete", "COMP_WORDS": shlex.join(words)}
    environment["COMP_CWORD"] = str(len(words) - 1)
    program = "import sys; sys.argv[0] = 'replay'; from replay.commands.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_a_shell_completes_commands_options_and_ids() -> None:
    assert {"plain,run", "plain,diff"} < set(completed("replay", ""))
    assert "plain,--connect-timeout" in completed("replay", "run", "--con")
    assert completed("replay", "run", "1") == ["plain,1", "plain,10", "plain,12", "plain,13"]
    assert completed("replay", "run", "1.1.*", "!2.1") == ["plain,!2.1", "plain,!2.10", "plain,!2.11"]
    assert completed("replay", "list", "traces") == ["file,traces"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_is_for_both_names(shell: str) -> None:
    done = replay("completion", shell)
    assert done.returncode == 0
    assert "_REPLAY_COMPLETE=" in done.stdout
    assert "_WIRE_REPLAY_COMPLETE=" in done.stdout


NUMBERS = [
    (name, option)
    for name, command in cli.commands.items()
    for option in command.params
    if isinstance(option, click.Option)
    and not option.is_flag
    and isinstance(option.type, click.types.IntParamType | click.FloatRange | Seconds | Formed)
    and option.type.name in ("integer range", METAVARS[Kind.SECONDS], METAVARS[Kind.CHOP])
]


@pytest.mark.parametrize("value", ["nan", "inf", "-1", "9" * 5000, ""])
@pytest.mark.parametrize(("name", "option"), NUMBERS, ids=lambda each: getattr(each, "name", each))
def test_a_number_has_bounds(name: str, option: click.Option, value: str) -> None:
    done = CliRunner().invoke(cli, [name, f"{option.opts[-1]}={value}"])
    assert done.exit_code == 2, done.output
    assert f"Invalid value for {' / '.join(map(repr, option.opts))}:" in done.output
