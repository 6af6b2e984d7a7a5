"""Octets that a log cut off are made again from its FRAME lines, and what no line says stays missing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.source import Source, SourceError
from replay.trace import gaps
from replay.trace.model import Cut, Octets
from replay.trace.wirelog import parse
from replay.wire.frame import Frame, encode, frame
from replay.wire.handshake import encode_request
from replay.wire.side import Side
from tests.memory import ACCEPTED, REQUEST

HEADS = f"TX OCTETS: {encode_request('/', REQUEST).hex()}\nRX OCTETS: {ACCEPTED.hex()}\n"

frames = st.builds(
    lambda opcode, payload, fin, key: frame(opcode, payload, fin=fin, key=key),
    st.sampled_from([0, 1, 2, 9]),
    st.binary(max_size=130),
    st.booleans(),
    st.just(b""),
)


def line(one: Frame, whole: bool) -> str:
    header = one.header
    text = f"RX FRAME : OPCODE={header.opcode}, FIN={header.fin}, RSV={header.rsv}, "
    text += f"PAYLOAD-LEN={header.length}, MASKED=False, MASK=None"
    return text + (f", PAYLOAD={one.payload.hex()}\n" if whole and one.payload else "\n")


def octets(data: bytes, shown: int, told: bool) -> str:
    missing = len(data) - shown
    if not missing:
        return f"RX OCTETS: {data.hex()}\n"
    return f"RX OCTETS: {data[:shown].hex()} ..." + (f" +{missing} octets\n" if told else "\n")


def received(text: str) -> list[Octets]:
    trace = parse(Source("log", HEADS + text)).trace
    return [one for one in trace.entries if isinstance(one, Octets) and one.side is Side.SERVER][1:]


@given(st.lists(st.tuples(frames, st.integers(2, 140), st.booleans()), min_size=1, max_size=5))
def test_what_frame_lines_show_whole_is_there_again(sent: list[tuple[Frame, int, bool]]) -> None:
    text = ""
    for one, shown, told in sent:
        data = encode(one)
        text += octets(data, min(shown, len(data)), told) + line(one, True)
    found = received(text)
    assert b"".join(one.data for one in found) == b"".join(encode(one) for one, _, _ in sent)
    assert all(one.cut is None for one in found)


@given(st.lists(st.tuples(frames, st.integers(2, 140)), min_size=1, max_size=5))
def test_of_a_payload_that_no_line_shows_the_length_is_known(sent: list[tuple[Frame, int]]) -> None:
    text, parts = "", []
    for one, shown in sent:
        data = encode(one)
        shown = max(one.header.size, min(shown, len(data)))
        text += octets(data, shown, True) + line(one, False)
        parts.append((data[:shown], len(data) - shown))
    found = received(text)
    assert [(one.data, one.cut) for one in found] == [
        (data, Cut(missing) if missing else None) for data, missing in parts
    ]


@given(st.lists(frames, min_size=2, max_size=4), st.integers(2, 200))
def test_frames_of_one_read_are_each_told_by_their_line(sent: list[Frame], shown: int) -> None:
    data = b"".join(map(encode, sent))
    shown = min(shown, len(data))
    text = octets(data, shown, True) + "".join(line(one, True) for one in sent)
    assert b"".join(one.data for one in received(text)) == data


@pytest.mark.parametrize("other", [frame(1, b"Hallo"), frame(2, b"Hello"), frame(1, b"Hello", fin=False)])
def test_a_line_that_contradicts_the_octets_that_are_there_is_an_error(other: Frame) -> None:
    with pytest.raises(SourceError, match="contradicts the octets of line 3"):
        received(octets(encode(frame(1, b"Hello")), 5, True) + line(other, True))


def test_where_the_lines_say_too_little_the_octets_stay_missing() -> None:
    first, second = frame(1, b"Hello"), frame(2, b"World")
    both = encode(first) + encode(second)
    for lines in ("", line(first, True), line(first, False)):
        (one, *others) = received(octets(both, 3, True) + lines)
        assert both.startswith(one.data)
        missing = sum(each.cut.more or 0 for each in (one, *others) if each.cut)
        assert len(b"".join(each.data for each in (one, *others))) + missing == len(both)
        assert missing
    (one,) = received(octets(both, 3, False))
    assert (one.data, one.cut) == (both[:3], Cut())


@pytest.mark.parametrize(("missing", "known"), [(1, b""), (2, b"\x82\x05"), (4, b"\x82\x05Wo")])
def test_of_a_frame_that_is_cut_inside_its_header_nothing_is_made_up(missing: int, known: bytes) -> None:
    first, second = encode(frame(1, b"Hello")), frame(2, b"World")
    text = octets(first + bytes(missing), len(first), True) + line(frame(1, b"Hello"), True)
    (one,) = received(text + line(second, True))
    assert one.data == first + known
    assert one.cut == (None if known else Cut(missing))


@given(st.integers(0, 5), frames)
def test_without_a_head_frames_begin_at_the_first_octet_in_however_short_a_read(
    split: int, cut: Frame
) -> None:
    first, second = encode(frame(2, b"abcd")), encode(cut)
    text = "".join(octets(part, len(part), True) for part in (first[:split], first[split:]) if part)
    text += "RX FRAME : OPCODE=2, FIN=True, RSV=0, PAYLOAD-LEN=4, MASKED=False, MASK=None\n"
    text += octets(second, 1, False) + line(cut, True)
    trace = parse(Source("log", text)).trace
    found = b"".join(one.data for one in trace.entries if isinstance(one, Octets))
    assert found == first + second


BIG, SMALL, PING = frame(2, bytes(range(200))), frame(1, b"Hello"), frame(9, b"?")
WHOLE = encode(BIG)


def told(text: str) -> list[tuple[bytes, int | None]]:
    """The octets that are there, each with the number of those that are missing behind them."""
    return [(one.data, one.cut.more if one.cut else 0) for one in received(text)]


def test_of_a_frame_in_several_reads_its_line_says_how_much_is_missing() -> None:
    reads = f"RX OCTETS: {WHOLE[:10].hex()} ...\nRX OCTETS: {WHOLE[90:99].hex()} ...\n"
    assert told(reads + line(BIG, False)) == [(WHOLE[:10], 194)]
    behind = octets(encode(SMALL), 7, True) + line(SMALL, True)
    assert told(reads + line(BIG, False) + behind) == [(WHOLE[:10], 194), (encode(SMALL), 0)]
    third = f"RX OCTETS: {WHOLE[150:155].hex()} ...\n"
    assert told(reads + third + line(BIG, False) + behind) == [(WHOLE[:10], 194), (encode(SMALL), 0)]


def test_the_last_read_of_such_a_frame_may_hold_others() -> None:
    first = f"RX OCTETS: {WHOLE[:10].hex()} ...\n"
    others = encode(SMALL) + encode(PING)
    lines = line(BIG, False) + line(SMALL, True) + line(PING, True)
    assert told(first + f"RX OCTETS: {(WHOLE[-3:] + others).hex()}\n" + lines) == [
        (WHOLE[:10], 194),
        (others, 0),
    ]
    assert told(first + f"RX OCTETS: {WHOLE[-3:].hex()} ...\n" + lines) == [(WHOLE[:10], 194), (others, 0)]
    assert told(first + f"RX OCTETS: {WHOLE[-3:].hex()}\n" + line(BIG, False)) == [(WHOLE[:10], 194)]


def test_what_is_missing_behind_a_frame_is_what_the_lines_before_the_next_read_say() -> None:
    cut = f"RX OCTETS: {encode(SMALL)[:3].hex()} ...\n"
    lines = line(SMALL, True) + line(PING, True)
    both = encode(SMALL) + encode(PING)
    assert told(cut + lines) == [(both, 0)]
    behind = octets(encode(SMALL), 7, True) + line(SMALL, True)
    assert told(cut + lines + behind) == [(both, 0), (encode(SMALL), 0)]
    assert told(cut + line(SMALL, True) + line(BIG, False)) == [(encode(SMALL) + WHOLE[:4], 200)]
    assert told(cut + line(SMALL, True) + line(BIG, False) + behind) == [
        (encode(SMALL) + WHOLE[:4], 200),
        (encode(SMALL), 0),
    ]


def test_a_hole_inside_an_entry_parts_it() -> None:
    """Two frames are missing behind a third one, and the payload of one of them is not shown."""
    cut = f"RX OCTETS: {encode(SMALL)[:3].hex()} ...\n"
    lines = line(SMALL, True) + line(BIG, False) + line(PING, True)
    assert told(cut + lines) == [(encode(SMALL) + WHOLE[:4], 200), (encode(PING), 0)]
    counted = f"RX OCTETS: {encode(SMALL)[:3].hex()} ... +{4 + 204 + 3} octets\n"
    assert told(counted + lines) == [(encode(SMALL) + WHOLE[:4], 200), (encode(PING), 0)]


KEY = b"\1\2\3\4"


def sent_line(one: Frame, whole: bool) -> str:
    return line(one, whole).replace("RX", "TX", 1).replace("MASKED=False, MASK=None", f"MASK={KEY.hex()}")


def sent(text: str) -> list[tuple[bytes, int | None]]:
    """The same of the client's octets, whose lines precede them."""
    trace = parse(Source("log", HEADS + text)).trace
    own = [one for one in trace.entries if isinstance(one, Octets) and one.side is Side.CLIENT][1:]
    return [(one.data, one.cut.more if one.cut else 0) for one in own]


