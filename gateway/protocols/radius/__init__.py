"""RADIUS without sockets: dictionaries, packets, authenticators, passwords, and what request processors read and fill."""
