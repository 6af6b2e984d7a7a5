"""Configs: their keys, the file, and Autobahn's."""