def masked(one: Frame) -> bytes:
    header = one.header
    return encode(frame(header.opcode, one.payload, fin=header.fin, key=KEY))


def write(octets: bytes, more: int | None = 0) -> str:
    """An entry with these octets, behind which so many are missing; None: an unknown number."""
    return (
        f"TX OCTETS: {octets.hex()}"
        + ("" if more == 0 else " ..." + f" +{more} octets" * bool(more))
        + "\n"
    )


@given(
    st.lists(st.tuples(frames, st.integers(2, 140), st.booleans(), st.booleans()), min_size=1, max_size=5)
)
def test_what_was_sent_is_there_again_too(some: list[tuple[Frame, int, bool, bool]]) -> None:
    text, wanted = "", []
    for one, shown, told, whole in some:
        data = masked(one)
        size = len(data) - len(one.payload)
        shown = len(data) if not told and not whole else max(size, min(shown, len(data)))
        more = len(data) - shown
        text += sent_line(one, whole) + write(data[:shown], more if told else None if more else 0)
        wanted.append((data, 0) if whole else (data[:shown], more))
    assert sent(text) == wanted


BIGGER = masked(BIG)
HELLO = masked(SMALL)


@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize("writes", [1, 2, 3])
def test_of_a_sent_frame_in_several_writes_its_line_says_how_much_is_missing(
    writes: int, behind: bool
) -> None:
    pieces = [BIGGER[:10], BIGGER[90:99], BIGGER[150:155]][:writes]
    text = sent_line(BIG, False) + "".join(write(piece, None) for piece in pieces)
    text += sent_line(SMALL, False) + write(HELLO) if behind else ""
    assert sent(text) == [(BIGGER[:10], len(BIGGER) - 10), *([(HELLO, 0)] if behind else [])]


