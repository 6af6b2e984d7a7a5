"""Collects wire logs, specs and the bundled suite as pytest tests; see docs/pytest.md.

This is the only module that imports pytest. What a test needs is imported when there is one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from _pytest._code.code import TerminalRepr

from replay.source import SourceError, printable

if TYPE_CHECKING:
    from _pytest._io import TerminalWriter

    from replay.commands.one_by_one import Servers
    from replay.suite.files import Item
    from replay.verdict.result import CaseResult, Judged

LOG = ".wirelog"
SPECS = (".yaml", ".yml")
FIXTURE = "replay_server"
NO_SERVER = (
    "no server: give --replay-url, or `url` in replay.yaml, or define a fixture "
    "replay_server in conftest.py that returns one"
)


class NonStrict(pytest.PytestWarning):
    """A case that passes, but not with the best verdict."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("replay", "WebSocket conformance (wire-replay)")
    group.addoption("--replay-url", metavar="URL", help="The server under test: ws://HOST[:PORT][/PATH].")
    group.addoption(
        "--replay-suite",
        action="append",
        default=[],
        metavar="ID|GLOB|!GLOB|SUITE",
        help="Also run these cases of the bundled suites, or a whole suite: autobahn, rfc or all.",
    )
    parser.addini(
        "replay_suite", "Cases of the bundled suites: ids, globs, !globs, or a suite.", "args", []
    )
    parser.addini("replay_specs", "Folders (or files) whose YAML files are specs of replay.", "paths", [])
    parser.addini("replay_expected", "The file with expected verdicts: YAML, or Autobahn's index.json.")


SERVERS = pytest.StashKey["Servers"]()


def _servers(config: pytest.Config) -> Servers:
    """How the tests of a session are played. Raises SourceError."""
    from replay.commands.one_by_one import Servers

    if SERVERS not in config.stash:
        named = config.getini("replay_expected")
        folder = config.inipath.parent if config.inipath else config.rootpath
        config.stash[SERVERS] = Servers(folder / named if named else None)
    return config.stash[SERVERS]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "replay: a case of replay (wire logs, specs, the bundled suite)")
    if config.option.replay_url:
        from click import ClickException

        from replay.commands.options import Url

        try:
            Url().convert(config.option.replay_url, None, None)
        except ClickException as error:
            raise pytest.UsageError(f"--replay-url: {error.format_message()}") from None
    # not if only certain files were asked for
    if not config.option.replay_suite and config.args_source is not config.ArgsSource.ARGS:
        config.option.replay_suite = config.getini("replay_suite")


@pytest.fixture(scope="session")
def replay_server(pytestconfig: pytest.Config) -> str:
    """The URL of the server under test. Override this fixture to start a server."""
    url = _servers(pytestconfig).url
    if url is not None:
        return url
    if _words(pytestconfig) or pytestconfig.getini("replay_specs"):
        pytest.fail(NO_SERVER, pytrace=False)
    pytest.skip(NO_SERVER)


@pytest.fixture
def replay_cassette(request: pytest.FixtureRequest) -> Callable[..., AbstractContextManager[str]]:
    """`with replay_cassette("ws://localhost:8080/chat") as url:` is for the test of a client.

    The first time, the client talks to that server, and what is said is recorded in the folder `cassettes`
    beside the test. Ever after, replay plays the server's part, and the test fails if the client says
    something else. `name` is that of the cassette, by default the name of the test.
    """

    @contextmanager
    def playing(server: str | None = None, *, name: str | None = None) -> Generator[str]:
        from replay.commands.cassette import CassetteFault, cassette

        stem = re.sub(r"[^A-Za-z0-9_-]+", "-", name or request.node.name).strip("-")
        path = request.path.parent / "cassettes" / f"{stem}.yaml"
        try:
            with cassette(path, server) as url:
                yield url
        except CassetteFault as fault:
            pytest.fail("\n".join(map(printable, str(fault).splitlines())), pytrace=False)

    return playing


