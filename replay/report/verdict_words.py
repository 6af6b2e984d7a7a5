"""Turns results into verdicts as they are stored: with their explanation in words."""

from __future__ import annotations

from replay.report import causes, differences, words
from replay.verdict.result import CaseResult, Judged
from replay.verdict.stored_verdict import (
    StoredBreach,
    StoredDivergence,
    StoredExpectation,
    StoredVerdict,
)


def in_words(result: CaseResult) -> StoredVerdict:
    close, rounds = result.facts.testee_close, result.case.rounds
    return StoredVerdict(
        id=result.case.id,
        title=result.case.title,
        behaviour=result.behaviour,
        closing=result.closing,
        closing_reason=result.closing_reason,
        path=result.path,
        close_code=None if close is None else close.code,
        failed=result.failed,
        unjudged=result.unjudged,
        cause=causes.said(result),
        broken=tuple(StoredBreach(one.rule, one.start, one.side, one.detail) for one in result.broken),
        divergence=_divergence(result),
        rounds=None if rounds is None else (rounds.times, rounds.of or rounds.times),
        notes=result.notes,
        began=words.moment(result.began) or None,
        duration=result.duration,
        flaky=result.flaky,
        expected=_expected(result),
        again=result.again,
    )


def _divergence(result: CaseResult) -> StoredDivergence | None:
    found = result.divergence if isinstance(result, Judged) else None
    if found is None:
        return None
    event = found.at if found.at >= 0 else None
    return StoredDivergence(differences.difference(found), event, found.field, found.offset)


def _expected(result: CaseResult) -> StoredExpectation | None:
    found = result.expectation
    if found is None:
        return None
    said = f"{words.expectation(found)} ({words.place(found.entry)})"
    return StoredExpectation(found.standing, said)
