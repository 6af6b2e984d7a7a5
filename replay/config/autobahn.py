"""fuzzingclient.json and fuzzingserver.json of Autobahn|Testsuite, as configs of replay.

    {"servers": [{"url", "agent", "origin", "protocols", "hostname", "options"}], "outdir": …,
     "options": {…}, "cases": […], "exclude-cases": […], "exclude-agent-cases": {agent: […]}}
    {"url": …, "key": …, "cert": …, "outdir": … and the rest, as above}

Globs mean what they mean to Autobahn: regular expressions in which a dot is literal and `*` is any text,
matched against the start of an id, or in exclude-agent-cases against the whole id. Keys that mean nothing
to replay give a warning.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from replay import json_text
from replay.cases.select import natural
from replay.config.keys import URL, Config, ConfiguredServer, Section, Value
from replay.forms import AUTOBAHN
from replay.source import Source, SourceError, Span, nearest, printable
from replay.suite.edition import suite_of
from replay.typed import nodes
from replay.typed.readers import Files, FoundKeys, Items, Key, Record, expected
from replay.typed.scalars import LINE
from replay.typed.yaml_text import parse

CLIENT, SERVER = "fuzzingclient", "fuzzingserver"
MODES = (CLIENT, SERVER)

DEFAULTS = {
    CLIENT: '{"outdir": "./reports/servers", "servers": [], "cases": ["*"]}',
    SERVER: '{"url": "ws://127.0.0.1:9001", "outdir": "./reports/clients", "cases": ["*"]}',
}
"""What Autobahn writes into the file if there is none."""

HERE: Mapping[str, tuple[str, ...]] = {
    "version": ("18", "13"),
    "versions": (),
    "failByDrop": ("false",),
    "echoCloseCodeReason": ("false",),
    "allowHixie76": ("false",),
    "utf8validateIncoming": ("true",),
    "applyMask": ("true",),
    "maskClientFrames": ("true",),
    "maskServerFrames": ("false",),
    "acceptMaskedServerFrames": ("false",),
    "requireMaskedClientFrames": ("true",),
    "maxFramePayloadSize": ("0",),
    "maxMessagePayloadSize": ("0",),
    "autoFragmentSize": ("0",),
    "tcpNoDelay": ("true",),
    "autoPingInterval": ("0",),
    "openHandshakeTimeout": ("5",),
    "closeHandshakeTimeout": ("1",),
    "serverConnectionDropTimeout": ("1",),
    "webStatus": ("true", "false"),
}
"""Autobahn's options, with the values that describe what replay does anyway."""


_SAID_BY = {
    "url": ("url", "host", "port", "tls"),
    "outdir": ("out", "report"),
    "protocols": ("subprotocol",),
    "hostname": ("sni",),
    **{name: (name,) for name in ("cert", "key", "cases", "origin", "agent")},
}
"""The options of replay that keys of these files set."""

UNUSED = ("webport", "protocols")
"""Keys that many of these files have and that do nothing, neither in Autobahn nor here."""


class _Anything(Struct, frozen=True):
    """Any value, as it is."""

    wants: str = "a value"

    def read(self, node: nodes.Node, files: Files) -> nodes.Node:
        return node


class _Pattern(Struct, frozen=True):
    wants: str = "an id or a glob, in quotes"

    def read(self, node: nodes.Node, files: Files) -> nodes.Scalar:
        if not isinstance(node, nodes.Scalar) or node.plain or not node.text:
            raise expected(self.wants, node)
        return node


_PATTERNS = Items("a list of ids and globs", _Pattern())


class _ByAgent(Struct, frozen=True):
    wants: str = "lists of ids and globs, by agent"

    def read(self, node: nodes.Node, files: Files) -> list[tuple[nodes.Scalar, tuple[nodes.Scalar, ...]]]:
        if not isinstance(node, nodes.Mapping):
            raise expected(self.wants, node)
        return [(key, _PATTERNS.read(value, files)) for key, value in node.pairs]


