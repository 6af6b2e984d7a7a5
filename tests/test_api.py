"""The public interface, used as its page says and as a program would."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import replay
from tests.processes import ROOT, listening

PAGE = (ROOT / "docs" / "api.md").read_text("utf-8")
EXAMPLES = re.findall(
    r"^```python\n(.*?)^```\n\nIt prints:\n\n```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL
)
"""The programs on the page, and what it says that they print."""
FAULTY = ROOT / "tests" / "peers" / "faulty.py"


def test_each_name_is_there_and_on_the_page() -> None:
    for name in replay.__all__:
        assert getattr(replay, name) is not None
        assert re.search(rf"`{name}\b", PAGE), f"{name} isn't on the page"
    assert set(replay.__all__) <= set(dir(replay))
    with pytest.raises(AttributeError, match="no attribute 'reed_log'"):
        _ = replay.reed_log


def test_the_page_names_nothing_else() -> None:
    called = {name for example, _ in EXAMPLES for name in re.findall(r"\breplay\.(\w+)", example)}
    assert called <= set(replay.__all__)
    assert len(EXAMPLES) == PAGE.count("```python")


@pytest.mark.parametrize(("example", "printed"), EXAMPLES, ids=range(len(EXAMPLES)))
def test_the_examples_print_what_the_page_says(example: str, printed: str, tmp_path: Path) -> None:
    (tmp_path / "example.py").write_text(example)
    done = subprocess.run(
        [sys.executable, "-W", "error", "example.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, printed, "")


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
    with pytest.raises(replay.SourceError, match="profile: expected 'autobahn' or 'rfc', found 'rfc2119'"):
        replay.run(profile="rfc2119")
    with pytest.raises(replay.SourceError, match=r"9\.99"):
        replay.select("9.99")
    with pytest.raises(replay.SourceError, match="log:1:"):
        replay.parse_log("000 TX OCTETS: 8")


NOT_PATHS = (1, b"a", "a\0b", "\ud800", ["a"])
NOT_TEXTS = (1, b"a", ["a"], object())
NOT_FLAGS: tuple[object, ...] = (0, 1, "yes", [])

BAD: dict[str, tuple[object, ...]] = {
    "ca": (*NOT_PATHS, "no-such.pem", ROOT / "pyproject.toml", ROOT),
    "cases": ("1.1.1", ["1.1.1"], [replay.select("1.1.1")], 1, {}.keys(), b"1"),
    "headers": (
        *(1, "A: b", ["A: b"], ["Ab"], [("A",)], [("A", "b", "c")], [("A", 1)], [(b"A", b"b")], ("A", "b")),
        *({"A": "x\r\nB: y"}, {"A": "x\n"}, {"A": "\0"}, {"A": "\u20ac"}, {"A": 1}, {"A": None}),
        *({"A b": "x"}, {"A:": "x"}, {"A: b": "x"}, {"": "x"}, {"A\r\nB": "x"}, {"\xe4": "x"}),
    ),
    "host": (*NOT_TEXTS, "", "a\r\nb", "a\n", "\u20ac"),
    "insecure": NOT_FLAGS,
    "jobs": (-5, 0, 1001, 10**400, 1.0, "4", True, float("nan")),
    "keyword": (*NOT_TEXTS, "a and", "nothing-of-the-kind"),
    "log": (1, "text", None, Path("a.wirelog")),
    "name": NOT_TEXTS,
    "on_result": (1, "print", []),
    "path": (*NOT_PATHS, "no-such.wirelog", ROOT),
    "profile": ("rfc2119", "", "RFC", 1, None, [], replay.Side.CLIENT),
    "result": (1, "OK", None, {}),
    "seed": (-1, 2**63, 10**400, 1.0, "x", True),
    "suite": (*NOT_TEXTS, "rfc2119", "", "RFC", "rfc@", "rfc@1999.01", None),
    "text": (*NOT_TEXTS, None, "000 TX OCTETS: 8"),
    "thorough": NOT_FLAGS,
    "timeout": (0, -1, 0.0009, 86401, 10**400, float("nan"), float("inf"), "x", "1", None, True),
    "trace": (1, "text", None),
    "url": (
        *NOT_TEXTS,
        "",
        "http://localhost",
        "localhost:9001",
        "ws://",
        "ws://a b",
        "ws://h:0",
        "ws://a\r\n",
    ),
    "words": (1, b"1.1.1", None, ["1.1.1"], "a/\0", "99.9"),
}
"""Values that an argument can't have."""

