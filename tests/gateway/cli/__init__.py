"""The `tollwire` command, as a process and in pieces."""
