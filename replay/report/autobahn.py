"""Results in Autobahn|Testsuite's format: index.json, and a JSON file for each agent and case.

All fields are the same, so that scripts which read Autobahn's reports can read these; docs/autobahn.md says
where a value differs. 'me' is the tester.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from replay.cases.model import Behaviour, Case, Closing, EventKind, Pattern
from replay.protocol.events import Close, Event, Fired, Message, Ping, Pong
from replay.report import differences, purpose, safe, words
from replay.report.autobahn_log import connection, shown
from replay.report.words import UNKNOWN_SERVER
from replay.trace.model import SECOND, Wait
from replay.verdict.facts import ClosingFacts
from replay.verdict.result import CaseResult, ClosingVerdict, Judged, RunResult

INDEX = "index.json"

FITS = "Actual events match at least one expected."
DIFFERS = "Actual events differ from any expected."
DONE = "Ok, received all echo'ed messages in time."

_CLOSINGS = {
    ClosingVerdict.OK: "Connection was properly closed",
    ClosingVerdict.UNCLEAN: "The spec requires the connection to be failed cleanly here",
    ClosingVerdict.FAILED_BY_CLIENT: "It is preferred that the server close the TCP connection",
    ClosingVerdict.FAILED: "The connection was failed by the wrong endpoint",
}
"""Autobahn's own sentences: there are scripts that compare them."""

MOST_EVENTS = 100
"""The most events shown of an expected list, and of the received ones."""

_UNIMPORTANT = re.compile(r"[^a-z0-9]")
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")
_PART = 80
"""How many characters of a file's name may come from outside."""

_KINDS = {EventKind.TEXT: False, EventKind.BINARY: True}


def prefixes(agents: Iterable[str]) -> dict[str, str]:
    """What the names of an agent's files begin with: its own name, in which everything but a-z and 0-9
    becomes '_'.

    If that is the same for two agents, the later one gets a number.
    """
    found: dict[str, str] = {}
    for agent in dict.fromkeys(agents):
        own = _UNIMPORTANT.sub(" ", agent.strip().lower()).strip().replace(" ", "_")[:_PART]
        prefix, number = own, 1
        while prefix in found.values():
            number += 1
            prefix = f"{own}_{number}"
        found[agent] = prefix
    return found


def file_name(prefix: str, id: str) -> str:
    """The name of the file of a case: 'my_server_case_1_2_3.json'."""
    return f"{prefix}_case_{_UNSAFE.sub('_', id)[:_PART]}.json"


def index(runs: Sequence[RunResult]) -> str:
    """index.json: the verdicts by agent and case, and the names of their files."""
    names = prefixes(run.agent or UNKNOWN_SERVER for run in runs)
    agents: dict[str, dict[str, Any]] = {}
    for run in runs:
        cases = agents.setdefault(agent := run.agent or UNKNOWN_SERVER, {})
        for result in run.results:
            close = result.facts.testee_close
            cases[result.case.id] = {
                "behavior": result.behaviour.value,
                "behaviorClose": result.closing.value,
                "duration": _milliseconds(result),
                "remoteCloseCode": close.code if close else None,
                "reportfile": file_name(names[agent], result.case.id),
            }
    return _json(agents)


def case(agent: str, number: int, result: Judged) -> str:
    """The JSON of one case. `number` is its position, counted from 1."""
    facts, of = result.facts, result.case
    seen = connection(result.trace, result.events, facts.tester)
    summed_up = of.measured or of.rounds is not None
    return _json(
        {
            "agent": agent,
            "behavior": result.behaviour.value,
            "behaviorClose": result.closing.value,
            "case": number,
            "closedByMe": facts.closed_by_tester,
            "createStats": True,
            "createWirelog": True,
            "description": purpose.description(of, facts.tester.other),
            "droppedByMe": facts.dropped_by_tester,
            "duration": _milliseconds(result),
            "expectation": purpose.expectation(of, facts.tester.other),
            "expected": {} if summed_up else _expected(of),
            "expectedClose": _expected_close(of.ending(result.nearest)),
            "failedByMe": facts.failed_by_tester,
            "httpRequest": seen.request,
            "httpResponse": seen.response,
            "id": of.id,
            "isServer": facts.tester.value == "server",
            "localCloseCode": facts.tester_close.code if facts.tester_close else None,
            "localCloseReason": _reason(facts.tester_close),
            "received": [] if summed_up else _received(result.received),
            "remoteCloseCode": facts.testee_close.code if facts.testee_close else None,
            "remoteCloseReason": _reason(facts.testee_close),
            "reportCompressionRatio": of.deflate is not None,
            "reportTime": summed_up,
            "result": _result(result),
            "resultClose": _result_close(result),
            "rxFrameStats": seen.rx_frames,
            "rxOctetStats": seen.rx_octets,
            "started": words.moment(result.began),
            "trafficStats": seen.traffic if of.deflate is not None and not result.failed else None,
            "txFrameStats": seen.tx_frames,
            "txOctetStats": seen.tx_octets,
            "wasClean": facts.clean,
            "wasCloseHandshakeTimeout": facts.close_timed_out,
            "wasNotCleanReason": _unclean(facts),
            "wasOpenHandshakeTimeout": facts.opening_timed_out,
            "wasServerConnectionDropTimeout": facts.drop_timed_out,
            "wirelog": seen.wirelog,
        }
    )


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, indent=3, separators=(",", ": "))


