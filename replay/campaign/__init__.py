"""A run as a whole: which cases when, what they have come to, what is written of it."""
