"""A chat: the application of the tutorial "Test an application". Usage: python server.py PORT"""

import asyncio
import contextlib
import json
import pathlib
import random
import secrets
import sys
import uuid
from datetime import UTC, datetime
from http import HTTPStatus

from websockets.asyncio.server import serve
from websockets.datastructures import Headers
from websockets.http11 import Response

HEARTBEAT = 0.3  # seconds; a real application would take 30
PAGE = (pathlib.Path(__file__).parent / "index.html").read_bytes()

tokens = {}  # user by token
rooms = {}  # connections by user, by room
history = {}  # messages by room


def now():
    return datetime.now(UTC).isoformat(timespec="milliseconds")


async def send(connection, type, **values):
    await connection.send(json.dumps({"type": type, **values}))


async def heartbeats(connection):
    while True:
        await asyncio.sleep(HEARTBEAT)
        await send(connection, "heartbeat", at=now())


async def chat(connection):
    beating = asyncio.create_task(heartbeats(connection))
    user = None
    await send(connection, "hello", session=secrets.token_hex(8))
    try:
        async for text in connection:
            said = json.loads(text)
            if said["type"] == "login":
                user = said["user"]
                token = secrets.token_urlsafe(12)
                tokens[token] = user
                await send(connection, "welcome", user=user, token=token)
            elif said["type"] == "resume" and said["token"] in tokens:
                user = tokens[said["token"]]
                missed = history.get(said["room"], [])[said["last"] :]
                rooms.setdefault(said["room"], {})[user] = connection
                await send(connection, "resumed", missed=len(missed))
                for message in missed:
                    await send(connection, "message", **message)
            elif user is None:
                await connection.close(4401, "log in first")
            elif said["type"] == "join":
                members = rooms.setdefault(said["room"], {})
                members[user] = connection
                names = [*members, "bot"]
                random.shuffle(names)
                await send(connection, "joined", re=said["id"], room=said["room"], members=names)
            elif said["type"] == "say":
                messages = history.setdefault(said["room"], [])
                message = {
                    "seq": len(messages) + 1,
                    "id": str(uuid.uuid4()),
                    "from": user,
                    "text": said["text"],
                    "at": now(),
                }
                messages.append(message)
                members = rooms.get(said["room"], {}).values()
                sending = [send(member, "message", **message) for member in members]
                sending.append(send(connection, "ack", re=said["id"], message=message["id"]))
                random.shuffle(sending)
                for one in sending:
                    with contextlib.suppress(Exception):  # a member that has gone will resume
                        await one
            elif said["type"] == "bye":
                await connection.close(1000, "bye")
    finally:
        beating.cancel()


def page(connection, request):
    """What a browser gets that doesn't ask for a WebSocket."""
    if "Upgrade" not in request.headers:
        return Response(HTTPStatus.OK, "OK", Headers({"Content-Type": "text/html; charset=utf-8"}), PAGE)
    return None


async def main():
    async with serve(chat, "127.0.0.1", int(sys.argv[1]), process_request=page) as server:
        await server.serve_forever()


asyncio.run(main())
