"""Conversations: a case of several rounds, played against an application in memory and judged, also from
its log."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from replay.cases.load import load
from replay.cases.model import Behaviour, Case
from replay.play.actions import Options
from replay.play.echo import EchoEndpoint
from replay.play.endpoint import Limits
from replay.play.player import Player
from replay.play.script import script
from replay.protocol.events import Event, Message, Opened
from replay.report.differences import difference
from replay.source import Source, SourceError
from replay.trace.model import SECOND, Trace
from replay.trace.wirelog import parse, write
from replay.values.kinds import Maker
from replay.verdict.cause import cause
from replay.verdict.judge import judge, passes
from replay.verdict.result import ClosingVerdict, Judged
from replay.wire.side import Side
from tests.memory import KEY, REQUEST, echo, join, keys

SPEC = """\
section: chat
ignore:
  - json: {type: heartbeat, t: <int>}
cases:
  - id: chat.1
    title: Ann logs in, says something and edits it
    talk:
      - expect: [json: {type: hello, session: <hex>}]
      - send: [json: {type: login, user: ann}]
        expect: [json: {type: welcome, user: ann, token: <text as token>}]
      - send: [json: {type: say, token: <token>, text: Hello é, id: <new uuid as say>}]
        expect:
          - any-order:
              - - json: {type: message, id: <uuid as message>, text: Hello é}
                - json: {type: seen, id: <message>}
              - json: {type: ack, re: <say>}
      - send: [json: {type: edit, id: <message>, text: Bye}]
        expect: [json: {type: edited, id: <message>, text: Bye}]
    close: {by: tester, code: 1000, clean: required}
