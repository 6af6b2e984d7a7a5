"""The HTML report in a real browser: what a person does with it, and what a hostile peer may try."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from replay.report.html import model
from replay.report.html.page import page
from replay.verdict.result import RunResult
from tests import journals
from tests.browser import browser, tab
from tests.processes import ROOT, replay
from tests.report import samples

__all__ = ["browser", "tab"]

pytestmark = pytest.mark.live


def run(agent: str = "echo/1.0", *results: Any) -> RunResult:
    made = [sample() for sample in samples.SAMPLES]
    made = [replace(each, case=replace(each.case, id=f"{n}.{n}")) for n, each in enumerate(made, 1)]
    return replace(samples.run(), agent=agent, results=tuple(results or made))


def written(folder: Path, *runs: RunResult) -> str:
    path = folder / "report.html"
    path.write_text(page([model.column(each) for each in runs]), encoding="utf-8")
    return path.as_uri()


def at(tab: Any) -> str:
    return str(tab.evaluate("decodeURIComponent(location.hash)"))


def shown(tab: Any) -> list[str]:
    return [str(each) for each in tab.locator("tr[id]:visible th b").all_text_contents()]


def test_a_peer_that_sends_markup_is_shown_as_text(tab: Any, tmp_path: Path) -> None:
    evil = samples.hostile()
    tab.goto(written(tmp_path, run("<img src=x onerror=alert(1)>", evil)) + "#" + "x/y")
    tab.locator("#matrix a").first.click()
    tab.locator(".log").wait_for()
    for mode in ("Text", "Hex", "As sent"):
        tab.get_by_role("button", name=mode, exact=True).click()
        assert tab.locator("#panel script, #panel img, body > img").count() == 0
    tab.get_by_role("button", name="Text", exact=True).click()
    said = tab.locator(".log").inner_text()
    assert "<script>" in said
    assert "\u202e" not in said
    assert "\x1b" not in said
    assert "<img src=x" in tab.locator(".card h2").inner_text()


def test_a_person_finds_the_case_that_got_worse(tab: Any, tmp_path: Path) -> None:
    before, now = run("old"), run("new")
    fixed = [samples.good() if each.case.id == "6.6" else each for each in before.results]
    fixed = [replace(each, case=old.case) for each, old in zip(fixed, before.results, strict=True)]
    tab.goto(written(tmp_path, replace(before, results=tuple(fixed)), now))
    tab.get_by_role("button", name=re.compile("Worse")).click()
    assert shown(tab) == ["6.6"]
    assert tab.locator("td.worse").count() == 1
    tab.locator("td.worse a").click()
    panel = tab.locator("#panel")
    panel.locator(".log").wait_for()
    assert at(tab) == "#new/6.6"
    assert "differs at offset 124 of 126: expected fe, observed fd" in panel.inner_text()
    panel.get_by_role("button", name="Hex").click()
    assert panel.locator("mark").all_inner_texts() == ["fd"]
    panel.locator(".runs a").first.click()
    panel.locator(".run[aria-current]", has_text="old").wait_for()
    assert at(tab) == "#old/6.6"


def test_search_filters_and_sections(tab: Any, tmp_path: Path) -> None:
    tab.goto(written(tmp_path, run()))
    everything = shown(tab)
    tab.keyboard.press("/")
    tab.keyboard.type("compressed verse")
    assert shown(tab) == ["2.2"]
    tab.keyboard.press("Escape")
    assert shown(tab) == everything
    tab.locator("#section").select_option("3")
    assert shown(tab) == ["3.3"]
    tab.locator("#section").select_option("")
    tab.locator(".chip.cl").click()
    closing = {each.case.id for each in run().results if each.closing.value not in ("OK", "INFORMATIONAL")}
    assert set(shown(tab)) == closing
    tab.locator("#search").fill("no case has this")
    tab.get_by_role("button", name="Show all").click()
    assert shown(tab) == everything


def test_keys_alone_do(tab: Any, tmp_path: Path) -> None:
    tab.goto(written(tmp_path, run("one"), run("two")))
    for key in ("Tab", "/", "ArrowDown", "ArrowDown", "ArrowRight", "Enter"):
        tab.keyboard.press(key)
    tab.locator("#panel .log").wait_for()
    assert at(tab) == "#two/2.2"
    tab.keyboard.press("ArrowDown")
    assert at(tab) == "#two/3.3"
    tab.keyboard.press("n")
    assert at(tab) == "#two/5.5"
    tab.keyboard.press("Escape")
    assert tab.locator("#panel").is_hidden()
    assert tab.evaluate("document.activeElement.getAttribute('href')") == "#two/5.5"
    tab.keyboard.press("?")
    assert tab.locator("#help").is_visible()


def test_a_permalink_opens_its_case(tab: Any, tmp_path: Path) -> None:
    tab.goto(written(tmp_path, run("a/b c")) + "#a%2Fb%20c/12.12")
    tab.locator("#panel .log").wait_for()
    assert "12.12" in tab.locator("#panel h2").inner_text()
    tab.locator("#panel .header").first.hover()
    assert "LENGTH" in tab.locator("#bits").inner_text()
    tab.locator("#panel .header").nth(1).focus()
    assert "octet" in tab.locator("#bits").inner_text().lower()


def test_the_theme_is_the_systems_or_the_one_chosen(tab: Any, tmp_path: Path) -> None:
    tab.emulate_media(color_scheme="dark")
    address = written(tmp_path, run())
    tab.goto(address)
    paper = "getComputedStyle(document.body).backgroundColor"
    dark = tab.evaluate(paper)
    tab.locator("#theme").click()
    light = tab.evaluate(paper)
    assert light != dark
    tab.goto(address)
    assert tab.evaluate(paper) == light
    tab.keyboard.press("t")
    assert tab.evaluate(paper) == dark


def test_without_script_the_table_is_there(browser: Any, tmp_path: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto(written(tmp_path, run()))
    assert plain.locator("#matrix a").count() == len(samples.SAMPLES)
    assert plain.locator(".tools").is_hidden()
    assert "Without JavaScript" in plain.inner_text("body")
    context.close()


def test_a_run_is_counted_as_on_the_terminal(tab: Any, tmp_path: Path) -> None:
    done = replay("run", "-q", "--out", tmp_path / "out", "1.1.*", "2.*", "6.4.*", cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    made = replay("report", tmp_path / "out", "-o", tmp_path / "report.html", cwd=ROOT)
    assert made.returncode == 0, made.stdout + made.stderr
    tab.goto((tmp_path / "report.html").as_uri() + "#the%20built-in%20echo%20server/6.4.3")
    counts = tab.locator(".counts").inner_text()
    assert counts in " ".join(done.stdout.split())
    assert tab.locator("#matrix a").count() == int(counts.split()[0])
    tab.locator("#panel .log").wait_for()
    assert tab.locator("#panel a.file").count() == 0  # it is in the journal alone
    assert tab.locator("#panel", has_text=f"replay show {tmp_path / 'out'} 6.4.3").count() == 1


def test_a_cause_leads_to_its_cases_and_they_to_each_other(tab: Any, tmp_path: Path) -> None:
    bad = [replace(samples.wrong_code(), case=replace(samples.case(), id=f"1.1.{n}")) for n in range(1, 20)]
    short = replace(samples.short(), case=replace(samples.case(), id="2.1"))
    tab.goto(written(tmp_path, run("crashy/1.0", *bad, samples.good(), short)))
    causes = tab.locator(".causes li")
    assert causes.count() == 2
    assert "The server closes the connection with 1002 (protocol error)" in causes.first.inner_text()
    assert "19 cases" in causes.first.inner_text()
    more = causes.first.locator("details")
    assert more.locator("a").first.is_hidden()
    more.locator("summary").click()
    more.locator("a", has_text="1.1.7").click()
    panel = tab.locator("#panel")
    panel.locator("h2", has_text="1.1.7").wait_for()
    panel.locator("section", has_text="Cause").locator("summary", has_text="18 more cases").click()
    panel.locator("section a", has_text="1.1.19").click()
    panel.locator("h2", has_text="1.1.19").wait_for()
    assert at(tab) == "#crashy/1.0/1.1.19"
    html = "document.querySelector('.causes ol').outerHTML.replace(/>\\s+/g, '>').replace(/\\s+</g, '<')"
    tab.reload()
    before = tab.evaluate(html)
    tab.evaluate("causes(0)")  # as it is drawn anew while a run goes on
    assert tab.evaluate(html) == before


@pytest.mark.parametrize("runs", [1, 3])
def test_nothing_is_wider_than_a_phone(tab: Any, tmp_path: Path, runs: int) -> None:
    tab.set_viewport_size({"width": 390, "height": 844})
    tab.goto(written(tmp_path, *(run("W" * 200 + str(number)) for number in range(runs))))
    width = "document.documentElement.scrollWidth"
    assert tab.evaluate(width) == 390
    for each in tab.locator(".causes > summary").all():
        if runs > 1:
            each.click()
    assert tab.locator(".causes li a:visible").count() >= runs
    assert tab.evaluate(width) == 390
    tab.locator(".legend summary").click()
    assert tab.locator(".legend dt").count() > 30
    assert tab.evaluate(width) == 390
    wider = """[...document.querySelectorAll("#panel, #panel *")]
        .filter((each) => each.clientWidth && each.scrollWidth > each.clientWidth + 1)
        .filter((each) => getComputedStyle(each).overflowX !== "hidden")
        .filter((each) => !getComputedStyle(each).display.startsWith("inline"))
        .map((each) => `${each.tagName}.${each.className}: ${each.scrollWidth} > ${each.clientWidth}`)"""
    for link in tab.locator("#matrix a").all()[: len(samples.SAMPLES)]:
        tab.evaluate(f"location.hash = {link.get_attribute('href')!r}")
        tab.locator("#panel .body:not([aria-busy])").wait_for()
        assert tab.evaluate(width) == 390
        assert tab.evaluate(wider) == []


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A page that is served, and the folder of the run that it shows."""
    folder = tmp_path / "out"
    assert replay("run", "-q", "--out", folder, "1.1.*", cwd=ROOT).returncode == 0
    command = [sys.executable, "-m", "replay", "report", "--serve", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[0], folder
        process.terminate()


def test_a_run_that_goes_on_is_seen_on_the_served_page(tab: Any, desk: tuple[str, Path]) -> None:
    address, folder = desk
    tab.goto(address + "#the%20built-in%20echo%20server/1.1.3")
    tab.locator("#panel .log").wait_for()
    text, (last, end) = (folder / "run.journal").read_bytes(), journals.records(folder)[-2:]
    assert (last.kind, end.kind) == ("case", "end")
    with (folder / "run.journal").open("ab") as file:
        file.truncate(last.at)
    tab.locator("#live", has_text="7 of 8").wait_for()
    assert tab.locator("#matrix td a").count() == 7
    assert tab.locator(".section td").inner_text() == "7"
    assert shown(tab)[-1] == "1.1.8"
    with (folder / "run.journal").open("ab") as file:
        file.write(text[last.at : end.at])
    tab.locator(".counts", has_text="8 cases: 8 OK").wait_for()
    assert tab.locator("#matrix td a").count() == 8
    assert tab.locator(".section td").inner_text() == "8"
