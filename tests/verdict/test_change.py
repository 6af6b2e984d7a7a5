"""Two runs of a case are compared by their verdicts, and by their events if both logs hold all of them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from replay.cases.model import Behaviour
from replay.source import Source, SourceError
from replay.trace.model import Cut, Digest, Drop, Entry, How, Logging, Octets, Trace
from replay.verdict.change import Change, Changed, Comparison, Known, Run, compare
from replay.verdict.result import ClosingVerdict
from replay.wire.frame import encode, frame
from replay.wire.side import Side
from tests.report.samples import clean_end, opened

C, S = Side.CLIENT, Side.SERVER
HELLO = Octets(S, encode(frame(1, b"Hello")))
OTHER = Octets(S, encode(frame(1, b"Hellu")))
OWN = Octets(C, encode(frame(1, b"Hello", key=b"abcd")))


def trace(*entries: Entry, recorder: Side = C) -> Trace:
    return Trace(recorder, opened(OWN, *entries, *clean_end()))


def known(of: Trace | None = None, behaviour: Behaviour = Behaviour.OK) -> Known:
    return Known("1.1.1", "a title", behaviour, ClosingVerdict.OK, None, lambda: of)


def changed(was: Known, now: Known) -> Changed:
    (one,) = compare(Run("a", {"1.1.1": was}), Run("b", {"1.1.1": now}))
    return one


def test_the_same_events_are_no_change() -> None:
    one = changed(known(trace(HELLO)), known(trace(HELLO)))
    assert (one.change, one.apart, one.unseen) == (Change.SAME, None, None)


def test_other_events_behind_the_same_verdict_are_shown() -> None:
    one = changed(known(trace(HELLO)), known(trace(OTHER)))
    assert (one.change, one.unseen) == (Change.EVENTS, None)
    assert one.apart is not None
    assert one.apart.divergence is not None
    assert one.apart.divergence.offset == 4


def test_another_end_behind_the_same_verdict_is_shown() -> None:
    ended = Trace(C, (*trace(HELLO).entries[:-1], Drop(C, How.FIN)))
    one = changed(known(trace(HELLO)), known(ended))
    assert one.change is Change.EVENTS
    assert one.apart is not None
    assert one.apart.closing is ClosingVerdict.FAILED_BY_CLIENT


def test_where_the_verdict_changes_the_events_are_compared_too() -> None:
    one = changed(known(trace(HELLO)), known(trace(OTHER), Behaviour.FAILED))
    assert one.change is Change.WORSE
    assert one.apart is not None


HOLE = Octets(S, HELLO.data[:3], cut=Cut(4))


@pytest.mark.parametrize(
    ("was", "now", "unseen"),
    [
        (None, trace(HELLO), "one of the logs is missing"),
        (trace(HELLO), None, "one of the logs is missing"),
        (trace(HELLO), trace(HELLO, recorder=S), "one log is of a client, the other of a server"),
        (trace(HOLE), trace(HELLO), "octets are missing in the log from before"),
        (trace(HELLO), trace(HOLE), "octets are missing in the log from after"),
        (trace(HELLO), trace(Logging(False)), "octets are missing in the log from after"),
        (trace(Digest(S, 1, 5, "0" * 64)), trace(HELLO), "octets are missing in the log from before"),
    ],
)
def test_events_are_compared_only_where_both_logs_have_what_the_testee_sent(
    was: Trace | None, now: Trace | None, unseen: str
) -> None:
    one = changed(known(was), known(now))
    assert (one.change, one.unseen) == (Change.SAME, unseen)
    assert one.apart is None


def test_what_is_missing_of_the_tester_s_octets_does_not_matter() -> None:
    cut = Octets(C, encode(frame(2, bytes(90), key=b"abcd"))[:64], cut=Cut(32))
    one = changed(known(trace(HELLO)), known(trace(HELLO, cut)))
    assert (one.change, one.unseen) == (Change.SAME, None)


def test_a_log_that_cannot_be_read_is_no_difference() -> None:
    def broken() -> Trace | None:
        raise SourceError(Source("log", "x").span(0, 1), "this is no log")

    one = changed(replace(known(), trace=broken), known(trace(HELLO)))
    assert (one.change, one.apart, one.unseen) == (Change.SAME, None, "this is no log")


@pytest.mark.parametrize(("was", "now"), [(True, False), (False, True), (False, False)])
def test_large_logs_are_read_only_if_the_verdict_changed(was: bool, now: bool) -> None:
    before, after = replace(known(trace(HELLO)), light=was), replace(known(trace(OTHER)), light=now)
    one = changed(before, after)
    assert (one.change, one.apart, one.unseen) == (Change.SAME, None, "the logs are large")
    assert changed(before, replace(after, behaviour=Behaviour.FAILED)).apart is not None


@pytest.mark.parametrize(
    ("was", "now", "change"),
    [(True, True, Change.SAME), (True, False, Change.OTHER), (False, True, Change.OTHER)],
)
def test_that_a_case_is_judged_or_not_is_neither_better_nor_worse(
    was: bool, now: bool, change: Change
) -> None:
    before = replace(known(), unjudged=was)
    after = replace(known(), unjudged=now)
    assert changed(before, after).change is change
    if was is not now:
        assert changed(before, replace(after, behaviour=Behaviour.FAILED)).change is Change.OTHER


FAILED, LAX, OK = Behaviour.FAILED, Behaviour.NON_STRICT, Behaviour.OK


@pytest.mark.parametrize(
    ("was", "now", "change"),
    [
        (OK, LAX, Change.WORSE),
        (LAX, FAILED, Change.WORSE),
        (FAILED, LAX, Change.BETTER),
        (LAX, OK, Change.BETTER),
        (OK, Behaviour.INFORMATIONAL, Change.OTHER),
        (LAX, Behaviour.UNIMPLEMENTED, Change.OTHER),
        (OK, OK, Change.SAME),
    ],
)
@pytest.mark.parametrize("partial", [None, "interrupted"])
def test_a_comparison_is_worse_by_one_case_that_is(
    was: Behaviour, now: Behaviour, change: Change, partial: str | None
) -> None:
    others = {"1.1.2": known(), "1.1.3": known()}
    before = Run("a", {**others, "1.1.1": known(behaviour=was)})
    after = Run("b", {**others, "1.1.1": known(behaviour=now)}, partial=partial)
    found = Comparison(before, after, tuple(compare(before, after)))
    assert [one.change for one in found.cases] == [change, Change.SAME, Change.SAME]
    assert found.worse is (change is Change.WORSE)


@pytest.mark.parametrize("partial", [None, "interrupted"])
def test_cases_that_are_gone_are_worse_only_where_the_run_was_cut_off(partial: str | None) -> None:
    before, after = Run("a", {"1.1.1": known()}), Run("b", {"1.1.2": known()}, partial=partial)
    found = Comparison(before, after, tuple(compare(before, after)))
    assert [one.change for one in found.cases] == [Change.GONE, Change.NEW]
    assert found.worse is (partial is not None)


TENTH = 100_000


@pytest.mark.parametrize(
    ("shorter", "longer", "told"),
    [
        (0, TENTH, True),
        (0, TENTH - 1, False),
        (5, 20, False),
        (4 * TENTH, 8 * TENTH, True),
        (4 * TENTH + 2, 8 * TENTH, False),
        (None, TENTH, False),
    ],
)
def test_a_duration_is_told_where_it_moved_by_half_and_by_a_tenth_of_a_second(
    shorter: int | None, longer: int, told: bool
) -> None:
    short, long = replace(known(), duration=shorter), replace(known(), duration=longer)
    by = longer - (shorter or 0)
    assert changed(short, long).moved == (by if told else None)
    assert changed(long, short).moved == (-by if told else None)
    (gone,) = compare(Run("a", {"1.1.1": long}), Run("b", {}))
    (new,) = compare(Run("a", {}), Run("b", {"1.1.1": long}))
    assert (gone.moved, new.moved) == (None, None)


def test_durations_are_summed_of_the_cases_that_both_runs_timed() -> None:
    def timed(**durations: int | None) -> Run:
        return Run("a", {id: replace(known(), id=id, duration=took) for id, took in durations.items()})

    before, after = timed(a=1, b=20, c=None, d=300), timed(a=2, b=40, c=600, e=8000)
    assert Comparison(before, after, tuple(compare(before, after))).durations() == (2, 21, 42)


def test_titles_are_those_of_the_later_run() -> None:
    now = replace(known(), title="another")
    assert changed(known(), now).title == "another"
    (gone,) = compare(Run("a", {"1.1.1": known()}), Run("b", {}))
    assert (gone.change, gone.title) == (Change.GONE, "a title")
    (new,) = compare(Run("a", {}), Run("b", {"1.1.1": now}))
    assert (new.change, new.title) == (Change.NEW, "another")
