"""What each word of the language means, seen through the loader."""

import pytest

from replay.cases.checks import unique
from replay.cases.load import load
from replay.cases.model import Behaviour, Case, Closing, Deflate, EventKind, Patience, Pattern, Profile
from replay.cases.payload import Payload
from replay.cases.step import (
    Await,
    OpenFrame,
    Pause,
    Repeat,
    SendClose,
    SendData,
    SendEnd,
    SendFrame,
    SendMessage,
    Step,
)
from replay.protocol.negotiation import Ask
from replay.source import Source, SourceError, Span
from replay.trace.model import SECOND, How, Octets, Timer, Trace, Wait
from replay.wire.frame import encode, frame
from replay.wire.side import Side


def spec(send: str = "[]", expect: str = "[{ok: []}]", more: str = "", id: str = '"1.1"') -> Source:
    head = f'section: "1"\ntitle: T\ncases:\n  - id: {id}\n'
    return Source("s.yaml", f"{head}    send: {send}\n    expect: {expect}\n    {more}\n")


def one(send: str = "[]", expect: str = "[{ok: []}]", more: str = "") -> Case:
    (case,) = load(spec(send, expect, more))
    return case


@pytest.mark.parametrize(
    ("word", "step"),
    [
        ("text: Hello", SendFrame(1, Payload(b"Hello"))),
        ("text: 3.10", SendFrame(1, Payload(b"3.10"))),
        ("text: no", SendFrame(1, Payload(b"no"))),
        ("text: 1:30", SendFrame(1, Payload(b"1:30"))),
        ("text: null", SendFrame(1, Payload(b"null"))),
        ('ping: ""', SendFrame(9)),
        ("pong: κόσμε", SendFrame(10, Payload("κόσμε".encode()))),
        ("text: $$5, $6 and $ref", SendFrame(1, Payload(b"$$5, $6 and $ref"))),
        ("binary: {hex: 00 fF, size: 64 KiB}", SendFrame(2, Payload(b"\x00\xff", 65536))),
        ("continuation: {utf8: a, fin: false, rsv: 4}", SendFrame(0, Payload(b"a"), fin=False, rsv=4)),
        ("text: {utf8: a, mask: none, chop: 1}", SendFrame(1, Payload(b"a"), mask=False, chop=1)),
        ("text: {utf8: a, mask: 01020304, chop: none}", SendFrame(1, Payload(b"a"), mask=b"\1\2\3\4")),
        ("text: {utf8: a, length: 5, form: 8}", SendFrame(1, Payload(b"a"), length=5, form=8)),
        ('frame: {opcode: 0xb, hex: ""}', SendFrame(11)),
        ("close: 1000", SendClose(1000)),
        ("close: none", SendClose(None)),
        ("close:", SendClose(None)),
        ("close: {code: 3000, reason: bye}", SendClose(3000, b"bye")),
        ("close: {code: none, reason: {hex: ff}}", SendClose(None, b"\xff")),
        ("text: {utf8: a, cut: 3, pause: 50 ms}", SendFrame(1, Payload(b"a"), cut=3, gap=50_000)),
        ("text: {utf8: a, chop: 1, pause: 1 ms}", SendFrame(1, Payload(b"a"), chop=1, gap=1000)),
        ("drop: fin", SendEnd(How.FIN)),
        ("drop: rst", SendEnd(How.RST)),
        ("text: {code-points: 7e-81}", SendFrame(1, Payload("~\x7f\x80\x81".encode()))),
        ("text: {code-points: D7FF-e000}", SendFrame(1, Payload("\ud7ff\ue000".encode()))),
        ("pause: 1.5 s", Pause(1_500_000)),
        ("pause: 100 ms", Pause(100_000)),
        ("pause: A", Pause(SECOND, "A")),
        ("pause: {after: 2 s, tag: B}", Pause(2 * SECOND, "B")),
        ("pause: {after: 2 s, exact: true}", Pause(2 * SECOND, exact=True)),
        ("text: {utf8: a, name: first}", SendFrame(1, Payload(b"a"), name="first")),
        ("message: {utf8: a, size: 3}", SendMessage(True, Payload(b"a", 3))),
        ("message: {hex: fe, kind: binary, fragment: 2}", SendMessage(False, Payload(b"\xfe"), 2)),
        (
            "message: {utf8: a, fragment: none, compress: false}",
            SendMessage(True, Payload(b"a"), compress=False),
        ),
        ("open-frame: {opcode: 1, length: 5, fin: false}", OpenFrame(1, 5, fin=False)),
        ("open-frame: {opcode: 2, length: 0, rsv: 4, mask: none}", OpenFrame(2, 0, rsv=4, mask=False)),
        (
            "repeat: {times: 3, send: [text: {utf8: ab, next: 1}, message: {utf8: a}]}",
            Repeat(3, (SendFrame(1, Payload(b"ab", next=1)), SendMessage(True, Payload(b"a")))),
        ),
    ],
)
def test_steps(word: str, step: Step) -> None:
    assert one(f"\n      - {word}").steps == (step,)


