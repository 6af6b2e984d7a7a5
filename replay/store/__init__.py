"""The store of a run: a folder that holds, at any moment, all that is known by then.

    run.json                what was to run, and, once it has ended, how
    001-1.2.3.wirelog       what was observed: the canonical log of the first case's connection
    001-1.2.3.json          its verdict; written behind the log, so where it is, the log is
    sources/1-my.yaml       what the verdicts need beside the logs: users' specs, the payloads and
                            logs that these name, and logs that were played

Each file is written under another name and then moved to its place: whenever the program ends, or
the disk is full, what stands there is whole. Nothing waits for the disk (no fsync).

run.json, `"format": "replay run"`, version 1:

    state       running | complete | stopped (on purpose, before all had run) | interrupted | unreached
    replay      the version that wrote it       suite       the version of the bundled cases
    tester      client | server
    address     of the testee                   agent       its name, once the run has ended
    seed        of masks and keys               limits      times in microseconds, and bounds
    cases       in order: number, id, title, file (the name without its suffix), and what it is
                judged by: `of` suite (the bundled case of this id), spec (that case of that source)
                or log (that source: with own, by itself, else by the case that it names)
    sources     name (as the user knows it), file, and for a spec files: those that it names
    duration    seconds; counts: planned, judged, failed, behaviour, closing
    unreached   why the testee could not be reached; died_on: ids of the cases that it died on

NNN-id.json, `"format": "replay case"`, version 1:

    id, title, path (as the user gave it), behaviour, closing, closing_reason, failed
    close_code  of the testee's Close; null: it sent none, or one without a code
    broken      the rules that the testee broke: rule, side, offset (in its stream), detail
    divergence  where expected and observed part: event, field, offset, words; null: they fit
    began       when the connection began, as 2026-11-22T18:49:02.407Z, or null
    expected    how the verdict stands to the one that is expected: standing, words; null: none is
    flaky       whether it failed, and passed when it was run once more, alone
    again       the command that plays it once more, if it failed
    notes, duration (microseconds), log (file name), sha256 (of the log's text); the last two are
    null if the log was too large to be read again

A reader leaves what it doesn't know; a change that it can't leave raises the version.
"""

RUN, CASE, VERSION = "replay run", "replay case", 1
