"""JUnit XML, as Jenkins and GitLab read it: a suite for each run, a test for each case.

A case that is UNIMPLEMENTED, unjudged or expected to fail is skipped; a run that broke off is an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from replay.report import safe, words
from replay.report.tally import (
    CountedAs,
    also,
    count,
    headline,
    line,
    named,
    remarks,
    tally,
    trouble,
    verdict,
)
from replay.trace.model import SECOND
from replay.verdict.cause import by_cause
from replay.verdict.result import CaseResult, RunResult
from replay.version import __version__

if TYPE_CHECKING:
    from junitparser import TestCase, TestSuite

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


def xml(runs: Sequence[RunResult]) -> str:
    from junitparser import JUnitXml

    report = JUnitXml("replay")
    for run in runs:
        report.add_testsuite(_suite(run))
    report.update_statistics()  # type: ignore[no-untyped-call]  # junitparser has no types there
    del report._elem.attrib["skipped"]  # only a suite may have it, by the schema of Jenkins
    report.time = round(sum(run.duration for run in runs), 3)
    text: bytes = report.tostring()  # type: ignore[no-untyped-call]  # as above
    return _DECLARATION + text.decode()


def _suite(run: RunResult) -> TestSuite:
    from junitparser import Error, SystemOut, TestCase, TestSuite

    suite = TestSuite(safe.escape(named(run), 200))
    began = min((result.began for result in run.results if result.began is not None), default=None)
    if began is not None:
        suite.timestamp = words.moment(began).partition(".")[0]
    suite.add_property("replay", __version__)
    suite.add_property("address", safe.escape(run.address, 200))
    if run.seed is not None:
        suite.add_property("seed", str(run.seed))
    alike = {
        id(result): also(failures, result)
        for failures in by_cause(run.results, run.strict)
        for result in failures.results
    }
    tests = [_test(run, result, alike.get(id(result), "")) for result in run.results]
    if (said := trouble(run)) is not None:
        broke_off = TestCase("the run", _class(run, "run"), 0)
        error = Error(said, "run")
        error.text = safe.paragraph("\n".join((said, *run.last_lines)))
        broke_off.result = [error]
        tests.append(broke_off)
    suite.add_testcases(tests)
    suite.append(SystemOut(line(tally([run]))))  # type: ignore[no-untyped-call]  # as above
    return suite


def _test(run: RunResult, result: CaseResult, alike: str) -> TestCase:
    """`alike` names the other failures with the same cause."""
    from junitparser import Failure, Skipped, TestCase

    id, title = safe.escape(result.case.id, 200), safe.escape(result.case.title, 300)
    test = TestCase(f"{id} {title}", _class(run, f"section {result.case.section}"))
    test.time = (result.duration or 0) / SECOND
    said = [safe.escape(one) for one in remarks(result)]
    counted = count(result, run.strict)
    if counted is CountedAs.FAILED:
        failure = Failure(": ".join((verdict(result), *said[:1])) + alike, headline(result))
        again = [f"again: {result.again}"] if result.again else []
        failure.text = safe.paragraph("\n".join((result.shown, *again)))
        test.result = [failure]
    elif counted in (CountedAs.UNIMPLEMENTED, CountedAs.UNJUDGED, CountedAs.EXPECTED):
        test.result = [Skipped(": ".join((verdict(result), *said)), counted.value)]
    elif said or result.word != "OK":
        test.system_out = "\n".join((verdict(result), *said))
    return test


def _class(run: RunResult, name: str) -> str:
    """A dot would be read as the separator of packages."""
    agent, name = (safe.escape(text, 200).replace(".", "_") for text in (named(run), name))
    return f"{agent}.{name}"
