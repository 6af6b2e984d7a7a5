"""From recordings to a spec that passes: plays sessions, drafts the spec, and plays that."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from replay import flows
from replay.campaign.rehearsals import rehearse
from replay.campaign.server import Settings
from replay.cases.language import Language, language
from replay.cases.load import load
from replay.commands.output import CommandFault, Unreachable
from replay.commands.required import reaching
from replay.draft.draft import draft
from replay.draft.mirrored import mirrored
from replay.draft.model import Draft
from replay.draft.opening import Reached, reached
from replay.draft.pairing import paired, remembers
from replay.draft.part import Part, part
from replay.draft.session import Session, session
from replay.draft.yaml_text import Head, written
from replay.live.servers import Target
from replay.live.tls import Tls
from replay.live.transport import Address
from replay.play.actions import Options
from replay.protocol.interpreter import observe
from replay.recording.hidden import lacking
from replay.report.words import count
from replay.source import Source, SourceError, printable
from replay.suite.files import Item
from replay.suite.logs import LogFile, read_log
from replay.trace.model import REDACTED
from replay.verdict.result import RunResult

_LINGERS = 4_000_000
"""The microseconds that pass in all between the stages of the one session that waits: what comes by time
comes more often there."""

_LINGER = 1_000_000
"""The most of them that pass between two stages."""

_PROOFS = 3
"""How many times a spec has to pass."""

_TRIES = 3
"""How many times more sessions are played for a spec that doesn't pass."""

Tell = Callable[[str], None]


class NotDrafted(CommandFault):
    """The server doesn't go along with the recorded session."""

    exit_code = 1


class Asked(Struct, frozen=True):
    """What the user asked for."""

    target: Target | None  # None: no server
    options: Options
    times: int

    @classmethod
    def of(cls, options: Mapping[str, Any], times: int) -> Asked:
        """From the options of the command."""
        address = None
        if (url := options["url"]) is not None:
            tls = Tls(*(options[name] for name in ("ca", "insecure", "cert", "key", "sni")))
            address = Address.of(url, tls)
        target = None
        if address is not None or options["exec"] is not None:
            target = Target(address, options["exec"], options["start_timeout"])
        path = address.target if address else "/"
        return cls(target, Options.asking(path, options["host"], options["header"]), times)


def drafted(words: Sequence[str], asked: Asked, id: str, tell: Tell) -> tuple[str, str | None]:
    """The spec, and why it doesn't pass, if it doesn't. Raises SourceError and CommandFault."""
    logs = [read_log(word) for word in words]
    read = language(observe(logs[0].trace))
    sessions = [session(log.trace, read) for log in logs]
    if sessions[0].response is None:
        hint = "replay show prints what is in it"
        raise SourceError(None, f"{printable(words[0])}: no connection is opened or refused", hint)
    own = part(sessions[0])
    how = _hidden(reached(sessions[0]), logs[0])
    if asked.target is None and len(logs) < 2:
        hint = "give --url or --exec to play it against a server, or several recordings of one session"
        raise SourceError(None, f"{printable(words[0])}: one session doesn't show what may differ", hint)
    failure, fresh = None, False
    for _ in range(_TRIES):
        if failure is not None:
            tell(f"the spec did not pass, so more sessions are played: {failure}")
        if asked.target is not None and sessions[0].opened:
            played = _played(own, read, how, asked, len(sessions), fresh, tell)
            if not fresh and asked.target.command is not None and remembers([sessions[0], *played]):
                tell("the server remembers earlier sessions, so it is started anew for each")
                fresh, sessions = True, sessions[: len(logs)]
                played = _played(own, read, how, asked, len(sessions), fresh, tell)
            sessions += played
        pairs = paired(sessions, own)
        if len(sessions) > 1 and pairs.whole < 2:
            raise NotDrafted(f"no session went to its end: {_broken_off(sessions)}")
        found = draft(sessions, own, pairs)
        text = written(_head(id, how, words, len(sessions), found, fresh), found)
        failure = None if asked.target is None else _proved(text, id, how, asked, tell)
        if failure is None:
            break
    for guess in found.guesses:
        tell(f"  {guess}")
    return text, failure


def drafted_for_clients(words: Sequence[str], id: str, tell: Tell) -> str:
    """The spec with the server's part of recordings, a case for each. Raises SourceError."""
    logs = [read_log(word) for word in words]
    sessions = [session(log.trace, language(observe(log.trace))) for log in logs]
    for word, recorded in zip(words, sessions, strict=True):
        if not recorded.opened:
            hint = "replay show prints what is in it"
            raise SourceError(None, f"{printable(word)}: no connection is opened", hint)
    return mirrored_text(sessions, printable(", ".join(words)), id, tell)


