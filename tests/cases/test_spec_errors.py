"""Each bad spec beside the message that a person gets: tests/outcome/spec_error/NAME.yaml and .txt."""

from pathlib import Path

import pytest
import yaml

from replay.cases.load import load
from replay.source import Source, SourceError, Span
from replay.trace.model import Trace

FOLDER = Path(__file__).parents[1] / "outcome" / "spec_error"
SPECS = sorted(FOLDER.glob("*.yaml"))
SYNTAX = ("syntax", "tab", "yaml-")  # what is said of these follows from the parser's words


def no_file(name: str, span: Span) -> Trace:
    raise FileNotFoundError(2, "No such file or directory")


def message(path: Path) -> str:
    with pytest.raises(SourceError) as caught:
        load(Source(path.name, path.read_text("utf-8")), read=no_file)
    lines = f"{caught.value}\n".splitlines()
    return "\n".join(line.rstrip() for line in lines) + "\n"


def test_there_are_bad_specs() -> None:
    assert len(SPECS) >= 15


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_message(path: Path) -> None:
    if path.stem.startswith(SYNTAX) and not yaml.__with_libyaml__:
        pytest.skip("the parser without libyaml says it in other words")
    assert message(path) == path.with_suffix(".txt").read_text("utf-8")


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_every_message_has_a_place(path: Path) -> None:
    assert message(path).startswith(f"{path.name}:")


def test_no_message_is_without_its_spec() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == {path.stem for path in SPECS}
