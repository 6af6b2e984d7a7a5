"""Cases played one at a time, as `replay run` would in this folder, for a test runner that decides which
case is played when."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import click
from msgspec.structs import replace

from replay import flows
from replay.campaign.server import Settings
from replay.cases import select
from replay.cases.model import Profile
from replay.commands import servers as under_test
from replay.commands.given import RunOptions
from replay.commands.required import check_fresh, reaching
from replay.commands.run import listing_of, run, today
from replay.expected.entries import Expected
from replay.live.servers import Target
from replay.play.pace import FULL, Pace
from replay.source import SourceError
from replay.suite.files import Item
from replay.verdict.result import Entry, Fresh


class NotReached(Exception):
    """The server isn't there, or doesn't take part; the message says why."""


class CanariedServer:
    """A server, and the canary's result, once the first case has asked for it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._greeted: tuple[Pace, str | None] | None = None
        self._ended: dict[str, Fresh] = {}  # results that nobody has asked for yet, by id

    def play(self, item: Item, others: Sequence[Item] = ()) -> Fresh:
        """Play a case and judge it; one connection of a conversation is played with the rest of it,
        which is among `others`. Raises NotReached, SourceError, and KeyboardInterrupt for ^C."""
        together = [item, *(one for one in others if one is not item and _talks_with(one, item))]
        ids = [one.case.id for one in together]
        if item.case.id in self._ended:
            return self._ended.pop(item.case.id)
        check_fresh(together, self._settings.target)

        def watch(number: int, result: Fresh, final: bool) -> bool:
            self._ended[ids[number]] = result
            return True

        wants_canary = item.case.echoes and self._settings.canary == "auto"
        settings = replace(self._settings, pace=self._pace() if wants_canary else FULL)
        done = flows.run([reaching(one, os.environ) for one in together], settings, watch)
        if done.interrupted:
            raise KeyboardInterrupt
        if done.unreached is not None:
            raise NotReached(done.unreached)
        return self._ended.pop(item.case.id)

    def _pace(self) -> Pace:
        if self._greeted is None:
            self._greeted = flows.greet(self._settings)
        pace, refusal = self._greeted
        if refusal is not None:
            raise NotReached(refusal)
        return pace


def _talks_with(one: Item, other: Item) -> bool:
    """Whether both are connections of one conversation."""
    mine, theirs = one.case.turns, other.case.turns
    if mine is None or theirs is None:
        return False
    return (one.path, mine.conversation) == (other.path, theirs.conversation)


class Servers:
    """All servers under test by their URLs; everything else comes from the config."""

    def __init__(self, expected: Path | None = None) -> None:
        """`expected` is the file of expected verdicts, unless the config names it. Raises SourceError."""
        given = RunOptions(**_given().params)
        self.url = given.url and given.url.text
        self.thorough, self.suite = given.thorough, given.suite
        named = expected or given.expected
        self._listing = None if named is None else listing_of(named, new=False)
        self._expected: Expected | None = None
        self._servers: dict[str, CanariedServer] = {}

    def expect(self, ids: Iterable[str]) -> None:
        """Name the cases that are played. Expected verdicts of others are ignored."""
        if self._listing is None:
            return
        if self._listing.is_index:
            entries = self._listing.resolved([*ids])
        else:
            entries = tuple(_resolved(self._listing.entries, [*ids]))
        self._expected = Expected(entries, today())

    def __getitem__(self, url: str) -> CanariedServer:
        """Raises SourceError for an invalid URL."""
        if url not in self._servers:
            self._servers[url] = CanariedServer(_settings(_given("--url", str(url)), self._expected))
        return self._servers[url]


def _given(*words: str) -> click.Context:
    """What `replay run` takes from these words and the config. Raises SourceError."""
    try:
        return run.make_context("run", [*words])
    except click.ClickException as error:
        raise SourceError(None, error.message) from None


def _resolved(entries: Iterable[Entry], ids: list[str]) -> Iterable[Entry]:
    for entry in entries:
        try:
            named = select.select(ids, [entry.pattern])
        except SourceError:
            continue
        yield replace(entry, ids=frozenset(named))


def _settings(context: click.Context, expected: Expected | None) -> Settings:
    (server,) = under_test.servers(context, ())
    given = RunOptions(**context.params)
    return Settings(
        target=Target(server.target.address),  # the config's `exec` is for `replay run`
        options=server.options,
        limits=given.limits,
        connect_timeout=server.connect_timeout,
        profile=Profile(given.profile),
        patience=given.patience,
        canary=given.canary,
        thorough=given.thorough,
        again=False,
        seed=given.seed or 0,
        expected=expected,
        agent=server.agent,
    )
