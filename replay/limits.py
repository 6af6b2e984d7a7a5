"""Every timeout, size and count that bounds what replay does: the one table of them.

The code draws its numbers from here, and so does docs/limits.md: `python -m replay.limits`.
"""

from __future__ import annotations

from typing import NamedTuple


class Limit(NamedTuple):
    name: str
    default: int
    unit: str  # 's', 'octets', or what is counted
    option: str  # of the command line, or the key of a spec that sets it; '-': none does
    about: str  # one sentence


CONNECT = Limit("connect", 5, "s", "--connect-timeout", "To connect: name, TCP and TLS together.")
OPENING = Limit("opening", 5, "s", "-", "For the answer to the opening handshake, from the connection on.")
PATIENCE = Limit(
    "patience", 1, "s", "patience:", "For what is expected, once all is sent; then the tester acts."
)
PAUSE = Limit("pause", 1, "s", "pause:", "Of silence, where a step pauses by a tag alone.")
CLOSING = Limit("closing", 1, "s", "-", "For a Close in answer to the tester's; then TCP is reset.")
DROP = Limit("drop", 1, "s", "-", "For the server's end of TCP once both Closes have passed.")
CASE = Limit(
    "case", 20, "s", "--timeout", "For a whole case, beside its own waits; then the connection is reset."
)
SHORTENED = Limit(
    *("shortened", 100, "ms", "--patience"),
    "For a pause that has to pass on the way to the best verdict; not less than the next.",
)
TRIPS = Limit(
    "trips", 50, "round trips", "-", "That a testee is given, where that is more than the limit at hand."
)
OPENINGS = Limit(
    "openings", 20, "times", "-", "What the opening of the connection took; the same, where that is more."
)
LEAST = Limit(
    *("least", 5, "s", "-"),
    "For what a client of `serve` has to do, until it was waited for in vain; a server has the canary.",
)
IN_VAIN = Limit(
    "in vain", 3, "cases", "-", "Of an agent; from then on its time is that of a server, or of the next."
)
ANSWERS = Limit(
    "answers", 4, "times", "-", "What the slowest answer of an agent took; a limit grows to that."
)
GROWTH = Limit("growth", 10, "times", "-", "A limit, to which it grows so at the most.")
STALLS = Limit(
    "stalls", 4, "times", "-", "A patience of `stalled:` that a case may take while there is progress."
)
CANARY = Limit(
    "canary", 5, "s", "-", "For the echo of the message that is sent before and after the suite."
)
CANARY_END = Limit(
    "canary end", 100, "ms", "-", "For the testee to end that connection: how it does so is for the cases."
)
LINGER = Limit(
    "linger", 1, "s", "-", "That octets which nobody reads are kept once the tester has ended TCP."
)
DURATION = Limit("duration", 3600, "s", "-", "The longest pause or patience that a spec may ask for.")
LONGEST = Limit("longest", 86_400, "s", "-", "That an option or a config may ask to wait.")
ECHO_CASE = Limit("echo", 3600, "s", "-", "For one connection to the built-in echo server.")
ECHO_OCTETS = Limit(
    "echo octets", 2**30, "octets", "-", "That the built-in server takes on one connection."
)
ECHO_CLOSING = Limit(
    "echo closing", 100, "ms", "-", "That the built-in server waits for the Close of a peer it has failed."
)
START = Limit("start", 30, "s", "--start-timeout", "For a server of --exec to accept a connection.")
ATTEMPT = Limit("attempt", 5, "s", "-", "For one of the connections that are tried meanwhile.")
ENDING = Limit(
    "ending", 1, "s", "-", "For a server that no longer accepts to end, so that its status is known."
)
OUTPUT = Limit("output", 500, "ms", "-", "For the rest of its output once it has ended.")
DYING = Limit(
    "dying", 1, "s", "-", "Between the cut of a connection and the server's end, if it died on it."
)
STOP = Limit("stop", 2, "s", "-", "For it to end after SIGTERM; then it is killed, with its children.")
STUCK = Limit("stuck", 3, "s", "-", "For what was killed to be gone; then it is stuck, and left.")

