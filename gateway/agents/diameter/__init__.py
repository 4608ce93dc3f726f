"""Diameter: peers that connect and are connected to, their requests and ours. Octets and rules are gateway.protocols.diameter."""
