"""The HTML report as text: what is in the file, whatever others have said."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Callable
from html import escape
from html.parser import HTMLParser
from typing import Any

import pytest
from msgspec.structs import replace

from replay.report import causes
from replay.report.html import connection, model
from replay.report.html.page import SHORT, page, served, state
from replay.suite.files import known
from replay.verdict.result import RunResult
from tests.report import samples

MARKUP = "</script><script>alert(1)</script><!--<b>"


class Elements(HTMLParser):
    """The elements of a page, and the texts of those that are raw."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[int, str] = {}
        self._raw = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._raw = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._raw = False

    def handle_data(self, data: str) -> None:
        if self._raw:
            at = len(self.tags) - 1
            self.texts[at] = self.texts.get(at, "") + data

    def of(self, tag: str) -> list[tuple[dict[str, str | None], str]]:
        return [
            (attrs, self.texts.get(at, "")) for at, (name, attrs) in enumerate(self.tags) if name == tag
        ]


def everything() -> RunResult:
    return replace(samples.run(), results=tuple(sample() for sample in samples.SAMPLES))


def details(text: str) -> dict[str, Any]:
    """What the page holds of each case, by 'column-row'."""
    found = re.findall(r'<script type="text/plain" id="case-([\d-]+)">([^<]*)</script>', text)
    return {key: json.loads(zlib.decompress(base64.b64decode(chunk), -15)) for key, chunk in found}


@pytest.mark.parametrize("made", [page, served])
def test_nothing_that_others_said_is_markup(made: Callable[[list[model.Column]], str]) -> None:
    def drawn(said: str) -> Elements:
        result = samples.hostile()
        case = replace(result.case, id=f"1.{said}", title=said)
        run = replace(everything(), agent=said, address=said, unreached=said)
        return Elements(made([model.column(replace(run, results=(replace(result, case=case),)))]))

    hostile, harmless = drawn(MARKUP), drawn("harmless")
    assert [tag for tag, _ in hostile.tags] == [tag for tag, _ in harmless.tags]
    assert [*map(len, (attrs for _, attrs in hostile.tags))] == [
        *map(len, (attrs for _, attrs in harmless.tags))
    ]


def test_its_policy_lets_in_its_own_style_and_script_only() -> None:
    text = page([model.column(samples.run())])
    found = Elements(text)
    policy = next(
        attrs["content"]
        for attrs, _ in found.of("meta")
        if attrs.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "connect-src" not in policy
    for kind, inside in (("style", found.of("style")[0][1]), ("script", found.of("script")[1][1])):
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    for tag, attrs in found.tags:
        assert not any(name.startswith("on") or name == "style" for name in attrs), tag
        links = [attrs.get(name) or "#" for name in ("src", "href") if name in attrs]
        assert all(link.startswith(("#", "data:image/svg+xml,")) for link in links)


def test_the_table_stands_without_its_script() -> None:
    run = samples.run()
    found = Elements(page([model.column(run)]))
    cells = [str(attrs["class"]).split()[0] for attrs, _ in found.of("a") if "class" in attrs]
    assert sorted(cells) == sorted(SHORT[result.word][0] for result in run.results)


@pytest.mark.parametrize("sample", samples.SAMPLES, ids=lambda sample: sample.__name__)
def test_a_case_is_told_as_on_a_terminal(sample: Any) -> None:
    result = sample()
    said = model.in_full(result, 2**16)
    assert json.loads(json.dumps(said)) == said
    octets = [piece for entry in said["log"]["entries"] if isinstance(entry[3], list) for piece in entry[3]]
    assert all(piece[0] in ("head", "frame", "data", "raw", "more") for piece in octets)
    assert len(said["breaches"]["rows"]) + said["breaches"]["more"] == len(result.broken)
    if result.divergence is not None:
        (apart,) = [row for row in said["events"]["rows"] if row[3]]
        assert apart[0] == result.divergence.at + 1


def test_failures_are_told_by_their_causes_above_the_table() -> None:
    cases = ((samples.wrong_code, "1.1.3"), (samples.short, "1.2.3"), (samples.wrong_code, "1.2.1"))
    bad = [replace(sample(), case=known()[id]) for sample, id in cases]
    quiet = [replace(samples.short(), case=known()["1.2.8"], flaky=True)]
    green = replace(samples.run(), results=(samples.good(), *quiet))
    red = model.column(replace(samples.run(), results=(*bad, *quiet)))
    told = state([red, model.column(green)])
    ids = [id for id, _ in told["cases"]]
    found = [
        (each["words"], ids[each["example"]], [ids[other] for other in each["others"]])
        for each in told["columns"][0]["causes"]
    ]
    assert found == [
        (
            f"The server closes the connection with 1002 (protocol error), {causes.LEGAL}.",
            "1.2.1",
            ["1.1.3"],
        ),
        ("The server sends something else than was expected: a message cut short.", "1.2.3", []),
    ]
    assert told["columns"][1]["causes"] == []
    assert told["columns"][0]["counts"].endswith(" · 1 flaky")
    for made in (page, served):
        text = made([red]).partition('<table id="matrix"')[0]
        assert all(escape(words) in text for words, _, _ in found)
        assert text.count('<a href="#') == 3
    sections = [attrs for attrs, _ in Elements(page([model.column(green)])).of("details")]
    assert [attrs for attrs in sections if attrs["class"] == "causes" and "hidden" not in attrs] == []


def test_the_octet_at_fault_is_named() -> None:
    said = model.in_full(samples.flipped(), 2**16)
    head = len(samples.response())
    assert said["apart"] == ["server", head + 4 + 124]
    shown = "\n".join("".join(piece[0] for piece in line) for line in said["octets"][0])
    assert "offset 128 of 130" in shown


def test_a_log_that_is_too_long_is_shown_at_both_ends() -> None:
    said = model.in_full(samples.large(), 2**14)["log"]
    numbers = [entry and entry[0] for entry in said["entries"]]
    assert numbers.count(None) == 1
    assert numbers[0] == 0
    assert said["left"] > 200
    assert len(json.dumps(said)) < 2**17
    assert said["entries"][-1][3].startswith("TCP DROPPED")


@pytest.mark.parametrize(
    ("costs", "room", "shown"),
    [
        ([], 10, (0, 0)),
        ([5, 5], 10, (2, 0)),
        ([5, 5, 5], 10, (1, 1)),
        ([50, 5, 5], 10, (1, 1)),
        ([99, 99], 9, (1, 1)),
    ],
)
def test_ends(costs: list[int], room: int, shown: tuple[int, int]) -> None:
    assert connection.ends(costs, room) == shown


def test_a_page_keeps_its_bound_and_shows_what_fails_first() -> None:
    column = model.column(everything())
    whole = page([column])
    bound = len(page([column], most=0).encode()) + 24_000
    small = page([column], most=bound)
    assert len(small.encode()) <= bound < len(whole.encode())
    fails = {f"0-{row}" for row, cell in enumerate(state([column])["cells"]) if cell[0]["rank"] == 2}
    assert fails & details(small).keys()
    assert details(whole).keys() > details(small).keys()


def test_worse_and_better_are_told_by_the_first_run() -> None:
    before = replace(samples.run(), results=(samples.good(),))
    now = replace(samples.run(), results=(samples.flipped(),))
    text = page([model.column(before), model.column(now)])
    assert "▼ 1 worse" in text
    assert "▲ 1 better" in page([model.column(now), model.column(before)])


def test_two_runs_of_one_name_are_told_apart() -> None:
    column = model.column(samples.run())
    assert [each["name"] for each in state([column, column])["columns"]] == ["echo/1.0", "echo/1.0 (2)"]