def mirrored_text(sessions: Sequence[Session], source: str, id: str, tell: Tell) -> str:
    """The same from sessions."""
    drafts = [mirrored(one) for one in sessions]
    guesses = list(dict.fromkeys(guess for one in drafts for guess in one.guesses))
    for guess in guesses:
        tell(f"  {guess}")
    comment = (f"The server's part of {source}, drafted by `replay new --for client`.", *guesses)
    paths = [(reached(one).path or "/").partition("?")[0] for one in sessions]
    heads = [
        Head(id, "A recorded session", comment, None if path == "/" else path, testee="client")
        for path in paths
    ]
    first, *others = zip(heads, drafts, strict=True)
    return written(*first, *others)


def _broken_off(sessions: Sequence[Session]) -> str:
    """Where the session ended that went furthest."""
    wanted, furthest = sessions[0].said, max(sessions[1:], key=lambda each: each.said)
    if not furthest.opened:
        status = f" with status {furthest.response.status}" if furthest.response is not None else ""
        return f"the server refused the connection{status}"
    how = f"sent a Close frame with code {furthest.code}" if furthest.code is not None else "ended it"
    return f"the server {how} after {furthest.said} of the {count(wanted, 'message')} that the client sends"


def _played(
    own: Part, read: Language, how: Reached, asked: Asked, done: int, fresh: bool, tell: Tell
) -> list[Session]:
    """More sessions with the server; `fresh`: with one that is started anew for each."""
    assert asked.target is not None
    stages = max(1, len(own.stages))
    linger = min(_LINGER, _LINGERS // stages)
    lingers = [linger if number % asked.times == 1 else 0 for number in range(asked.times)]
    connect = how.connect.filled(_environment(how, asked.options))
    tell(f"playing {asked.times} sessions with {asked.target.name}")
    result = rehearse(own, read, asked.options, connect, asked.target, lingers, done, fresh)
    if result.played.interrupted:
        raise KeyboardInterrupt
    if result.unreached is not None:
        lines = "".join(f"\n  {line}" for line in result.played.last_lines)
        raise Unreachable(f"{asked.target.name}: {result.unreached}{lines}")
    return [session(trace, read) for trace in result.traces]


def _proved(text: str, id: str, how: Reached, asked: Asked, tell: Tell) -> str | None:
    """Why the spec doesn't pass, or None."""
    assert asked.target is not None
    cases = load(Source(f"{id}.yaml", text))
    environment = {**os.environ, **_environment(how, asked.options)}
    items = [reaching(Item(case, f"{id}.yaml", own=True), environment) for case in cases]
    for number in range(_PROOFS):
        settings = Settings(target=asked.target, options=asked.options, again=False, seed=number)
        result = flows.run(items, settings, lambda *_: True)
        if (failure := _failure(result)) is not None:
            return failure
    tell(f"the spec passes, {_PROOFS} times out of {_PROOFS}")
    return None


def _failure(result: RunResult) -> str | None:
    if result.unreached is not None:
        return result.unreached
    return next(
        (f"{one.case.id}: {one.why or one.closing_reason}" for one in result.results if one.counts()), None
    )


def _hidden(how: Reached, log: LogFile) -> Reached:
    """Headers whose values were hidden are variables of the environment."""
    if log.trace.header(REDACTED) is None:
        return how
    lacks = {name.lower() for name in lacking(log.trace).headers}
    headers = tuple(
        (name, f"${{{_variable(name)}}}" if name.lower() in lacks else value) for name, value in how.headers
    )
    cookie = f"${{{_variable('Cookie')}}}" if "cookie" in lacks and how.cookie is not None else how.cookie
    return replace(how, headers=headers, cookie=cookie)


def _variable(header: str) -> str:
    return header.upper().replace("-", "_")


def _environment(how: Reached, options: Options) -> dict[str, str]:
    """The values of such variables, as given by --header."""
    given = {_variable(name): value for name, value in options.headers}
    return {name: value for name, value in {**os.environ, **given}.items() if name in how.connect.variables}


def _head(id: str, how: Reached, words: Sequence[str], count: int, found: Draft, fresh: bool) -> Head:
    source = printable(", ".join(words))
    remembered = ["The server remembers earlier sessions, so it is started anew for each case."]
    comment = [
        f"Drafted by `replay new` from {source} and compared with {count - len(words)} more sessions.",
        *(remembered if fresh else ()),
        *found.guesses,
    ]
    return Head(
        id,
        "A recorded session",
        tuple(comment),
        how.path,
        how.headers,
        how.cookie,
        how.origin,
        how.subprotocols,
        how.chosen,
        how.refused,
        fresh,
    )
