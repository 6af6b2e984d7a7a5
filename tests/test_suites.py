"""The bundled suites and their editions: what --suite plays, what a pin keeps to, and what words reach."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

import replay
from replay.cases.select import natural
from replay.forms import ALL, AUTOBAHN, RFC
from replay.source import SourceError
from replay.store.reader import load
from replay.suite.edition import FOLDERS, Suite, editions, names, suite_of
from replay.suite.files import bundled_items, known, known_case, places
from replay.wire.side import Side
from tests import edition
from tests.processes import replay as run

OLD, NEW = (str(*editions(name)) for name in (AUTOBAHN, RFC))
BEFORE, SINCE = "all@2026.11", f"all@{editions(RFC)[0].version}"
FIRST = next(id for id, case in known(suite=RFC).items() if case.testee is not Side.CLIENT)
CHAPTER = FIRST.partition(".")[0]


def ids(*words: str, suite: str = AUTOBAHN) -> list[str]:
    return [item.case.id for item in bundled_items(False, words, suite)]


@pytest.mark.parametrize("suite", FOLDERS)
def test_the_file_of_a_suite_is_current(suite: str) -> None:
    """After a change to its specs: `python -m tests.edition`, which CONTRIBUTING.md describes."""
    assert edition.path(suite).read_text("utf-8") == edition.current(suite), "run python -m tests.edition"


def test_the_sections_of_suites_differ() -> None:
    assert not {id.partition(".")[0] for id in known()} & {id.partition(".")[0] for id in known(suite=RFC)}
    assert known(suite=ALL) == {**known(), **known(suite=RFC)}


def test_a_suite_is_played_whole() -> None:
    assert ids() == ids(suite=AUTOBAHN) == sorted(known(), key=natural)
    assert ids(suite=RFC) == sorted(known(suite=RFC), key=natural)
    assert ids(suite=ALL) == ids() + ids(suite=RFC)
    assert len(ids()) == 517


@pytest.mark.parametrize("suite", [AUTOBAHN, RFC, ALL, BEFORE])
def test_an_id_selects_from_every_suite(suite: str) -> None:
    assert ids("1.1.1", FIRST, suite=suite) == ["1.1.1", FIRST]
    assert ids("2", suite=suite) == [id for id in known() if id.startswith("2.")]
    assert FIRST in ids(CHAPTER, suite=suite)


def test_a_glob_selects_from_the_suite_and_otherwise_from_the_others() -> None:
    assert ids("2*") == [id for id in known() if id.startswith("2")]
    assert ids("2*", suite=RFC) == ids(suite=RFC)
    assert ids("*", suite=ALL) == ids(suite=ALL)
    assert ids(f"{CHAPTER}.*") == ids(f"{CHAPTER}.*", suite=RFC)


def test_exclusions_alone_exclude_from_the_suite() -> None:
    assert ids("!9.*", f"!{CHAPTER}.*") == [id for id in ids() if not id.startswith("9.")]
    assert ids("!9.*", suite=RFC) == ids(suite=RFC)


def test_places_of_the_new_cases_follow_the_old_ones() -> None:
    assert [*places()] == ids(suite=ALL)
    assert (places()["1.1.1"], places()["13.7.18"], places()[ids(suite=RFC)[0]]) == (1, 517, 518)


def test_a_case_is_known_by_its_id_whatever_its_suite() -> None:
    for id in ("1.1.1", FIRST):
        assert (case := known_case(id)) is not None
        assert case.id == id


# Editions.


def test_editions_are_in_order_and_hold_their_cases() -> None:
    for name in FOLDERS:
        suite = suite_of(name)
        assert all(re.fullmatch(r"20\d\d\.(0[1-9]|1[0-2])", each) for each in suite.editions)
        assert all(one < next for one, next in pairwise(suite.editions))
        for row in suite.cases.values():
            first, _, gone = row.partition("-")
            assert {first, gone or first} <= {*suite.editions}
            assert not gone or first < gone


def test_an_edition_holds_what_had_come_and_was_not_gone() -> None:
    suite = Suite(
        ("2026.12", "2027.03"),
        {"20.1": "2026.12", "20.2": "2026.12-2027.03", "20.3": "2027.03"},
    )
    assert suite.at("2026.12") == ["20.1", "20.2"]
    assert suite.at("2027.03") == ["20.1", "20.3"]


def test_a_word_names_the_editions_of_its_suites() -> None:
    assert [str(each) for each in editions(ALL)] == [OLD, NEW]
    assert editions(SINCE) == editions(ALL)
    assert [str(each) for each in editions(BEFORE)] == [OLD]
    assert {ALL, AUTOBAHN, RFC, OLD, NEW, SINCE} <= {*names()}


def row(text: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(text)["cases"]
    return found


def test_the_command_keeps_older_editions_as_they_were() -> None:
    first = edition.text('{\n"editions": [\n"2026.12"\n],\n"cases": {}\n}', ["20.2", "20.10"], None)
    assert row(first) == {"20.2": "2026.12", "20.10": "2026.12"}
    second = edition.text(first, ["20.2", "20.10", "21.1"], None, "2027.03", ["20.2"])
    assert row(second) == {"20.2": "2026.12-2027.03", "20.10": "2026.12", "21.1": "2027.03"}
    assert edition.text(second, [*row(second)], None) == second
    assert row(edition.text(second, ["20.2", "20.10"], None)).keys() == {"20.2", "20.10"}
    with pytest.raises(SystemExit, match=r"20\.10: a case of an older edition has to stay"):
        edition.text(second, ["20.2", "21.1"], None)


def test_the_command_reads_a_file_with_a_conflict() -> None:
    ours = edition.text('"2026.12"\n', ["20.1", "22.1"], None)
    both = ours.replace('"22.1"', '<<<<<<< main\n"21.1": "2026.12",\n=======\n"22.1"')
    assert row(edition.text(both, ["20.1", "21.1", "22.1"], None)).keys() == {"20.1", "21.1", "22.1"}


# The commands.


@pytest.mark.parametrize(
    ("suite", "said"),
    [
        ("autobahn@2026.10", f"autobahn has no edition '2026.10'\n  help: this replay knows {OLD}"),
        ("all@new", "all has no edition 'new'\n  help: this replay knows all@2026.11, "),
        ("rcf", "'rcf': expected autobahn, rfc or all, or an edition of it"),
        ("rfc@", "'rfc@': expected autobahn, rfc or all, or an edition of it"),
    ],
)
def test_an_unknown_suite_names_the_known_ones(suite: str, said: str, tmp_path: Path) -> None:
    for command in (["run"], ["serve"], ["list"], ["run", str(tmp_path)]):
        done = run(*command, "--suite", suite)
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("replay.yaml", "strict: true\nsuite: rfc@2020.01\n", "replay.yaml:2:8: suite: rfc has no edition"),
        ("replay.yaml", "suite: rcf\n", "replay.yaml:1:8: expected autobahn, rfc or all"),
        ("pyproject.toml", '[tool.replay]\nsuite = "all@1"\n', "pyproject.toml:2:9: suite: all has no"),
    ],
)
def test_so_does_one_in_a_config_with_its_place(name: str, text: str, place: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    done = run("run", cwd=tmp_path)
    assert (done.returncode, place in done.stderr) == (2, True), done.stderr


def test_the_name_of_a_suite_is_no_id() -> None:
    done = run("run", "rfc")
    assert "no test case matches 'rfc'\n  help: --suite rfc selects this suite" in done.stderr


def test_a_config_chooses_the_suite_and_the_run_says_which(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.replay]\nsuite = "rfc"\n')
    done = run("run", "--json", "--out", "both", FIRST, "1.1.1", cwd=tmp_path)
    last = json.loads(done.stdout.splitlines()[-1])
    assert (last["suite"], last["planned"]) == (f"{OLD}, {NEW}", 2)
    assert load(tmp_path / "both").suite == f"{OLD}, {NEW}"
    run("run", "--out", "one", "-k", f"'{FIRST}'", cwd=tmp_path)
    stored = load(tmp_path / "one")
    assert (stored.suite, stored.cases[0].id) == (NEW, FIRST)
    assert run("rejudge", "one", cwd=tmp_path).returncode == 0


def test_a_pinned_run_says_what_a_newer_edition_has(tmp_path: Path) -> None:
    (tmp_path / "replay.yaml").write_text(f"suite: {BEFORE}\ncases: [1.1.1]\n")
    assert "more test case" not in run("run", cwd=tmp_path).stdout
    (tmp_path / "replay.yaml").write_text(f"suite: {BEFORE}\n")
    words = ("-k", f"'1.1.1' or '{FIRST}'")
    done = run("run", *words, cwd=tmp_path)
    (said,) = (line for line in done.stdout.splitlines() if "more test case" in line)
    assert re.fullmatch(rf"{SINCE} has \d+ more test cases? than {BEFORE}, to which this run kept", said)
    for quiet in ("-q", "--json"):
        done = run("run", quiet, *words, cwd=tmp_path)
        assert "more test case" not in done.stdout + done.stderr
    assert "more test case" not in run("run", *words, "--suite", SINCE, cwd=tmp_path).stdout


def test_what_is_only_for_the_other_side_is_an_error() -> None:
    other = [id for id, case in known(suite=RFC).items() if case.testee is Side.CLIENT]
    for id in other[:1]:
        done = run("run", id)
        assert "only for clients\n  help: `replay serve` tests clients" in done.stderr
        with pytest.raises(SourceError, match="only for clients"):
            replay.run(cases=replay.select(id))


def test_init_pins_the_edition(tmp_path: Path) -> None:
    for role in ("--server", "--client"):
        run("init", role, "--force", "--ci", "none", cwd=tmp_path)
        assert f"suite: {OLD}\n" in (tmp_path / "replay.yaml").read_text()


def test_the_python_interface_selects_from_all_suites() -> None:
    assert [item.case.id for item in replay.select(suite=RFC)] == ids(suite=RFC)
    assert [item.case.id for item in replay.select(FIRST)] == [FIRST]
    with pytest.raises(SourceError, match="autobahn, rfc or all"):
        replay.select(suite="rcf")
    with pytest.raises(SourceError, match="no edition"):
        replay.select(suite="rfc@1999.01")


def test_one_case_costs_no_reading_of_other_suites() -> None:
    """Neither their specs nor what is kept of these."""
    program = (
        "import sys\n"
        "sys.addaudithook(lambda name, of: name == 'open' and print(of[0]))\n"
        "from replay.suite.files import chosen\n"
        "chosen(['1.1.1'])"
    )
    opened = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    cases = [line for line in opened.stdout.splitlines() if line.endswith(".cases")]
    assert [Path(line).name for line in cases] == ["1.1-text.cases"]


@pytest.mark.parametrize(("id", "named"), [("20.3.same", False), ("1.1.1", True)])
def test_the_page_names_the_profile_only_where_it_counts(id: str, named: bool, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    suite = ("--suite", "rfc") if not named else ()
    done = run("run", "-q", *suite, id, "--report", f"html={page}", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert ("profile autobahn" in page.read_text(encoding="utf-8")) is named
