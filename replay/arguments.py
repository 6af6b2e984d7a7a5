"""What the arguments of the Python interface take, in one table: the same as the options of the command
line."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from typing import Any, NamedTuple, ParamSpec, TypeVar

from replay.cases.model import Profile
from replay.forms import (
    HEADER_LINE,
    HEADER_NAME,
    HEADER_VALUE,
    JOBS,
    LEAST_SECONDS,
    MOST_SECONDS,
    SEED,
    SUITE,
    Form,
    Whole,
)
from replay.source import SourceError, printable
from replay.suite.files import Item
from replay.suite.logs import LogFile
from replay.trace.model import Trace
from replay.verdict.result import CaseResult, RunResult

P = ParamSpec("P")
T = TypeVar("T")

_SHOWN = 80  # characters of a value in a message


class Rule(NamedTuple):
    wants: str  # what is expected, in words
    fits: Callable[[Any], bool]
    parts: Callable[[Any], Iterable[Any]] = lambda value: (value,)  # each of which has to fit
    help: str | None = None  # what to write instead of {found}


def checked(function: Callable[P, T]) -> Callable[P, T]:
    """The function, which raises SourceError for an argument that breaks its rule in the table. The
    default of an argument needs no rule."""
    signature = inspect.signature(function)
    parameters = signature.parameters
    rules = {name: ARGUMENTS[name] for name in parameters}

    @wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            given = signature.bind(*args, **kwargs).arguments
        except TypeError as error:
            raise TypeError(f"{function.__name__}(): {error}") from None
        for name, value in given.items():
            if value is not parameters[name].default:
                _check(name, rules[name], value)
        return function(*args, **kwargs)

    return called


def _check(name: str, rule: Rule, value: object) -> None:
    for part in rule.parts(value):
        if not rule.fits(part):
            found = printable(repr(part))
            if len(found) > _SHOWN:
                found = f"{found[:_SHOWN]}…"
            hint = rule.help.format(found=found) if rule.help and isinstance(part, str) else None
            raise SourceError(None, f"{name}: expected {rule.wants}, found {found}", hint)


def _listed(value: object) -> Iterable[object]:
    return value if isinstance(value, Sequence) and not isinstance(value, str | bytes) else (value,)


def _pairs(value: object) -> Iterable[object]:
    return value.items() if isinstance(value, Mapping) else _listed(value)


def _is_header(value: object) -> bool:
    if not isinstance(value, tuple | list) or not all(isinstance(text, str) for text in value):
        return False
    return (
        len(value) == 2
        and re.fullmatch(HEADER_NAME.pattern, value[0]) is not None
        and re.fullmatch(HEADER_LINE.pattern, ":".join(value)) is not None
    )


def _is_seconds(value: Any) -> bool:
    return type(value) in (int, float) and LEAST_SECONDS <= value <= MOST_SECONDS


def _is_path(value: object) -> bool:
    try:
        return isinstance(value, str | os.PathLike) and b"\0" not in os.fsencode(value)
    except UnicodeEncodeError:
        return False


def _of(wants: str, *types: type) -> Rule:
    return Rule(wants, lambda value: isinstance(value, types))


def _formed(form: Form) -> Rule:
    return Rule(
        form.wants,
        lambda value: isinstance(value, str) and re.fullmatch(form.pattern, value) is not None,
    )


def _whole(whole: Whole) -> Rule:
    high = f"2^{whole.high.bit_length()}-1" if whole.high > 2**32 else whole.high
    return Rule(
        f"a whole number from {whole.low} to {high}",
        lambda value: type(value) is int and whole.low <= value <= whole.high,
    )


_FLAG = _of("True or False", bool)
_TEXT = _of("a text", str)
_PATH = Rule("the path of a file", _is_path)
_PROFILES = [profile.value for profile in Profile]

ARGUMENTS: dict[str, Rule] = {
    "ca": _PATH,
    "cases": Rule(
        "what replay.select() returns",
        lambda value: isinstance(value, Item),
        _listed,
        "write replay.select({found})",
    ),
    "headers": Rule(
        "pairs of the name of a header and its value in one line, or a mapping of them", _is_header, _pairs
    ),
    "host": _formed(HEADER_VALUE),
    "insecure": _FLAG,
    "jobs": _whole(JOBS),
    "keyword": _TEXT,
    "log": _of("what replay.read_log() or replay.parse_log() returns", LogFile),
    "name": _TEXT,
    "on_result": Rule("a function", callable),
    "path": _PATH,
    "profile": Rule(
        " or ".join(map(repr, _PROFILES)), lambda value: isinstance(value, str) and value in _PROFILES
    ),
    "result": _of("a result of replay.run() or replay.judge()", CaseResult, RunResult),
    "seed": _whole(SEED),
    "suite": _formed(SUITE),
    "text": _TEXT,
    "thorough": _FLAG,
    "timeout": Rule(f"a number of seconds from {LEAST_SECONDS} to {MOST_SECONDS}", _is_seconds),
    "trace": _of("the trace of a log", Trace),
    "url": _of("a URL, ws://HOST[:PORT][/PATH][?QUERY] or wss://", str),
    "words": Rule(
        "an id, a glob or a path", lambda value: isinstance(value, str) and _is_path(value), _listed
    ),
}
"""The rule of each argument, by its name in every function that has it."""
