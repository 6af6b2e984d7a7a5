"""The kept form of the bundled specs: equal to what the YAML gives, and ignored wherever it may not be."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from replay.cases.echo import RepeatedEchoes
from replay.cases.load import load
from replay.cases.model import Case
from replay.source import Source, SourceError, Span
from replay.suite import kept
from replay.suite.edition import bundled
from tests.processes import ROOT

SPECS = sorted(bundled("specs").rglob("*.yaml"))
PINGS, REPORT = (
    bundled("specs") / "02-pings/2-pings-pongs.yaml",
    bundled("specs") / "12-deflate/12.1-report.yaml",
)


@pytest.fixture(autouse=True)
def _python_keeps_what_it_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)


class Maker:
    """Reads the YAML of specs, and counts how often."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.made = folder, 0

    def __call__(self, source: Source, named: dict[str, bytes]) -> tuple[Case, ...]:
        def octets(name: str, span: Span) -> bytes:
            return named.setdefault(name, (self.folder / name).read_bytes())

        self.made += 1
        return load(source, octets=octets)


def shown(value: Any) -> Any:
    """Everything in a value, places too, as values that compare by their contents."""
    match value:
        case Source():
            return value.name, value.text
        case tuple() | list():
            return type(value), [shown(item) for item in value]
        case RepeatedEchoes():
            return shown(value.repeat), shown(value.first)
        case Struct():
            return type(value), [shown(getattr(value, name)) for name in value.__struct_fields__]
    return value


@pytest.mark.parametrize("file", SPECS, ids=lambda file: file.stem)
def test_it_gives_the_cases_of_the_spec(file: Path, tmp_path: Path) -> None:
    make = Maker(file.parent)
    made = kept.cases(file, "suite", make, tmp_path)
    found = kept.cases(file, "suite", make, tmp_path)
    assert make.made == 1
    assert shown(found) == shown(made)
    assert {case.span.source.text for case in found if case.span} == {file.read_text("utf-8")}


def test_the_comparison_sees_places_and_payloads() -> None:
    source = Source("a", PINGS.read_text())
    moved = Source("a", "\n" + source.text)
    assert shown(load(source)) == shown(load(source)) != shown(load(moved))


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    """A copy of a spec that names a file."""
    (tmp_path / "corpora").mkdir()
    shutil.copy(bundled("specs") / "corpora/report.json", tmp_path / "corpora")
    (tmp_path / "12-deflate").mkdir()
    return Path(shutil.copy(REPORT, tmp_path / "12-deflate"))


def test_a_spec_or_a_file_that_it_names_may_change(spec: Path, tmp_path: Path) -> None:
    make = Maker(spec.parent)
    kept.cases(spec, "suite", make, tmp_path)
    spec.write_text("\n" + spec.read_text())
    moved = kept.cases(spec, "suite", make, tmp_path)
    assert make.made == 2
    corpus = tmp_path / "corpora/report.json"
    corpus.write_bytes(corpus.read_bytes().replace(b"a", b"b"))
    other = kept.cases(spec, "suite", make, tmp_path)
    assert make.made == 3
    assert shown(moved) != shown(other) == shown(kept.cases(spec, "suite", make, tmp_path))
    kept.cases(spec, "another name", make, tmp_path)
    assert make.made == 4
    corpus.unlink()
    with pytest.raises(SourceError):
        kept.cases(spec, "another name", make, tmp_path)


@pytest.mark.parametrize(
    "octets", [b"", b"\n", b"\xff" * 100, b"a/b\0c\0", b"12345678\0nothing\n", bytes(2000)]
)
def test_what_is_something_else_is_ignored(octets: bytes, tmp_path: Path) -> None:
    place, make = tmp_path / "2-pings-pongs.cases", Maker(PINGS.parent)
    place.write_bytes(octets)
    made = kept.cases(PINGS, "suite", make, tmp_path)
    assert shown(kept.cases(PINGS, "suite", make, tmp_path)) == shown(made)
    assert make.made == 1


def test_what_is_damaged_is_ignored_and_made_anew(tmp_path: Path) -> None:
    make = Maker(PINGS.parent)
    wanted = shown(kept.cases(PINGS, "suite", make, tmp_path))
    (place,) = tmp_path.iterdir()
    whole = place.read_bytes()
    spots = [*range(12), *range(12, len(whole), len(whole) // 25)]
    damaged = [whole[:at] for at in spots] + [
        whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :] for at in spots
    ]
    for octets in [*damaged, whole + b"."]:
        place.write_bytes(octets)
        assert shown(kept.cases(PINGS, "suite", make, tmp_path)) == wanted
        assert place.read_bytes() == whole
    assert make.made == 1 + len(damaged) + 1


def test_a_folder_that_takes_nothing_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    make = Maker(PINGS.parent)
    for _ in range(2):
        assert len(kept.cases(PINGS, "suite", make, tmp_path / "file")) == 11
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    kept.cases(PINGS, "suite", make, tmp_path / "folder")
    assert make.made == 3
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def started(program: str, prefix: Path, package: Path = ROOT) -> subprocess.Popen[str]:
    """A Python that keeps what it compiles in a folder of its own."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(prefix), "PYTHONPATH": str(package)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-c", program]
    return subprocess.Popen(command, cwd=package, env=environment, stdout=subprocess.PIPE, text=True)


def printed(program: str, prefix: Path, package: Path = ROOT) -> list[str]:
    process = started(program, prefix, package)
    words = process.communicate()[0].split()
    assert process.returncode == 0
    return words


LISTED = (
    "import sys; from replay.suite.files import known; known(suite='all'); "
    "print(len(known()), 'yaml' in sys.modules)"
)


def test_two_processes_may_make_it_at_once(tmp_path: Path) -> None:
    both = [started(LISTED, tmp_path) for _ in range(2)]
    assert [process.communicate()[0].split()[0] for process in both] == ["517"] * 2
    assert not list(tmp_path.rglob(".tmp-*"))
    assert len(list(tmp_path.rglob("*.cases"))) == len(SPECS)


def test_other_code_makes_it_anew(tmp_path: Path) -> None:
    package = tmp_path / "package"
    for folder in ("replay", "specs"):
        shutil.copytree(ROOT / folder, package / folder, ignore=shutil.ignore_patterns("__pycache__"))
    program = "from replay.suite.files import known_case; print(known_case('1.1.1').title)"
    (title,) = {" ".join(printed(program, tmp_path / "kept", package)) for _ in range(2)}
    (place,) = (tmp_path / "kept").rglob("*.cases")
    first = place.read_bytes()
    module = package / "replay/cases/load.py"
    module.write_text(module.read_text().replace('title=value("title")', 'title=value("title") + "!"'))
    assert " ".join(printed(program, tmp_path / "kept", package)) == f"{title}!"
    assert place.read_bytes() != first


def test_all_code_that_makes_cases_counts(tmp_path: Path) -> None:
    program = (
        "import sys; from replay.cases import load, spec_schema; from replay.suite import kept\n"
        "print(*(module for module in sys.modules if module.startswith('replay.')))"
    )
    parts = {name.split(".")[1] for name in printed(program, tmp_path)}
    assert parts <= {
        *kept.FOLDERS,
        *(module.removesuffix(".py") for module in kept.MODULES),
        "whole_file",
        "version",
    }
