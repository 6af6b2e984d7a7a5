"""Reads a config: replay.yaml, [tool.replay] in pyproject.toml, or a config of Autobahn.

All of them are read by tables of readers, so that errors name their place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from replay.cases import select
from replay.config.keys import CONFIG, Config, ConfiguredServer, Section, Value
from replay.config.option import Kind, Option
from replay.config.options import COMMANDS
from replay.config.search import TOML, YAML, mentions_replay, places, shown
from replay.source import Source, SourceError
from replay.typed import nodes
from replay.typed.readers import Files, FoundKeys

_OF_ONE = ("url", "exec", "agent")
"""The keys that say which server it is if there is only one."""


def find(start: Path) -> Config | None:
    """The config of a folder, in the first of its places. Raises SourceError for an invalid config, and for
    two configs in one folder."""
    for folder in places(start):
        pyproject = _toml(folder / TOML) if (folder / TOML).is_file() else None
        if (folder / YAML).is_file():
            if pyproject is not None:
                both = f"{shown(folder / YAML)} and [tool.replay] in {shown(folder / TOML)}"
                raise SourceError(None, f"{both} are both configs", "keep one of them")
            return read(folder / YAML)
        if pyproject is not None:
            return _config(folder / TOML, pyproject)
    return None


def read(path: Path) -> Config:
    """One config: a .toml file has it in its table [tool.replay], and a .json file is one of Autobahn.
    Raises SourceError."""
    if path.suffix == ".json":
        from replay.config.autobahn import read as read_autobahn

        return read_autobahn(shown(path))
    if path.suffix != ".toml":
        source = Source.read(shown(path))
        if not re.sub(r"(?m)^[ \t]*#.*$", "", source.text).strip():
            return Config(shown(path))
        from replay.typed.yaml_text import parse

        return _config(path, parse(source, "config"))
    table = _toml(path, asked=True)
    if table is None:
        raise SourceError(None, f"{shown(path)}: the table [tool.replay] is missing")
    return _config(path, table)


def schema() -> dict[str, Any]:
    """The JSON Schema of replay.yaml."""
    from replay.typed.schema import document

    return document("A config of replay", CONFIG)


def _toml(path: Path, asked: bool = False) -> nodes.Node | None:
    """The table [tool.replay] of a file. A file that wasn't asked for and doesn't mention replay may be
    anything."""
    from replay.typed import toml

    source = Source.read(shown(path))
    return toml.table(source) if asked or mentions_replay(source) else None


def _config(path: Path, node: nodes.Node) -> Config:
    path = shown(path)
    found = CONFIG.read(node, Files())
    servers: Sequence[FoundKeys] = found.get("servers", ())
    if servers and (one := next((key for key in _OF_ONE if key in found.values), None)):
        raise SourceError(found.at(one), f"{one!r} and 'servers' can't be used together")
    serve = found.get("serve")
    return Config(
        path,
        _section(path, found, COMMANDS["run"]),
        Section() if serve is None else _section(path, serve, COMMANDS["serve"]),
        _servers(path, servers),
    )


def _servers(path: Path, found: Sequence[FoundKeys]) -> tuple[ConfiguredServer, ...]:
    servers: dict[str, ConfiguredServer] = {}
    for each in found:
        options = _options(path, each, COMMANDS["run"])
        agent = str(options.pop("agent"))
        if agent in servers:
            raise SourceError(each.at("agent"), f"two servers have the same name {agent!r}")
        servers[agent] = ConfiguredServer(agent, options, each.nodes)
    return tuple(servers.values())


def _section(path: Path, found: FoundKeys, known: Mapping[str, Option]) -> Section:
    values = _options(path, found, known)
    entries = found.get("expected")
    return Section(
        values,
        tuple(_case(path.parent, word) for word in found.get("cases", ())),
        entries if isinstance(entries, tuple) else None,
        found.nodes,
    )


def _options(path: Path, found: FoundKeys, known: Mapping[str, Option]) -> dict[str, Value]:
    """The options among the values, with their paths made relative to the current folder."""
    values: dict[str, Value] = {}
    for key, value in found.values.items():
        kind = known[key].takes if key in known else None
        if kind is None or kind is Kind.CASES or (kind is Kind.EXPECTED and isinstance(value, tuple)):
            continue
        match kind:
            case Kind.FILE | Kind.FOLDER | Kind.EXPECTED:
                value = _from(path.parent, value)
            case Kind.REPORT:
                value = tuple(_report(path.parent, word) for word in value)
        if kind is Kind.FILE and not Path(value).is_file():
            raise SourceError(
                found.at(key),
                f"there is no file {value}",
                f"paths are relative to the folder of {path.name}",
            )
        values[key] = value
    return values


def _from(folder: Path, word: str) -> str:
    return word if folder == Path() else str(folder / word)


def _report(folder: Path, word: str) -> str:
    name, _, file = word.partition("=")
    return word if file == "-" else f"{name}={_from(folder, file)}"


def _case(folder: Path, word: str) -> str:
    named = word != "-" and (select.is_path(word) or (folder / word).exists())
    return _from(folder, word) if named else word
