"""Checks the parser of websockets: `replay vectors -o v.json; python read_websockets.py v.json`."""

import json
import sys
from pathlib import Path

from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Opcode
from websockets.protocol import Protocol, Side, State

KINDS = {Opcode.TEXT: "text", Opcode.BINARY: "binary", Opcode.PING: "ping", Opcode.PONG: "pong"}


def parser(vector):
    """A connection that is open, with what was agreed."""
    server = vector["receiver"] == "server"
    connection = Protocol(Side.SERVER if server else Side.CLIENT, state=State.OPEN, max_size=None)
    if vector["extensions"]:
        terms = dict(part.strip().partition("=")[::2] for part in vector["extensions"].split(";")[1:])
        mine, theirs = ("server", "client") if server else ("client", "server")
        deflate = PerMessageDeflate(
            f"{theirs}_no_context_takeover" in terms,
            f"{mine}_no_context_takeover" in terms,
            int(terms.get(f"{theirs}_max_window_bits") or 15),
            int(terms.get(f"{mine}_max_window_bits") or 15),
        )
        connection.extensions = [deflate]
    return connection


def read(vector):
    """What the parser makes of the octets, and whether it fails. Its caller checks texts."""
    connection, events, kind, held = parser(vector), [], "", b""
    for write in vector["writes"]:
        connection.receive_data(bytes.fromhex(write))
        for frame in connection.events_received():
            if frame.opcode is Opcode.CLOSE:
                code = int.from_bytes(frame.data[:2], "big") if frame.data else None
                return [*events, ("close", frame.data[2:].hex(), code)], connection.parser_exc is not None
            if frame.opcode in (Opcode.PING, Opcode.PONG):
                events.append((KINDS[frame.opcode], frame.data.hex(), None))
                continue
            kind, held = KINDS.get(frame.opcode, kind), held + frame.data
            if frame.fin:
                try:
                    held.decode() if kind == "text" else held
                except UnicodeDecodeError:
                    return events, True
                events.append((kind, held.hex(), None))
                held = b""
        if connection.parser_exc is not None:
            return events, True
    try:
        held.decode() if kind == "text" else held
    except UnicodeDecodeError as error:
        return events, error.reason != "unexpected end of data"
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
