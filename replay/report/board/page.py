"""The page as one file, and the headers that let it do no more than it has to."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files

PRIVATE = (
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
)
"""For what is told to this server's own page alone."""


@cache
def page() -> str:
    """The text of the page, its style and its script in it."""
    parts = {"/*style*/": "page.css", "/*script*/": "page.js"}
    text = _part("page.html")
    for mark, name in parts.items():
        text = text.replace(mark, _part(name))
    return text


def headers(authority: str) -> tuple[tuple[str, str], ...]:
    """With the page: it runs its own script alone, and speaks with nobody but its server, which has
    this name and port in the browser."""
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; img-src data:",
        f"script-src {_hash(_part('page.js'))}",
        f"style-src {_hash(_part('page.css'))}",
        f"connect-src 'self' ws://{authority} wss://{authority}",
    )
    return (("Content-Security-Policy", "; ".join(policy)), *PRIVATE)


@cache
def _part(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")


def _hash(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"