LOG = replay.read_log(ROOT / "traces" / "01-framing" / "1.2.3.wirelog")
CALLS: dict[Callable[..., Any], tuple[object, ...]] = {
    replay.judge: (LOG,),
    replay.observe: (LOG.trace,),
    replay.parse_log: ("",),
    replay.read_log: (LOG.name,),
    replay.run: ("wss://127.0.0.1:9", replay.select("1.1.1")),
    replay.select: ("1.*",),
    replay.to_json: (replay.judge(LOG),),
    replay.write_log: (LOG.trace,),
}
"""The functions, each with arguments that would do."""

BAD_CALLS = [
    pytest.param(function, name, value, id=f"{function.__name__}-{name}-{str(value)[:12]!a}")
    for function in CALLS
    for name in inspect.signature(function).parameters
    for value in BAD[name]
]


@pytest.mark.parametrize(("function", "name", "value"), BAD_CALLS)
def test_whatever_is_wrong_with_an_argument_is_a_source_error(
    function: Callable[..., Any], name: str, value: object
) -> None:
    given = inspect.signature(function).bind(*CALLS[function])
    given.arguments[name] = (value,) if name == "words" else value
    with pytest.raises(replay.SourceError):
        function(*given.args, **given.kwargs)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"jobs": -5}, "jobs: expected a whole number from 1 to 1000, found -5"),
        ({"timeout": 0}, "timeout: expected a number of seconds from 0.001 to 86400, found 0"),
        (
            {"cases": ["1.1.1"]},
            "cases: expected what replay.select() returns, found '1.1.1'\n"
            "  help: write replay.select('1.1.1')",
        ),
        ({"headers": ["A: b"]}, "or a mapping of them, found 'A: b'"),
        ({"headers": {"X": "a", "A": "x\r\nB: y"}}, r"or a mapping of them, found ('A', 'x\r\nB: y')"),
        ({"host": "a\r\nb"}, r"host: expected the value of a header: characters of ISO 8859-1"),
        ({"url": "ws://127.0.0.1", "ca": "x.pem"}, "ca: expected only with a wss:// URL"),
        ({"insecure": True}, "insecure: expected only with a wss:// URL, found None"),
        ({"url": "wss://127.0.0.1", "ca": "x.pem"}, "ca: x.pem: no such file or directory"),
    ],
)
def test_an_error_names_the_argument(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(replay.SourceError) as caught:
        replay.run(**arguments)
    assert said in str(caught.value)


def test_an_argument_that_is_unknown_or_missing_is_a_type_error() -> None:
    run: Callable[..., Any] = replay.run
    with pytest.raises(TypeError, match=r"run\(\): got an unexpected keyword argument 'job'"):
        run(job=1)
    judge: Callable[..., Any] = replay.judge
    with pytest.raises(TypeError, match=r"judge\(\): missing a required argument: 'log'"):
        judge()


def test_whatever_the_command_line_takes_is_taken() -> None:
    cases = tuple(replay.select("1.1.1"))
    taken: tuple[Any, ...] = ({"A": "", "b": "\xe4: \t1"}, [("A", "1"), ("A", "2")], (), {})
    for headers in taken:
        run = replay.run(None, cases, headers=headers, host="h", seed=2**63 - 1, jobs=1000, timeout=86400)
        assert run.exit_status() == 0


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
