"""The `tollwire` command: serves, and is a client of the API like any other."""
