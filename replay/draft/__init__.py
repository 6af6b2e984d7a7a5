"""Drafts a spec from sessions with an application: what differs, what comes back, and what is free."""