# How tests are collected.


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix == LOG or (file_path.suffix in SPECS and _is_spec(file_path, parent.config)):
        return CaseFile.from_parent(parent, path=file_path)
    return None


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The bundled suite belongs to one or more files. If it is asked for, it is collected there even when
    pytest was given other files of the same folder."""
    report = yield
    if isinstance(collector, pytest.Directory) and _words(collector.config):
        for home in _homes(collector.config):
            if home.parent == collector.path:
                report.result.append(Suite.from_parent(collector, path=home))
    elif isinstance(collector, pytest.Session) and collector.config.option.replay_suite:
        for home in _homes(collector.config):
            if not any(node.path == home or node.path in home.parents for node in report.result):
                report.result += [Suite.from_parent(folder, path=home) for folder in _above(report, home)]
    return report


def _above(report: pytest.CollectReport, home: Path) -> list[pytest.Directory]:
    """The folder of a file, if something in it was collected."""
    above = (node for each in report.result for node in each.listchain() if node.path == home.parent)
    return [node for node in above if isinstance(node, pytest.Directory)][:1]


def _is_spec(path: Path, config: pytest.Config) -> bool:
    named: list[Path] = config.getini("replay_specs")
    return any(path == each or each in path.parents for each in named)


def _words(config: pytest.Config) -> list[str]:
    """The words that select from the bundled suite; empty if none of it is to be run."""
    asked = [word for words in config.option.replay_suite for word in words.split()]
    of_ini: list[str] = config.getini("replay_suite")
    return asked or of_ini


def _homes(config: pytest.Config) -> list[Path]:
    """The files that the tests of the bundled suite belong to: each conftest.py that defines a server,
    otherwise pytest's own config file. That is how pytest finds their fixtures, and finds a test by the
    name it prints."""
    files = {Path(plugin.__file__) for plugin in config.pluginmanager.get_plugins() if _is_conftest(plugin)}
    return sorted(files) or [config.inipath or config.rootpath / "pytest.ini"]


def _is_conftest(plugin: Any) -> bool:
    return Path(getattr(plugin, "__file__", None) or "").name == "conftest.py" and hasattr(plugin, FIXTURE)


class CaseModule(pytest.Module):
    """A file whose tests are cases. It is a Module because fixtures with module scope need one."""

    obj = None

    def items(self, servers: Servers) -> Sequence[Item]:
        raise NotImplementedError

    def collect(self) -> Iterable[CaseTest]:
        """Raises CollectError, which pytest shows without a traceback."""
        try:
            items = self.items(_servers(self.config))
        except SourceError as error:
            raise self.CollectError(str(error)) from None
        from replay.wire.side import Side

        call = _at_url if self.config.option.replay_url else _at_fixture
        for item in (item for item in items if item.case.testee is not Side.CLIENT):
            test: CaseTest = CaseTest.from_parent(self, name=printable(item.case.id), callobj=call)
            test.take(item, items)
            yield test


class CaseFile(CaseModule):
    def items(self, servers: Servers) -> Sequence[Item]:
        from replay.suite import files as suite
        from replay.wire.side import Side

        path = Path(os.path.relpath(self.path, self.config.invocation_params.dir))
        return suite.items([str(path)], Side.CLIENT, servers.thorough)


class Suite(CaseModule):
    def items(self, servers: Servers) -> Sequence[Item]:
        from replay.forms import SUITE
        from replay.suite import files as suite

        words = _words(self.config)
        asked = next((word for word in words if re.fullmatch(SUITE.pattern, word)), None)
        ids = [word for word in words if word != asked]
        return suite.bundled_items(servers.thorough, ids, asked or servers.suite)


def _at_fixture(replay_server: str) -> None:
    """The signature of a test that asks for the server's fixture."""


def _at_url() -> None:
    """The signature of a test that has the server's URL."""


def pytest_collection_finish(session: pytest.Session) -> None:
    tests = [item for item in session.items if isinstance(item, CaseTest)]
    if tests:
        _servers(session.config).expect(test.item.case.id for test in tests)


# How a test runs.


class CaseFailed(Exception):
    def __init__(self, result: Judged) -> None:
        self.result = result


