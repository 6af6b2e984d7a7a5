"""Expected verdicts: what an entry allows, when it is fixed, how it is read, and how it is written."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from replay.cases.model import Behaviour
from replay.expected import file as expected_file
from replay.expected.entries import VERDICTS, Expected, word
from replay.expected.update import Updated, again, updated
from replay.source import Source, SourceError
from replay.verdict.result import ClosingVerdict, Judged, RunResult, Standing
from tests.processes import ROOT, listening, replay
from tests.report import samples

FAULTY = Path(__file__).parent / "peers" / "faulty.py"
IDS = ["1.1.1", "1.1.2", "1.1.10", "1.2.1", "7.1.5"]
TODAY = "2026-06-15"
B, C = Behaviour, ClosingVerdict


def entry(case: str, verdict: str, *more: str) -> str:
    return "\n  ".join([f'- case: "{case}"', f"verdict: {verdict}", "reason: known", *more]) + "\n"


def listing(text: str, path: str = "expected.yaml") -> expected_file.Listing:
    return expected_file.of(Path(path), Source(path, text))


def expected(text: str, path: str = "expected.yaml", ids: Iterable[str] = IDS) -> Expected:
    return Expected(listing(text, path).resolved(list(ids)), TODAY)


def result(id: str, said: str = "OK") -> Judged:
    behaviour, _, closing = said.partition(" / ")
    good = samples.good()
    return replace(
        good,
        case=replace(good.case, id=id),
        behaviour=B(behaviour),
        closing=C(closing or "OK"),
        closing_reason="so it was",
    )


def ran(*results: Judged, agent: str = "echo/1.0") -> RunResult:
    return RunResult(agent, "ws://127.0.0.1:9001", results, 1, 0.1, planned=len(results))


def judged(text: str, *results: Judged, path: str = "expected.yaml", agent: str = "echo/1.0") -> RunResult:
    return expected(text, path).judged(ran(*results, agent=agent))


@pytest.mark.parametrize(
    ("verdicts", "said", "standing", "status"),
    [
        ("FAILED", "FAILED", Standing.LISTED, (0, 0)),
        ("FAILED", "FAILED / UNCLEAN", Standing.OTHER, (1, 1)),
        ("FAILED / UNCLEAN", "FAILED / UNCLEAN", Standing.LISTED, (0, 0)),
        ("FAILED / UNCLEAN", "FAILED", Standing.OTHER, (1, 1)),
        ("OK / WRONG CODE", "OK / WRONG CODE", Standing.LISTED, (0, 0)),
        ("failed / failed-by-client", "FAILED / FAILED BY CLIENT", Standing.LISTED, (0, 0)),
        ("FAILED", "OK", Standing.BETTER, (0, 1)),
        ("FAILED", "NON-STRICT", Standing.BETTER, (0, 1)),
        ("FAILED", "OK / INFORMATIONAL", Standing.BETTER, (0, 1)),
        ("non-strict", "NON-STRICT", Standing.LISTED, (0, 0)),
        ("NON-STRICT", "UNIMPLEMENTED", Standing.OTHER, (0, 1)),
        ("NON-STRICT", "FAILED", Standing.WORSE, (1, 1)),
        ("OK", "NON-STRICT", Standing.WORSE, (1, 1)),
        ("OK", "OK", Standing.LISTED, (0, 0)),
        ("[OK, FAILED]", "OK", Standing.LISTED, (0, 0)),
        ("[OK, FAILED]", "FAILED", Standing.LISTED, (0, 0)),
        ("[OK, FAILED]", "NON-STRICT", Standing.OTHER, (0, 1)),
        ("[OK, NON-STRICT]", "OK / UNCLEAN", Standing.WORSE, (1, 1)),
    ],
)
def test_a_verdict_stands_to_an_entry(
    verdicts: str, said: str, standing: Standing, status: tuple[int, int]
) -> None:
    run = judged(entry("1.1.1", verdicts), result("1.1.1", said))
    (found,) = run.results
    assert found.expectation
    assert found.expectation.standing is standing
    assert (run.exit_status(), run.exit_status(strict=True)) == status


def test_without_an_entry_the_rule_is_that_of_a_run() -> None:
    for said, status in (
        ("OK", (0, 0)),
        ("NON-STRICT", (0, 1)),
        ("FAILED", (1, 1)),
        ("OK / UNCLEAN", (1, 1)),
    ):
        run = judged(entry("7.1.5", "[OK, FAILED]"), result("1.1.1", said))
        assert run.results[0].expectation is None
        assert (run.exit_status(), run.exit_status(strict=True)) == status


def test_what_any_entry_lists_is_expected() -> None:
    text = entry("1.*", "FAILED") + entry("1.1.1", "OK / UNCLEAN")
    for said in ("FAILED", "OK / UNCLEAN"):
        (found,) = judged(text, result("1.1.1", said)).results
        assert found.is_expected
    assert judged(text, result("1.1.2", "OK / UNCLEAN")).exit_status() == 1


@pytest.mark.parametrize(
    ("pattern", "ids"),
    [
        ("1.1.1", {"1.1.1"}),
        ("1.1", {"1.1.1", "1.1.2", "1.1.10"}),
        ("*.5", {"7.1.5"}),
        ("1.1.?", {"1.1.1", "1.1.2"}),
    ],
)
def test_patterns_are_those_of_a_selection(pattern: str, ids: set[str]) -> None:
    assert expected(entry(pattern, "FAILED")).entries[0].ids == ids


@pytest.mark.parametrize(
    ("agent", "fits"),
    [("echo*", True), ("echo/1.?", True), ("*", True), ("echo", False), ("[e]cho*", False)],
)
def test_an_entry_may_be_for_one_agent(agent: str, fits: bool) -> None:
    run = judged(entry("1.1.1", "FAILED", f'agent: "{agent}"'), result("1.1.1", "FAILED"))
    assert (run.exit_status() == 0) is fits


@pytest.mark.parametrize(("until", "status"), [("2026-06-14", 1), ("2026-06-15", 0), ("2027-01-01", 0)])
def test_an_entry_ends_with_its_last_day(until: str, status: int) -> None:
    run = judged(entry("1.1.1", "FAILED", f"until: {until}"), result("1.1.1", "FAILED"))
    assert run.exit_status() == status
    assert run.results[0].expectation
    assert run.results[0].expectation.standing is (Standing.EXPIRED if status else Standing.LISTED)


@pytest.mark.parametrize(
    ("text", "results", "fixed"),
    [
        (entry("1.1.1", "FAILED"), [result("1.1.1")], 1),
        (entry("1.1.1", "FAILED"), [result("1.1.1", "OK / UNCLEAN")], 0),
        (entry("1.1.1", "FAILED"), [result("1.1.1"), result("1.1.1", "FAILED")], 0),
        (entry("1.1.1", "FAILED"), [result("1.1.2")], 0),
        (entry("1.1.1", "[FAILED, OK]"), [result("1.1.1")], 0),
        (entry("1.1.1", "[FAILED, NON-STRICT]"), [result("1.1.1")], 1),
        (entry("1.1.1", "NON-STRICT"), [result("1.1.1")], 1),
        (entry("1.1.?", "FAILED"), [result("1.1.1")], 0),
        (entry("1.1.?", "FAILED"), [result("1.1.1"), result("1.1.2", "FAILED")], 0),
        (entry("1.1.?", "FAILED"), [result("1.1.1"), result("1.1.2", "NON-STRICT")], 1),
        (entry("1.1.1", "FAILED", "until: 2026-01-01"), [result("1.1.1")], 1),
        (entry("1.1.1", "FAILED", "agent: another"), [result("1.1.1")], 0),
        (entry("1.1.1", "FAILED"), [replace(result("1.1.1"), flaky=True)], 0),
    ],
)
def test_what_is_fixed_asks_to_be_taken_off(text: str, results: list[Judged], fixed: int) -> None:
    assert len(judged(text, *results).fixed) == fixed


def test_a_flaky_failure_does_not_fail_the_run() -> None:
    once = replace(result("1.1.1", "NON-STRICT"), flaky=True)
    assert not once.counts(strict=True)
    assert judged("", once).exit_status(strict=True) == 0


def test_each_verdict_has_a_word() -> None:
    for behaviour in Behaviour:
        for closing in ClosingVerdict:
            assert (behaviour, closing) in VERDICTS[word(behaviour, closing)]


# Reading.


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        ("- case: 1.1.1\n  verdict: FAILD\n  reason: x", "2:12: unknown verdict 'FAILD'", "'FAILED'"),
        (
            "- case: 1.1.1\n  verdict: [OK, Unclean]\n  reason: x",
            "2:17: unknown verdict 'Unclean'",
            "unclean'",
        ),
        (
            "- case: 1.1.1\n  verdict: []\n  reason: x",
            "2:12: expected a list of verdicts, found an empty",
            "",
        ),
        ("- case: 1.1.1\n  reason: x", "1:3: an expected verdict needs 'verdict'", "behaviour / closing"),
        (
            "- case: 1.1.1\n  verdict: FAILED",
            "1:3: an expected verdict needs 'reason'",
            "add 'reason: …': in a few",
        ),
        (
            entry("1.1.1", "BAD"),
            "2:12: unknown verdict 'BAD'",
            "one of OK, NON-STRICT, INFORMATIONAL, UNIMPL",
        ),
        ("- case: 1.1.1\n  verdict: FAILED\n  raeson: x", "3:3: unknown key 'raeson'", "'reason'"),
        (entry("!1.1.1", "FAILED"), "1:9: expected an id or glob, found '!1.1.1'", ""),
        (entry("1.1.1", "FAILED", "until: 2027-02-30"), "4:10: 2027-02-30 is not a date", ""),
        (entry("1.1.1", "FAILED", "until: tomorrow"), "4:10: expected a date such as 2027-01-31", ""),
        (entry("1.1.1", "FAILED", "link: example.org"), "4:9: expected a link", ""),
        ("case: 1.1.1", "1:1: expected a list of expected verdicts, found a mapping", ""),
        (
            entry("1.1.1", "FAILED") + entry("1.1.7", "FAILED"),
            "4:9: no test case matches '1.1.7'",
            "did you",
        ),
        (entry("6.4.*", "FAILED"), "1:9: no test case matches '6.4.*'", ""),
    ],
)
def test_faults_are_said_where_they_stand(text: str, place: str, hint: str) -> None:
    with pytest.raises(SourceError) as caught:
        expected(text)
    assert str(caught.value).startswith(f"expected.yaml:{place}")
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "[]", "\ufeff".strip("\ufeff")])
def test_a_file_may_list_nothing(text: str) -> None:
    assert expected(text).entries == ()


def test_the_schema_describes_the_list() -> None:
    schema = expected_file.schema()
    Draft202012Validator.check_schema(schema)
    valid = Draft202012Validator(schema).is_valid
    good = entry(
        "1.1.1", "[OK, failed / wrong-code]", "agent: a", "link: https://a/b", "until: '2027-01-31'"
    )
    assert expected(good).entries
    assert valid(yaml.safe_load(good))
    for bad in (entry("1.1.1", "FAILD"), entry("!1", "OK"), "- case: x", entry("1.1.1", "OK", "links: x")):
        assert not valid(yaml.safe_load(bad))
    assert json.loads(replay("schema", "expected").stdout) == schema


def test_the_example_of_the_page_is_true() -> None:
    page = (ROOT / "docs" / "expected.md").read_text(encoding="utf-8")
    example = page.partition("```text\n")[2].partition("```")[0]
    assert [each.pattern for each in expected(example, ids=["7.1.5", "6.4.1"]).entries] == [
        "7.1.5",
        "6.4.*",
    ]
    quoted = yaml.load(example, yaml.BaseLoader)
    assert Draft202012Validator(expected_file.schema()).is_valid(quoted)


# An index.json.

INDEX = """\
{
   "my server": {
      "1.1.1": {
         "behavior": "OK",
         "behaviorClose": "OK",
         "remoteCloseCode": 1000
      },
      "1.1.2": {
         "behavior": "FAILED",
         "behaviorClose": "UNCLEAN",
         "duration": 5,
         "remoteCloseCode": null
      },
      "9.9.9": {
         "behavior": "OK",
         "behaviorClose": "OK"
      }
   }
}
"""


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (("OK", "FAILED / UNCLEAN"), 0),
        (("OK", "OK"), 0),
        (("NON-STRICT", "FAILED / UNCLEAN"), 1),
        (("OK", "FAILED"), 1),
        (("OK / UNCLEAN", "OK"), 1),
    ],
)
def test_an_index_of_autobahn_is_a_baseline(said: tuple[str, str], status: int) -> None:
    run = judged(INDEX, result("1.1.1", said[0]), result("1.1.2", said[1]), path="index.json")
    assert run.exit_status() == status
    assert [str(each.span) for each in run.fixed] == (["index.json:8:7"] if said[1] == "OK" else [])


def test_of_several_agents_the_one_of_that_name_counts() -> None:
    index = json.dumps({"a": {"1.1.1": {"behavior": "FAILED"}}, "b": {"1.1.1": {"behavior": "OK"}}})
    for agent, status in (("a", 0), ("b", 1), ("c", 1)):
        assert judged(index, result("1.1.1", "FAILED"), path="i.json", agent=agent).exit_status() == status
    assert listing(index, "i.json").for_others("a") is None
    assert listing(index, "i.json").for_others("c") == "i.json has verdicts of a, b, but none of c"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "i.json:1:2: not JSON"),
        ("[]", "i.json:1:1: expected {agent: {case: {behavior, behaviorClose}}}"),
        ('{"a": 1}', "i.json:1:2: expected {agent"),
        ('{"a": {"1.1.1": 1}}', "i.json:1:8: expected {agent"),
        ('{"a": {"1.1.1": {"behavior": "FAIL"}}}', "i.json:1:8: 'behavior' is 'FAIL'"),
        ('{"a": {"1.1.1": {}}}', "i.json:1:8: 'behavior' is None"),
        (
            '{"a": {"9.9.9": {"behavior": "OK"}}}',
            "i.json:1:8: none of the test cases in this file is known",
        ),
        ("[" * 100_000, "i.json: nested too deep"),
    ],
)
def test_another_json_is_refused(text: str, said: str) -> None:
    with pytest.raises(SourceError) as caught:
        expected(text, "i.json")
    assert str(caught.value).startswith(said)


# Writing.

LISTED = """\
# What is not done yet.

