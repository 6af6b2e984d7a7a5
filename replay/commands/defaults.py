"""--config: the source of options that aren't given on the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from replay.commands.options import declared, type_of, with_options
from replay.config.option import Option
from replay.config.options import COMMANDS, CONFIG
from replay.source import SourceError, printable

if TYPE_CHECKING:
    from replay.config.keys import Config
    from replay.typed.nodes import Node


def configured(*options: Option) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Gives these options and --config to a command that has a section in a config. Errors in a setting
    name its place in the config."""

    def given(command: Callable[..., Any]) -> Callable[..., Any]:
        config = declared(CONFIG, is_eager=True, expose_value=False, callback=_configure)
        return with_options(*options)(config(_locating(command)))

    return given


def _locating(command: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(command)
    def located(**values: Any) -> Any:
        try:
            return command(**values)
        except SourceError as error:
            raise _located(error, click.get_current_context()) from None

    return located


def config_of(context: click.Context) -> Config | None:
    """The config that was found."""
    found: Config | None = context.obj
    return found


def taken(option: Option, value: Any, node: Node | None) -> Any:
    """The value that an option makes of a value in a config. Raises SourceError with its place."""
    from replay.typed import nodes

    if not option.multiple:
        return _converted(option, value, node)
    items = node.items if isinstance(node, nodes.Sequence) else [node] * len(value)
    return tuple(_converted(option, one, item) for one, item in zip(value, items, strict=True))


def _converted(option: Option, value: Any, node: Node | None) -> Any:
    try:
        return type_of(option)(value)
    except click.BadParameter as error:
        said = f"{option.name}: {error.message}"
        raise SourceError(node.span if node else None, said) from None


def placed(error: SourceError, nodes: Mapping[str, Node]) -> SourceError:
    """A fault in a setting, with its place in the config."""
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
    command = context.command.name or ""
    config, option = config_of(context), COMMANDS[command].get(error.about or "")
    if config is None or option is None:
        return error
    of_config = context.get_parameter_source(option.parameter) is ParameterSource.DEFAULT_MAP
    return placed(error, config.of(command).nodes) if of_config else error


def _configure(ctx: click.Context, param: click.Parameter, value: Path | None) -> None:
    from replay.config.search import places

    if value is not None or (ctx.obj is None and places(Path.cwd())):
        from replay.config import file as config

        ctx.obj = config.find(Path.cwd()) if value is None else config.read(value)
    if ctx.obj is None:
        return
    if ctx.obj.only not in (None, ctx.command.name):
        said = printable(str(ctx.obj.path))
        raise SourceError(None, f"{said} is for `replay {ctx.obj.only}`, not for `{ctx.command.name}`")
    for said in ctx.obj.warnings:
        click.echo(f"warning: {said}", err=True)
    section = ctx.obj.of(ctx.command.name)
    known = COMMANDS[ctx.command.name or ""]
    for key, given in section.options.items():
        taken(known[key], given, section.nodes.get(key))
    ctx.default_map = {known[key].parameter: given for key, given in section.options.items()}
    ctx.default_map["cases"] = section.cases
    if section.expected is not None:
        from replay.expected import file as expected_file

        ctx.default_map["expected"] = expected_file.inside(ctx.obj.path, section.expected)