class CaseTest(pytest.Function):
    """One case, played against the server."""

    item: Item

    def take(self, item: Item, others: Sequence[Item]) -> None:
        """`others` are all cases of its file, perhaps with the other connections of a conversation."""
        self.item, self.others = item, others
        self.better: str | None = None  # set if the result is better than expected
        self.add_marker("replay")
        self.extra_keyword_matches.update(item.case.title.split())

    def reportinfo(self) -> tuple[Path, int, str]:
        span = self.item.case.span if self.item.path is not None else None
        return self.path, span.line - 1 if span else 0, f"{self.name} {printable(self.item.case.title)}"

    def runtest(self) -> None:
        """Raises CaseFailed. Skips what is unimplemented, and marks expected failures as xfail."""
        from replay.cases.model import Behaviour
        from replay.commands.one_by_one import NotReached
        from replay.commands.output import at_address
        from replay.report.words import expectation
        from replay.verdict.result import Judged, Standing

        url: Any = self.config.option.replay_url or self.funcargs[FIXTURE]
        try:
            result = _servers(self.config)[url].play(self.item, self.others)
        except (NotReached, SourceError) as error:
            said = at_address(printable(str(url)), str(error))
            raise pytest.fail.Exception(said, pytrace=False) from None
        self._record(result)
        if result.is_expected and result.expectation is not None:
            pytest.xfail(expectation(result.expectation))
        if isinstance(result, Judged) and result.counts():
            raise CaseFailed(result)
        if result.expectation is not None and result.expectation.standing is Standing.BETTER:
            self.better = expectation(result.expectation)
        if result.unjudged is not None:
            raise pytest.skip.Exception(f"unjudged: {result.why}", _use_item_location=True)
        if result.behaviour is Behaviour.UNIMPLEMENTED:
            raise pytest.skip.Exception(f"UNIMPLEMENTED: {result.why}", _use_item_location=True)
        if result.behaviour is Behaviour.NON_STRICT:
            self.warn(NonStrict(f"{self.name} is NON-STRICT: {result.why}"))

    def _record(self, result: CaseResult) -> None:
        """Report it to JUnit and other reports, and to -rP."""
        from replay.report import terminal

        rules = dict.fromkeys(violation.rule for violation in result.broken)
        self.user_properties += [
            ("behaviour", result.word),
            ("closing", result.closing.value),
            *(("rule", rule) for rule in rules),
        ]
        if notes := "" if result.failed else terminal.as_text(terminal.notes(result)):
            self.add_report_section("call", "by replay", notes)

    # The method of `pytest.Item` also takes a style, but pytest calls it without one.
    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException]) -> str | TerminalRepr:  # type: ignore[override]
        if not isinstance(excinfo.value, CaseFailed):
            return super().repr_failure(excinfo)
        place = _Place(str(self.path), self.reportinfo()[1] + 1, _in_short(excinfo.value.result))
        return Failure(excinfo.value.result, place)


def _in_short(result: CaseResult) -> str:
    from replay.report.tally import verdict

    return f"{verdict(result)}: {result.why}"


class _Place(NamedTuple):
    path: str
    lineno: int
    message: str  # for pytest's short summary


class Failure(TerminalRepr):
    """Why a case failed, rendered for the width and the colours of pytest's own output."""

    def __init__(self, result: Judged, place: _Place) -> None:
        from shutil import get_terminal_size

        from replay.report import terminal

        # Render it now: the octets in it are not kept.
        self._lines = terminal.failure(result).drawn(get_terminal_size().columns)
        self.reprcrash = place

    def toterminal(self, tw: TerminalWriter) -> None:
        from io import StringIO

        from rich.console import Console

        console = Console(
            file=StringIO(),
            width=tw.fullwidth,
            force_terminal=tw.hasmarkup,
            color_system="standard" if tw.hasmarkup else None,
            legacy_windows=False,
            _environ={},
        )
        with console.capture() as captured:
            console.print(self._lines)
        for line in captured.get().splitlines():
            tw.line(line.rstrip())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A case that does better than expected is reported as XPASS."""
    report = yield
    if isinstance(item, CaseTest) and call.when == "call" and report.passed and item.better is not None:
        if item.config.getini("xfail_strict"):
            report.outcome, report.longrepr = "failed", f"[XPASS(strict)] {item.better}"
        else:
            report.wasxfail = item.better
    return report
