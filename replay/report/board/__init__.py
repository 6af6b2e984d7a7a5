"""The page of `replay serve`: how far each client is, and a client that runs in the browser."""
