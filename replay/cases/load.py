"""YAML nodes -> cases. The tables serve as parser, as the list for 'did you mean', and as the source of the
schema."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from replay.cases import matrix
from replay.cases.checks import check_steps, unique
from replay.cases.connect_words import CONNECT
from replay.cases.connections import again, split
from replay.cases.declared import BOUNDS, NOTHING_DECLARED, Declared, sizes_of
from replay.cases.deflate import DEFLATE
from replay.cases.echo import echo
from replay.cases.expect import CLOSE, DISPUTED, EXPECT, PATIENCE, Argued, EchoWord, UnresolvedOutcome
from replay.cases.model import (
    AnyOrder,
    Behaviour,
    Bound,
    Case,
    Closing,
    Disputed,
    Outcome,
    Patience,
    Pattern,
    Round,
    Series,
    leaves,
)
from replay.cases.names import check_names
from replay.cases.open_words import OPEN
from replay.cases.opening import Opening, refusal
from replay.cases.step import Pause, Repeat, SendEnd, Step
from replay.cases.steps import SEND
from replay.cases.talk_words import ANSWER, CONNECTIONS, IGNORE, TALK, UnresolvedRound
from replay.protocol.rules import RULES
from replay.source import Source, SourceError, Span, nearest
from replay.trace.model import How, Timer, Trace, Wait
from replay.typed import nodes, schema
from replay.typed.readers import (
    Files,
    FoundKeys,
    Key,
    Record,
    Word,
    expected,
)
from replay.typed.scalars import ID, LINE, integer
from replay.wire.side import Side

DEFAULTS = {
    "title": Key(LINE, "What is tested, in one line."),
    "description": Key(
        LINE, "What the case does, in one sentence; by default it is derived from the steps."
    ),
    "expectation": Key(
        LINE,
        "What the case expects of the testee, in one sentence; by default it is derived from `expect`.",
    ),
    "rule": Key(
        Word("a rule", {id: id for id in RULES}),
        "The rule that the case is about, by its name in the table of rules.",
    ),
    "patience": Key(PATIENCE, "How long the testee may take, and what happens after that."),
    "close": Key(CLOSE, "How the connection must end."),
    "compare": Key(
        Word("a comparison", {"exact": False, "length": True}),
        "length: Autobahn compares only the type and length here; the first message that differs ends the "
        "case.",
    ),
    "masks": Key(
        Word("a choice of masking keys", {"fresh": False, "one": True}),
        "Whether each frame has a masking key of its own, or all frames have the same.",
    ),
    "deflate": Key(
        DEFLATE, "The compression that the case is about; a testee that declines it is UNIMPLEMENTED."
    ),
    "judge": Key(
        Word("a way to judge", {"profile": False, "rfc": True}),
        "rfc: the case is judged by the text of the RFCs, whatever --profile says.",
    ),
    "open": Key(
        OPEN, "The opening handshake, if the case is about it: what replay sends in place of its own head."
    ),
    "connect": Key(CONNECT, "How the application is reached: path, headers, cookies, subprotocols."),
    "fresh": Key(
        Word("when the server is started anew", {"case": True}),
        "case: the server that --exec starts is started anew for each case, so that none finds what "
        "another one left behind.",
    ),
    "together": Key(
        ID,
        "A name that several cases share: they are played at the same time, and what a client has to "
        "choose anew is compared over all of them.",
    ),
    "testee": Key(
        Word("a side", {side.value: side for side in Side}), "The only side that the case can test."
    ),
    "ignore": Key(IGNORE, "The events that may come at any time, any number of times."),
    "answer": Key(ANSWER, "The events that are answered whenever they come, and with what."),
    "disputed": Key(DISPUTED, "Where the RFC differs from Autobahn, for --profile rfc."),
}

NEEDED = ("title",)
"""Required in the file or in each of its cases."""

LIMIT: Word[str] = Word("a limit", {name: name for name in BOUNDS if name != "memory"})

CASE: Record[FoundKeys] = Record(
    "a case",
    {
        "id": Key(ID, "The id of the case, by which it is selected.", True),
        "matrix": Key(
            matrix.Axes(), "Axes of labelled rows; there is one case for each combination of rows."
        ),
        "limit": Key(
            LIMIT,
            "The limit that the case is about; sizes may follow from it, as in 'size: message + 1'.",
        ),
        "send": Key(SEND, "The steps of the tester, in order, or 'trace: FILE'."),
        "expect": Key(
            EXPECT, "The possible outcomes, best first, each a verdict with the events that earn it."
        ),
        "talk": Key(
            TALK,
            "A conversation, in place of `send` and `expect`: rounds, of which each begins once what the "
            "one before expects has come.",
        ),
        "reject": Key(
            integer(300, 599, "an HTTP status"),
            "Refuse the client's connection with this HTTP status, in place of `send` and `talk`.",
        ),
        "connections": Key(
            CONNECTIONS,
            "The connections of a conversation, by names that its rounds have as `as`; there is a case for "
            "each, and all are open from the start.",
        ),
        **DEFAULTS,
    },
    lambda found: found,
    one_of=("send", "talk", "reject"),
    exclusive=("talk", "expect"),
    pairs={"send": "expect"},
    meant={
        **dict.fromkeys(("name", "description", "desc"), "a case has an 'id' and a 'title'"),
        **dict.fromkeys(
            ("steps", "messages", "receive", "frames"),
            "'send' lists what replay sends, 'expect' what may come back",
        ),
        **dict.fromkeys(
            ("header", "headers", "url", "origin", "cookie", "host", "subprotocol", "subprotocols", "path"),
            "the opening request is set up on the command line or in replay.yaml: --header, "
            "--origin, --subprotocol, --url",
        ),
        **dict.fromkeys(("timeout", "wait"), "the time that a case waits is 'patience: 5 s'"),
        "verdict": "a verdict belongs in 'expect', before its events: '- ok: [echo]'",
    },
)


class Templates(Struct, frozen=True):
    """The reader of `cases`: each template is read once for every combination of its matrix's rows."""

    wants: str = "a list of cases"

    def read(self, node: nodes.Node, files: Files) -> tuple[FoundKeys, ...]:
        if not isinstance(node, nodes.Sequence):
            raise expected(self.wants, node)
        if not node.items:
            raise SourceError(node.span, f"expected {self.wants}, found an empty list")
        return tuple(case for item in node.items for case in self._cases(item, files))

    def _cases(self, node: nodes.Node, files: Files) -> Iterable[FoundKeys]:
        if not isinstance(node, nodes.Mapping):
            raise expected(CASE.wants, node)
        if node.get("limit") is None:
            files = replace(files, sizes=None)
        if (axes := node.get("matrix")) is None:
            return (CASE.read(node, files),)
        rows = CASE.rows["matrix"].reader.read(axes, files)
        return (CASE.read(case, files) for case in matrix.expand(node, rows))

    def schema(self) -> schema.Schema:
        return {"type": "array", "items": schema.of(CASE, names=True), "minItems": 1}


