"""The suite in Chromium, by the page's button: `python -m tests.chromium` writes bench/chromium.json."""

from __future__ import annotations

import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser import CHROMIUM
from tests.clients import Served, serving
from tests.live.verdicts import Verdict, stored
from tests.processes import ROOT

KEPT = ROOT / "bench" / "chromium.json"


def opened(page: Page, server: Served) -> None:
    """Go to the page of a server; the first look at it has been answered."""
    page.goto(f"http://127.0.0.1:{server.port}/")
    expect(page.locator("#link")).to_have_text("live")


def played(browser: Browser, folder: Path, *cases: str) -> dict[str, Verdict]:
    """The verdicts on a browser that runs these cases; none: all.

    Half of what it costs is that Playwright is told of every frame.
    """
    with serving(folder, *cases) as server:
        page = browser.new_page()
        opened(page, server)
        page.fill("#agent", "browser")
        page.click("#start")
        expect(page.locator("#said")).to_contain_text("done: ", timeout=900_000)
        page.close()
        ended = server.interrupted()
    assert ended.stderr == ""
    return stored(folder / "browser")


def main() -> None:
    with TemporaryDirectory() as folder, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        found = {"browser": f"Chromium {browser.version}", "cases": played(browser, Path(folder))}
        browser.close()
    text = json.dumps(found, indent=1)
    KEPT.write_text(re.sub(r'\[\s+("[^"]*"),\s+("[^"]*")\s+\]', r"[\1, \2]", text) + "\n")


if __name__ == "__main__":
    main()
