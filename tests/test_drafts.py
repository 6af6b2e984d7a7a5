"""What several sessions of an application have in common, as a spec."""

from __future__ import annotations

import struct
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.cases.load import load
from replay.cases.model import Pattern
from replay.cases.said import Said
from replay.cases.step import SendMessage
from replay.draft.draft import draft
from replay.draft.model import AnyOrder, Closing, Draft, Round
from replay.draft.octets import common
from replay.draft.order import blocks, strands
from replay.draft.pairing import paired, remembers
from replay.draft.part import part
from replay.draft.session import Line, Session
from replay.draft.shapes import folded
from replay.draft.yaml_text import Head, written
from replay.source import Source
from replay.trace.model import SECOND
from replay.values.shape import Exactly, Octets, exactly
from replay.wire.side import Side
from tests.test_values_views import json_values

Given = tuple[str, Any] | tuple[str, Any, float]


def session(*lines: Given) -> Session:
    """A session in which '>' is what the client says and '<' what the server does, at a time in seconds."""
    said = tuple(
        Line(
            Side.CLIENT if who == ">" else Side.SERVER,
            "octets" if isinstance(value, bytes) else "text" if isinstance(value, str) else "json",
            value,
            int((at[0] if at else number / 1000) * SECOND),
        )
        for number, (who, value, *at) in enumerate(lines)
    )
    return Session(said, opened=True, closed_by=Side.CLIENT, clean=True, code=1000)


def spec(*sessions: Session) -> str:
    """The spec that is drafted from sessions; it is one that can be loaded."""
    own = part(sessions[0])
    found = draft(sessions, own, paired(sessions, own))
    text = written(Head("x", "A session", found.guesses), found)
    assert len(load(Source("x.yaml", text))) == 1
    return text


def named(text: str) -> str:
    """The key n without its quotes, which YAML wants: it is false elsewhere."""
    return text.replace('"n"', "n")


def id_of(number: int) -> str:
    return str(UUID(int=number, version=4))


def test_what_differs_is_a_matcher_of_the_narrowest_kind() -> None:
    one = {"id": id_of(1), "n": 1, "at": "2026-12-01T10:00:00Z", "t": 1796121651.4, "key": "4c9a21e0b7"}
    two = {"id": id_of(2), "n": 2, "at": "2026-12-01T10:00:01Z", "t": 1796121652.4, "key": "88aa21e0b7"}
    one |= {"ok": True, "name": "Ann", "same": "Hello"}
    two |= {"ok": False, "name": "Bob!", "same": "Hello"}
    text = spec(session(("<", one)), session(("<", two)))
    for wanted in (
        "id: <uuid>", "n: <int>", "at: <time>", "t: <epoch>", "key: <hex>", "ok: <bool>", "name: <text>",
        "same: Hello",
    ):  # fmt: skip
        assert wanted in named(text)


def test_what_comes_back_has_a_name() -> None:
    text = spec(
        *(
            session(
                (">", {"op": "say", "id": id_of(n)}),
                ("<", {"op": "ack", "re": id_of(n), "message": id_of(n + 10)}),
                (">", {"op": "edit", "id": id_of(n + 20), "message": id_of(n + 10)}),
                ("<", {"op": "edited", "message": id_of(n + 10), "by": id_of(n + 30)}),
            )
            for n in (1, 2, 3)
        )
    )
    assert "send: [json: {op: say, id: <new uuid as say-id>}]" in text
    assert "{op: ack, re: <say-id>, message: <uuid as message>}" in text
    assert "send: [json: {op: edit, id: <new uuid>, message: <message>}]" in text
    assert "{op: edited, message: <message>, by: <uuid>}" in text


def test_messages_in_another_order_may_come_in_any() -> None:
    first = [("<", {"type": "motd"}), ("<", {"type": "presence", "user": "ann"})]
    text = spec(
        session((">", {"op": "join"}), *first, ("<", {"type": "end"})),
        session((">", {"op": "join"}), *reversed(first), ("<", {"type": "end"})),
    )
    assert "- any-order:\n" in text
    assert text.index("any-order") < text.index("motd}") < text.index("presence, user") < text.index("end}")
    end = next(line for line in text.splitlines() if "{type: end}" in line)
    assert end.startswith(" " * 10 + "- json")  # behind what has any order


