"""A client of the chat, as an application would have it."""

import json
import uuid
from contextlib import ExitStack

from websockets.sync.client import connect


class Chat:
    """A visit to a room: `with Chat(url, "ann", "dev") as chat:`."""

    def __init__(self, url, user, room):
        self.room = room
        self._open = ExitStack()
        self._connection = self._open.enter_context(connect(url))
        self._until("hello")
        self._say("login", user=user)
        self.token = self._until("welcome")["token"]
        self._say("join", room=room)
        self.members = sorted(self._until("joined")["members"])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._say("bye")
        self._open.close()

    def say(self, text):
        """Say something, and return the number that it has in the room."""
        self._say("say", room=self.room, text=text)
        return self._until("message")["seq"]

    def _say(self, kind, **values):
        self._connection.send(json.dumps({"type": kind, "id": str(uuid.uuid4()), **values}))

    def _until(self, kind):
        while True:
            said = json.loads(self._connection.recv(timeout=10))
            if said["type"] == kind:
                return said
