"""The draft of a spec: what the sessions with an application have in common, as rounds."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence

from replay.cases.said import Said
from replay.draft.answers import answered
from replay.draft.model import AnyOrder, Closing, Draft, Expected, Pause, Round, Run
from replay.draft.order import blocks, strands
from replay.draft.pairing import Pair, Paired, Series, named
from replay.draft.part import From, Part
from replay.draft.session import Session
from replay.draft.shapes import Shaper, finished, folded, shallow, unique
from replay.draft.skeleton import scalars_at, skeleton
from replay.trace.model import SECOND
from replay.values.paths import path
from replay.values.shape import Exactly, Free, Keyed, Known, parts
from replay.wire.side import Side

_MANY = 20
"""More messages of one kind in a row than this are told as a series."""

_ID = re.compile(r"(?i)(?:.*[_-])?(?:id|ref|re|op|request)|.*(?:Id|Ref)")


class _Maker:
    def __init__(self, sessions: Sequence[Session], part: Part, found: Paired) -> None:
        self.sessions, self.part, self.found = sessions, part, found
        self.shaper = Shaper()
        self.names: dict[str, str] = {}
        self.taken: set[str] = set()
        self.own: set[str] = set()  # what the client's values stand for
        self.guesses: list[str] = []

    def draft(self) -> Draft:
        raw = list(self._rounds())
        bound: set[str] = set()
        rounds = [self._finished(sends, expects, bound) for sends, expects in raw]
        ignored = tuple(
            Said(lines[0].view, folded([line.value for line in lines])) for lines in self.found.timed
        )
        self._tell()
        pings = (self.part.lines[reply.line] for reply in self.part.replies)
        self.guesses += [f"{named(ping)}: it is answered whenever it comes." for ping in pings]
        return Draft(
            tuple(rounds),
            ignored,
            tuple(answered(self.part, self.found)),
            self._patience(),
            self._closing(),
            tuple(self.guesses),
        )

    # The rounds, with values that may get names.

    def _rounds(self) -> Iterator[tuple[list[Said | Pause], list[Expected]]]:
        behind: dict[int, list[Pair | Series]] = {}
        for pair in self.found.server:
            behind.setdefault(pair.sent, []).append(pair)
        sendings = [sending for stage in self.part.stages for sending in stage.sends]
        sends: list[Said | Pause] = []
        for number in range(len(self.found.client) + 1):
            if number:
                lines = self.found.client[number - 1]
                sending = sendings[number - 1]
                if sends and sending.pause:
                    sends.append(Pause(sending.pause))
                copied = {steps for steps, source in sending.sources if isinstance(source, From)}
                values = [line.value for line in lines]
                sends.append(Said(lines[0].view, self.shaper.sent(values, named(lines[0]), copied)))
                self.own |= {repr(value) for _, value in scalars_at(lines[0].value)}
            if number in behind:
                yield sends, list(self._expects(behind[number]))
                sends = []
        if sends:
            yield sends, []

    def _expects(self, pairs: Sequence[Pair | Series]) -> Iterator[Expected]:
        places = [tuple(each.place for each in pair.lines) for pair in pairs]
        said = [self._said(pair) for pair in pairs]
        cuts = self._merged(pairs, said, list(blocks(places)))
        plain: list[tuple[Pair | Series, Said | Run]] = []
        for block in cuts:
            if len(block) == 1:
                plain.append((pairs[block[0]], said[block[0]]))
                continue
            yield from self._in_a_row(plain)
            plain = []
            within = [said[number] for number in block]
            keys = [self._correlation(pairs[number], said[number]) for number in block]
            found = strands(within, [places[number] for number in block], keys)
            names = ", ".join(dict.fromkeys(named(pairs[number].lines[0].line) for number in block))
            self.guesses.append(f"{names}: the order differed, so it is free.")
            yield AnyOrder(tuple(map(tuple, found)))
        yield from self._in_a_row(plain)

    def _said(self, pair: Pair | Series) -> Said | Run:
        first = pair.lines[0].line
        if isinstance(pair, Series):
            every = [each.line.value for session in pair.sessions for each in session]
            self.guesses.append(f"{named(first)}: there were sometimes more and sometimes fewer of them.")
            return Run(Said(first.view, folded(every)), None)
        return Said(first.view, self.shaper.expected(pair.values, named(first)))

    def _merged(
        self, pairs: Sequence[Pair | Series], said: Sequence[Said | Run], cuts: Sequence[range]
    ) -> list[range]:
        """The blocks, with all those as one between whose messages answers to different requests stand."""
        keys = [self._correlation(pair, one) for pair, one in zip(pairs, said, strict=True)]
        answered = [number for number, key in enumerate(keys) if key is not None]
        if len({keys[number] for number in answered}) < 2:
            return list(cuts)
        first, last = answered[0], answered[-1]
        before = [cut for cut in cuts if cut.stop <= first]
        after = [cut for cut in cuts if cut.start > last]
        begin = before[-1].stop if before else 0
        end = after[0].start if after else len(pairs)
        return [*before, range(begin, end), *after]

    def _correlation(self, pair: Pair | Series, said: Said | Run) -> Hashable:
        """The id of the request that a message answers, if it says one; None otherwise."""
        shape = said.shape if isinstance(said, Said) else said.said.shape
        if not isinstance(shape, Keyed):
            return None
        for key, inner in shape.items:
            if _ID.fullmatch(key):
                if isinstance(inner, Known) and self.shaper.variables[inner.name].new:
                    return inner.name
                if isinstance(inner, Exactly) and repr(inner.value) in self.own:
                    return repr(inner.value)
        return None

    def _in_a_row(self, plain: Sequence[tuple[Pair | Series, Said | Run]]) -> Iterator[Expected]:
        """The messages one after the other, many of one kind as a series."""
        begin = 0
        while begin < len(plain):
            end = begin + 1
            kind = skeleton(plain[begin][0].lines[0].line)
            while end < len(plain) and skeleton(plain[end][0].lines[0].line) == kind:
                end += 1
            several = [pair for pair, _ in plain[begin:end] if isinstance(pair, Pair)]
            if end - begin > _MANY and len(several) == end - begin:
                every = [value for pair in several for value in pair.values]
                yield Run(Said(several[0].lines[0].line.view, folded(every)), len(several))
                self.guesses.append(
                    f"{named(several[0].lines[0].line)}: {len(several)} alike are told as one."
                )
            else:
                yield from (one for _, one in plain[begin:end])
            begin = end

    # The names.

    def _finished(
        self, sends: Sequence[Said | Pause], expects: Sequence[Expected], bound: set[str]
    ) -> Round:
        sent = tuple(
            self._with_names(each, bound, set()) if isinstance(each, Said) else each for each in sends
        )
        done: list[Expected] = []
        for each in expects:
            if isinstance(each, AnyOrder):
                before = set(bound)
                shared = {
                    name
                    for strand in each.strands
                    for one in strand
                    for part in parts(_of(one).shape)
                    if isinstance(part, Free)
                    and (name := self._name(str(part.name)))
                    and name not in before
                }
                done.append(
                    AnyOrder(
                        tuple(
                            tuple(self._one(one, bound, shared) for one in strand)
                            for strand in each.strands
                        )
                    )
                )
            else:
                done.append(self._one(each, bound, set()))
        return Round(sent, tuple(done))

    def _one(self, one: Said | Run, bound: set[str], shared: set[str]) -> Said | Run:
        said = self._with_names(_of(one), bound, shared)
        said = Said(said.view, shallow(said.shape))
        return said if isinstance(one, Said) else Run(said, one.times)

    def _with_names(self, said: Said, bound: set[str], shared: set[str]) -> Said:
        return Said(said.view, finished(said.shape, self._name, self.shaper.variables, bound, shared))

    def _name(self, mark: str) -> str | None:
        """The name of a value, if anything refers to it."""
        variable = self.shaper.variables.get(mark)
        if variable is None or not variable.used:
            return None
        if mark not in self.names:
            self.names[mark] = unique(variable.hint, self.taken)
            self.taken.add(self.names[mark])
        return self.names[mark]

    def _tell(self) -> None:
        for lines in self.found.timed:
            self.guesses.append(
                f"{named(lines[0])}: it came in some sessions more often than in others, so it is ignored."
            )
        for about, steps in self.shaper.unknown:
            self.guesses.append(
                f"{about}: {path(steps)} is sent as recorded. The client had it from the server, "
                "which didn't say it each time."
            )
        for new, who in ((True, "The client makes"), (False, "The server says")):
            names = [
                f"<{self.names[variable.mark]}>"
                for variable in self.shaper.variables.values()
                if variable.new is new and variable.used and variable.mark in self.names
            ]
            if names:
                self.guesses.append(
                    f"{who} {_and(names)}, which {'come' if names[1:] else 'comes'} back later."
                )

    def _closing(self) -> Closing:
        opened = [session for session in self.sessions if session.opened]
        sides = {session.closed_by for session in opened}
        by = "either" if len(sides) > 1 else "testee" if Side.SERVER in sides else "tester"
        codes = sorted({session.code for session in opened if session.code is not None})
        clean = all(session.clean for session in opened)
        if not clean:
            self.guesses.append(
                "The server did not send a Close frame in each session, so none is expected."
            )
        return Closing(by, () if by == "tester" else tuple(codes), clean)

    def _patience(self) -> int:
        """How long a round may take: three times as long as any did, and at least a second."""
        by_time = {id(line) for lines in (*self.found.timed, *self.found.pings) for line in lines}
        longest = 0
        for session in self.sessions:
            began = 0
            for line in session.lines:
                if line.side is Side.CLIENT:
                    began = line.at or 0
                elif line.at is not None and id(line) not in by_time:
                    longest = max(longest, line.at - began)
        return min(60, max(1, -(-3 * longest // SECOND)))


def draft(sessions: Sequence[Session], part: Part, found: Paired) -> Draft:
    """Draft a spec from sessions, of which the first is the recording."""
    return _Maker(sessions, part, found).draft()


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _of(one: Said | Run) -> Said:
    return one if isinstance(one, Said) else one.said
