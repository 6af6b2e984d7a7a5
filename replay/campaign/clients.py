"""The clients that are served: a player for each case that a client asks for, and the results."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from msgspec import Struct, field
from msgspec.structs import asdict, replace

from replay import limits
from replay.campaign import schedule
from replay.campaign.explain import Explainer
from replay.campaign.judged import alike, judged, of_two, since_1970
from replay.cases.cost import volume
from replay.cases.declared import NOTHING_DECLARED, Declared
from replay.cases.model import Case, Profile
from replay.cases.recorded import check_servable, under
from replay.expected.entries import Expected
from replay.live.assignment import Phase
from replay.live.client_contract import Door
from replay.live.transport import Address, moment
from replay.play.actions import Options
from replay.play.command_mode import CommandedEndpoint
from replay.play.driver_requests import (
    BoardFailures,
    BoardProgress,
    DriverRequest,
    GetCaseCount,
    GetCaseInfo,
    GetCaseStatus,
    PlainResponse,
    RunCase,
    RunRecorded,
    ShowBoard,
    StopServer,
    TakeCommands,
    UpdateReports,
    driver_request,
)
from replay.play.endpoint import Endpoint, Limits
from replay.play.pace import Pace
from replay.play.player import Player
from replay.play.script import script
from replay.play.visitors import Page, Reception, Teller
from replay.report.board import page
from replay.report.board.board import Board
from replay.report.purpose import description
from replay.source import SourceError
from replay.store.folder import CLIENTS, folder_name
from replay.store.writer import About, Store
from replay.suite.files import LIMITS, Item
from replay.suite.targets import targets
from replay.trace.model import SECOND
from replay.values.kinds import Maker
from replay.verdict.fresh import Keys, keys
from replay.verdict.late import reaction
from replay.verdict.result import CaseResult, Judged, RunResult, kept
from replay.wire.handshake import Request
from replay.wire.side import Side

LEAST = limits.LEAST.default * SECOND

Watch = Callable[[str, int, Judged], None]
"""Called with agent, number and result of each case, but not in the main thread."""


class Hosting(Struct, frozen=True):
    """How clients are served."""

    door: Door = field(default_factory=Door)
    profile: Profile = Profile.AUTOBAHN
    thorough: bool = False  # whether the cases have all their rounds
    declared: Declared = NOTHING_DECLARED  # the limits that the testee promises to keep
    options: Options = field(default_factory=Options)
    limits: Limits = field(default_factory=Limits)
    expected: Expected | None = None
    directory: Path | None = None  # the folder for a run of each agent; None: CLIENTS
    agent: str = "client"  # the name of the clients that are started for each case
    explained: bool = False  # whether results are explained for reports
    not_for: Callable[[str], frozenset[str]] = lambda _: frozenset()  # the ids that an agent doesn't play
    again: Callable[[CaseResult], str | None] = lambda _: None  # the command that plays a case once more


class UnderWay(NamedTuple):
    """A case that is being played."""

    play: RunCase
    weight: int  # octets


class Guest:
    """One agent, and the results of its cases."""

    def __init__(self, name: str, store: Store | None, fault: str | None) -> None:
        self.name = name
        self.results: dict[int, CaseResult] = {}
        self.finished = False  # whether it said that it is done
        self.pace = Pace(least=LEAST)
        self._in_vain = 0  # the number of cases in which it was waited for in vain
        self.store, self._fault = store, fault
        self._chosen: dict[str | None, dict[int, Keys]] = {}  # by group and number of a case
        self._began: float | None = None
        self._ended = 0.0

    @property
    def fault(self) -> str | None:
        """Why results aren't stored, or None."""
        return self.store.fault if self.store else self._fault

    def time(self, result: Judged) -> None:
        """Note how fast it was: it gets as much time as it has been seen to need."""
        took = reaction(result.trace, result.events, Side.SERVER)
        if took is None:
            self._in_vain += result.failed
        least = LEAST if self._in_vain < limits.IN_VAIN.default else 0
        self.pace = Pace(slowest=max(self.pace.slowest, took or 0), least=least)

    def earlier(self, case: Case, number: int) -> list[tuple[str, str]]:
        """What the agent chose on the other connections of the group of a case, as headers of a trace."""
        others = (keys for other, keys in self._chosen.get(case.together, {}).items() if other != number)
        return [keys.header() for keys in others]

    def note(self, number: int, result: Judged) -> None:
        """Note what the agent chose on a connection of a group."""
        group = self._chosen.setdefault(result.case.together, {})
        group[number] = keys(result.case.id, result.trace, result.events)

    def add(self, number: int, result: Judged, at: float) -> None:
        """Take a result from a connection that ended at `at`; for each case the latest one counts."""
        if self._began is None:
            self._began = since_1970(result, at)
        self._ended = at
        if self.store is not None:
            self.store.add(number, result)
        self.results[number] = kept(result)

    def run(self, address: str, planned: int, interrupted: bool, fault: str | None) -> RunResult:
        """The run so far. If results are missing, `fault` says why no more will come."""
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
    """Receives the clients: a `live.host.Host`."""

    def __init__(
        self,
        items: Sequence[Item],
        hosting: Hosting,
        watch: Watch,
        listening: Callable[[Address], None],
        report: Callable[[Sequence[RunResult]], None] = lambda runs: None,
    ) -> None:
        """When an agent is done, `report` is called with the runs of all agents so far. Raises SourceError
        for a log that can't be served."""
        self.hosting = hosting
        self.items = [replace(item, case=under(item.case, hosting.profile, Side.SERVER)) for item in items]
        for item in self.items:
            check_servable(item.case)
        self.address = ""
        self.over = False
        self.known: dict[str, Guest] = {}
        self._watch, self._listening, self._report = watch, listening, report
        self._ids = [item.case.id for item in items]
        self._targets = targets(items)
        self._under_way: dict[Endpoint, UnderWay] = {}
        self._ended: set[Endpoint] = set()  # those of them that are over but not judged yet
        self._last: set[Endpoint] = set()  # the ones after which serving ends
        self._again = (
            hosting.door.each is not None
        )  # a failure may be bad luck, so its case is played again
        self._doubted: dict[int, tuple[Judged, float]] = {}  # these failures, and when they ended
        self._folders: set[str] = set()
        self._plain = "{origin}" in (hosting.door.each or "")  # clients ask for a target of their own
        self._awaited: int | None = None  # the case whose client was started last
        self._played = 0  # connections, so that what is new on one isn't that on another
        self._board = Board([(item.case.id, item.case.title) for item in self.items])
        self._explain = Explainer() if hosting.explained else None

    def listening(self, address: Address) -> None:
        self.address = str(address)
        self._listening(address)

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
        if item.case.limit is not None and (promised := str(self.hosting.declared)):
            headers.append((LIMITS, promised))
        if item.case.together is not None:
            headers += self.known[agent].earlier(item.case, number)
        result = judged(item, endpoint.trace(tuple(headers)), Side.SERVER, self.hosting.options)
        if item.case.together is not None:
            self.known[agent].note(number, result)
        result = replace(result, began=since_1970(result, at))
        if self.hosting.expected is not None:
            result = self.hosting.expected.mark(result, agent)
        self.known[agent].time(result)
        if agent == self.hosting.agent and number in self._doubted:
            result = of_two(self._doubted.pop(number)[0], result)
            self.believe(result)
        elif self._again and agent == self.hosting.agent and schedule.may_be_luck(result):
            self._doubted[number] = result, at
            if len(self._doubted) > limits.AGAIN.default:
                self._again = False
                self.believe()
            return
        self._add(agent, number, result, at)

    def believe(self, twice: Judged | None = None) -> None:
        """Count the failures that were to be checked by playing them again; given a case that failed twice,
        only those that are like it."""
        for number in [n for n, (once, _) in self._doubted.items() if twice is None or alike(twice, once)]:
            self._add(self.hosting.agent, number, *self._doubted.pop(number))

    def _add(self, agent: str, number: int, result: Judged, at: float) -> None:
        if self._explain is not None:
            result = self._explain(result)
        if result.failed:
            result = replace(result, again=self.hosting.again(result))
        self.known[agent].add(number, result, at)
        self._board.add(agent, number, result)
        self._watch(agent, number, result)

    def judged(self, endpoint: Endpoint) -> None:
        del self._under_way[endpoint]
        self._ended.discard(endpoint)

    def plays(self, number: int) -> bool:
        return any(each.play.number == number for each in self._under_way.values())

    def phases(self) -> Iterator[Phase]:
        for phase in schedule.phases([item.case for item in self.items], self.hosting.door.jobs):
            played = (n for n in phase.numbers if self.is_for(n, self.hosting.agent))
            yield replace(phase, numbers=tuple(played), busy=1 if self._plain else phase.busy)
        for number in list(self._doubted):
            if number in self._doubted:  # it may have been believed since
                yield schedule.alone(number)

    def is_for(self, number: int, agent: str) -> bool:
        """Whether an agent plays this case."""
        return self.items[number].case.id not in self.hosting.not_for(agent)

    def target(self, number: int) -> str:
        self._awaited = number
        return f"/runCase?case={number + 1}&agent={quote(self.hosting.agent, safe='')}"

    def _receive(self, request: Request) -> Endpoint | None:
        door, scheme = self.hosting.door, self.address.partition(":")[0]
        found = driver_request(request, self._ids, self._targets, door.host, scheme)
        if isinstance(found, PlainResponse | TakeCommands) and "websocket" in request.tokens("Upgrade"):
            found = self._own(request.target, found)
        match found:
            case PlainResponse():
                return Page(found)
            case ShowBoard(authority):
                return Page(
                    PlainResponse(200, "OK", page.page(), page.headers(authority), "text/html", found.bare)
                )
            case BoardProgress(since):
                return Page(_told(self._board.progress(since), found.bare))
            case BoardFailures(agent):
                return Page(_told(self._board.failures(agent), found.bare))
            case GetCaseCount():
                return Teller(lambda: str(len(self.items)))
            case GetCaseInfo(number):
                case = self.items[number].case
                said = {"id": case.id, "description": description(case, Side.CLIENT)}
                return Teller(lambda: json.dumps(said))
            case GetCaseStatus(number, agent):
                return Teller(lambda: self._status(number, agent))
            case RunCase():
                return self._play(found)
            case RunRecorded(target):
                return self._play(self._recorded(target))
            case TakeCommands():
                return CommandedEndpoint()
            case UpdateReports() | StopServer():
                if isinstance(found, UpdateReports) and not self._reported(found.agent):
                    return None
                done = Teller(str)
                if isinstance(found, UpdateReports) and found.agent in self.known:
                    self.known[found.agent].finished = True
                    self._board.finish(found.agent)
                if isinstance(found, StopServer) or found.stop:
                    self._last.add(done)
                return done

    def _status(self, number: int, agent: str) -> str | None:
        guest = self.known.get(agent)
        result = guest.results.get(number) if guest else None
        return None if result is None else json.dumps({"behavior": result.behaviour.value})

    def _reported(self, agent: str) -> bool:
        """Report once everything that this agent has played is judged, before it gets any answer: it may
        leave with the first octet of that."""
        if any(self._under_way[endpoint].play.agent == agent for endpoint in self._ended):
            return False
        planned = len(self.items)
        self._report([guest.run(self.address, planned, False, None) for guest in self.known.values()])
        return True

    def _own(self, target: str, found: DriverRequest) -> DriverRequest:
        """What a client gets that asks for a target of its own: the next conversation with its path,
        whatever the query, or else the next one."""
        if self._plain and self._awaited is not None:
            return RunCase(self._awaited, self.hosting.agent)
        talks = targets(item for item in self.items if item.case.trace is None)
        path = target.partition("?")[0]
        known = path if path in talks else next(iter(sorted(talks)), None)
        return found if known is None else self._recorded(known)

    def _recorded(self, target: str) -> RunCase:
        """The next log with this target that hasn't been played; if there is none, the first one again."""
        agent, numbers = self.hosting.agent, self._targets[target]
        done = set(self.known[agent].results) if agent in self.known else set()
        done |= {each.play.number for each in self._under_way.values() if each.play.agent == agent}
        return RunCase(next((number for number in numbers if number not in done), numbers[0]), agent)

    def _play(self, play: RunCase) -> Endpoint | None:
        if play.agent not in self.known and len(self.known) >= limits.AGENTS.default:
            said = f"there are {limits.AGENTS.default} agents already, and no more can be kept apart\n"
            return Page(PlainResponse(503, "Service Unavailable", said))
        if not self.is_for(play.number, play.agent):
            return Teller(str)
        case = self.items[play.number].case
        weight = volume(case)
        load = sum(other.weight for other in self._under_way.values())
        if len(self._ended) >= limits.UNJUDGED.default or (load and load + weight > limits.LOAD.default):
            return None
        if play.agent not in self.known:
            self.known[play.agent] = self._guest(play.agent)
            self._board.came(play.agent)
        self._played += 1
        maker = Maker(random.Random(f"{case.id}:{self._played}"), moment())
        own = script(case, Side.SERVER, self.hosting.options, self.hosting.limits, bytes, "", maker)
        player = Player(own, self.hosting.limits, self.known[play.agent].pace)
        self._under_way[player] = UnderWay(play, weight)
        return player

    def _guest(self, name: str) -> Guest:
        """A new agent, with a folder of its own."""
        hosting, folder = self.hosting, folder_name(name, self._folders)
        directory = (hosting.directory or CLIENTS) / folder
        about = About(
            Side.SERVER,
            self.address,
            None,
            asdict(hosting.limits),
            hosting.profile,
            hosting.thorough,
            hosting.declared,
        )
        try:
            return Guest(name, Store.create(directory, self.items, about), None)
        except SourceError as error:
            return Guest(name, None, f"{error.message}; results are not stored")


def _told(said: str | None, bare: bool) -> PlainResponse:
    """JSON for the page; None means that there is nothing of this name."""
    if said is None:
        return PlainResponse(404, "Not Found", "no agent with that name has connected\n", bare=bare)
    return PlainResponse(200, "OK", said, page.PRIVATE, "application/json", bare)