FILE: Record[FoundKeys] = Record(
    "a spec",
    {
        "section": Key(ID, "The section that the cases belong to.", True),
        **DEFAULTS,
        "cases": Key(Templates(), "The test cases.", True),
    },
    lambda found: found,
    meant={
        **dict.fromkeys(("tests", "case", "scenarios", "steps"), "the list of cases is called 'cases'"),
        **dict.fromkeys(("id", "send", "expect"), "this key belongs in a case, as in 'cases: [{id: …}]'"),
        **dict.fromkeys(("name", "description"), "a title is 'title: …'"),
    },
    hint=lambda node: "a spec begins with 'section: ID' and 'cases:', followed by the list of cases",
)


def load(
    source: Source,
    *,
    read: Callable[[str, Span], Trace] | None = None,
    octets: Callable[[str, Span], bytes] | None = None,
    thorough: bool = False,
    declared: Declared = NOTHING_DECLARED,
) -> tuple[Case, ...]:
    """The cases of a spec, in the order of the file.

    `read` and `octets` follow the names of wire logs and of payload files, which are relative to the spec;
    they may raise OSError, or SourceError with or without a span. With `thorough`, all rounds of each
    repeat are kept, even where fewer are enough. The sizes of cases about limits follow from what is
    declared.

    Raises SourceError, with its place, for whatever isn't in the language.
    """
    from replay.typed.yaml_text import parse

    file = FILE.read(parse(source), Files(read, octets, sizes_of(declared)))
    found = (_case(case, file, thorough, declared) for case in file.values["cases"])
    return unique(case for cases in found for case in cases)


def _case(found: FoundKeys, file: FoundKeys, thorough: bool, declared: Declared) -> tuple[Case, ...]:
    def value(key: str, default: Any = None) -> Any:
        return found.get(key, file.get(key, default))

    for key in NEEDED:
        if value(key) is None:
            raise SourceError(found.at("id"), f"{key!r} is missing: give it here or at the top of the spec")
    parts = _rounds(found)
    trace = found.get("send") if isinstance(found.get("send"), Trace) else None
    tags = _tags(parts, trace)
    argued: Argued | None = value("disputed")
    for part in parts:
        _check_tags(tags, part.outcomes)
    if argued is not None:
        _check_tags(tags, argued.expect or ())
    for part in parts:
        check_steps(part.steps)
    if not thorough:
        parts = [replace(part, steps=tuple(map(_shortened, part.steps))) for part in parts]
    talk = [_resolved_round(part, trace) for part in parts]
    ignored, answers = value("ignore", ()), value("answer", ())
    check_names(talk, ignored, answers, [part.again and part.again[0] for part in parts])
    opening: Opening | None = value("open")
    if (status := found.get("reject")) is not None:
        if opening is not None or "expect" in found.values:
            raise SourceError(
                found.at("reject"), "a connection that is refused has neither 'open' nor 'expect'"
            )
        opening = refusal(status)
    limit = Bound(name, declared) if (name := found.get("limit")) else None
    case = Case(
        id=found.values["id"],
        title=value("title"),
        section=file.values["section"],
        steps=talk[-1].steps,
        outcomes=talk[-1].outcomes,
        connect=value("connect"),
        fresh=value("fresh", False),
        earlier=tuple(talk[:-1]),
        ignored=ignored,
        answers=answers,
        closing=value("close", Closing()),
        patience=value("patience", Patience()),
        rule=value("rule"),
        description=value("description"),
        expectation=value("expectation"),
        trace=trace,
        measured=value("compare", False),
        one_mask=value("masks", False),
        deflate=value("deflate"),
        by_text=value("judge", False),
        open=opening,
        limit=limit,
        together=value("together"),
        testee=value("testee") or _tests(opening),
        disputed=_disputed(argued, trace or talk[-1].steps) if argued else None,
        span=found.at("id"),
    )
    if "connections" not in found.values and not any(part.by for part in parts):
        return again(case, [(part.again, part.span) for part in parts])
    if (made := next((part for part in parts if part.again), None)) is not None:
        raise SourceError(made.span, "a connection can't be made again where 'connections' names them all")
    return split(case, [(part.by, part.span) for part in parts], found.get("connections"))


