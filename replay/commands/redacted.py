"""What has to be given with a log in which something was hidden when it was recorded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from replay.source import SourceError

if TYPE_CHECKING:
    from replay.play.actions import Options
    from replay.suite.files import Item


def check_redacted(items: Sequence[Item], options: Options) -> None:
    """Raise SourceError if a request would be sent with x's where a header or a key in the query was
    hidden."""
    from replay.recording.hidden import HEADER, lacking

    given = {name.lower() for name, _ in options.headers}
    for item in items:
        trace = item.case.trace
        if trace is None or trace.header(HEADER) is None:
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
