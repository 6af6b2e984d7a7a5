"""The clients that are served: a player for each case that one asks for, and its results."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from replay import limits, schedule
from replay.collect import counted, since_1970
from replay.explain import Explainer
from replay.live.host import Door
from replay.live.transport import Address
from replay.play.actions import Options
from replay.play.endpoint import Endpoint, Limits
from replay.play.lobby import Count, Finish, Info, Plain, Play, Status, Stop, errand
from replay.play.player import Player
from replay.play.reception import Page, Reception, Teller
from replay.play.script import script
from replay.schedule import Phase
from replay.source import SourceError
from replay.spec.cost import volume
from replay.spec.model import Profile
from replay.spec.recorded import under
from replay.store.folder import CLIENTS, safe_name
from replay.store.writer import About, Store
from replay.suite import Item
from replay.verdict.expected import Expected
from replay.verdict.judge import judge
from replay.verdict.result import CaseResult, RunResult
from replay.wire.handshake import Request
from replay.wire.side import Side

Watch = Callable[[str, int, CaseResult], None]
"""Is told agent, number and result of each case, not in the main thread."""


@dataclass(frozen=True, slots=True)
class Hosting:
    """How clients are served."""

    door: Door = field(default_factory=Door)
    profile: Profile = Profile.AUTOBAHN
    thorough: bool = False  # the cases have all their rounds
    limits: Limits = field(default_factory=Limits)
    expected: Expected | None = None
    directory: Path | None = None  # of a run for each agent; None: CLIENTS
    agent: str = "client"  # the name of those that are started once a case
    explained: bool = False  # results say why they are what they are


class UnderWay(NamedTuple):
    """A case that is played."""

    play: Play
    weight: int  # octets


class Guest:
    """One agent, and what its cases have come to."""

    def __init__(self, name: str, store: Store | None, fault: str | None) -> None:
        self.name = name
        self.results: dict[int, CaseResult] = {}
        self.finished = False  # it said that it is done
        self.store, self._fault = store, fault
        self._began: float | None = None
        self._ended = 0.0

    @property
    def fault(self) -> str | None:
        """Why results are not stored, if so."""
        return self.store.fault if self.store else self._fault

    def add(self, number: int, result: CaseResult, at: float) -> None:
        """A result of a connection that ended then; the later one of a case counts."""
        if self._began is None:
            self._began = since_1970(result, at)
        self._ended = at
        if self.store is not None:
            self.store.add(number, result)
        self.results[number] = counted(result)

    def run(self, address: str, planned: int, interrupted: bool, fault: str | None) -> RunResult:
        """What has come of it. `fault`: why there will be no more, if some is missing."""
        partial = len(self.results) < planned
        return RunResult(
            agent=self.name,
            address=address,
            results=tuple(self.results[number] for number in sorted(self.results)),
            seed=None,
            duration=self._ended - (self._began or 0.0),
            unreached=fault if partial else None,
            planned=planned,
            interrupted=interrupted and partial and not self.finished,
        )


class Guests:
    """Receives them: a `live.host.Host`."""

    def __init__(
        self,
        items: Sequence[Item],
        hosting: Hosting,
        watch: Watch,
        listening: Callable[[str], None],
        report: Callable[[Sequence[RunResult]], None] = lambda runs: None,
    ) -> None:
        """`report` is told what has come of all agents so far, when one of them is done."""
        self.hosting = hosting
        self.items = [replace(item, case=under(item.case, hosting.profile, Side.SERVER)) for item in items]
        self.address = ""
        self.over = False
        self.known: dict[str, Guest] = {}
        self._watch, self._listening, self._report = watch, listening, report
        self._places = {item.case.id: number for number, item in enumerate(items)}
        self._under_way: dict[Endpoint, UnderWay] = {}
        self._ended: set[Endpoint] = set()  # those of them that are over and not judged yet
        self._last: set[Endpoint] = set()  # whose end is the end
        self._folders: set[str] = set()
        self._explain = Explainer() if hosting.explained else None

    def listening(self, address: Address) -> None:
        self.address = str(address)
        self._listening(self.address)

    def visitor(self) -> Endpoint:
        return Reception(self._receive)

    def left(self, endpoint: Endpoint) -> int | None:
        if endpoint in self._last:
            self.over = True
        if endpoint not in self._under_way:
            return None
        self._ended.add(endpoint)
        return self._under_way[endpoint].play.number

    def judge(self, endpoint: Endpoint, at: float) -> None:
        play = self._under_way[endpoint].play
        number, agent = play.number, play.agent
        item = self.items[number]
        headers = [("case", item.case.id)]
        if self.hosting.thorough and item.case.rounds is not None:
            headers.append(("thorough", "yes"))
        result = judge(item.case, endpoint.trace(tuple(headers)), Side.SERVER, item.notes)
        result = replace(result, path=item.path, began=since_1970(result, at))
        if self.hosting.expected is not None:
            result = self.hosting.expected.mark(result, agent)
        if self._explain is not None:
            result = self._explain(result)
        self.known[agent].add(number, result, at)
        self._watch(agent, number, result)

    def judged(self, endpoint: Endpoint) -> None:
        del self._under_way[endpoint]
        self._ended.discard(endpoint)

    def plays(self, number: int) -> bool:
        return any(each.play.number == number for each in self._under_way.values())

    def phases(self) -> Iterator[Phase]:
        yield from schedule.phases([item.case for item in self.items], self.hosting.door.jobs)

    def target(self, number: int) -> str:
        return f"/runCase?case={number + 1}&agent={quote(self.hosting.agent, safe='')}"

    def _receive(self, request: Request) -> Endpoint | None:
        found = errand(request, self._places)
        match found:
            case Plain():
                return Page(found)
            case Count():
                return Teller(lambda: str(len(self.items)))
            case Info(number):
                case = self.items[number].case
                return Teller(lambda: json.dumps({"id": case.id, "description": case.title}))
            case Status(number, agent):
                return Teller(lambda: self._status(number, agent))
            case Play():
                return self._play(found)
            case Finish() | Stop():
                done = Teller(partial(self._reported, found.agent) if isinstance(found, Finish) else str)
                if isinstance(found, Finish) and found.agent in self.known:
                    self.known[found.agent].finished = True
                if isinstance(found, Stop) or found.stop:
                    self._last.add(done)
                return done

    def _status(self, number: int, agent: str) -> str | None:
        guest = self.known.get(agent)
        result = guest.results.get(number) if guest else None
        return None if result is None else json.dumps({"behavior": result.behaviour.value})

    def _reported(self, agent: str) -> str | None:
        """Nothing, once all that this agent has played is judged and reported."""
        if any(self._under_way[endpoint].play.agent == agent for endpoint in self._ended):
            return None
        planned = len(self.items)
        self._report([guest.run(self.address, planned, False, None) for guest in self.known.values()])
        return ""

    def _play(self, play: Play) -> Endpoint | None:
        if play.agent not in self.known and len(self.known) >= limits.AGENTS.default:
            said = f"{limits.AGENTS.default} agents have come already, which is all that are kept apart\n"
            return Page(Plain(503, "Service Unavailable", said))
        case = self.items[play.number].case
        weight = volume(case)
        load = sum(other.weight for other in self._under_way.values())
        if len(self._ended) >= limits.UNJUDGED.default or (load and load + weight > limits.LOAD.default):
            return None
        if play.agent not in self.known:
            self.known[play.agent] = self._guest(play.agent)
        own = script(case, Side.SERVER, Options(), self.hosting.limits, bytes, "")
        player = Player(own, self.hosting.limits)
        self._under_way[player] = UnderWay(play, weight)
        return player

    def _guest(self, name: str) -> Guest:
        """A new one, with a folder of its own."""
        hosting, folder, number = self.hosting, safe_name(name), 1
        while folder.lower() in self._folders:
            number += 1
            folder = f"{safe_name(name)}-{number}"
        self._folders.add(folder.lower())
        directory = (hosting.directory or CLIENTS) / folder
        about = About(
            Side.SERVER,
            self.address,
            None,
            asdict(hosting.limits),
            hosting.profile,
            hosting.thorough,
        )
        try:
            return Guest(name, Store.create(directory, self.items, about), None)
        except SourceError as error:
            return Guest(name, None, f"{error.message}; results are not stored")