- case: "1.1.1"  # the first
  verdict: FAILED   # really
  reason: >
    it is late
    and dark

# framing
- {case: "1.1.2", verdict: FAILED, reason: x}
- case: "1.2.*"
  verdict:
  - OK
  - FAILED
  reason: flaky   # why?
# the end
"""


def update(text: str, *results: Judged, strict: bool = False, path: str = "expected.yaml") -> Updated:
    read = listing(text, path)
    before = Expected(read.resolved(IDS), TODAY)
    run = before.judged(ran(*results))
    done = updated(read, before, run, {"7.1.5": 'said: "so"'}, strict)
    after = Expected(again(read, done.text).resolved(IDS), TODAY).judged(run)
    assert after.exit_status(strict) == 0
    return done


def test_new_failures_are_added_at_the_end_and_comments_stay() -> None:
    done = update(
        LISTED, result("7.1.5", "OK / UNCLEAN"), result("1.1.10", "FAILED"), result("1.1.1", "FAILED")
    )
    new = (
        '- case: "1.1.10"\n  verdict: FAILED\n  reason: "to be explained"\n'
        '- case: "7.1.5"\n  verdict: OK / UNCLEAN\n  reason: "said: \\"so\\""\n'
    )
    assert done.text == LISTED.replace("# the end\n", new + "# the end\n")
    assert str(done) == "2 added"


def test_fixed_entries_go_but_globs_stay() -> None:
    text = LISTED.replace("  - OK\n", "")
    done = update(text, *(result(id) for id in IDS))
    kept = text.replace(text[text.index('- case: "1.1.1"') : text.index("\n# framing")], "")
    assert done.text == kept.replace('- {case: "1.1.2", verdict: FAILED, reason: x}\n', "")
    assert done.removed == ("1.1.1", "1.1.2")


def test_another_verdict_is_written_in_place() -> None:
    done = update(LISTED, result("1.1.1", "OK / UNCLEAN"), result("1.1.2", "FAILED / WRONG CODE"))
    assert done.text == (
        LISTED.replace("verdict: FAILED   #", "verdict: OK / UNCLEAN   #").replace(
            "verdict: FAILED,", "verdict: FAILED / WRONG CODE,"
        )
    )


def test_a_set_grows() -> None:
    text = LISTED.replace("1.2.*", "1.2.1")
    done = update(text, result("1.2.1", "FAILED / UNCLEAN"))
    assert "  verdict: [OK, FAILED, FAILED / UNCLEAN]\n  reason: flaky   # why?\n" in done.text


def test_under_strict_a_better_verdict_may_be_one_to_list() -> None:
    done = update(entry("1.1.1", "FAILED"), result("1.1.1", "NON-STRICT"), strict=True)
    assert done.text == entry("1.1.1", "NON-STRICT")


def test_what_has_expired_is_left_to_a_person() -> None:
    text = entry("1.1.1", "FAILED", "until: 2026-01-01")
    read, run = listing(text), judged(text, result("1.1.1", "FAILED"))
    assert updated(read, expected(text), run, {}).text == text


def test_a_flaky_failure_is_not_written() -> None:
    assert update(LISTED, replace(result("7.1.5"), flaky=True)).text == LISTED


@pytest.mark.parametrize("text", ["", "# so far none\n", "# none", "[]\n", "# none\n[]  # yet\n", "---\n"])
def test_the_first_entry_may_be_added(text: str) -> None:
    done = update(text, result("7.1.5", "FAILED"))
    assert yaml.safe_load(done.text) == [{"case": "7.1.5", "verdict": "FAILED", "reason": 'said: "so"'}]
    assert all(line in done.text for line in text.splitlines() if line.startswith("#"))


def test_the_last_entry_may_go_and_come_back() -> None:
    gone = update("# all\n" + entry("1.1.1", "FAILED"), result("1.1.1"))
    assert gone.text == "# all\n[]\n"
    assert update(gone.text, result("7.1.5", "FAILED")).added == ("7.1.5",)


def test_line_ends_stay() -> None:
    done = update(LISTED.replace("\n", "\r\n"), result("1.1.1"), result("7.1.5", "FAILED"))
    assert done.text.count("\n") == done.text.count("\r\n") > 10


def test_a_last_line_without_an_end_is_ended() -> None:
    done = update(entry("1.1.1", "FAILED").rstrip(), result("7.1.5", "FAILED"))
    assert done.text.startswith(entry("1.1.1", "FAILED") + "- case:")


@pytest.mark.parametrize(
    "text",
    [
        '[{case: "1.1.1", verdict: FAILED, reason: x}]',
        '-\n  case: "1.1.1"\n  verdict: FAILED\n  reason: x\n',
        entry("1.1.1", "&v FAILED") + entry("1.1.2", "*v"),
        entry("1.1.1", "FAILED") + "# caf\ufffd\n",
    ],
)
def test_what_cannot_be_edited_is_left_alone(text: str) -> None:
    with pytest.raises(SourceError, match="--update-expected can't edit this"):
        update(text, result("1.1.1", "FAILED / UNCLEAN"), result("1.1.2", "FAILED"))


def test_an_index_gets_every_verdict_and_keeps_the_rest() -> None:
    close = samples.wrong_code()
    done = update(
        INDEX, replace(close, case=replace(close.case, id="1.1.1")), result("1.2.1"), path="i.json"
    )
    was, now = json.loads(INDEX)["my server"], json.loads(done.text)["my server"]
    assert now.pop("1.2.1") == {"behavior": "OK", "behaviorClose": "OK", "remoteCloseCode": 1000}
    assert now.pop("1.1.1") == {"behavior": "OK", "behaviorClose": "WRONG CODE", "remoteCloseCode": 1002}
    was.pop("1.1.1")
    assert now == was
    assert str(done) == "1 added, 1 changed"
    assert update(INDEX, result("1.1.1"), path="i.json").text == INDEX


# The command.


def run(fault: str, *arguments: str, cwd: Path) -> tuple[int, str]:
    with listening(sys.executable, FAULTY, "--fault", fault) as port:
        done = replay("run", "--url", f"ws://127.0.0.1:{port}", "1.1.1", "1.1.2", *arguments, cwd=cwd)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


def test_a_run_writes_what_fails_and_knows_it_from_then_on(tmp_path: Path) -> None:
    status, said = run("wrong-close-code", "--expected", "e.yaml", cwd=tmp_path)
    assert status == 2
    assert "--update-expected writes it" in said
    status, said = run("wrong-close-code", "--expected", "e.yaml", "--update-expected", cwd=tmp_path)
    assert (status, said.splitlines()[-1]) == (0, "e.yaml: 2 added")
    assert yaml.safe_load((tmp_path / "e.yaml").read_text())[0] == {
        "case": "1.1.1",
        "verdict": "OK / WRONG CODE",
        "reason": "the server closed with 1001 (going away), expected 1000 (normal closure)",
    }
    assert [path.name for path in tmp_path.iterdir()] == ["e.yaml"]
    status, said = run("wrong-close-code", "--expected", "e.yaml", cwd=tmp_path)
    assert status == 0
    assert "\nclosing WRONG CODE 1.1.1    expected: the server closed" in "\n" + said
    assert "wire log" not in said
    assert "2 cases: 2 OK; closing: 2 WRONG CODE · 2 expected\n" in said
    assert "wire log" in run("wrong-close-code", "--expected", "e.yaml", "-v", cwd=tmp_path)[1]
    status, said = run("none", "--expected", "e.yaml", cwd=tmp_path)
    assert status == 0
    assert "1.1.1 is no longer OK / WRONG CODE: remove the entry in e.yaml:1:9" in said
    assert run("none", "--expected", "e.yaml", "--strict", cwd=tmp_path)[0] == 1
    status, said = run("none", "--expected", "e.yaml", "--strict", "--update-expected", cwd=tmp_path)
    assert (status, said.splitlines()[-1]) == (0, "e.yaml: 2 removed")


@pytest.mark.parametrize(
    ("name", "text", "status"),
    [
        ("replay.yaml", "expected: sub/e.yaml\n", 0),
        ("replay.yaml", "expected:\n" + entry("1.1.?", "OK / WRONG CODE"), 0),
        ("replay.yaml", "expected: []\n", 1),
        ("pyproject.toml", "[tool.replay]\nexpected = 'sub/e.yaml'\n", 0),
        (
            "pyproject.toml",
            '[[tool.replay.expected]]\ncase = "1.1.?"\nverdict = ["OK / WRONG CODE"]\nreason = "x"\n'
            "until = 2999-01-31\n[other]\n",
            0,
        ),
    ],
)
def test_a_config_names_a_file_or_holds_the_list(tmp_path: Path, name: str, text: str, status: int) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "e.yaml").write_text(entry("1.1.?", "OK / WRONG CODE"))
    (tmp_path / name).write_text(text)
    assert run("wrong-close-code", cwd=tmp_path)[0] == status


def test_a_config_that_holds_the_list_is_edited(tmp_path: Path) -> None:
    config = tmp_path / "replay.yaml"
    config.write_text("jobs: 2  # two\nexpected: []  # so far\nseed: 1\n")
    assert run("wrong-close-code", "--update-expected", cwd=tmp_path)[0] == 0
    assert config.read_text().startswith('jobs: 2  # two\nexpected:\n  - case: "1.1.1"\n')
    assert config.read_text().endswith("seed: 1\n")
    assert run("none", "--update-expected", cwd=tmp_path)[0] == 0
    assert yaml.safe_load(config.read_text()) == {"jobs": 2, "expected": [], "seed": 1}
    (tmp_path / "replay.yaml").unlink()
    status, said = run("none", "--update-expected", cwd=tmp_path)
    assert status == 2
    assert "--update-expected needs --expected FILE" in said


def test_entries_may_be_for_cases_that_are_not_run(tmp_path: Path) -> None:
    spec = "section: x\ncases:\n- {id: mine.1, title: x, send: [text: x], expect: [ok: [echo]]}\n"
    (tmp_path / "mine.yaml").write_text(spec)
    (tmp_path / "e.yaml").write_text(entry("mine.*", "FAILED") + entry("2.1", "FAILED"))
    status, said = run("none", "--expected", "e.yaml", cwd=tmp_path)
    assert status == 2
    assert "e.yaml:1:9: no test case matches 'mine.*'" in said
    (tmp_path / "replay.yaml").write_text("{cases: [mine.yaml], expected: e.yaml}")
    assert run("none", cwd=tmp_path)[0] == 0


def test_a_log_from_standard_input_can_be_expected_too(tmp_path: Path) -> None:
    (tmp_path / "e.yaml").write_text(entry("1.1.1", "FAILED"))
    done = replay("run", "--expected", "e.yaml", "-", cwd=tmp_path)
    assert "error: -" in done.stderr  # it was empty, and read once


def test_the_verdicts_of_others_are_said_to_be_so(tmp_path: Path) -> None:
    row = {"1.1.1": {"behavior": "OK"}}
    (tmp_path / "index.json").write_text(json.dumps({"a": row, "b": row}))
    status, said = run("none", "--expected", "index.json", cwd=tmp_path)
    assert status == 0
    assert "warning: index.json has verdicts of a, b, but none of faulty" in said
