"""The table of rules as a page: `python -m replay.report.rules > docs/rules.md`."""

from __future__ import annotations

from replay.protocol.rules import RULES, Rule
from replay.wire.side import Side

_HEAD = """\
# Rules

Each MUST and SHOULD of the RFCs that replay judges. A failure names the rules that were broken by these
ids, and so does a spec: `rule: text-is-utf8`. *Fails with* is the close code with which replay then fails
the connection; where there is none, the connection goes on, or has ended. No rule prescribes that code: the
RFCs ask for one that is appropriate (RFC 6455 §7.1.7).

A *must* is one that the text has in lower case; it binds as the others do. By `--profile rfc` a SHOULD that
is broken fails no case, and no connection: a case that is OK is then NON-STRICT.

This page is made by `python -m replay.report.rules > docs/rules.md`.
"""
_TITLES = {
    6455: "RFC 6455: The WebSocket Protocol",
    7692: "RFC 7692: Compression Extensions for WebSocket",
    9110: "RFC 9110: HTTP Semantics",
    9112: "RFC 9112: HTTP/1.1",
}
_BOUND = {Side.CLIENT: "client", Side.SERVER: "server", None: "both"}


def page() -> str:
    """The text of docs/rules.md."""
    lines = [_HEAD]
    for rfc, title in _TITLES.items():
        lines += [
            f"## {title}",
            "",
            "| rule | section | binds | | | fails with |",
            "|---|---|---|---|---|---|",
        ]
        lines += [_row(rule) for rule in RULES.values() if rule.rfc == rfc]
        lines.append("")
    return "\n".join(lines)


def _row(rule: Rule) -> str:
    address = f"https://www.rfc-editor.org/rfc/rfc{rule.rfc}#section-"
    cells = (
        f"`{rule.id}`",
        ", ".join(f"[§{section}]({address}{section})" for section in rule.sections),
        _BOUND[rule.binds],
        rule.level,
        rule.sentence,
        str(rule.code or ""),
    )
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the page."""
    print(page(), end="")


if __name__ == "__main__":
    main()
