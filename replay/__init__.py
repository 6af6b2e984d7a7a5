"""Wire-log replay and conformance verifier for WebSocket."""

__version__ = "0.1.0"
