"""Every timeout, size and count that bounds what replay does, in one table.

The code takes its numbers from here, and docs/limits.md is generated from it: `python -m replay.limits`.
"""

from __future__ import annotations

from typing import NamedTuple


class Limit(NamedTuple):
    name: str
    default: int
    unit: str  # 's', 'octets', or what is counted
    option: str  # the command-line option or the key of a spec that sets it; '-' if none does
    about: str  # what it is, then what happens when it is exceeded


# fmt: off
CONNECT = Limit("connect", 5, "s", "--connect-timeout", "The timeout for connecting, including name resolution, TCP and TLS.")
OPENING = Limit("opening", 5, "s", "-", "The timeout for the opening handshake, counted from when the connection is established.")
PATIENCE = Limit("patience", 1, "s", "patience:", "The time the testee has for what is expected of it, once everything has been sent. Then the tester fails or closes the connection.")
PAUSE = Limit("pause", 1, "s", "pause:", "The length of a pause for which a step gives nothing but a tag.")
CLOSING = Limit("closing", 1, "s", "-", "The timeout for a Close frame in answer to the tester's own. Then the connection is reset.")
DROP = Limit("drop", 1, "s", "-", "The timeout for the server to end TCP once both Close frames have been exchanged.")
CASE = Limit("case", 20, "s", "--timeout", "The time allowed for a whole case, on top of the pauses and the patience that the case itself asks for. Then the connection is reset.")
SHORTENED = Limit("shortened", 100, "ms", "--patience", "The length to which a pause is shortened if it has to run out before the best verdict is possible. On a slow testee it is the time that `round trips` gives, if that is longer.")
TRIPS = Limit("round trips", 50, "round trips", "-", "The minimum time that the testee is given, in round trips as measured by the canary. A shorter limit is extended to it.")
OPENINGS = Limit("openings", 20, "times", "-", "The minimum time that the testee is given, as a multiple of what the opening handshake of the connection took. A shorter limit is extended to it.")
LEAST = Limit("client minimum", 5, "s", "-", "The minimum time that a client of `serve` is given for what it has to do, until replay has waited for it in vain too often. A server is measured by the canary instead.")
IN_VAIN = Limit("waits in vain", 3, "cases", "-", "The number of cases in which replay may wait for a client in vain. From then on the client gets no more time than a server does, or the time that `answers` gives.")
ANSWERS = Limit("answers", 4, "times", "-", "The minimum time that a client is given, as a multiple of its slowest answer so far. A shorter limit is extended to it.")
GROWTH = Limit("growth", 10, "times", "-", "The most to which a limit is extended for a slow testee, as a multiple of that limit.")
STALLS = Limit("stalls", 4, "times", "-", "How many times its patience a case with `stalled:` may take in all, as long as there is progress.")
CANARY = Limit("canary", 5, "s", "-", "The timeout for the echo of the message that is sent before and after the suite.")
CANARY_END = Limit("canary end", 100, "ms", "-", "The time the testee has to end the connection of that message. How it ends a connection is for the cases to judge.")
LINGER = Limit("linger", 1, "s", "-", "How long octets that the peer does not read are kept after the tester has ended TCP. Then they are discarded.")
DURATION = Limit("duration", 3600, "s", "-", "The longest pause or patience that a spec may ask for.")
LONGEST = Limit("longest", 86_400, "s", "-", "The longest timeout that an option or a config may set.")
ECHO_CASE = Limit("echo", 3600, "s", "-", "The time allowed for one connection to the built-in echo server.")
ECHO_OCTETS = Limit("echo octets", 2**30, "octets", "-", "The most that the built-in echo server accepts on one connection.")
ECHO_CLOSING = Limit("echo closing", 100, "ms", "-", "How long the built-in echo server waits for the Close frame of a peer after failing its connection.")
START = Limit("start", 30, "s", "--start-timeout", "The timeout for a server started by --exec to accept a connection.")
ATTEMPT = Limit("attempt", 5, "s", "-", "The timeout for each of the connection attempts that are made in the meantime.")
ENDING = Limit("ending", 1, "s", "-", "How long replay waits for a server that no longer accepts connections to exit, so that its exit status is known.")
OUTPUT = Limit("output", 500, "ms", "-", "How long replay waits for the rest of the output of a server that has exited.")
DYING = Limit("dying", 1, "s", "-", "How long before the server was found gone a connection may have been cut for its case to be named as the one on which the server died.")
STOP = Limit("stop", 2, "s", "-", "The time the server has to exit after SIGTERM. Then it is killed, together with its children.")
STUCK = Limit("stuck", 3, "s", "-", "How long replay waits for killed processes to disappear. Then they are considered stuck and left alone.")

