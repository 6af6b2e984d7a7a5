"""The keys of replay.yaml, each read in the way its option takes its value, and the config made from
them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from msgspec import Struct, field
from msgspec.structs import replace

from replay.cases.declared import BOUNDS
from replay.config.option import (
    FORMS,
    MOST_CHOPPED,
    Choice,
    Kind,
    Option,
)
from replay.config.options import COMMANDS, SERVER
from replay.expected.entries import ENTRIES
from replay.forms import LEAST_SECONDS, MOST_SECONDS, Whole
from replay.source import Located
from replay.typed import nodes
from replay.typed.readers import FoundKeys, Items, Key, Mapped, Reader, Record, Shaped, Typed, Word
from replay.typed.scalars import FLAG, LINE, integer
from replay.verdict.result import Entry

Value = str | int | bool | tuple[str, ...]


class ConfiguredServer(Located, frozen=True):
    """One of several servers under test, with its own options."""

    origin: ClassVar = ("nodes",)

    agent: str  # its name; "": the server tells it
    options: Mapping[str, Value]
    nodes: Mapping[str, nodes.Node] = field(default_factory=dict)  # the places of its options


class Section(Located, frozen=True):
    """What a config says for one command. Paths are relative to the current folder."""

    origin: ClassVar = ("nodes",)

    options: Mapping[str, Value] = field(default_factory=dict)  # by long name, in the form that click takes
    cases: tuple[str, ...] = ()  # ids, globs and paths, as on the command line
    expected: tuple[Entry, ...] | None = None  # unless they are in a file, which is an option
    nodes: Mapping[str, nodes.Node] = field(default_factory=dict)  # the places of all these


class Config(Struct, frozen=True):
    """What a config says."""

    path: Path
    run: Section = Section()
    serve: Section = Section()
    servers: tuple[ConfiguredServer, ...] = ()  # for `run`; (): the one that its options name
    only: str | None = None  # the only command that it is for
    excluded: tuple[
        tuple[re.Pattern[str], frozenset[str]], ...
    ] = ()  # agents, and the cases that aren't for them
    warnings: tuple[str, ...] = ()  # about what means nothing to replay in it
    stands: bool = True  # whether a user who reads its file finds exactly this there

    @property
    def folder(self) -> Path:
        """The folder at which its relative paths start, and in which `exec` runs."""
        return self.path.parent

    def not_for(self, agent: str) -> frozenset[str]:
        """The ids of the cases that aren't for an agent."""
        return frozenset(id for name, ids in self.excluded if name.fullmatch(agent) for id in ids)

    def of(self, command: str) -> Section:
        """What it says for `run` or `serve`."""
        return self.serve if command == "serve" else self.run


def _seconds(match: re.Match[str]) -> str:
    if not LEAST_SECONDS <= float(match[0]) <= MOST_SECONDS:
        raise ValueError(f"expected a timeout from {LEAST_SECONDS} to {MOST_SECONDS} s")
    return match[0]


def _texts(what: str, item: Reader[str], hint: str | None = None) -> Reader[tuple[str, ...]]:
    """One text or a list of them; `hint` is for a user who writes a mapping."""
    one = Mapped(item, lambda text: (text,))
    return Shaped(
        f"{what}, or a list",
        {nodes.Scalar: one, nodes.Sequence: Items(f"a list of {what}", item)},
        hint=lambda node: hint,
    )


def _text(wants: str, pattern: str, bounds: tuple[int, int] | None = None) -> Typed[str]:
    return Typed(wants, pattern, lambda match: match[0], bounds=bounds)


URL = _text("ws://HOST[:PORT][/PATH][?QUERY] or wss://…", r"wss?://[^\s/?#]+[^\s#]*")


def _limits() -> Reader[tuple[str, ...]]:
    """One limit, a list of them, or a mapping of their names."""
    form = FORMS[Kind.LIMIT]
    one = _text(*form)
    value = _text("a size such as '1 MiB', or a number", r"[0-9]{1,12}(?: *(?:KiB|MiB|GiB))?")
    return Shaped(
        f"{form.wants}, or a list or mapping",
        {
            nodes.Scalar: Mapped(one, lambda text: (text,)),
            nodes.Sequence: Items("a list of limits", one),
            nodes.Mapping: Record(
                "limits",
                {name: Key(value, f"The limit {name!r}.") for name in BOUNDS},
                lambda found: tuple(f"{name}={text}" for name, text in found.values.items()),
            ),
        },
    )