def _milliseconds(result: CaseResult) -> int:
    return round((result.duration or 0) / 1000)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _result(result: Judged) -> str:
    of, found = result.case, result.divergence
    if result.closing is ClosingVerdict.WRONG_CODE and result.behaviour is Behaviour.FAILED:
        return _result_close(result)
    if result.unjudged is not None:
        return f"Not judged: {safe.escape(result.unjudged)}."
    if result.behaviour in (Behaviour.INFORMATIONAL, Behaviour.UNIMPLEMENTED):
        return _sentence(words.BEHAVIOURS[result.behaviour]) + "."
    if of.rounds is None and not of.measured:
        return DIFFERS if result.outcome is None else FITS
    if result.behaviour is not Behaviour.FAILED:
        return DONE if of.rounds is not None else _length(result.received)
    if found is not None and found.observed is not None:
        return _sentence(differences.difference(found)) + "."
    seconds = of.patience.after // SECOND
    late = "Case did not finish" if of.rounds is not None else "Did not receive message"
    return f"{late} within {seconds} seconds."


def _length(received: Sequence[Event]) -> str:
    """What came back in a case that compares lengths."""
    message = next((event for event in received if isinstance(event, Message)), None)
    if message is None:
        return FITS
    length = message.digest[0] if message.digest else len(message.data)
    return f"Received {'text' if message.text else 'binary'} message of length {length}."


def _result_close(result: Judged) -> str:
    closing = result.case.ending(result.nearest)
    if result.unjudged is not None:
        return f"Not judged: {safe.escape(result.unjudged)}."
    if closing is None:
        return _sentence(result.closing_reason)
    if not result.facts.opened:
        return "The WebSocket opening handshake was never completed!"
    if result.closing is ClosingVerdict.WRONG_CODE:
        codes = ",".join(map(str, _expected_close(closing)["closeCode"]))
        return f"The close code should have been {codes} or empty"
    return _CLOSINGS.get(result.closing, _sentence(result.closing_reason))


def _unclean(facts: ClosingFacts) -> str | None:
    """In Autobahn's own words, if it has some."""
    if facts.clean:
        return None
    if facts.opening_timed_out:
        return "peer did not finish (in time) the opening handshake"
    if facts.close_timed_out:
        return "peer did not respond (in time) in closing handshake"
    if facts.drop_timed_out:
        return "server did not drop TCP connection (in time)"
    if facts.opened and facts.dropped_by_testee:
        return "peer dropped the TCP connection without previous WebSocket closing handshake"
    return facts.unclean_reason


def _reason(close: Close | None) -> str | None:
    """The reason in hex if it isn't text."""
    if close is None or not close.reason:
        return None
    try:
        return close.reason.decode()
    except UnicodeDecodeError:
        return close.reason.hex()


# What was expected, and what came.


def _expected(of: Case) -> dict[str, list[Any]]:
    """By verdict; for a verdict with several lists, the first one."""
    found: dict[str, list[Any]] = {}
    for outcome in of.outcomes:
        if outcome.verdict.value not in found:
            events = (_pattern(pattern) for pattern in outcome.patterns[:MOST_EVENTS])
            found[outcome.verdict.value] = [event for event in events if event]
    return found


def _pattern(pattern: Pattern) -> list[Any] | None:
    payload = pattern.payload
    data = "" if payload is None else shown(words.part(payload, 0, 65), len(payload))
    match pattern.kind:
        case EventKind.TEXT | EventKind.BINARY:
            return ["message", data, _KINDS[pattern.kind]]
        case EventKind.PONG:
            return ["pong", data]
        case EventKind.STILL_OPEN:
            return ["timeout", pattern.tag]
    return None


def _received(events: Sequence[Event]) -> list[Any]:
    return [said for said in map(_event, events[:MOST_EVENTS]) if said]


def _event(event: Event) -> list[Any] | None:
    match event:
        case Message():
            return ["message", shown(event.data, event.digest[0] if event.digest else None), not event.text]
        case Ping():
            return ["ping", shown(event.data)]
        case Pong():
            return ["pong", shown(event.data)]
        case Fired(wait=Wait.DELAY):
            return ["timeout", event.tag]
    return None


def _expected_close(closing: Closing | None) -> dict[str, Any]:
    """Empty for a recorded log, which itself says how the connection has to end."""
    if closing is None:
        return {}
    fatal = {"closedByWrongEndpointIsFatal": True} if closing.decisive else {}
    return {
        "closeCode": [code for code in closing.codes or () if code is not None],
        "closedByMe": closing.by != "testee",
        "requireClean": closing.clean,
        **fatal,
    }