_OPTIONS = Key(_Anything(), "Autobahn's options.")
_CASES = {
    "outdir": Key(LINE, "The folder for the reports."),
    "options": _OPTIONS,
    "cases": Key(_PATTERNS, "Ids and globs.", required=True),
    "exclude-cases": Key(_PATTERNS, "Ids and globs."),
    "exclude-agent-cases": Key(_ByAgent(), "Lists of ids and globs, by agent."),
}
_SERVER: Record[FoundKeys] = Record(
    "a server",
    {
        "url": Key(URL, "The URL of the server.", required=True),
        "agent": Key(LINE, "The name of the server in reports."),
        "origin": Key(LINE, "The Origin header to send."),
        "protocols": Key(Items("a list of subprotocols", LINE), "The subprotocols to offer."),
        "hostname": Key(LINE, "The server name in TLS."),
        "options": _OPTIONS,
    },
    lambda found: found,
)
_OF_SERVER_MODE = {
    "url": Key(URL, "The URL to listen on.", required=True),
    "cert": Key(LINE, "The file with the certificate."),
    "key": Key(LINE, "The file with the private key of the certificate."),
    **_CASES,
}
_OF_CLIENT_MODE = {"servers": Key(_Anything(), "The servers under test."), **_CASES}


def read(path: Path, mode: str | None = None, url: str | None = None) -> Config:
    """A config of Autobahn for `mode`, which is otherwise told by its keys. `url` replaces that of a server
    mode, and the servers if there are none. As in Autobahn, relative paths start in the current folder.
    Raises SourceError."""
    return of(path, Source.read(path), mode, url)


def of(path: Path, source: Source, mode: str | None = None, url: str | None = None) -> Config:
    """A config of Autobahn from a text. Raises SourceError."""
    root = _parse(source)
    if mode is None:
        mode = SERVER if root.get("url") is not None and root.get("servers") is None else CLIENT
    return _Reading(path, root, url).config(mode)


def _parse(source: Source) -> nodes.Mapping:
    """JSON as nodes: once it is known to be JSON, YAML's parser provides the places."""
    json_text.loads(source)
    spaced = Source(
        source.name, source.text.replace("\t", " ")
    )  # YAML doesn't allow tabs everywhere JSON does
    root = parse(spaced, "config")
    if not isinstance(root, nodes.Mapping):
        raise SourceError(root.span, "expected a config of Autobahn: {…}")
    return root


