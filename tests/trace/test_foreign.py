"""What looks a little like the columns of a dump, and is octets nevertheless."""

from __future__ import annotations

import pytest

from replay.source import Source, SourceError
from replay.trace.model import Cut, Octets
from replay.trace.wirelog import parse


def entry(literal: str) -> Octets:
    (found,) = parse(Source("log", f"TX OCTETS: {literal}\n")).trace.entries
    assert isinstance(found, Octets)
    return found


@pytest.mark.parametrize(
    ("literal", "octets"),
    [
        ("81 85 37 fa 21 3d 7f", "818537fa213d7f"),
        ("00000000 0102", "000000000102"),  # a key of zeros and a payload
        ("0000 8182 37fa", "0000818237fa"),
        ("8180  12 34 56 78", "818012345678"),
        ("82fe007e  32 45 eb 4b", "82fe007e3245eb4b"),
        ("00000000 00000001", "0000000000000001"),
        ("8185 37fa213d\n           0008 aa bb", "818537fa213d0008aabb"),
        ('"GET / HTTP/1.1\\r\\n"   0d0a', "474554202f20485454502f312e310d0a0d0a"),
        ("(ccbb15b5)*2   ccbb", "ccbb15b5ccbb15b5ccbb"),
    ],
)
def test_what_are_octets(literal: str, octets: str) -> None:
    assert entry(literal).data.hex() == octets


@pytest.mark.parametrize("literal", ["81 85 ...", "8185 ...", "818537fa   ..."])
def test_a_cut_is_a_cut(literal: str) -> None:
    assert entry(literal).cut == Cut()


def test_a_list_of_any_length_is_refused() -> None:
    with pytest.raises(SourceError, match="expected hex digits"):
        entry("0x81, " * 100_000)
