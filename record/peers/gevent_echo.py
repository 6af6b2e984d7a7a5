"""An echo server on the library gevent-websocket: python gevent_echo.py PORT."""

import sys

from gevent import pywsgi
from geventwebsocket.exceptions import WebSocketError
from geventwebsocket.handler import WebSocketHandler


def application(environ, start_response):
    connection = environ.get("wsgi.websocket")
    if connection is None:
        start_response("400 Bad Request", [("Content-Length", "0")])
        return []
    try:
        while (message := connection.receive()) is not None:
            connection.send(message, binary=not isinstance(message, str))
    except WebSocketError:
        pass
    return []


pywsgi.WSGIServer(
    ("127.0.0.1", int(sys.argv[1])), application, handler_class=WebSocketHandler
).serve_forever()