def test_answers_to_one_request_keep_their_order() -> None:
    asked = [(">", {"id": "a", "op": "sub"}), (">", {"id": "b", "op": "sub"})]

    def answers(*ids: str) -> list[Given]:
        count = dict.fromkeys("ab", 0)
        said: list[Given] = []
        for id in ids:
            count[id] += 1
            said.append(("<", {"id": id, "op": "next", "i": count[id]}))
        return said

    text = spec(session(*asked, *answers(*"aabb")), session(*asked, *answers(*"abab")))
    assert text.count("any-order") == 1
    for id in "ab":
        assert f"- - json: {{id: {id}, op: next, i: 1}}\n" in text
        assert f"  - json: {{id: {id}, op: next, i: 2}}\n" in text


def test_what_comes_by_time_is_ignored() -> None:
    beat = [("<", {"type": "heartbeat", "at": 1796121651 + n}) for n in range(3)]
    said = [(">", {"op": "a"}), ("<", {"type": "b"})]
    text = spec(session(*said, beat[0]), session(beat[1], *said, beat[0], beat[2]), session(*said))
    assert "ignore:\n  - json: {type: heartbeat, at: <epoch>}\n" in text
    assert text.count("heartbeat") == 2  # there, and where the guess is told


def test_pings_of_an_application_are_answered() -> None:
    def ping(n: int) -> list[Given]:
        return [("<", {"type": "ping", "n": n}), (">", {"type": "pong", "n": n})]

    said: list[Given] = [(">", {"op": "a"}), ("<", {"type": "b"})]
    text = spec(session(*said, *ping(7)), session(*ping(8), *said, *ping(9)))
    assert "- {to: {json: {type: ping, n: <int as ping>}}, send: {json: {type: pong, n: <ping>}}}" in named(
        text
    )
    assert "ignore" not in text


def test_what_follows_a_ping_need_not_be_its_answer() -> None:
    said: list[Given] = [("<", {"type": "heartbeat"}), (">", {"type": "bye"})]
    text = spec(session(*said), session(*said))
    assert "answer" not in text
    assert "send: [json: {type: bye}]" in text


def test_many_of_one_kind_are_a_series() -> None:
    ticks = [[("<", {"type": "tick", "price": n * m}) for n in range(30)] for m in (2, 3)]
    assert "expect: [some: {event: {json: {type: tick, price: <int>}}, times: 30}]" in spec(
        *(session(*t) for t in ticks)
    )


def test_a_series_of_another_length() -> None:
    ticks = [[("<", {"type": "tick"})] * n for n in (3, 5)]
    end = ("<", {"type": "end"})
    text = spec(*(session((">", {"op": "go"}), *each, end) for each in ticks))
    assert "- some: {event: {json: {type: tick}}}" in text
    assert "ignore" not in text


def test_numbers_may_name_the_kind_of_a_message() -> None:
    said: list[Given] = [(">", {"op": 1}), ("<", {"op": 7})]
    text = spec(session(*said), session(("<", {"op": 10}), *said, ("<", {"op": 10})))
    assert "ignore:\n  - json: {op: 10}\n" in text
    assert "expect: [json: {op: 7}]" in text


def test_a_server_that_remembers() -> None:
    def told(missed: int, beats: int) -> Session:
        messages: list[Given] = [("<", {"type": "message", "i": n}) for n in range(missed)]
        return session((">", {"op": "resume"}), *messages, *[("<", {"type": "beat"})] * beats)

    assert remembers([told(1, 2), told(1, 2), told(2, 3), told(3, 2)])
    assert not remembers([told(1, 2), told(1, 2), told(1, 3), told(1, 2)])
    assert not remembers([told(1, 2), told(4, 3), told(5, 2), told(6, 2)])  # it did before it was recorded


@pytest.mark.parametrize(
    ("gap", "pause"), [(0.001, None), (0.042, "50 ms"), (0.7, "700 ms"), (20, "1000 ms")]
)
def test_a_client_that_waited_waits_again(gap: float, pause: str | None) -> None:
    said = session((">", {"op": "a"}, 0), (">", {"op": "b"}, gap), ("<", {"type": "c"}, gap))
    text = spec(said, said)
    assert ("- pause" in text) is (pause is not None)
    assert pause is None or f"- pause: {pause}\n" in text


