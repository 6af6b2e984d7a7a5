"""What has to be given before cases are played: what a recording hides, variables that a spec names, a
server that can be started anew, and only one server if specs are to be changed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from replay.source import SourceError

if TYPE_CHECKING:
    from replay.live.servers import Target
    from replay.play.actions import Options
    from replay.suite.files import Item


def check_redacted(items: Sequence[Item], options: Options) -> None:
    """Raise SourceError if a request would be sent with x's where a header or a key in the query was
    hidden."""
    from replay.recording.hidden import lacking
    from replay.trace.model import REDACTED

    given = {name.lower() for name, _ in options.headers}
    for item in items:
        trace = item.case.trace
        if trace is None or trace.header(REDACTED) is None:
            continue
        lacks = lacking(trace)
        for name in lacks.headers:
            if name.lower() not in given:
                said = f"{item.path}: the value of {name} was hidden when this was recorded"
                hint = f"give it with --header '{name}: …'"
                raise SourceError(None, said, hint)
        if lacks.keys and not options.edit_target:
            keys = ", ".join(lacks.keys)
            said = f"{item.path}: in the query the value of {keys} was hidden when this was recorded"
            path = lacks.target.partition("?")[0]
            wanted = f"--url 'ws://HOST:PORT{path}?{lacks.keys[0]}=…'"
            hint = f"give the path with its query in the URL, as in {wanted}"
            raise SourceError(None, said, hint)


def reaching(item: Item, environment: Mapping[str, str]) -> Item:
    """An item whose request has the values of the variables that its spec names. Raises SourceError."""
    if item.case.connect is None:
        return item
    return replace(item, case=replace(item.case, connect=item.case.connect.filled(environment)))


def check_connections(items: Sequence[Item]) -> None:
    """Raise SourceError if not all connections of a conversation are chosen."""
    chosen: dict[str, set[int]] = {}
    for item in items:
        if (turns := item.case.turns) is not None:
            chosen.setdefault(turns.conversation, set()).update(turns.rounds)
    for item in items:
        turns = item.case.turns
        if turns is not None and len(chosen[turns.conversation]) < turns.total:
            said = f"{item.case.id} is one of several connections, of which some aren't chosen"
            raise SourceError(item.case.span, said, f"choose all of them: '{turns.conversation}.*'")


def check_fresh(items: Sequence[Item], target: Target) -> None:
    """Raise SourceError if a case wants its server to be started anew, and replay doesn't start it."""
    if target.command is not None or target.address is None:
        return
    for item in items:
        if item.case.fresh:
            hint = "give --exec 'CMD {port}' in place of --url, or beside it"
            said = "the case wants the server to be started anew, and replay didn't start it"
            raise SourceError(item.case.span, said, hint)


def check_update(asked: bool, ask: bool, servers: int) -> None:
    """Raise UsageError if specs can't be updated here."""
    if ask and not asked:
        raise click.UsageError("--ask needs --update-specs")
    if not asked:
        return
    if os.environ.get("CI"):
        raise click.UsageError(
            "--update-specs changes files, so it is refused in CI (the variable CI is set)"
        )
    if servers > 1:
        raise click.UsageError(
            "--update-specs works with one server only: name it with --url, --exec or --agent"
        )
