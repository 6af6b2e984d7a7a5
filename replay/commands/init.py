"""`replay init`: writes a config and a workflow to begin with."""

from __future__ import annotations

import fnmatch
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from replay.source import SourceError

if TYPE_CHECKING:
    from replay.commands.scaffold import Start


@click.command()
@click.option("--server", "tested", flag_value="server", help="Set up tests of a server (the default).")
@click.option("--client", "tested", flag_value="client", help="Set up tests of a client.")
@click.option(
    "--exec",
    "command",
    metavar="CMD",
    help="Start what is tested with this command: 'node server.js {port}', or 'node client.js {url}' for "
    "an echo client.",
)
@click.option("--ci", type=click.Choice(["github", "gitlab", "none"]), help="Write a workflow for this CI.")
@click.option(
    "--install",
    metavar="SPEC",
    help="Let pip install this in CI: a wheel in this folder (the default if there is one), or a "
    "git+https:// URL.",
)
@click.option("--force", is_flag=True, help="Overwrite files that already exist.")
def init(tested: str | None, command: str | None, ci: str | None, install: str | None, force: bool) -> None:
    """Write a config and a CI workflow into this folder, to begin with.

    On a terminal, it asks for what isn't given. Without a terminal, it assumes a server
    and GitHub.

    \b
    replay init
    replay init --server --exec 'node server.js {port}' --ci github
    replay init --client --exec 'python client.py {url}' --ci gitlab
    """
    from replay.commands import scaffold

    asks = sys.stdin.isatty() and sys.stdout.isatty()
    present = frozenset(file.name for file in Path().iterdir())
    start = replace(_start(tested, command, ci, asks), install=install or _wheel(present))
    _check(start)
    written = scaffold.files(start, present)
    if (there := [name for name in written if Path(name).exists()]) and not force:
        hint = "nothing was written; --force overwrites existing files"
        raise SourceError(None, f"already there: {', '.join(there)}", hint)
    for name, text in written.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text, encoding="utf-8")
        click.echo(f"wrote {name}")
    if start.ci == "gitlab" and scaffold.GITLAB not in written:
        click.echo(f"add to {scaffold.GITLAB}:\n{scaffold.INCLUDE}", nl=False)
    if start.command in scaffold.COMMANDS.values():
        click.echo(f"replace {start.command!r} by the command of your {start.tested}")
    if start.ci != "none" and start.install == scaffold.NAME:
        click.echo(
            f"{scaffold.NAME} isn't on PyPI yet: put its wheel into this folder, or tell with --install "
            "SPEC what pip installs in CI, and run this again with --force",
            err=True,
        )
    click.echo(f"try it: {scaffold.play(start)}")


def _wheel(present: frozenset[str]) -> str:
    """The newest wheel of replay in the project, by its path for pip; without one, the name on PyPI."""
    from replay.cases.select import natural
    from replay.commands.scaffold import NAME

    wheels = sorted(fnmatch.filter(present, "wire_replay-*.whl"), key=natural)
    return f"./{wheels[-1]}" if wheels else NAME


def _start(tested: str | None, command: str | None, ci: str | None, asks: bool) -> Start:
    from replay.commands.scaffold import COMMANDS, GITLAB, Start
    from replay.forms import AUTOBAHN
    from replay.suite.edition import editions

    def answer(question: str, default: str, words: tuple[str, ...] = ()) -> str:
        if not asks:
            return default
        said: str = click.prompt(question, default=default, type=click.Choice(words) if words else str)
        return said

    tested = tested or answer("What is tested", "server", ("server", "client"))
    place = "{port}" if tested == "server" else "{url}"
    command = command or answer(
        f"The command that starts it, with {place} in place of the address", COMMANDS[tested]
    )
    usual = "gitlab" if Path(GITLAB).exists() else "github"
    ci = ci or answer("CI", usual if asks else "github", ("github", "gitlab", "none"))
    return Start(tested, command, ci, str(*editions(AUTOBAHN)))


def _check(start: Start) -> None:
    """Raises SourceError for a command without a placeholder for the address, and if there already is a
    config."""
    from replay.config import file as config
    from replay.config.search import YAML
    from replay.live import testee

    if not start.install.strip() or not start.install.isprintable():
        raise SourceError(None, "--install: expected what pip has to install, on one line")
    if not start.command.strip() or not start.command.isprintable():
        raise SourceError(None, "--exec: expected a command on one line")
    if start.tested == "client":
        testee.check_client(start.command, "--exec")
        return
    testee.command_line(start.command, None)
    found = config.find(Path.cwd())
    if found is not None and found.path != Path(YAML):
        raise SourceError(
            None, f"there already is a config: {found.path}", "`replay run` reads it as it is"
        )
