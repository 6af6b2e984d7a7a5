"""The layers of the package, held by reading every import.

Only `live` waits, only `config` and `commands` read the environment, and chance is passed in.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "replay"

_BASE = {"version", "limits", "source", "json_text", "whole_file", "forms"}
_CORE = {*_BASE, "wire", "trace", "protocol", "captures", "typed", "values", "cases"}
_CAMPAIGN = {*_CORE, "recording", "play", "verdict", "live", "expected", "suite", "report", "store"}
_COMMANDS = {*_CAMPAIGN, "draft", "amend", "config", "campaign", "flows"}

LAYERS: dict[str, set[str]] = {
    "version": set(),
    "limits": set(),
    "source": {"limits"},
    "json_text": {"limits", "source"},
    "whole_file": set(),
    "forms": {"limits"},
    "wire": _BASE,
    "trace": {*_BASE, "wire"},
    "protocol": {*_BASE, "wire", "trace"},
    "captures": {*_BASE, "wire", "trace", "protocol"},
    "typed": {*_BASE, "trace"},
    "values": {*_BASE, "trace", "typed"},
    "cases": _CORE - {"cases"},
    "play": _CORE,
    "verdict": _CORE,
    "recording": _CORE,
    "live": {*_CORE, "recording", "play"},
    "expected": {*_CORE, "verdict"},
    "suite": {*_CORE, "verdict"},
    "config": {*_CORE, "verdict", "expected", "suite"},
    "report": {*_CORE, "verdict", "expected"},
    "store": {*_CORE, "verdict", "report", "suite"},
    "draft": _CORE | {"play"},
    "amend": _CORE | {"verdict", "draft"},
    "campaign": (_CAMPAIGN | {"draft"}) - {"typed"},
    "flows": (_CAMPAIGN | {"campaign"}) - {"expected", "report", "typed"},
    "arguments": _CORE | {"suite", "verdict"},
    "api": (_COMMANDS | {"arguments"}) - {"config", "expected"},
    "export": {*_BASE, "wire", "trace"},
    "commands": {*_COMMANDS, "export"},
    "pytest_plugin": {*_COMMANDS, "commands"},
    "__init__": {"version", "api", "cases", "protocol", "source", "suite", "trace", "verdict", "wire"},
    "__main__": {"commands"},
}
"""Each folder or module at the top of the package, lowest first, and what it may import beside itself."""

WAITING = {
    "asyncio",
    "concurrent",
    "datetime",
    "multiprocessing",
    "sched",
    "select",
    "selectors",
    "signal",
    "socket",
    "socketserver",
    "ssl",
    "subprocess",
    "threading",
    "time",
}
"""Modules that wait, start something, or know the time: for `live` only."""

ENVIRONMENT = {"os.environ", "os.environb", "os.getenv", "os.getenvb", "os.putenv", "os.unsetenv"}
READS_ENVIRONMENT = {"config", "commands"}

MAKES_CHANCE = {"campaign", "play"}
"""Where a `random.Random` may be made; elsewhere it is an argument."""
DRAWS_SEED = {"api", "commands"}
KNOWS_THE_DAY = {"captures", "commands", "draft", "report", "values"}
"""Where `datetime` may be imported: for the day of expected verdicts, and to write a time."""

INPUT_OUTPUT = {"exists", "glob", "input", "is_dir", "is_file", "iterdir", "open", "print"}
INPUT_OUTPUT |= {"read_bytes", "read_text", "rglob", "stat", "write_bytes", "write_text"}

IMPORTERS = {"import_module", "__import__"}

MAX_LINES = 400

Breach = tuple[int, str]


def test_imports_keep_the_layers() -> None:
    found = breaches(PACKAGE)
    assert not found, "\n" + "\n".join(found)


def test_lower_layers_stand_first() -> None:
    assert all(LAYERS.keys() > allowed for allowed in LAYERS.values())
    before: set[str] = set()
    for name, allowed in LAYERS.items():
        assert allowed <= before, f"{name} may import what stands below it"
        before.add(name)


def test_contributing_has_the_same_table() -> None:
    text = (PACKAGE.parent / "CONTRIBUTING.md").read_text()
    rows = re.findall(r"^\| `([a-z_]+)(?:/|\.py)` \|.*\| ([^|]*) \|$", text, re.MULTILINE)
    told: dict[str, set[str]] = {}
    for name, cell in rows:
        listed = set(re.findall(r"`([a-z_]+)`", cell))
        told[name] = set(told) - listed if cell.startswith("all above") else listed
    assert told == {name: allowed for name, allowed in LAYERS.items() if not name.startswith("__")}
    assert list(told) == [name for name in LAYERS if not name.startswith("__")]


def test_no_modules_import_each_other() -> None:
    names = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in modules(PACKAGE)}
    graph: dict[str, set[str]] = {}
    for path in modules(PACKAGE):
        place = path.relative_to(PACKAGE.parent)
        wanted = {name for node in ast.walk(ast.parse(path.read_text())) for name in imported(node, place)}
        found = {name if name in names else name.rpartition(".")[0] for name in wanted}
        graph[".".join(place.with_suffix("").parts)] = found & names
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_every_top_level_name_has_a_layer() -> None:
    unknown = {unit(PACKAGE, path) for path in modules(PACKAGE)} - LAYERS.keys()
    assert not unknown, f"give these a row in LAYERS: {sorted(unknown)}"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what Python compiles, and with the cases that are kept beside it."""
    folder = tmp_path_factory.mktemp("cache")
    loaded(folder, "list")
    return folder


