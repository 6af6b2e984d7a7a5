"""What is judged in short: a connection on which all is well, and no other."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from replay.cases.recorded import case_of
from replay.suite.files import known
from replay.trace.model import Octets, Timer, Trace, Wait
from replay.trace.packed import pack
from replay.verdict.judge import REENCODED, judge, passes
from replay.verdict.result import Judged, kept
from replay.wire.frame import encode, frame
from replay.wire.side import Side
from tests.report import samples
from tests.report.samples import HELLO, clean_end, judged, opened, sent
from tests.verdict.test_terms import NARROW, PMD, connection, own

C, S = Side.CLIENT, Side.SERVER


def test_a_connection_on_which_all_is_well_passes_with_the_same_verdict() -> None:
    case = known()["1.1.1"]
    back = Octets(S, encode(frame(1, b"")))
    trace = Trace(C, opened(Octets(C, sent(1, b"")), back, *clean_end()))
    brief = passes(case, trace, C, ("a note",))
    assert brief is not None
    assert kept(brief) == kept(judge(case, trace, C, ("a note",)))
    assert brief.notes == ("a note",)
    assert brief.log == pack(trace)


def non_strict() -> Judged:
    """The testee fails the connection before all has been sent back that stood before the breach."""
    case = known()["3.2"]
    legal, bad = Octets(C, sent(1, b"Hello, world!")), frame(1, b"Hello, world!", rsv=2, key=bytes(4))
    end = Octets(S, samples.close(1002)), Octets(C, samples.close(1002, key=bytes(4))), clean_end()[-1]
    return judged(case, *opened(legal, Octets(C, encode(bad)), *end))


def nothing_came() -> Judged:
    case = known()["1.1.1"]
    return judged(case, *opened(Octets(C, sent(1, b"")), Timer(Wait.FAIL, True), *clean_end()))


@pytest.mark.parametrize(
    "other",
    [
        samples.wrong_code,
        samples.masked,
        samples.short,
        samples.extra_message,
        samples.refused,
        samples.unreached,
        samples.recorded,
        non_strict,
        nothing_came,
    ],
)
def test_all_others_need_a_judge(other: Callable[[], Judged]) -> None:
    result = other()
    assert passes(result.case, result.trace, result.facts.tester) is None


def test_what_was_compressed_anew_passes_without_a_note() -> None:
    echo = Octets(S, encode(frame(1, b"Hello")))
    case = case_of(connection(PMD, C, own(C, HELLO, 4), echo), "log", C)
    seen = Trace(C, connection(NARROW, C, own(C, HELLO, 4), echo).entries, ((REENCODED, "yes"),))
    brief = passes(case, seen, C)
    assert brief is not None
    assert brief.notes == ()
    assert kept(brief) == kept(judge(case, seen, C))
