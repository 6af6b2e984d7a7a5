"""The record: what the bundled suites find in real servers and clients, as they come from their registries.

`python -m record` installs the engines of `engines.py`, plays the suites with them, and writes the tables
of what was found. It isn't a part of the package that users install.
"""