VISITS = Limit("visits", 300, "connections", "-", "The most connections to `serve` at once. Beyond that, a connection that has not said yet what it wants is closed.")
BACKLOG = Limit("backlog", 1024, "connections", "-", "The most connections to `record` that may wait to be accepted.")
LOAD = Limit("load", 96 * 2**20, "octets", "-", "About how much the cases that are served at once may send in total. Beyond that, a client has to wait for its case.")
UNJUDGED = Limit("unjudged", 64, "cases", "-", "The most cases that may be over but not judged yet. Beyond that, a client has to wait for its case.")
HEADER = Limit("header", 14, "octets", "-", "How many octets at the start of a frame are treated as its header. Writes that split them are sent so that they arrive separately.")
APART = Limit("apart", 2, "ms", "-", "The pause between two writes that have to arrive separately, so that the peer reads them one by one.")
ALL_APART = Limit("all apart", 1000, "ms", "-", "The total length of such pauses on one connection. After that, writes are no longer kept apart.")
SLICE = Limit("slice", 2, "ms", "-", "The longest that processing one read from a client may take. If it takes longer, the next read from that client is half as large.")
LEAST_READ = Limit("least read", 2 * 2**10, "octets", "-", "The smallest size of a read from a client, and the size of the first one.")
HANDSHAKES = Limit("handshakes", 100, "handshakes", "-", "The most TLS handshakes that may be in progress at once. Beyond that, the oldest one is aborted.")
HANDSHAKE = Limit("handshake", 5, "s", "-", "The timeout for one TLS handshake. Then the connection is closed.")
CERTIFICATE = Limit("certificate", 90, "days", "-", "How long a certificate that is made for `--tls` is valid.")
QUEUE = Limit("queue", 120, "s", "-", "How long a client may have to wait for its case. Then its connection is reset.")
STATUS = Limit("status", 120, "s", "-", "How long a client that asks for the verdict of a case is kept waiting until that case is over.")
COMMANDED = Limit("commanded", 16 * 2**20, "octets", "-", "The most that a client may have sent to it by commands on one connection. Each write counts as at least 64 octets.")
IDLE = Limit("idle", 60, "s", "--idle", "The time without a connection after which a driver started by --exec is considered done.")
COMING = Limit("client start", 30, "s", "--start-timeout", "The timeout for a client started by --each to connect for its case.")
EACH = Limit("each", 4, "clients", "--jobs", "The most clients started by --each that run at once.")
AGENT = Limit("agent", 120, "characters", "-", "The longest name of a client. A longer one is refused.")
AGENTS = Limit("agents", 300, "names", "-", "The most names of clients whose results are kept apart. Further names are refused.")
TOLD = Limit("described failures", 1000, "cases", "-", "The most failed cases of one client that the page at / describes.")
FIELDS = Limit("fields", 20, "fields", "-", "The most fields in the query of a request.")