_READERS: dict[Kind, Reader[Any]] = {
    Kind.FLAG: FLAG,
    Kind.TEXT: LINE,
    Kind.CASES: replace(LINE, wants="a path, id or glob"),
    Kind.URL: URL,
    Kind.SECONDS: Typed("a number of seconds", r"[0-9]{1,6}(?:\.[0-9]{1,6})?", _seconds),
    **{kind: _text(*form) for kind, form in FORMS.items()},
    Kind.CHOP: _text(*FORMS[Kind.CHOP], bounds=(1, MOST_CHOPPED)),
    Kind.FILE: LINE,
    Kind.FOLDER: LINE,
    Kind.EXPECTED: Shaped(
        "a file with expected verdicts, or a list of them",
        {nodes.Scalar: LINE, nodes.Sequence: ENTRIES},
    ),
    Kind.REPORT: _text("FORMAT=FILE, as in junit=report.xml", r"[a-z]+=[^\n]+"),
}
_OF_A_MAPPING = {
    Kind.HEADER_LINE: "put name and value into one text in quotes: 'Authorization: Bearer x'",
}
"""The help if there is a mapping where a text or a list of texts is expected."""


def _key(option: Option) -> Key:
    """The key of an option: it reads what the option takes, and has the same description."""
    match option.takes:
        case Choice(words):
            return Key(Word(f"a {option.name}", {word: word for word in words}), option.help)
        case Whole(low, high):
            return Key(integer(low, high), option.help)
        case kind:
            reader = _READERS[kind]
    if kind is Kind.LIMIT:
        reader = _limits()
    elif option.multiple:
        reader = _texts(reader.wants, reader, _OF_A_MAPPING.get(kind))
    return Key(reader, option.help)


def _keys(options: Iterable[Option]) -> dict[str, Key]:
    return {option.name: _key(option) for option in options if option.in_config}


def _as_found(found: FoundKeys) -> FoundKeys:
    return found


_SERVER: Record[FoundKeys] = Record(
    "a server",
    {
        "agent": Key(LINE, "Use this name for the server in reports, and for its folder.", required=True),
        **_keys(SERVER),
    },
    _as_found,
    at_least_one=("url", "exec"),
)
_SERVE: Record[FoundKeys] = Record(
    "the options of `serve`",
    _keys(COMMANDS["serve"].values()),
    _as_found,
    exclusive=("exec", "each", "demo"),
)

CONFIG: Record[FoundKeys] = Record(
    "a config",
    {
        **_keys(COMMANDS["run"].values()),
        "servers": Key(
            Items(
                "a list of servers",
                _SERVER,
                at_least=1,
                hint=lambda node: (
                    "each server is a list item, '- agent: NAME', with its url or exec below it"
                ),
            ),
            "Test these servers one after the other.",
        ),
        "serve": Key(_SERVE, "Set the options of `replay serve`; all other keys are for `replay run`."),
    },
    _as_found,
    meant={
        **dict.fromkeys(("headers",), "a header is one text in quotes: header: 'Authorization: Bearer x'"),
        **dict.fromkeys(
            ("paths", "path", "tests", "specs", "traces", "files"), "the key for test cases is 'cases'"
        ),
        **dict.fromkeys(
            ("command", "cmd", "run", "start"), "the key for the command that starts the server is 'exec'"
        ),
        **dict.fromkeys(
            ("server", "address", "target", "base_url"), "the key for the address of the server is 'url'"
        ),
        **dict.fromkeys(
            ("reports", "output", "reporter"),
            "the key for reports is 'report', as in 'report: junit=report.xml'",
        ),
        **dict.fromkeys(
            ("parallel", "concurrency", "workers"), "the key for the number of cases at once is 'jobs'"
        ),
    },
)