VISITS = Limit(
    *("visits", 300, "connections", "-"),
    "To `serve` at once; beyond them those that haven't said what they want give way.",
)
LOAD = Limit(
    *("load", 96 * 2**20, "octets", "-"),
    "That the cases served at once send, about; beyond them a client waits for its case.",
)
UNJUDGED = Limit("unjudged", 64, "cases", "-", "That are over and wait to be judged; then the same.")
HEADER = Limit(
    "header", 14, "octets", "-", "From the start of a frame: writes that split them are to arrive apart."
)
APART = Limit("apart", 2, "ms", "-", "Between such writes, so that their reader gets them one by one.")
ALL_APART = Limit(
    "all apart", 1000, "ms", "-", "Of such pauses on one connection; behind them nothing is kept apart."
)
SLICE = Limit(
    "slice",
    2,
    "ms",
    "-",
    "Of work on what one read from a client brought; else its next one is half as large.",
)
LEAST_READ = Limit("least read", 2 * 2**10, "octets", "-", "Of one, and of the first.")
HANDSHAKES = Limit(
    "handshakes", 100, "handshakes", "-", "Of TLS at once; beyond them the oldest gives way."
)
HANDSHAKE = Limit("handshake", 5, "s", "-", "For one; then its connection is ended.")
CERTIFICATE = Limit("certificate", 90, "days", "-", "That one which is made for `--tls` is good for.")
QUEUE = Limit("queue", 120, "s", "-", "For a client that has to wait so; then its connection is reset.")
STATUS = Limit("status", 120, "s", "-", "For the verdict that a client asks for, until its case is over.")
COMMANDED = Limit(
    *("commanded", 16 * 2**20, "octets", "-"),
    "That a client may have sent to it by commands on one connection; each write counts 64.",
)
IDLE = Limit("idle", 60, "s", "--idle", "Without a connection, after which a driver of --exec is done.")
COMING = Limit("coming", 30, "s", "--start-timeout", "For a client of --each to come for its case.")
EACH = Limit("each", 4, "clients", "--jobs", "Of --each at once.")
AGENT = Limit("agent", 120, "characters", "-", "Of the name of a client; a longer one is refused.")
AGENTS = Limit("agents", 300, "names", "-", "That are kept apart; more are refused.")
TOLD = Limit("told", 1000, "cases", "-", "That failed, of one client, that the page at / tells of.")
FIELDS = Limit("fields", 20, "fields", "-", "Of the query of a request.")

MISSES = Limit("misses", 3, "cases", "-", "For which a server that was there is not; then the run ends.")
BUSY = Limit("busy", 8, "cases", "--jobs", "Played at once, those not counted that only wait.")
ROOM = Limit("room", 256, "cases", "--jobs", "Played at once, those counted too.")
QUIET = Limit("quiet", 20, "ms", "-", "Without an octet, from which on a case only waits.")
HEAVY = Limit("heavy", 2**20, "octets", "-", "That a case sends, from which on it is heavy.")
HUGE = Limit("huge", 8 * 2**20, "octets", "-", "That a case sends at once, from which on it is alone.")
HEAVY_JOBS = Limit("heavy cases", 4, "cases", "--jobs", "Of those, played at once.")
WORKERS = Limit("workers", 4, "processes", "--jobs", "That play beside this one, one a processor.")
AGAIN = Limit(
    "again", 10, "failures", "-", "That are run once more, alone; if there are more, it is no bad luck."
)
SPARE = Limit("spare", 8, "descriptors", "-", "Of files, that connections leave for reports and logs.")
MOST_JOBS = Limit("most jobs", 1000, "cases", "-", "The most that --jobs may ask for.")
KEPT = Limit("kept", 64 * 2**10, "octets", "-", "Of a server's last output that are kept.")
KEPT_LINES = Limit("kept lines", 20, "lines", "-", "Of them that are shown.")
KEPT_LINE = Limit("kept line", 500, "characters", "-", "Of one of these.")
NAME = Limit("name", 80, "characters", "-", "Of an id in the name of a file that is stored.")

