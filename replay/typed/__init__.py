"""YAML and TOML text to typed values, with their places."""
