"""The bundled suite: its files, its edition, which of it is played."""
