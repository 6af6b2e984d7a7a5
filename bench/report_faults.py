"""Counts how many faults of each kind `replay check` finds when they are put into Autobahn reports.

    python bench/report_faults.py REPORT.json...

Only JSON reports of servers are used, and only those that are OK unchanged. A fault changes the octets that
were received. The statistics and the FRAME rows stay as they are, since the octets count.
"""

from __future__ import annotations

import copy
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from replay import flows
from replay.source import Source, SourceError
from replay.suite.files import LogFile
from replay.trace.wirelog import read
from replay.verdict.result import CaseResult

Report = dict[str, Any]
Row = list[Any]


def checked(report: Report) -> CaseResult:
    parsed = read(Source("report", json.dumps(report)))
    return flows.check(LogFile("report", parsed.trace, parsed.warnings))


def _reads(report: Report) -> list[tuple[int, Row, bytes]]:
    """The rows of reads after the handshake, with their octets as far as they are shown."""
    rows = [(number, row) for number, row in enumerate(report["wirelog"]) if row[0] == "RO"][1:]
    return [(number, row, bytes.fromhex(row[1][1].removesuffix(" ..."))) for number, row in rows]


def _data(report: Report) -> tuple[int, Row, bytes] | None:
    return next((one for one in _reads(report) if one[2][0] & 0x0F in (1, 2, 10)), None)


def _close(report: Report) -> tuple[int, Row, bytes] | None:
    return next((one for one in _reads(report) if one[2][0] == 0x88 and len(one[2]) == 4), None)


def _write(row: Row, octets: bytes, more: int = 0) -> bool:
    row[1] = [row[1][0] + more, octets.hex() + (" ..." if row[1][1].endswith("...") else "")]
    return True


def first_octet(bits: int) -> Callable[[Report], bool]:
    def put(report: Report) -> bool:
        if (found := _data(report)) is None:
            return False
        return _write(found[1], bytes((found[2][0] ^ bits,)) + found[2][1:])

    return put


def payload(report: Report) -> bool:
    found = _data(report)
    if found is None or len(found[2]) < 3:
        return False
    return _write(found[1], found[2][:-1] + bytes((found[2][-1] ^ 1,)))


def masked(report: Report) -> bool:
    found = _data(report) or _close(report)
    if found is None or found[2][1] > 125:
        return False
    octets = found[2][:1] + bytes((found[2][1] | 0x80,)) + bytes(4) + found[2][2:]
    return _write(found[1], octets, 4)


def missing(report: Report) -> bool:
    if (found := _data(report)) is None:
        return False
    del report["wirelog"][found[0]]
    return True


def code(report: Report) -> bool:
    found = _close(report)
    if found is None or report.get("localCloseCode") == 1011:  # then 1011 is a correct answer
        return False
    return _write(found[1], bytes.fromhex("880203f3"))


def no_close(report: Report) -> bool:
    if (found := _close(report)) is None:
        return False
    del report["wirelog"][found[0]]
    return True


def closes_first(report: Report) -> bool:
    found = _close(report)
    sent = next(
        (n for n, row in enumerate(report["wirelog"]) if row[0] == "TO" and row[1][1][:2] == "88"), None
    )
    if found is None or sent is None or sent > found[0] or not report["closedByMe"]:
        return False
    report["wirelog"].insert(sent, report["wirelog"].pop(found[0]))
    return True


def dropped_by_tester(report: Report) -> bool:
    if report["isServer"] or report["droppedByMe"]:
        return False
    report["droppedByMe"] = report["wasServerConnectionDropTimeout"] = True
    return True


def unasked_message(report: Report) -> bool:
    if (found := _close(report)) is None:
        return False
    report["wirelog"].insert(found[0], ["RO", [3, "810178"]])
    return True


FAULTS: dict[str, Callable[[Report], bool]] = {
    "an octet of the payload": payload,
    "text for binary": first_octet(3),
    "RSV1": first_octet(0x40),
    "RSV2": first_octet(0x20),
    "no FIN": first_octet(0x80),
    "masked by the server": masked,
    "no echo": missing,
    "close code 1011": code,
    "no Close": no_close,
    "Close from the wrong side": closes_first,
    "TCP ended by the tester": dropped_by_tester,
    "a message nobody asked for": unasked_message,
}


def found(reports: Iterable[Report]) -> dict[str, Counter[str]]:
    """For each kind of fault, in how many reports it was found, missed or left unjudged."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in FAULTS}
    for report in reports:
        for name, put in FAULTS.items():
            faulty = copy.deepcopy(report)
            if put(faulty):
                try:
                    result = checked(faulty)
                except SourceError:
                    counts[name]["found"] += 1
                    continue
                word = "found" if result.failed else "missed" if result.unjudged is None else "unjudged"
                counts[name][word] += 1
    return counts


def main() -> None:
    reports = [json.loads(Path(name).read_text()) for name in sys.argv[1:]]
    sound = [one for one in reports if not one["isServer"] and checked(one).word == "OK"]
    total = Counter[str]()
    for name, counts in found(sound).items():
        print(f"{name:<28}{counts['found']:5} of {counts.total()} found, {counts['unjudged']} unjudged")
        total += counts
    print(f"{'all':<28}{total['found']:5} of {total.total()} found, {total['unjudged']} unjudged")


if __name__ == "__main__":
    main()
