"""How a case reaches an application: what its opening request has beside what every one has."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from urllib.parse import quote

from msgspec.structs import replace

from replay.source import Located, SourceError, Span
from replay.values.shape import Names

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
"""A variable of the environment."""


_NAMED = re.compile(r"<([A-Za-z][A-Za-z0-9_-]*)>")
"""A captured value, in how a connection is made again."""


class Connect(Located, frozen=True):
    """The path and headers of the request. They may name variables of the environment until `filled`."""

    path: str | None = None  # None: that of the URL
    headers: tuple[tuple[str, str], ...] = ()
    secrets: tuple[str, ...] = ()  # the values of the variables, which no log may show
    hides: tuple[str, ...] = ()  # the headers, and keys in the query, that have such a value
    span: Span | None = None

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the variables, each once."""
        texts = (self.path or "", *(value for _, value in self.headers))
        return tuple(dict.fromkeys(name for text in texts for name in VARIABLE.findall(text)))

    @property
    def redacted(self) -> tuple[str, ...]:
        """The names of the headers, and of the keys in the query, whose values hold a variable."""
        fields = re.split("[?&;]", self.path or "")[1:]
        pairs = [*self.headers, *((key, value) for key, _, value in (f.partition("=") for f in fields))]
        return tuple(dict.fromkeys(name for name, value in pairs if VARIABLE.search(value)))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the captured values, each once."""
        texts = (self.path or "", *(value for _, value in self.headers))
        return tuple(dict.fromkeys(name for text in texts for name in _NAMED.findall(text)))

    def knowing(self, names: Names) -> Connect:
        """With captured values: what a header can't hold is left out, and what a path can't is encoded."""

        def value(name: str) -> str:
            known = names.get(name, "")
            return known if isinstance(known, str) else json.dumps(known, default=str)

        def header(found: re.Match[str]) -> str:
            return re.sub(r"[^\t -~\xa0-\xff]", "", value(found[1]))

        path = self.path
        if path is not None:
            path = _NAMED.sub(lambda found: quote(value(found[1]), safe=""), path)
        headers = tuple((name, _NAMED.sub(header, text)) for name, text in self.headers)
        return replace(self, path=path, headers=headers)

    def filled(self, environment: Mapping[str, str]) -> Connect:
        """With the values of its variables. Raises SourceError for one that isn't set, or that a header
        can't hold."""
        values: dict[str, str] = {}
        for name in self.variables:
            if not (value := environment.get(name, "")):
                hint = f"set it for this run: {name}=… replay run …"
                raise SourceError(self.span, f"the environment variable {name} isn't set", hint)
            if not re.fullmatch(r"[\t -~\xa0-\xff]+", value):
                said = (
                    f"the value of the environment variable {name} has characters that a header can't have"
                )
                raise SourceError(self.span, said)
            values[name] = value
        if not values:
            return self

        def fill(text: str) -> str:
            return VARIABLE.sub(lambda found: values[found[1]], text)

        return replace(
            self,
            path=None if self.path is None else fill(self.path),
            headers=tuple((name, fill(value)) for name, value in self.headers),
            secrets=tuple(values.values()),
            hides=self.redacted,
        )
