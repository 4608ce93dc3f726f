"""Records as switches write them: octets in, fields out."""
