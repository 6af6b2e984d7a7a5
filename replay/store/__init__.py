"""The store of a run: a folder that contains, at any moment, everything that is known so far.

    run.journal             the whole run, record by record: see `journal`
    002-1.1.3.wirelog       the log of a case that failed, again as a file, for people

The records of the journal are the following, in this order. Their types are in `records`.

    run     what is to be run, and how: a RunRecord
    file    a user's spec, a file that it names, or a log that is played, by its number
    case    a result, by the number of its case, counted from 1: a StoredVerdict; its body is the packed
            trace of the connection, and empty if that is too large to be read again. The last one counts
    end     how the run ended: an EndRecord

The first records are written under another name and then moved into place, so that a journal always says
what the run is. Each later one is appended at once: whenever the program ends, or the disk is full, only
the last record can be incomplete. Nothing waits for the disk (no fsync).

A reader ignores what it doesn't know; a change that it can't ignore raises the version in the first line.
In version 1 of the journal, the body of a case is the text of its log; it is still read, and so is the
older layout without a journal, by `old_layout`.
"""
