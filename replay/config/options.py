"""Every option that a config may set or that several commands share, each declared once.

This table is the source of the command-line options (`replay.commands.options`), of the readers of
replay.yaml and [tool.replay] and their JSON Schema (`replay.config.keys`), of docs/config.md
(`replay.config.reference`), and of the command that plays a failure again (`replay.commands.again`). It is
imported at every start, so it holds plain values only.
"""

from __future__ import annotations

from replay import limits
from replay.config.option import Choice, Kind, Option
from replay.forms import AUTOBAHN, JOBS, SEED, Whole

# Which cases are played.

CASES = Option(
    "cases",
    Kind.CASES,
    "Select cases by id or glob ('!' excludes), or play the wire logs and specs at a path.",
    multiple=True,
    repeated=False,  # the command names the failed case instead
)
KEYWORD = Option(
    "keyword",
    Kind.TEXT,
    "Select only cases whose id or title matches this expression, such as 'binary and not 65535'.",
    metavar="EXPR",
    short="-k",
    long=False,
    in_config=False,
    repeated=False,
)
SUITE = Option(
    "suite",
    Kind.SUITE,
    "Play this bundled suite: autobahn, rfc, or all of them; with an edition, as in rfc@2026.12, exactly "
    "the cases that it had then.",
    AUTOBAHN,
    repeated=False,  # the command names the failed case instead
)

# Which connection of a recording is taken, and how it is read.

RECORDING = (
    Option(
        "connection",
        Whole(1, 10**9 - 1),
        "Take this connection of a recording, as counted by `replay show`; FILE#N does the same.",
        in_config=False,
        repeated=False,  # the command names the connection with the file
    ),
    Option(
        "as",
        Choice(("client", "server")),
        "Take a recording as made on this side. One that begins in the middle of a connection is read from "
        "its first whole frame on.",
        in_config=False,
    ),
    Option(
        "keylog",
        Kind.FILE,
        "Decrypt the TLS of a recording with the secrets in this file (SSLKEYLOGFILE), by tshark.",
        in_config=False,
    ),
)

# How a server is reached.

CERT = Option("cert", Kind.FILE, "Present this client certificate (PEM).")
KEY = Option(
    "key",
    Kind.FILE,
    "Use this private key (PEM) for the certificate, if the file of the certificate does not contain it.",
)
TLS = (
    Option("ca", Kind.FILE, "Trust the certificates in this file (PEM) instead of the system's."),
    Option("insecure", Kind.FLAG, "Accept any certificate of the server."),
    CERT,
    KEY,
    Option(
        "sni",
        Kind.TEXT,
        "Ask for this server name in TLS, and expect it in the certificate.",
        metavar="NAME",
    ),
)
"""Options that only make sense for wss://."""

SERVER = (
    Option("url", Kind.URL, "Connect to this server instead of the built-in echo server."),
    Option(
        "exec",
        Kind.TEXT,
        "Start the server with this command, in which {port} or {url} stands for where to listen, and stop "
        "it after the run.",
        metavar="'CMD {port}'",
    ),
    Option("header", Kind.HEADER_LINE, "Add this header to the opening handshake.", multiple=True),
    Option("host", Kind.HEADER_VALUE, "Send this Host header."),
    Option("origin", Kind.HEADER_VALUE, "Send this Origin header."),
    Option("subprotocol", Kind.SUBPROTOCOL, "Offer this subprotocol.", multiple=True),
    *TLS,
    Option(
        "connect-timeout",
        Kind.SECONDS,
        "Wait this long for a connection, including name lookup and TLS.",
        limits.CONNECT.default,
    ),
    Option(
        "start-timeout",
        Kind.SECONDS,
        "Wait this long for a server that was started to accept connections.",
        limits.START.default,
    ),
)
"""Options that each of several servers in a config may have of its own."""

# How clients reach replay, and how they are started.

CLIENTS = (
    Option(
        "host",
        Kind.TEXT,
        "Listen on this address; 0.0.0.0 stands for all interfaces.",
        "127.0.0.1",
        metavar="ADDRESS",
    ),
    Option(
        "port",
        Whole(0, 65535),
        "Listen on this port; 0 takes any free one.",
        9001,  # where Autobahn|Testsuite listens
        metavar="PORT",
    ),
    Option("tls", Kind.FLAG, "Serve wss:// with a certificate made for this run."),
    CERT._replace(help="Serve wss:// with this certificate and its chain (PEM)."),
    KEY,
    Option(
        "exec",
        Kind.TEXT,
        "Start your test driver with this command, in which {url} stands for the address, and stop serving "
        "when it is done.",
        metavar="'CMD {url}'",
    ),
    Option(
        "each",
        Kind.TEXT,
        "Start an echo client with this command for each case; {url} in it stands for the address, and "
        "{origin} for the address without a path.",
        metavar="'CMD {url}'",
    ),
    Option("demo", Kind.FLAG, "Start an echo client of the library websockets for each case."),
    Option(
        "agent",
        Kind.TEXT,
        "Use this name in reports for the client that is started for each case.",
        "client",
        metavar="NAME",
    ),
    Option(
        "jobs",
        JOBS,
        "Run at most this many clients at once, if one is started for each case.",
        limits.EACH.default,
        short="-j",
        repeated=False,
    ),
    Option(
        "start-timeout",
        Kind.SECONDS,
        "Wait this long for a client that was started for a case to connect.",
        limits.COMING.default,
    ),
    Option(
        "idle",
        Kind.SECONDS,
        "Consider a test driver done when it has had no connection for this long.",
        limits.IDLE.default,
    ),
)

# How cases are played and judged.

