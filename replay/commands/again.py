"""The command that is printed under a failure: it plays just that case again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from replay.commands.defaults import config_of
from replay.commands.options import HeaderLine
from replay.config.option import Kind, Option
from replay.config.options import COMMANDS
from replay.wire.url import WebSocketUrl

if TYPE_CHECKING:
    from replay.cases.model import Case
    from replay.verdict.result import CaseResult


def command_for(
    result: CaseResult,
    seed: int | None,
    context: click.Context | None = None,
    own: Mapping[str, Any] | None = None,
) -> str:
    """The command that plays just this case again, with the same octets and options.

    A config is named, but its settings aren't repeated: they may include a secret, and commands end up in
    logs and reports. `own` are the options of one of several servers; `context` None is the current
    context.
    """
    context = context or click.get_current_context()
    config, own = config_of(context), own or {}
    words = ["replay", context.command.name or ""]
    repeated = {ParameterSource.COMMANDLINE, ParameterSource.DEFAULT_MAP}
    if config is not None and config.stands:
        words += ["--config", str(config.path)]
        repeated.remove(ParameterSource.DEFAULT_MAP)
        if own.get("agent"):
            own = {"agent": own["agent"]}  # the config is searched for this name
    settings = {**context.params, **own}
    for option in COMMANDS[context.command.name or ""].values():
        name = option.parameter
        given = context.get_parameter_source(name) in repeated
        if option.repeated and (given or name in own):
            words += _words(option, settings[name])
    words += [] if seed is None else ["--seed", str(seed)]
    words += [] if result.path is None else [result.path]
    if result.path is None or result.case.trace is None:
        words.append(_selected(result.case))
    return shlex.join(words)


def _selected(case: Case) -> str:
    """What selects the case: of several connections that are played at the same time, all of them."""
    several = case.turns is not None or case.together is not None
    return f"{case.id.rpartition('.')[0]}.*" if several else case.id


def _words(option: Option, value: Any) -> list[str]:
    """An option with this value, as on a command line."""
    name = option.spellings[-1]
    if option.takes is Kind.FLAG:
        return [name] if value else []
    said = [_said(one) for one in (value if option.multiple else [value])]
    return [word for one in said if one for word in (name, one)]


def _said(value: Any) -> str:
    """The word for a value; None if there is no value, or if it is a list that only a config can
    contain."""
    if isinstance(value, float):
        return str(value).removesuffix(".0")
    return str(value) if isinstance(value, str | int | Path | WebSocketUrl | HeaderLine) else ""