class _Reading:
    """One file, and warnings about what means nothing to replay in it."""

    def __init__(self, path: Path, root: nodes.Mapping, url: str | None) -> None:
        self._path, self._root, self._url = path, root, url
        self._ids = suite_of(AUTOBAHN).cases
        self._warnings: list[str] = []

    def config(self, mode: str) -> Config:
        if mode == SERVER:
            found = self._record(self._root, Record("a fuzzingserver", _OF_SERVER_MODE, _as_found))
            section = self._section(found, self._door(found))
            return Config(
                self._path,
                serve=section,
                only="serve",
                excluded=self._excluded(found),
                warnings=tuple(self._warnings),
            )
        found = self._record(self._root, Record("a fuzzingclient", _OF_CLIENT_MODE, _as_found))
        servers = self._servers(found)
        section = self._section(found, {})
        return Config(
            self._path,
            section,
            servers=servers,
            only="run",
            excluded=self._excluded(found),
            warnings=tuple(self._warnings),
        )

    def _record(self, node: nodes.Node, record: Record[FoundKeys]) -> FoundKeys:
        """The keys that Autobahn knows; it ignores all others."""
        if not isinstance(node, nodes.Mapping):
            raise SourceError(node.span, f"expected {record.wants}")
        kept = []
        for key, value in node.pairs:
            if isinstance(value, nodes.Scalar) and value.plain and value.text == "null":
                continue
            if key.text in record.rows:
                kept.append((key, value))
            else:
                hint = None if key.text in UNUSED else nearest(key.text, record.rows)
                self._warn(key.span, f"{key.text!r} means nothing to replay{(hint and f'; {hint}') or ''}")
        found = record.read(nodes.Mapping(tuple(kept), node.span), Files())
        self._check_options(found.get("options"))
        return found

    def _check_options(self, options: nodes.Node | None) -> None:
        for key, value in options.pairs if isinstance(options, nodes.Mapping) else ():
            as_here = HERE.get(key.text)
            given = value.text if isinstance(value, nodes.Scalar) else ""
            if as_here is None or (as_here and given not in as_here):
                self._warn(key.span, f"the option {key.text!r} means nothing to replay")

    def _warn(self, span: Span, said: str) -> None:
        self._warnings.append(printable(f"{span}: {said}"))

    def _section(self, found: FoundKeys, options: dict[str, Value]) -> Section:
        return Section(options | self._outdir(found), self._cases(found), nodes=_nodes(found))

    def _outdir(self, found: FoundKeys) -> dict[str, Value]:
        if (outdir := found.get("outdir")) is None:
            return {}
        return {"out": outdir, "report": (f"autobahn={outdir}",)}

    def _door(self, found: FoundKeys) -> dict[str, Value]:
        url = urlsplit(self._url or found.values["url"])
        try:
            port = url.port
        except ValueError:
            raise SourceError(found.at("url"), "a port is a number from 0 to 65535") from None
        secure = url.scheme == "wss"
        door: dict[str, Value] = {
            "host": url.hostname or "127.0.0.1",
            "port": (443 if secure else 80) if port is None else port,
            "tls": secure,
        }
        return door | {key: found.values[key] for key in ("cert", "key") if secure and key in found.values}

    def _servers(self, found: FoundKeys) -> tuple[ConfiguredServer, ...]:
        node = found.get("servers")
        listed: Sequence[nodes.Node] = node.items if isinstance(node, nodes.Sequence) else ()
        if node is not None and not isinstance(node, nodes.Sequence):
            raise SourceError(node.span, "expected a list of servers")
        entries = [self._record(each, _SERVER) for each in listed]
        if not entries and self._url is None:
            hint = "a fuzzingserver.json is for `replay serve`" if self._root.get("url") else None
            raise SourceError(found.at("servers"), "there are no servers to test", hint)
        if not entries:
            return (ConfiguredServer("", _at(str(self._url))),)
        names: dict[str, FoundKeys] = {}
        for entry in entries:
            agent = entry.get("agent", "" if len(entries) == 1 else entry.values["url"])
            if agent in names:
                raise SourceError(entry.at("agent"), f"two servers have the same name {agent!r}")
            names[agent] = entry
        return tuple(
            ConfiguredServer(agent, _of_server(entry), _nodes(entry)) for agent, entry in names.items()
        )

    def _cases(self, found: FoundKeys) -> tuple[str, ...]:
        included = {id for each in found.values["cases"] for id in self._named(each, literally=True)}
        excluded = {id for each in found.get("exclude-cases", ()) for id in self._named(each)}
        if not included - excluded:
            raise SourceError(
                found.at("cases"), "no test case is selected", "`replay list` shows all of them"
            )
        return tuple(sorted(included - excluded, key=natural))

    def _named(self, pattern: nodes.Scalar, literally: bool = False) -> Iterable[str]:
        """The ids that an entry names; an entry of `cases` that isn't a glob has to name an existing
        case."""
        text = pattern.text
        if "*" not in text:
            if text not in self._ids:
                section = text.partition(".")[0]
                near = [id for id in self._ids if id.startswith(f"{section}.")]
                said = f"there is no test case {text!r}"
                hint = nearest(text, near) or "`replay list` shows all of them"
                if literally:
                    raise SourceError(pattern.span, said, hint)
                self._warn(pattern.span, said)
            return [text]
        named = [id for id in self._ids if _regex(pattern).match(id)]
        if not named:
            self._warn(pattern.span, f"no test case matches {text!r}")
        return named

    def _excluded(self, found: FoundKeys) -> tuple[tuple[re.Pattern[str], frozenset[str]], ...]:
        return tuple(
            (
                _regex(agent),
                frozenset(id for each in patterns for id in self._ids if _regex(each).fullmatch(id)),
            )
            for agent, patterns in found.get("exclude-agent-cases", ())
        )


def _as_found(found: FoundKeys) -> FoundKeys:
    return found


def _nodes(found: FoundKeys) -> dict[str, nodes.Node]:
    """The places of the options that replay knows."""
    return {key: node for name, node in found.nodes.items() for key in _SAID_BY.get(name, ())}


def _of_server(entry: FoundKeys) -> dict[str, Value]:
    options = _at(entry.values["url"])
    if "origin" in entry.values:
        options["origin"] = entry.values["origin"]
    if entry.get("protocols"):
        options["subprotocol"] = entry.values["protocols"]
    if "hostname" in entry.values and "insecure" in options:
        options["sni"] = entry.values["hostname"]
    return options


def _at(url: str) -> dict[str, Value]:
    """Autobahn accepts any certificate."""
    options: dict[str, Value] = {"url": url}
    return options | ({"insecure": True} if url.startswith("wss:") else {})


def _regex(glob: nodes.Scalar) -> re.Pattern[str]:
    try:
        return re.compile(glob.text.replace(".", r"\.").replace("*", ".*"))
    except re.error as error:
        raise SourceError(glob.span, f"not a valid pattern: {error.msg}") from None
