"""Charging: rating, balances, sessions and records. Knows no protocol, opens no socket, reads no clock."""
