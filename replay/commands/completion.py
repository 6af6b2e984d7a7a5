"""`replay completion`: what lets a shell complete the command line."""

from __future__ import annotations

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a script that lets a shell complete commands, options, ids and files.

    \b
    replay completion bash >> ~/.bashrc
    replay completion zsh >> ~/.zshrc
    replay completion fish > ~/.config/fish/completions/replay.fish
    """
    from click.shell_completion import ShellComplete, get_completion_class

    cli = click.get_current_context().find_root().command
    found = get_completion_class(shell)
    assert found is not None
    for name in ("replay", "wire-replay"):
        variable = f"_{name.upper().replace('-', '_')}_COMPLETE"
        click.echo(ShellComplete.source(found(cli, {}, name, variable)))
