"""The formats of reports: whatever stands in a result, each is well formed and counts the same."""

from __future__ import annotations

import html
import json
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any, TypeVar

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from msgspec.structs import replace

from replay import limits
from replay.campaign.explain import Explainer
from replay.cases.model import Behaviour
from replay.report import json_lines
from replay.report.causes import explained
from replay.report.formats import FORMATS
from replay.report.tally import CountedAs, count, line, tally
from replay.source import Source
from replay.verdict.cause import by_cause
from replay.verdict.result import (
    Cause,
    ClosingVerdict,
    Entry,
    Expectation,
    Judged,
    Misdeed,
    RunResult,
    Standing,
)
from tests.report import samples

T = TypeVar("T")

HOSTILE = [
    "",
    "\x00\x01\x08\x1b[31m\x7f\x85",
    "\ud800 alone \udfff",
    "]]>",
    "</failure><script>alert(1)</script>&amp;",
    "a\nb\r\nc\u2028d\x0be",
    "\n::error::injected\n  ::set-output name=x::y",
    "%0A::warning::x%25",
    "| a | b |\n|---|---|",
    "```\n# heading\n````",
    "# TODO not # SKIP\\# \\",
    "not ok 1\nBail out!\n1..0",
    "  ...\n---\n  ---",
    "[x](http://evil) <img src=x> @someone #12 :tada: https://evil.example",
    "a: b, c=d",
    "\ufffe\uffff\U0010ffff",
    "x" * 3000,
]

GOOD = samples.good()

RENDERERS = {name: row.render for name, row in FORMATS.items() if row.render is not None}
"""All but the page, which needs what is stored: tests/test_report.py has that."""


def _text(random: Random) -> str:
    """What hurts, or characters of any kind."""
    if random.random() < 0.5:
        return random.choice(HOSTILE)
    points = (random.choice((random.randrange(0x300), random.randrange(0x110000))) for _ in range(9))
    return "".join(map(chr, points))


def _result(random: Random, number: int) -> Judged:
    def text() -> str:
        return _text(random)

    def maybe(value: T) -> T | None:
        return value if random.random() < 0.6 else None

    case = replace(GOOD.case, id=f"{number}.{text()}"[:200], title=text(), section=text())
    entry = Entry("*", ("FAILED",), text(), Source(text(), "x").span(0), link=text())
    result = replace(
        GOOD,
        case=case,
        behaviour=random.choice([*Behaviour]),
        closing=random.choice([*ClosingVerdict, ClosingVerdict.OK, ClosingVerdict.OK, ClosingVerdict.OK]),
        closing_reason=text(),
        notes=tuple(text() for _ in range(random.randrange(3))),
        path=maybe(text()),
        duration=maybe(random.randrange(10**9)),
        began=maybe(random.uniform(0, 4e9)),
        expectation=maybe(Expectation(entry, random.choice([*Standing, Standing.LISTED]))),
        flaky=random.random() < 0.2,
        cause=Cause(Misdeed.ENDS, detail=str(number)),
        why=text(),
        shown=text(),
        again=maybe(text()),
    )
    return result.left_unjudged(text()) if random.random() < 0.15 else result


def _run(random: Random, agent: str) -> RunResult:
    several = tuple(_result(random, number) for number in range(random.randrange(14)))
    return RunResult(
        agent=agent + _text(random),
        address=_text(random),
        results=several,
        seed=random.choice([None, 7]),
        duration=random.uniform(0, 1e5),
        unreached=random.choice([None, None, _text(random)]),
        last_lines=tuple(_text(random) for _ in range(random.randrange(3))),
        died_on=tuple(_text(random) for _ in range(random.choice([0, 0, 2]))),
        planned=len(several) + random.randrange(3),
        interrupted=random.random() < 0.2,
        strict=random.random() < 0.5,
    )


LISTED = Expectation(Entry("*", ("FAILED",), "", Source("x", "x").span(0)), Standing.LISTED)