@pytest.mark.parametrize(
    ("words", "steps"),
    [
        (
            "[text: a, close: {code: none, joined: true}]",
            (SendFrame(1, Payload(b"a")), SendClose(None, joined=True)),
        ),
        ("[await: close, drop: rst]", (Await(), SendEnd(How.RST))),
        ("[await: close, close: 1000]", (Await(), SendClose(1000))),
    ],
)
def test_steps_that_need_others(words: str, steps: tuple[Step, ...]) -> None:
    assert one(words).steps == steps


@pytest.mark.parametrize(("thorough", "times"), [(False, 512), (True, 1000)])
def test_enough_rounds(thorough: bool, times: int) -> None:
    send = "[repeat: {times: 1000, enough: 8 KiB, send: [text: {utf8: a, size: 16}]}]"
    (case,) = load(spec(send), thorough=thorough)
    (step,) = case.steps
    assert isinstance(step, Repeat)
    assert step.times == times


@pytest.mark.parametrize(
    ("word", "deflate"),
    [
        ("{offer: permessage-deflate}", Deflate("permessage-deflate", (Ask(),))),
        ("{offer: [a, b; c]}", Deflate("a, b; c", (Ask(),))),
        (
            "{offer: a, answer: permessage-deflate; client_max_window_bits=9}",
            Deflate("a", (Ask(False, 9),)),
        ),
        (
            "{offer: a, answer: [permessage-deflate; client_no_context_takeover, permessage-deflate]}",
            Deflate("a", (Ask(True), Ask())),
        ),
    ],
)
def test_deflate(word: str, deflate: Deflate) -> None:
    assert one(more=f"deflate: {word}").deflate == deflate


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("{answer: permessage-deflate}", "permessage-deflate needs 'offer'"),
        ("{offer: permessage deflate}", "expected ',' or ';', found 'd'"),
        ("{offer: a, answer: b}", "expected one permessage-deflate with its parameters"),
        (
            "{offer: a, answer: permessage-deflate; client_max_window_bits}",
            "client_max_window_bits=8 to 15",
        ),
        ("{offer: a, answer: permessage-deflate; server_no_context_takeover}", "is always granted"),
    ],
)
def test_what_is_no_deflate(word: str, said: str) -> None:
    with pytest.raises(SourceError) as caught:
        one(more=f"deflate: {word}")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("word", "closing"),
    [
        ("{}", Closing()),
        ("{by: testee, code: 1002, clean: optional}", Closing("testee", (1002, None), False, clean=False)),
        ("{by: testee, usual: 1002, clean: optional}", Closing("testee", (1002, None), clean=False)),
        ("{usual: [1000, 1007]}", Closing(codes=(1000, 1007, None))),
        ("{by: either, codes: [1000, 1001]}", Closing("either", (1000, 1001, None), False)),
        ("{code: none}", Closing(codes=(None,), usual=False)),
        ("{codes: any}", Closing(codes=None, usual=False)),
        ("{tcp: fin}", Closing(tcp="fin")),
        ("{by: either, tcp: kept}", Closing("either", tcp="kept")),
        ("{wrong-code: fails, decisive: true}", Closing(wrong_code_fails=True, decisive=True)),
    ],
)
def test_closing(word: str, closing: Closing) -> None:
    assert one(more=f"close: {word}").closing == closing


@pytest.mark.parametrize(
    ("word", "patience"),
    [
        ("10 s", Patience(10 * SECOND, "fail")),
        ("{after: 2 s, then: close}", Patience(2 * SECOND, "close")),
        ("{then: close}", Patience(SECOND, "close")),
        ("{stalled: 10 s, then: close}", Patience(10 * SECOND, "close", stalled=True)),
    ],
)
def test_patience(word: str, patience: Patience) -> None:
    assert one(more=f"patience: {word}").patience == patience


def test_defaults_of_the_file_and_of_the_language() -> None:
    plain = one()
    assert (plain.closing, plain.patience, plain.rule, plain.title) == (Closing(), Patience(), None, "T")
    text = spec().text.replace("cases:", "rule: rsv-zero\npatience: 3 s\nclose: {code: 1001}\ncases:", 1)
    (case,) = load(Source("s.yaml", text))
    assert (case.rule, case.patience.after, case.section) == ("rsv-zero", 3 * SECOND, "1")
    assert case.closing == Closing(codes=(1001, None), usual=False)


