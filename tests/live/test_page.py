"""The page at / of `replay serve` in Chromium: what it shows, and the suite that it runs there."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from replay.cases.cost import volume
from replay.suite.files import known
from tests.browser import browser, tab
from tests.chromium import KEPT, opened, played
from tests.clients import Served, serving
from tests.live.verdicts import told, unlike

pytestmark = pytest.mark.live

__all__ = ["browser", "tab"]

LIGHT = 128 * 2**10
"""Octets that a case sends, from which on it isn't played here, since that takes minutes in all."""

FEW = ("1.*", "2.1", "2.2", "2.3", "7.1.1")
"""None of these is a reason for Chromium to write to its console."""

HOSTILE = (
    "<script>document.title='x'</script>",
    '"><img src=x onerror="document.title=1">',
    "a\u202eb\x1b[31m",
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    """To be asked for before `tab`: a page whose server goes first says so on its console."""
    with serving(tmp_path, *FEW) as served:
        yield served


def visit(server: Served, agent: str) -> None:
    target = f"/runCase?case=1&agent={quote(agent, safe='')}"
    thread = threading.Thread(target=server.visit, args=(target,))
    thread.start()
    thread.join()


def test_the_verdicts_on_chromium_are_those_that_are_kept(browser: Browser, tmp_path: Path) -> None:
    kept = {case: (found[0], found[1]) for case, found in json.loads(KEPT.read_text())["cases"].items()}
    assert kept.keys() == known().keys()
    light = [id for id, case in known().items() if volume(case) < LIGHT]
    ours = played(browser, tmp_path, *light)
    assert ours.keys() == set(light)
    differ = [case for case in unlike(ours, kept) if case in ours]
    assert not differ, "\n".join(told(case, ours=ours, kept=kept) for case in differ)


def test_a_run_is_shown_as_it_goes(server: Served, tab: Page) -> None:
    opened(tab, server)
    expect(tab.locator("#nobody")).to_be_visible()
    assert tab.input_value("#agent").startswith("Chrome/")
    tab.focus("#agent")
    tab.keyboard.press("Enter")
    expect(tab.locator("#said")).to_contain_text("done: ", timeout=60_000)
    expect(tab.locator("#rows tr")).to_have_count(1)
    expect(tab.locator("#rows td:last-child")).to_have_text("done")
    expect(tab.locator("#start")).to_be_focused()
    tab.locator("#matrix .cell").first.focus()
    tab.keyboard.press("ArrowRight")
    expect(tab.locator("#case")).to_contain_text("1.1.2")
    tab.keyboard.press("End")
    tab.keyboard.press("ArrowUp")
    expect(tab.locator("#case b")).to_have_text("2.1")


def test_a_run_can_be_stopped_and_begun_again(browser: Browser, server: Served) -> None:
    page = browser.new_page()
    opened(page, server)
    page.click("#start")
    expect(page.locator("#said")).to_contain_text(" of ")
    page.click("#stop")
    expect(page.locator("#said")).to_contain_text("stopped after")
    page.click("#start")
    expect(page.locator("#said")).to_contain_text("done: ", timeout=60_000)
    page.close()


def test_what_others_say_is_text(server: Served, tab: Page) -> None:
    for name in HOSTILE:
        visit(server, name)
    opened(tab, server)
    names = tab.locator("#rows button")
    expect(names).to_have_text([name.strip() for name in HOSTILE])
    names.nth(1).click()
    expect(tab.locator("#name")).to_have_text(HOSTILE[1])
    assert tab.title() == "replay serve"
    assert tab.locator("#rows img, #rows script, #open img, #open script").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_is_wider_than_a_phone(server: Served, tab: Page, theme: str) -> None:
    visit(server, "W" * 120)
    tab.emulate_media(color_scheme="light" if theme == "light" else "dark")
    tab.set_viewport_size({"width": 320, "height": 640})
    opened(tab, server)
    expect(tab.locator("#rows tr")).to_have_count(1)
    assert tab.evaluate("document.documentElement.scrollWidth") == 320


def test_a_server_that_is_gone_is_told(browser: Browser, tmp_path: Path) -> None:
    with serving(tmp_path, "5.19", "5.20", "12.1.*") as server:
        page = browser.new_page()
        opened(page, server)
        page.click("#start")
        expect(page.locator("#rows tr")).to_have_count(1)
        server.process.send_signal(signal.SIGKILL)
        expect(page.locator("#link")).to_have_text("the server doesn't answer")
        expect(page.locator("#said")).to_have_text("the server doesn't answer any more")
        page.close()


def test_the_page_of_a_server_that_speaks_tls(browser: Browser, tmp_path: Path) -> None:
    with serving(tmp_path, "--tls", *FEW) as server:
        page = browser.new_page(ignore_https_errors=True)
        page.goto(f"https://127.0.0.1:{server.port}/")
        expect(page.locator("#address")).to_have_text(f"wss://127.0.0.1:{server.port}")
        page.click("#start")
        expect(page.locator("#said")).to_contain_text("done: ", timeout=60_000)
        expect(page.locator("#rows tr")).to_contain_text("none failed")
        page.close()
