"""The commands as a person runs them: what they print, and with what status they exit."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from replay import __version__
from replay.cases.select import natural
from replay.suite.files import bundled, known
from replay.trace.wirelog import write
from tests.processes import ROOT, listening, replay
from tests.report import samples

REPORT = ROOT / "tests" / "fixtures" / "autobahn-case-1.2.3-report.txt"
FAULTY = ROOT / "tests" / "peers" / "faulty.py"
ERRORS = ROOT / "tests" / "outcome"


def test_without_a_path_the_bundled_suite_is_played_from_any_folder(tmp_path: Path) -> None:
    done = replay("run", "-q", "!9.*", "!12.*", "!13.*", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(known()) - 216 - 54} cases: " in done.stdout
    assert "FAILED" not in done.stdout
    assert "the built-in echo server" in done.stdout


@pytest.mark.live
def test_the_whole_bundled_suite_is_green(tmp_path: Path) -> None:
    done = replay("run", "-q", cwd=tmp_path, seconds=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(known())} cases: " in done.stdout
    assert "FAILED" not in done.stdout
    assert "UNIMPLEMENTED" not in done.stdout


def test_the_bundled_traces_are_green() -> None:
    done = replay("run", "-q", "traces/")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(list(bundled('traces').rglob('*.wirelog')))} cases: " in done.stdout


def test_a_pasted_report_runs_shows_and_is_judged() -> None:
    for command in ("run", "check"):
        done = replay(command, REPORT)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.startswith("OK            1.2.3")
    assert "1000 (normal closure)" in replay("show", REPORT).stdout


def test_a_log_may_come_from_standard_input() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "replay", "check", "-"],
        input=REPORT.read_bytes(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0
    assert done.stdout.startswith(b"OK            1.2.3")


def test_cases_stand_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for file, ids in (("a.yaml", ("x.10", "x.2.b")), ("b.yaml", ("x.9", "x.2.a"))):
        cases = "".join(
            f"  - {{id: {id}, title: T, send: [text: a], expect: [ok: [text: b]]}}\n" for id in ids
        )
        (tmp_path / file).write_text(f"section: x\npatience: 50 ms\ncases:\n{cases}")
    wanted = ["x.2.a", "x.2.b", "x.9", "x.10"]
    assert [line.split()[0] for line in replay("list", tmp_path).stdout.splitlines()] == wanted
    played = replay("run", "-v", tmp_path).stdout
    assert re.findall(r"^FAILED (\S+)  T", played, re.MULTILINE) == wanted


def test_a_log_that_was_compressed_otherwise_says_what_became_of_it(tmp_path: Path) -> None:
    log = tmp_path / "other.wirelog"
    log.write_text(write(samples.compressed().trace))
    played = replay("run", "-v", log).stdout
    assert "the recorded messages were not sent" in played
    assert "the recorded messages were compressed again" in replay("run", "-v", "--reencode", log).stdout


def test_a_list_says_on_demand_what_is_sent() -> None:
    listed = replay("list", "-v", "1.1.2", "12.1.6").stdout.splitlines()
    assert "          replay sends a text message of 125 octets." in listed
    assert any(line.endswith("sends about 139 octets") for line in listed)
    assert listed[-1].endswith("octets, 25 of 1000 messages")


@pytest.mark.parametrize("command", [("list",), ("check", "traces/02-pings")], ids=lambda words: words[0])
def test_what_is_bundled_stands_in_the_order_of_its_numbers(command: tuple[str, ...]) -> None:
    shown = re.findall(r"^(?:OK +)?(\d\S+)", replay(*command).stdout, re.MULTILINE)
    assert len(shown) > 10
    assert shown == sorted(shown, key=natural)


OWN = """\
TX OCTETS: "GET / HTTP/1.1\\r\\nHost: localhost\\r\\nUpgrade: websocket\\r\\n"
           "Connection: Upgrade\\r\\nSec-WebSocket-Key: D+fcK/QqRpDx3yz323ge5w==\\r\\n"
           "Sec-WebSocket-Version: 13\\r\\n\\r\\n"
RX OCTETS: "HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n"
           "Sec-WebSocket-Accept: rQdXIXbccC6mDJL2JrabxWmui/o=\\r\\n\\r\\n"
