"""The payloads of sections 12 and 13 are what their makers make, and weigh and deflate as they have to."""

from __future__ import annotations

import json
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from replay.suite.files import bundled, items, known
from replay.wire.side import Side
from tests.corpora import CORPORA
from tests.processes import ROOT

FOLDER = bundled("specs") / "corpora"
TABLE = json.loads((Path(__file__).parents[1] / "data" / "corpora.json").read_text())
ROWS: dict[str, Any] = {row["file"]: row for row in TABLE["corpora"]}
TEXTS = [name for name, row in ROWS.items() if row["text"]]
ENCODED = [name for name, row in ROWS.items() if "code_points" in row]


def slices(name: str, length: int, number: int) -> Iterator[bytes]:
    """The messages that a case cuts from a payload, round and round: a text's by code points."""
    data = (FOLDER / name).read_bytes()
    whole: Any = data.decode() if name in TEXTS else data
    length = length or len(whole)
    at = 0
    for _ in range(number):
        part = whole[at : at + length]
        part += whole[: length - len(part)]
        at = (at + length) % len(whole)
        yield part.encode() if name in TEXTS else part


def ratio(messages: Iterator[bytes], window: int, kept: bool) -> float:
    plain = compressed = 0
    deflate = zlib.compressobj(6, zlib.DEFLATED, -window, 8)
    for message in messages:
        plain += len(message)
        compressed += len(deflate.compress(message) + deflate.flush(zlib.Z_SYNC_FLUSH)) - 4
        if not kept:
            deflate = zlib.compressobj(6, zlib.DEFLATED, -window, 8)
    return compressed / plain


def test_each_has_its_maker() -> None:
    assert list(ROWS) == list(CORPORA)
    assert {path.name for path in FOLDER.iterdir()} == CORPORA.keys()


@pytest.mark.parametrize("name", CORPORA)
def test_it_is_what_its_maker_makes(name: str) -> None:
    same = (FOLDER / name).read_bytes() == CORPORA[name]()
    assert same, "python -m tests.corpora"


@pytest.mark.parametrize("name", CORPORA)
def test_it_has_its_size(name: str) -> None:
    assert (FOLDER / name).stat().st_size == ROWS[name]["octets"]


@pytest.mark.parametrize("name", ENCODED)
def test_it_has_its_code_points(name: str) -> None:
    data = (FOLDER / name).read_bytes()
    found = {"code_points": len(data.decode()), "beyond_ascii": sum(octet > 127 for octet in data)}
    assert found == {key: ROWS[name][key] for key in found}


@pytest.mark.parametrize("name", CORPORA)
def test_it_deflates_as_it_has_to(name: str) -> None:
    off = {}
    for length, number, *wanted in ROWS[name]["ratios"]:
        for (window, kept), want in zip(
            ((15, True), (15, False), (9, True), (9, False)), wanted, strict=True
        ):
            found = ratio(slices(name, length, number), window, kept)
            if abs(found - want) > max(TABLE["apart"]["absolute"], TABLE["apart"]["relative"] * want):
                off[length, window, kept] = (round(found, 3), want)
    assert not off


@pytest.mark.parametrize("length", [1, 16, 255, 4096])
@pytest.mark.parametrize("name", TEXTS)
def test_slices_of_a_text_are_text(name: str, length: int) -> None:
    points, octets = ROWS[name]["code_points"], ROWS[name]["octets"]
    parts = list(slices(name, length, -(-points // length)))
    assert {len(part.decode()) for part in parts} == {length}
    assert any(len(part) > length for part in parts) == (points < octets)


def test_slices_of_the_verses_may_cut_a_letter() -> None:
    data = (FOLDER / "verse.txt").read_bytes()
    assert data.startswith("\ufeff".encode())
    assert data.count(b"\n") == data.count(b"\r\n") == data.count(b"\r")
    with pytest.raises(UnicodeDecodeError):
        "".join(part.decode() for part in slices("verse.txt", 16, 1000))


def test_the_report_is_json_and_the_image_fits_its_head() -> None:
    assert len(json.loads((FOLDER / "report.json").read_text())) > 10
    image = (FOLDER / "image.bmp").read_bytes()
    size, _, start, _, width, height = (
        int.from_bytes(image[at : at + 4], "little") for at in range(2, 26, 4)
    )
    assert (size, size - start) == (len(image), width * height)


def test_they_are_no_specs() -> None:
    found = items([str(FOLDER.parent)], Side.CLIENT)
    assert {item.case.id for item in found} >= known().keys()


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a checkout")
def test_git_leaves_their_octets_alone() -> None:
    paths = [f"specs/corpora/{name}" for name in CORPORA]
    command = ["git", "check-attr", "text", "--", *paths]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert told.splitlines() == [f"{path}: text: unset" for path in paths]
