"""Text from elsewhere inside Markdown, without effect."""

from __future__ import annotations

import re

from replay.report import safe

_PUNCTUATION = re.compile(r"([\\`*_\[\]<>|~@&#!$]|:(?=\S)|(?<=www)\.)")


def plain(text: str, limit: int = 2000) -> str:
    """Text that contains no markup, link or mention."""
    return _PUNCTUATION.sub(r"\\\1", safe.escape(text, limit))


def fenced(shown: str) -> str:
    """A block of text that no content can end."""
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", shown)), 3)
    return f"{fence}text\n{shown}\n{fence}"