MISSES = Limit("misses", 3, "cases", "-", "The number of cases for which a server that was reachable before may be unreachable. Then the run ends.")
BUSY = Limit("busy", 8, "cases", "--jobs", "The most cases that are played at once, not counting those that are only waiting.")
ROOM = Limit("cases in all", 256, "cases", "--jobs", "The most cases that are played at once, counting those that are only waiting.")
QUIET = Limit("quiet", 20, "ms", "-", "The time without an octet after which a case counts as only waiting.")
HEAVY = Limit("heavy", 2**20, "octets", "-", "The number of octets that a case sends from which on it counts as heavy.")
HUGE = Limit("huge", 8 * 2**20, "octets", "-", "The number of octets that a case sends at once from which on it is played alone.")
HEAVY_JOBS = Limit("heavy cases", 4, "cases", "--jobs", "The most heavy cases that are played at once.")
WORKERS = Limit("workers", 4, "processes", "--jobs", "The most processes that play cases in addition to the main one. There is no more than one per processor.")
AGAIN = Limit("again", 10, "failures", "-", "The most failures that are played once more, alone. If there are more, they aren't bad luck, and count at once.")
SPARE = Limit("spare descriptors", 8, "descriptors", "-", "The number of file descriptors that connections leave free for reports and logs.")
AHEAD = Limit("ahead", 1000, "files", "-", "The most files that `check` has judged, or given to other processes, before the line of the first of them can be shown.")
MOST_JOBS = Limit("most jobs", 1000, "cases", "-", "The most cases at once that --jobs may ask for.")
KEPT = Limit("kept", 64 * 2**10, "octets", "-", "How much of the end of a server's output is kept.")
KEPT_LINES = Limit("kept lines", 20, "lines", "-", "How many of the last lines of that output are shown.")
KEPT_LINE = Limit("kept line", 500, "characters", "-", "The longest of these lines that is shown in full. A longer one is cut.")
NAME = Limit("name", 80, "characters", "-", "The length of an id in the name of a stored file. A longer one is cut.")

OCTETS = Limit("octets", 4 * 2**20, "octets", "-", "How much is accepted from the testee, on top of four times what is sent to it. Then the connection is reset.")
READ = Limit("read", 64 * 2**10, "octets", "-", "The most that is read at once. Then the other connections get their turn.")
TURN = Limit("turn", 32, "writes", "-", "The most writes in a row on one connection. Then the other connections get their turn.")
COMPRESSED = Limit("compressed", 2**20, "octets", "-", "How much of what a case sends compressed is kept for other cases that send the same.")
SERIES = Limit("series", 24, "cases", "-", "The most cases for which it is kept.")
DIGESTS = Limit("digests", 16 * 2**10, "messages", "-", "The most messages whose SHA-256 is kept for other cases that send the same.")
WHOLE = Limit("whole", 16 * 2**10, "octets", "-", "How much of the compressed rounds of a connection is stored as octets. What follows is stored as digests, if nothing is wrong.")
HELD = Limit("held", 16 * 2**20, "octets", "-", "How much of what follows is held as octets until it is known how the connection ends.")
READS = Limit("reads", 200_000, "reads", "-", "The most reads in which the octets of the testee may arrive. Then the connection is reset.")
FRAMES_READ = Limit("frames read", 50_000, "frames", "-", "The most frames that the testee may begin, on top of one for every 16 octets that are sent to it. Then the connection is reset.")
EVENTS = Limit("events", 4_000, "events", "-", "The most events, such as messages and Pings, that the testee may cause. Then the connection is reset.")
BREACHES = Limit("breaches", 250, "breaches", "-", "The most breaches of rules in the frames of the testee. Then the connection is reset. What follows in a log is not read.")
INFLATED = Limit("inflated", 16 * 2**20, "octets", "-", "The most that is inflated of one compressed message. If there is more, the case is given up; a log is not judged.")
HEAD = Limit("head", 64 * 2**10, "octets", "-", "The largest head of a request or response, including the interim responses before it. A larger one is not valid.")

DESK = Limit("page request", 60, "s", "-", "The timeout for one request to `report --serve`, including the response.")
PAGE = Limit("page", 20_000_000, "octets", "-", "The largest size of the HTML report. To stay below it, the report shows less of the logs.")
PAGE_LOG = Limit("page log", 64 * 2**10, "characters", "-", "The longest log that the report shows in full. Of a longer one it shows both ends, with a link to the file.")
PAGE_PASSED = Limit("page passed", 12 * 2**10, "characters", "-", "How much the HTML file shows of the log of a case that passes.")
PAGE_LEAST = Limit("page least", 2 * 2**10, "characters", "-", "How much of a log the report shows in any case.")
PAGE_ENTRY = Limit("page entry", 2 * 2**10, "octets", "-", "How much the report shows of one entry of such a log.")
PAGE_MESSAGE = Limit("page message", 512, "octets", "-", "How much the report shows of what a compressed message inflates to.")
PAGE_BREACHES = Limit("page breaches", 8, "breaches", "-", "The most breaches of a case that the report shows with their octets.")

