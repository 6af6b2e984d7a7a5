"""The project's other tests, which may use the same server."""

from websockets.sync.client import connect


def test_it_sends_a_message_back(replay_server: str) -> None:
    with connect(replay_server) as connection:
        connection.send("Hello")
        assert connection.recv() == "Hello"
