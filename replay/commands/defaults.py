"""--config: what isn't given on the command line comes from there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from replay.source import SourceError, printable

if TYPE_CHECKING:
    from replay.config.keys import Config
    from replay.typed.nodes import Node

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def configured(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option, for a command of which a config has a section. What is wrong with a setting is said
    where that stands."""

    @wraps(command)
    def located(**given: Any) -> Any:
        try:
            return command(**given)
        except SourceError as error:
            raise _located(error, click.get_current_context()) from None

    return click.option(
        "--config",
        type=FILE,
        is_eager=True,
        expose_value=False,
        callback=_configure,
        help="Defaults for these options; else replay.yaml, or [tool.replay] in pyproject.toml. "
        "A .json is one of Autobahn's.",
    )(located)


def config_of(context: click.Context) -> Config | None:
    """The config that was found."""
    found: Config | None = context.obj
    return found


def options(command: click.Command) -> dict[str, click.Parameter]:
    """What a config calls the parameters of a command."""
    named = {name.removeprefix("--"): each for each in command.params for name in each.opts}
    return {key: each for key, each in named.items() if key != "words"} | {"cases": named["words"]}


def taken(context: click.Context, option: click.Parameter, value: Any, node: Node | None) -> Any:
    """What an option makes of a value of a config. Raises SourceError where that stands."""
    from replay.typed import nodes

    if option.multiple and isinstance(node, nodes.Sequence):
        pairs = zip(value, node.items, strict=True)
        return tuple(one for each, item in pairs for one in taken(context, option, (each,), item))
    try:
        return option.type_cast_value(context, value)
    except click.BadParameter as error:
        said = f"{option.opts[-1].removeprefix('--')}: {error.message}"
        raise SourceError(node.span if node else None, said) from None


def placed(error: SourceError, nodes: Mapping[str, Node]) -> SourceError:
    """A fault of a setting, where that stands."""
    from replay.typed.nodes import Scalar, Sequence

    if error.span is not None or (node := nodes.get(error.about or "")) is None:
        return error
    items = node.items if isinstance(node, Sequence) else ()
    meant = (item for item in items if isinstance(item, Scalar) and item.text in error.message)
    said = f"{error.about}: {error.message}"
    if error.message.startswith(f"--{error.about}"):
        said = error.message.removeprefix("--")
    return SourceError(next(meant, node).span, said, error.hint)


def _located(error: SourceError, context: click.Context) -> SourceError:
    config, option = config_of(context), options(context.command).get(error.about or "")
    if config is None or option is None:
        return error
    of_config = context.get_parameter_source(option.name or "") is ParameterSource.DEFAULT_MAP
    return placed(error, config.of(context.command.name or "").nodes) if of_config else error


def _configure(ctx: click.Context, param: click.Parameter, value: Path | None) -> None:
    from replay.config import file as config

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
    known = options(ctx.command)
    for key, given in section.options.items():
        taken(ctx, known[key], given, section.nodes.get(key))
    ctx.default_map = {known[key].name or key: given for key, given in section.options.items()}
    ctx.default_map["words"] = section.cases
    if section.expected is not None:
        from replay.expected import file as expected_file

        ctx.default_map["expected"] = expected_file.inside(ctx.obj.path, section.expected)
