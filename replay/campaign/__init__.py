"""A run as a whole: when each case is played, what the results are, and which reports are written."""