"""

Said = dict[str, Any]
IDS = random.Random(3)


def new() -> str:
    from uuid import UUID

    return str(UUID(int=IDS.getrandbits(128), version=4))


class Application(EchoEndpoint):
    """The server, or the client, of a small application."""

    def __init__(self, side: Side, answer: Callable[[Said], Iterable[Said | int]]) -> None:
        limits = Limits(case=3600 * SECOND)
        super().__init__(side, limits, keys(side, 2), ("/", REQUEST) if side is Side.CLIENT else None)
        self._answers = answer

    def event(self, event: Event) -> None:
        match event:
            case Opened():
                self._say({"type": "hello", "session": "0badcafe"})
                self._say({"type": "heartbeat", "t": 1})
            case Message(side=side) if side is not self.side and self.is_open:
                for said in self._answers(json.loads(event.data)):
                    if isinstance(said, int):
                        self.send_close(said)
                    else:
                        self._say(said)

    def _say(self, said: Said) -> None:
        self.send_message(True, json.dumps(said).encode())


def sound(said: Said) -> Iterable[Said | int]:
    match said:
        case {"type": "login", "user": user}:
            yield {"type": "welcome", "user": user, "token": f"t-{IDS.random()}"}
            yield {"type": "heartbeat", "t": 2}
        case {"type": "say", "text": text, "id": id}:
            message = new()
            answers: list[Said] = [
                {"type": "message", "id": message, "text": text},
                {"type": "seen", "id": message},
            ]
            answers.insert(IDS.randrange(3), {"re": id, "type": "ack"})
            yield from answers
        case {"type": "edit", "id": id, "text": text}:
            yield {"type": "heartbeat", "t": 3}
            yield {"id": id, "text": text, "type": "edited"}


def play(case: Case, answer: Callable[[Said], Iterable[Said | int]], tester: Side = Side.CLIENT) -> Judged:
    limits = Limits()
    maker = Maker(random.Random(7), 0)
    own = Player(script(case, tester, Options(), limits, keys(tester), KEY, maker), limits)
    join(own, Application(tester.other, answer))
    result = judge(case, own.trace(), tester)
    passed = passes(case, own.trace(), tester, events=own.noted())
    assert (passed is None) is (result.behaviour is Behaviour.FAILED)
    again = judge(case, stored(own.trace()), tester)
    assert (again.behaviour, again.closing) == (result.behaviour, result.closing)
    assert told(again) == told(result)
    return result


def stored(trace: Trace) -> Trace:
    """The trace as its log has it."""
    return parse(Source("x.wirelog", write(trace))).trace


def told(result: Judged) -> str | None:
    return None if result.divergence is None else difference(result.divergence)


def case_of(text: str = SPEC) -> Case:
    (case,) = load(Source("chat.yaml", text))
    return case


@pytest.mark.parametrize("tester", Side)
@pytest.mark.parametrize("seed", range(5))
def test_a_sound_application_is_ok_whatever_is_new_in_it(tester: Side, seed: int) -> None:
    IDS.seed(seed)
    result = play(case_of(), sound, tester)
    assert told(result) is None
    assert (result.behaviour, result.closing) == (Behaviour.OK, ClosingVerdict.OK)


def but(
    kind: str, change: Callable[[Said], Iterable[Said | int]]
) -> Callable[[Said], Iterable[Said | int]]:
    """The sound application, except for its messages of one kind."""

    def answer(said: Said) -> Iterable[Said | int]:
        for one in sound(said):
            if isinstance(one, dict) and one["type"] == kind:
                yield from change(one)
            else:
                yield one

    return answer


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (but("welcome", lambda m: [m | {"user": "bob"}]), 'round 2, 1st event: json $.user: expected'),
        (but("welcome", lambda m: [m | {"token": 7}]), "round 2, 1st event: json $.token: expected "),
        (but("welcome", lambda m: [m | {"x": 1}]), "round 2, 1st event: json $.x: wasn't expected"),
        (but("welcome", lambda m: []), "round 2, 1st event: expected the message json "),
        (but("ack", lambda m: [m | {"re": new()}]), "round 3, "),
        (but("seen", lambda m: [m | {"id": new()}]), "round 3, "),
        (but("message", lambda m: [m, m]), "round 3, "),
        (but("edited", lambda m: [m | {"id": new()}]), "round 4, 1st event: json $.id: expected "),
        (but("edited", lambda m: [m, m]), "round 4, 2nd event: nothing more was expected, "),
        (but("edited", lambda m: [4000]), "round 4, 1st event: expected the message json "),
        (but("heartbeat", lambda m: [m | {"t": "soon"}]), "round 3, 1st event: json $.type: expected "),
    ],
)  # fmt: skip
def test_a_fault_is_found_and_named_by_its_round_and_its_path(
    answer: Callable[[Said], Iterable[Said | int]], said: str
) -> None:
    IDS.seed(1)
    result = play(case_of(), answer)
    assert result.behaviour is Behaviour.FAILED
    found = told(result)
    assert found is not None
    assert found.startswith(said)


def test_a_conversation_that_is_broken_off_says_nothing_of_its_end() -> None:
    result = play(case_of(), but("welcome", lambda m: [m | {"user": "bob"}]))
    assert result.closing is ClosingVerdict.INFORMATIONAL
    assert result.closing_reason == "the conversation was broken off in round 2 of 4"


ANSWERED = """\
section: ping
ignore: [json: {has: {type: hello}}, json: {has: {type: heartbeat}}]
answer:
  - {to: {json: {type: ping, n: <int as n>}}, send: {json: {type: pong, n: <n>}}}
cases:
  - id: ping.1
    title: Pings are answered
    talk:
      - {send: [json: {type: go}], expect: [json: {type: done}]}
