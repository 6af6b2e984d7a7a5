"""The plugin, by pytest in a process of its own: the example project, and what goes wrong."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.processes import ROOT, listening

pytestmark = pytest.mark.live  # each is a pytest of its own

FAULTY = ROOT / "tests" / "peers" / "faulty.py"
SPEC = (ROOT / "examples/pytest/tests/specs/greeting.yaml").read_text()


def run(project: Path, *words: str, status: int = 0) -> str:
    """The output of pytest in a project."""
    if not (project / "pytest.ini").exists():
        (project / "pytest.ini").write_text("[pytest]\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:hypothesispytest", *words],
        cwd=project,
        env={**environment, "COLUMNS": "90"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    output = done.stdout + done.stderr
    assert done.returncode == status, output
    return output


@pytest.fixture(scope="module")
def flipping() -> Iterator[str]:
    with listening(sys.executable, FAULTY, "--fault", "flips-one-octet") as port:
        yield f"ws://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    ignored = shutil.ignore_patterns("__pycache__", ".*")
    return shutil.copytree(ROOT / "examples/pytest", tmp_path_factory.mktemp("a") / "b", ignore=ignored)


def names(output: str) -> list[str]:
    return re.findall(r"^\S+::\S+$", output, re.MULTILINE)


def test_the_example_passes_on_several_workers_too(example: Path) -> None:
    said = run(example, "-n", "2", "--junitxml", "junit.xml", "-rx")
    assert re.search(r"\d\d passed, [12] xfailed", said)  # 7.1.5 may fail
    assert "XFAIL tests/conftest.py::9.4.1 - expected: the library accepts at most 4096 fragments" in said
    cases = ElementTree.parse(example / "junit.xml").getroot().iter("testcase")
    properties = {
        case.get("name"): {each.get("name"): each.get("value") for each in case.iter("property")}
        for case in cases
    }
    assert properties["1.1.1"] == {"behaviour": "OK", "closing": "OK"}
    assert properties["9.4.1"]["closing"] == "FAILED"
    assert {"my.1.1", "greeting", "5.3"} < properties.keys()


def test_a_case_is_run_by_the_name_that_is_shown(example: Path) -> None:
    listed = names(run(example, "--collect-only", "-q", "-k", "2.10 or greeting"))
    assert sorted(listed) == [
        "tests/conftest.py::2.10",
        "tests/specs/greeting.yaml::my.1.1",
        "tests/traces/greeting.wirelog::greeting",
    ]
    assert "3 passed" in run(example, *listed)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["tests"], 89),  # the folder holds the home of the suite
        (["tests/test_echo_server.py", "--replay-suite", "9.1.1 9.2.*", "--replay-suite", "!9.2.1"], 7),
        (["-m", "not replay"], 1),
    ],
)
def test_what_is_asked_for_is_collected(example: Path, words: list[str], expected: int) -> None:
    assert len(names(run(example, "--collect-only", "-q", *words))) == expected


def test_a_failure_shows_the_octet_and_is_found_again(tmp_path: Path, flipping: str) -> None:
    shutil.copy(ROOT / "traces/01-framing/1.2.3.wirelog", tmp_path)
    at = ("--replay-url", flipping)
    words = (*at, "--replay-suite", "1.1.*", "-k", "1.1.1 or 1.1.2 or 1.2.3", "--junitxml", "j.xml")
    said = run(tmp_path, *words, "--color=yes", status=1)
    assert "\x1b[1;31mFAILED\x1b[0m" in said
    said = run(tmp_path, *words, "--lf", status=1)
    assert "2 failed" in said
    assert "the message differs at offset 124 of 126" in said
    assert "wire log" in said
    assert "pytest_plugin.py" not in said
    assert "FAILED 1.2.3.wirelog::1.2.3 - FAILED: 1st event: the message differs" in said
    assert "\\x1b" not in (tmp_path / "j.xml").read_text()


def test_what_is_lax_warns_or_is_skipped(tmp_path: Path, flipping: str) -> None:
    (tmp_path / "my.yaml").write_text(
        SPEC.replace("- ok: [echo]", "- ok: [text: Hi]\n      - non-strict: [echo]")
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\nreplay_specs = my.yaml\n")
    words = ("--replay-url", flipping, "--replay-suite", "12.1.1", "-rs")
    said = run(tmp_path, *words)
    assert "NonStrict: my.1.1 is NON-STRICT" in said
    assert "UNIMPLEMENTED: the testee doesn't have what the case tests" in said
    assert "1 passed, 1 skipped, 1 warning" in said
    assert "1 failed" in run(tmp_path, *words, "-W", "error::replay.pytest_plugin.NonStrict", status=1)


def test_what_is_better_than_expected_is_an_xpass(tmp_path: Path, flipping: str) -> None:
    entry = '- {case: "1.1.1", verdict: FAILED, reason: known}\n'
    (tmp_path / "expected.yaml").write_text(entry + entry.replace("1.1.1", "1.1.2"))
    ini = "[pytest]\nreplay_expected = expected.yaml\nreplay_suite = 1.1.1 1.1.2\n"
    (tmp_path / "pytest.ini").write_text(ini)
    said = run(tmp_path, "--replay-url", flipping, "-rX")
    assert "1 xfailed, 1 xpassed" in said
    assert "XPASS pytest.ini::1.1.1" in said
    (tmp_path / "pytest.ini").write_text(ini + "xfail_strict = true\n")
    said = run(tmp_path, "--replay-url", flipping, status=1)
    assert "[XPASS(strict)] better than FAILED, which is expected: known" in said


def test_a_fault_of_a_file_is_an_error_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "bad.wirelog").write_text("TX OCTETS: 8x\n")
    (tmp_path / "bad.yaml").write_text(SPEC.replace("title: A", "titel: A"))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "of-others.yaml").write_text("this: is no spec\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\nreplay_specs = bad.yaml\n")
    said = run(tmp_path, status=2)
    assert "bad.wirelog:1:13: " in said
    assert "bad.yaml:5:5: " in said
    assert "did you mean 'title'?" in said
    assert "Traceback" not in said
    assert "2 errors" in said


def test_without_a_server_a_trace_is_skipped_and_what_was_asked_for_fails(tmp_path: Path) -> None:
    shutil.copy(ROOT / "traces/01-framing/1.2.3.wirelog", tmp_path)
    said = run(tmp_path, "-rs")
    assert "1 skipped" in said
    assert "no server: give --replay-url" in said
    said = run(tmp_path, "--replay-suite", "1.1.1", status=1)
    assert "2 errors" in said
    assert "no server: give --replay-url" in said


@pytest.mark.parametrize(
    ("words", "status", "expected"),
    [
        (["--replay-url", "http://a"], 4, "--replay-url: Invalid value: 'http://a': expected ws://HOST"),
        (["--replay-suite", "1.11"], 2, "no test case matches '1.11'"),
        (
            ["--replay-url", "ws://127.0.0.1:1"],
            1,
            "nothing listens at ws://127.0.0.1:1 (connection",
        ),
    ],
)
def test_an_option_that_is_wrong(tmp_path: Path, words: list[str], status: int, expected: str) -> None:
    shutil.copy(ROOT / "traces/01-framing/1.2.3.wirelog", tmp_path)
    said = run(tmp_path, *words, status=status)
    assert expected in said
    assert "Traceback" not in said


def test_a_fixture_may_have_any_scope_and_the_config_counts(tmp_path: Path, flipping: str) -> None:
    (tmp_path / "replay.yaml").write_text(
        "timeout: 5\nexpected: [{case: 1.1.2, verdict: FAILED, reason: x}]\n"
    )
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "__init__.py").touch()
    (tmp_path / "tests" / "conftest.py").write_text(
        "import pytest\n"
        "@pytest.fixture(scope='module', autouse=True)\ndef first(): pass\n"
        "@pytest.fixture(scope='package')\ndef second(): pass\n"
        f"@pytest.fixture\ndef replay_server(second): return {flipping!r}\n"
    )
    said = run(tmp_path, "--replay-suite", "1.1.1 1.1.2")
    assert "1 passed, 1 xfailed" in said
