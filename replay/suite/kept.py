"""The cases of the bundled specs, kept beside the compiled modules: they are loaded from there in a
fraction of the time that their YAML takes.

The specs remain the truth. What is kept counts only if it is whole and was made from the same spec, from
the same files that the spec names, and by the same code; all of these are compared by their contents.
Otherwise it is ignored and written anew, if Python may write compiled modules there.
"""

from __future__ import annotations

import io
import pickle
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from importlib.util import cache_from_source, source_hash
from pathlib import Path

from replay import whole_file
from replay.cases.model import Case
from replay.source import Source

FOLDER = Path(cache_from_source(__file__)).parent
"""Where cases are kept."""

MODULES = ("forms.py", "limits.py", "source.py", "json_text.py")
FOLDERS = ("wire", "trace", "protocol", "typed", "values", "cases", "suite")
"""The code that makes cases from specs."""

_PACKAGE = Path(__file__).parent.parent
_HASH = 8
"""How many octets a hash has."""

Make = Callable[[Source, dict[str, bytes]], tuple[Case, ...]]
"""Makes the cases of a spec, and adds the contents of each file that the spec names."""


def cases(file: Path, name: str, make: Make, folder: Path = FOLDER) -> tuple[Case, ...]:
    """The cases of a spec, which is shown under this name: as they are kept, or else as they are made."""
    source = Source.decode(name, file.read_bytes())
    place = folder / f"{file.stem}.cases"
    with suppress(OSError, ValueError):
        if (found := _loaded(place.read_bytes(), source, file.parent)) is not None:
            return found
    named: dict[str, bytes] = {}
    made = make(source, named)
    if not sys.dont_write_bytecode and all(case.trace is None for case in made):
        with suppress(OSError):
            octets = _kept(made, source, named)
            folder.mkdir(parents=True, exist_ok=True)
            whole_file.write(place, octets)
    return made


def _kept(made: tuple[Case, ...], source: Source, named: Mapping[str, bytes]) -> bytes:
    """What is kept of cases: a hash, the names of the files that the spec names, and a pickle that refers
    to the spec and to these files instead of holding them."""
    names = "\0".join(named).encode()
    pickled = io.BytesIO()
    _Pickler(pickled, {id(source): "", **{id(octets): name for name, octets in named.items()}}).dump(made)
    return _hash(source, names, named, pickled.getvalue()) + names + b"\n" + pickled.getvalue()


def _loaded(octets: bytes, source: Source, folder: Path) -> tuple[Case, ...] | None:
    """The cases, or None if what was kept is damaged or out of date. Raises OSError or ValueError if it
    names what can't be a file."""
    names, _, pickled = octets[_HASH:].partition(b"\n")
    named = {name: (folder / name).read_bytes() for name in names.decode().split("\0") if name}
    if octets[:_HASH] != _hash(source, names, named, pickled):
        return None
    found: tuple[Case, ...] = _Unpickler(pickled, {"": source, **named}).load()
    return found


def _hash(source: Source, names: bytes, named: Mapping[str, bytes], pickled: bytes) -> bytes:
    parts = [_code(), source.name.encode(), source.text.encode(), names, *named.values(), pickled]
    return source_hash(b"".join(map(source_hash, parts)))


@cache
def _code() -> bytes:
    """The hash of the code. Raises OSError where only compiled modules are installed."""
    files = [_PACKAGE / module for module in MODULES]
    for folder in FOLDERS:
        files += sorted((_PACKAGE / folder).glob("*.py"))
    return source_hash(b"".join(file.read_bytes() for file in files))


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, names: Mapping[int, str]) -> None:
        """`names` are those of the objects that the pickle only refers to, by their ids."""
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._names = names

    def persistent_id(self, value: object) -> str | None:
        return self._names.get(id(value))


class _Unpickler(pickle.Unpickler):
    def __init__(self, pickled: bytes, named: Mapping[str, object]) -> None:
        super().__init__(io.BytesIO(pickled))
        self._named = named

    def persistent_load(self, name: str) -> object:
        return self._named[name]
