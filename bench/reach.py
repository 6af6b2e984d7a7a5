"""A pytest plugin for mutants.py: records which lines each test runs, or runs only the tests in a list."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("reach")
    group.addoption("--reach-lines", type=Path, help="JSON: for each file, the mutants and their lines")
    group.addoption(
        "--reach-noted",
        type=Path,
        help="where to write how long each test took, and which mutants it reached",
    )
    group.addoption(
        "--reach-most", type=int, default=0, help="run at most this many cases of each function; 0: all"
    )
    group.addoption("--reach-only", type=Path, help="JSON: the tests to run, in order")


def pytest_configure(config: pytest.Config) -> None:
    if lines := config.getoption("--reach-lines"):
        noting = _Noting(json.loads(lines.read_text()), config.getoption("--reach-noted"))
        config.pluginmanager.register(noting)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if most := config.getoption("--reach-most"):
        functions: dict[str, list[pytest.Item]] = defaultdict(list)
        for one in items:
            functions[one.nodeid.partition("[")[0]].append(one)
        items[:] = [one for some in functions.values() for one in some[:: -(-len(some) // most)]]
    if only := config.getoption("--reach-only"):
        order = {name: place for place, name in enumerate(json.loads(only.read_text()))}
        items[:] = sorted((one for one in items if one.nodeid in order), key=lambda one: order[one.nodeid])


class _Noting:
    def __init__(self, lines: dict[str, list[list[int]]], to: Path) -> None:
        self._lines, self._to = lines, to
        self._wanted: dict[CodeType, dict[int, set[int]]] = {}  # the mutants on each line of a function
        self._all: dict[CodeType, set[int]] = {}
        self._met: set[int] = set()
        self._noted: dict[str, tuple[float, list[int]]] = {}

    def _enter(self, frame: FrameType, event: str, arg: Any) -> Any:
        code = frame.f_code
        if code not in self._wanted:
            by_line: dict[int, set[int]] = defaultdict(set)
            own = {line for _, _, line in code.co_lines() if line is not None}
            for number, first, last in self._lines.get(code.co_filename, ()):
                for line in own.intersection(range(first, last + 1)):
                    by_line[line].add(number)
            self._wanted[code] = by_line
            self._all[code] = set().union(*by_line.values())
        return None if self._all[code] <= self._met else self._line

    def _line(self, frame: FrameType, event: str, arg: Any) -> Any:
        if numbers := self._wanted[frame.f_code].get(frame.f_lineno):
            self._met |= numbers
        return self._line

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._met.clear()
        start = time.process_time()
        threading.settrace(self._enter)
        sys.settrace(self._enter)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            threading.settrace(None)
            self._noted[item.nodeid] = (time.process_time() - start, sorted(self._met))

    def pytest_sessionfinish(self) -> None:
        self._to.write_text(json.dumps(self._noted))
