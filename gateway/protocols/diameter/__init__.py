"""Diameter (RFC 6733) without sockets: framing, messages, dictionaries, paths into messages, answers from fields, the state of a peer."""