OCTETS = Limit(
    *("octets", 4 * 2**20, "octets", "-"),
    "Taken from the testee, beside four times what is sent to it; then the connection is reset.",
)
READ = Limit("read", 64 * 2**10, "octets", "-", "Of one read; then the other connections have their turn.")
TURN = Limit("turn", 32, "writes", "-", "One after another; then the other connections have their turn.")
COMPRESSED = Limit("compressed", 2**20, "octets", "-", "Of what a case sends compressed, kept for others.")
SERIES = Limit("series", 24, "cases", "-", "Of which they are kept.")
DIGESTS = Limit("digests", 16 * 2**10, "messages", "-", "Whose SHA-256 is kept for other cases.")
WHOLE = Limit(
    *("whole", 16 * 2**10, "octets", "-"),
    "Of compressed rounds, that are stored; what follows is stored as digests, if all is well.",
)
HELD = Limit("held", 16 * 2**20, "octets", "-", "Of them that are held until it is known how it ends.")
READS = Limit("reads", 200_000, "reads", "-", "In which they come; then the same.")
FRAMES_READ = Limit(
    *("frames read", 50_000, "frames", "-"),
    "Begun in them, beside one for every 16 octets that are sent; then the same.",
)
EVENTS = Limit("events", 4_000, "events", "-", "Made of them, such as messages and Pings; then the same.")
BREACHES = Limit(
    *("breaches", 250, "breaches", "-"),
    "By the frames of the testee; then the same, and what stands behind them in a log isn't read.",
)
INFLATED = Limit(
    *("inflated", 16 * 2**20, "octets", "-"),
    "That are read of one compressed message; of more the case is given up, a log isn't judged.",
)
HEAD = Limit(
    "head",
    64 * 2**10,
    "octets",
    "-",
    "Of a request or response head, with the interim responses before it; a larger one is none.",
)

DESK = Limit("desk", 60, "s", "-", "For one request to `report --serve`, with its answer.")
PAGE = Limit("page", 20_000_000, "octets", "-", "Of the HTML report; of logs it then shows less.")
PAGE_LOG = Limit(
    "page log",
    64 * 2**10,
    "characters",
    "-",
    "Of a log that it shows; of a longer one both ends, with a link.",
)
PAGE_LEAST = Limit("page least", 2 * 2**10, "characters", "-", "Of a log that it shows in any case.")
PAGE_ENTRY = Limit("page entry", 2 * 2**10, "octets", "-", "Of one entry of such a log that it shows.")
PAGE_MESSAGE = Limit("page message", 512, "octets", "-", "Of what a compressed message inflates to.")
PAGE_BREACHES = Limit("page breaches", 8, "breaches", "-", "Of a case that it shows with their octets.")

FILE = Limit("file", 256 * 2**20, "octets", "-", "Of any file that is read.")
PAYLOAD_FILE = Limit("payload file", 64 * 2**20, "octets", "-", "Of a file that a payload's `file:` names.")
LOG = Limit("log", 256 * 2**20, "octets", "-", "That all entries of a wire log expand to.")
ENTRY = Limit("entry", 64 * 2**20, "octets", "-", "That one entry of a wire log expands to.")
ENTRIES = Limit("entries", 2**18, "entries", "-", "Of a wire log that are read.")
FRAMES = Limit(
    "frames", 2**17, "frames", "-", "Told apart in one run of a log's octets; behind them none are."
)
GAP_ROWS = Limit(
    "gap rows", 10_000, "lines", "-", "Of frames in a log, that are used for what one read left out."
)
DIGITS = Limit("digits", 1000, "digits", "-", "Of a whole number in JSON or TOML.")
UNIT = Limit("unit", 512, "octets", "-", "Of the longest unit that a written log shows as a repeat.")

DIFFED = Limit(
    *("diffed", 64 * 2**10, "octets", "-"),
    "Of a wire log whose events `replay diff` compares though the verdict is the same.",
)
SLOWER = Limit(
    *("slower", 100, "ms", "-"),
    "And half of the longer duration: from there on `replay diff` tells that a case became slower.",
)

DEPTH = Limit("depth", 32, "levels", "-", "Of lists and mappings inside each other, in a spec or config.")
ALIASED = Limit(
    "aliases", 10_000, "values", "-", "That a file's YAML aliases stand for, as if each were written out."
)
MATRIX = Limit("matrix", 10_000, "cases", "-", "That one matrix yields.")
PAYLOAD = Limit("payload", 2**30, "octets", "-", "Of one payload that a spec sends or expects.")
JOINED = Limit("joined", 64 * 2**20, "octets", "-", "Of a message in fragments whose echo a spec expects.")
ROUNDS = Limit("rounds", 100_000, "rounds", "-", "Of one `repeat:` of a spec.")
LEAST_ROUNDS = Limit("least rounds", 25, "rounds", "--thorough", "Of a `repeat:` that has `enough:`.")
REASON = Limit("reason", 2**16, "octets", "-", "Of the reason of a Close that a spec sends.")
ROWS = Limit("rows", 500, "rows", "-", "Of a connection, in the wire log of Autobahn's JSON of a case.")
EXPLAINED = Limit("explained", 8 * 2**10, "characters", "-", "Of a failure, in the reports of a run.")
ALL_EXPLAINED = Limit(
    *("all explained", 16 * 2**20, "characters", "-"),
    "Of all of them; of those behind, a sentence is kept.",
)
SUMMARY = Limit("summary", 512 * 2**10, "octets", "-", "Of a summary in Markdown; GitHub takes 1 MiB.")
STEP_SUMMARY = Limit(
    *("step summary", 2**20, "octets", "-"),
    "Of all that a step adds to its summary, on GitHub.",
)
BRACKETS = Limit("brackets", 50, "levels", "-", "Of brackets inside each other, in an expression of -k.")

