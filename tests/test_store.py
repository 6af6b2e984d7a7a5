"""A stored run says what was judged, can be judged again, and is whole whenever it is cut off."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from replay.campaign.judged import briefly
from replay.campaign.rejudged import Rejudged, rejudge
from replay.campaign.server import Seen
from replay.cases.model import Behaviour
from replay.cases.recorded import case_of
from replay.play.endpoint import Limits
from replay.report import terminal
from replay.source import Source, SourceError
from replay.store.folder import LAST, MAX_NAME, PREVIOUS, safe_name
from replay.store.reader import load
from replay.store.stored_run import StoredRun
from replay.store.writer import About, Store
from replay.suite.files import Item, bundled, bundled_items, items, known
from replay.trace.model import Drop, Logging, Trace
from replay.trace.wirelog import parse, write
from replay.verdict.result import ClosingVerdict, Fresh, Judged, Logged
from replay.wire.side import Side
from tests import journals, strategies
from tests.memory import against
from tests.processes import ROOT
from tests.storing import CLIENT, judged, played, run_of

OLD_RUNS = ROOT / "tests" / "data" / "old_runs"

PROGRAM = (sys.executable, "-m", "tests.storing")

BROKEN: Sequence[Sequence[dict[str, object]]] = (
    (),
    ({"at": 0.05, "tcp": "drop"},),
    ({"at": 0.05, "octets": "817f"}, {"at": 0.1, "tcp": "drop"}),
    ({"at": 0.05, "octets": "8300ffff"},),
    ({"at": 0.05, "octets": "8102edad"}, {"at": 0.1, "octets": "880203e8"}),
    ({"at": 0.05, "octets": "81ff7fffffffffffffff00000000"},),
    ({"at": 0.05, "octets": "c18488027f7f00" + "0d0a3c2f7072653e" * 9},),
    ({"at": 0.05, "octets": "8104" + b'"\\\r\n'.hex()}, {"at": 0.1, "octets": "8800"}),
)


LIGHT = [item for item in bundled_items() if item.case.id.partition(".")[0] not in ("9", "12", "13")]
HEAVY = [
    Item(known()[id])
    for id in ("9.1.1", "9.2.2", "9.3.6", "9.5.6", "9.7.2", "12.1.1", "12.5.12", "13.1.18", "13.7.5")
]


def _about(tester: Side) -> About:
    return replace(CLIENT, tester=tester)


def _stored(
    folder: Path, chosen: Sequence[Item], results: Sequence[Fresh], tester: Side = Side.CLIENT
) -> StoredRun:
    store = Store.create(folder, chosen, _about(tester))
    for number, result in enumerate(results):
        store.add(number, result)
    store.finish(run_of(results, len(chosen)))
    assert store.fault is None
    return load(folder)


def _agrees(run: StoredRun, results: Sequence[Judged]) -> list[Rejudged]:
    again = list(rejudge(run))
    assert [(one.case.id, one.fault) for one in again] == [(was.case.id, None) for was in results]
    for was, now in zip(results, again, strict=True):
        assert now.agrees, now.case.id
        assert now.result is not None
        for field in (
            "behaviour",
            "closing",
            "closing_reason",
            "events",
            "broken",
            "facts",
            "notes",
            "path",
        ):
            assert getattr(now.result, field) == getattr(was, field), (now.case.id, field)
        assert (now.result.divergence, now.result.duration) == (was.divergence, was.duration)
    return again


# Every verdict can be derived again.


@pytest.mark.parametrize("tester", Side)
def test_the_bundled_suite_rejudges(tmp_path: Path, tester: Side) -> None:
    chosen = LIGHT + HEAVY
    results = [played(item, tester) for item in chosen]
    assert {result.behaviour for result in results} == {Behaviour.OK, Behaviour.INFORMATIONAL}
    run = _stored(tmp_path / "run", chosen, results, tester)
    assert (run.state, run.partial, run.tester, run.seed) == ("complete", None, tester, 7)
    assert (run.agent, run.limits) == ("an agent", asdict(Limits()))
    _agrees(run, results)
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["run.journal"]
    assert {record.kind for record in journals.records(tmp_path / "run")} == {"run", "case", "end"}


@pytest.mark.parametrize("tester", Side)
def test_broken_peers_rejudge(tmp_path: Path, tester: Side) -> None:
    some = LIGHT[::12]
    chosen = [item for item in some for _ in BROKEN]
    traces = (
        against(item.case, tester, peer) for item, peer in zip(chosen, [*BROKEN] * len(some), strict=True)
    )
    results = [judged(item, trace, tester) for item, trace in zip(chosen, traces, strict=True)]
    assert {result.failed for result in results} == {True, False} or tester is Side.SERVER
    _agrees(_stored(tmp_path, chosen, results, tester), results)


@pytest.mark.parametrize("tester", Side)
def test_recorded_logs_as_their_own_expectation_rejudge(tmp_path: Path, tester: Side) -> None:
    chosen = []
    for number, item in enumerate(LIGHT[::3]):
        log = tmp_path / f"own {number}.wirelog"
        log.write_text(write(replace(played(item, tester).trace, headers=(("title", f"No {number}"),))))
        chosen += items([str(log)], tester)
    assert {item.case.closing for item in chosen} == {None}
    results = [played(item, tester) for item in chosen]
    results[3] = judged(chosen[3], against(chosen[3].case, tester, BROKEN[1]), tester)
    assert results[3].failed
    run = _stored(tmp_path / "run", chosen, results, tester)
    for log in tmp_path.glob("*.wirelog"):
        log.unlink()  # what is stored is enough
    again = _agrees(run, results)
    shown = again[3].result
    assert shown is not None
    assert shown.case == results[3].case
    assert str(shown.case.span) == str(results[3].case.span)


def test_logs_that_name_a_known_case_rejudge(tmp_path: Path) -> None:
    chosen = items(
        [str(bundled("traces")), str(ROOT / "tests/fixtures/autobahn-case-1.2.3-report.txt")], Side.CLIENT
    )
    results = [played(item) for item in chosen]
    again = _agrees(_stored(tmp_path, chosen, results), results)
    assert [one.result and one.result.case.trace for one in again] == [item.case.trace for item in chosen]


SPEC = """
section: "my"
title: Files
cases:
  - id: my.$n
    matrix:
      n:
        a: {file: a.bin}
        b: {file: deep/b.bin}
    send:
      - binary: {file: $file, size: 300}
    expect:
      - ok: [echo]
  - id: my.trace
    send:
      trace: "sent ü.wirelog"
    expect:
      - ok: [echo]
