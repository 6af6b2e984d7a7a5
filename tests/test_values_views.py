"""Messages as values."""

from __future__ import annotations

import math
import re
import sys
from importlib.metadata import EntryPoint, EntryPoints

import msgpack  # type: ignore[import-untyped,import-not-found,unused-ignore]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.source import SourceError
from replay.values import views
from replay.values.equal import same, too_deep
from replay.values.shape import Value
from replay.values.view import View
from replay.values.views import view

json_values: st.SearchStrategy[Value] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=15,
)


@given(json_values)
def test_json_is_read_as_it_was_written(value: Value) -> None:
    text, octets = view("json").encode(value)
    assert text
    assert same(view("json").decode(text, octets), value)


@pytest.mark.parametrize(
    ("value", "octets"),
    [
        ({"a": [1, 1.5, True, None], "é": "ü\n"}, '{"a":[1,1.5,true,null],"é":"ü\\n"}'.encode()),
        ("\ud800é", b'"\\ud800\\u00e9"'),
        (10**40, b"1" + b"0" * 40),
    ],
)
def test_json_is_written_short(value: Value, octets: bytes) -> None:
    assert view("json").encode(value) == (True, octets)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not JSON: the text ends too early, at character 1"),
        ("{", "is not JSON: the text ends too early, at character 2"),
        ("hello", "is not JSON: expecting value, at character 1"),
        ("[1] 2", "is not JSON: extra data, at character 5"),
        ("[NaN]", "is not JSON: NaN is not a JSON value, at character 2"),
        ('{"a":1,"a":2}', "is not JSON: duplicate key 'a'"),
        ("[" * 5000 + "]" * 5000, "is "),
        ("[" * 101 + "]" * 101, "is JSON that is nested deeper than 100 levels"),
        ("[1e400]", "is JSON with a number that is too large for a double"),
        ("9" * 2000, "is not JSON: a number of 2,000 digits; at most 1000 are allowed, at character 1"),
    ],
)
def test_what_is_not_json(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"^is ") as error:
        view("json").decode(True, text.encode())
    assert str(error.value).startswith(said)


def test_json_is_a_text_in_utf8() -> None:
    with pytest.raises(ValueError, match=r"^is a binary message, not a text$"):
        view("json").decode(False, b"{}")
    with pytest.raises(ValueError, match=r"^isn't UTF-8$"):
        view("json").decode(True, b'"\xff"')


