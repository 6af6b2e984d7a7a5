"""The engines of the record, as data: where each is found, in which releases, and how it is started."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Registry = Literal["PyPI", "npm", "Debian"]
Role = Literal["server", "client"]

ROOT = Path(__file__).parent.parent
FOLDERS = {
    "peers": ROOT / "record" / "peers",
    "drivers": ROOT / "docs" / "drivers",
    "servers": ROOT / "tests" / "live" / "servers",
}
"""What stands for the folders of programs in a command."""

PYTHON = "{python} {peers}/visit.py {agent} {url}"
NODE = "node {peers}/visit.js {agent} {url}"
VISITS = (PYTHON, NODE)
"""How a client is run for each case by one process, which costs much less than one for each."""


@dataclass(frozen=True, slots=True)
class Engine:
    """An implementation of WebSocket.

    In its commands, {port}, {url}, {agent}, {python}, {built} (the folder that `build` fills) and the names
    in FOLDERS are filled in.
    """

    name: str
    language: str
    registry: Registry
    package: str  # the one that has the releases
    releases: tuple[str, ...] = ()  # the current one first; Debian has one, whatever it is
    server: str | None = None
    client: str | None = None  # started for each case, unless it begins with one of VISITS
    beside: tuple[str, ...] = ()  # other packages that it needs
    build: tuple[str, ...] = ()

    @property
    def roles(self) -> tuple[Role, ...]:
        found: tuple[tuple[Role, str | None], ...] = ("server", self.server), ("client", self.client)
        return tuple(role for role, command in found if command)

    @property
    def slug(self) -> str:
        """Its name in paths."""
        return self.name.replace("/", "-").replace(" ", "-").translate({40: None, 41: None})

    def command(self, role: Role) -> str:
        """Raises ValueError."""
        command = self.server if role == "server" else self.client
        if command is None:
            raise ValueError(f"{self.name} has no {role}")
        return command


def _go(*programs: str) -> tuple[str, ...]:
    env = "env GO111MODULE=off GOPATH=/usr/share/gocode"
    roles = ("server", "client")[: len(programs)]
    return tuple(
        f"{env} go build -o {{built}}/{role} {program}"
        for role, program in zip(roles, programs, strict=True)
    )


def _java(program: str, *jars: str) -> tuple[str, ...]:
    """Only these jars: others beside them belong to other releases."""
    paths = " ".join(f"/usr/share/java/{jar}" for jar in jars)
    compiled = f"javac -cp '{{built}}/*' -d {{built}} {{peers}}/{program}.java"
    return f'sh -c "ln -s {paths} {{built}}"', compiled


_ASGI = "asgi_echo:app --app-dir {peers}"

_ENGINES = (
    Engine(
        "websockets", "Python", "PyPI", "websockets",
        ("17.4", "16.1", "16.0", "13.1", "12.0", "10.4", "10.0"),
        "{python} {peers}/websockets_echo.py {port}", f"{PYTHON} {{peers}}/websockets_client.py",
    ),
    Engine(
        "aiohttp", "Python", "PyPI", "aiohttp",
        ("3.14.5", "3.14.2", "3.14.1", "3.13.3", "3.13.2", "3.9.5", "3.8.6"),
        "{python} {servers}/aiohttp_echo.py {port}", f"{PYTHON} {{drivers}}/aiohttp_echo.py",
    ),
    Engine(
        "tornado", "Python", "PyPI", "tornado", ("6.6.1", "6.6", "6.5.10", "6.4.2", "6.2"),
        "{python} {servers}/tornado_echo.py {port}", f"{PYTHON} {{drivers}}/tornado_echo.py",
    ),
    Engine(
        "picows", "Cython", "PyPI", "picows", ("2.3.1", "1.9.0"),
        "{python} {servers}/picows_echo.py {port}", f"{PYTHON} {{servers}}/picows_echo.py",
    ),
    Engine(
        "wsproto", "Python", "PyPI", "wsproto", ("1.3.2", "1.2.0", "1.0.0"),
        f"{{python}} -m uvicorn --ws wsproto --log-level critical --port {{port}} {_ASGI}",
        beside=("uvicorn==0.54.0",),
    ),
    Engine(
        "simple-websocket", "Python", "PyPI", "simple-websocket", ("1.1.0", "0.10.1"),
        client=f"{PYTHON} {{peers}}/simple_websocket_client.py", beside=("wsproto==1.3.2",),
    ),
    Engine(
        "hypercorn", "Python", "PyPI", "hypercorn", ("0.18.0", "0.14.4"),
        "{python} -m hypercorn --log-level critical -b 127.0.0.1:{port} {peers}/asgi_echo.py:app",
    ),
    Engine(
        "autobahn", "Python", "PyPI", "autobahn", ("26.10.2", "23.6.2"),
        "{python} {peers}/autobahn_echo.py {port}", f"{PYTHON} {{peers}}/autobahn_client.py",
    ),
    Engine(
        "tungstenite", "Rust", "PyPI", "granian", ("2.8.9", "2.2.6", "1.7.6"),
        "{python} -m granian --interface asgi --no-log --host 127.0.0.1 --port {port} --working-dir {peers}"
        " asgi_echo:app",
    ),
    Engine(
        "uWebSockets", "C++", "PyPI", "socketify", ("0.0.31", "0.0.28"),
        "{python} {peers}/socketify_echo.py {port}",
    ),
    Engine(
        "ws4py", "Python", "PyPI", "ws4py", ("0.6.0", "0.5.1"),
        "{python} {peers}/ws4py_echo.py {port}",
    ),
    Engine(
        "gevent-websocket", "Python", "PyPI", "gevent-websocket", ("0.10.1",),
        "{python} {peers}/gevent_echo.py {port}",
    ),
    Engine(
        "eventlet", "Python", "PyPI", "eventlet", ("0.41.3", "0.36.1"),
        "{python} {peers}/eventlet_echo.py {port}",
    ),
    Engine(
        "websocket-client", "Python", "PyPI", "websocket-client", ("1.9.2", "1.2.3", "0.59.0"),
        client=f"{PYTHON} {{drivers}}/websocket_client_echo.py",
    ),
    Engine(
        "libcurl", "C", "PyPI", "curl-cffi", ("0.17.0", "0.13.0"),
        client=f"{PYTHON} {{peers}}/curl_client.py",
    ),
    Engine(
        "ws", "JavaScript", "npm", "ws", ("8.23.0", "8.17.0", "7.4.6", "7.4.5", "3.3.1", "3.3.0"),
        "node {peers}/ws_echo.js {port}", f"{NODE} {{peers}}/ws_client.js",
    ),
    Engine(
        "websocket", "JavaScript", "npm", "websocket", ("1.0.35", "1.0.28"),
        "node {peers}/websocket_node_echo.js {port}", f"{NODE} {{peers}}/websocket_node_client.js",
    ),
    Engine(
        "faye-websocket", "JavaScript", "npm", "faye-websocket", ("0.11.4", "0.10.0"),
        "node {peers}/faye_echo.js {port}", f"{NODE} {{drivers}}/faye_echo.js",
    ),
    Engine(
        "undici", "JavaScript", "npm", "undici", ("7.30.2", "7.24.0", "7.23.0", "5.29.0"),
        client=f"{NODE} {{drivers}}/standard_echo.js",
    ),
    Engine(
        "Bun", "C++", "npm", "bun", ("1.4.5", "1.2.0"),
        "bun {peers}/bun_echo.js {port}", "bun {drivers}/standard_echo.js {url}",
    ),
    Engine(
        "Deno", "Rust", "npm", "deno", ("2.9.6", "2.2.13"),
        "deno run --allow-net {peers}/deno_echo.js {port}",
        "deno run --allow-net --allow-env {drivers}/standard_echo.js {url}",
    ),
    Engine(
        "libwebsockets", "C", "Debian", "libwebsockets-dev", (),
        "{built}/server {port}", "{built}/client {url}",
        build=(
            "gcc -O2 -o {built}/server {servers}/lws_echo.c -lwebsockets",
            "gcc -O2 -o {built}/client {drivers}/lws_echo.c -lwebsockets",
        ),
    ),
    Engine(
        "Boost.Beast", "C++", "Debian", "libboost-dev", (),
        "{built}/server {port}",
        build=("g++ -std=c++17 -O1 -o {built}/server {peers}/beast_echo.cpp -lpthread",),
    ),
    Engine(
        "websocketpp", "C++", "Debian", "libwebsocketpp-dev", (),
        "{built}/server {port}", beside=("libboost-system-dev", "zlib1g-dev"),
        build=("g++ -std=c++11 -o {built}/server {peers}/websocketpp_echo.cpp -lboost_system -lz",),
    ),
    Engine(
        "POCO", "C++", "Debian", "libpoco-dev", (),
        "{built}/server {port}",
        build=("g++ -O1 -o {built}/server {peers}/poco_echo.cpp -lPocoNet -lPocoFoundation -lpthread",),
    ),
    Engine(
        "libsoup", "C", "Debian", "libsoup-3.0-dev", (),
        "{built}/server {port}",
        build=(
            "sh -c 'cc -o {built}/server {peers}/soup_echo.c `pkg-config --cflags --libs libsoup-3.0`'",
        ),
    ),
    Engine(
        "gorilla/websocket", "Go", "Debian", "golang-github-gorilla-websocket-dev", (),
        "{built}/server {port}", "{built}/client {url}",
        build=_go("{peers}/gorilla_echo.go", "{drivers}/gorilla_echo.go"),
    ),
    Engine(
        "coder/websocket", "Go", "Debian", "golang-nhooyr-websocket-dev", (),
        "{built}/server {port}", "{built}/client {url}",
        build=_go("{peers}/coder_echo.go", "{drivers}/coder_echo.go"),
    ),
    Engine(
        "x/net/websocket", "Go", "Debian", "golang-golang-x-net-dev", (),
        "{built}/server {port}",
        build=_go("{peers}/xnet_echo.go"),
    ),
    Engine(
        "Jetty", "Java", "Debian", "libjetty9-java", (),
        "java -cp '{built}:{built}/*' JettyEcho {port}",
        beside=("libjetty9-extra-java", "libservlet-api-java"),
        build=_java("JettyEcho", "jetty9-*.jar", "servlet-api.jar"),
    ),
    Engine(
        "Tomcat", "Java", "Debian", "libtomcat10-java", (),
        "java -cp '{built}:{built}/*' TomcatEcho {port} {built}",
        build=_java("TomcatEcho", "tomcat10-*.jar"),
    ),
    Engine(
        "Netty", "Java", "Debian", "libnetty-java", (),
        "java -cp '{built}:{built}/*' NettyEcho {port}",
        build=_java("NettyEcho", "netty-*.jar"),
    ),
    Engine(
        "java.net.http", "Java", "Debian", "openjdk-17-jdk-headless", (),
        client="java -Xshare:auto -XX:TieredStopAtLevel=1 -cp {built} JavaEcho {url}",
        build=("javac -d {built} {drivers}/JavaEcho.java",),
    ),
    Engine(
        "Mojolicious", "Perl", "Debian", "libmojolicious-perl", (),
        "perl {peers}/mojo_echo.pl daemon -l http://127.0.0.1:{port}", "perl {drivers}/mojo_echo.pl {url}",
    ),
    Engine(
        "em-websocket", "Ruby", "Debian", "ruby-em-websocket", (),
        "ruby {peers}/em_echo.rb {port}",
    ),
    Engine(
        "faye-websocket (Ruby)", "Ruby", "Debian", "ruby-faye-websocket", (),
        "puma -q -e production -b tcp://127.0.0.1:{port} {peers}/faye_echo.ru",
        "ruby {drivers}/faye_echo.rb {url}", beside=("puma",),
    ),
)  # fmt: skip

ENGINES = {engine.name: engine for engine in _ENGINES}