def loaded(cache: Path, *words: str) -> set[str]:
    """The modules that a command has imported at its end, those of replay by their names in it."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(cache), "PYTHONDONTWRITEBYTECODE": ""}
    program = (
        "import atexit, sys\n"
        "atexit.register(lambda: print(*sys.modules))\n"
        "from replay.__main__ import main\n"
        "main()"
    )
    command = [sys.executable, "-c", program, *words]
    done = subprocess.run(command, cwd=cache, env=environment, capture_output=True, text=True, check=True)
    return {name.removeprefix("replay.") for name in done.stdout.splitlines()[-1].split()}


HEAVY = {"asyncio", "h11", "hypothesis", "jinja2", "junitparser", "rich", "ssl", "yaml"}


def test_help_loads_next_to_nothing(cache: Path) -> None:
    found = loaded(cache, "--help")
    assert "click" in found
    assert not {*HEAVY, "msgspec", "json", "hashlib", "difflib"} & found
    ours = {name for name in found if name.partition(".")[0] in LAYERS.keys() - {"commands"}}
    assert ours == {"__main__", "live", "live.signals", "version"}


def test_a_run_of_bundled_cases_reads_no_spec(cache: Path) -> None:
    found = loaded(cache, "run", "-q", "1.1.1", "--out", str(cache / "out"))
    assert {"asyncio", "campaign.server", "store.writer"} <= found
    assert not {"h11", "jinja2", "junitparser", "yaml"} & found
    assert (
        not {"cases.load", "config.file", "config.keys", "report.diff", "typed", "trace.autobahn"} & found
    )


@pytest.mark.parametrize("words", [("--version",), ("list",), ("list", "-k", "ping", "2.*")])
def test_a_command_that_does_little_loads_nothing_heavy(cache: Path, words: tuple[str, ...]) -> None:
    assert not HEAVY & loaded(cache, *words)


@pytest.mark.parametrize(
    ("module", "text", "breach"),
    [
        ("wire/frame.py", "from replay.cases import model", "wire imports cases"),
        ("play/player.py", "import replay.verdict.judge", "play imports verdict"),
        ("verdict/judge.py", "from ..play import player", "verdict imports play"),
        ("report/html.py", "from replay import live", "report imports live"),
        ("report/junit.py", "def f():\n    import replay.play", "report imports play"),
        ("cases/fit.py", "if TYPE_CHECKING:\n    from replay.flows import run", "cases imports flows"),
        ("trace/har.py", "m = importlib.import_module('replay.play')", "trace imports play"),
        ("play/player.py", "import asyncio", "play imports asyncio"),
        ("campaign/schedule.py", "from time import monotonic", "campaign imports time"),
        ("flows.py", "import os.path, concurrent.futures", "flows imports concurrent"),
        ("report/words.py", "import os\nx = os.environ.get('A')", "report uses os.environ"),
        ("live/echo.py", "import os as o\no.getenv('A')", "live uses os.getenv"),
        ("flows.py", "from os import environ", "flows uses os.environ"),
        ("play/script.py", "import random\nx = random.randbytes(4)", "play uses random.randbytes"),
        ("expected/entries.py", "from datetime import date", "expected imports datetime"),
        ("flows.py", "from random import choice", "flows uses random.choice"),
        ("wire/masking.py", "import random\nr = random.Random(1)", "wire makes a random.Random"),
        ("verdict/result.py", "x = open('f').read()", "verdict does open() on import"),
        ("report/html.py", "class A:\n    x = Path('f').read_text()", "report does read_text() on import"),
        ("source.py", "def f(x=print('a')): ...", "source does print() on import"),
        ("trace/model.py", "\n" * MAX_LINES, "trace has a module of 401 lines"),
    ],
)
def test_a_planted_breach_is_seen(tmp_path: Path, module: str, text: str, breach: str) -> None:
    path = tmp_path / "replay" / module
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n")
    (found,) = breaches(tmp_path / "replay")
    place, _, said = found.partition(": ")
    assert said == breach
    assert place.rpartition(":")[0] == f"replay/{module}"


def test_what_is_allowed_passes(tmp_path: Path) -> None:
    allowed = {
        "live/transport.py": "import asyncio, socket, time\nfrom replay.play.player import Player\n",
        "commands/run.py": "from datetime import date",
        "commands/main.py": "import os\nfrom replay import __version__, flows\nx = os.environ\n",
        "campaign/server.py": "import random\nfrom replay.live import echo\nr = random.Random(1)\n",
        "cases/load.py": "import random, yaml\nfrom . import model\ndef f(r: random.Random): open('f')\n",
        "wire/masking.py": "from random import Random\ndef f(chance: Random): ...\n",
    }
    for module, text in allowed.items():
        path = tmp_path / "replay" / module
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert breaches(tmp_path / "replay") == []


def breaches(package: Path) -> list[str]:
    """All breaches under a package's folder, as 'file:line: what'."""
    found = (
        f"{path.relative_to(package.parent)}:{line}: {what}"
        for path in modules(package)
        for line, what in module_breaches(package, path)
    )
    return list(dict.fromkeys(found))  # an import of several names is one breach