@pytest.mark.parametrize(
    ("value", "said"), [({"a": [b"x"]}, "binary data"), ([math.nan], "nan"), (math.inf, "inf")]
)
def test_what_json_cannot_express(value: Value, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        view("json").encode(value)


ROT = View("rot13", lambda text, octets: octets.decode("rot13"), lambda value: (True, b""))


def test_a_plug_in_adds_a_view(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [EntryPoint("rot13", f"{__name__}:ROT", views.GROUP), EntryPoint("bad", "os:sep", views.GROUP)]
    points.append(EntryPoint("gone", "no_such_module:VIEW", views.GROUP))
    monkeypatch.setattr(views, "entry_points", lambda group: EntryPoints(points))
    assert "rot13" in views.names()
    with pytest.raises(SourceError) as unknown:
        view("rot14")
    assert unknown.value.hint == "did you mean 'rot13'?"
    with pytest.raises(SourceError, match="'bad' isn't a replay"):
        view("bad")
    with pytest.raises(SourceError, match="'gone' can't be loaded: No module named 'no_such_module'"):
        view("gone")


# MessagePack.

packed_values: st.SearchStrategy[Value] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=15,
)


@given(packed_values)
def test_messagepack_is_read_as_it_was_written(value: Value) -> None:
    text, octets = view("msgpack").encode(value)
    assert not text
    assert octets == msgpack.packb(value)
    assert same(view("msgpack").decode(text, octets), value)


@pytest.mark.parametrize(
    ("octets", "value"),
    [
        ("82 a7 636f6d70616374 c3 a6 736368656d61 00", {"compact": True, "schema": 0}),  # msgpack.org
        ("c4 03 01 02 03", b"\1\2\3"),
        ("82 01 a1 61 02 a1 62", {"map": [[1, "a"], [2, "b"]]}),
        ("81 91 01 c0", {"map": [[[1], None]]}),
        ("d4 05 2a", {"ext": [5, b"*"]}),
        ("d6 ff 65 53 f1 00", {"ext": [-1, b"\x65\x53\xf1\x00"]}),
        ("81 a3 6d6170 01", {"map": 1}),
    ],
)
def test_messagepack_that_json_has_no_words_for(octets: str, value: Value) -> None:
    assert view("msgpack").decode(False, bytes.fromhex(octets)) == value
    assert view("msgpack").encode(value) == (False, bytes.fromhex(octets))


@pytest.mark.parametrize(
    ("text", "octets", "said"),
    [
        (True, "c0", "is a text message, not a binary one"),
        (False, "", "isn't MessagePack: unpack failed: incomplete input"),
        (False, "c1", "isn't MessagePack: "),
        (False, "92 c0", "isn't MessagePack: unpack failed: incomplete input"),
        (False, "c0 c0 c0", "has 2 octets after its MessagePack"),
        (False, "a1 ff", "isn't MessagePack: 'utf-8' codec"),
        (False, "82 a1 61 01 a1 61 02", "isn't MessagePack: a map has the same key twice"),
        (False, "91" * 100 + "90", "is MessagePack that is nested deeper than 100 levels"),
        (False, "91" * 100_000 + "90", "is"),
        (False, "dd ff ff ff ff", "isn't MessagePack: "),
    ],
)
def test_what_is_not_messagepack(text: bool, octets: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"^is|^has") as error:
        view("msgpack").decode(text, bytes.fromhex(octets))
    assert str(error.value).startswith(said)


@pytest.mark.parametrize(
    ("value", "said"),
    [(2**64, "more than 64 bits"), ("\ud800", "lone surrogate"), ({"\ud800": 1}, "lone surrogate")],
)
def test_what_messagepack_cannot_express(value: Value, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        view("msgpack").encode(value)


# Socket.IO.


@pytest.mark.parametrize(
    ("packet", "value"),
    [
        # A session of socket.io's own client with its server.
        (
            '0{"sid":"FcaSINBQHZLqSa_gAAAA","upgrades":[],"pingInterval":25000}',
            {"open": {"sid": "FcaSINBQHZLqSa_gAAAA", "upgrades": [], "pingInterval": 25000}},
        ),
        ('40{"token":"s3cret"}', {"connect": {"token": "s3cret"}}),
        ('42["welcome",{"at":1796035822232}]', {"event": ["welcome", {"at": 1796035822232}]}),
        ('420["join","dev"]', {"event": ["join", "dev"], "id": 0}),
        ('4312[{"ok":true}]', {"ack": [{"ok": True}], "id": 12}),
        (
            '451-3["blob",{"_placeholder":true,"num":0}]',
            {"binary-event": ["blob", {"_placeholder": True, "num": 0}], "id": 3, "attachments": 1},
        ),
        (
            '461-3[{"_placeholder":true,"num":0}]',
            {"binary-ack": [{"_placeholder": True, "num": 0}], "id": 3, "attachments": 1},
        ),
        ("41", {"disconnect": None}),
        # Others of the protocol's description.
        ("40", {"connect": None}),
        ("40/admin,", {"connect": None, "namespace": "/admin"}),
        (
            '42/admin,456["project:delete",123]',
            {"event": ["project:delete", 123], "namespace": "/admin", "id": 456},
        ),
        ('451-/admin,["a"]', {"binary-event": ["a"], "namespace": "/admin", "attachments": 1}),
        ('44{"message":"Not authorized"}', {"error": {"message": "Not authorized"}}),
        ("2", {"ping": None}),
        ("3probe", {"pong": "probe"}),
        ("5", {"upgrade": None}),
        ("6", {"noop": None}),
        ("1", {"close": None}),
    ],
)
def test_packets_of_socket_io(packet: str, value: Value) -> None:
    assert view("socket.io").decode(True, packet.encode()) == value
    assert view("socket.io").encode(value) == (True, packet.encode())


def test_an_attachment_is_its_octets() -> None:
    assert view("socket.io").decode(False, b"\1\2") == b"\1\2"
    assert view("socket.io").encode(b"\1\2") == (False, b"\1\2")


@pytest.mark.parametrize(
    ("packet", "said"),
    [
        ("", "doesn't begin with the type of a packet"),
        ("hello", "doesn't begin with the type of a packet"),
        ("4", "doesn't begin with the type of a packet"),
        ("47", "doesn't begin with the type of a packet"),
        ("42", "is a packet of the kind event, which has a list, with something else"),
        ('42{"a":1}', "is a packet of the kind event, which has a list, with something else"),
        ("40[]", "is a packet of the kind connect, which has an object or nothing, with something else"),
        ('45["a"]', "is a packet of the kind binary-event: only binary ones have a number of attachments"),
        ('421-["a"]', "is a packet of the kind event: only binary ones have a number of attachments"),
        ("42[", "is not JSON: the text ends too early, at character 2"),
    ],
)
def test_what_is_no_packet_of_socket_io(packet: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"^is |^doesn") as error:
        view("socket.io").decode(True, packet.encode())
    assert str(error.value) == said


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        {"id": 1},
        {"ping": None, "pong": None},
        {"event": "a"},
        {"event": ["a"], "id": "x"},
        {"event": ["a"], "id": -1},
        {"event": ["a"], "namespace": "admin"},
        {"event": ["a"], "attachments": 1},
        {"event": ["a"], "other": 1},
        {"binary-event": ["a"]},
        {"ping": None, "id": 1},
        {"event": [b"a"]},
    ],
)
def test_what_socket_io_cannot_express(value: Value) -> None:
    with pytest.raises(ValueError, match=r"is|has"):
        view("socket.io").encode(value)


