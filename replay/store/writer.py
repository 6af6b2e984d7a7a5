"""Writes a run while it is running. It keeps no results, and never holds up the run."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from replay.cases.model import Profile
from replay.report import causes, words
from replay.source import SourceError, printable, strerror
from replay.store import CASE, RUN, VERSION
from replay.store.folder import LAST, Folder, begin, safe_name
from replay.store.sources import Sources
from replay.suite.edition import edition
from replay.suite.files import Item
from replay.trace.wirelog import storable
from replay.verdict.result import Fresh, Judged, Logged, RunResult
from replay.version import __version__
from replay.wire.side import Side


class About(Struct, frozen=True):
    """What applies to a whole run."""

    tester: Side
    address: str
    seed: int | None
    limits: Mapping[str, int]
    profile: Profile = Profile.AUTOBAHN
    thorough: bool = False


class Store:
    """Writes what the package describes. `fault` says in a sentence what went wrong, if anything did; from
    then on nothing more is stored, and the run on disk keeps the state of a running one. `place` is where
    the run is once all of it is stored."""

    def __init__(self, directory: Path) -> None:
        """Use `create` instead."""
        self.directory = directory
        self.fault: str | None = None
        self.place: Path | None = None
        self._folder: Folder | None = None
        self._run: dict[str, Any] = {}

    @classmethod
    def create(cls, directory: Path | None, items: Sequence[Item], about: About) -> Store:
        """Begin a run; None means LAST, and the run that is there is kept as PREVIOUS.

        A run in `directory` is replaced, and anything else in it stays. Raises SourceError if it contains
        something other than a run, and for a spec that can't be read any more.
        """
        store = cls(directory or LAST)
        store._run = {
            "format": RUN,
            "version": VERSION,
            "state": "running",
            "replay": __version__,
            "suite": edition().version,
            "tester": about.tester.value,
            "address": about.address,
            "agent": None,
            "seed": about.seed,
            "limits": dict(about.limits),
            "profile": about.profile.value,
            "thorough": about.thorough,
            "cases": [],
            "sources": [],
        }
        try:
            store._folder = begin(directory, _json(store._run))
            store._plan(store._folder, items)
        except OSError as error:
            store._broken(error)
        except SourceError:
            store.close()
            raise
        return store

    def add(self, number: int, result: Fresh) -> None:
        """Store the result of an item, given by its number from 0. A second result replaces the first."""
        if self._folder is not None:
            try:
                self._add(self._folder, self._run["cases"][number]["file"], result)
            except OSError as error:
                self._broken(error)

    def finish(self, run: RunResult) -> None:
        """Store how the run ended, and release the folder."""
        if self._folder is not None:
            self._run |= {
                "state": _state(run, len(self._run["cases"])),
                "address": run.address,
                "agent": run.agent,
                "duration": run.duration,
                "unreached": run.unreached,
                "died_on": run.died_on,
                "counts": {
                    "planned": len(self._run["cases"]),
                    "judged": len(run.results),
                    "failed": sum(result.failed for result in run.results),
                    "behaviour": Counter(result.word for result in run.results),
                    "closing": Counter(result.closing.value for result in run.results),
                },
            }
            try:
                self._folder.write("run.json", _json(self._run))
                self.place = self._folder.place()
            except OSError as error:
                self._broken(error)
        self.close()

    def close(self) -> None:
        """Release the folder: nothing more is stored."""
        if self._folder is not None:
            self._folder.close()
            self._folder = None

    def _plan(self, folder: Folder, items: Sequence[Item]) -> None:
        sources = Sources()
        width = max(3, len(str(len(items))))
        for number, item in enumerate(items, 1):
            self._run["cases"].append(
                {
                    "number": number,
                    "id": item.case.id,
                    "title": item.case.title,
                    "file": f"{number:0{width}d}-{safe_name(item.case.id)}",
                    **sources.of(item),
                }
            )
            for name, octets in sources.taken():
                folder.sources()
                folder.write(name, octets)
        self._run["sources"] = sources.rows
        folder.write("run.json", _json(self._run))

    def _add(self, folder: Folder, file: str, result: Fresh) -> None:
        folder.remove(f"{file}.json")  # a verdict must never be there with the log of another one
        log = result.log if isinstance(result, Logged) else storable(result.trace)
        if log is not None:
            folder.write(f"{file}.wirelog", log)
        folder.write(f"{file}.json", _json(_case(result, f"{file}.wirelog", log)))

    def _broken(self, error: OSError) -> None:
        self.fault = f"{printable(str(self.directory))}: {strerror(error)}; no more results are stored"
        self.close()


def _state(run: RunResult, planned: int) -> str:
    if run.unreached is not None:
        return "unreached"
    if run.interrupted:
        return "interrupted"
    return "complete" if len(run.results) == planned else "stopped"


def _case(result: Fresh, name: str, log: bytes | None) -> dict[str, Any]:
    found = result.divergence if isinstance(result, Judged) else None
    rounds, expected = result.case.rounds, result.expectation
    cause = causes.said(result)
    return {
        "format": CASE,
        "version": VERSION,
        "id": result.case.id,
        "title": result.case.title,
        "path": result.path,
        "behaviour": result.behaviour.value,
        "closing": result.closing.value,
        "closing_reason": result.closing_reason,
        "close_code": result.facts.testee_close and result.facts.testee_close.code,
        "failed": result.failed,
        "unjudged": result.unjudged,
        "cause": cause and cause._asdict(),
        "broken": [
            {"rule": one.rule, "side": one.side.value, "offset": one.start, "detail": one.detail}
            for one in result.broken
        ],
        "divergence": found
        and {
            "event": found.at if found.at >= 0 else None,
            "field": found.field,
            "offset": found.offset,
            "words": words.difference(found),
        },
        "rounds": rounds and [rounds.times, rounds.of or rounds.times],
        "notes": result.notes,
        "began": words.moment(result.began) or None,
        "duration": result.duration,
        "flaky": result.flaky,
        "expected": expected
        and {
            "standing": expected.standing.value,
            "words": f"{words.expectation(expected)} ({words.place(expected.entry)})",
        },
        "again": result.again,
        "log": None if log is None else name,
        "sha256": None if log is None else hashlib.sha256(log).hexdigest(),
    }


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=1) + "\n").encode()
