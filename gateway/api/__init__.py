"""The JSON-RPC method table, its arguments and answers, and the servers in front of it."""