def test_what_has_no_verdict_passes_and_is_no_pass_under_strict() -> None:
    flipped = replace(samples.flipped(), case=replace(GOOD.case, id="1.2.4"))
    unjudged = flipped.left_unjudged("the log leaves out 2 octets that the server sent")
    assert (count(unjudged), count(unjudged, strict=True)) == (CountedAs.UNJUDGED, CountedAs.FAILED)
    run = RunResult("a", "ws://x", (unjudged, GOOD), None, 1.0, planned=2)
    assert (run.exit_status(), run.exit_status(strict=True)) == (0, 1)
    assert line(tally([run])) == "2 cases: 1 OK, 1 unjudged"
    several = [replace(run, results=(explained(unjudged), GOOD))]
    for name, render in RENDERERS.items():
        said = render(several)
        if name == "autobahn":
            (cases,) = json.loads(said).values()
            verdicts = {id: (case["behavior"], case["behaviorClose"]) for id, case in cases.items()}
            assert verdicts == {"1.2.3": ("OK", "OK"), "1.2.4": ("INFORMATIONAL", "INFORMATIONAL")}
        else:
            assert "unjudged" in said, name
            assert name in ("badge", "shields", "html") or "the log leaves out 2 octets" in said, name


def test_a_failure_is_named_by_what_fails() -> None:
    unclean = replace(
        GOOD, closing=ClosingVerdict.UNCLEAN, closing_reason="no Close came", why="no Close came"
    )
    run = replace(samples.run(), results=(unclean,))
    failure = next(ET.fromstring(RENDERERS["junit"]([run])).iter("failure"))
    assert failure.attrib["type"] == "closing UNCLEAN"
    for name in ("junit", "tap", "github", "gitlab", "markdown"):
        said = RENDERERS[name]([run])
        assert re.search(r"closing UNCLEAN(, |%2C )behaviour OK", said), said
        assert "OK, closing" not in said


@pytest.mark.parametrize(
    ("behaviour", "closing", "expectation", "flaky", "counted", "strictly"),
    [
        (Behaviour.OK, ClosingVerdict.OK, None, False, CountedAs.PASSED, CountedAs.PASSED),
        (Behaviour.NON_STRICT, ClosingVerdict.OK, None, False, CountedAs.PASSED, CountedAs.FAILED),
        (
            Behaviour.INFORMATIONAL,
            ClosingVerdict.INFORMATIONAL,
            None,
            False,
            CountedAs.PASSED,
            CountedAs.PASSED,
        ),
        (
            Behaviour.UNIMPLEMENTED,
            ClosingVerdict.OK,
            None,
            False,
            CountedAs.UNIMPLEMENTED,
            CountedAs.FAILED,
        ),
        (Behaviour.UNIMPLEMENTED, ClosingVerdict.OK, LISTED, False, CountedAs.EXPECTED, CountedAs.EXPECTED),
        (Behaviour.OK, ClosingVerdict.UNCLEAN, None, False, CountedAs.FAILED, CountedAs.FAILED),
        (Behaviour.FAILED, ClosingVerdict.OK, LISTED, False, CountedAs.EXPECTED, CountedAs.EXPECTED),
        (Behaviour.OK, ClosingVerdict.OK, LISTED, False, CountedAs.PASSED, CountedAs.PASSED),
        (Behaviour.OK, ClosingVerdict.OK, None, True, CountedAs.FLAKY, CountedAs.FLAKY),
    ],
)
def test_what_a_case_is_counted_as(
    behaviour: Behaviour,
    closing: ClosingVerdict,
    expectation: Expectation | None,
    flaky: bool,
    counted: CountedAs,
    strictly: CountedAs,
) -> None:
    result = replace(GOOD, behaviour=behaviour, closing=closing, expectation=expectation, flaky=flaky)
    assert (count(result), count(result, strict=True)) == (counted, strictly)


def _junit(text: str) -> Counter[CountedAs]:
    root = ET.fromstring(text)
    found = Counter[CountedAs]()
    for test in root.iter("testcase"):
        children = [child.tag for child in test]
        assert set(children) <= {"failure", "skipped", "error", "system-out"}
        skipped = test.find("skipped")
        if test.find("failure") is not None:
            found[CountedAs.FAILED] += 1
        elif skipped is not None:
            found[CountedAs(skipped.get("type"))] += 1
        elif test.find("error") is None:
            found[CountedAs.PASSED] += 1
    for suite in root.iter("testsuite"):
        assert int(suite.get("tests", "")) == len(suite.findall("testcase"))
        tags = [child.tag for child in suite]
        assert (tags[0], tags[-1]) == ("properties", "system-out")
    suites = root.findall("testsuite")
    for name in ("tests", "failures", "errors"):
        assert int(root.get(name, "")) == sum(int(suite.get(name, "")) for suite in suites)
    assert sum(int(suite.get("failures", "")) for suite in suites) == found[CountedAs.FAILED]
    return found


