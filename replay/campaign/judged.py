"""From what was observed of a case to its result, in the same way for servers, clients and logs."""

from __future__ import annotations

from msgspec.structs import replace

from replay.cases.model import Behaviour
from replay.cases.recorded import compresses
from replay.play.actions import Options
from replay.protocol.events import Event, Unread
from replay.protocol.rules import RULES
from replay.report.causes import explained
from replay.suite.files import Item
from replay.trace.model import SECOND, Trace
from replay.verdict.judge import judge, passes
from replay.verdict.result import CaseResult, Cause, Judged, Logged, Misdeed, Result
from replay.wire.side import Side

AS_RECORDED = Options()
"""Nothing in a log is changed."""


def judged(item: Item, trace: Trace, tester: Side, options: Options = AS_RECORDED) -> Judged:
    """The verdict with its evidence, the reason why it isn't OK, and notes on how the case was played."""
    result = judge(item.case, trace, tester, (*item.notes, *_edits(item, tester, options)))
    return explained(_told(result, item, tester, options))


def offline(item: Item, trace: Trace) -> Judged:
    """The verdict on a log. Unless its case asks for more, no MUST may be broken in it; where its octets
    can't be read, nothing is said about them."""
    result = judged(item, trace, trace.recorder)
    musts = [broken for broken in result.broken if RULES[broken.rule].level != "SHOULD"]
    unread = next((event for event in result.events if isinstance(event, Unread)), None)
    if unread is not None and not musts:
        return explained(result.left_unjudged(unread.reason))
    if item.case.closing is None and musts:
        cause = Cause(Misdeed.BREAKS, musts[0].rule)
        return explained(replace(result, behaviour=Behaviour.FAILED, unjudged=None, cause=cause))
    return result


def briefly(
    item: Item,
    trace: Trace,
    tester: Side,
    options: Options = AS_RECORDED,
    events: tuple[Event, ...] | None = None,
) -> Logged | None:
    """The verdict without the evidence, at which nobody looks if everything is fine; None: something isn't.
    `events`: see `passes`."""
    well = passes(item.case, trace, tester, (*item.notes, *_edits(item, tester, options)), events)
    return None if well is None else _told(well, item, tester, options)


def _told(result: Result, item: Item, tester: Side, options: Options) -> Result:
    """The result with the path of its case, and with a note if recorded messages were compressed again."""
    log, notes = item.case.trace, result.notes
    if options.reencode and log is not None and result.facts.opened and compresses(log, tester):
        notes = (*notes, "the recorded messages were compressed again")
    return replace(result, path=item.path, notes=notes)


def _edits(item: Item, tester: Side, options: Options) -> tuple[str, ...]:
    """What was changed in a recorded request, as the user asked for."""
    if item.case.trace is None or tester is Side.SERVER:
        return ()
    edits = [f"its target is {options.target}"] if options.edit_target else []
    edits += [f"its Host is {options.host}"] if options.edit_host else []
    edits += [f"it has {name}: {value}" for name, value in options.headers]
    return (f"the recorded request was edited: {', '.join(edits)}",) if edits else ()


def of_two(first: CaseResult, second: Result) -> Result:
    """The verdict on a case that failed and was then played again, alone."""
    if second.counts() or second.unjudged is not None:
        return second
    was = first.unjudged or f"{first.behaviour.value}, closing {first.closing.value}"
    return replace(
        second, flaky=True, notes=(*second.notes, f"flaky: {was} at first, while other cases were running")
    )


def alike(twice: CaseResult, once: CaseResult) -> bool:
    """Whether a case that failed alone as well leaves no doubt about one that failed once: they show the
    same breach of a rule. Silence and lost connections, which are what bad luck looks like, show none."""
    cause = twice.cause
    return twice.counts() and cause is not None and cause.rule is not None and cause == once.cause


def since_1970(result: CaseResult, ended: float) -> float:
    """When a connection that ended at `ended` began, in seconds."""
    return ended - (result.duration or 0) / SECOND