"""


@pytest.mark.parametrize("tester", Side)
def test_what_has_an_answer_is_answered_whenever_it_comes(tester: Side) -> None:
    came: list[Said] = []

    def answer(said: Said) -> Iterable[Said | int]:
        came.append(said)
        if said["type"] == "go":
            yield {"type": "ping", "n": 1}
            yield {"type": "ping", "n": 2}
        elif said["n"] == 2:
            yield {"type": "done"}

    (case,) = load(Source("ping.yaml", ANSWERED))
    result = play(case, answer, tester)
    assert result.behaviour is Behaviour.OK
    assert came == [{"type": "go"}, {"type": "pong", "n": 1}, {"type": "pong", "n": 2}]


QUIET = """\
section: quiet
cases:
  - id: quiet.1
    title: Nothing comes for a while
    talk:
      - expect: [json: {has: {type: hello}}, json: {has: {type: heartbeat}}, quiet: 300 ms]
      - {send: [json: {type: go}], expect: [json: {type: done}]}
"""


def test_a_time_in_which_nothing_comes_is_waited_for() -> None:
    (case,) = load(Source("quiet.yaml", QUIET))
    result = play(case, lambda said: [{"type": "done"}])
    assert result.behaviour is Behaviour.OK
    assert result.duration is not None
    assert result.duration >= 300_000


SERIES = """\
section: series
ignore: [json: {has: {type: hello}}, json: {has: {type: heartbeat}}]
cases:
  - id: series.1
    title: Three ticks and an end
    talk:
      - send: [json: {}]
        expect: [some: {event: {json: {tick: <int>}}, times: 3}, json: {type: end}]
      - {send: [json: {type: go}], expect: [json: {type: done}]}
"""


def test_a_series_is_as_long_as_it_has_to_be() -> None:
    (case,) = load(Source("series.yaml", SERIES))

    def ticks(times: int) -> Callable[[Said], Iterable[Said | int]]:
        def answer(said: Said) -> Iterable[Said | int]:
            if said:
                return [{"type": "done"}]
            return [*({"tick": n} for n in range(times)), {"type": "end"}]

        return answer

    assert play(case, ticks(3)).behaviour is Behaviour.OK
    assert play(case, ticks(2)).behaviour is Behaviour.FAILED
    assert play(case, ticks(4)).behaviour is Behaviour.FAILED


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SPEC.replace("token: <token>", "token: <tokn>"), "nothing has captured the name 'tokn' here"),
        (SPEC.replace("re: <say>", "re: <edit>"), "nothing has captured the name 'edit' here"),
        (SPEC.replace("talk:", "send: []\n    talk:"), "'talk' and 'send' can't be used together"),
        (SPEC.replace("- expect: [json", "- wait: [json"), "unknown key 'wait' in a round"),
    ],
)  # fmt: skip
def test_a_faulty_conversation_is_refused_at_its_place(text: str, said: str) -> None:
    with pytest.raises(SourceError) as caught:
        case_of(text)
    assert caught.value.message == said
    assert caught.value.span is not None


VIEWED = """\
section: views
cases:
  - id: views.1
    title: Each view has a word
    talk:
      - send: [msgpack: {a: [1, {hex: "0102"}], id: <new uuid as id>}]
        expect: [msgpack: {a: [1, {hex: "01 ??"}], id: <id>}]
      - send: [socket.io: {event: [say, Hello], id: 7}]
        expect: [socket.io: {event: [say, <text>], id: 7}]
      - send: [view: {graphql-transport-ws: {type: complete, id: "1"}}]
        expect: [graphql-transport-ws: {type: complete, id: "1"}]
      - send: [octets: {hex: "0102"}]
        expect: [octets: <binary as blob>]
      - send: [octets: <blob>]
        expect: [octets: {hex: "01 ??"}]
      - send: [fields: {format: ">BQ4sd", values: [2, 2000000000001, {hex: "01020304"}, 0.5]}]
        expect: [fields: {format: ">BQ4sd", values: [2, <int as seq>, {hex: "01 ?? 03 04"}, <number>]}]
      - send: [fields: {format: "<Q", values: [<seq>]}]
        expect: [octets: {hex: 01 20 4a a9 d1 01 00 00}]
      - send: [text: not JSON]
        expect: [maybe: {json: {}}, echo]
