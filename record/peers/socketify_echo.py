"""An echo server on uWebSockets, by its Python binding socketify: python socketify_echo.py PORT."""

import sys

from socketify import App, CompressOptions

app = App()
app.ws(
    "/*",
    {
        "compression": CompressOptions.DEDICATED_COMPRESSOR,
        "max_payload_length": 2**26,
        "max_backpressure": 2**28,
        "message": lambda connection, message, opcode: connection.send(message, opcode),
    },
)
app.listen({"port": int(sys.argv[1]), "host": "127.0.0.1"}, lambda _: None)
app.run()
