"""What a config may say: the keys of replay.yaml, each with its reader, and what is made of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from replay import limits
from replay.cases.model import Profile
from replay.expected.entries import ENTRIES
from replay.typed import nodes
from replay.typed.readers import FoundKeys, Items, Key, Mapped, Reader, Record, Shaped, Typed, Word
from replay.typed.scalars import FLAG, LINE, integer
from replay.verdict.result import Entry

Value = str | int | bool | tuple[str, ...]


@dataclass(frozen=True)
class ConfiguredServer:
    """One of several under test: what of the options is its own."""

    agent: str  # its name; "": it says it itself
    options: Mapping[str, Value]
    nodes: Mapping[str, nodes.Node] = field(default_factory=dict, compare=False)  # where these stand


@dataclass(frozen=True)
class Section:
    """What a config says to one command. Paths in it are made to start where replay was started."""

    options: Mapping[str, Value] = field(default_factory=dict)  # by long name, as click takes them
    cases: tuple[str, ...] = ()  # ids, globs and paths, as on the command line
    expected: tuple[Entry, ...] | None = None  # unless a file holds them, which is an option
    nodes: Mapping[str, nodes.Node] = field(default_factory=dict, compare=False)  # where all that stands


@dataclass(frozen=True)
class Config:
    """What a config says."""

    path: Path
    run: Section = Section()
    serve: Section = Section()
    servers: tuple[ConfiguredServer, ...] = ()  # of `run`; (): the one that its options name
    only: str | None = None  # the one command that it is for
    excluded: tuple[tuple[re.Pattern[str], frozenset[str]], ...] = ()  # agents, and what isn't for them
    warnings: tuple[str, ...] = ()  # what of it has no meaning here
    stands: bool = True  # whether who reads its file finds just this

    @property
    def folder(self) -> Path:
        """Where its relative paths start, and a command of `exec` runs."""
        return self.path.parent

    def not_for(self, agent: str) -> frozenset[str]:
        """The ids of the cases that aren't for an agent."""
        return frozenset(id for name, ids in self.excluded if name.fullmatch(agent) for id in ids)

    def of(self, command: str) -> Section:
        """What it says to `run` or `serve`."""
        return self.serve if command == "serve" else self.run


def _seconds(match: re.Match[str]) -> str:
    if not 0.001 <= float(match[0]) <= limits.LONGEST.default:
        raise ValueError(f"a timeout is from 0.001 to {limits.LONGEST.default} s")
    return match[0]


def _texts(what: str, item: Reader[str], hint: str | None = None) -> Reader[tuple[str, ...]]:
    """One text, or a list of them; `hint` is for who writes a mapping."""
    one = Mapped(item, lambda text: (text,))
    return Shaped(
        f"{what}, or a list",
        {nodes.Scalar: one, nodes.Sequence: Items(f"a list of {what}", item)},
        hint=lambda node: hint,
    )


def _text(wants: str, pattern: str, bounds: tuple[int, int] | None = None) -> Typed[str]:
    return Typed(wants, pattern, lambda match: match[0], bounds=bounds)


_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
URL = _text("ws://HOST[:PORT][/PATH][?QUERY] or wss://…", r"wss?://[^\s/?#]+[^\s#]*")
_HEADER = _text("a header 'NAME: VALUE'", rf"{_TOKEN}:[\t -~\xa0-\xff]*")
_SUBPROTOCOL = _text("a name of a subprotocol", _TOKEN)
_REPORT = _text("FORMAT=FILE, as in junit=report.xml", r"[a-z]+=[^\n]+")
_CHOP = _text(
    "recorded, frame or a number of octets", r"recorded|frame|[1-9][0-9]{0,8}", bounds=(1, 999_999_999)
)
_SECONDS = Typed("a number of seconds", r"[0-9]{1,6}(?:\.[0-9]{1,6})?", _seconds)

_CASES = Key(_texts("a path, id or glob", LINE), "What is played: paths, ids, globs, !globs.")
_PROFILE = Key(Word("a profile", {each.value: each.value for each in Profile}), "By what is judged.")
_EXPECTED = Key(
    Shaped(
        "a file with expected verdicts, or a list of them",
        {nodes.Scalar: LINE, nodes.Sequence: ENTRIES},
    ),
    "The verdicts that are expected, or the file that lists them.",
)
_ALIKE = {
    "chop": Key(_CHOP, "Octets a write: as recorded, a frame at a time, or so many."),
    "answer-pings": Key(FLAG, "Whether Pings are answered also when a log is played."),
    "reencode": Key(FLAG, "Whether the messages of a log are compressed anew, as it is agreed."),
    "thorough": Key(FLAG, "All rounds of each case, also where fewer do."),
    "profile": _PROFILE,
    "timeout": Key(_SECONDS, "Seconds that a case may take, beside its own waits."),
    "strict": Key(FLAG, "Whether NON-STRICT, UNIMPLEMENTED and unjudged fail the run too."),
    "expected": _EXPECTED,
    "report": Key(_texts(_REPORT.wants, _REPORT), "Reports to write, each FORMAT=FILE."),
    "out": Key(LINE, "The folder for the results."),
}

