"""Expected verdicts: what an entry means, the file that lists them, and how it is updated."""
