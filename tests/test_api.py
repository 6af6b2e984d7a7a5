"""The public interface, used as its page says and as a program would."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import replay
from tests.processes import ROOT, listening

PAGE = (ROOT / "docs" / "api.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
FAULTY = ROOT / "tests" / "peers" / "faulty.py"


def test_each_name_is_there_and_on_the_page() -> None:
    for name in replay.__all__:
        assert getattr(replay, name) is not None
        assert re.search(rf"`{name}\b", PAGE), f"{name} isn't on the page"
    assert set(replay.__all__) <= set(dir(replay))
    with pytest.raises(AttributeError, match="no attribute 'reed_log'"):
        _ = replay.reed_log


def test_the_page_names_nothing_else() -> None:
    called = {name for example in EXAMPLES for name in re.findall(r"\breplay\.(\w+)", example)}
    assert called <= set(replay.__all__)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_the_examples_run(example: str, tmp_path: Path) -> None:
    (tmp_path / "example.py").write_text(example)
    done = subprocess.run(
        [sys.executable, "-W", "error", "example.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def test_importing_it_loads_nothing_else() -> None:
    program = "import sys, replay; print(*(name for name in sys.modules if name.startswith('replay')))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert set(done.stdout.split()) == {"replay", "replay.version"}


def test_a_log_is_read_judged_and_written() -> None:
    path = ROOT / "traces" / "01-framing" / "1.2.3.wirelog"
    log = replay.read_log(str(path))
    assert replay.write_log(log.trace) == path.read_text("utf-8")
    result = replay.judge(log)
    assert (result.case.id, result.behaviour, result.closing) == (
        "1.2.3",
        replay.Behaviour.OK,
        replay.ClosingVerdict.OK,
    )
    messages = [event for event in replay.observe(log.trace) if isinstance(event, replay.Message)]
    assert [event.side for event in messages] == [replay.Side.CLIENT, replay.Side.SERVER]
    assert messages[0].data == messages[1].data == bytes([0xFE]) * 126


def test_a_server_that_fails_is_a_result(tmp_path: Path) -> None:
    seen: list[str] = []
    cases = replay.select("2.1", "1.1.1")
    with listening(sys.executable, FAULTY, "--fault", "no-pong") as port:
        url = f"ws://127.0.0.1:{port}"
        run = replay.run(url, cases, seed=3, on_result=lambda one: seen.append(one.case.id))
    assert sorted(seen) == ["1.1.1", "2.1"]
    failed = {result.case.id: result for result in run.results if result.counts()}
    assert set(failed) == {"2.1"}
    assert failed["2.1"].shown.startswith("FAILED 2.1")
    assert json.loads(replay.to_json(failed["2.1"]))["why"] == failed["2.1"].why
    assert (run.exit_status(), json.loads(replay.to_json(run))["status"]) == (1, 1)


def test_nobody_there_is_a_result_and_a_bad_argument_an_error() -> None:
    run = replay.run("ws://127.0.0.1:9", replay.select("1.1.1"))
    assert run.unreached is not None
    assert run.exit_status() == 3
    with pytest.raises(replay.SourceError, match="expected ws://"):
        replay.run("http://localhost")
    with pytest.raises(replay.SourceError, match="unknown profile 'rfc2119'"):
        replay.run(profile="rfc2119")
    with pytest.raises(replay.SourceError, match=r"9\.99"):
        replay.select("9.99")
    with pytest.raises(replay.SourceError, match="log:1:"):
        replay.parse_log("000 TX OCTETS: 8")


def test_a_loop_goes_on_meanwhile_and_a_task_that_is_cancelled_ends_the_run() -> None:
    results: list[str] = []

    async def main() -> int:
        turns = 0
        first = asyncio.Event()
        loop = asyncio.get_running_loop()

        def come(result: replay.CaseResult) -> None:
            results.append(result.case.id)
            loop.call_soon_threadsafe(first.set)

        run = asyncio.create_task(replay.run_async(cases=replay.select(), jobs=1, on_result=come))
        while not first.is_set():
            turns += 1
            await asyncio.sleep(0)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        return turns

    assert asyncio.run(main()) > 0
    assert 0 < len(results) < 50