_OF_SERVER = {
    "url": Key(URL, "The server under test; without it, the built-in one."),
    "exec": Key(LINE, "The command that starts the server under test; {port} or {url} stands for where."),
    "header": Key(
        _texts(_HEADER.wants, _HEADER, "name and value are one text in quotes: 'Authorization: Bearer x'"),
        "Header lines to send too.",
    ),
    "host": Key(LINE, "The Host header to send."),
    "origin": Key(LINE, "The Origin header to send."),
    "subprotocol": Key(_texts(_SUBPROTOCOL.wants, _SUBPROTOCOL), "The subprotocols to offer."),
    "connect-timeout": Key(_SECONDS, "Seconds that connecting may take."),
    "start-timeout": Key(_SECONDS, "Seconds that a server of exec may take until it listens."),
    "ca": Key(LINE, "The file with the certificates to trust (PEM)."),
    "insecure": Key(FLAG, "Whether any certificate will do."),
    "cert": Key(LINE, "The file with the client's certificate (PEM)."),
    "key": Key(LINE, "The file with its private key (PEM)."),
    "sni": Key(LINE, "The server's name in TLS."),
}

SERVER: Record[FoundKeys] = Record(
    "a server",
    {"agent": Key(LINE, "Its name in reports, and that of its folder.", required=True), **_OF_SERVER},
    lambda found: found,
    at_least_one=("url", "exec"),
)

SERVE: Record[FoundKeys] = Record(
    "what `serve` does",
    {
        "cases": _CASES,
        "host": Key(LINE, "Where to listen; 0.0.0.0: everywhere."),
        "port": Key(integer(0, 65535), "Its port; 0: a free one."),
        "tls": Key(FLAG, "Whether it is wss://, with a certificate made for it."),
        "cert": Key(LINE, "The file with its certificate (PEM)."),
        "key": Key(LINE, "The file with its private key (PEM)."),
        "exec": Key(LINE, "The command that starts a driver; {url} stands for where."),
        "each": Key(LINE, "The command that starts an echo client, once a case."),
        "demo": Key(FLAG, "Whether that is one of the library websockets."),
        "agent": Key(LINE, "The name of the client of `each`."),
        "jobs": Key(integer(1, limits.MOST_JOBS.default), "Clients of `each` at once."),
        "start-timeout": Key(_SECONDS, "Seconds for a client of `each` to come."),
        "idle": Key(_SECONDS, "Seconds without a connection after which `exec` is done."),
        **_ALIKE,
    },
    lambda found: found,
    exclusive=("exec", "each", "demo"),
)

ROWS = {
    "cases": _CASES,
    **_OF_SERVER,
    "agent": Key(LINE, "The server's name in reports; else its Server header, its command or its address."),
    "jobs": Key(integer(1, limits.MOST_JOBS.default), "Cases that are played at once."),
    "patience": Key(Word("a patience", {"auto": "auto", "full": "full"}), "full: no pause is shortened."),
    "canary": Key(
        Word("a canary", {"auto": "auto", "never": "never"}),
        "never: no message first, to see that the server echoes.",
    ),
    "seed": Key(integer(0, 2**63 - 1), "For masks and keys; else a fresh one."),
    "max-failures": Key(integer(1, 10**9), "After how many failures the run stops."),
    **_ALIKE,
}
"""The long options of `replay run`, and `cases` for its arguments."""

CONFIG: Record[FoundKeys] = Record(
    "a config",
    {
        **ROWS,
        "servers": Key(
            Items(
                "a list of servers",
                SERVER,
                at_least=1,
                hint=lambda node: "each server is an item, '- agent: NAME', with its url or exec below it",
            ),
            "Several under test, one after the other.",
        ),
        "serve": Key(SERVE, "What `serve` does; all else is for `run`."),
    },
    lambda found: found,
    meant={
        **dict.fromkeys(("headers",), "a header is one text in quotes: header: 'Authorization: Bearer x'"),
        **dict.fromkeys(
            ("paths", "path", "tests", "specs", "traces", "files"), "what is played is 'cases'"
        ),
        **dict.fromkeys(("command", "cmd", "run", "start"), "the command that starts a server is 'exec'"),
        **dict.fromkeys(("server", "address", "target", "base_url"), "the address of a server is 'url'"),
        **dict.fromkeys(("reports", "output", "reporter"), "a report is 'report: junit=report.xml'"),
        **dict.fromkeys(("parallel", "concurrency", "workers"), "how many cases run at once is 'jobs'"),
    },
)