TX OCTETS: 8183 00000000 6f6e65
RX OCTETS: 8103 6f6e65
TX OCTETS: 8882 00000000 03e8
RX OCTETS: 8802 03e8
TCP DROPPED BY PEER
"""


def altered(tmp_path: Path, old: str, new: str, drop_case: bool = False) -> Path:
    text = (ROOT / "traces" / "01-framing" / "1.2.3.wirelog").read_text()
    assert old in text
    text = text.replace(old, new, 1)
    if drop_case:
        text = text.replace("# case: 1.2.3\n", "")
    log = tmp_path / "altered.wirelog"
    log.write_text("\n".join(line for line in text.splitlines() if "FRAME" not in line) + "\n")
    return log


def test_one_octet_altered_in_what_is_sent_is_found(tmp_path: Path) -> None:
    log = altered(tmp_path, "(ccbb15b5)*31 ccbb", "(ccbb15b5)*31 cfbb")
    done = replay("run", log)
    assert done.returncode == 1
    assert "the message differs at offset 124 of 126:" in done.stdout
    assert "expected fe, observed fd" in done.stdout
    assert "offset 128 of 130" in done.stdout


def test_one_octet_altered_in_what_came_back_is_found_in_the_user_s_own_file(tmp_path: Path) -> None:
    log = altered(tmp_path, "827e007e (fe)*126", "827e007e (fe)*124 fd fe", drop_case=True)
    done = replay("run", log)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    at = next(number for number, line in enumerate(lines) if "(fe)*124 fd fe" in line)
    assert lines[at + 1].index("^^") == lines[at].index("fd fe")
    assert "expected fd, observed fe" in done.stdout


def test_a_log_that_names_a_case_is_judged_by_it_offline(tmp_path: Path) -> None:
    log = altered(tmp_path, "827e007e (fe)*126", "827e007e (fe)*124 fd fe")
    done = replay("check", log)
    assert done.returncode == 1
    assert "expected fe, observed fd" in " ".join(done.stdout.split())
    played = replay("run", log)
    assert played.returncode == 0
    assert "the recording itself gets the verdict FAILED from this case" in " ".join(played.stdout.split())


UNASKED = ("RX OCTETS: 8103", "RX OCTETS: 8a0170\nRX OCTETS: 8103")
"""Put before a message of 3 octets, a Pong that nobody asked for."""


@pytest.mark.parametrize(("profile", "status"), [("autobahn", 1), ("rfc", 0)])
def test_a_recording_is_read_by_the_profile_that_judges(tmp_path: Path, profile: str, status: int) -> None:
    log = tmp_path / "own.wirelog"
    log.write_text(OWN.replace(*UNASKED))
    done = replay("run", "--profile", profile, "--out", tmp_path / "run", log)
    assert done.returncode == status, done.stdout + done.stderr
    assert replay("rejudge", tmp_path / "run").returncode == 0


CLOSING = "TX OCTETS: 8882 00000000 03e8\nRX OCTETS: 8802 03e8"
REGISTERED = OWN.replace(CLOSING, "RX OCTETS: 8802 03f4\nTX OCTETS: 8880 00000000")
EMPTY = OWN.replace("8183 00000000 6f6e65", "8180 00000000").replace(
    "8103 6f6e65", "8a0170\nRX OCTETS: 8100"
)


@pytest.mark.parametrize("text", [REGISTERED, f"# case: 1.1.1\n{EMPTY}"], ids=["code 1012", "unasked Pong"])
def test_a_log_is_checked_by_the_profile_that_is_asked_for(tmp_path: Path, text: str) -> None:
    log = tmp_path / "my.wirelog"
    log.write_text(text)
    by_autobahn, by_rfc = replay("check", log), replay("check", "--profile", "rfc", log)
    assert (by_autobahn.returncode, by_rfc.returncode) == (1, 0), by_autobahn.stdout + by_rfc.stdout


@pytest.mark.parametrize(("octet", "status"), [(b"*", 0), (b"+", 1)])
def test_a_message_known_by_its_digest_is_judged_by_that(tmp_path: Path, octet: bytes, status: int) -> None:
    lines = (ROOT / "traces" / "01-framing" / "1.1.6.wirelog").read_text().splitlines()
    sent = [line for line in lines if "FRAME" not in line]
    at = next(number for number, line in enumerate(sent) if "RX OCTETS: 817e" in line)
    digest = hashlib.sha256(octet * 65535).hexdigest()
    sent[at] = "RX OCTETS: 817effff (2a)*64 ... +65471 octets"
    sent.insert(at + 1, f"RX MESSAGE : OPCODE=1, LEN=65535, SHA256={digest}")
    log = tmp_path / "digest.wirelog"
    log.write_text("\n".join(sent) + "\n")
    done = replay("check", "-v", log)
    assert done.returncode == status, done.stdout + done.stderr
    assert "known by their digests" not in replay("check", log).stdout
    assert "messages are known by their digests" in " ".join(done.stdout.split())


@pytest.mark.parametrize("chop", ["1", "frame", "7"])
def test_chopping_changes_no_verdict(chop: str) -> None:
    large, refused_by_its_header = ("!1.?.8", "!1.?.6", "!1.?.7", "!7.1.6"), "!7.3.6"
    done = replay("run", "-q", "--chop", chop, "traces/", *large, refused_by_its_header)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "1.1.9"], "1.1 has the cases 1.1.1 to 1.1.8"),
        (["run", "2.12"], "2 has the cases 2.1 to 2.11"),
        (["run", "1.3.*"], "1 has the sections 1.1 and 1.2"),
        (["run", "10.2"], "10 has only 10.1"),
        (["run", "99.*"], "no test case matches '99.*'"),
        (["run", "99.9.9"], "the suite has sections 1 to 7, 9, 10, 12, 13"),
        (
            ["run", "-k", "nothing-of-the-kind"],
            "-k 'nothing-of-the-kind' matches no test case's id or title",
        ),
        (["run", "-k", "ping", "1.*"], "-k 'ping' matches no selected test case's id or title"),
        (["list", "!*"], "no test case is selected"),
        (["run", "missing.wirelog"], "missing.wirelog: no such file or directory"),
        (["run", "missing/"], "no such file or directory"),
        (["run", "replay"], "nothing to play in replay/: expected *.wirelog or *.yaml files"),
        (["check", "replay"], "no wire log in replay/: expected *.wirelog files, or Autobahn"),
        (["run", "--url", "http://127.0.0.1"], "expected ws://HOST[:PORT]"),
        (["run", "--url", "ws://127.0.0.1:99999"], "ws://127.0.0.1:99999"),
        (["run", "--url", "ws://127.0.0.1", "--sni", "x"], "--sni needs a wss:// URL"),
        (["run", "--chop", "0"], "expected 'recorded', 'frame' or a number of octets"),
        (["run", "--header", "X: a\r\nY: b"], "expected a header 'NAME: VALUE'"),
        (["run", "-k", "a and"], "expected a word here"),
        (["run", "-j", "0"], "-j"),
        (["runn"], "No such command"),
    ],
)
def test_what_the_user_got_wrong_is_said(arguments: list[str], said: str) -> None:
    done = replay(*arguments)
    assert done.returncode == 2, done.stdout + done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "OK" not in done.stdout


def test_a_previous_run_that_is_not_there_yet_comes_with_the_second_run(tmp_path: Path) -> None:
    done = replay("diff", ".replay/previous", ".replay/last", cwd=tmp_path)
    assert done.returncode == 2
    assert (
        "'.replay/previous' does not exist: it is there after the second run in this folder" in done.stderr
    )


def test_a_run_without_results_can_not_be_judged_again(tmp_path: Path) -> None:
    assert replay("run", "--url", "ws://127.0.0.1:9", "1.1.1", "--out", tmp_path).returncode == 3
    again = replay("rejudge", tmp_path)
    assert (again.returncode, again.stdout) == (2, "")
    assert "nothing to judge again: the run has no results" in again.stderr


@pytest.mark.parametrize("path", sorted(ERRORS.glob("*_error/*.*")), ids=lambda path: path.name)
def test_a_bad_file_has_status_2_and_no_traceback(path: Path) -> None:
    if path.suffix not in (".wirelog", ".yaml"):
        return
    done = replay("run", path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stderr.startswith(f"error: {path}:")
    assert "Traceback" not in done.stderr


def test_a_server_that_isn_t_there_has_status_3() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        done = replay("run", "--url", f"ws://127.0.0.1:{port}", "1.*")
    assert done.returncode == 3
    said = f"error: nothing listens at ws://127.0.0.1:{port} (connection refused); start the server first"
    assert done.stderr.startswith(said)
    assert "0 of 16 cases" in done.stdout


def test_ipv6_path_query_and_headers_reach_the_server(tmp_path: Path) -> None:
    with listening(sys.executable, ROOT / "tests" / "peers" / "mirror.py", "::1") as port:
        url = f"ws://[::1]:{port}/chat?room=1"
        arguments = [
            "--header",
            "X-Token: a b",
            "--origin",
            "http://o",
            "--subprotocol",
            "mqtt",
            "--seed",
            "1",
        ]
        done = replay("run", "-v", "--url", url, *arguments, "traces/02-pings/2.7.wirelog")
    for sent in (
        "GET /chat?room=1 HTTP/1.1",
        "X-Token: a b",
        "Origin: http://o",
        "Sec-WebSocket-Protocol: mqtt",
        "Host: localhost",
    ):
        assert sent in done.stdout
    assert "the recorded request was edited" in " ".join(done.stdout.split())


def test_the_command_of_a_failure_plays_just_that_case_with_the_same_octets() -> None:
    with listening(sys.executable, FAULTY, "--fault", "flips-one-octet") as port:
        url = f"ws://127.0.0.1:{port}"
        first = replay("run", "--url", url, "1.1.3", "1.2.1", "2.1", "--seed", "5")
        assert f"replay run --url {url} --seed 5 1.1.3" in first.stdout
        again = replay("run", "--url", url, "--seed", "5", "1.1.3")
    sent = [
        next(line.split("OCTETS")[1] for line in run.stdout.splitlines() if "TX OCTETS: 81fe007e" in line)
        for run in (first, again)
    ]
    assert sent[0] == sent[1]


def test_the_first_failure_ends_the_run_if_asked() -> None:
    with listening(sys.executable, FAULTY, "--fault", "flips-one-octet") as port:
        done = replay("run", "--url", f"ws://127.0.0.1:{port}", "-x", "-j", "1", "1.1.3", "1.2.3", "2.1")
    assert done.returncode == 1
    assert "1 of 3 cases run" in done.stdout


CHOSEN = ("1.1.1", "1.1.2", "1.1.3")


def test_an_interrupted_run_says_what_it_has() -> None:
    with listening(sys.executable, FAULTY, "--fault", "no-close-reply") as port:
        command = [
            sys.executable,
            "-m",
            "replay",
            "run",
            "--url",
            f"ws://127.0.0.1:{port}",
            "-j",
            "1",
            "--max-failures",
            "9",
            *CHOSEN,
        ]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            first = process.stdout.readline()
            process.send_signal(signal.SIGINT)
            rest, errors = process.communicate()
    assert process.returncode == 130
    assert "1.1.1" in first
    assert "of 3 cases run" in rest
    assert "Traceback" not in errors


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_said() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "replay", "list"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == "error: can't write to standard output: no space left on device\n"


@pytest.mark.parametrize("words", [["list"], ["run", "1.*"], ["run", "1.*", "--json"], ["show", "traces"]])
def test_a_reader_who_has_seen_enough_ends_it_without_a_word(words: list[str]) -> None:
    command = [sys.executable, "-m", "replay", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
    assert process.returncode in (0, 141)  # 0: all of it had been written before
    assert b"Traceback" not in said
    assert b"error" not in said


def test_lines_are_cut_for_a_terminal_only() -> None:
    command = [sys.executable, "-m", "replay", "check", "traces/01-framing/1.1.2.wirelog"]
    plain = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    shown = subprocess.run(command, cwd=ROOT, env=plain, capture_output=True, text=True, check=True).stdout
    assert shown.endswith("Text message of 125 octets, the longest whose length needs no further octets\n")


def test_version_and_help() -> None:
    assert replay("--version").stdout.startswith(f"replay {__version__}, suite ")
    for command in ("run", "check", "show", "list"):
        assert f"replay {command}" in replay(command, "--help").stdout


def test_no_colour_where_none_is_wanted() -> None:
    env = {**os.environ, "NO_COLOR": "1", "FORCE_COLOR": ""}
    done = subprocess.run(
        [sys.executable, "-m", "replay", "run", "1.1.1"],
        capture_output=True,
        text=True,
        env=env,
        check=False,
    )
    assert "\x1b" not in done.stdout