def modules(package: Path) -> list[Path]:
    return sorted(package.rglob("*.py"))


def unit(package: Path, path: Path) -> str:
    """The folder or module at the top of the package that `path` belongs to."""
    return path.relative_to(package).with_suffix("").parts[0]


def module_breaches(package: Path, path: Path) -> Iterator[Breach]:
    here, text = unit(package, path), path.read_text()
    tree = ast.parse(text, str(path))
    if (count := len(text.splitlines())) > MAX_LINES:
        yield count, f"{here} has a module of {count} lines"
    aliases: dict[str, str] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                for alias in node.names:
                    top = alias.name.partition(".")[0]
                    aliases[alias.asname or top] = alias.name if alias.asname else top
    for node in ast.walk(tree):
        match node:
            case ast.Import() | ast.ImportFrom() | ast.Call():
                for name in imported(node, path.relative_to(package.parent)):
                    yield from ((node.lineno, what) for what in import_breaches(here, name))
                if called(node) == "Random" and here not in MAKES_CHANCE:
                    yield node.lineno, f"{here} makes a random.Random"
            case ast.Attribute(value=ast.Name(id=module), attr=attribute) if module in aliases:
                name = f"{aliases[module]}.{attribute}"
                yield from ((node.lineno, what) for what in use_breaches(here, name))
    for call in calls_on_import(tree):
        if called(call) in INPUT_OUTPUT:
            yield call.lineno, f"{here} does {called(call)}() on import"


def imported(node: ast.AST, path: Path) -> Iterator[str]:
    """The dotted names that a node imports: 'replay.wire.frame', 'os.environ'."""
    match node:
        case ast.Import():
            yield from (alias.name for alias in node.names)
        case ast.ImportFrom():
            above = path.parts[: -node.level] if node.level else ()
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)
        case ast.Call(args=[ast.Constant(value=str(name)), *_]) if called(node) in IMPORTERS:
            yield name


def import_breaches(here: str, name: str) -> Iterator[str]:
    top, _, rest = name.partition(".")
    if top == "replay":
        target = rest.partition(".")[0]
        if target in LAYERS and target != here and target not in LAYERS.get(here, set()):
            yield f"{here} imports {target}"
    elif top in WAITING and here != "live" and not (top == "datetime" and here in KNOWS_THE_DAY):
        yield f"{here} imports {top}"
    else:
        yield from use_breaches(here, name)


def use_breaches(here: str, name: str) -> Iterator[str]:
    chance = name.startswith("random.") and name != "random.Random"
    seed = name == "random.SystemRandom" and here in DRAWS_SEED
    if (chance and not seed) or (name in ENVIRONMENT and here not in READS_ENVIRONMENT):
        yield f"{here} uses {name}"


def called(node: ast.AST) -> str | None:
    """The last part of the name of the function that a call is to."""
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name
    return None


def calls_on_import(node: ast.AST) -> Iterator[ast.Call]:
    """The calls that importing a module makes: all but those inside functions."""
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                for part in (*child.decorator_list, child.args):
                    yield from calls_on_import(part)
                continue
            case ast.Lambda():
                continue
            case ast.Call():
                yield child
        yield from calls_on_import(child)
