"""Configs: their keys, their files, and Autobahn's."""
