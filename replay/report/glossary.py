"""The words that replay uses, in a sentence each, for the page of a run and for docs/glossary.md."""

from __future__ import annotations

WORDS: dict[str, str] = {
    "agent": "The name of the endpoint under test: a server's Server header, a client's name in the "
    "address that it asked for, or what `--agent` says.",
    "behaviour": "The first of a case's two verdicts: what came back, by what the case allows.",
    "breach": "A rule that was broken, with the octet that breaks it.",
    "canary": "A connection before the first case and behind the last one that shows that the server is "
    "there, and how fast it is.",
    "case": "One thing that is tested, on a connection of its own: what is sent, what may come back, "
    "and how the connection has to end.",
    "chop": "To send octets in smaller pieces, each a write of its own, so that a reader has to put "
    "them together.",
    "clean": "Of a closing: both Close frames have passed, and the server has ended TCP.",
    "closing": "The second of a case's two verdicts: how the connection ended.",
    "context takeover": "That a compressed message may refer to the octets of the messages before it "
    "(RFC 7692 §7.1.1).",
    "disputed": "Of a case: Autobahn|Testsuite and the RFCs differ on it. `--profile rfc` judges by the "
    "RFCs.",
    "divergence": "The first event at which what came differs from what was expected, and the octet in it.",
    "echo": "Each data message, sent back as it came. Most cases ask an endpoint for it.",
    "event": "What octets mean: a message, a Ping, a Pong, a Close, the end of TCP, a breach.",
    "expected": "Of a verdict: it is listed in a file of verdicts that are known to be other than OK, "
    "and the run doesn't fail by it.",
    "fail the connection": "To end it because of a breach: with a Close, usually, and then the end of "
    "TCP (RFC 6455 §7.1.7).",
    "flaky": "Of a case: it failed beside other cases, and passed when it was played once more, alone.",
    "fragment": "A frame of a message that has several: FIN is 0 in each but the last (RFC 6455 §5.4).",
    "mask": "The four octets with which a client disguises each frame that it sends (RFC 6455 §5.3).",
    "octet": "Eight bits; a byte.",
    "offset": "A number of octets from the beginning, which is 0: of a message, or of all that a side "
    "has sent.",
    "patience": "How long the testee may take for what is expected, before the connection is failed or "
    "closed.",
    "profile": "By what is judged: as Autobahn|Testsuite judges (`autobahn`), or by the RFCs where the "
    "two differ (`rfc`).",
    "rule": "A requirement of an RFC, with its section and its level: MUST, SHOULD.",
    "run": "The cases that were played with one testee, one after another or side by side, and their "
    "verdicts.",
    "seed": "The number from which the masks and keys of a run follow: with the same one the same "
    "octets are sent.",
    "suite": "The cases that come with replay, 517 in all, with a version of their own.",
    "tester, testee": "The tester is replay; the testee is the server or the client that is tested.",
    "TX, RX": "In a wire log: what the recorder sent, and what it received.",
    "unjudged": "Of a case: there is no verdict, since what it would rest on wasn't seen.",
    "wire log": "All that was seen of a connection, in order: octets, timers, and who ended TCP. Each "
    "case has one.",
}
"""Each word and what it means."""

_HEAD = """\
# Glossary

The words that replay uses of runs, cases and verdicts. The [page](report.md) of a run has them too, so that
it can be read by itself.

This page is made by `python -m replay.report.glossary > docs/glossary.md`.
"""


def page() -> str:
    """The text of docs/glossary.md."""
    from replay.report.tally import VERDICTS
    from replay.report.words import CLOSINGS

    verdicts = [(f"`{word}`", said) for word, said in VERDICTS.items()]
    closings = [(f"`{closing.value}`", said) for closing, said in CLOSINGS.items()]
    parts = [("Words", list(WORDS.items())), ("Behaviour", verdicts), ("Closing", closings)]
    return _HEAD + "".join(_table(title, rows) for title, rows in parts)


def _table(title: str, rows: list[tuple[str, str]]) -> str:
    cells = "".join(f"| {word} | {said.replace('|', chr(92) + '|')} |\n" for word, said in rows)
    return f"\n## {title}\n\n| | |\n|---|---|\n{cells}"


def main() -> None:
    """Print the page."""
    print(page(), end="")


if __name__ == "__main__":
    main()
