"""Journals that are cut off, damaged or made up: what is whole is read, and nothing else is believed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from replay.campaign.columns import columns
from replay.campaign.rejudged import rejudge
from replay.commands import compared, stored
from replay.report.layout import as_text
from replay.source import SourceError
from replay.store import journal
from replay.store.journal import JournalRecord
from replay.store.reader import load
from replay.store.stored_run import StoredRun
from replay.store.writer import Store
from replay.suite.files import bundled_items
from replay.verdict.stored_verdict import StoredVerdict
from tests import journals
from tests.memory import against
from tests.processes import ROOT
from tests.storing import CLIENT, judged, played, run_of

CHOSEN = bundled_items()[:3]

Seen = dict[str, tuple[StoredVerdict, bytes | None]]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of three cases. The first failed, and passed when it was played again; the second fails."""
    folder = tmp_path_factory.mktemp("whole")
    failed = [
        judged(item, against(item.case, CLIENT.tester, ({"at": 0.05, "tcp": "drop"},))) for item in CHOSEN
    ]
    passed = [played(item) for item in CHOSEN]
    results = [passed[0], failed[1], passed[2]]
    store = Store.create(folder, CHOSEN, CLIENT)
    for number, result in ((0, failed[0]), *enumerate(results)):
        store.add(number, result)
    store.finish(run_of(results, len(CHOSEN)))
    assert store.fault is None
    return folder


def seen(run: StoredRun) -> Seen:
    """The verdicts that are read, with their logs."""
    found: Seen = {}
    for case in run.cases:
        if case.verdict is not None:
            found[case.id] = case.verdict, None if case.log is None else case.log.read()
    return found


def places(folder: Path) -> list[int]:
    """The octets of a journal: all where a record begins or ends, and some of what is between."""
    size = (folder / journal.NAME).stat().st_size
    edges = [0, *(record.at for record in journals.records(folder)), size]
    near = {at for edge in edges for at in range(edge - 40, edge + 60)}
    return sorted(near.intersection(range(size)).union(range(0, size, 13)))


def test_it_is_cut_off_at_any_octet(whole: Path, tmp_path: Path) -> None:
    octets, records = (whole / journal.NAME).read_bytes(), journals.records(whole)
    everything = seen(load(whole))
    assert [(record.kind, record.number) for record in records] == [
        *(("run", 0), ("case", 1), ("case", 1), ("case", 2), ("case", 3), ("end", 0))
    ]
    begin = records[1].at  # before that it doesn't say what the run is
    ends = [record.at for record in records[2:]] + [len(octets)]
    for cut in places(whole):
        (tmp_path / journal.NAME).write_bytes(octets[:cut])
        if cut < begin:
            with pytest.raises(SourceError, match=r"run\.journal: damaged, "):
                load(tmp_path)
            continue
        run = load(tmp_path)
        here = len({record.number for record, end in zip(records[1:-1], ends, strict=False) if end <= cut})
        said = f"a partial run with {here} of 3 cases: it was cut off, or is still running"
        assert (run.partial, len(seen(run)), run.damage) == (said, here, None), cut
        for id, found in seen(run).items():
            assert found == everything[id] or (id == "1.1.1" and cut < ends[1]), cut


def test_any_octet_is_another_one(whole: Path, tmp_path: Path) -> None:
    octets, everything = (whole / journal.NAME).read_bytes(), seen(load(whole))
    begin = journals.records(whole)[1].at
    twice, end_of_twice = journals.records(whole)[2], journals.records(whole)[3].at
    for at in places(whole):
        changed = bytearray(octets)
        changed[at] ^= 1 << at % 8
        (tmp_path / journal.NAME).write_bytes(changed)
        if at < begin:
            with pytest.raises(SourceError, match=r"run\.journal: "):
                load(tmp_path)
            continue
        run = load(tmp_path)
        assert run.partial is not None, at
        for id, found in seen(run).items():
            assert found == everything[id] or (id == "1.1.1" and twice.at <= at < end_of_twice), at