"""


def _own_spec(folder: Path) -> list[Item]:
    (folder / "deep").mkdir(parents=True)
    (folder / "a.bin").write_bytes(b"\r\n\xff")
    (folder / "deep" / "b.bin").write_bytes(b"b")
    (folder / "sent ü.wirelog").write_text(write(played(Item(known()["1.2.3"])).trace), encoding="utf-8")
    (folder / "my.yaml").write_text(SPEC, encoding="utf-8")
    return items([str(folder / "my.yaml")], Side.CLIENT)


def test_specs_of_users_are_stored_with_what_they_name(tmp_path: Path) -> None:
    chosen = _own_spec(tmp_path / "specs")
    results = [played(item) for item in chosen]
    assert [result.behaviour for result in results] == [Behaviour.OK] * 3
    run = _stored(tmp_path / "run", chosen, results)
    (tmp_path / "specs").rename(tmp_path / "gone")
    again = _agrees(run, results)
    assert [one.result and one.result.case for one in again] == [item.case for item in chosen]
    assert [str(one.result and one.result.case.span) for one in again] == [str(i.case.span) for i in chosen]
    assert len(journals.values(tmp_path / "run", "file")) == 4


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_a_peer_sends_rejudges(tmp_path: Path, data: st.DataObject) -> None:
    tester = data.draw(strategies.sides)
    sent = data.draw(st.lists(st.binary(min_size=1, max_size=40) | strategies.frames(), max_size=4))
    peer: list[dict[str, object]] = [{"at": 0.05 * n, "octets": o.hex()} for n, o in enumerate(sent, 1)]
    if data.draw(st.booleans()):
        peer.append({"at": 0.4, "tcp": "drop"})
    case = data.draw(st.sampled_from(LIGHT)).case
    trace = against(case, tester, peer)
    chosen = [Item(case), Item(case_of(trace, "own", tester))]
    results = [judged(item, trace, tester) for item in chosen]
    _agrees(_stored(tmp_path, chosen, results, tester), results)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(Trace(Side.CLIENT, (Drop(Side.CLIENT), Logging(on=False))))
@given(strategies.traces())
def test_whatever_was_seen_rejudges(tmp_path: Path, trace: Trace) -> None:
    trace = replace(trace, headers=())
    chosen = [Item(known()["1.1.2"])]
    results = [judged(chosen[0], trace, trace.recorder)]
    _agrees(_stored(tmp_path, chosen, results, trace.recorder), results)


# What stands in the journal.


@pytest.mark.parametrize(("thorough", "rounds"), [(False, [25, 1000]), (True, [1000, 1000])])
def test_a_verdict_says_how_many_rounds_were_played(
    tmp_path: Path, thorough: bool, rounds: list[int]
) -> None:
    item = Item(known(thorough)["12.1.6"])
    _stored(tmp_path, [item], [judged(item, against(item.case, Side.CLIENT, BROKEN[4]))])
    assert [case["rounds"] for case in journals.values(tmp_path, "case")] == [rounds]


def test_a_verdict_says_what_it_rests_on(tmp_path: Path) -> None:
    item = Item(known()["1.1.2"], notes=("a note\n",))
    result = judged(item, against(item.case, Side.CLIENT, BROKEN[4]))
    run = _stored(tmp_path, [item], [result])
    (case,) = journals.values(tmp_path, "case")
    assert case["behaviour"] == "FAILED"
    assert case["broken"][0]["rule"] == "text-is-utf8"
    assert case["divergence"]["words"].startswith("1st event: ")
    assert case["notes"] == ["a note\n"]
    assert case["rounds"] is None
    assert parse(Source.read(tmp_path / "001-1.1.2.wirelog")).trace == result.trace
    (stored,) = run.cases
    assert stored.verdict is not None
    assert stored.log is not None
    assert stored.log.read() == (tmp_path / "001-1.1.2.wirelog").read_bytes()
    first = stored.verdict.broken[0]
    assert (first.rule, first.offset) == ("text-is-utf8", result.broken[0].start)
    (end,) = journals.values(tmp_path, "end")
    counts = end["counts"]
    assert (counts["planned"], counts["judged"], counts["failed"]) == (1, 1, 1)
    assert counts["behaviour"] == {"FAILED": 1}


def test_a_verdict_that_differs_is_told(tmp_path: Path) -> None:
    item = bundled_items()[0]
    _stored(tmp_path, [item], [played(item)])
    journals.says(tmp_path, "case", 1, closing="UNCLEAN")
    (again,) = rejudge(load(tmp_path))
    assert again.result is not None
    assert again.case.verdict is not None
    assert not again.agrees
    assert again.case.verdict.closing is ClosingVerdict.UNCLEAN
    assert again.result.closing is ClosingVerdict.OK


HOSTILE = (
    "../../x",
    "CON",
    "a/b",
    "\x00",
    "a" * 300,
    "ü" * 90,
    "ü",
    "..",
    ".",
    "",
    "%2e",
    "\ud800",
    "nul.txt",
)


def test_hostile_ids_stay_inside(tmp_path: Path) -> None:
    first = bundled_items()[0]
    bad = judged(first, against(first.case, Side.CLIENT, BROKEN[1]))
    chosen = [Item(replace(first.case, id=id, title=id)) for id in HOSTILE]
    results = [replace(bad, case=item.case, path=item.case.id) for item in chosen]
    folder = tmp_path / "deep" / "run"
    run = _stored(folder, chosen, results)
    assert [case.id for case in run.cases] == list(HOSTILE)
    assert {path.name for path in tmp_path.rglob("*") if path.parent != folder} == {"deep", "run"}
    names = [path.name for path in folder.iterdir()]
    assert len(names) == len(HOSTILE) + 1
    assert len({name.lower() for name in names}) == len(names)
    assert "002-CON.wirelog" in names
    assert all(name.isascii() and len(name) < MAX_NAME + 20 and not name.startswith(".") for name in names)


@given(st.text(max_size=200))
def test_a_safe_name_is_one(text: str) -> None:
    name = safe_name(text)
    assert len(name) <= MAX_NAME
    assert set(name) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-%")
    assert not name.startswith(".")
    assert not name.endswith(".")


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (b'"of":"suite"', b'"of":"log"'),
        (b'"of":"suite"', b'"of":"log","source":3'),
        (b'"tester":"client"', b'"tester":1'),
        (b'"cases":[', b'"cases":[3,'),
        (b"{", b"[" * 100_000),
        (b"}", b""),
    ],
)
def test_a_damaged_run_is_an_error_that_names_the_file(tmp_path: Path, was: bytes, now: bytes) -> None:
    item = bundled_items()[0]
    _stored(tmp_path, [item], [played(item)])
    journals.change(tmp_path, "run", 0, lambda value: value.replace(was, now))
    with pytest.raises(SourceError, match=r"run\.journal: damaged, the record of the run at octet 17: "):
        load(tmp_path)


@pytest.mark.parametrize(
    ("first", "said"),
    [
        (b"replay journal 3\n", "expected version 2 of the format, or an older one"),
        (b"replay journal 10", "expected version 2 of the format, or an older one"),
        (b"replay journal 0\n", "expected version 2 of the format, or an older one"),
        (b"{", "expected 'replay journal 2' as its first line"),
        (b"", "expected 'replay journal 2' as its first line"),
        (b"replay journal", "expected 'replay journal 2' as its first line"),
        (b"replay journal 2\n", "the record of the run is missing"),
        (b"replay journal 1\n", "the record of the run is missing"),
    ],
)
def test_what_is_no_journal_is_told(tmp_path: Path, first: bytes, said: str) -> None:
    (tmp_path / "run.journal").write_bytes(first)
    with pytest.raises(SourceError, match=said):
        load(tmp_path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: journals.change(folder, "case", 2, lambda value: b""),
        lambda folder: journals.change(folder, "case", 2, lambda value: b"{}"),
        lambda folder: journals.change(folder, "case", 2, lambda value: b"\xff\0" * 9),
        lambda folder: journals.damage(folder, 2, b'"behaviour"'),
        lambda folder: journals.damage(folder, 2, b"HTTP/1.1 101"),
        lambda folder: journals.change(folder, "case", 2, log=lambda log: b""),
        lambda folder: journals.change(folder, "case", 2, log=lambda log: b"\xff" * 99),
    ],
)
def test_a_damaged_case_is_unreadable_and_the_others_are_not(tmp_path: Path, damage: object) -> None:
    chosen = bundled_items()[:3]
    _stored(tmp_path, chosen, [played(item) for item in chosen])
    assert callable(damage)
    damage(tmp_path)
    again = list(rejudge(load(tmp_path)))
    assert [one.agrees for one in again] == [True, False, True]
    assert again[1].fault is not None
    assert "1.1.2" in again[1].fault or "its log was too large" in again[1].fault


def test_a_damaged_source_makes_its_cases_unreadable(tmp_path: Path) -> None:
    chosen = [*_own_spec(tmp_path / "specs"), *bundled_items()[:1]]
    _stored(tmp_path / "run", chosen, [played(item) for item in chosen])
    journals.change(tmp_path / "run", "file", 0, log=lambda spec: b"cases: [")
    assert [one.fault is None for one in rejudge(load(tmp_path / "run"))] == [False, False, False, True]


def test_a_case_that_the_suite_no_longer_has_is_told(tmp_path: Path) -> None:
    item = bundled_items()[0]
    gone = Item(replace(item.case, id="1.1.99"))
    (again,) = rejudge(_stored(tmp_path, [gone], [replace(played(item), case=gone.case)]))
    assert again.fault is not None
    assert "1.1.99" in again.fault


@pytest.mark.parametrize("item", HEAVY, ids=lambda item: item.case.id)
def test_what_passed_in_another_process_is_stored_as_if_it_was_judged_here(
    tmp_path: Path, item: Item
) -> None:
    here = played(item)
    told: Seen = pickle.loads(pickle.dumps(Seen(here.trace, briefly(item, here.trace, Side.CLIENT))))
    assert told.passed is not None
    assert not told.trace.entries
    there = Logged(case=item.case, **told.passed)
    told_of: tuple[tuple[str, Fresh], ...] = (("here", here), ("there", there))
    for name, result in told_of:
        _stored(tmp_path / name, [item], [result])
    here_, there_ = (tmp_path / name / "run.journal" for name in ("here", "there"))
    assert here_.read_bytes() == there_.read_bytes()
    assert terminal.line(there, 100) == terminal.line(here, 100)


def test_what_did_not_pass_and_what_is_wanted_comes_back_with_its_octets() -> None:
    item = LIGHT[0]
    failed = judged(item, against(item.case, Side.CLIENT, BROKEN[3]))
    assert failed.behaviour is Behaviour.FAILED
    wrong = Seen(failed.trace, briefly(item, failed.trace, Side.CLIENT))
    for seen in (wrong, Seen(played(item).trace)):
        told: Seen = pickle.loads(pickle.dumps(seen))
        assert (told.trace, told.passed) == (seen.trace, None)


def test_a_log_too_large_to_be_read_again_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("replay.trace.packed.MAX_LOG", 100)
    item = bundled_items()[0]
    (again,) = rejudge(_stored(tmp_path, [item], [played(item)]))
    assert again.fault == "its log was too large to be stored"
    assert not list(tmp_path.glob("*.wirelog"))


# Whose folder it is.


def test_the_default_folder_keeps_the_run_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    chosen = bundled_items()[:2]
    results = [played(item) for item in chosen]
    for seed in (1, 2, 3):
        store = Store.create(None, chosen, replace(CLIENT, seed=seed))
        assert store.fault is None
        store.add(0, results[0])
        store.finish(run_of(results[:1], 2))
    assert (load(LAST).seed, load(PREVIOUS).seed) == (3, 2)
    assert load(PREVIOUS).partial == (
        "a partial run with 1 of 2 cases: it was stopped before all cases had run"
    )
    assert sorted(path.name for path in LAST.parent.iterdir()) == [".gitignore", "last", "previous"]
    (LAST / "run.journal").unlink()
    (LAST / "mine").touch()
    with pytest.raises(SourceError, match="something other than a run"):
        Store.create(None, chosen, CLIENT)


def test_a_run_without_a_result_takes_the_place_of_none_with_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    chosen = bundled_items()[:2]
    results = [played(item) for item in chosen]
    for seed, came in enumerate((results, [], results, [], [])):
        store = Store.create(None, chosen, replace(CLIENT, seed=seed))
        for number, result in enumerate(came):
            store.add(number, result)
        store.finish(run_of(came, 2))
    assert (load(LAST).seed, load(PREVIOUS).seed) == (4, 2)
    assert sorted(path.name for path in LAST.parent.iterdir()) == [".gitignore", "last", "previous"]


@pytest.mark.skipif(os.open not in os.supports_dir_fd, reason="needs folders by descriptor")
def test_a_run_goes_on_in_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    chosen = bundled_items()[:2]
    first = Store.create(None, chosen, replace(CLIENT, seed=1))
    second = Store.create(None, chosen, replace(CLIENT, seed=2))
    result = played(chosen[0])
    first.add(0, result)
    first.finish(run_of([result], 2, interrupted=True))
    assert load(LAST).partial == "a partial run with 0 of 2 cases: it was cut off, or is still running"
    assert load(PREVIOUS).partial == "a partial run with 1 of 2 cases: it was interrupted"
    second.close()


def test_a_folder_of_the_user_s_is_replaced_only_if_it_holds_a_run(tmp_path: Path) -> None:
    chosen = bundled_items()[:2]
    folder, other = tmp_path / "new" / "run", tmp_path / "other"
    failed = [judged(item, against(item.case, Side.CLIENT, BROKEN[1])) for item in chosen]
    _stored(folder, chosen, failed)
    (folder / "notes.txt").write_text("mine")
    (folder / ".tmp-001-1.1.1.json").write_text("left over")
    assert load(folder).partial is None
    run = _stored(folder, chosen[1:], failed[1:])
    assert [case.id for case in run.cases] == ["1.1.2"]
    names = ["001-1.1.2.wirelog", "notes.txt", "run.journal"]
    assert sorted(path.name for path in folder.iterdir()) == names
    other.mkdir()
    for name, text in (
        *(("run.json", '{"format": "other"}'), ("run.json", ""), ("a.txt", "x")),
        *(("run.journal", "replay"), ("run.journal", "")),
    ):
        (other / name).write_text(text)
        with pytest.raises(SourceError, match="something other than a run"):
            Store.create(other, chosen, CLIENT)
        assert (other / name).read_text() == text
        assert len(list(other.iterdir())) == 1
        (other / name).unlink()
    (tmp_path / "file").write_text("x")
    for name in ("file", "file/run"):
        with pytest.raises(SourceError, match="is not a folder"):
            Store.create(tmp_path / name, chosen, CLIENT)
    with pytest.raises(SourceError, match="no run is stored here"):
        load(other)


def test_a_run_of_an_earlier_replay_is_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(OLD_RUNS / "files", folder)
    (folder / "sources" / "mine").touch()
    item = bundled_items()[0]
    assert [case.id for case in _stored(folder, [item], [played(item)]).cases] == ["1.1.1"]
    assert {path.name for path in folder.rglob("*")} == {"run.journal", "sources", "mine"}


def test_a_second_result_takes_the_place_of_the_first(tmp_path: Path) -> None:
    item = bundled_items()[0]
    store = Store.create(tmp_path, [item], CLIENT)
    store.add(0, judged(item, against(item.case, Side.CLIENT, BROKEN[0])))
    assert (tmp_path / "001-1.1.1.wirelog").is_file()
    store.add(0, good := played(item))
    store.finish(run_of([good], 1))
    _agrees(load(tmp_path), [good])
    assert [path.name for path in tmp_path.iterdir()] == ["run.journal"]


@pytest.mark.skipif(os.open not in os.supports_dir_fd, reason="needs folders by descriptor")
def test_two_runs_that_start_at_once_have_a_folder_each(tmp_path: Path) -> None:
    command = [*PROGRAM, "starting", str(tmp_path)]
    both = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        for _ in range(2)
    ]
    said = [process.communicate("\n")[0] for process in both]
    assert said == ["None\n"] * 2
    for name in (LAST, PREVIOUS):
        run = load(tmp_path / name)
        assert run.partial == f"a partial run with 1 of {len(bundled_items())} cases: it was interrupted"
        assert [one.agrees for one in rejudge(run)] == [True]


# What is left when it ends before its time.


@pytest.mark.parametrize("steps", [2, 3, 6, 10, 11, 12, 15, 20, 21, 31])
def test_a_run_that_was_killed_is_partial_and_valid(tmp_path: Path, steps: int) -> None:
    """It is killed somewhere in a step: in the making of a run, or in the storing of a result."""
    command = [*PROGRAM, "storing", str(tmp_path / "run")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        for _ in range(steps):
            assert process.stdout.readline() == "step\n"
            process.stdin.write("\n")
            process.stdin.flush()
        process.kill()
    run = load(tmp_path / "run")
    assert run.state == "running"
    assert run.partial is not None
    assert "cut off" in run.partial
    again = list(rejudge(run))
    assert [one.fault for one in again if not one.agrees] == []
    if (added := (steps - 1) % 10) != 0:
        assert len(again) in (added - 1, added)
    store = Store.create(tmp_path / "run", bundled_items(), CLIENT)  # and it may be replaced
    assert store.fault is None
    store.close()


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
def test_a_disk_that_is_full_ends_the_storing_and_not_the_run(tmp_path: Path) -> None:
    command = [*PROGRAM, "full", str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout == f"{tmp_path / 'run'}: file too large; no more results are stored\n"
    run = load(tmp_path / "run")
    assert run.partial == "a partial run with 5 of 9 cases: it was cut off, or is still running"
    assert [one.agrees for one in rejudge(run)] == [True] * 5
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["run.journal"]


def test_a_folder_that_cannot_be_written_is_said_once(tmp_path: Path) -> None:
    item = bundled_items()[0]
    store = Store.create(tmp_path / ("long" * 100), [item], CLIENT)
    assert store.fault is not None
    assert "file name too long" in store.fault
    said = store.fault
    store.add(0, played(item))
    store.finish(run_of([], 1))
    assert store.fault == said
