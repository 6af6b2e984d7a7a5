"""Which servers are under test, and how each is reached, from the options or from the `servers` of a
config."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource
from msgspec import Struct, field
from msgspec.structs import replace

from replay.commands.defaults import taken
from replay.commands.given import RunOptions
from replay.config.options import COMMANDS, TLS
from replay.live.servers import Target
from replay.live.tls import Tls
from replay.live.transport import Address
from replay.play.actions import Options
from replay.source import SourceError, nearest

if TYPE_CHECKING:
    from replay.config.keys import ConfiguredServer
    from replay.typed.nodes import Node


class UnderTest(Struct, frozen=True):
    """One server."""

    agent: str  # its name; "": the server tells it
    target: Target
    options: Options
    connect_timeout: float  # seconds
    own: Mapping[str, Any] = field(
        default_factory=dict
    )  # the options of its own, if it is listed in a config
    nodes: Mapping[str, Node] = field(default_factory=dict)  # ... and their places

    @property
    def name(self) -> str:
        """What to call it before it has said anything."""
        return self.agent or self.target.name

    @property
    def by_tls(self) -> bool:
        return self.target.address is not None and self.target.address.tls is not None


def servers(context: click.Context, listed: Sequence[ConfiguredServer]) -> tuple[UnderTest, ...]:
    """The servers of the context's command. One that the command line names by an address or a command
    takes precedence over those of the config, from which --agent selects one.

    Raises SourceError for options that make no sense for it.
    """
    given = RunOptions(**context.params)
    named = any(_is_typed(context, each) for each in ("url", "exec"))
    if not listed or named:
        one = _one(given, given.agent)
        if not one.by_tls:
            idle = [option.parameter for option in TLS if context.params[option.parameter]]
            if wrong := [name for name in idle if not named or _is_typed(context, name)]:
                raise SourceError(None, f"--{wrong[0]} needs a wss:// URL", about=wrong[0])
            context.params.update(dict.fromkeys(idle))  # the config means another server
        return (one,)
    if _is_typed(context, "agent"):
        listed = (_called(given.agent, listed),)
    return tuple(_of_config(given, server) for server in listed)


def _called(agent: str, listed: Sequence[ConfiguredServer]) -> ConfiguredServer:
    """The server with this name. Raises SourceError if there is none."""
    known = {server.agent: server for server in listed}
    if agent not in known:
        names = ", ".join(filter(None, known)) or "known by their URLs only: use --url"
        raise SourceError(
            None,
            f"--agent: the config has no server {agent!r}",
            nearest(agent, known) or f"its servers are {names}",
        )
    return known[agent]


def _is_typed(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is ParameterSource.COMMANDLINE


def _of_config(given: RunOptions, server: ConfiguredServer) -> UnderTest:
    known = COMMANDS["run"]
    own = {
        known[key].parameter: taken(known[key], value, server.nodes.get(key))
        for key, value in server.options.items()
    }
    one = _one(replace(given, **own), server.agent)
    none = {} if one.by_tls else {option.parameter: None for option in TLS}
    return replace(one, own=own | none | {"agent": server.agent}, nodes=server.nodes)


def _one(given: RunOptions, agent: str) -> UnderTest:
    address = None
    if (url := given.url) is not None:
        address = Address.of(url, Tls(given.ca, given.insecure, given.cert, given.key, given.sni))
    if given.declared.memory is not None and given.exec is None:
        said = "--limit memory=SIZE needs --exec: only of a server that replay starts is the memory known"
        raise SourceError(None, said, about="limit")
    target = Target(address, given.exec, given.start_timeout)
    return UnderTest(agent, target, _options(address, given), given.connect_timeout)


def _options(address: Address | None, given: RunOptions) -> Options:
    headers: list[tuple[str, str]] = list(given.header)
    if given.origin is not None:
        headers.append(("Origin", given.origin))
    if given.subprotocol:
        headers.append(("Sec-WebSocket-Protocol", ", ".join(given.subprotocol)))
    return replace(
        Options.asking(address.target if address else "/", given.host, headers),
        chop=given.chop,
        answer_pings=given.answer_pings,
        reencode=given.reencode,
    )