def test_of_the_last_of_several_writes_nothing_is_cut() -> None:
    text = sent_line(BIG, False) + write(BIGGER[:10], None) + write(BIGGER[-20:])
    assert sent(text) == [(BIGGER[:10], len(BIGGER) - 10)]
    assert sent(text + sent_line(SMALL, True) + write(HELLO[:8], None)) == [
        (BIGGER[:10], len(BIGGER) - 10),
        (HELLO, 0),
    ]


@pytest.mark.parametrize("shown", range(1, 8))
def test_of_a_header_that_is_cut_the_line_has_the_rest(shown: int) -> None:
    assert sent(sent_line(BIG, True) + write(BIGGER[:shown], None)) == [(BIGGER, 0)]
    assert sent(sent_line(BIG, False) + write(BIGGER[:shown], None)) == [(BIGGER[:8], 200)]
    more = len(BIGGER) - shown
    assert sent(sent_line(BIG, True) + write(BIGGER[:shown], more)) == [(BIGGER, 0)]
    assert sent(sent_line(BIG, False) + write(BIGGER[:shown], more)) == [(BIGGER[:8], 200)]
    assert sent(sent_line(BIG, False) + write(BIGGER[:shown], 8 - shown or 1))[0][0] == BIGGER[:8]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        # The octets that are there begin no frame of the line.
        (sent_line(SMALL, True) + write(b"\x82", None), [(b"\x82", None)]),
        # Lines that are not enough: no line for what is missing, or only for a part of it.
        (sent_line(PING, True) + write(masked(PING) + b"\x81", 10), [(masked(PING) + b"\x81", 10)]),
        (sent_line(PING, True) + write(masked(PING), 11), [(masked(PING), 11)]),
        # What follows where the number of missing octets is unknown stays as it is.
        (
            sent_line(PING, True)
            + write(masked(PING), None)
            + sent_line(SMALL, True)
            + write(HELLO[:9], 2),
            [(masked(PING), None), (HELLO[:9], 2)],
        ),
    ],
)
def test_where_lines_say_too_little_of_what_was_sent(
    text: str, wanted: list[tuple[bytes, int | None]]
) -> None:
    assert sent(text) == wanted


@pytest.mark.parametrize(("pings", "found"), [(1, True), (2, True), (3, False), (4, False)])
def test_so_many_lines_are_looked_at_for_one_read(
    monkeypatch: pytest.MonkeyPatch, pings: int, found: bool
) -> None:
    monkeypatch.setattr(gaps, "MAX_ROWS", 3)
    start = encode(SMALL)[:3]
    text = f"RX OCTETS: {start.hex()} ...\n" + line(SMALL, True) + line(PING, True) * pings
    whole = encode(SMALL) + encode(PING) * pings
    assert told(text) == [(whole if found else encode(SMALL), 0)]


def test_octets_with_a_digest_stay_cut() -> None:
    digest = " sha256=" + "0" * 64
    text = f"RX OCTETS: {encode(SMALL)[:3].hex()} ... +4 octets{digest}\n" + line(BIG, False)
    (one,) = received(text)
    assert one.cut == Cut(4, "0" * 64)


