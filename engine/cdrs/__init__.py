"""Charging data records: made, rated, kept."""