PACKET = Limit("packet", 64 * 2**20, "octets", "-", "The largest packet or block of a capture. A larger one is taken for damage.")
CAPTURED = Limit("captured", 64 * 2**20, "octets", "-", "Connections of a capture are held up to this size together, to be given in the order in which they began.")
FILE = Limit("file", 256 * 2**20, "octets", "-", "The largest file of any kind that is read.")
PAYLOAD_FILE = Limit("payload file", 64 * 2**20, "octets", "-", "The largest file that the `file:` of a payload may name.")
LOG = Limit("log", 256 * 2**20, "octets", "-", "The size to which all entries of a wire log may expand together.")
ENTRY = Limit("entry", 64 * 2**20, "octets", "-", "The size to which one entry of a wire log may expand.")
ENTRIES = Limit("entries", 2**18, "entries", "-", "The most entries that a wire log may have.")
DECRYPTED = Limit("decrypted", 1000, "connections", "-", "The most TLS connections of a capture that are decrypted. Those after them are left out.")
FRAMES = Limit("frames", 2**17, "frames", "-", "The most frames that are told apart in one run of octets in a log. After them, no frames are recognized.")
GAP_ROWS = Limit("gap rows", 10_000, "lines", "-", "The most FRAME lines of a log that are used to fill in what one read left out.")
DIGITS = Limit("digits", 1000, "digits", "-", "The most digits of a whole number in JSON or TOML.")
UNIT = Limit("unit", 512, "octets", "-", "The longest sequence of octets that replay writes as a repeat, `(…)*n`, in a wire log.")

STREAMED = Limit("streamed", 256, "octets", "-", "How many octets without a repeat `record` looks at before it writes an entry without repeats.")
SETTLING = Limit("settling", 30, "s", "-", "How long `record` waits at its end for logs to be written in canonical form. The others stay as they were written.")
SETTLED = Limit("settled", 4 * 2**20, "octets", "-", "The largest log that `record` writes again in canonical form when its connection has ended. A larger one stays as it was written.")

DIFFED = Limit("diffed", 64 * 2**10, "octets", "-", "The largest wire log whose events `replay diff` compares even though the verdict is the same.")
SLOWER = Limit("slower", 100, "ms", "-", "The smallest difference from which on `replay diff` reports a case as slower or faster. The difference must also be at least half of the longer duration.")