@pytest.mark.parametrize("cut", ["", " ..."])
@pytest.mark.parametrize("size", [1, 4, 5, 10, 40])
def test_a_head_in_pieces_is_no_frame(size: int, cut: str) -> None:
    """What is cut behind it is restored as behind a whole one."""
    pieces = [ACCEPTED[i : i + size] for i in range(0, len(ACCEPTED), size)]
    text = HEADS.partition("\n")[0] + "\n" + "".join(f"RX OCTETS: {piece.hex()}\n" for piece in pieces)
    text += f"RX OCTETS: {encode(SMALL)[:4].hex()} ...\n" + line(SMALL, True)
    trace = parse(Source("log", text)).trace
    data = b"".join(
        one.data for one in trace.entries if isinstance(one, Octets) and one.side is Side.SERVER
    )
    assert data == ACCEPTED + encode(SMALL)


def test_a_head_with_a_frame_behind_it_in_the_same_read() -> None:
    text = HEADS.partition("\n")[0] + f"\nRX OCTETS: {(ACCEPTED + encode(SMALL)[:4]).hex()} ...\n"
    trace = parse(Source("log", text + line(SMALL, True))).trace
    assert [one.data for one in trace.entries if isinstance(one, Octets)][1:] == [ACCEPTED + encode(SMALL)]
    assert [one.cut for one in trace.entries if isinstance(one, Octets)] == [None, None]


def test_behind_a_head_that_is_cut_frames_begin() -> None:
    text = HEADS.partition("\n")[0] + f"\nRX OCTETS: {ACCEPTED[:40].hex()} ... +9 octets\n"
    text += f"RX OCTETS: {encode(SMALL)[:4].hex()} ... +3 octets\n" + line(SMALL, True)
    trace = parse(Source("log", text)).trace
    data = [(one.data, one.cut) for one in trace.entries if isinstance(one, Octets)][1:]
    assert data == [(ACCEPTED[:40], Cut(9)), (encode(SMALL), None)]


def test_lines_that_contradict_the_octets_say_nothing_of_missing_ones() -> None:
    cut = f"RX OCTETS: {WHOLE[:10].hex()} ...\n"
    for other in (frame(2, b"Hello"), frame(1, b"Hell"), frame(1, b"Hello", fin=False)):
        text = octets(encode(SMALL), 7, True) + line(other, False) + cut + line(BIG, False)
        assert told(text) == [(encode(SMALL), 0), (WHOLE[:10], None)]
    text = octets(encode(SMALL), 7, True) + line(SMALL, False) + cut + line(BIG, False)
    assert told(text) == [(encode(SMALL), 0), (WHOLE[:10], 194)]


@pytest.mark.parametrize(
    ("said", "missing"),
    [
        ("OPCODE=2, PAYLOAD-LEN=5", 3),
        ("OPCODE=2, PAYLOAD-LEN=5, MASKED=False", 3),
        ("OPCODE=2, RSV=0, FIN=True, PAYLOAD-LEN=5, MASK=None", 3),
        ("OPCODE=2, PAYLOAD-LEN=1, PAYLOAD-REPEAT-LEN=5", 3),
        ("OPCODE=2, PAYLOAD-LEN=5, PAYLOAD-REPEAT-LEN=None", 3),
        ("PAYLOAD-LEN=5", None),
        ("OPCODE=2", None),
        ("OPCODE=2, PAYLOAD-LEN=5, MASKED=True", None),
    ],
)
def test_what_a_line_has_to_say_of_octets_that_are_missing(said: str, missing: int | None) -> None:
    assert told(f"RX OCTETS: 8205 6162 ...\nRX FRAME : {said}\n") == [(b"\x82\x05ab", missing)]


@pytest.mark.parametrize(
    ("said", "whole"),
    [
        ("OPCODE=15, RSV=7, FIN=False, PAYLOAD-LEN=2", b"\x7f\x02"),
        ("OPCODE=16, PAYLOAD-LEN=2", None),
        ("OPCODE=1, RSV=8, PAYLOAD-LEN=2", None),
        (f"OPCODE=1, PAYLOAD-LEN={2**63 - 1}", b"\x81\x7f\x7f" + b"\xff" * 7),
        (f"OPCODE=1, PAYLOAD-LEN={2**63}", None),
    ],
)
def test_the_largest_numbers_of_a_line(said: str, whole: bytes | None) -> None:
    """Behind a frame that is whole, what a line says is restored if it can be a frame."""
    start = encode(SMALL)[:3]
    found = told(f"RX OCTETS: {start.hex()} ...\n" + line(SMALL, True) + f"RX FRAME : {said}\n")
    if whole is None:
        assert found == [(encode(SMALL), 0)]
    else:
        assert found[0][0] == encode(SMALL) + whole
