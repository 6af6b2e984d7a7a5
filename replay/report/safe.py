"""Text and octets from elsewhere, made safe for a terminal: on one line, bounded, and without effect."""

from __future__ import annotations

import codecs
import re
import unicodedata

from replay.source import printable


def escape(text: str, limit: int = 2000) -> str:
    """Text that anyone may have written, on one line and harmless; cut after `limit` characters."""
    return printable(text[:limit]) + ("…" if len(text) > limit else "")


def paragraph(text: str, limit: int = 20_000) -> str:
    """The same for text of several lines."""
    return "\n".join(map(escape, text[:limit].splitlines())) + ("…" if len(text) > limit else "")


def whole(text: str) -> str:
    """Text with U+FFFD in place of lone surrogates, which no encoding allows."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def quoted(text: str) -> str:
    """Text in double quotes, as in a wire log; in single quotes if it contains double ones, as JSON
    does."""
    mark = "'" if '"' in text and "'" not in text else '"'
    plain = re.sub(rf"([{mark}\\])", r"\\\1", text)
    # A combining character must not combine with the quote.
    if plain and unicodedata.combining(plain[0]):
        plain = f"\\u{ord(plain[0]):04x}" + plain[1:]
    return f"{mark}{escape(plain)}{mark}"


def hexed(data: bytes) -> str:
    """Octets in hex, separated by spaces."""
    return data.hex(" ")


def as_text(data: bytes) -> str | None:
    """The text that these octets begin with, without a character that is cut at the end; None if it isn't
    UTF-8."""
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return None


def sample(head: bytes, total: int, start: int = 0, text: bool = False) -> str:
    """Some octets of a payload of `total` octets, beginning at `start`: as text if they are text, otherwise
    in hex.

    With `text`, they are supposed to be text, so escapes are no reason to fall back to hex.
    """
    before, behind = "… " if start else "", " …" if start + len(head) < total else ""
    whole = head.lstrip(bytes(range(0x80, 0xC0))) if start else head  # from the start of a character
    decoded = as_text(whole)
    shown = quoted(decoded) if decoded and (text or decoded.isprintable()) else hexed(head)
    return before + shown + behind


def is_text(head: bytes, text: bool) -> bool:
    """Whether octets are shown as text; with `text`, they are supposed to be text."""
    decoded = as_text(head)
    return decoded is not None and decoded != "" and (text or decoded.isprintable())
