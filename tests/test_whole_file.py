"""What replay writes is there as a whole or not at all, is its own, and waits for nobody."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from replay import whole_file
from replay.campaign.outputs import Outputs, WantedReport
from replay.source import Source, SourceError
from replay.store.folder import begin


def test_a_disk_that_is_full_keeps_the_old_file_and_no_part_of_the_new(tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    whole_file.write(path, b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            whole_file.write(path, bytes(5000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["report.xml"]


def test_a_file_keeps_its_permissions_and_a_link_to_it_stays_one(tmp_path: Path) -> None:
    path, link = tmp_path / "list.yaml", tmp_path / "link.yaml"
    path.write_bytes(b"old")
    path.chmod(0o640)
    link.symlink_to(path)
    whole_file.write(link, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink()


def test_nothing_is_written_through_a_link_in_the_folder_of_a_run(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"old")
    folder = begin(tmp_path / "out", b"{}")
    (tmp_path / "out" / "001-a.json").symlink_to(tmp_path / "other")
    folder.write("001-a.json", b"new")
    assert (tmp_path / "other").read_bytes() == b"old"
    assert (tmp_path / "out" / "001-a.json").read_bytes() == b"new"
    assert not (tmp_path / "out" / "001-a.json").is_symlink()
    (tmp_path / "out" / "link").symlink_to(tmp_path / "other")
    with pytest.raises(OSError, match="symbolic links"):
        folder.opened("link")
    folder.close()


def test_a_name_may_be_as_long_as_the_system_has_it(tmp_path: Path) -> None:
    whole_file.write(tmp_path / ("n" * 255), b"x")
    assert [len(each.name) for each in tmp_path.iterdir()] == [255]


def test_two_runs_do_not_write_to_one_folder_at_a_time(tmp_path: Path) -> None:
    run = b"replay journal 2\n"
    first = begin(tmp_path / "out", run)
    first.write("001-a.json", b"{}")
    with pytest.raises(SourceError, match="another replay process is storing its results here"):
        begin(tmp_path / "out", run)
    assert (tmp_path / "out" / "001-a.json").exists()
    first.close()
    begin(tmp_path / "out", run).close()
    assert not (tmp_path / "out" / "001-a.json").exists()


def test_a_folder_of_a_run_that_was_killed_at_once_is_free(tmp_path: Path) -> None:
    (tmp_path / ".tmp-77-run.json").write_bytes(b"{")
    begin(tmp_path, b"{}").close()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["run.journal"]


def test_a_named_pipe_is_refused_and_one_of_a_shell_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.wirelog")
    with pytest.raises(SourceError, match="this is a named pipe: pass it on standard input instead"):
        Source.read(tmp_path / "a.wirelog")
    ours, theirs = os.pipe()  # as in `replay check <(…)`
    os.write(theirs, b"TX OCTETS: 8100")
    os.close(theirs)
    assert Source.read(Path(f"/dev/fd/{ours}")).text == "TX OCTETS: 8100"
    os.close(ours)


@pytest.mark.parametrize("name", ["run.json", "run.journal"])
def test_a_named_pipe_is_no_run(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(SourceError, match="contains something other than a run"):
        begin(tmp_path, b"{}")


def test_a_report_does_not_wait_for_somebody_who_reads_it(tmp_path: Path) -> None:
    os.mkfifo(pipe := tmp_path / "junit.xml")
    outputs = Outputs([WantedReport("junit", str(pipe))], {})
    outputs.finish([])
    assert outputs.faults == [f"{pipe}: no program reads from this pipe"]
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    outputs = Outputs([WantedReport("junit", str(pipe))], {})
    outputs.finish([])
    assert os.read(reader, 2**16).startswith(b"<?xml")
    os.close(reader)
    assert outputs.faults == []