def _rounds(found: FoundKeys) -> list[UnresolvedRound]:
    """The rounds of a case: those of its conversation, or what it sends and expects as the only one."""
    if (talk := found.get("talk")) is not None:
        repeats = (step for part in talk for step in part.steps if isinstance(step, Repeat))
        if len(talk) > 1 and (repeat := next(repeats, None)) is not None:
            raise SourceError(repeat.span, "a repeat can't be a part of a conversation with several rounds")
        return list(talk)
    if "reject" in found.values:
        ended = (SendEnd(How.FIN),)
        return [UnresolvedRound(ended, (UnresolvedOutcome(Behaviour.OK, None),), found.at("id"))]
    sent = found.values["send"]
    steps = () if isinstance(sent, Trace) else sent
    return [UnresolvedRound(steps, found.values["expect"], found.at("id"))]


def _shortened(step: Step) -> Step:
    return step.shortened() if isinstance(step, Repeat) else step


def _resolved_round(part: UnresolvedRound, trace: Trace | None) -> Round:
    sent = part.steps if trace is None else trace
    return Round(part.steps, tuple(_resolved(wanted, sent) for wanted in part.outcomes), part.span)


def _tests(opening: Opening | None) -> Side | None:
    """The side that receives the only head of a case."""
    if opening is None or (opening.request and opening.response):
        return None
    return Side.SERVER if opening.request else Side.CLIENT


def _disputed(argued: Argued, sent: Sequence[Step] | Trace) -> Disputed:
    outcomes = tuple(_resolved(wanted, sent) for wanted in argued.expect or ())
    return Disputed(argued.why, outcomes or None, argued.close)


def _resolved(wanted: UnresolvedOutcome, sent: Sequence[Step] | Trace) -> Outcome:
    lists = [
        _echo(event, sent) if isinstance(event, EchoWord) else (event,) for event in wanted.events or ()
    ]
    listed = lists[0] if len(lists) == 1 else tuple(item for some in lists for item in some)
    words = wanted.events or ()
    return Outcome(
        wanted.verdict,
        listed,
        wanted.events is None,
        wanted.closing,
        echoes=any(isinstance(event, EchoWord) for event in words),
        grouped=any(isinstance(event, AnyOrder | Series) for event in words),
        span=wanted.span,
    )


def _echo(event: EchoWord, sent: Sequence[Step] | Trace) -> Sequence[Pattern]:
    assert event.span is not None  # a placed word has a span
    return echo(sent, event.span, event.name)


def _tags(parts: Iterable[UnresolvedRound], trace: Trace | None) -> set[str]:
    """The tags of all pauses of a case."""
    if trace is not None:
        timers = (entry for entry in trace.entries if isinstance(entry, Timer))
        return {timer.tag for timer in timers if timer.wait is Wait.DELAY and timer.tag is not None}
    tags: set[str] = set()
    for step in (step for part in parts for step in part.steps):
        if isinstance(step, Pause) and step.tag is not None:
            if step.tag in tags:
                raise SourceError(step.span, f"duplicate tag {step.tag!r}: another pause already has it")
            tags.add(step.tag)
    return tags


def _check_tags(tags: set[str], wanted: Iterable[UnresolvedOutcome]) -> None:
    for outcome in wanted:
        for event in leaves(item for item in outcome.events or () if not isinstance(item, EchoWord)):
            if event.tag is not None and event.after is None and event.tag not in tags:
                known = (
                    f"the tags of this case are {', '.join(sorted(tags))}"
                    if tags
                    else "a step tags its pause: 'pause: A'"
                )
                hint = nearest(event.tag, tags) or known
                raise SourceError(event.span, f"no pause has the tag {event.tag!r}", hint)
