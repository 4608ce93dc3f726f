"""Recorded conversations, replayed against a real server process."""
