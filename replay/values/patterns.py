"""Regular expressions on an engine whose time is linear in the text, whatever the pattern."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

from replay.source import SourceError, Span

_INSTALL = "pip install 'wire-replay[apps]'"


def compiled(pattern: str, span: Span | None = None) -> Any:
    """The pattern as RE2 compiles it. Raises SourceError if it can't."""
    engine = _engine()
    if engine is None:
        raise SourceError(span, "a regular expression needs the library google-re2", _INSTALL)
    try:
        return engine.compile(pattern, _options())
    except engine.error as error:
        said = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        hint = "RE2 has neither backreferences nor lookaround: github.com/google/re2/wiki/Syntax"
        raise SourceError(span, f"not a regular expression of RE2: {said}", hint) from None
    except UnicodeEncodeError:
        raise SourceError(span, "a surrogate can't be part of a regular expression") from None


def fits(pattern: str, text: str) -> bool:
    """Whether the pattern matches the whole text. Raises SourceError as `compiled` does."""
    try:
        return compiled(pattern).fullmatch(text) is not None
    except UnicodeEncodeError:  # a lone surrogate, which JSON allows
        return False


def _engine() -> Any:
    """Imported only where a pattern is used."""
    try:
        return importlib.import_module("re2")
    except ImportError:
        return None


@cache
def _options() -> Any:
    options = importlib.import_module("re2").Options()
    options.log_errors = False
    return options
