"""The ready drivers of docs/drivers, as far as their libraries are here: bench/clients.py has them all."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.test_servers import node_modules
from tests.live.verdicts import stored
from tests.processes import ROOT, replay

DRIVERS = ROOT / "docs" / "drivers"
CASES = ("1.1.1", "1.2.3", "2.1", "5.3", "7.1.1")


def command(name: str, folder: Path) -> str:
    driver = DRIVERS / name
    if driver.suffix == ".py":
        return f"exec {sys.executable} {driver} {{url}}"
    if driver.suffix == ".js":
        return f"NODE_PATH={shlex.quote(str(node_modules()))} exec node {driver} {{url}}"
    if shutil.which("gcc") is None or not Path("/usr/include/libwebsockets.h").exists():
        pytest.skip("gcc and libwebsockets-dev are not installed")
    subprocess.run(["gcc", "-Wall", "-Werror", "-o", folder / "client", driver, "-lwebsockets"], check=True)
    return f"exec {folder / 'client'} {{url}}"


@pytest.mark.live
@pytest.mark.parametrize(
    "name",
    [
        *("websockets_echo.py", "aiohttp_echo.py", "tornado_echo.py", "ws_echo.js", "lws_echo.c"),
        *("websockets_driver.py", "ws_driver.js"),
    ],
)
def test_a_ready_driver_works(name: str, tmp_path: Path) -> None:
    start = ("--exec" if "driver" in name else "--each", command(name, tmp_path))
    done = replay("serve", "--port", "0", "--out", tmp_path / "out", *start, *CASES)
    assert done.returncode == 0, done.stdout + done.stderr
    (of_agent,) = (tmp_path / "out").iterdir()
    assert stored(of_agent) == dict.fromkeys(CASES, ("OK", "OK"))


def test_each_driver_is_linked() -> None:
    page = (ROOT / "docs" / "clients.md").read_text()
    assert [file.name for file in DRIVERS.iterdir() if f"(drivers/{file.name})" not in page] == []
