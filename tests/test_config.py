"""Configs: where they are looked for, what they may say, how a fault is shown; click takes them."""

import json
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from jsonschema import Draft202012Validator

from replay.commands import servers as under_test
from replay.commands.given import RunOptions
from replay.commands.main import cli
from replay.config import file as config
from replay.config.keys import CONFIG, Config, ConfiguredServer, Section
from replay.source import SourceError
from replay.typed.readers import Record

RUN = cli.commands["run"]

SERVE_READER = CONFIG.rows["serve"].reader
assert isinstance(SERVE_READER, Record)
KEYS = {"run": CONFIG.rows.keys() - {"serve", "servers"}, "serve": set(SERVE_READER.rows)}
"""What a config may say to each command."""

ALL = """\
url: wss://localhost:9443/chat?a=b
exec: ./server --port {port}
cases: ["1.*", "!1.1.8"]
header: ["X-A: 1", "X-B: two words"]
host: example.org
origin: http://localhost
subprotocol: chat
chop: 997
answer-pings: true
thorough: true
limit: [1 MiB, fragments=100]
reencode: true
jobs: 4
profile: rfc
suite: all@2026.12
patience: full
canary: never
seed: 12
connect-timeout: 2.5
start-timeout: 60
timeout: 10
strict: true
expected: expected.yaml
max-failures: 3
out: results
agent: mine
report: [junit=report.xml, json=-]
ca: ca.pem
insecure: false
cert: client.pem
key: client.key
sni: example.org
"""

AS_TOML = """\
[project]
name = "x"
url = "http://not.this.one"

[tool.replay]
url = "wss://localhost:9443/chat?a=b"
exec = './server --port {port}'
cases = [
  "1.*",  # "2.*" not
  "!1.1.8",
]
header = ["X-A: 1", "X-B: two words"]
host = "example.org"
origin = "http://localhost"
subprotocol = "chat"
chop = 997
answer-pings = true
thorough = true
limit = ["1 MiB", "fragments=100"]
reencode = true
jobs = 4
profile = "rfc"
suite = "all@2026.12"
patience = "full"
canary = "never"
seed = 12
connect-timeout = 2.5
start-timeout = 60
timeout = 10
strict = true
expected = "expected.yaml"
max-failures = 3
out = "results"
agent = "mine"
report = ["junit=report.xml", "json=-"]
ca = "ca.pem"
insecure = false
cert = "client.pem"
key = "client.key"
sni = "example.org"

[tool.other]
jobs = 99
"""

