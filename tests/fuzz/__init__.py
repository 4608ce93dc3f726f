"""Requests drawn by chance against a gateway process."""