TABLE: dict[str, tuple[Limit, ...]] = {
    "Times of a connection": (
        *(CONNECT, OPENING, PATIENCE, PAUSE, CLOSING, DROP, CASE, STALLS),
        *(
            SHORTENED,
            TRIPS,
            OPENINGS,
            GROWTH,
            CANARY,
            CANARY_END,
            LINGER,
            DURATION,
            LONGEST,
            ECHO_CASE,
            ECHO_CLOSING,
            ECHO_OCTETS,
        ),
    ),
    "Times of a server that replay starts": (START, ATTEMPT, ENDING, OUTPUT, DYING, STOP, STUCK),
    "Clients": (
        VISITS,
        LOAD,
        UNJUDGED,
        SLICE,
        LEAST_READ,
        HANDSHAKES,
        HANDSHAKE,
        CERTIFICATE,
        QUEUE,
        STATUS,
        COMMANDED,
        IDLE,
        COMING,
        LEAST,
        IN_VAIN,
        ANSWERS,
        EACH,
        AGENT,
        AGENTS,
        TOLD,
        FIELDS,
    ),
    "A run": (
        MISSES,
        BUSY,
        ROOM,
        QUIET,
        HEAVY,
        HUGE,
        HEAVY_JOBS,
        WORKERS,
        AGAIN,
        MOST_JOBS,
        SPARE,
        KEPT,
        KEPT_LINES,
        KEPT_LINE,
        NAME,
    ),
    "One connection": (
        OCTETS,
        READ,
        TURN,
        HEADER,
        APART,
        ALL_APART,
        READS,
        FRAMES_READ,
        EVENTS,
        BREACHES,
        INFLATED,
        COMPRESSED,
        SERIES,
        DIGESTS,
        WHOLE,
        HELD,
        HEAD,
    ),
    "The HTML report": (DESK, PAGE, PAGE_LOG, PAGE_LEAST, PAGE_ENTRY, PAGE_MESSAGE, PAGE_BREACHES),
    "Files and wire logs": (
        FILE,
        PAYLOAD_FILE,
        DIGITS,
        ENTRIES,
        LOG,
        ENTRY,
        FRAMES,
        GAP_ROWS,
        UNIT,
        DIFFED,
        SLOWER,
    ),
    "Reports": (ROWS, EXPLAINED, ALL_EXPLAINED, SUMMARY, STEP_SUMMARY),
    "Specs, configs and selections": (
        *(DEPTH, ALIASED, MATRIX, PAYLOAD, JOINED, ROUNDS, LEAST_ROUNDS, REASON, BRACKETS),
    ),
}
"""Heading -> limits, in the order of the page."""

_HEAD = """\
# Limits

Every timeout, size and count that bounds what replay does, with its default. A peer that passes one loses
its connection, and the case its verdict; the others go on. A file that passes one is an error that says so.

This page is drawn from the table in `replay/limits.py`: `python -m replay.limits > docs/limits.md`.
"""


def shown(limit: Limit) -> str:
    """The default with its unit, as a person writes it: '64 KiB', '20 s', '10,000 cases'."""
    if limit.unit == "octets":
        for power, unit in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
            if limit.default % 2**power == 0:
                return f"{limit.default >> power} {unit}"
    return f"{limit.default:,} {limit.unit}"


def page() -> str:
    """The text of docs/limits.md."""
    lines = [_HEAD]
    for heading, limits in TABLE.items():
        lines += [f"## {heading}", "", "| limit | default | set by | |", "|---|---|---|---|"]
        for limit in limits:
            option = "" if limit.option == "-" else f"`{limit.option}`"
            lines.append(f"| {limit.name} | {shown(limit)} | {option} | {limit.about} |")
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Print the page."""
    print(page(), end="")


if __name__ == "__main__":
    main()
