"""Defaults for the options of `replay run`: replay.yaml, or [tool.replay] in pyproject.toml.

Both are read by one table of readers, so that what is wrong is said where it stands.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from replay import limits
from replay.source import Source, SourceError, Span
from replay.spec import nodes, select
from replay.spec.fields import Files, Found, Items, Mapped, Reader, Record, Row, Shaped, Typed, Word
from replay.spec.model import Profile
from replay.spec.scalars import FLAG, LINE, integer
from replay.verdict.expected import ENTRIES
from replay.verdict.result import Entry

YAML = "replay.yaml"
TOML = "pyproject.toml"

Value = str | int | bool | tuple[str, ...]


@dataclass(frozen=True)
class Config:
    """What a config says. Paths in it are made to start where replay was started."""

    path: Path
    options: Mapping[str, Value] = field(default_factory=dict)  # by long name, as click takes them
    cases: tuple[str, ...] = ()  # ids, globs and paths, as on the command line
    expected: tuple[Entry, ...] | None = None  # unless a file holds them, which is an option

    @property
    def folder(self) -> Path:
        """Where its relative paths start, and a command of `exec` runs."""
        return self.path.parent


def _seconds(match: re.Match[str]) -> str:
    if float(match[0]) < 0.001:
        raise ValueError("a timeout is at least 0.001 s")
    return match[0]


def _texts(what: str, item: Reader[str]) -> Reader[tuple[str, ...]]:
    """One text, or a list of them."""
    one = Mapped(item, lambda text: (text,))
    return Shaped(
        f"{what}, or a list", {nodes.Scalar: one, nodes.Sequence: Items(f"a list of {what}", item)}
    )


def _text(wants: str, pattern: str, bounds: tuple[int, int] | None = None) -> Typed[str]:
    return Typed(wants, pattern, lambda match: match[0], bounds=bounds)


_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_URL = _text("ws://HOST[:PORT][/PATH][?QUERY] or wss://…", r"wss?://[^\s/?#]+[^\s#]*")
_HEADER = _text("a header 'NAME: VALUE'", rf"{_TOKEN}:[\t -~\xa0-\xff]*")
_SUBPROTOCOL = _text("a name of a subprotocol", _TOKEN)
_REPORT = _text("FORMAT=FILE, as in junit=report.xml", r"[a-z]+=[^\n]+")
_CHOP = _text(
    "recorded, frame or a number of octets", r"recorded|frame|[1-9][0-9]{0,8}", bounds=(1, 999_999_999)
)
_SECONDS = Typed("a number of seconds", r"[0-9]{1,6}(?:\.[0-9]{1,6})?", _seconds)

ROWS = {
    "url": Row(_URL, "The server under test; without it, the built-in one."),
    "exec": Row(LINE, "The command that starts the server under test; {port} or {url} stands for where."),
    "cases": Row(_texts("a path, id or glob", LINE), "What is played: paths, ids, globs, !globs."),
    "header": Row(_texts(_HEADER.wants, _HEADER), "Header lines to send too."),
    "host": Row(LINE, "The Host header to send."),
    "origin": Row(LINE, "The Origin header to send."),
    "subprotocol": Row(_texts(_SUBPROTOCOL.wants, _SUBPROTOCOL), "The subprotocols to offer."),
    "chop": Row(_CHOP, "Octets a write: as recorded, a frame at a time, or so many."),
    "answer-pings": Row(FLAG, "Whether Pings are answered also when a log is played."),
    "reencode": Row(FLAG, "Whether the messages of a log are compressed anew, as it is agreed."),
    "jobs": Row(integer(1, limits.MOST_JOBS.default), "Cases that are played at once."),
    "thorough": Row(FLAG, "All rounds of each case, also where fewer do."),
    "profile": Row(Word("a profile", {each.value: each.value for each in Profile}), "By what is judged."),
    "patience": Row(Word("a patience", {"auto": "auto", "full": "full"}), "full: no pause is shortened."),
    "seed": Row(integer(0, 2**63 - 1), "For masks and keys; else a fresh one."),
    "connect-timeout": Row(_SECONDS, "Seconds that connecting may take."),
    "start-timeout": Row(_SECONDS, "Seconds that a server of exec may take until it listens."),
    "timeout": Row(_SECONDS, "Seconds that a case may take, beside its own waits."),
    "strict": Row(FLAG, "Whether NON-STRICT and UNIMPLEMENTED fail the run too."),
    "expected": Row(
        Shaped(
            "a file with expected verdicts, or a list of them",
            {nodes.Scalar: LINE, nodes.Sequence: ENTRIES},
        ),
        "The verdicts that are expected, or the file that lists them.",
    ),
    "max-failures": Row(integer(1, 10**9), "After how many failures the run stops."),
    "out": Row(LINE, "The folder for the results."),
    "agent": Row(LINE, "The server's name in reports; else its Server header."),
    "report": Row(_texts(_REPORT.wants, _REPORT), "Reports to write, each FORMAT=FILE."),
    "ca": Row(LINE, "The file with the certificates to trust (PEM)."),
    "insecure": Row(FLAG, "Whether any certificate will do."),
    "cert": Row(LINE, "The file with the client's certificate (PEM)."),
    "key": Row(LINE, "The file with its private key (PEM)."),
    "sni": Row(LINE, "The server's name in TLS."),
}
"""The long options of `replay run`, and `cases` for its arguments."""

_FILES = ("ca", "cert", "key")

CONFIG: Record[Found] = Record("a config", ROWS, lambda found: found)


def find(start: Path) -> Config | None:
    """The config of a folder: in it, or in the nearest above it up to the root of its repository.

    Outside a repository only the folder itself counts: what stands above may be anybody's.
    Raises SourceError for a config that is wrong, and for two in one folder.
    """
    for folder in _folders(start.absolute()):
        pyproject = _toml(folder / TOML) if (folder / TOML).is_file() else None
        if (folder / YAML).is_file():
            if pyproject is not None:
                both = f"{_shown(folder / YAML)} and [tool.replay] in {_shown(folder / TOML)}"
                raise SourceError(None, f"{both} both hold a config", "keep one of them")
            return read(folder / YAML)
        if pyproject is not None:
            return _config(folder / TOML, pyproject)
    return None


def read(path: Path) -> Config:
    """One config; of a .toml file, its table [tool.replay]. Raises SourceError."""
    if path.suffix != ".toml":
        source = Source.read(_shown(path))
        blank = not re.sub(r"(?m)^[ \t]*#.*$", "", source.text).strip()
        return Config(_shown(path)) if blank else _config(path, nodes.parse(source, "config"))
    table = _toml(path, asked=True)
    if table is None:
        raise SourceError(None, f"{_shown(path)}: there is no [tool.replay] in it")
    return _config(path, table)


def schema() -> dict[str, Any]:
    """The JSON Schema of replay.yaml."""
    from replay.spec.schema import document

    return document("A config of replay", CONFIG)


def _folders(start: Path) -> list[Path]:
    folders = [start, *start.parents]
    roots = [number for number, folder in enumerate(folders) if (folder / ".git").exists()]
    return folders[: roots[0] + 1] if roots else folders[:1]


def _shown(path: Path) -> Path:
    """The path from where replay was started."""
    return Path(os.path.relpath(path))


def _config(path: Path, node: nodes.Node) -> Config:
    path = _shown(path)
    found = CONFIG.read(node, Files())
    values = dict(found.values)
    entries = values.pop("expected") if isinstance(values.get("expected"), tuple) else None
    for key in ("out", "expected", *_FILES):
        if key in values:
            values[key] = _from(path.parent, values[key])
    if "report" in values:
        values["report"] = tuple(_report(path.parent, word) for word in values["report"])
    for key in _FILES:
        if key in values and not Path(values[key]).is_file():
            raise SourceError(
                found.at(key), f"there is no file {values[key]}", f"paths start at {path.name}"
            )
    cases = tuple(_case(path.parent, word) for word in values.pop("cases", ()))
    return Config(path, values, cases, entries)


def _from(folder: Path, word: str) -> str:
    return word if folder == Path() else str(folder / word)


def _report(folder: Path, word: str) -> str:
    name, _, file = word.partition("=")
    return word if file == "-" else f"{name}={_from(folder, file)}"


def _case(folder: Path, word: str) -> str:
    named = word != "-" and (select.is_path(word) or (folder / word).exists())
    return _from(folder, word) if named else word


# TOML: its reader gives values without places, so these are looked up in the text, as well as can be.

_HEADING = re.compile(r"(?m)^[ \t]*\[[ \t]*tool[ \t]*\.[ \t]*replay[ \t]*\]")
_NEXT = re.compile(r"(?m)^[ \t]*\[+[ \t]*[\w\"'][^\]\n=,]*\]+[ \t]*(?:#.*)?$")
_ITEM = re.compile(
    r'#[^\n]*|"""[\s\S]*?"""|\'\'\'[\s\S]*?\'\'\'|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|[^\s#,=\[\]{}"\']+'
)


def _toml(path: Path, asked: bool = False) -> nodes.Node | None:
    """The table [tool.replay] of a file. A file that nobody asked for and that says nothing of replay
    may be anything."""
    source = Source.read(_shown(path))
    if not asked and "replay" not in source.text:
        return None
    try:
        values = tomllib.loads(source.text, parse_float=str)  # 3.10 is not 3.1
        table = tool.get("replay") if isinstance(tool := values.get("tool"), dict) else None
        if table is None:
            return None
        heading = _HEADING.search(source.text)
        start = source.span(heading.start(), heading.end()) if heading else source.span(0)
        if not isinstance(table, dict):
            return _node(table, start, iter(()))
        return _table(start, table)
    except tomllib.TOMLDecodeError as error:
        raise _syntax(source, error) from None
    except RecursionError:
        raise SourceError(None, f"{source.name}: nested too deep") from None


def _syntax(source: Source, error: tomllib.TOMLDecodeError) -> SourceError:
    said = re.fullmatch(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", str(error), re.DOTALL)
    if said is None:
        return SourceError(None, f"{source.name}: not TOML: {error}")
    at = source.line_starts[int(said[2]) - 1] + int(said[3]) - 1 if said[2] else len(source.text)
    return SourceError(source.span(at), f"not TOML: {said[1][:1].lower()}{said[1][1:]}")


def _table(heading: Span, table: dict[str, Any]) -> nodes.Mapping:
    return nodes.Mapping(tuple(_pair(heading, key, value) for key, value in table.items()), heading)


def _tables(source: Source, key: str, tables: Any) -> nodes.Sequence | None:
    """The tables under [[tool.replay.KEY]]; None: the value is something else, or in another form."""
    if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
        return None
    heading = rf"(?m)^[ \t]*(\[\[[ \t]*tool[ \t]*\.[ \t]*replay[ \t]*\.[ \t]*{re.escape(key)}[ \t]*\]\])"
    found = [source.span(*match.span(1)) for match in re.finditer(heading, source.text)]
    if not found or len(found) != len(tables):
        return None
    return nodes.Sequence(tuple(map(_table, found, tables)), found[0])


def _pair(heading: Span, key: str, value: Any) -> tuple[nodes.Scalar, nodes.Node]:
    source, text = heading.source, heading.source.text
    if (tables := _tables(source, key, value)) is not None:
        return nodes.Scalar(key, tables.span), tables
    end = following.start() if (following := _NEXT.search(text, heading.end)) else len(text)
    name = rf"(?m)^[ \t]*(?:tool\.)?(?:replay\.)?([\"']?{re.escape(key)}[\"']?)[ \t]*=[ \t]*"
    found = re.compile(name).search(text, heading.end, end)
    if found is None:
        return nodes.Scalar(key, heading), _node(value, heading, iter(()))
    items = (
        source.span(*item.span()) for item in _ITEM.finditer(text, found.end(), end) if item[0][0] != "#"
    )
    place = source.span(*found.span(1))
    return nodes.Scalar(key, place), _node(value, place, items)


def _node(value: Any, span: Span, items: Iterator[Span]) -> nodes.Node:
    """A value that stands at `span`, or for a scalar at the next of the items."""
    match value:
        case dict():
            pairs = (
                (nodes.Scalar(key, next(items, span)), _node(each, span, items))
                for key, each in value.items()
            )
            return nodes.Mapping(tuple(pairs), span)
        case list():
            return nodes.Sequence(tuple(_listed(each, next(items, span), items) for each in value), span)
        case bool():
            return nodes.Scalar(str(value).lower(), next(items, span))
        case _:
            return nodes.Scalar(str(value), next(items, span))


def _listed(value: Any, first: Span, items: Iterator[Span]) -> nodes.Node:
    return _node(value, first, chain([first], items))