SENT = (
    Option(
        "chop",
        Kind.CHOP,
        "Write octets as recorded, one frame at a time, or this many at a time.",
        "recorded",
    ),
    Option("answer-pings", Kind.FLAG, "Answer Pings even while a recorded log is played."),
    Option(
        "reencode",
        Kind.FLAG,
        "Compress the messages of a log anew with the negotiated parameters, instead of sending the "
        "recorded octets.",
    ),
)
PROFILE = Option(
    "profile",
    Choice(("autobahn", "rfc")),
    "Judge as Autobahn|Testsuite does, or by the RFCs where the two differ.",
    "autobahn",
)
THOROUGH = Option(
    "thorough",
    Kind.FLAG,
    "Play all rounds of each case (1000 in a compression case), even where fewer are enough.",
)
LIMIT = Option(
    "limit",
    Kind.LIMIT,
    "Test whether this limit is kept: the most octets of a message, as in '1 MiB', or another limit, as in "
    "'frame=64 KiB', 'fragments=100', 'inflated=4 MiB', 'ratio=100' or, of a server that is started, "
    "'memory=200 MiB'.",
    multiple=True,
)
TIMEOUT = Option(
    "timeout",
    Kind.SECONDS,
    "Reset the connection if a case takes longer than this, not counting its own pauses.",
    limits.CASE.default,
)
STRICT = Option("strict", Kind.FLAG, "Count NON-STRICT, UNIMPLEMENTED and unjudged cases as failures too.")
EXPECTED = Option(
    "expected",
    Kind.EXPECTED,
    "Take the expected verdicts from this file: YAML, or an index.json of Autobahn|Testsuite.",
)

# What happens to the results.

REPORT = Option(
    "report",
    Kind.REPORT,
    "Write a report in one of the formats html, junit, tap, markdown, json, gitlab, github, badge, shields "
    "and autobahn (a folder); '-' as the file is standard output.",
    multiple=True,
    repeated=False,
)
JSON = Option(
    "json",
    Kind.FLAG,
    "Print each result as a line of JSON to standard output, and everything else to standard error.",
    in_config=False,
    repeated=False,
)
OUT = Option(
    "out",
    Kind.FOLDER,
    "Store the run in this folder instead of .replay/last.",
    short="-o",
    repeated=False,
)
VERBOSE = Option(
    "verbose",
    Kind.FLAG,
    "Show the handshake, closing, octets, frames and log of each case.",
    short="-v",
    in_config=False,
    repeated=False,
)
QUIET = Option(
    "quiet", Kind.FLAG, "Show only failures and the summary.", short="-q", in_config=False, repeated=False
)
CONFIG = Option(
    "config",
    Kind.FILE,
    "Read defaults for these options from this file instead of replay.yaml or [tool.replay] in "
    "pyproject.toml; a .json file is read as one of Autobahn|Testsuite.",
    in_config=False,
    repeated=False,  # the command names the config whenever there is one
)

RUN = (
    CASES,
    KEYWORD,
    SUITE,
    *RECORDING,
    *SERVER,
    Option(
        "agent",
        Kind.TEXT,
        "Use this name for the server in reports, or test only the server of this name if the config lists "
        "several.",
        "",
        metavar="NAME",
    ),
    *SENT,
    Option(
        "jobs",
        JOBS,
        "Play at most this many cases at once; by default replay chooses, and plays logs and the specs of "
        "an application one at a time.",
        short="-j",
        repeated=False,
    ),
    PROFILE,
    Option(
        "patience",
        Choice(("auto", "full")),
        "Shorten pauses, not the time for an answer, if the server is fast (auto), or keep their full "
        "length (full).",
        "auto",
    ),
    Option(
        "canary",
        Choice(("auto", "never")),
        "Check that the server echoes before playing cases that rely on it (auto), or skip this check "
        "(never).",
        "auto",
    ),
    THOROUGH,
    LIMIT,
    Option(
        "seed",
        SEED,
        "Derive the masking keys and handshake nonces from this number instead of a random one.",
        repeated=False,  # the command names the seed of the run instead
    ),
    TIMEOUT,
    Option(
        "exitfirst",
        Kind.FLAG,
        "Stop after the first failure.",
        short="-x",
        in_config=False,
        repeated=False,
    ),
    Option("max-failures", Whole(1, 10**9), "Stop after this many failures.", repeated=False),
    STRICT,
    EXPECTED,
    Option(
        "update-expected",
        Kind.FLAG,
        "Write the failures of this run into the file of expected verdicts.",
        in_config=False,
        repeated=False,
    ),
    Option(
        "update-specs",
        Kind.FLAG,
        "Change the specs of the cases that fail so that they expect what the server does now.",
        in_config=False,
        repeated=False,
    ),
    Option(
        "ask",
        Kind.FLAG,
        "With --update-specs, ask about each change.",
        in_config=False,
        repeated=False,
    ),
    REPORT,
    JSON,
    OUT,
    Option(
        "open",
        Kind.FLAG,
        "Show the results as a page in a browser when the run has ended.",
        in_config=False,
        repeated=False,
    ),
    VERBOSE,
    QUIET,
)
SERVE = (
    *(
        CASES,
        KEYWORD,
        SUITE,
        *RECORDING,
        *CLIENTS,
        *SENT,
        PROFILE,
        THOROUGH,
        LIMIT,
        TIMEOUT,
        STRICT,
        EXPECTED,
        REPORT,
        JSON,
    ),
    OUT._replace(help="Store the run of each client in a folder of this one instead of .replay/clients."),
    *(VERBOSE, QUIET),
)

COMMANDS = {
    "run": {option.name: option for option in RUN},
    "serve": {option.name: option for option in SERVE},
}
"""The options of the commands that read a config, by name."""
