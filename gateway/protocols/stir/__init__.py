"""Signed caller identity: SHAKEN PASSporTs (RFC 8225, RFC 8588) in Identity headers (RFC 8224), signed with ES256."""
