"""An echo server on the library ws4py: python ws4py_echo.py PORT."""

import sys
from wsgiref.simple_server import make_server

from ws4py.server.wsgirefserver import WebSocketWSGIRequestHandler, WSGIServer
from ws4py.server.wsgiutils import WebSocketWSGIApplication
from ws4py.websocket import WebSocket


class Echo(WebSocket):
    def received_message(self, message):
        self.send(message.data, message.is_binary)


server = make_server(
    "127.0.0.1",
    int(sys.argv[1]),
    server_class=WSGIServer,
    handler_class=WebSocketWSGIRequestHandler,
    app=WebSocketWSGIApplication(handler_cls=Echo),
)
server.initialize_websockets_manager()
server.serve_forever()
