"""--config: what isn't given on the command line comes from there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from replay.source import SourceError, printable

if TYPE_CHECKING:
    from replay.config_rows import Config

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def configured(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option, for a command of which a config has a section."""
    return click.option(
        "--config",
        type=FILE,
        is_eager=True,
        expose_value=False,
        callback=_configure,
        help="Defaults for these options; else replay.yaml, or [tool.replay] in pyproject.toml. "
        "A .json is one of Autobahn's.",
    )(command)


def config_of(context: click.Context) -> Config | None:
    """The config that was found."""
    found: Config | None = context.obj
    return found


def _configure(ctx: click.Context, param: click.Parameter, value: Path | None) -> None:
    from replay import config

    if value is not None:
        ctx.obj = config.read(value)
    elif ctx.obj is None:
        ctx.obj = config.find(Path.cwd())
    if ctx.obj is None:
        return
    if ctx.obj.only not in (None, ctx.command.name):
        said = printable(str(ctx.obj.path))
        raise SourceError(None, f"{said} is for `replay {ctx.obj.only}`, not for `{ctx.command.name}`")
    for said in ctx.obj.warnings:
        click.echo(f"warning: {said}", err=True)
    section = ctx.obj.of(ctx.command.name)
    names = {option.removeprefix("--"): each.name for each in ctx.command.params for option in each.opts}
    ctx.default_map = {names[key] or key: value for key, value in section.options.items()}
    ctx.default_map["words"] = section.cases
    if section.expected is not None:
        from replay import expected_file

        ctx.default_map["expected"] = expected_file.inside(ctx.obj.path, section.expected)
