"""Captures: from packets to what the two ends of each connection sent."""
