"""Cassettes for clients: a session that was recorded once against the real server, and is played to the
client ever after."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from replay import whole_file
from replay.cases.language import language
from replay.cases.load import load
from replay.commands.drafting import mirrored_text
from replay.draft.session import session
from replay.live.own_commands import NotListening, listening
from replay.protocol.interpreter import observe
from replay.source import Source, SourceError
from replay.suite.logs import read_log


class CassetteFault(Exception):
    """The client did something else than was recorded, or there is no cassette; the message says what."""


@contextmanager
def cassette(path: Path, url: str | None) -> Iterator[str]:
    """The URL for the client: of the server's part as it was recorded in this spec, or, if there is none
    yet, of a proxy that records it while the client talks to the server at `url`.

    Raises CassetteFault, once the block is over, if the client said something else.
    """
    try:
        if path.exists():
            with _played(path, url) as found:
                yield found
        else:
            with _recorded(path, url) as found:
                yield found
    except NotListening as error:
        raise CassetteFault(str(error)) from None


def _at(origin: str, url: str | None) -> str:
    """The URL with another origin."""
    parts = urlsplit(url or "")
    return origin + parts.path + (f"?{parts.query}" if parts.query else "")


@contextmanager
def _played(path: Path, url: str | None) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        words = ["--port", "0", "--out", str(Path(folder) / "out"), "--report", f"json={report}"]
        with listening("serve", *words, str(path), environment=_wide()) as served:
            trouble: Exception | None = None
            try:
                yield _at(served.origin, url)
            except Exception as error:  # perhaps because replay closed the connection
                trouble = error
            status, said = served.ended()
        if status:
            raise CassetteFault(said.strip()) from trouble
        if trouble is not None:
            raise trouble
        lines = report.read_text().splitlines() if report.exists() else []
        played, recorded = (
            sum(json.loads(line)["type"] == "case" for line in lines),
            len(load(Source(str(path), path.read_text()))),
        )
        if played < recorded:
            raise CassetteFault(
                f"the client made {played} of the {recorded} connections that are in {path}"
            )


@contextmanager
def _recorded(path: Path, url: str | None) -> Iterator[str]:
    if os.environ.get("CI"):
        said = f"{path} isn't there, and in CI nothing is recorded: run this test outside CI, and commit it"
        raise CassetteFault(said)
    if url is None:
        raise CassetteFault(f"{path} isn't there: give the URL of the server to record it")
    with tempfile.TemporaryDirectory() as folder:
        origin = f"{urlsplit(url).scheme}://{urlsplit(url).netloc}"
        words = ["--url", origin, "--listen", "0", "--redact", "--out", folder]
        with listening("record", *words, environment=_wide()) as proxy:
            yield _at(proxy.origin, url)
            proxy.ended()
        try:
            traces = [read_log(str(path)).trace for path in sorted(Path(folder).rglob("*.wirelog"))]
        except SourceError as error:
            raise CassetteFault(f"what was recorded can't be read: {error}") from None
        traces.sort(key=lambda trace: trace.header("date") or "")
        sessions = [session(trace, language(observe(trace))) for trace in traces]
        if not any(one.opened for one in sessions):
            raise CassetteFault("the client opened no WebSocket connection, so nothing was recorded")
        text = mirrored_text([one for one in sessions if one.opened], "a recording", path.stem, _silent)
        path.parent.mkdir(parents=True, exist_ok=True)
        whole_file.write(path, text.encode())


def _silent(said: str) -> None:
    """The guesses stand in the spec."""


def _wide() -> dict[str, str]:
    """The environment, with room for a diff in pytest's output."""
    return {**os.environ, "COLUMNS": "100"}
