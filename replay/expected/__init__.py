"""Expected verdicts: what an entry says, the file that lists them, and its update."""
