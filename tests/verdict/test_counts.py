"""What fails a run: a verdict by its rank, unless it is expected or was only now and then."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from replay.cases.model import Behaviour
from replay.source import Source
from replay.verdict.result import (
    CaseResult,
    Cause,
    ClosingVerdict,
    Entry,
    Expectation,
    Misdeed,
    Standing,
    kept,
    rank,
)
from tests.report import samples

B, V, STANDS = Behaviour, ClosingVerdict, Standing
ENTRY = Entry("1.*", ("FAILED",), "it is known", Source("expected.yaml", "1.*").span(0, 3))


def result(behaviour: Behaviour, closing: ClosingVerdict, standing: Standing | None = None) -> CaseResult:
    expectation = None if standing is None else Expectation(ENTRY, standing)
    return replace(kept(samples.good()), behaviour=behaviour, closing=closing, expectation=expectation)


RANKS = {
    (B.OK, V.OK): 0,
    (B.OK, V.INFORMATIONAL): 0,
    (B.INFORMATIONAL, V.OK): 0,
    (B.INFORMATIONAL, V.INFORMATIONAL): 0,
    (B.NON_STRICT, V.OK): 1,
    (B.UNIMPLEMENTED, V.INFORMATIONAL): 1,
    (B.FAILED, V.OK): 2,
    (B.FAILED, V.UNCLEAN): 2,
    (B.OK, V.UNCLEAN): 2,
    (B.NON_STRICT, V.WRONG_CODE): 2,
    (B.INFORMATIONAL, V.FAILED): 2,
    (B.OK, V.FAILED_BY_CLIENT): 2,
}


@pytest.mark.parametrize(("behaviour", "closing"), RANKS)
def test_a_verdict_counts_by_its_worse_half(behaviour: Behaviour, closing: ClosingVerdict) -> None:
    each, place = result(behaviour, closing), RANKS[behaviour, closing]
    assert rank(behaviour, closing) == place
    assert (each.failed, each.lax) == (place == 2, place == 1)
    assert (each.counts(), each.counts(strict=True)) == (place == 2, place > 0)
    alone = place == 2 and behaviour is not B.FAILED
    assert each.closing_alone is alone
    assert (each.word, each.heading) == (behaviour.value, closing.value if alone else behaviour.value)


@pytest.mark.parametrize(
    ("behaviour", "standing", "expected", "counts"),
    [
        (B.FAILED, STANDS.LISTED, True, (False, False)),
        (B.NON_STRICT, STANDS.LISTED, True, (False, False)),
        (B.OK, STANDS.LISTED, False, (False, False)),
        (B.FAILED, STANDS.EXPIRED, False, (True, True)),
        (B.NON_STRICT, STANDS.BETTER, False, (False, True)),
        (B.FAILED, STANDS.OTHER, False, (True, True)),
        (B.FAILED, STANDS.WORSE, False, (True, True)),
        (B.NON_STRICT, STANDS.WORSE, False, (True, True)),
        (B.OK, STANDS.BETTER, False, (False, False)),
    ],
)
def test_what_is_expected_does_not_count_and_what_is_worse_does(
    behaviour: Behaviour, standing: Standing, expected: bool, counts: tuple[bool, bool]
) -> None:
    each = result(behaviour, V.OK, standing)
    assert each.is_expected is expected
    assert (each.counts(), each.counts(strict=True)) == counts


def test_what_passed_at_another_try_does_not_count() -> None:
    flaky = replace(result(B.FAILED, V.OK), flaky=True)
    assert (flaky.failed, flaky.counts(), flaky.counts(strict=True)) == (True, False, False)


def test_without_a_verdict_a_case_fails_only_a_strict_run() -> None:
    each = samples.short().left_unjudged("nobody saw it")
    assert (each.word, each.heading, each.unjudged) == ("unjudged", "unjudged", "nobody saw it")
    assert (each.behaviour, each.closing, each.cause) == (B.INFORMATIONAL, V.INFORMATIONAL, None)
    assert (each.failed, each.lax, each.counts(), each.counts(strict=True)) == (False, True, False, True)


def test_of_many_breaches_the_first_five_are_kept() -> None:
    (breach, *_) = samples.masked().broken
    many = [replace(breach, start=number) for number in range(7)]
    kept_of_them = kept(replace(samples.masked(), broken=tuple(many)))
    assert [one.start for one in kept_of_them.broken] == [0, 1, 2, 3, 4]
    spoilt = [one for one in samples.spoilt().broken if one.spoilt is not None]
    assert spoilt
    assert all(one.spoilt is None for one in kept(replace(samples.spoilt(), broken=tuple(spoilt))).broken)


@pytest.mark.parametrize(
    ("cause", "key"),
    [
        (Cause(Misdeed.ACCEPTS, "text-is-utf8"), "accepts:text-is-utf8"),
        (Cause(Misdeed.CODE, code=1011), "code:1011"),
        (Cause(Misdeed.UNOPENED, "response-accept", 101), "unopened:response-accept:101"),
        (Cause(Misdeed.DIFFERS, detail="a message cut short"), "differs:a-message-cut-short"),
        (Cause(Misdeed.DROPS), "drops"),
    ],
)
def test_a_cause_has_a_word_for_programs(cause: Cause, key: str) -> None:
    assert cause.key == key
