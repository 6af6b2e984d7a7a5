"""The cases as data: what sound parsers make of them, and what a faulty one doesn't."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from replay.campaign.vectors import MOST, schema
from tests.processes import replay

READERS = Path(__file__).parent.parent / "docs" / "vectors"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("vectors") / "vectors.json"
    done = replay("vectors", "-o", str(path))
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{path}: {len(json.loads(path.read_bytes())['vectors'])} vectors\n"
    return path


@pytest.fixture(scope="module")
def found(file: Path) -> dict[str, Any]:
    contents: dict[str, Any] = json.loads(file.read_bytes())
    return contents


def vector(found: dict[str, Any], id: str, receiver: str) -> dict[str, Any]:
    (one,) = (each for each in found["vectors"] if (each["id"], each["receiver"]) == (id, receiver))
    return dict(one)


def test_the_file_is_as_its_schema_says(found: dict[str, Any]) -> None:
    jsonschema.validate(found, schema())
    assert found["left_out"]
    made = {one["id"] for one in found["vectors"]}
    assert not made & set(found["left_out"])
    assert len(made) + len(found["left_out"]) == 517
    for one in found["vectors"]:
        octets = sum(len(write) // 2 for write in one["writes"])
        assert octets <= MOST
        assert (one["failure"] is not None) >= (one["verdict"] == "invalid")
        if one["failure"]:
            assert 0 <= one["failure"]["at"] <= one["failure"]["due"] <= octets


def test_what_a_vector_says(found: dict[str, Any]) -> None:
    assert vector(found, "6.4.1", "client") == {
        "id": "6.4.1",
        "title": "Invalid UTF-8 in the second frame of three: 90 can't follow f4",
        "receiver": "client",
        "extensions": None,
        "writes": ["010bcebae1bdb9cf83cebcceb5", "0004f4908080", "8006656469746564"],
        "events": [],
        "verdict": "invalid",
        "failure": {
            "rule": "text-is-utf8",
            "reference": "RFC 6455 §5.6, §8.1",
            "at": 16,
            "due": 17,
            "codes": [1007],
        },
    }
    assert vector(found, "5.3", "server")["events"] == [
        {"kind": "text", "data": b"fragment1fragment2".hex()},
        {"kind": "close", "code": 1000},
    ]
    assert vector(found, "7.9.1", "server")["verdict"] == "either"  # a SHOULD
    assert vector(found, "7.1.5", "server")["verdict"] == "either"  # a Close inside a message
    assert vector(found, "12.1.1", "server")["extensions"] == "permessage-deflate"


def test_a_seed_makes_the_masking_keys(file: Path, tmp_path: Path) -> None:
    for seed, same in (("0", True), ("1", False)):
        other = replay("vectors", "--seed", seed, "1.1.2")
        made = json.loads(other.stdout)["vectors"]
        all_of_it = json.loads(file.read_bytes())["vectors"]
        assert (made == [one for one in all_of_it if one["id"] == "1.1.2"]) is same


def test_a_file_that_can_t_be_written_is_an_error(tmp_path: Path) -> None:
    done = replay("vectors", "1.1.1", "-o", str(tmp_path / "no" / "v.json"))
    assert done.returncode == 2
    assert "No such file or directory" in done.stderr or "no such" in done.stderr.lower()


@pytest.mark.parametrize("reader", ["read_wsproto.py", "read_websockets.py"])
def test_a_sound_parser_reads_them_all(reader: str, file: Path) -> None:
    done = subprocess.run([sys.executable, READERS / reader, file], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("reader", ["read_wsproto.py", "read_websockets.py"])
@pytest.mark.parametrize(
    ("id", "change"),
    [
        ("5.3", {"verdict": "invalid"}),
        ("3.1", {"verdict": "valid"}),
        ("1.1.2", {"events": []}),
        ("2.2", {"events": [{"kind": "ping", "data": "00"}, {"kind": "close", "code": 1000}]}),
        ("7.5.1", {"writes": ["88021000"], "verdict": "valid"}),
    ],
)
def test_a_parser_that_does_something_else_is_told(
    reader: str, id: str, change: dict[str, Any], found: dict[str, Any], tmp_path: Path
) -> None:
    wrong = {**vector(found, id, "client"), **change}
    (tmp_path / "v.json").write_text(json.dumps({"vectors": [wrong]}), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, READERS / reader, tmp_path / "v.json"], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stdout.startswith(f"{id} client {wrong['verdict']}")


@pytest.mark.live
def test_the_parser_of_ws_reads_them_all(file: Path, tmp_path: Path) -> None:
    if shutil.which("npm") is None:
        pytest.skip("there is no npm")
    subprocess.run(["npm", "install", "--silent", "ws@8"], cwd=tmp_path, check=True, capture_output=True)
    reader = shutil.copy(READERS / "read_ws.js", tmp_path)
    done = subprocess.run(["node", reader, file], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
