"""The examples of the README and of docs/ are true: they parse, and the commands do what is said.

The info string of a fence says what stands in it:

    wirelog [FILE]        a whole wire log, also put into FILE for the commands of the page
    wirelog-error FILE    a faulty one, for the commands only
    yaml [FILE]           a whole spec;  `yaml-error FILE` a faulty one
    yaml case             a case, as it stands in `cases:`
    yaml part             some keys of a case
    sh                    commands, one a line; each exits with 0, or as `# exit N` behind it says
    console               `$ command`, and exactly what it prints
    KIND FILE             a file for the commands below
    text, json, …         not looked at

The commands of a page are run one after the other in one folder: see `tests.reader`.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from _pytest.mark import ParameterSet

from replay.cases.load import load
from replay.cases.model import Case
from replay.config import reference
from replay.report import glossary
from replay.source import Source, SourceError
from replay.suite.files import read_spec
from replay.suite.logs import read_log
from replay.trace.wirelog import parse
from tests import rules
from tests.processes import ROOT
from tests.reader import Reader, at_the_desk

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))

_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    page: Path
    line: int
    kind: str
    word: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def _blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        kind, _, word = found["info"].strip().partition(" ")
        yield Block(page, text.count("\n", 0, found.start()) + 1, kind, word, found["text"])


BLOCKS = [block for page in PAGES for block in _blocks(page)]


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _of(*kinds: str) -> list[Block]:
    return [block for block in BLOCKS if block.kind in kinds]


def _write_files(page: Path, folder: Path) -> None:
    for block in BLOCKS:
        if block.page == page and Path(block.word).suffix in (".wirelog", ".yaml"):
            (folder / block.word).write_text(block.text, encoding="utf-8")


def _spec(block: Block) -> str:
    """A whole spec around a fragment."""
    if block.word == "case":
        return "section: x\ncases:\n" + _indented(block.text, 2)
    if block.word == "part":
        text = block.text
        asks = [] if "\ntalk:" in text else [("send", "[text: x]"), ("expect", "[ok: []]")]
        for key, value in (("id", "x"), ("title", "x"), *asks):
            if not re.search(rf"^{key}:", text, re.MULTILINE):
                text += f"{key}: {value}\n"
        return "section: x\ncases:\n  -\n" + _indented(text, 4)
    return block.text


def _indented(text: str, by: int) -> str:
    return "".join(" " * by + line for line in text.splitlines(keepends=True))


def _loaded(block: Block, folder: Path) -> tuple[Case, ...]:
    _write_files(block.page, folder)
    (folder / "example.yaml").write_text(_spec(block), encoding="utf-8")
    return read_spec(folder / "example.yaml")


@pytest.mark.parametrize("block", _of("wirelog"), ids=str)
def test_a_wire_log_parses_without_a_warning(block: Block) -> None:
    parsed = parse(Source(str(block), block.text))
    assert parsed.trace.entries
    cut = [warning for warning in parsed.warnings if "octets are missing" in warning]
    assert list(parsed.warnings) == cut


@pytest.mark.parametrize("block", _of("yaml"), ids=str)
def test_a_spec_loads(block: Block, tmp_path: Path) -> None:
    assert _loaded(block, tmp_path)


@pytest.mark.parametrize("block", _of("wirelog-error", "yaml-error"), ids=str)
def test_a_faulty_example_is_faulty(block: Block, tmp_path: Path) -> None:
    file = tmp_path / block.word
    file.write_text(block.text, encoding="utf-8")
    with pytest.raises(SourceError):
        _ = read_log(str(file)) if file.suffix == ".wirelog" else load(Source.read(file))


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path, dict[str, str]]]:
    with at_the_desk(tmp_path_factory.mktemp("docs")) as desk:
        yield desk


def _read() -> Iterator[ParameterSet]:
    """The pages with commands; with peers they take long."""
    for page in PAGES:
        text = "".join(block.text for block in _of("sh", "console") if block.page == page)
        marks = [pytest.mark.live] if re.search(r"--exec|--url|replay (serve|report|diff)", text) else []
        if text:
            yield pytest.param(page, marks=marks, id=_name(page))


@pytest.mark.parametrize("page", [*_read()])
def test_commands_do_what_is_said(
    page: Path, desk: tuple[Path, Path, dict[str, str]], tmp_path: Path
) -> None:
    begun, bin, servers = desk
    shutil.copytree(begun, tmp_path, dirs_exist_ok=True)
    reader = Reader(tmp_path, bin, servers)
    for block in BLOCKS:
        if block.page != page:
            continue
        if Path(block.word).suffix:
            reader.write(block.word, block.text)
        if block.kind in ("sh", "console"):
            _follow(block, reader)


def _follow(block: Block, reader: Reader) -> None:
    lines = block.text.splitlines()
    shown = None if block.kind == "sh" else lines[1:]
    for line in lines if shown is None else lines[:1]:
        command, _, comment = line.removeprefix("$ ").partition(" #")
        wanted = re.match(r" exit (\d+)", comment)
        if (done := reader.run(command.strip())) is None:
            continue
        status, printed = done
        assert status == (int(wanted[1]) if wanted else 0), f"{block}: {line}\n{printed}"
        if shown is not None:
            assert [printed_line.rstrip() for printed_line in printed.splitlines()] == shown


def test_the_table_of_rules_is_current() -> None:
    """Else: python -m tests.rules > docs/rules.md"""
    page = rules.page(rules.requirements(), rules.every_case())
    assert (ROOT / "docs" / "rules.md").read_text("utf-8") == page


def test_the_table_of_options_is_current() -> None:
    """Else: python -m replay.config.reference > docs/config.md"""
    assert (ROOT / "docs" / "config.md").read_text("utf-8") == reference.page()


def test_the_glossary_is_the_page_s() -> None:
    assert (ROOT / "docs" / "glossary.md").read_text("utf-8") == glossary.page()


def test_every_fence_is_of_a_known_kind() -> None:
    looked_at = {"wirelog", "wirelog-error", "yaml", "yaml-error", "console"}
    known = looked_at | {"sh", "{toctree}", "text", "json", "toml", "html", "python", "yml", "groovy"}
    assert [f"{block}: {block.kind}" for block in BLOCKS if block.kind not in known] == []
