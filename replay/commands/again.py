"""The command that is printed under a failure: it plays just that case again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from replay.commands.defaults import config_of
from replay.commands.options import HeaderLine, UrlParts

if TYPE_CHECKING:
    from replay.verdict.result import CaseResult

_ASIDE = frozenset(
    {
        *("words", "keyword", "seed"),  # which case it is, and its octets: said anew
        *("jobs", "max_failures"),  # of one case they say nothing
        *("reports", "json", "out", "opened", "verbose", "quiet", "update_expected"),  # what becomes of it
    }
)
"""What isn't repeated where a case is played again. All other options are, also those to come."""


def command_for(
    result: CaseResult,
    seed: int | None,
    context: click.Context | None = None,
    own: Mapping[str, Any] | None = None,
) -> str:
    """The command that plays just this case again, with the same octets and as it was asked for.

    A config is named, and what it says isn't repeated: it may hold a secret, and what is printed stands in
    logs and reports. `own`: what one of several servers has of its own; `context`: None: the current one.
    """
    context = context or click.get_current_context()
    config, own = config_of(context), own or {}
    words = ["replay", context.command.name or ""]
    repeated = {ParameterSource.COMMANDLINE, ParameterSource.DEFAULT_MAP}
    if config is not None and config.stands:
        words += ["--config", str(config.path)]
        repeated.remove(ParameterSource.DEFAULT_MAP)
        if own.get("agent"):
            own = {"agent": own["agent"]}  # by its name it is found in the config
    settings = {**context.params, **own}
    for option in context.command.params:
        name = option.name or ""
        given = context.get_parameter_source(name) in repeated
        if name in settings and name not in _ASIDE and (given or name in own):
            words += _words(option, settings[name])
    words += [] if seed is None else ["--seed", str(seed)]
    words += [result.case.id if result.path is None else result.path]
    if result.path is not None and result.case.trace is None:
        words.append(result.case.id)
    return shlex.join(words)


def _words(option: click.Parameter, value: Any) -> list[str]:
    """An option with this value, on a command line."""
    if isinstance(value, bool):
        return option.opts[-1:] if value else option.secondary_opts[-1:]
    said = [_said(one) for one in (value if option.multiple else [value])]
    return [word for one in said if one for word in (option.opts[-1], one)]


def _said(value: Any) -> str:
    """The word for it; none for nothing, and for a list that only a config can hold."""
    if isinstance(value, float):
        return str(value).removesuffix(".0")
    return str(value) if isinstance(value, str | int | Path | UrlParts | HeaderLine) else ""