"""


@pytest.mark.parametrize("tester", Side)
def test_a_view_is_a_word_for_what_is_sent_and_for_what_is_expected(tester: Side) -> None:
    case = case_of(VIEWED)
    own = Player(
        script(case, tester, Options(), Limits(), keys(tester), KEY, Maker(random.Random(7), 0)), Limits()
    )
    join(own, echo(tester.other))
    result = judge(case, own.trace(), tester)
    assert told(result) is None
    assert result.behaviour is Behaviour.OK


def test_a_message_that_a_view_cannot_read_is_said_to_be_so() -> None:
    case = case_of(VIEWED.replace("expect: [maybe: {json: {}}, echo]", "expect: [json: {}]"))
    maker = Maker(random.Random(7), 0)
    own = Player(script(case, Side.CLIENT, Options(), Limits(), keys(Side.CLIENT), KEY, maker), Limits())
    join(own, echo())
    found = told(judge(case, own.trace(), Side.CLIENT))
    assert found is not None
    assert found.startswith("round 8, 1st event: the message is not JSON")


def test_a_value_that_a_view_cannot_write_is_refused_at_its_place() -> None:
    with pytest.raises(SourceError, match="a value that has binary data, which JSON can't express"):
        case_of(VIEWED.replace("send: [text: not JSON]", 'send: [json: {a: {hex: "00"}}]'))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ('format: ">Z", values: [1]', "'>Z' is no format of Python's module struct"),
        ('format: "", values: [1]', "expected a format of Python's module struct"),
        ('format: "1000000s", values: [1]', "a layout has 1 to 65536 octets"),
        ('format: ">B", values: [256]', "a value that doesn't fit '>B'"),
        ('format: ">B", values: [1, 2]', "a value that doesn't fit '>B'"),
        ('format: ">B"', "the fields of a binary message needs 'values'"),
    ],
)
def test_fields_that_no_message_can_have_are_refused(fields: str, said: str) -> None:
    with pytest.raises(SourceError) as caught:
        case_of(VIEWED.replace("send: [text: not JSON]", f"send: [fields: {{{fields}}}]"))
    assert caught.value.message.startswith(said)
    assert caught.value.span is not None


def test_a_view_that_is_unknown_is_refused_at_its_place() -> None:
    with pytest.raises(SourceError, match="unknown view 'jsn'") as caught:
        case_of(VIEWED.replace("view: {graphql-transport-ws:", "view: {jsn:"))
    assert caught.value.hint == "did you mean 'json'?"


PARTING = """\
section: parting
cases:
  - id: parting.1
    title: The last word isn't answered
    talk:
      - {send: [json: {type: go}], expect: [echo]}
      - send: [json: {type: bye}]
    ignore: [json: {type: bye}]
    close: {by: tester, code: 1001, clean: required}
"""


def test_a_conversation_that_waits_for_nothing_more_is_closed_at_once() -> None:
    case = case_of(PARTING)
    own = Player(script(case, Side.CLIENT, Options(), Limits(), keys(Side.CLIENT), KEY), Limits())
    join(own, echo())
    result = judge(case, own.trace(), Side.CLIENT)
    assert (result.behaviour, result.closing) == (Behaviour.OK, ClosingVerdict.OK)
    assert result.facts.tester_close is not None
    assert result.facts.tester_close.code == 1001
    assert result.duration == 0


def test_values_that_differ_at_different_places_are_different_causes() -> None:
    IDS.seed(1)
    user = play(case_of(), but("welcome", lambda m: [m | {"user": "bob"}]))
    token = play(case_of(), but("welcome", lambda m: [m | {"token": 7}]))
    again = play(case_of(), but("welcome", lambda m: [m | {"user": "eve"}]))
    assert cause(user) == cause(again)
    assert cause(user) != cause(token)
    assert getattr(cause(user), "detail", None) == "another value at $.user in json"
