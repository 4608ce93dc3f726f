"""Chargers: how many times an event is charged, and as what."""
