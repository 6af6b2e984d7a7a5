"""What `--redact` hides: the values of headers, of keys in a query, and of JSON messages."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct

from replay.protocol.events import Requested
from replay.protocol.interpreter import observe
from replay.recording.json_paths import Path, parse_path
from replay.trace.model import REDACTED, Trace

SECRETS = "secrets"
"""What stands for the option without a value."""

_HEADERS = ("Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie")
_KEYS = "keys in the query"
_SECRET = r"[^=&;?#\s]*(?:key|token|secret|passw|pwd|auth|sig|sess|sid|jwt|ticket|cred|code)[^=&;#\s]*"
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_X = re.compile(rb"[^\r\n\t ]")
_HIDDEN = re.compile(r"x[x \t]*")


class Hidden(Struct, frozen=True):
    """What is to be hidden."""

    words: tuple[str, ...]  # as a log says it
    names: tuple[str, ...]  # of headers, and of keys in a query
    secrets: bool  # also the keys whose names sound like it
    paths: tuple[Path, ...]

    @property
    def said(self) -> str:
        """All of it, as the header line has it."""
        return ", ".join(self.words)

    def head(self, octets: bytes) -> bytes:
        """The head of a request or response, complete or not, with x's in it."""
        names = "|".join(map(re.escape, self.names))
        line = rf"(?im)^((?:{names})[ \t]*:[ \t]*)([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)"
        keys = "|".join(filter(None, (names, _SECRET if self.secrets else "")))
        octets = _crossed(line, octets) if names else octets
        return _crossed(rf"(?i)([?&;](?:{keys})=)([^&;#\s]*)", octets) if keys else octets


def _crossed(pattern: str, octets: bytes) -> bytes:
    """The octets with x's in the second group of each match."""
    return re.sub(pattern.encode(), lambda found: found[1] + _X.sub(b"x", found[2]), octets)


def hidden(words: Iterable[str]) -> Hidden:
    """What these words of the option name. Raises ValueError."""
    names: list[str] = []
    paths: list[str] = []
    secrets = False
    for word in words:
        if word == SECRETS:
            secrets = True
            names += _HEADERS
        elif word.startswith("$"):
            parse_path(word)
            paths.append(word)
        elif _NAME.fullmatch(word):
            names.append(word)
        else:
            raise ValueError("expected the name of a header or of a key in a query, or a JSON path ($.a.b)")
    names, paths = [*dict.fromkeys(names)], [*dict.fromkeys(paths)]
    said = (*names, *((_KEYS,) if secrets else ()), *paths)
    return Hidden(said, tuple(names), secrets, tuple(map(parse_path, paths)))


class Lacking(Struct, frozen=True):
    """What has to be given for a redacted log to be played as it was recorded."""

    target: str = "/"
    headers: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()  # in the query of its target


def lacking(trace: Trace) -> Lacking:
    """What was hidden in the request of a log."""
    words = (trace.header(REDACTED) or "").split(", ")
    request = next((event.request for event in observe(trace) if isinstance(event, Requested)), None)
    if words == [""] or request is None:
        return Lacking()
    named = {word.lower() for word in words}
    headers = (
        name for name, value in request.headers if name.lower() in named and _HIDDEN.fullmatch(value)
    )
    fields = (field.partition("=") for field in re.split("[&;]", request.target.partition("?")[2]))
    keys = (
        key
        for key, _, value in fields
        if _HIDDEN.fullmatch(value) and (key.lower() in named or _KEYS in words)
    )
    return Lacking(request.target, tuple(dict.fromkeys(headers)), tuple(dict.fromkeys(keys)))
