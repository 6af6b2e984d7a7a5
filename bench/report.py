"""Measures how soon the HTML report shows its table, and how smoothly it scrolls, in headless Chromium.

    python bench/report.py [DIR...] [--columns 8]

Without a DIR, the bundled suite is first run against the built-in server. The runs are repeated until there
are this many columns. Prints the time to make the file, and its size; then, as medians of five loads, when
the whole table was painted and when the page reacts to keys; and the longest frame while it is scrolled
from end to end. Needs playwright and chromium.
"""

from __future__ import annotations

import argparse
import itertools
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from replay.campaign.columns import columns
from replay.report.html.page import page

WATCH = """
new MutationObserver((_, watching) => {
  if (!document.querySelector("#data")) return;
  watching.disconnect();
  requestAnimationFrame(() => setTimeout(() => (window.painted = performance.now())));
}).observe(document, { childList: true, subtree: true });
new MutationObserver((_, watching) => {
  if (!document.querySelector("html.js")) return;
  watching.disconnect();
  window.ready = performance.now();
}).observe(document, { attributes: true, subtree: true });
"""

SCROLL = """
new Promise((done) => {
  const frames = [], end = document.body.scrollHeight - innerHeight;
  let at = 0, last = performance.now();
  const step = (now) => {
    frames.push(now - last);
    last = now;
    scrollTo(0, (at += end / 150));
    if (at < end) requestAnimationFrame(step);
    else done([Math.max(...frames.slice(1)), frames.filter((each) => each > 50).length]);
  };
  requestAnimationFrame(step);
})
"""


def loaded(browser: Browser, address: str) -> tuple[float, float, float, float]:
    """Milliseconds until the table is painted, until keys work, and of the longest frame; and the number of
    frames over 50 ms."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_init_script(WATCH)
    tab = context.new_page()
    tab.goto(address)
    tab.wait_for_function("window.painted && window.ready")
    painted, ready = tab.evaluate("[window.painted, window.ready]")
    longest, stalls = tab.evaluate(SCROLL)
    context.close()
    return painted, ready, longest, stalls


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--columns", type=int, default=8)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if not asked.folders:
            asked.folders = [Path(folder, "run")]
            command = [sys.executable, "-m", "replay", "run", "-q", "--out", str(asked.folders[0])]
            subprocess.run(command, check=True)
        found = columns(asked.folders, str)
        found = list(itertools.islice(itertools.cycle(found), asked.columns))
        began = time.perf_counter()
        file = Path(folder, "report.html")
        file.write_text(page(found), encoding="utf-8")
        took = time.perf_counter() - began
        cells = sum(len(column.told) for column in found)
        print(f"{cells} verdicts, {file.stat().st_size / 1e6:.1f} MB, made in {took:.1f} s")
        with sync_playwright() as driver:
            chromium = shutil.which("chromium")
            browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            rounds = [loaded(browser, file.as_uri()) for _ in range(5)]
            browser.close()
    painted, ready, longest, stalls = (statistics.median(column) for column in zip(*rounds, strict=True))
    print(f"table painted after {painted:.0f} ms, keys answer after {ready:.0f} ms")
    print(f"scrolled: longest frame {longest:.0f} ms, frames over 50 ms: {stalls:.0f}")


if __name__ == "__main__":
    main()
