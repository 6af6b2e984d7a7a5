"""The client, without its server: what was recorded in cassettes/ answers it."""

from client import Chat

SERVER = "ws://127.0.0.1:8080/"  # only to record the cassettes: python server.py 8080


def test_ann_is_in_the_room(replay_cassette):
    with replay_cassette(SERVER) as url, Chat(url, "ann", "hall") as chat:
        assert chat.members == ["ann", "bot"]


def test_what_is_said_has_a_number(replay_cassette):
    with replay_cassette(SERVER) as url, Chat(url, "ann", "kitchen") as chat:
        assert chat.say("Hello") == 1
        assert chat.say("How are you, é?") == 2
