"""What an option is: what it takes, its description, and which commands have it. Plain values only."""

from __future__ import annotations

from enum import Enum, auto
from keyword import iskeyword
from typing import NamedTuple

from replay import forms
from replay.forms import Whole

MOST_CHOPPED = 999_999_999


class Kind(Enum):
    """What an option takes, if it isn't one of a few words or a whole number."""

    FLAG = auto()
    TEXT = auto()  # one line
    CASES = auto()  # ids, globs, and paths of files and folders
    URL = auto()
    HEADER_LINE = auto()
    HEADER_VALUE = auto()
    SUBPROTOCOL = auto()
    SUITE = auto()
    LIMIT = auto()
    SECONDS = auto()
    CHOP = auto()
    FILE = auto()  # an existing file
    FOLDER = auto()
    EXPECTED = auto()  # a file, or in a config the list itself
    REPORT = auto()


class Choice(NamedTuple):
    words: tuple[str, ...]


FORMS = {
    Kind.HEADER_LINE: forms.HEADER_LINE,
    Kind.HEADER_VALUE: forms.HEADER_VALUE,
    Kind.SUBPROTOCOL: forms.SUBPROTOCOL,
    Kind.SUITE: forms.SUITE,
    Kind.LIMIT: forms.LIMIT,
    Kind.CHOP: forms.CHOP,
}
METAVARS = {
    Kind.TEXT: "TEXT",
    Kind.CASES: "[PATH|ID|GLOB|!GLOB]...",
    Kind.URL: "URL",
    Kind.HEADER_LINE: "'NAME: VALUE'",
    Kind.HEADER_VALUE: "VALUE",
    Kind.SUBPROTOCOL: "NAME",
    Kind.SUITE: "SUITE[@EDITION]",
    Kind.LIMIT: "[NAME=]SIZE",
    Kind.SECONDS: "SECONDS",
    Kind.CHOP: "recorded|frame|N",
    Kind.FILE: "FILE",
    Kind.FOLDER: "DIR",
    Kind.EXPECTED: "FILE",
    Kind.REPORT: "FORMAT=FILE",
}


class Option(NamedTuple):
    name: str  # its key in a config and its long form on the command line
    takes: Kind | Choice | Whole
    help: str  # one sentence
    default: str | int | None = None
    metavar: str = ""  # what stands for its value in help; "": the default of its kind
    short: str = ""
    long: bool = True  # whether there is a long form
    multiple: bool = False  # whether it may be given more than once, and be a list in a config
    in_config: bool = True
    repeated: bool = True  # whether it is part of the command that plays a failure again

    @property
    def parameter(self) -> str:
        """The name of its value in the program."""
        name = self.name.replace("-", "_")
        return f"{name}_" if iskeyword(name) else name

    @property
    def spellings(self) -> tuple[str, ...]:
        """How it is written on the command line, the long form last."""
        return tuple(filter(None, (self.short, f"--{self.name}" if self.long else "")))

    @property
    def value(self) -> str:
        """What stands for its value in help and docs; "" if it takes none."""
        match self.takes:
            case Choice(words):
                return f"[{'|'.join(words)}]"
            case Whole():
                return self.metavar or "N"
            case kind:
                return self.metavar or METAVARS.get(kind, "")
