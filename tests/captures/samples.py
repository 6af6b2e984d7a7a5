"""Makes tests/captures/data/text: one connection, written down by real tools.

    sudo python -m tests.captures.samples

needs tcpdump, tshark, xxd, hexdump, od and curl, and the right to capture on the loopback. All files but
those of a library show the same connection, octet for octet.
"""

from __future__ import annotations

import asyncio
import logging
import subprocess
import tempfile
from pathlib import Path

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

DATA = Path(__file__).parent / "data" / "text"
PORT = 9317


async def _echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


async def _talk() -> None:
    """Texts, binary messages, fragments, a Ping and a Close, in which dumps have rows that repeat and texts
    that could be hex digits."""
    url = f"ws://127.0.0.1:{PORT}/chat?room=1"
    async with (
        serve(_echo, "127.0.0.1", PORT, compression=None, ping_interval=None),
        connect(url, compression=None, ping_interval=None) as client,
    ):
        for message in ("Hello", b"\x00\xff|ab cd", "ab cd ef 01 | 23", b"\0" * 100, "é" * 90):
            await client.send(message)
            await client.recv()
        await client.send(["frag", "men", "ted"])
        await client.recv()
        await (await client.ping(b"mid"))


def _capture(file: Path) -> None:
    command = ["tcpdump", "-i", "lo", "--immediate-mode", "-U", "-w", str(file), "tcp", "port", str(PORT)]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as tcpdump:
        assert tcpdump.stderr is not None
        while b"listening" not in tcpdump.stderr.readline():
            pass
        asyncio.run(asyncio.sleep(1))
        asyncio.run(_talk())
        asyncio.run(asyncio.sleep(0.5))
        tcpdump.terminate()


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _debug() -> None:
    """The log of the library itself, of another connection with the same messages."""
    logger = logging.getLogger("websockets.client")
    logger.setLevel(logging.DEBUG)
    handler = logging.FileHandler(DATA / "websockets-debug.txt", "w")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logger.addHandler(handler)
    asyncio.run(_talk())
    logger.removeHandler(handler)


def main() -> None:
    DATA.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "made.pcap"
        _capture(file)
        (DATA / "made.pcap").write_bytes(file.read_bytes())
        name = str(file)
        tshark = ("tshark", "-r", name)
        made = {
            "tcpdump-X": _output("tcpdump", "-nr", name, "-X"),
            "tcpdump-XX": _output("tcpdump", "-nr", name, "-XX"),
            "tcpdump-x-tttt": _output("tcpdump", "-nr", name, "-x", "-tttt", "-v"),
            "tcpdump-xx-e": _output("tcpdump", "-r", name, "-xx", "-e"),
            "tcpdump": _output("tcpdump", "-nr", name),
            "tshark-x": _output(*tshark, "-x"),
            "tshark-P-x": _output(*tshark, "-P", "-x"),
            "tshark-V-x": _output(*tshark, "-V", "-x", "-O", "websocket"),
            "tshark-V": _output(*tshark, "-O", "websocket", "-V", "-Y", "websocket"),
            "tshark": _output(*tshark),
            "tshark-json-x": _output(*tshark, "-T", "json", "-x", "-j", "frame"),
            "tshark-json": _output(*tshark, "-T", "json", "-j", "websocket", "-Y", "websocket"),
            "tshark-fields": _output(
                *(*tshark, "-T", "fields", "-e", "frame.time_relative", "-e", "tcp.srcport"),
                *("-e", "tcp.payload", "-Y", "tcp.payload"),
            ),
            "tshark-fields-header": _output(
                *(*tshark, "-T", "fields", "-E", "header=y", "-e", "frame.number", "-e", "ip.src"),
                *("-e", "tcp.dstport", "-e", "tcp.payload"),
            ),
        }
        for form in ("raw", "hex", "yaml", "ascii"):
            made[f"follow-{form}"] = _output(*tshark, "-q", "-z", f"follow,tcp,{form},0")
        for title, text in made.items():
            (DATA / f"{title}.txt").write_text(text)
    _debug()


if __name__ == "__main__":
    main()
