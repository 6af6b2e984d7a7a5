"""A websockets server behind TLS: python tests/peers/secure.py DIR NAME [ask-client].

Its certificate is for NAME; DIR gets ca.pem, other-ca.pem, client.pem (with its key), client.key and
client-only.pem.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
from pathlib import Path

import trustme
from websockets.asyncio.server import ServerConnection, serve


async def mirror(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


async def main(folder: Path, name: str, ask_client: bool) -> None:
    authority, other = trustme.CA(), trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    other.cert_pem.write_to_path(folder / "other-ca.pem")
    client = authority.issue_cert("client@example.org")
    client.private_key_and_cert_chain_pem.write_to_path(folder / "client.pem")
    client.private_key_pem.write_to_path(folder / "client.key")
    client.cert_chain_pems[0].write_to_path(folder / "client-only.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    if ask_client:
        context.verify_mode = ssl.CERT_REQUIRED
        authority.configure_trust(context)
    async with serve(mirror, "127.0.0.1", 0, ssl=context, max_size=None) as server:
        print("listening on", next(iter(server.sockets)).getsockname()[1], flush=True)
        await server.serve_forever()


asyncio.run(main(Path(sys.argv[1]), sys.argv[2], "ask-client" in sys.argv))
