"""An echo server on the library eventlet: python eventlet_echo.py PORT."""

import sys

import eventlet
from eventlet import websocket, wsgi


@websocket.WebSocketWSGI
def echo(connection):
    while (message := connection.wait()) is not None:
        connection.send(message)


wsgi.server(eventlet.listen(("127.0.0.1", int(sys.argv[1]))), echo, log_output=False)
