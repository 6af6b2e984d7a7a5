"""The store of a run: a folder that contains, at any moment, everything that is known so far.

    run.json                what was to run and, once it has ended, how it ended
    001-1.2.3.wirelog       what was observed: the canonical log of the first case's connection
    001-1.2.3.json          its verdict; written after the log, so that where it exists, the log does
    sources/1-my.yaml       what the verdicts need besides the logs: users' specs, the payloads and
                            logs that these name, and logs that were played

Each file is written under another name and then moved into place: whenever the program ends, or the disk is
full, the files that exist are complete. Nothing waits for the disk (no fsync).

run.json, `"format": "replay run"`, version 1:

    state       running | complete | stopped (on purpose, before all had run) | interrupted | unreached
    replay      the version that wrote it       suite       the version of the bundled cases
    tester      client | server
    address     of the testee                   agent       its name, once the run has ended
    seed        of masks and keys               limits      times in microseconds, and bounds
    cases       in order: number, id, title, file (its name without the suffix), and what the case is
                judged by: `of` suite (the bundled case with this id), spec (that case of that source)
                or log (that source: with own, by itself, otherwise by the case that it names)
    sources     name (as the user knows it), file, and for a spec files: the files that it names
    duration    seconds; counts: planned, judged, failed, behaviour, closing
    unreached   why the testee could not be reached; died_on: ids of the cases on which it died

NNN-id.json, `"format": "replay case"`, version 1:

    id, title, path (as the user gave it), behaviour, closing, closing_reason, failed
    close_code  of the testee's Close; null: it sent none, or one without a code
    broken      the rules that the testee broke: rule, side, offset (in its stream), detail
    divergence  the first difference from what was expected: event, field, offset, words; null: none
    began       when the connection began, as 2026-11-22T18:49:02.407Z, or null
    expected    how the verdict compares to the expected one: standing, words; null: none is expected
    flaky       whether it failed, and passed when it was played once more, alone
    again       the command that plays it once more, if it failed
    notes, duration (microseconds), log (file name), sha256 (of the log's text); the last two are
    null if the log was too large to be read again

A reader ignores what it doesn't know; a change that it can't ignore raises the version.
"""

RUN, CASE, VERSION = "replay run", "replay case", 1