def test_outcomes_keep_their_order() -> None:
    send = "[text: a, pause: A, text: b]"
    case = one(send, "[{ok: [echo]}, {non-strict: [text: a, still-open: A]}, {ok: []}]")
    assert [outcome.verdict for outcome in case.outcomes] == [
        Behaviour.OK,
        Behaviour.NON_STRICT,
        Behaviour.OK,
    ]
    assert case.outcomes[1].patterns == (
        Pattern(EventKind.TEXT, Payload(b"a")),
        Pattern(EventKind.STILL_OPEN, tag="A"),
    )


def test_what_may_come_back_besides_a_list_of_events() -> None:
    first, second = one(expect="[{ok: [text: {utf8: a, optional: true}]}, {informational: any}]").outcomes
    assert first.patterns == (Pattern(EventKind.TEXT, Payload(b"a"), optional=True),)
    assert not first.anything
    assert (second.patterns, second.anything) == ((), True)


def test_a_list_of_events_may_have_a_closing_of_its_own() -> None:
    own = "{events: [text: a], close: {by: testee, code: 1009}}"
    plain, ends = one("[text: a]", f"[{{ok: [echo]}}, {{non-strict: {own}}}]").outcomes
    assert (plain.closing, ends.closing) == (None, Closing("testee", (1009, None), False))
    assert (ends.verdict, ends.patterns) == (Behaviour.NON_STRICT, plain.patterns)


def test_words_of_a_whole_case_or_file() -> None:
    plain = one()
    assert (plain.measured, plain.one_mask, plain.together, plain.disputed) == (False, False, None, None)
    words = "compare: length\nmasks: one\ntogether: all\n"
    (case,) = load(Source("s.yaml", spec().text.replace("cases:", f"{words}cases:", 1)))
    assert (case.measured, case.one_mask, case.together) == (True, True, "all")


def test_a_dispute_replaces_what_it_names_under_the_rfcs_profile() -> None:
    send = "[text: {utf8: a, name: n}, text: b]"
    case = one(send, "[{ok: [echo]}]", "disputed: {why: W, expect: [{ok: [echo: n]}, {ok: []}]}")
    assert case.under(Profile.AUTOBAHN).outcomes == case.outcomes
    argued = case.under(Profile.RFC)
    assert [outcome.patterns for outcome in argued.outcomes] == [
        (Pattern(EventKind.TEXT, Payload(b"a")),),
        (),
    ]
    assert argued.closing == case.closing
    ends = one(more="disputed: {why: W, close: {by: testee}}")
    assert ends.under(Profile.RFC).closing == Closing("testee")
    assert ends.under(Profile.RFC).outcomes == ends.outcomes


def echoed(send: str, event: str = "echo") -> list[bytes]:
    """The payloads that are expected."""
    patterns = one(send, f"[{{ok: [{event}]}}]").outcomes[0].patterns
    return [pattern.payload.octets for pattern in patterns if pattern.payload is not None]


def test_the_echo_of_a_frame_in_pieces_is_whole() -> None:
    pieces = "open-frame: {opcode: 1, length: 5}, data: Hel, pause: 1 s, data: lo"
    assert echoed(f"[{pieces}, text: next]") == [b"Hello", b"next"]
    opened = "open-frame: {opcode: 1, length: 3, fin: false}, data: Hel"
    assert echoed(f"[{opened}, ping: p, continuation: lo]") == [b"Hello"]
    assert echoed(f"[{opened}, open-frame: {{opcode: 0, length: 2}}, data: lo]") == [b"Hello"]


def test_a_frame_that_is_never_filled_leaves_the_others_their_echoes() -> None:
    whole, opened = "text: {utf8: Hello, name: whole}", "open-frame: {opcode: 1, length: 5}"
    assert echoed(f"[{whole}, {opened}, data: Hel]", "echo: whole") == [b"Hello"]
    assert echoed(f"[{whole}, open-frame: {{opcode: 9, length: 5}}, data: Hel]") == [b"Hello"]


def test_each_round_echoes_its_slice_and_wraps_to_the_start() -> None:
    assert echoed("[repeat: {times: 3, send: [text: ab, text: c]}]") == [b"ab", b"c"] * 3
    assert echoed("[repeat: {times: 4, send: [binary: {hex: 01 02 03 04 05, next: 2}]}]") == [
        b"\1\2",
        b"\3\4",
        b"\5\1",
        b"\2\3",
    ]
    text = "κόσμε€"
    rounds = f"[repeat: {{times: 3, send: [message: {{utf8: {text}, next: 3, fragment: 1}}]}}]"
    assert echoed(rounds) == [text[:3].encode(), text[3:].encode(), text[:3].encode()]


