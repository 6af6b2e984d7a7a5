"""Where frames stand in the entries of a trace, however the octets are divided among those."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.trace import framing
from replay.trace.framing import LoggedFrame, recorder, second_connection, stream
from replay.trace.model import Cut, Drop, Entry, Logging, Octets
from replay.wire.frame import encode, frame
from replay.wire.handshake import encode_request, encode_response
from replay.wire.side import Side
from tests.memory import ACCEPTED, REQUEST

C, S = Side.CLIENT, Side.SERVER
HEADS = {C: encode_request("/", REQUEST), S: ACCEPTED}
FRAMES = (
    frame(1, b"Hello", key=b"abcd"),
    frame(2, b"\xfe" * 126, fin=False, key=b"efgh"),
    frame(0, b"", key=b"ijkl"),
    frame(8, b"\3\xe8", key=b"mnop"),
)
OCTETS = b"".join(map(encode, FRAMES))


def divided(octets: bytes, cuts: list[int], side: Side = C) -> list[Octets]:
    bounds = [0, *sorted(cuts), len(octets)]
    return [Octets(side, octets[a:b]) for a, b in itertools.pairwise(bounds)]


def places(entries: list[Octets], skipped: int) -> list[tuple[int, int, int]]:
    """Of each of FRAMES: the entry with its first octet, where that stands in it, and its last entry."""
    owners = [(number, at) for number, entry in enumerate(entries) for at in range(len(entry.data))]
    ends = list(itertools.accumulate((len(encode(one)) for one in FRAMES), initial=skipped))
    return [(*owners[start], owners[end - 1][0]) for start, end in itertools.pairwise(ends)]


def shown(found: list[LoggedFrame]) -> list[tuple[int, int, int]]:
    return [(one.first, one.at, one.last) for one in found]


@pytest.mark.parametrize("side", Side)
def test_frames_are_found_behind_a_head_that_is_split_anywhere(side: Side) -> None:
    octets = HEADS[side] + OCTETS
    for cut in range(1, len(octets)):
        entries = divided(octets, [cut], side)
        found = stream(entries, side)
        assert [(one.header, one.payload()) for one in found.frames] == [*FRAMES]
        assert shown(found.frames) == places(entries, len(HEADS[side]))
        assert found.lost == set()


@given(st.booleans(), st.data())
def test_frames_are_found_in_any_division(with_head: bool, data: st.DataObject) -> None:
    head = HEADS[C] if with_head else b""
    octets = head + OCTETS
    entries = divided(octets, data.draw(st.lists(st.integers(0, len(octets)), max_size=9)))
    found = stream(entries, C)
    assert shown(found.frames) == places(entries, len(head))
    for one, sent in zip(found.frames, FRAMES, strict=True):
        assert one.whole
        assert one.run[one.start : one.end] == encode(sent)
        assert one.payload() == sent.payload
    assert found.ends == {len(entries) - 1}
    assert stream([*entries, Octets(C, b"\x81")], C).ends == set()


def test_octet_by_octet_each_frame_has_its_entries() -> None:
    entries = divided(HEADS[C] + OCTETS, list(range(1, len(HEADS[C] + OCTETS))))
    assert shown(stream(entries, C).frames) == places(entries, len(HEADS[C]))


@pytest.mark.parametrize("cut", [1, 2, 5, 6, 10])
def test_a_frame_that_is_not_whole_is_shown_as_far_as_it_is_there(cut: int) -> None:
    octets = encode(FRAMES[0])
    (one,) = stream([Octets(C, octets[:cut])], C).frames
    assert not one.whole
    assert one.run[one.start : one.end] == octets[:cut]
    assert one.payload() == FRAMES[0].payload[: max(0, cut - 6)]
    assert (one.header is None) is (cut < 6)


@pytest.mark.parametrize(("more", "known"), [(3, True), (2, False), (4, False), (None, False)])
def test_behind_octets_that_are_missing_frames_go_on_where_one_ends_with_them(
    more: int | None, known: bool
) -> None:
    octets = encode(FRAMES[0])
    entries = [Octets(C, octets[:-3], cut=Cut(more)), Octets(C, encode(FRAMES[1]))]
    found = stream(entries, C)
    assert [one.first for one in found.frames] == ([0, 1] if known else [0])
    assert found.lost == (set() if known else {1})
    assert found.unsure == (0 if more is None else None)
    assert [one.first for one in stream(entries, C, aligned=True).frames] == [0, 1]


def test_behind_a_refusal_there_are_no_frames() -> None:
    refusal = encode_response(404, "Not Found", [])
    found = stream([Octets(S, refusal), Octets(S, encode(FRAMES[0]))], S)
    assert found.frames == []
    assert found.lost == {0, 1}


def test_continuation_frames_that_are_alike_come_as_one_row() -> None:
    one = encode(frame(0, b"ab", fin=False))
    entries = [Octets(S, encode(frame(2, b"", fin=False)) + one * 5 + encode(FRAMES[3]))]
    found = stream(entries, S)
    assert [times for _, times in found.rows] == [1, 5, 1]
    assert [each.header.first for each in found.frames if each.header] == [2, 0, 0, 0, 0, 0, 0x88]
    assert [each.run[each.start : each.end] for each in found.frames[1:6]] == [one] * 5
    assert [each.payload() for each in found.frames[1:6]] == [b"ab"] * 5
    assert [each.at for each in found.frames] == [
        2 * (each > 0) + 4 * max(0, each - 1) for each in range(7)
    ]
    assert found.frames[-1].payload() == b"\3\xe8"


@pytest.mark.parametrize(
    ("tx", "rx", "client"),
    [
        (HEADS[C], HEADS[S], True),
        (HEADS[S], HEADS[C], False),
        (b"", HEADS[C], False),
        (b"", HEADS[S], True),
        (encode(FRAMES[0]), b"", True),
        (b"", encode(FRAMES[0]), False),
        (encode(frame(1, b"a")), b"", False),
        (b"", encode(frame(1, b"a")), True),
        (encode(frame(1, b"a")), encode(FRAMES[0]), False),
        (encode(frame(1, b"a")), encode(frame(1, b"a")), None),
        (b"", b"", None),
    ],
)
def test_the_recorder_is_told_by_the_octets(tx: bytes, rx: bytes, client: bool | None) -> None:
    found = recorder([Octets(C, tx), Octets(S, rx)], C)
    assert found is (None if client is None else C if client else S)


FIRST: tuple[Entry, ...] = (Octets(C, HEADS[C]), Octets(S, HEADS[S]))
SECOND = Octets(C, b"GET /again HTTP/1.1\r\nHost: localhost\r\n\r\n")


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        ((*FIRST, SECOND), SECOND),
        ((*FIRST, Drop(S), SECOND), SECOND),
        ((*FIRST, Octets(C, encode(FRAMES[0])), SECOND), SECOND),
        ((*FIRST, Octets(C, encode(FRAMES[0])[:-1]), SECOND), None),  # it goes on inside a frame
        ((FIRST[0], SECOND), None),  # the first is not answered yet
        (FIRST, None),
        ((*FIRST, Octets(C, b"GET it")), None),
        ((Octets(C, HEADS[C]), Octets(S, b"HTTP/1.1 404 Not Found\r\n\r\n"), SECOND), None),
        ((Octets(C, HEADS[C]), Octets(S, HEADS[S][:9]), Octets(S, HEADS[S][9:]), SECOND), SECOND),
    ],
)
def test_another_connection_begins_with_another_handshake(
    entries: tuple[Entry, ...], found: Octets | None
) -> None:
    assert second_connection(entries) is found


@pytest.mark.parametrize(
    ("entries", "firsts", "lost"),
    [
        # Behind a head that ends with the missing octets, or with none missing, frames begin.
        ([Octets(C, HEADS[C], cut=Cut(0)), Octets(C, OCTETS)], [1, 1, 1, 1], set()),
        ([Octets(C, HEADS[C], cut=Cut(1)), Octets(C, OCTETS)], [], {1}),
        ([Octets(C, HEADS[C][:30], cut=Cut(0)), Octets(C, OCTETS)], [], {0, 1}),
        ([Octets(C, HEADS[C] + OCTETS, cut=Cut(0)), Octets(C, OCTETS)], [0] * 4 + [1] * 4, set()),
        ([Octets(C, HEADS[C] + OCTETS, cut=Cut(1)), Octets(C, OCTETS)], [0] * 4, {1}),
        ([Octets(C, b"\x81", cut=Cut(0)), Octets(C, OCTETS)], [0], {1}),
        # All that comes later is lost, too, but not what the other side sent.
        (
            [Octets(C, b"\x81", cut=Cut()), Octets(S, OCTETS), Octets(C, OCTETS), Octets(C, b"")],
            [0],
            {2, 3},
        ),
        # Where logging was off, anything is missing; what is logged again begins with a frame.
        ([Octets(C, b"\x81", cut=Cut()), Logging(True), Octets(C, OCTETS)], [0, 2, 2, 2, 2], set()),
        ([Octets(C, OCTETS[:3]), Logging(False), Octets(C, OCTETS)], [0, 2, 2, 2, 2], set()),
        ([Logging(True), Octets(C, HEADS[C]), Octets(C, OCTETS)], [2, 2, 2, 2], set()),
        ([Octets(C, HEADS[C]), Logging(False), Logging(True), Octets(C, OCTETS)], [3, 3, 3, 3], set()),
        # Only the first octets can be a head.
        ([Octets(C, OCTETS), Octets(C, b"GET ")], [0, 0, 0, 0, 1], set()),
        ([Octets(C, b""), Octets(C, HEADS[C][:3]), Octets(C, HEADS[C][3:] + OCTETS)], [2, 2, 2, 2], set()),
    ],
)
def test_where_frames_begin(entries: list[Entry], firsts: list[int], lost: set[int]) -> None:
    found = stream(entries, C)
    assert [one.first for one in found.frames] == firsts
    assert found.lost == lost


def test_the_entries_that_end_with_a_head_or_a_frame() -> None:
    assert stream([Octets(C, HEADS[C])], C).ends == {0}
    assert stream(divided(HEADS[C], [9]), C).ends == {1}
    assert stream([Octets(C, HEADS[C][:-1])], C).ends == set()
    assert stream([Octets(C, HEADS[C]), Octets(C, OCTETS[:-1])], C).ends == set()
    cut: list[Entry] = [
        Octets(C, HEADS[C], cut=Cut(0)),
        Octets(C, OCTETS),
        Logging(True),
        Octets(C, OCTETS),
    ]
    assert stream(cut, C).ends == {0, 1, 3}


def test_the_first_entry_that_leaves_out_an_unknown_number_of_octets() -> None:
    entries = [Octets(C, b"\x81", cut=Cut(5)), Octets(S, b"\x81", cut=Cut())]
    entries += [Octets(C, b"\x81", cut=Cut()), Octets(C, b"\x81", cut=Cut())]
    assert stream(entries, C).unsure == 2
    assert stream(entries, S).unsure == 1
    assert stream(entries[:2], C).unsure is None


def test_frames_other_than_continuations_are_rows_of_their_own() -> None:
    entries = [Octets(S, encode(frame(1, b"ab")) * 3), Octets(S, encode(frame(0, b"ab")) * 2)]
    found = stream(entries, S)
    assert [times for _, times in found.rows] == [1, 1, 1, 1, 1]
    last = found.frames[-1]
    assert last.run == entries[1].data
    assert (last.start, last.body, last.end, last.lacking) == (4, 6, 8, 0)


def test_frames_that_are_alike_stand_for_themselves_in_each_entry() -> None:
    one = encode(frame(0, b"abc", fin=False))
    entries = [
        Octets(S, encode(frame(2, b"", fin=False)) + one * 2 + one[:1]),
        Octets(S, one[1:] + one * 3),
    ]
    found = stream(entries, S)
    assert [(row.first, row.at, times) for row, times in found.rows] == [
        (0, 0, 1),
        (0, 2, 2),
        (0, 12, 1),
        (1, 4, 3),
    ]


@pytest.mark.parametrize(
    ("most", "rows", "lost"),
    [
        (8, [1, 5, 1, 1], set()),
        (7, [1, 5, 1, 0], {2}),
        (6, [1, 5, 0], {1, 2}),
        (5, [1, 4], {0, 1, 2}),
        (1, [1, 0], {0, 1, 2}),
    ],
)
def test_so_many_frames_are_found_and_no_more(
    monkeypatch: pytest.MonkeyPatch, most: int, rows: list[int], lost: set[int]
) -> None:
    monkeypatch.setattr(framing, "MAX_FRAMES", most)
    first = encode(frame(2, b"", fin=False)) + encode(frame(0, b"ab", fin=False)) * 5
    entries = [Octets(S, first), Octets(S, encode(FRAMES[0])), Octets(S, encode(FRAMES[0]))]
    found = stream(entries, S)
    assert [times for _, times in found.rows] == rows
    assert found.lost == lost
    assert len(found.frames) == sum(rows)


@pytest.mark.parametrize("me", Side)
def test_a_head_in_pieces_tells_the_recorder(me: Side) -> None:
    for size in (1, 2, 3, 4, 5, 6):
        for head, of in ((HEADS[C], C), (HEADS[S], S)):
            entries = [Octets(me, head[i : i + size]) for i in range(0, 12, size)]
            assert recorder([Octets(me, b""), *entries], me) is of
            assert recorder([Octets(me.other, b""), *(one for one in entries)], me.other) is of.other


@pytest.mark.parametrize("me", Side)
def test_octets_that_are_missing_part_what_looks_like_a_head(me: Side) -> None:
    entries = [Octets(me, b"GE", cut=Cut()), Octets(me, b"T / HTTP/1.1\r\n\r\n")]
    assert recorder(entries, me) is S
    assert recorder([Octets(me, b"GET /", cut=Cut())], me) is C


@pytest.mark.parametrize(
    ("entries", "place"),
    [
        ((Octets(C, b""), *FIRST), None),
        ((*FIRST, Octets(S, HEADS[S])), 2),
        ((*FIRST, Octets(S, encode(FRAMES[1])[:-1]), Octets(S, HEADS[S])), None),
        ((*FIRST, Octets(S, encode(FRAMES[0]) + HEADS[S])), None),
        ((*FIRST, Octets(S, encode(FRAMES[0])), Octets(S, HEADS[S])), 3),
        ((*FIRST, Octets(S, b"HTTP/1.1 404 Not Found\r\n\r\n")), None),
        ((FIRST[0], Drop(S), SECOND), 2),
        ((FIRST[0], Drop(S), Octets(C, b"GET it")), None),
        ((Drop(S), *FIRST), None),
        ((Drop(S), *FIRST, Octets(C, encode(FRAMES[1])[:-1]), SECOND), 4),
        ((*FIRST, Octets(C, encode(FRAMES[0])), Octets(C, b""), SECOND, SECOND), 4),
        ((FIRST[0], Octets(S, HEADS[S][:12]), Octets(S, HEADS[S][12:]), SECOND), 3),
        ((FIRST[0], Octets(S, HEADS[S][:13]), SECOND), 2),
        ((FIRST[0], Octets(S, b""), SECOND), None),
    ],
)
def test_which_entry_begins_another_connection(entries: tuple[Entry, ...], place: int | None) -> None:
    found = second_connection(entries)
    assert found is (None if place is None else entries[place])