_TEST = re.compile(r"(ok|not ok) (\d+) - (?:[^#\\]|\\.)*(?:# (SKIP|TODO) .*)?")


def _tap(text: str) -> Counter[CountedAs]:
    found, blocks = Counter[CountedAs](), list[str]()
    rows = text.split("\n")
    assert rows.pop() == ""
    assert rows[0] == "TAP version 13"
    plan = int(re.fullmatch(r"1\.\.(\d+)(?: # .*)?", rows[1])[1])  # type: ignore[index]
    inside = False
    for row in rows[2:]:
        if inside:
            assert row.startswith("  ")
            inside = row != "  ..."
            blocks[-1] += f"{row[2:]}\n" if inside else ""
        elif row == "  ---":
            inside = True
            blocks.append("")
        elif test := _TEST.fullmatch(row):
            assert int(test[2]) == found.total() + 1
            passed = CountedAs.PASSED
            if test[3] == "SKIP":
                passed = CountedAs.UNJUDGED if row.endswith(" # SKIP unjudged") else CountedAs.UNIMPLEMENTED
            found[passed if test[1] == "ok" else CountedAs.EXPECTED if test[3] else CountedAs.FAILED] += 1
        else:
            assert row.startswith(("# ", "Bail out! "))
    assert plan == found.total()
    for block in blocks:
        assert "verdict" in yaml.safe_load(block)
    return found


def _json(text: str) -> Counter[CountedAs]:
    found = [json.loads(row) for row in text.splitlines()]
    schema = jsonschema.Draft202012Validator(json_lines.schema())
    for one in found:
        schema.validate(one)
        "".join(map(str, one.values())).encode()  # no surrogates
    counts = Counter(CountedAs(one["counted"]) for one in found if one["type"] == "case")
    of_runs = [one["counted"] for one in found if one["type"] == "run"]
    assert counts == Counter(
        {one: sum(of[one.value] for of in of_runs) for one in CountedAs if counts[one]}
    )
    return counts


def _summed(counts: Counter[CountedAs], *apart: CountedAs) -> Counter[CountedAs]:
    """The counts that a format tells apart; the others count as passed."""
    found = Counter[CountedAs]()
    for one, number in counts.items():
        found[one if one in apart else CountedAs.PASSED] += number
    return +found


@settings(max_examples=60)
@given(st.integers(0, 2**64))
def test_all_formats_count_the_same(seed: int) -> None:
    random = Random(seed)
    several = [_run(random, f"{number} ") for number in range(random.choice([1, 1, 2, 3]))]
    found = tally(several)
    text = {name: render(several) for name, render in RENDERERS.items()}
    for name, said in text.items():
        assert len(said) < 200_000, name
        said.encode()
    told_apart = (CountedAs.FAILED, CountedAs.UNIMPLEMENTED, CountedAs.UNJUDGED, CountedAs.EXPECTED)
    assert _json(text["json"]) == +found.counts
    assert +_junit(text["junit"]) == _summed(found.counts, *told_apart)
    assert +_tap(text["tap"]) == _summed(found.counts, *told_apart)
    assert ("\nBail out! " in text["tap"]) == bool(found.troubles)
    _check_github(text["github"], several)
    _check_gitlab(json.loads(text["gitlab"]), several)
    _check_markdown(text["markdown"], several)
    _check_badge(text["badge"], json.loads(text["shields"]), several)
    _check_autobahn(json.loads(text["autobahn"]), several)


def _causes(run: RunResult) -> int:
    found = by_cause(run.results, run.strict)
    assert sum(len(failures.results) for failures in found) == tally([run]).counts[CountedAs.FAILED]
    return len(found)


def _check_github(text: str, several: Sequence[RunResult]) -> None:
    found = tally(several)
    kinds = Counter[str]()
    for row in text.splitlines():
        command = re.fullmatch(r"::(error|warning|notice) ([^:]*)::(.*)", row)
        assert command is not None, row
        assert all("=" in each for each in command[2].split(","))
        kinds[command[1]] += 1
    assert text.count("\n") == kinds.total()
    assert kinds["error"] == min(10, sum(map(_causes, several)) + len(found.troubles))
    assert kinds["warning"] == min(10, found.counts[CountedAs.FLAKY] + found.counts[CountedAs.UNJUDGED])
    assert text.endswith(f"::notice title=replay::{line(found)}\n")