def test_lists_of_another_order_and_another_length() -> None:
    text = spec(
        session(("<", {"members": ["a", "b"], "ids": [1, 2]})),
        session(("<", {"members": ["b", "a"], "ids": [3]})),
    )
    assert "members: {unordered: [a, b]}, ids: {each: <int>}" in text


def test_what_is_nested_too_deep_is_not_looked_at() -> None:
    deep: Any = 1
    for _ in range(90):
        deep = {"a": [deep]}
    assert "<any>" in spec(session(("<", deep)), session(("<", deep)))


def test_octets_that_differ_are_free() -> None:
    text = spec(session(("<", b"\x01\x02abcd\xff")), session(("<", b"\x01\x02abzd\xff")))
    assert 'hex: "01 02 61 62 ?? 64 ff"' in text


def test_a_server_that_sends_no_close() -> None:
    said = session(("<", {"a": 1}))
    left = Session(said.lines, opened=True, closed_by=Side.SERVER)
    assert "close: {by: either, code: 1000, clean: optional}" in spec(said, left)
    assert "close" not in spec(said, said)


@given(st.sampled_from([">Q", "<Q"]), st.integers(0, 10**9))
def test_all_octets_of_a_time_are_free_that_will_differ(code: str, more: int) -> None:
    moment = 1_796_121_651_000_000_000
    values = [
        b"\x07" + struct.pack(code, moment + n * (2 * more + 123_456_789)) + b"\x09" for n in range(4)
    ]
    found = common(values)
    assert found == Octets(b"\x07" + b"\0" * 8 + b"\x09", b"\xff" + b"\0" * 8 + b"\xff")


@given(st.lists(st.binary(min_size=6, max_size=6), min_size=2, max_size=4))
def test_octets_in_common_fit_all(values: list[bytes]) -> None:
    found = common(values)
    assert found is not None
    for each in values:
        assert bytes(octet & bit for octet, bit in zip(each, found.mask, strict=True)) == found.octets


@given(st.integers(1, 6).flatmap(lambda n: st.lists(st.permutations(range(n)), min_size=1, max_size=4)))
def test_blocks_are_the_finest_that_every_session_agrees_with(orders: list[list[int]]) -> None:
    orders = [sorted(orders[0]), *orders[1:]]
    size = len(orders[0])
    places = [[order.index(item) for order in orders] for item in range(size)]
    found = list(blocks(places))
    assert [item for block in found for item in block] == list(range(size))
    for cut in range(1, size):
        agreed = all(
            max(each[:cut]) < min(each[cut:])
            for each in ([p[s] for p in places] for s in range(len(orders)))
        )
        assert agreed is any(block.start == cut for block in found)


def test_strands_keep_an_order_that_all_sessions_have() -> None:
    places = [(0, 0), (1, 2), (2, 1), (3, 3)]
    assert strands("abcd", places, ["x", "x", "y", "y"]) == [["a", "b"], ["c", "d"]]
    assert strands("abcd", places, ["x", "y", "y", None]) == [["a"], ["b"], ["c"], ["d"]]


@given(json_values)
def test_a_value_is_read_as_it_was_written(value: Any) -> None:
    said = Said("json", exactly(value))
    talk = Draft((Round((said,), (said,)),), (), (), 1, Closing("tester", (), True), ())
    case = load(Source("x.yaml", written(Head("x", "A \u202e title: #1", ("a", "b")), talk)))[0]
    step = case.talk[0].steps[0]
    assert isinstance(step, SendMessage)
    assert step.said is not None
    assert step.said.shape == exactly(value)
    wanted = case.talk[0].outcomes[0].expected[0]
    assert isinstance(wanted, Pattern)
    assert wanted.said is not None
    assert wanted.said.shape == exactly(value)


@given(st.lists(json_values, min_size=1, max_size=4))
def test_what_values_have_in_common_can_be_written(values: list[Any]) -> None:
    said = Said("json", folded(values))
    talk = Draft(
        (Round((), (AnyOrder(((said,), (said, said))),)),),
        (),
        (),
        1,
        Closing("either", (1000, 1001), False),
        (),
    )
    assert load(Source("x.yaml", written(Head("x", "x", ()), talk)))


def test_a_text_with_angle_brackets_stays_one() -> None:
    assert folded(["<uuid>", "<uuid>"]) == Exactly("<uuid>")
    assert '"<<uuid>"' in spec(session(("<", {"a": "<uuid>"})), session(("<", {"a": "<uuid>"})))