DEPTH = Limit("depth", 32, "levels", "-", "How deep lists and mappings may be nested in a spec or config.")
ALIASED = Limit("aliases", 10_000, "values", "-", "How many values the YAML aliases of a file may stand for, as if each were written out.")
NESTED = Limit("nested", 100, "levels", "-", "How deep the value of a message may be nested. A deeper one isn't compared as a value.")
PAIRINGS = Limit("pairings", 200_000, "comparisons", "-", "The most comparisons of items that the lists in any order of one message may take. If it takes more, they count as different.")
MATRIX = Limit("matrix", 10_000, "cases", "-", "The most cases that one matrix may yield.")
PAYLOAD = Limit("payload", 2**30, "octets", "-", "The largest payload that a spec may send or expect.")
JOINED = Limit("joined", 64 * 2**20, "octets", "-", "The largest fragmented message whose echo a spec may expect.")
ASSUMED_SIZE = Limit("assumed size", 64 * 2**10, "octets", "--limit", "The size of a message that cases about limits take for the limit if none is declared.")
ASSUMED_FRAGMENTS = Limit("assumed fragments", 64, "frames", "--limit", "The number of frames of a message that cases about limits take for the limit if none is declared.")
ROUNDS = Limit("rounds", 100_000, "rounds", "-", "The most rounds that one `repeat:` of a spec may have.")
LEAST_ROUNDS = Limit("least rounds", 25, "rounds", "--thorough", "The fewest rounds that are played of a `repeat:` with `enough:`.")
REHEARSED = Limit("rehearsal", 1, "s", "-", "How long `replay new` waits for what the server has sent in a recording, in addition to one and a half times as long as it took then.")
TALK = Limit("talk", 10_000, "rounds", "-", "The most rounds of one conversation in a spec.")
WAYS = Limit("ways", 64, "ways", "-", "The most ways in which the events of a conversation may fit what is expected that are followed at once. Beyond that, those that have come less far are dropped.")
REASON = Limit("reason", 2**16, "octets", "-", "The longest reason of a Close frame that a spec may send.")
ROWS = Limit("rows", 500, "rows", "-", "The most rows of one connection in the wire log of Autobahn's JSON for a case.")
EXPLAINED = Limit("explained", 8 * 2**10, "characters", "-", "The longest explanation of one failure in the reports of a run. A longer one is cut.")
ALL_EXPLAINED = Limit("all explained", 16 * 2**20, "characters", "-", "The total length of these explanations. For the failures after that, only a sentence is kept.")
SUMMARY = Limit("summary", 512 * 2**10, "octets", "-", "The largest Markdown summary. GitHub accepts 1 MiB.")
STEP_SUMMARY = Limit("step summary", 2**20, "octets", "-", "The largest summary of a whole step on GitHub, to which several commands may add.")
BUG_REPORT = Limit("bug report", 60_000, "characters", "-", "The longest report in Markdown that `replay convert` writes. GitHub accepts 65,536 characters.")
BRACKETS = Limit("brackets", 50, "levels", "-", "How deep brackets may be nested in an expression of -k.")
# fmt: on

TABLE: dict[str, tuple[Limit, ...]] = {
    "Timeouts of a connection": (
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
    "Timeouts of a server that replay starts": (START, ATTEMPT, ENDING, OUTPUT, DYING, STOP, STUCK),
    "Clients": (
        VISITS,
        BACKLOG,
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
        AHEAD,
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
    "The HTML report": (
        DESK,
        PAGE,
        PAGE_LOG,
        PAGE_PASSED,
        PAGE_LEAST,
        PAGE_ENTRY,
        PAGE_MESSAGE,
        PAGE_BREACHES,
    ),
    "Files and wire logs": (
        PACKET,
        DECRYPTED,
        CAPTURED,
        FILE,
        PAYLOAD_FILE,
        DIGITS,
        ENTRIES,
        LOG,
        ENTRY,
        FRAMES,
        GAP_ROWS,
        UNIT,
        STREAMED,
        SETTLED,
        SETTLING,
        DIFFED,
        SLOWER,
    ),
    "Reports": (ROWS, EXPLAINED, ALL_EXPLAINED, SUMMARY, STEP_SUMMARY, BUG_REPORT),
    "Specs, configs and selections": (
        *(
            DEPTH,
            ALIASED,
            NESTED,
            PAIRINGS,
            MATRIX,
            PAYLOAD,
            JOINED,
            ASSUMED_SIZE,
            ASSUMED_FRAGMENTS,
            ROUNDS,
            LEAST_ROUNDS,
            TALK,
            REHEARSED,
            WAYS,
            REASON,
            BRACKETS,
        ),
    ),
}
"""The limits under their headings, in the order of the page."""

_HEAD = """\
# Limits

Every timeout, size and count that bounds what replay does, with its default. A peer that exceeds a limit
loses its connection, and its case is judged accordingly; the other cases go on. A file that exceeds a limit
is an error, and the message says so.

This page is generated from the table in `replay/limits.py`: `python -m replay.limits > docs/limits.md`.
"""


def shown(limit: Limit) -> str:
    """The default with its unit, as a person would write it: '64 KiB', '20 s', '10,000 cases'."""
    if limit.unit == "octets":
        for power, unit in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
            if limit.default % 2**power == 0:
                return f"{limit.default >> power} {unit}"
    return f"{limit.default:,} {limit.unit}"


def page() -> str:
    """The text of docs/limits.md."""
    lines = [_HEAD]
    for heading, limits in TABLE.items():
        lines += [f"## {heading}", "", "| limit | default | set by | description |", "|---|---|---|---|"]
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
