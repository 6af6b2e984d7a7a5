"""The record: its engines are described soundly, and its tables say what the stored runs say."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from fnmatch import filter as matching
from pathlib import Path
from string import Formatter

import pytest

from record import tables
from record.engines import ENGINES, FOLDERS, VISITS, Engine, Role
from record.plays import Play
from record.rows import HELD_BACK, rows
from replay.cases.model import Behaviour
from replay.flows import check
from replay.protocol.rules import RULES
from replay.source import Source
from replay.suite.files import known
from replay.suite.logs import log_of
from tests.processes import ROOT, listening, replay

FILLED_IN: dict[Role, set[str]] = {"server": {"port"}, "client": {"url", "agent"}}
PLACES = {*FOLDERS, "python", "built"}
PEERS = FOLDERS["peers"]


def commands(engine: Engine) -> Iterator[tuple[str, set[str]]]:
    """The commands of an engine, and the words that stand for something in them."""
    yield from ((step, PLACES - {"python"}) for step in engine.build)
    for role in engine.roles:
        yield engine.command(role), PLACES | FILLED_IN[role]


@pytest.mark.parametrize("engine", ENGINES.values(), ids=lambda engine: engine.slug)
def test_an_engine_is_described_soundly(engine: Engine) -> None:
    assert engine.roles
    assert (engine.registry == "Debian") is not bool(engine.releases)
    assert len(set(engine.releases)) == len(engine.releases)
    assert re.fullmatch(r"[\w.-]+", engine.slug)
    for command, known_words in commands(engine):
        assert {name for _, name, _, _ in Formatter().parse(command) if name is not None} <= known_words
        filled = command.format_map({name: str(FOLDERS.get(name, name)) for name in known_words})
        paths = [word.partition(":")[0] for word in filled.split() if word.startswith(str(ROOT))]
        assert all(Path(path).exists() for path in paths), command
        assert ("{built}" in command) <= bool(engine.build)
    if engine.server:
        assert "{port}" in engine.server
    if engine.client:
        assert "{url}" in engine.client


def test_names_in_paths_differ() -> None:
    assert len({engine.slug for engine in ENGINES.values()}) == len(ENGINES) >= 24


def test_every_program_is_used() -> None:
    said = " ".join(command for engine in ENGINES.values() for command, _ in commands(engine))
    unused = {file.name for file in PEERS.iterdir() if file.is_file() and f"/{file.name}" not in said}
    assert {name for name in unused if Path(name).stem not in said} == set()
    assert all(f"{{peers}}/{Path(visits.split()[1]).name}" in visits for visits in VISITS)


def test_what_is_held_back_is_there() -> None:
    """A case that is renamed is held back no more."""
    cases = known(suite="rfc")
    names = [*cases, *(case.rule for case in cases.values() if case.rule)]
    assert [glob for glob in HELD_BACK if not matching(names, glob) and glob != "27.*"] == []


MENDED = Engine("mended", "Python", "PyPI", "mended", ("2.0", "1.0"), "{python} {port}", "{python} {url}")
LAX = Engine("lax/er", "Python", "Debian", "lax", (), "{python} {port}")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs against a server that keeps the rules, and against releases that overlook reserved bits."""
    out = tmp_path_factory.mktemp("record")
    with ExitStack() as stack:
        for play, way in (
            (Play(MENDED, "2.0", "server", "rfc"), "sound"),
            (Play(MENDED, "1.0", "server", "rfc"), "takes-rsv"),
            (Play(LAX, "3.1-2", "server", "rfc"), "takes-rsv"),
            (Play(LAX, "3.1-2", "server", "autobahn"), "takes-rsv"),
        ):
            command = (sys.executable, "-m", "tests.peers.strict_shell", "server", "--way", way)
            url = f"ws://127.0.0.1:{stack.enter_context(listening(*command))}"
            words = (
                ("20.1.version.1.0", "20.9.*", "22.4.first.*") if play.suite == "rfc" else ("1.1.1", "3.2")
            )
            done = replay("run", "--suite", play.suite, "--url", url, "--out", play.folder(out), *words)
            assert done.returncode in (0, 1), done.stderr
    Play(MENDED, "1.0", "client", "rfc").fault(out).parent.mkdir(parents=True)
    Play(MENDED, "1.0", "client", "rfc").fault(out).write_text("npm failed: a|b\n", "utf-8")
    tables.write((MENDED, LAX), out)
    return out


