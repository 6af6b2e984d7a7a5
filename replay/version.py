"""The version of replay."""

__version__ = "0.1.0"
