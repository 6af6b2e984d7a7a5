"""Checks the parser of wsproto: `replay vectors -o v.json; python read_wsproto.py v.json`."""

import json
import sys
from pathlib import Path

from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage
from wsproto.extensions import PerMessageDeflate
from wsproto.utilities import RemoteProtocolError

KINDS = {TextMessage: "text", BytesMessage: "binary", Ping: "ping", Pong: "pong"}


def parser(vector):
    """A connection that is open, with what was agreed."""
    extensions = []
    if vector["extensions"]:
        deflate = PerMessageDeflate()
        agree = deflate.accept if vector["receiver"] == "server" else deflate.finalize
        agree(vector["extensions"])
        extensions.append(deflate)
    side = ConnectionType.SERVER if vector["receiver"] == "server" else ConnectionType.CLIENT
    return Connection(side, extensions)


def read(vector):
    """What the parser makes of the octets, and whether it fails."""
    connection, events, held = parser(vector), [], b""
    try:
        for write in vector["writes"]:
            connection.receive_data(bytes.fromhex(write))
            for event in connection.events():
                if isinstance(event, CloseConnection):
                    if connection.state is ConnectionState.OPEN:  # it was told of a fault, not sent a Close
                        return events, True
                    code = None if event.code == 1005 else event.code
                    reason = (event.reason or "").encode().hex()
                    return [*events, ("close", reason, code)], False
                if isinstance(event, Ping | Pong):
                    events.append((KINDS[type(event)], event.payload.hex(), None))
                    continue
                held += event.data.encode() if isinstance(event, TextMessage) else event.data
                if event.message_finished:
                    events.append((KINDS[type(event)], held.hex(), None))
                    held = b""
    except RemoteProtocolError:
        return events, True
    return events, False


def main():
    wrong = 0
    for vector in json.loads(Path(sys.argv[1]).read_bytes())["vectors"]:
        expected = [(one["kind"], one.get("data", ""), one.get("code")) for one in vector["events"]]
        events, failed = read(vector)
        fits = failed is (vector["verdict"] == "invalid") or vector["verdict"] == "either"
        if not fits or (not failed and events != expected):
            wrong += 1
            print(vector["id"], vector["receiver"], vector["verdict"], vector["failure"])
    return wrong


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
