"""The records of a stored run, field by field: what is written, what is read back, and how its files are
named."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from replay import __version__
from replay.campaign.rejudged import Rejudged, rejudge
from replay.cases.model import Behaviour, Profile
from replay.source import SourceError
from replay.store.folder import MAX_NAME, folder_name, safe_name
from replay.store.reader import load
from replay.store.writer import About, Store
from replay.suite.files import bundled_items, known
from replay.trace.model import Drop, Entry, How, Octets, Trace
from replay.trace.packed import pack
from replay.trace.wirelog import storable
from replay.verdict.judge import judge
from replay.verdict.result import ClosingVerdict, Judged, RunResult
from replay.wire.frame import encode, frame
from replay.wire.side import Side
from tests import journals
from tests.report.samples import clean_end, close, opened, sent

C, S = Side.CLIENT, Side.SERVER
ABOUT = About(C, "ws://127.0.0.1:9001", 7, {"case": 5}, Profile.RFC, True)
CHOSEN = bundled_items()[:3]
STARS = b"*" * 125


def result(id: str, *entries: Entry) -> Judged:
    return judge(known()[id], Trace(C, opened(*entries), (("case", id),)), C)


GOOD = result("1.1.1", Octets(C, sent(1, b"")), Octets(S, encode(frame(1, b""))), *clean_end())
BAD = result(
    "1.1.2",
    Octets(C, sent(1, STARS)),
    Octets(S, encode(frame(1, STARS[:9] + b"+" + STARS[10:]))),
    Octets(C, close(1000, key=bytes(4))),
    Octets(S, close(1005)),
    Drop(S, How.FIN),
)


def stored(folder: Path, *results: Judged, **end: Any) -> dict[str, Any]:
    """How a run that is stored ended, as its journal has it."""
    store = Store.create(folder, CHOSEN, ABOUT)
    for number, one in enumerate(results):
        store.add(number, one)
    run = RunResult("an agent", ABOUT.address, results, 7, 1.5, planned=len(CHOSEN))
    store.finish(replace(run, **end))
    assert (store.fault, store.place) == (None, folder)
    (found,) = journals.values(folder, "end")
    return found


def test_a_run_is_stored_with_all_that_holds_for_it(tmp_path: Path) -> None:
    end = stored(tmp_path, GOOD, BAD)
    assert journals.values(tmp_path, "run") == [
        {
            "replay": __version__,
            "suite": str(CHOSEN[0].edition),
            "tester": "client",
            "address": "ws://127.0.0.1:9001",
            "seed": 7,
            "limits": {"case": 5},
            "profile": "rfc",
            "thorough": True,
            "cases": [{"id": item.case.id, "title": item.case.title, "of": "suite"} for item in CHOSEN],
            "sources": [],
        }
    ]
    assert end == {
        "state": "stopped",
        "address": "ws://127.0.0.1:9001",
        "agent": "an agent",
        "duration": 1.5,
        "memory": None,
        "unreached": None,
        "died_on": [],
        "counts": {
            "planned": 3,
            "judged": 2,
            "failed": 1,
            "behaviour": {"OK": 1, "FAILED": 1},
            "closing": {"OK": 1, "UNCLEAN": 1},
        },
    }
    kinds = [(record.kind, record.number) for record in journals.records(tmp_path)]
    assert kinds == [("run", 0), ("case", 1), ("case", 2), ("end", 0)]


def test_a_result_is_stored_with_all_that_is_said_of_it(tmp_path: Path) -> None:
    stored(tmp_path, replace(GOOD, began=0.0, notes=("a note",), flaky=True, path="a path"), BAD)
    good, bad = journals.values(tmp_path, "case")
    began = good.pop("began")
    assert began
    assert good == {
        "id": "1.1.1",
        "title": known()["1.1.1"].title,
        "path": "a path",
        "behaviour": "OK",
        "closing": "OK",
        "closing_reason": "the connection was closed as expected",
        "close_code": 1000,
        "failed": False,
        "unjudged": None,
        "cause": None,
        "broken": [],
        "divergence": None,
        "rounds": None,
        "notes": ["a note"],
        "duration": GOOD.duration,
        "flaky": True,
        "expected": None,
        "again": None,
    }
    assert [journals.body(tmp_path, number) for number in (1, 2)] == [
        pack(GOOD.trace),
        pack(BAD.trace),
    ]
    assert [path.name for path in tmp_path.glob("*.wirelog")] == ["002-1.1.2.wirelog"]
    assert (tmp_path / "002-1.1.2.wirelog").read_bytes() == storable(BAD.trace)
    breach, unanswered = BAD.broken
    assert (bad["behaviour"], bad["closing"], bad["failed"], bad["close_code"]) == (
        "FAILED",
        "UNCLEAN",
        True,
        1005,
    )
    assert bad["broken"] == [
        {"rule": "close-code", "side": "server", "offset": breach.start, "detail": "the code is 1005"},
        {
            "rule": "close-answered",
            "side": "server",
            "offset": unanswered.start,
            "detail": "TCP ended without a Close frame",
        },
    ]
    divergence = bad["divergence"]
    assert (divergence["event"], divergence["field"], divergence["offset"]) == (0, "payload", 9)
    assert "offset 9 of 125" in divergence["words"]
    assert set(bad["cause"]) == {"key", "words", "why", "size"}


def test_what_is_stored_is_read_back(tmp_path: Path) -> None:
    stored(tmp_path, GOOD, BAD)
    run = load(tmp_path)
    assert (run.state, run.version, run.suite) == ("stopped", __version__, CHOSEN[0].edition)
    assert (run.tester, run.address, run.agent, run.seed) == (C, ABOUT.address, "an agent", 7)
    assert (run.limits, run.profile, run.thorough) == ({"case": 5}, Profile.RFC, True)
    assert (run.duration, run.unreached, run.sources) == (1.5, None, ())
    assert [(case.number, case.id, case.of, case.source, case.own) for case in run.cases] == [
        (number, item.case.id, "suite", None, False) for number, item in enumerate(CHOSEN, 1)
    ]
    good, bad, none = (case.verdict for case in run.cases)
    assert none is None
    assert good is not None
    assert bad is not None
    for one, was in ((good, GOOD), (bad, BAD)):
        assert (one.behaviour, one.closing, one.closing_reason) == (
            was.behaviour,
            was.closing,
            was.closing_reason,
        )
        assert [(breach.rule, breach.offset) for breach in one.broken] == [
            (breach.rule, breach.start) for breach in was.broken
        ]
        assert (one.duration, one.notes, one.path, one.unjudged) == (was.duration, was.notes, None, None)
        assert (one.flaky, one.note, one.expected, one.again) == (False, "", None, None)
    assert (good.close_code, bad.close_code) == (1000, 1005)
    assert (good.divergence, good.cause) == (None, None)
    assert bad.divergence is not None
    assert bad.cause is not None
    assert (bad.id, bad.title) == ("1.1.2", known()["1.1.2"].title)


@pytest.mark.parametrize(
    ("results", "end", "state", "partial"),
    [
        ([GOOD, BAD, GOOD], {}, "complete", None),
        (
            [GOOD],
            {},
            "stopped",
            "a partial run with 1 of 3 cases: it was stopped before all cases had run",
        ),
        ([], {"interrupted": True}, "interrupted", "a partial run with 0 of 3 cases: it was interrupted"),
        (
            [GOOD, BAD],
            {"unreached": "refused", "interrupted": True},
            "unreached",
            "a partial run with 2 of 3 cases: the testee could not be reached: refused",
        ),
        ([GOOD, BAD, GOOD], {"unreached": "refused"}, "unreached", None),
        (
            [GOOD, BAD, GOOD],
            {"interrupted": True},
            "interrupted",
            "a partial run with 3 of 3 cases: it was interrupted",
        ),
    ],
)
def test_how_a_run_ended_is_kept(
    tmp_path: Path, results: list[Judged], end: dict[str, Any], state: str, partial: str | None
) -> None:
    assert stored(tmp_path, *results, **end)["state"] == state
    assert load(tmp_path).partial == partial


def test_a_run_that_has_not_ended_is_one_that_is_running(tmp_path: Path) -> None:
    store = Store.create(tmp_path, CHOSEN, ABOUT)
    store.add(1, BAD)
    run = load(tmp_path)
    assert run.state == "running"
    assert run.partial == "a partial run with 1 of 3 cases: it was cut off, or is still running"
    assert [case.verdict is None for case in run.cases] == [True, False, True]
    store.close()
    store.add(0, GOOD)
    assert load(tmp_path).cases[0].verdict is None


def test_results_that_are_missing_make_a_run_partial(tmp_path: Path) -> None:
    stored(tmp_path, GOOD, BAD)
    journals.says(tmp_path, "end", 0, state="complete")
    assert load(tmp_path).partial == "a partial run with 2 of 3 cases: some of its results are missing"


def test_a_case_agrees_only_if_all_of_its_verdict_is_derived_again(tmp_path: Path) -> None:
    stored(tmp_path, GOOD, BAD)
    good, bad = rejudge(load(tmp_path))
    assert good.agrees
    assert bad.agrees
    assert bad.result is not None
    for other in (
        replace(bad.result, behaviour=Behaviour.OK),
        replace(bad.result, closing=ClosingVerdict.OK),
        replace(bad.result, broken=()),
        replace(bad.result, unjudged="the log leaves out octets"),
    ):
        assert not Rejudged(bad.case, other).agrees
    assert not Rejudged(bad.case, None, "a fault").agrees
    assert not Rejudged(replace(bad.case, verdict=None), bad.result).agrees


def test_a_log_that_was_changed_is_not_judged(tmp_path: Path) -> None:
    stored(tmp_path, GOOD, BAD)
    (tmp_path / "002-1.1.2.wirelog").write_text("# the file isn't what is judged\n")
    journals.damage(tmp_path, 1, b"HTTP/1.1 101")
    changed, same = rejudge(load(tmp_path))
    assert changed.result is None
    assert changed.fault is not None
    assert re.search(
        r"damaged, the record of case 1\.1\.1 at octet \S+ has a wrong checksum", changed.fault
    )
    assert same.agrees


@pytest.mark.parametrize(
    ("kind", "key", "value", "wants"),
    [
        ("end", "state", "done", "state: invalid enum value 'done'"),
        ("end", "state", 1, "state: expected str, got int"),
        ("end", "agent", 1, "agent: expected str | null, got int"),
        ("run", "cases", [1], "cases[0]: expected object, got int"),
        ("run", "tester", "peer", "tester: invalid enum value 'peer'"),
        ("run", "profile", "x", "profile: invalid enum value 'x'"),
        ("run", "seed", True, "seed: expected int | null, got bool"),
        ("run", "seed", "7", "seed: expected int | null, got str"),
        ("run", "limits", None, "limits: expected object, got null"),
        ("run", "replay", None, "replay: expected str, got null"),
        ("run", "sources", [{"name": "x", "file": "x"}], "sources[0].file: expected int, got str"),
    ],
)
def test_a_field_that_is_damaged_is_named(
    tmp_path: Path, kind: str, key: str, value: object, wants: str
) -> None:
    stored(tmp_path, GOOD)
    journals.says(tmp_path, kind, 0, **{key: value})
    with pytest.raises(
        SourceError, match=r"run\.journal: damaged, the record of \S+ \S+ at octet \S+: "
    ) as raised:
        load(tmp_path)
    assert wants in str(raised.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"of": "else"}, "cases[1].of: invalid enum value 'else'"),
        ({"of": "suite", "source": 0}, "expected 'source' to be the number of a source"),
        ({"of": "spec", "source": None}, "expected 'source' to be the number of a source"),
        ({"of": "spec", "source": 1}, "expected 'source' to be the number of a source"),
        ({"of": "log", "source": -1}, "expected 'source' to be the number of a source"),
    ],
)
def test_a_case_of_a_plan_that_is_damaged_is_named(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    stored(tmp_path, GOOD)
    (run,) = journals.values(tmp_path, "run")
    run["cases"][1] |= change
    journals.says(tmp_path, "run", 0, sources=[{"name": "x", "file": 0}], cases=run["cases"])
    with pytest.raises(SourceError, match="damaged") as raised:
        load(tmp_path)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("1.2.3", "1.2.3"),
        ("a b/c", "a%20b%2Fc"),
        ("..", "%2E%2E"),
        (".a.", "%2Ea%2E"),
        ("é", "%C3%A9"),
        ("a_b-c", "a_b-c"),
        ("", ""),
        ("x" * MAX_NAME, "x" * MAX_NAME),
    ],
)
def test_a_text_is_a_safe_name(text: str, name: str) -> None:
    assert safe_name(text) == name


def test_a_long_text_is_cut_and_told_from_others_by_its_hash() -> None:
    for text in ("x" * (MAX_NAME + 1), " " * MAX_NAME):
        name = safe_name(text)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        assert name.endswith(f"-{digest}")
        assert MAX_NAME - 2 <= len(name) <= MAX_NAME
        assert not name.removesuffix(f"-{digest}").endswith(("%", "%2"))


def test_agents_of_one_name_have_a_folder_each() -> None:
    taken: set[str] = set()
    names = [folder_name(agent, taken) for agent in ("ws", "WS", "ws/1", "ws", "other")]
    assert names == ["ws", "WS-2", "ws%2F1", "ws-3", "other"]
    assert taken == {name.lower() for name in names}
