"""The bundled suite: its files, its edition, and which of its cases are played."""