def test_the_rows_count_what_was_found(out: Path) -> None:
    sound, lax = (next(row for row in rows((engine,), out) if row.run) for engine in (MENDED, LAX))
    assert sound.counts.keys() <= {"OK", "INFORMATIONAL"}
    assert sound.broken == {}
    assert {case.id for case in lax.broken["rsv-zero"]} == set(matching(known(suite="rfc"), "22.4.first.*"))
    assert lax.counts["FAILED"] == len(lax.broken["rsv-zero"])


def test_the_table_of_all_engines(out: Path) -> None:
    table = (out / "record.md").read_text("utf-8")
    assert re.search(r"^## Servers, rfc@\d{4}\.\d\d$", table, re.MULTILINE)
    lines = table.splitlines()
    (sound,) = (line for line in lines if line.startswith("| mended | 2.0 |") and line.count("|") > 5)
    lax, other = (line for line in lines if line.startswith("| lax/er | 3.1-2 |"))
    assert sound.endswith("|  |  |")
    assert "[`rsv-zero`](runs/rfc/server/lax-er-3.1-2/" in lax
    assert "[`rsv-zero`](runs/autobahn/server/lax-er-3.1-2/" in other


def test_what_was_not_run_is_said(out: Path) -> None:
    table = (out / "record.md").read_text("utf-8").partition("## Not run")[2]
    assert "| rfc | client | npm failed: a b | mended 1.0 |" in table
    assert "| rfc | client | not played yet | mended 2.0 |" in table
    assert "| autobahn | server | not played yet | mended 2.0, mended 1.0 |" in table
    assert "lax" not in table


def findings() -> Iterator[tuple[str, str]]:
    """The log of each finding, and what stands above it from its heading on."""
    for page in sorted((ROOT / "docs" / "findings").glob("*.md")):
        for part in page.read_text("utf-8").split("\n## ")[1:]:
            above, _, rest = part.partition("```wirelog\n")
            yield rest.partition("```")[0], above


FINDINGS = [pytest.param(*finding, id=finding[0].splitlines()[0]) for finding in findings()]


@pytest.mark.parametrize(("log", "above"), FINDINGS)
def test_the_log_of_a_finding_shows_it(log: str, above: str) -> None:
    judged = check(log_of("log", Source("log", log)))
    assert judged.behaviour is Behaviour.FAILED
    cause = judged.cause.key.split(":") if judged.cause else []
    named = {*cause, *(breach.rule for breach in judged.broken)}
    told = re.findall(r"`([a-z\d-]+)`", above.partition("\n\n")[2].partition(". ")[0])
    assert told
    assert all(rule in RULES for rule in told)
    assert named & set(told) or not named & RULES.keys()
    assert f" {judged.case.id} " in above


def test_each_cell_is_a_log_that_gives_the_verdict_again(out: Path) -> None:
    """Also of those that are OK, whose logs aren't files in a stored run."""
    cells = re.findall(r"\[([A-Z-]+)\]\((runs/\S+)\)", (out / "mended.md").read_text("utf-8"))
    assert {word for word, _ in cells} == {"OK", "FAILED"}
    for word, log in cells:
        done = replay("check", out / log)
        assert word in done.stdout, done.stdout + done.stderr


def test_pages_for_others_hold_back_what_may_be_a_hole(out: Path, tmp_path: Path) -> None:
    (tmp_path / "record.md").write_text("# Mine\n\nWhat it is.\n\n## Old\n", "utf-8")
    (tmp_path / "findings").mkdir()
    (tmp_path / "findings" / "lax-er.md").write_text("## `rsv-zero`\n", "utf-8")
    tables.write_page((MENDED, LAX), out, tmp_path)
    page = (tmp_path / "record.md").read_text("utf-8")
    assert page.startswith("# Mine\n\nWhat it is.\n\n## Servers, rfc@")
    assert "[`rsv-zero`](findings/lax-er.md)" in page
    assert "runs/" not in page
    all_cases, shown = (
        sum(sum(row.counts.values()) for row in rows((MENDED, LAX), out, without))
        for without in ((), HELD_BACK)
    )
    assert all_cases - shown == 3 * len(matching(known(suite="rfc"), "20.9.*"))
