"""Text and octets from elsewhere, made fit for a terminal: on one line, bounded, without effect."""

from __future__ import annotations

import codecs
import re
import unicodedata

from replay.source import printable


def escape(text: str, limit: int = 2000) -> str:
    """Text that anyone may have written, on one line and harmless; cut behind `limit` characters."""
    return printable(text[:limit]) + ("…" if len(text) > limit else "")


def paragraph(text: str, limit: int = 20_000) -> str:
    """The same of several lines."""
    return "\n".join(map(escape, text[:limit].splitlines())) + ("…" if len(text) > limit else "")


def whole(text: str) -> str:
    """Text with U+FFFD in place of surrogates that are alone, which no encoding has."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def quoted(text: str) -> str:
    """Text in double quotes, as a wire log writes it; in single ones if it has double ones, as JSON has."""
    mark = "'" if '"' in text and "'" not in text else '"'
    plain = re.sub(rf"([{mark}\\])", r"\\\1", text)
    # A combining character must not sit on the quote.
    if plain and unicodedata.combining(plain[0]):
        plain = f"\\u{ord(plain[0]):04x}" + plain[1:]
    return f"{mark}{escape(plain)}{mark}"


def hexed(data: bytes) -> str:
    """Octets in hex, pairs apart."""
    return data.hex(" ")


def as_text(data: bytes) -> str | None:
    """The text that these octets begin with, a character cut at the end left out; None: no UTF-8."""
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return None


def sample(head: bytes, total: int, start: int = 0, text: bool = False) -> str:
    """Some octets of a payload of `total`, from `start` on: as text if they are, else in hex.

    `text`: they ought to be text, so that escapes are no reason to fall back to hex.
    """
    before, behind = "… " if start else "", " …" if start + len(head) < total else ""
    whole = head.lstrip(bytes(range(0x80, 0xC0))) if start else head  # from a character's start on
    decoded = as_text(whole)
    shown = quoted(decoded) if decoded and (text or decoded.isprintable()) else hexed(head)
    return before + shown + behind


def is_text(head: bytes, text: bool) -> bool:
    """Whether octets are shown as text; `text`: they ought to be."""
    decoded = as_text(head)
    return decoded is not None and decoded != "" and (text or decoded.isprintable())