def _check_gitlab(issues: list[dict[str, Any]], several: Sequence[RunResult]) -> None:
    found = tally(several)
    severities = Counter(issue["severity"] for issue in issues)
    assert severities["major"] == found.counts[CountedAs.FAILED]
    assert severities["minor"] == found.counts[CountedAs.FLAKY] + found.counts[CountedAs.UNJUDGED]
    assert severities["blocker"] == len(found.troubles)
    for issue in issues:
        assert issue["location"]["lines"]["begin"] >= 1
        assert re.fullmatch("[0-9a-f]{64}", issue["fingerprint"])


def _check_markdown(text: str, several: Sequence[RunResult]) -> None:
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    pieces = [token for one in tokens for token in (one, *(one.children or ()))]
    raw = [token.content for token in pieces if token.type in ("html_inline", "html_block")]
    for one in raw:
        assert re.fullmatch(r"<details><summary>[^<>]*</summary>\n|</details>\n", one), one
    assert not [token for token in pieces if token.type in ("link_open", "image")]
    rows = sum(token.type == "tr_open" for token in tokens)
    failed = [_causes(run) for run in several]
    assert rows == sum(number + 1 for number in failed if number)
    shown = [token.content for token in tokens if token.type == "inline"][-1]
    last = line(tally(several))
    assert last in html.unescape(re.sub(r"\\(.)", r"\1", shown))


def _check_badge(svg: str, endpoint: dict[str, Any], several: Sequence[RunResult]) -> None:
    title = ET.fromstring(svg).findtext("{http://www.w3.org/2000/svg}title")
    assert title == f"websocket: {endpoint['message']}"
    found = tally(several)
    assert (endpoint["color"] == "red") == found.failed
    if not found.troubles:
        assert str(found.total) in endpoint["message"]
        lacking = found.counts[CountedAs.UNIMPLEMENTED]
        assert (f"{lacking} unimplemented" in endpoint["message"]) == bool(lacking)
        unjudged = found.counts[CountedAs.UNJUDGED]
        assert (f"{unjudged} unjudged" in endpoint["message"]) == bool(unjudged)


def _check_autobahn(agents: dict[str, Any], several: Sequence[RunResult]) -> None:
    cases = [case for each in agents.values() for case in each.values()]
    found = tally(several)
    assert Counter(case["behavior"] for case in cases) == {b.value: n for b, n in found.behaviours.items()}
    assert Counter(case["behaviorClose"] for case in cases) == {
        c.value: n for c, n in found.closings.items()
    }


@pytest.fixture(scope="module")
def many() -> RunResult:
    """As many failures as there may be, each with as much to say as there may be."""
    failed = replace(
        samples.flipped(),
        why="why " * 5000,
        shown="| `a` <b>\n" * (limits.EXPLAINED.default // 10),
        notes=("note " * 5000,) * 5,
        again="replay run " + "x" * 5000,
    )
    cases = [replace(failed.case, id=f"1.{n}", title="title " * 5000) for n in range(2000)]
    several = tuple(replace(failed, case=case) for case in cases)
    return RunResult("a", "ws://x", several, None, 1.0, planned=2000)


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("markdown", limits.SUMMARY.default),
        ("github", 40_000),
        ("junit", 2000 * 4 * limits.EXPLAINED.default),
        ("tap", 2000 * 4 * limits.EXPLAINED.default),
        ("gitlab", 2000 * 4000),
        ("badge", 2000),
    ],
)
def test_what_is_very_much_is_bounded(many: RunResult, name: str, most: int) -> None:
    text = RENDERERS[name]([many])
    assert len(text.encode()) <= most
    if name in ("markdown", "github"):
        assert line(tally([many])) in text.replace("\\", "")


def test_what_is_kept_of_failures_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    explain = Explainer()
    flipped = explained(samples.flipped())
    shown = [explain(flipped).shown for _ in range(3)]
    assert shown[0].startswith("FAILED 1.2.3")
    assert all(len(text) <= limits.EXPLAINED.default + 1 for text in shown)
    monkeypatch.setattr(limits, "ALL_EXPLAINED", limits.ALL_EXPLAINED._replace(default=10))
    explain = Explainer()
    several = [explain(flipped) for _ in range(2)]
    assert [bool(result.shown) for result in several] == [True, False]
    assert several[1].why == "1st event: the message differs at offset 124 of 126: expected fe, observed fd"
    assert explain(samples.good()).why == ""