def test_what_stands_where_no_record_begins_is_not_read(whole: Path, tmp_path: Path) -> None:
    octets, records = (whole / journal.NAME).read_bytes(), journals.records(whole)
    third = records[3].at
    for found, here in (
        *((b"\0" * 99, 1), (b"case 2 9 9 zzzzzzzz\n{}", 1), (b"case -1 0 0 00000000\n", 1)),
        *((octets[third + 1 :], 2), (octets[third + 5 :], 1)),
    ):
        (tmp_path / journal.NAME).write_bytes(octets[:third] + found)
        run = load(tmp_path)
        assert run.damage == f"run.journal is damaged at octet {third:,}"
        assert run.partial == f"a partial run with {here} of 3 cases: {run.damage}"


def test_lengths_are_checked_against_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / journal.NAME
    for head in (b"run 0 999999999999 0 00000000\n", b"run 0 0 999999999999 00000000\n", b"run 0 9 0 0"):
        path.write_bytes(journal.FIRST_LINE + head)
        found: list[JournalRecord] = []
        assert journal.read(path, found.append) is None
        assert found == []


def test_what_is_not_of_the_run_is_passed_over(whole: Path, tmp_path: Path) -> None:
    """Records of a later replay, and cases that the plan doesn't have."""
    octets, records = (whole / journal.NAME).read_bytes(), journals.records(whole)
    more = [
        journal.record(*one) for one in (("case", 0, b"{}"), ("case", 4, b"{}"), ("new", 1, b"0", b"x"))
    ]
    end = records[-1].at
    (tmp_path / journal.NAME).write_bytes(octets[:end] + b"".join(more) + octets[end:])
    assert seen(load(tmp_path)) == seen(load(whole))
    assert load(tmp_path).partial is None


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["run", "case", "x"]),
            st.integers(0, 9),
            st.binary(max_size=60),
            st.binary(max_size=60),
        ),
        max_size=6,
    ),
    st.binary(max_size=30),
)
def test_what_is_appended_is_read(
    tmp_path: Path, said: list[tuple[str, int, bytes, bytes]], torn: bytes
) -> None:
    path = tmp_path / journal.NAME
    path.write_bytes(journal.FIRST_LINE)
    at = os.open(path, os.O_WRONLY | os.O_APPEND)
    for one in said:
        journal.append(at, journal.record(*one))
    journal.append(at, torn)
    os.close(at)
    found: list[JournalRecord] = []
    journal.read(path, found.append)
    assert [(each.kind, each.number, each.value, each.body.read()) for each in found] == said
    assert all(each.whole for each in found)


def test_a_journal_that_has_become_shorter_is_told(whole: Path, tmp_path: Path) -> None:
    path = tmp_path / journal.NAME
    path.write_bytes((whole / journal.NAME).read_bytes())
    run = load(tmp_path)
    path.write_bytes(path.read_bytes()[:-2000])
    log = run.cases[2].log
    assert log is not None
    with pytest.raises(SourceError, match=r"run\.journal: it was replaced by another run"):
        log.read()
    path.unlink()
    with pytest.raises(SourceError, match="no such file"):
        log.read()


@pytest.mark.parametrize("lines", [1, 2, 3, 5, 9, 14, 22, 35])
def test_every_reader_reads_a_run_that_was_killed(tmp_path: Path, lines: int) -> None:
    """Wherever it is: it says that it goes on, and doesn't wait to be killed."""
    folder = tmp_path / "run"
    command = [sys.executable, "-m", "tests.storing", "racing", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        for _ in range(lines):
            assert process.stdout.readline() == b"step\n"
        process.kill()
    run = load(folder)
    assert run.state == "running"
    assert all(one.agrees for one in rejudge(run))
    (column,) = columns([folder], lambda path, read: None)
    assert all(told.detail(2**16)["log"]["frames"] for told in column.told.values())
    assert len(column.told) == sum(case.here for case in run.cases)
    if column.told:
        assert len(compared.pair(folder, folder)[0].cases) == len(column.told)
    assert as_text(stored.listing(folder), 100).count("\n") >= len(run.cases)
    logs = list(stored.stored_logs(run, (), lambda said: None)) if column.told else []
    assert len(logs) == len(column.told)