def test_a_named_echo_is_the_message_that_begins_there() -> None:
    send = (
        "[text: first, text: {utf8: a, fin: false, name: n}, ping: p, continuation: b,"
        " message: {utf8: c, name: m}]"
    )
    assert echoed(send, "echo: n") == [b"ab"]
    assert echoed(send, "echo: m") == [b"c"]


def test_echo_joins_fragments_and_stands_at_its_word() -> None:
    send = (
        "[text: {utf8: a, fin: false}, ping: p, continuation: b, binary: {hex: fe, size: 9}, close: 1000]"
    )
    case = one(send, "[{ok: [pong: p, echo]}]")
    assert case.outcomes[0].patterns == (
        Pattern(EventKind.PONG, Payload(b"p")),
        Pattern(EventKind.TEXT, Payload(b"ab")),
        Pattern(EventKind.BINARY, Payload(b"\xfe", 9)),
    )
    span = case.outcomes[0].patterns[1].span
    assert span is not None
    assert span.source.text[span.start : span.end] == "echo"


def test_pieces_are_steps_of_their_own() -> None:
    steps = one("[open-frame: {opcode: 1, length: 2}, data: a, close: 1000, data: b]").steps
    pieces = SendData(Payload(b"a")), SendClose(1000), SendData(Payload(b"b"))
    assert steps == (OpenFrame(1, 2), *pieces)


def test_spans_name_the_words() -> None:
    case = one("[text: a]", "[{ok: [text: a]}]")
    (step,), ((pattern,), outcome) = case.steps, (case.outcomes[0].patterns, case.outcomes[0])
    shown = []
    for thing in (case, step, pattern, outcome):
        assert thing.span is not None
        shown.append(thing.span.source.text[thing.span.start : thing.span.end])
    assert shown == ['"1.1"', "text: a", "text: a", "{ok: [text: a]}"]


def recorded() -> Trace:
    octets = b"GET / HTTP/1.1\r\n\r\n" + encode(frame(1, b"hi", key=b"\1\2\3\4"))
    pause = Timer(Wait.DELAY, True, SECOND, "A")
    return Trace(Side.CLIENT, (Octets(Side.CLIENT, octets), Octets(Side.SERVER, b"\x81\x00"), pause))


def test_a_trace_is_sent_in_place_of_steps() -> None:
    asked: list[tuple[str, str]] = []

    def read(name: str, span: Span) -> Trace:
        asked.append((name, str(span)))
        return recorded()

    (case,) = load(spec("{trace: a/b.wirelog}", "[{ok: [echo, still-open: A]}]"), read=read)
    assert asked == [("a/b.wirelog", "s.yaml:5:19")]
    assert (case.trace, case.steps) == (recorded(), ())
    assert case.outcomes[0].patterns[0] == Pattern(EventKind.TEXT, Payload(b"hi"))


def test_payload_files_are_followed_by_the_caller() -> None:
    (case,) = load(spec("[binary: {file: x.bin, size: 5}]"), octets=lambda name, span: name.encode())
    assert case.steps == (SendFrame(2, Payload(b"x.bin", 5)),)
    with pytest.raises(SourceError, match="read on its own"):
        load(spec("[binary: {file: x.bin}]"))


def test_an_error_without_a_place_gets_the_place_of_the_name() -> None:
    def octets(name: str, span: Span) -> bytes:
        raise SourceError(None, "too large")

    with pytest.raises(SourceError, match="too large") as caught:
        load(spec("[binary: {file: x.bin}]"), octets=octets)
    assert str(caught.value.span) == "s.yaml:5:27"


def test_an_id_in_two_files_names_both() -> None:
    first, second = load(Source("a.yaml", spec().text)), load(Source("b.yaml", spec().text))
    with pytest.raises(SourceError) as caught:
        unique((*first, *second))
    assert str(caught.value).startswith("b.yaml:4:9: duplicate id '1.1'; the first one is in a.yaml:4:9")


def test_the_value_of_an_alias_is_read_where_it_is_used() -> None:
    case = one("[text: &p {utf8: a, size: 3}, binary: *p]")
    assert [step.opcode for step in case.steps if isinstance(step, SendFrame)] == [1, 2]


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000, "\ud800", "a: \x00", "--- &"]
)
def test_hostile_texts_are_refused(text: str) -> None:
    with pytest.raises(SourceError):
        load(Source("x.yaml", text))
