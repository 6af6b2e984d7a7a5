"""Real servers, as they come from their registries: the suite has to find them sound."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.processes import ROOT, listening, replay, verdicts

pytestmark = pytest.mark.live

SERVERS = Path(__file__).parent / "servers"
CACHE = ROOT / ".cache"
REPORT = ROOT / "tests" / "fixtures" / "autobahn-case-1.2.3-report.txt"

OK = ("OK", "OK")
NAMES = ("websockets", "aiohttp", "tornado", "ws", "libwebsockets")
LUCK = {"libwebsockets": {"2.10", "2.11"}}
"""Cases whose verdict hangs on timing: RFC 6455 §5.5.3 lets an endpoint answer only the last of
several Pings, and the cases ask for each Pong. All else is OK."""

IDS = [f"1.{kind}.{number}" for kind in (1, 2) for number in range(1, 9)]
IDS += [f"2.{number}" for number in range(1, 12)]

Server = tuple[str, str]
"""The name of a running server, and its URL."""


@pytest.fixture(scope="module", params=NAMES)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    name, env = str(request.param), {}
    match name:
        case "ws":
            command = ["node", str(SERVERS / "ws_echo.js")]
            env["NODE_PATH"] = str(node_modules())
        case "libwebsockets":
            command = [str(compiled(tmp_path_factory.mktemp("lws")))]
        case _:
            command = [sys.executable, str(SERVERS / f"{name}_echo.py")]
    with listening(*command, env=env) as port:
        yield name, f"ws://127.0.0.1:{port}"


def node_modules() -> Path:
    """A folder that holds the Node library ws; installed once, kept beside the checkout's other caches."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    kept = CACHE / "node"
    if not kept.exists():
        CACHE.mkdir(exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=CACHE))
        npm = ["npm", "install", "--no-save", "--silent", "--prefix", str(folder), "ws@8"]
        subprocess.run(npm, check=True, stdin=subprocess.DEVNULL)
        with suppress(OSError):  # another worker may have been first
            folder.rename(kept)
        shutil.rmtree(folder, ignore_errors=True)
    return kept / "node_modules"


def compiled(folder: Path) -> Path:
    """The C server."""
    if shutil.which("gcc") is None or not Path("/usr/include/libwebsockets.h").exists():
        pytest.skip("gcc or libwebsockets is not installed")
    program = folder / "lws_echo"
    gcc = ["gcc", "-Wall", "-Werror", "-o", str(program), str(SERVERS / "lws_echo.c"), "-lwebsockets"]
    subprocess.run(gcc, check=True)
    return program


def test_the_first_two_sections(server: Server) -> None:
    assert judged(server, "1.*", "2.*") == set(IDS)


def test_the_recorded_traces(server: Server) -> None:
    assert judged(server, "traces/01-framing", "traces/02-pings") == set(IDS)


ALONE = {"ws": ("12.*", "13.*"), "libwebsockets": ("12.*", "13.*", "!13.7.*")}
"""The cases of servers that no golden table is for. libwebsockets, built to decline the extension, ends TCP
at the three offers of 13.7: they are more than it reads of a header."""


def test_compression(server: Server) -> None:
    """Of those that tests/live/test_parity.py compares in full, a section."""
    name, url = server
    done = replay("run", "--url", url, *ALONE.get(name, ("12.1.*",)), seconds=300)
    assert done.returncode == 0, done.stdout + done.stderr
    found = verdicts(done.stdout)
    assert len(found) == {"ws": 216, "libwebsockets": 198}.get(name, 18)
    assert set(found.values()) == {("UNIMPLEMENTED", "OK") if name == "libwebsockets" else OK}


def judged(server: Server, *what: str) -> set[str]:
    """The cases of a run in which all was OK but what is luck."""
    name, url = server
    done = replay("run", "--url", url, *what)
    found = verdicts(done.stdout)
    differ = {case for case, verdict in found.items() if verdict != OK}
    assert differ <= LUCK.get(name, set()), done.stdout + done.stderr
    assert done.returncode == bool(differ), done.stdout + done.stderr
    return set(found)


@pytest.mark.parametrize("chop", ["1", "frame"])
def test_written_in_other_pieces(server: Server, chop: str) -> None:
    done = replay("run", "--url", server[1], "--chop", chop, "1.1.1", "1.1.5", "1.2.3", "2.4", "2.9")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_report_of_the_original_is_a_test(server: Server) -> None:
    done = replay("run", REPORT, "--url", server[1])
    assert done.returncode == 0, done.stdout + done.stderr
    assert verdicts(done.stdout) == {"1.2.3": OK}
