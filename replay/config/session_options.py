"""The options of the commands that record and draft: they read no config."""

from __future__ import annotations

from replay.config.options import CLIENTS, KEY, QUIET, SERVER

_OF_SERVER = {option.name: option for option in SERVER}
_OF_CLIENTS = {option.name: option for option in CLIENTS}
RECORD = (
    _OF_SERVER["url"]._replace(help="Pass everything on to this server."),
    _OF_SERVER["exec"]._replace(
        help="Start the server with this command, in which {port} or {url} stands for where to listen, and "
        "stop it at the end.",
    ),
    _OF_SERVER["host"]._replace(help="Send this Host header to the server instead of the client's."),
    *(_OF_SERVER[name] for name in ("ca", "insecure", "sni", "start-timeout")),
    _OF_CLIENTS["tls"]._replace(help="Let clients connect by wss://, with a certificate made for this."),
    _OF_CLIENTS["cert"]._replace(
        help="Let clients connect by wss://, with this certificate and its chain (PEM)."
    ),
    KEY,
    QUIET._replace(help="Print errors only."),
)
"""Options of `replay record`."""

NEW = (
    _OF_SERVER["url"]._replace(help="Play the session against this server."),
    _OF_SERVER["exec"]._replace(
        help="Start the server with this command, in which {port} or {url} stands for where to listen, and "
        "stop it at the end.",
    ),
    *(
        _OF_SERVER[name]
        for name in ("header", "host", "ca", "insecure", "cert", "key", "sni", "start-timeout")
    ),
)
"""Options of `replay new`."""