@given(
    st.text(max_size=12)
    | st.from_regex(r"4[0-6][0-9]{0,2}-?(/a,)?[0-9]{0,2}\[?\"?a?\"?\]?", fullmatch=True)
)
def test_every_text_is_a_packet_or_refused(packet: str) -> None:
    try:
        value = view("socket.io").decode(True, packet.encode("utf-8", "replace"))
    except ValueError:
        return
    text, octets = view("socket.io").encode(value)
    assert text
    assert same(view("socket.io").decode(True, octets), value)


# graphql-transport-ws.


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("[]", "isn't a message of graphql-transport-ws: that is an object with a type"),
        ('{"type":7}', "isn't a message of graphql-transport-ws: that is an object with a type"),
        ('{"type":"nonsense"}', "has the unknown type 'nonsense'"),
        (
            '{"type":"connection_akc"}',
            "has the unknown type 'connection_akc': did you mean 'connection_ack'?",
        ),
        ('{"type":"next","id":"1"}', "is of the type next, which needs the key payload"),
        ('{"type":"complete"}', "is of the type complete, which needs the key id"),
        ('{"type":"complete","id":1}', "has an id that isn't a text"),
        ("{", "is not JSON: the text ends too early, at character 2"),
    ],
)
def test_what_is_no_message_of_graphql(message: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"^(?:is|has)") as error:
        view("graphql-transport-ws").decode(True, message.encode())
    assert str(error.value) == said


@pytest.mark.parametrize(
    "message",
    [
        '{"type":"connection_init","payload":{"token":"s3cret"}}',
        '{"type":"connection_ack"}',
        '{"id":"1","type":"next","payload":{"data":{"me":{"name":"Ann"}}}}',
        '{"id":"1","type":"error","payload":[{"message":"no"}]}',
        '{"id":"1","type":"complete"}',
    ],
)
def test_messages_of_graphql(message: str) -> None:
    value = view("graphql-transport-ws").decode(True, message.encode())
    assert view("graphql-transport-ws").encode(value) == (True, message.encode())


def test_a_wrong_message_of_graphql_can_be_sent() -> None:
    assert view("graphql-transport-ws").encode({"type": "nonsense"}) == (True, b'{"type":"nonsense"}')


def test_a_view_whose_library_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "replay.values.msgpack_view", raising=False)
    monkeypatch.setitem(sys.modules, "msgpack", None)
    with pytest.raises(SourceError, match="the view 'msgpack' can't be loaded") as error:
        view("msgpack")
    assert error.value.hint == "pip install 'wire-replay[apps]'"


@pytest.mark.parametrize("name", views.names())
@given(st.booleans(), st.binary(max_size=30))
def test_a_view_refuses_octets_with_a_clause(name: str, text: bool, octets: bytes) -> None:
    said, value = "is a value", None
    try:
        value = view(name).decode(text, octets)
    except ValueError as error:
        said = str(error)
    assert re.match(r"(is|isn't|has|doesn't) ", said)
    assert not too_deep(value)