OPTIONS: dict[str, Any] = {
    "url": "wss://localhost:9443/chat?a=b",
    "exec": "./server --port {port}",
    "header": ("X-A: 1", "X-B: two words"),
    "host": "example.org",
    "origin": "http://localhost",
    "subprotocol": ("chat",),
    "chop": "997",
    "answer-pings": True,
    "thorough": True,
    "limit": ("1 MiB", "fragments=100"),
    "reencode": True,
    "jobs": 4,
    "profile": "rfc",
    "suite": "all@2026.12",
    "patience": "full",
    "canary": "never",
    "seed": 12,
    "connect-timeout": "2.5",
    "start-timeout": "60",
    "timeout": "10",
    "strict": True,
    "expected": "expected.yaml",
    "max-failures": 3,
    "out": "results",
    "agent": "mine",
    "report": ("junit=report.xml", "json=-"),
    "ca": "ca.pem",
    "insecure": False,
    "cert": "client.pem",
    "key": "client.key",
    "sni": "example.org",
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, in no repository."""
    monkeypatch.chdir(tmp_path)
    for name in ("ca.pem", "client.pem", "client.key"):
        (tmp_path / name).touch()
    return tmp_path


def found() -> Config:
    config_ = config.find(Path.cwd())
    assert config_ is not None
    return config_


@pytest.mark.parametrize(("name", "text"), [("replay.yaml", ALL), ("pyproject.toml", AS_TOML)])
def test_both_forms_say_the_same(here: Path, name: str, text: str) -> None:
    (here / name).write_text(text)
    assert found() == Config(Path(name), Section(OPTIONS, ("1.*", "!1.1.8")))
    assert config.read(Path(name)) == found()


def test_every_option_is_tried() -> None:
    assert {*OPTIONS, "cases"} == KEYS["run"]


ASIDE = {
    "exitfirst",
    "json",
    "verbose",
    "quiet",
    "config",
    "update-expected",
    "update-specs",
    "ask",
    "open",
}
ASIDE |= {"connection", "as", "keylog"}
"""Options of `replay run` that belong to a command line: what is shown, when one stops early, and how a
recording is read."""


def test_the_keys_are_the_options() -> None:
    names = {
        name.removeprefix("--")
        for parameter in RUN.params
        for name in parameter.opts
        if name.startswith("--")
    }
    assert KEYS["run"] - {"cases"} == names - ASIDE


def test_the_schema_says_of_a_key_what_help_says_of_its_option() -> None:
    of_run = config.schema()["properties"]
    for command, keys in (("run", of_run), ("serve", of_run["serve"]["properties"])):
        options = {each.opts[-1].removeprefix("--"): each for each in cli.commands[command].params}
        for key in keys.keys() - {"cases", "servers", "serve"}:
            option = options[key]
            assert isinstance(option, click.Option)
            assert (option.help or "").startswith(keys[key]["description"])


def test_click_takes_the_values(here: Path) -> None:
    (here / "replay.yaml").write_text(ALL)
    given = RUN.make_context("run", ["--jobs", "5"]).params
    assert (given["jobs"], given["seed"], given["timeout"], given["max_failures"]) == (5, 12, 10.0, 3)
    assert (given["strict"], given["insecure"], given["host"]) == (True, False, "example.org")
    assert given["header"] == (("X-A", "1"), ("X-B", "two words"))
    assert given["subprotocol"] == ("chat",)
    assert given["chop"] == 997
    assert given["cases"] == ("1.*", "!1.1.8")
    assert given["ca"] == Path("ca.pem")


def test_the_command_line_goes_before_the_config(here: Path) -> None:
    (here / "replay.yaml").write_text(ALL)
    given = RUN.make_context("run", ["2.1", "--header", "X: y", "-x", "--seed", "1"]).params
    assert (given["cases"], given["header"], given["seed"]) == (("2.1",), (("X", "y"),), 1)
    assert RunOptions(**given).most_failures == 1


def test_nothing_is_no_config(here: Path) -> None:
    assert config.find(here) is None
    (here / "pyproject.toml").write_text("[project]\nname = 'replay'\n")
    assert config.find(here) is None


def test_a_broken_pyproject_that_isnt_ours_is_left_alone(here: Path) -> None:
    (here / "pyproject.toml").write_text("[project\n")
    assert config.find(here) is None


@pytest.mark.parametrize("text", ["", "\n# jobs: 4\n", "{}"])
def test_a_config_may_say_nothing(here: Path, text: str) -> None:
    (here / "replay.yaml").write_text(text)
    assert found() == Config(Path("replay.yaml"))


def test_the_nearest_up_to_the_repository(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = here / "repository" / "a" / "b"
    inner.mkdir(parents=True)
    (here / "replay.yaml").write_text("jobs: 1")
    monkeypatch.chdir(inner)
    assert config.find(inner) is None  # no repository: only the folder itself
    (here / "repository" / ".git").mkdir()
    assert config.find(inner) is None  # above the repository
    (here / "repository" / "pyproject.toml").write_text("[tool.replay]\njobs = 2")
    assert found() == Config(Path("../../pyproject.toml"), Section({"jobs": 2}))
    (here / "repository" / "a" / "replay.yaml").write_text("jobs: 3")
    assert found().run.options == {"jobs": 3}


def test_two_in_one_folder_are_named(here: Path) -> None:
    (here / "replay.yaml").write_text("jobs: 1")
    (here / "pyproject.toml").write_text("[tool.replay]\njobs = 2")
    with pytest.raises(SourceError) as caught:
        config.find(here)
    assert caught.value.message == "replay.yaml and [tool.replay] in pyproject.toml are both configs"


def test_paths_start_at_the_config(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / ".git").mkdir()
    (here / "logs").mkdir()
    (here / "inner").mkdir()
    (here / "replay.yaml").write_text(
        "{ca: ca.pem, out: results, report: [junit=a.xml, tap=-], "
        f"cases: [logs, a.wirelog, {here}/x.yaml, ./s/, '1.*', '!2.*', '-', 3.1]}}"
    )
    monkeypatch.chdir(here / "inner")
    config_ = found()
    assert config_.run.options == {
        "ca": "../ca.pem",
        "out": "../results",
        "report": ("junit=../a.xml", "tap=-"),
    }
    assert config_.run.cases == (
        *("../logs", "../a.wirelog", f"{here}/x.yaml", "../s", "1.*", "!2.*", "-", "3.1"),
    )
    assert config_.folder == Path("..")


ENTRIES = """\
expected:
- case: 3.10
  verdict: [OK, failed / unclean]
  reason: flaky
  until: 2027-01-31
- {case: "6.4.*", verdict: FAILED, reason: slow, agent: a*}
"""
ENTRIES_AS_TOML = (
    """\
[[tool.replay.expected]]
case = 3.10
verdict = ["OK", "failed / unclean"]
reason = "flaky"
until = 2027-01-31

[[tool.replay.expected]]
case = "6.4.*"
verdict = "FAILED"
reason = "slow"
agent = "a*"

[tool.replay]
""",
    """\
[tool.replay]
expected = [
  {case = 3.10, verdict = ["OK", "failed / unclean"], reason = "flaky", until = 2027-01-31},
  # {case = "1.1.1"},
  {case = "6.4.*", verdict = "FAILED", reason = "slow", agent = "a*"},
]
""",
)


@pytest.mark.parametrize(
    ("name", "text", "places"),
    [
        ("replay.yaml", ENTRIES, (2, 6)),
        ("pyproject.toml", ENTRIES_AS_TOML[0], (2, 8)),
        ("pyproject.toml", ENTRIES_AS_TOML[1], (3, 5)),
    ],
)
def test_a_config_may_list_expected_verdicts(
    here: Path, name: str, text: str, places: tuple[int, int]
) -> None:
    (here / name).write_text(text)
    config_ = found()
    assert config_.run.options == {}
    assert config_.run.expected
    flaky, slow = config_.run.expected
    assert (flaky.pattern, flaky.verdicts, flaky.until) == (
        "3.10",
        ("OK", "FAILED / UNCLEAN"),
        "2027-01-31",
    )
    assert (slow.pattern, slow.verdicts, slow.agent) == ("6.4.*", ("FAILED",), "a*")
    assert (flaky.span.line, slow.span.line) == places


def message(name: str, text: str) -> str:
    Path(name).write_text(text)
    with pytest.raises(SourceError) as caught:
        config.read(Path(name))
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("jubs: 4", "1:1: unknown key 'jubs' in a config\n\n\n ^^^^\n help: did you mean 'jobs'?"),
        (
            "headers: [a]",
            "1:1: unknown key 'headers' in a config\n ^^^^^^^\n help: a header is one text in quotes: "
            "header: 'Authorization: Bearer x'",
        ),
        ("jobs: 4\njobs: 5", "2:1: duplicate key 'jobs'; the first one is in line 1"),
        ("jobs: many", "1:7: expected a whole number from 1 to 1000, found 'many'"),
        ("jobs: 1001", "1:7: expected a whole number from 1 to 1000, found '1001'"),
        ("jobs:", "1:6: expected a whole number from 1 to 1000, found nothing"),
        ("strict: yes", "1:9: unknown value 'yes'"),
        ("timeout: 0", "1:10: expected a timeout from 0.001 to 86400 s"),
        ("timeout: 86401", "1:10: expected a timeout from 0.001 to 86400 s"),
        (f"seed: {'9' * 5000}", "1:7: expected a whole number from 0"),
        ("timeout: .inf", "1:10: expected a number of seconds, found '.inf'"),
        ("timeout: 10 s", "1:10: expected a number of seconds, found '10 s'"),
        ("url: http://localhost", "1:6: expected ws://HOST[:PORT][/PATH][?QUERY] or wss://…, found"),
        ("header: [X]", "1:10: expected a header 'NAME: VALUE', found 'X'"),
        ("ca: no.pem", "1:5: there is no file no.pem"),
        ("expected: [{case: x}]", "1:12: an expected verdict needs 'verdict'"),
        ("expected: {case: x}", "1:11: expected a file with expected verdicts, or a list of them, found"),
        ("[1]", "1:1: expected a config, found a list"),
        ("host: !!str a", "1:7: tags such as '!!str' can't be used in a config"),
        ("jobs: 1\n---\njobs: 2", "2:1: a second YAML document"),
    ],
)
def test_faults_of_yaml_are_said_where_they_stand(here: Path, text: str, said: str) -> None:
    first, *more = said.split("\n")
    shown = message("replay.yaml", text)
    assert shown.startswith(f"replay.yaml:{first}")
    assert all(line in " ".join(shown.split("\n")) for line in map(str.strip, more))


@pytest.mark.parametrize(
    ("text", "place", "marked"),
    [
        ("[tool.replay]\njubs = 4", "2:1: unknown key 'jubs'", "jubs"),
        ("[tool.replay]\nhost = 'a' # jobs = 1\n  jobs = 'many'", "3:10: expected a whole", "'many'"),
        ("[a]\njobs = 1\n[tool.replay]\njobs = 0\n[b]\njobs = 2", "4:8: expected a whole", "0"),
        ("[tool]\n[tool.replay]\n'jobs' = -1", "3:10: expected a whole", "-1"),
        ("tool.replay.jobs = 0", "1:20: expected a whole", "0"),
        ("[tool.replay]\nheader = [\n  # 'A'\n  'A: b',\n  'C'\n]", "5:3: expected a header", "'C'"),
        ("[tool.replay]\nheader = [['A: b']]", "2:", ""),
        (f"[tool.replay]\nseed = {'9' * 5000}", "2:8: a number has more than 1000 digits", ""),
        ("[tool.replay]\ntimeout = inf", "2:11: expected a number of seconds, found 'inf'", "inf"),
        ("[tool.replay]\nhost = 2001-01-01\nseed = {a = 1}", "3:1: expected a whole", "seed"),
        ("[[tool.replay.expected]]\ncase = 'x'\nverdict = ['OK', 'F']", "3:18: unknown verdict 'F'", "'F'"),
        ("[tool.replay]\nexpected = [{case = '1', verdict = 'X'}]", "2:36: unknown verdict", "'X'"),
        ("[tool]\nreplay = 1", "1:1: expected a config, found '1'", ""),
        ("[tool.replay]\njobs = ", "2:8: not TOML: invalid value", ""),
        ("[tool.replay]\njobs = 1\njobs = 1", "3:9: not TOML: cannot overwrite a value", ""),
        ("[tool.replay", "1:13: not TOML: expected ']'", ""),
    ],
)
def test_faults_of_toml_are_said_where_they_stand(here: Path, text: str, place: str, marked: str) -> None:
    shown = message("pyproject.toml", text)
    assert shown.startswith(f"pyproject.toml:{place}")
    if marked:
        assert shown.split("\n")[3].count("^") == len(marked)


def test_a_text_of_toml_without_quotes_is_helped(here: Path) -> None:
    shown = message("pyproject.toml", "[tool.replay]\nexec = node")
    assert shown.endswith("help: put quotes around a text")


def test_a_toml_file_without_the_table_is_said(here: Path) -> None:
    assert "the table [tool.replay] is missing" in message("other.toml", "[tool.other]\n")
    with pytest.raises(SourceError, match="no such file"):
        config.read(Path("no.yaml"))


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "a = " + "[" * 100_000 + "]" * 100_000, "\x00", "=" * 9999]
)
def test_hostile_texts_are_refused(here: Path, text: str) -> None:
    assert message("pyproject.toml", f"[tool.replay]\n{text}")


VALIDATOR = Draft202012Validator(config.schema())


def test_the_schema_takes_what_the_reader_takes(here: Path) -> None:
    Draft202012Validator.check_schema(config.schema())
    assert "(?" not in json.dumps(config.schema()).replace("(?:", "")
    whole = yaml.safe_load(ALL)
    assert VALIDATOR.is_valid(whole)
    for key in whole:
        words = (
            "0",
            "1",
            "1001",
            "1.5",
            "true",
            "no",
            "null",
            "a",
            "A: b",
            "frame",
            "[]",
            "[a]",
            "['A: b']",
            "{}",
        )
        for word in words:
            Path("replay.yaml").write_text(f"{key}: {word}")
            try:
                config.read(Path("replay.yaml"))
            except SourceError:
                continue
            assert VALIDATOR.is_valid({key: yaml.safe_load(word)}), f"{key}: {word}"


@pytest.mark.parametrize(
    "text", ["jubs: 4", "jobs: many", "jobs: 0", "strict: maybe", "url: http://a", "header: [X]", "[1]"]
)
def test_the_schema_refuses_what_is_wrong(text: str) -> None:
    assert not VALIDATOR.is_valid(yaml.safe_load(text))


SECTION = """\
host: 0.0.0.0
port: 0
tls: true
cert: client.pem
key: client.key
exec: node driver.js {url}
cases: ["1.*", logs/]
agent: mine
jobs: 2
start-timeout: 3
idle: 5
out: results
expected: [{case: '1.1.1', verdict: FAILED, reason: slow}]
chop: frame
answer-pings: true
reencode: true
thorough: true
limit: {message: 1 MiB, frame: 64 KiB}
profile: rfc
suite: all@2026.12
timeout: 10
strict: true
report: junit=a.xml
"""
SECTION_AS_TOML = """\
[tool.replay.serve]
host = "0.0.0.0"
port = 0
tls = true
cert = "client.pem"
key = "client.key"
exec = "node driver.js {url}"
cases = ["1.*", "logs/"]
agent = "mine"
jobs = 2
start-timeout = 3
idle = 5
out = "results"
chop = "frame"
answer-pings = true
reencode = true
thorough = true
limit = {message = "1 MiB", frame = "64 KiB"}
profile = "rfc"
suite = "all@2026.12"
timeout = 10
strict = true
report = "junit=a.xml"

[[tool.replay.serve.expected]]
case = "1.1.1"
verdict = "FAILED"
reason = "slow"
"""
IN_YAML = "jobs: 3\nserve:\n" + "".join(f"  {line}\n" for line in SECTION.splitlines())
SERVE = cli.commands["serve"]


@pytest.mark.parametrize(("name", "text"), [("replay.yaml", IN_YAML), ("pyproject.toml", SECTION_AS_TOML)])
def test_serve_has_a_section_of_its_own(here: Path, name: str, text: str) -> None:
    (here / name).write_text(text)
    section = found().serve
    assert "host" not in found().run.options
    assert section.options["exec"] == "node driver.js {url}"
    assert section.options["report"] == ("junit=a.xml",)
    assert section.cases == ("1.*", "logs/")
    assert section.expected
    assert section.expected[0].pattern == "1.1.1"
    given = SERVE.make_context("serve", ["--idle", "7"]).params
    assert (given["port"], given["tls"], given["jobs"], given["idle"]) == (0, True, 2, 7.0)
    assert (given["cert"], given["cases"]) == (Path("client.pem"), ("1.*", "logs/"))


def test_the_keys_of_serve_are_its_options() -> None:
    names = {
        name.removeprefix("--")
        for parameter in SERVE.params
        for name in parameter.opts
        if name.startswith("--")
    }
    assert KEYS["serve"] - {"cases"} == names - ASIDE
    assert KEYS["serve"] == {*yaml.safe_load(SECTION), "each", "demo"}


SERVERS = """\
jobs: 4
servers:
- {agent: a, url: ws://127.0.0.1:9001}
- {agent: b, exec: ./b, ca: ca.pem, header: ['X: 1', 'Y: 2']}
"""
SERVERS_AS_TOML = """\
[tool.replay]
jobs = 4

[[tool.replay.servers]]
agent = "a"
url = "ws://127.0.0.1:9001"

[[tool.replay.servers]]
agent = "b"
exec = "./b"
ca = "ca.pem"
header = ["X: 1", "Y: 2"]
"""


@pytest.mark.parametrize(("name", "text"), [("replay.yaml", SERVERS), ("pyproject.toml", SERVERS_AS_TOML)])
def test_several_servers(here: Path, name: str, text: str) -> None:
    (here / name).write_text(text)
    assert found().servers == (
        ConfiguredServer("a", {"url": "ws://127.0.0.1:9001"}),
        ConfiguredServer("b", {"exec": "./b", "ca": "ca.pem", "header": ("X: 1", "Y: 2")}),
    )
    context = RUN.make_context("run", [])
    a, b = under_test.servers(context, found().servers)
    assert str(a.target.address) == "ws://127.0.0.1:9001"
    assert (b.target.command, b.options.headers) == ("./b", (("X", "1"), ("Y", "2")))
    context = RUN.make_context("run", ["--url", "ws://127.0.0.1:1"])
    (one,) = under_test.servers(context, found().servers)
    assert (str(one.target.address), one.own) == ("ws://127.0.0.1:1", {})


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("replay.yaml", "serve: {prot: 1}", "1:9: unknown key 'prot' in the options of `serve`"),
        ("replay.yaml", "serve:\n  port: 70000", "2:9: expected a whole number from 0 to 65535"),
        ("replay.yaml", "serve: {exec: a, demo: true}", "1:18: 'demo' and 'exec' can't be used together"),
        ("replay.yaml", "port: 1", "1:1: unknown key 'port' in a config"),
        ("replay.yaml", "servers: [{agent: a}]", "1:11: a server needs one of url, exec"),
        ("replay.yaml", "servers: [{url: 'ws://a'}]", "1:11: a server needs 'agent'"),
        (
            "replay.yaml",
            "servers:\n- {agent: a, exec: x}\n- {agent: a, exec: y}",
            "3:11: two servers have the same name 'a'",
        ),
        ("replay.yaml", "url: ws://a\nservers: [{agent: a, exec: x}]", "1:6: 'url' and 'servers' can't"),
        ("pyproject.toml", "[tool.replay.serve]\njubs = 4", "2:1: unknown key 'jubs'"),
        ("pyproject.toml", "[[tool.replay.servers]]\nagent = 'a'\nulr = 'x'", "3:1: unknown key 'ulr'"),
    ],
)
def test_faults_of_both_are_said_where_they_stand(here: Path, name: str, text: str, said: str) -> None:
    assert message(name, text).startswith(f"{name}:{said}")


WORDS = ('"caf\\u0107"', '"a\\nb"', "foo=x", "'ws://localhost:0'", "'A: b\\x01'", "2147483648", "''", "!0")


@pytest.mark.parametrize("command", ["run", "serve"])
def test_what_an_option_refuses_is_said_where_it_stands(here: Path, command: str) -> None:
    """Whatever the key: nobody typed an option."""
    refused = {}
    for key, word in (
        (key, word) for key in KEYS[command] for word in (*WORDS, *(f"[{each}]" for each in WORDS))
    ):
        said = f"\n{key}: {word}" if command == "run" else f"serve:\n {key}: {word}"
        (here / "replay.yaml").write_text(said)
        try:
            cli.commands[command].make_context(command, [])
        except SourceError as error:
            refused[key, word] = error.span.line if error.span else error
    assert set(refused.values()) == {2}, refused
    assert command == "serve" or {("origin", WORDS[0]), ("url", WORDS[3])} <= refused.keys()
    assert ("report", WORDS[2]) in refused


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        (
            'origin: "caf\\u0107"',
            "run 1.1.1",
            "1:9: expected the value of a header: characters of ISO 8859-1 in one line, found 'caf\u0107'",
        ),
        ("jobs: 1\nreport: [tap=-, foo=x]", "run", "2:17: report: unknown report format 'foo'"),
        (
            "report: [junit=x, html=.]",
            "run 1.1.1",
            "1:19: report html=.: expected a file, found a folder",
        ),
        ("cases: ['1.1.1', 99.9]", "run", "1:18: cases: no test case matches '99.9'"),
        ("exec: ./server", "run 1.1.1", "1:7: exec doesn't tell the server where to listen"),
        ("jobs: 1\ninsecure: true", "run 1.1.1", "2:11: insecure needs a wss:// URL"),
        ("url: wss://localhost:1\nca: ca.pem", "run 1.1.1", "2:5: ca: ca.pem: expected certificates"),
        ("expected: none.yaml", "run 1.1.1", "1:11: expected: none.yaml: this file"),
        ("out: .", "run 1.1.1", "1:6: out: . contains something other than a run"),
        ("servers:\n- {agent: a, exec: b}", "run 1.1.1", "2:20: exec doesn't tell the server where to"),
        ("servers:\n- {agent: a, url: 'ws://b:0'}", "run 1.1.1", "2:19: url: 'ws://b:0': nothing listens"),
        ("serve: {key: ca.pem}", "serve 1.1.1", "1:14: key needs --cert"),
        ("serve: {each: echo}", "serve 1.1.1 --port 0", "1:15: each doesn't tell the client where to"),
        ("serve: {host: 192.0.2.1}", "serve 1.1.1", "1:15: host: can't listen at ws://192.0.2.1:9001"),
        (f"serve: {{agent: {'a' * 121}}}", "serve 1.1.1", "1:16: agent: expected 1 to 120 characters"),
        ("serve: {each: echo}", "serve 1.1.1 --each client --port 0", "--each doesn't tell the client"),
    ],
)
def test_a_setting_without_sense_is_said_where_it_stands(
    here: Path, text: str, words: str, said: str
) -> None:
    (here / "replay.yaml").write_text(text)
    name, *arguments = words.split()
    place = "" if said.startswith("--") else "replay.yaml:"
    command = cli.commands[name]
    with pytest.raises(SourceError) as caught, command.make_context(name, arguments) as context:
        command.invoke(context)
    assert str(caught.value).startswith(place + said)


def test_a_url_of_autobahns_config_is_said_where_it_stands(here: Path) -> None:
    (here / "a.json").write_text('{"cases": ["1.1.1"],\n "servers": [{"url": "ws://a:0"}]}')
    with pytest.raises(SourceError) as caught, RUN.make_context("run", ["--config", "a.json"]) as context:
        RUN.invoke(context)
    assert str(caught.value).startswith("a.json:2:22: url: 'ws://a:0': nothing listens on port 0")
