"""Makes docs/pictures/ from real runs: a failure as a terminal shows it, and the HTML report.

    make pictures          needs Chromium

A server that sends one wrong octet is run with 1.2.3; then three servers are run with the suite without
its large cases, and put side by side.
"""

from __future__ import annotations

import base64
import io
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from rich.console import Console

from replay.campaign import columns as run_columns
from replay.campaign.rejudged import rejudge
from replay.report import terminal
from replay.report.html.page import page
from replay.store import reader
from tests.browser import CHROMIUM
from tests.processes import ROOT, listening

PICTURES = ROOT / "docs" / "pictures"
MOST = 300_000
"""Octets of all pictures together."""

SERVERS = ("aiohttp_echo.py", "tornado_echo.py", "sloppy_echo.py emptyclose")
SMALL = ("specs", "!9.*", "!12.*", "!13.*")
CASE = "6.4.3"


def run(folder: Path, server: list[str], *words: str) -> None:
    """Store a run against a server that is started for it; that it fails is why it is run."""
    with listening(sys.executable, *server) as port:
        command = [sys.executable, "-m", "replay", "run", "-q", "--seed", "1", "--out", str(folder)]
        url = f"ws://127.0.0.1:{port}"
        done = subprocess.run([*command, "--url", url, *words], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode in (0, 1), done.stderr.decode()


def failure(folder: Path) -> str:
    """What `replay run` shows of the one case that failed, as SVG without a font from elsewhere."""
    run(
        folder,
        [str(ROOT / "tests" / "peers" / "faulty.py"), "--fault", "flips-one-octet"],
        "specs",
        "1.2.3",
    )
    (one,) = rejudge(reader.load(folder))
    assert one.result is not None
    assert one.result.failed
    console = Console(record=True, width=92, file=io.StringIO(), force_terminal=True, legacy_windows=False)
    console.print(terminal.line(one.result, 92))
    console.print()
    console.print(terminal.failure(one.result, "replay run --url ws://127.0.0.1:9001 1.2.3"))
    drawn = console.export_svg(title="replay run --url ws://127.0.0.1:9001")
    return re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)


def report(folder: Path) -> str:
    """The page of the three servers; its address."""
    for name in SERVERS:
        program, *word = name.split()
        run(folder / program, [str(ROOT / "tests" / "live" / "servers" / program), *word], *SMALL)
    file = folder / "report.html"
    file.write_text(
        page(
            run_columns.columns([folder / name.split()[0] for name in SERVERS], lambda path, _: str(path))
        ),
        encoding="utf-8",
    )
    return file.as_uri()


def photograph(browser: Browser, address: str, theme: str, case: str) -> bytes:
    """The page in a theme, as WebP; with a case open, or with those in which the servers differ."""
    context = browser.new_context(viewport={"width": 1160, "height": 700}, device_scale_factor=1.25)
    context.new_page().emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # a Literal
    (tab,) = context.pages
    tab.goto(address)
    if case:
        tab.locator("tr[id]", has_text=case).first.locator("a").last.click()
        tab.locator("#panel .log").wait_for()
    else:
        tab.locator("[data-verdict=differ]").click()
        tab.mouse.move(0, 0)
        tab.evaluate("document.activeElement.blur()")
    tab.wait_for_timeout(400)
    png = base64.b64encode(tab.screenshot()).decode()
    tab.goto("about:blank")
    made = tab.evaluate(
        """async (png) => {
          const image = new Image();
          image.src = "data:image/png;base64," + png;
          await image.decode();
          const size = { width: image.width, height: image.height };
          const canvas = Object.assign(document.createElement("canvas"), size);
          canvas.getContext("2d").drawImage(image, 0, 0);
          return canvas.toDataURL("image/webp", 0.4);
        }""",
        png,
    )
    context.close()
    return base64.b64decode(made.partition(",")[2])


def main() -> None:
    made: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as name, sync_playwright() as driver:
        made["terminal.svg"] = failure(Path(name, "one")).encode()
        address = report(Path(name))
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for theme in ("light", "dark"):
            made[f"report-{theme}.webp"] = photograph(browser, address, theme, "")
            made[f"case-{theme}.webp"] = photograph(browser, address, theme, CASE)
        browser.close()
    assert sum(map(len, made.values())) <= MOST, {name: len(octets) for name, octets in made.items()}
    PICTURES.mkdir(exist_ok=True)
    for name, octets in made.items():
        (PICTURES / name).write_bytes(octets)
        print(f"docs/pictures/{name}  {len(octets):,} octets")


if __name__ == "__main__":
    main()
